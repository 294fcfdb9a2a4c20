"""The manual, `make install` and the Debian package."""

import os
import subprocess

import pytest

from conftest import need
from released import PAGES
from world import REPOSITORY, TARGET

INSTALLED = {
    "bin/aws-auth",
    "share/man/man1/aws-auth.1",
    "share/bash-completion/completions/aws-auth",
    "share/zsh/site-functions/_aws-auth",
    "share/fish/vendor_completions.d/aws-auth.fish",
}


def make(*arguments):
    """Runs make in the repository, with the debug build that these tests use."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["DEB_COMPRESSION"] = "none"  # a debug binary is ten times as large as a release
    done = subprocess.run(
        [need("make"), "BUILD=debug", *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}


@pytest.fixture
def page(world):
    return world.write("aws-auth.1", world.succeed("aws-auth", "--man"))


def test_man_shows_the_manual_without_a_warning(world, page):
    world.install("man", need("man"))
    done = world.run("man", "--warnings", "-E", "UTF-8", "-l", str(page), env={"MANWIDTH": "80", "MANPAGER": "cat"})
    assert (done.returncode, done.stderr) == (0, "")
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "RUNNING", "ACTIONS", "MFA", "ONE CODE A DAY", "ENVIRONMENT",
                    "FILES", "EXIT STATUS", "EXAMPLES"):
        assert f"\n{section}\n" in done.stdout, section
    assert "--console[=<PAGE>]" in done.stdout


def test_mandoc_finds_nothing_to_complain_about(world, page):
    done = world.run(str(need("mandoc")), "-Tlint", str(page))
    assert (done.stdout, done.stderr) == ("", "")


def test_install_and_uninstall(tmp_path):
    make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/a b")
    assert files(tmp_path / "opt/a b") == INSTALLED
    assert (tmp_path / "opt/a b/share/man/man1/aws-auth.1").read_text().startswith(".ie")
    make("uninstall", f"DESTDIR={tmp_path}", "PREFIX=/opt/a b")
    assert files(tmp_path) == set()


def test_the_debian_package_is_installed_and_removed(tmp_path):
    dpkg = need("dpkg-deb").parent / "dpkg"
    package = make("deb").splitlines()[-1]
    root = tmp_path / "root"
    database = root / "var/lib/dpkg"
    for directory in ("info", "updates", "triggers"):
        (database / directory).mkdir(parents=True)
    (database / "status").touch()
    (database / "available").touch()

    def run(*arguments):
        # A separate root, so that this machine does not change. The package's dependencies are not there.
        command = [dpkg, f"--root={root}", "--force-not-root,depends,bad-path", f"--log={tmp_path}/log", *arguments]
        if os.geteuid() != 0:
            command = [need("fakeroot"), *command]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("--install", package)
    there = {path for path in files(root) if path.startswith("usr/")}
    assert there == {
        "usr/bin/aws-auth",
        "usr/share/man/man1/aws-auth.1.gz",
        "usr/share/bash-completion/completions/aws-auth",
        "usr/share/zsh/vendor-completions/_aws-auth",
        "usr/share/fish/vendor_completions.d/aws-auth.fish",
        *(f"usr/share/doc/aws-auth/{page}" for page in PAGES),
        "usr/share/doc/aws-auth/changelog.gz",
        "usr/share/doc/aws-auth/copyright",
    }
    version = subprocess.run([root / "usr/bin/aws-auth", "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("aws-auth ")
    assert (root / "usr/bin/aws-auth").stat().st_mode & 0o7777 == 0o755
    assert "Status: install ok installed" in run("--status", "aws-auth")
    run("--purge", "aws-auth")
    assert not [path for path in files(root) if path.startswith("usr/")]
    assert (TARGET / "deb").exists()
