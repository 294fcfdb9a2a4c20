"""`make bench` beside other programs: what is measured of one, and what is said of one that cannot be measured."""

import os
import re
import subprocess
import sys

import pytest

from world import REPOSITORY

RIVALS = REPOSITORY / "bench/rivals.py"
# Takes the arguments of aws-vault. It has a cache of its own, so that it calls STS itself.
AS_AWS_VAULT = """\
#!/bin/sh
export AWS_CONFIG_FILE=$HOME/.aws/config AWS_SHARED_CREDENTIALS_FILE=$HOME/.aws/credentials HOME=$HOME/vault
case $1 in
--version) echo 'v1.2.3' >&2; exit ;;
add) exec mkdir "$HOME" ;;
clear) exec rm -rf "$HOME/.cache" "$HOME/.aws" ;;
esac
shift
case $1 in --mfa-token=*) export AWS_AUTH_MFA_TOKEN="${1#*=}"; shift ;; esac
AWS_PROFILE=$1 exec %s "$3"
"""
# After `clear`, each run has a cache of its own.
ALONE = AS_AWS_VAULT.replace('clear) ', 'clear) touch "$HOME/alone"; ').replace("shift\n", "[ ! -e $HOME/alone ] || HOME=$HOME/$$\nshift\n", 1)


@pytest.fixture
def rivals(tmp_path, binary):
    """Compares a program with aws-auth; `script` is what PATH has under its name."""

    def compare(program, script=None, **variables):
        if script:
            (tmp_path / program).write_text(script)
            (tmp_path / program).chmod(0o755)
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "AWS_AUTH_BIN": str(binary), **variables}
        for name in {"AWS_VAULT", "AWS_RUNAS"} - variables.keys():
            environment.pop(name, None)
        argv = [sys.executable, "-B", RIVALS, program]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout

    return compare


def row(printed, program, columns):
    """The cells of the row of this program, in the table with so many columns."""
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith(f"| {program} |")]
    (found,) = (cells for cells in rows if len(cells) == columns)
    return found


@pytest.mark.parametrize("exists", [True, False])
def test_a_checkout_without_go_mod_is_named(rivals, tmp_path, exists):
    checkout = tmp_path / "checkout"
    if exists:
        checkout.mkdir()
    printed = rivals("aws-vault", AWS_VAULT=str(checkout))
    why = f"AWS_VAULT names {checkout}, which has no go.mod; it should be a directory with the source of aws-vault"
    assert f"aws-vault was not measured: {why}" in printed.splitlines()


def test_a_program_that_fails_is_named_with_its_last_words(rivals):
    printed = rivals("aws-runas", "#!/bin/sh\necho first >&2\nprintf 'no \\033[31mSTS here\\n' >&2\nexit 3\n")
    assert "aws-runas was not measured: a first run ends with 3: no [31mSTS here" in printed.splitlines()


def test_a_program_that_gives_no_credentials_is_named(rivals):
    printed = rivals("aws-runas", '#!/bin/sh\nfor last; do :; done\nexec "$last"\n')
    assert printed.startswith("aws-runas was not measured: a first run gives the command no credentials: ")


def test_runs_calls_and_codes_are_counted(rivals, binary):
    printed = rivals("aws-vault", AS_AWS_VAULT % binary)
    assert row(printed, "aws-vault", 5)[-1] == "0"
    assert row(printed, "aws-vault", 9)[-5:] == row(printed, "aws-auth", 9)[-5:] == ["8 of 8", "1", "1", "1", "0"]
    assert re.search(r"; aws-auth \d+\.\d+\.\d+, aws-vault 1\.2\.3$", printed)


def test_a_code_that_only_one_run_can_use_is_asked_for_again(rivals, binary):
    """Eight runs that share nothing need eight codes: eight send the first one, seven the next, and so on."""
    printed = rivals("aws-vault", ALONE % binary)
    sent = sum(range(1, 9))
    assert row(printed, "aws-vault", 9)[-5:] == ["1 of 8", f"{sent}, {sent - 8} refused", str(sent), "8", "0"]
    assert row(printed, "aws-auth", 9)[-5:] == ["8 of 8", "1", "1", "1", "0"]
