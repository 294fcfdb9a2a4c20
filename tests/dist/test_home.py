"""An archive that an ordinary user unpacks into ~/.local of a Debian with common shells: all of it is found."""

import os
import shutil
import subprocess

import pytest

import roots
from conftest import NATIVE, VERSION, archive
from roots import home_of_jo, inside

TOP = f"aws-auth-{VERSION}-"
PATH = {"PATH": "/home/jo/.local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


@pytest.fixture(scope="module")
def debian():
    return roots.debian("bash", "bash-completion", "fish", "zsh", "man-db", "coreutils", "tar", "gzip", "sed", "grep", "gawk", "less")


@pytest.fixture(params=NATIVE)
def jo(debian, request):
    """Runs a command in the root, with the archive unpacked as the README says, over a ~/.local that exists."""
    home = home_of_jo(debian)
    shutil.copy(archive(request.param), debian / "tmp/archive.tar.gz")

    def run(*argv, environment=None):
        command = inside(debian, argv, {**PATH, **(environment or {})})
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("sh", "-c", "mkdir -p -m 700 ~/.local/share && tar --strip-components=1 -C ~/.local -xzf /tmp/archive.tar.gz")
    assert (home / ".local/share").stat().st_mode & 0o7777 == 0o700, "unpacking changed a directory of the user's"
    return run


def test_the_program_and_its_manual(jo):
    assert jo("aws-auth", "--version") == f"aws-auth {VERSION}\n"
    page = jo("man", "aws-auth", environment={"MANPAGER": "cat", "MANWIDTH": "80"})
    assert "\nNAME\n" in page and "--keep-fresh" in page


def test_completions_in_bash(jo):
    script = """
        . /usr/share/bash-completion/bash_completion
        _completion_loader aws-auth
        COMP_WORDS=(aws-auth --keep-fr) COMP_CWORD=1 COMP_LINE='aws-auth --keep-fr' COMP_POINT=18
        eval "$(complete -p aws-auth | sed 's/.*-F \\([^ ]*\\) .*/\\1/') aws-auth --keep-fr aws-auth"
        echo "${COMPREPLY[@]}"
    """
    assert jo("bash", "-c", script).strip() == "--keep-fresh"


def test_completions_in_fish(jo):
    assert jo("fish", "-c", "complete -C 'aws-auth --keep-fr'").split("\t")[0] == "--keep-fresh"


def test_completions_in_zsh(jo):
    script = "fpath=(~/.local/share/zsh/site-functions $fpath); autoload -U compinit; compinit -D; echo $_comps[aws-auth]"
    assert jo("zsh", "-fc", script) == "_aws-auth\n"


def test_completions_for_the_other_shells(jo):
    listed = jo("sh", "-c", "cd ~/.local/share/aws-auth/completions && wc -l *").split()
    assert "aws-auth.elv" in listed and "aws-auth.ps1" in listed
