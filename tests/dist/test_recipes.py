"""The recipes for other package managers, by the tools that read them."""

import os
import shutil
import subprocess

import pytest

import roots
from conftest import NATIVE, VERSION, archive
from roots import DIST, home_of_jo, inside


def run(root, *argv, user=roots.JO, environment=None):
    done = subprocess.run(
        inside(root, argv, environment, user), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ruby_reads_the_formula():
    root = roots.debian("ruby3.1", "coreutils", name="ruby")
    shutil.copy(DIST / "recipes/homebrew/aws-auth.rb", root / "tmp")
    assert run(root, "ruby3.1", "--disable-gems", "-wc", "/tmp/aws-auth.rb") == "Syntax OK\n"


def test_nix_reads_the_flake():
    root = roots.debian("nix-bin", "coreutils", name="nix")
    shutil.copy(DIST / "recipes/nix/flake.nix", root / "tmp")
    parsed = run(root, "nix-instantiate", "--parse", "/tmp/flake.nix", environment={"NIX_REMOTE": "local?root=/tmp/nix"})
    assert "mapAttrs" in parsed


@pytest.fixture
def arch():
    """A root with makepkg and the recipe of the AUR, and the archive beside it, as if it was downloaded."""
    root = roots.debian(
        "makepkg", "pacman-package-manager", "bash", "coreutils", "tar", "gzip", "sed", "grep", "gawk", "findutils", "file", "fakeroot", "libarchive-tools",
        "gettext-base", "xz-utils", "zstd", "ncurses-bin", "hostname", "util-linux", "diffutils", "binutils", name="arch",
    )  # fmt: skip
    home = home_of_jo(root)
    for path in (DIST / "recipes/aur/PKGBUILD", DIST / "recipes/aur/.SRCINFO"):
        shutil.copy(path, home)
    if os.geteuid() == 0:
        for path in home.iterdir():
            os.chown(path, roots.JO, roots.JO)
    return root


def test_makepkg_reads_the_pkgbuild(arch):
    done = run(arch, "sh", "-c", "cd && makepkg --printsrcinfo")
    assert done == (DIST / "recipes/aur/.SRCINFO").read_text()


def test_makepkg_makes_the_package(arch):
    gnu = next(triple for triple in NATIVE if triple.endswith("gnu"))
    shutil.copy(archive(gnu), arch / "home/jo")
    run(arch, "sh", "-c", "cd && makepkg --nodeps --noprogressbar", environment={"PKGEXT": ".pkg.tar.gz"})
    package = f"aws-auth-bin-{VERSION}-1-{gnu.partition('-')[0]}.pkg.tar.gz"
    listed = run(arch, "tar", "-tzf", f"/home/jo/{package}").split()
    assert {"usr/bin/aws-auth", "usr/share/man/man1/aws-auth.1.gz", "usr/share/licenses/aws-auth-bin/LICENSE"} <= set(listed)
