"""Changing the two files with several processes, on a full disk, with limits, and killed at any step. examples/edit-file
changes them as an action does.
"""

import contextlib
import fcntl
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import need
from world import TARGET

PROGRAM = TARGET / "debug/examples/edit-file"
SECRET = "Kaet7ZaeCanaryOfTheOutsideTests000000001"
TEXT = f"""\
# mine
[default]
aws_access_key_id = AKIAIOSFODNN7JODOE00
aws_secret_access_key = {SECRET}
"""


class Home:
    def __init__(self, directory):
        self.path = directory / "home"
        self.aws = self.path / ".aws"
        self.aws.mkdir(parents=True)
        self.file = self.aws / "credentials"
        self.file.write_text(TEXT)
        self.file.chmod(0o640)
        self.state = self.path / ".local/state/aws-auth"
        self.env = {"HOME": str(self.path), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def start(self, changes, *arguments, before=(), **more):
        lines = "".join(json.dumps(change) + "\n" for change in changes)
        process = subprocess.Popen(
            [*before, PROGRAM, "credentials", *arguments],
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        # One that was killed at its first call reads nothing.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(lines)
            process.stdin.close()
        process.stdin = None
        return process

    def run(self, changes, *arguments, **more):
        process = self.start(changes, *arguments, **more)
        stdout, stderr = process.communicate(timeout=120)
        assert SECRET not in stdout + stderr
        return subprocess.CompletedProcess([], process.returncode, stdout, stderr.replace(str(self.path), "HOME"))

    def refused(self, **more):
        """The error of a run, which must leave everything as it was."""
        before = self.everything()
        done = self.run([set_key("region", "eu-west-1")], **more)
        assert done.returncode == 125, done
        assert self.everything() == before
        return done.stderr

    def everything(self):
        return {path.name: (path.read_bytes(), path.stat().st_mode) for path in self.aws.iterdir()}

    def copies(self):
        return sorted((self.state / "backups").glob("credentials-*"))


@pytest.fixture
def home(tmp_path, binary):
    return Home(tmp_path)


@pytest.fixture
def everybodys():
    """A directory that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


def set_key(key, value, section="profile default"):
    return {"set": [section, key, value]}


def test_it_shows_the_change_and_keeps_a_copy_without_secrets(home):
    changes = [set_key("aws_secret_access_key", "new" + SECRET[3:]), set_key("region", "eu-west-1", "profile b")]
    expected = """\
--- HOME/.aws/credentials
+++ HOME/.aws/credentials
@@ -2,3 +2,6 @@
 [default]
 aws_access_key_id = AKIAIOSFODNN7JODOE00
-aws_secret_access_key = ****
+aws_secret_access_key = ****
+
+[b]
+region = eu-west-1
"""
    shown = home.run(changes, "--dry-run")
    assert shown.stdout.replace(str(home.path), "HOME") == expected
    assert home.file.read_text() == TEXT and not home.state.exists()
    done = home.run(changes)
    (copy,) = home.copies()
    assert done.stdout.replace(str(home.path), "HOME") == f"{expected}copy HOME/{copy.relative_to(home.path)}\n"
    assert copy.read_text() == TEXT.replace(SECRET, "****")
    assert home.file.read_text() == TEXT.replace("Kae", "new") + "\n[b]\nregion = eu-west-1\n"
    assert home.file.stat().st_mode & 0o777 == 0o640
    assert home.run(changes).stdout == ""


@pytest.mark.parametrize(("state", "place"), [("{home}/state", "state"), ("state", ".local/state")])
def test_copies_are_in_an_absolute_state_home(home, state, place):
    home.env["XDG_STATE_HOME"] = state.format(home=home.path)
    assert home.run([set_key("region", "eu-west-1")]).returncode == 0
    assert list((home.path / place / "aws-auth/backups").iterdir())


def test_processes_at_once_lose_nothing(home):
    def change(number):
        return home.run([set_key(f"key_{number}", str(number))])

    with ThreadPoolExecutor(8) as pool:
        for done in pool.map(change, range(40)):
            assert done.returncode == 0, done
    lines = home.file.read_text().removeprefix(TEXT).splitlines()
    assert sorted(lines) == sorted(f"key_{number} = {number}" for number in range(40))
    assert [path.name for path in home.aws.iterdir()] == ["credentials"]
    assert len(home.copies()) == 5


def test_a_writer_waits_for_another(home):
    assert home.run([set_key("region", "a")]).returncode == 0
    (lock,) = home.state.glob("lock-credentials-*")
    with open(lock, "r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("4242 0 0\n")
        held.flush()
        process = home.start([set_key("region", "b")])
        line = process.stderr.readline()
        assert line == f"aws-auth: waiting for a change of {home.file} of process 4242\n"
        assert process.poll() is None and home.file.read_text().endswith("region = a\n")
    process.communicate(timeout=60)
    assert home.file.read_text() == TEXT + "region = b\n"


def test_what_another_program_wrote_meanwhile_stays(home):
    theirs = f"printf 'output = x\\n[b]\\nregion = v' >> {home.file}"
    done = home.run([set_key("aws_access_key_id", "AKIANEW")], "--meanwhile", theirs)
    assert done.returncode == 0 and "differs" not in done.stdout
    changed = TEXT.replace("AKIAIOSFODNN7JODOE00", "AKIANEW") + "output = x\n[b]\n"
    assert home.file.read_text() == changed + "region = v"
    # It changed the line that is to be changed: that is shown before it is done.
    done = home.run([set_key("region", "w", "profile b")], "--meanwhile", f"sed -i s/v$/x/ {home.file}")
    first, second = done.stdout.split("It differs now:\n")
    assert "-region = v\n+region = w\n" in first and "-region = x\n+region = w\n" in second
    assert home.file.read_text() == changed + "region = w"


def test_a_limit_on_file_sizes_is_an_error(home):
    home.file.write_text(TEXT + "# " + "x" * 4000 + "\n")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    error = home.refused(preexec_fn=limit)
    assert error == (
        "aws-auth: cannot keep a copy of HOME/.aws/credentials in HOME/.local/state/aws-auth/backups (File too large): "
        "make room there, or set XDG_STATE_HOME to another directory; the file is as it was\n"
    )
    # What would be lost is written without a copy, if it can be written at all.
    before = home.everything()
    done = home.run([set_key("region", "eu-west-1")], "--at-any-cost", preexec_fn=limit)
    assert done.stderr == (
        "aws-auth: cannot write HOME/.aws/credentials (File too large): make room there; the file is as it was\n"
    )
    assert home.everything() == before


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ("write", "ENOSPC", "No space left on device): make room there"),
        ("fsync", "EIO", "Input/output error): "),
        ("rename,renameat,renameat2", "EBUSY", "Device or resource busy): mount HOME/.aws instead of the file"),
        ("fchown", "EPERM", "Operation not permitted): make HOME/.aws a directory that you can write to"),
    ],
)
def test_a_failure_of_the_system_leaves_the_file_as_it_was(home, call, error, words):
    strace = need("strace")
    if call == "fchown":
        if os.geteuid() != 0:
            pytest.skip("needs root")
        os.chown(home.file, 54321, 54321)
    before = home.everything()
    trace = home.path / "trace"
    # Only the calls for the file itself fail: those that come after its temporary file was made.
    found = run_traced(home, strace, trace, call)
    done = home.run(
        [set_key("region", "eu-west-1")],
        before=[strace, "-f", "-o", "/dev/null", "-e", f"inject={call}:error={error}:when={found}"],
    )
    assert done.returncode == 125, done
    assert "cannot write HOME/.aws/credentials (" + words in done.stderr
    assert home.everything() == before


def run_traced(home, strace, trace, call):
    """Which of the calls, counted from one, is the first that has to do with the file; a copy of the home is changed."""
    saved = home.path.parent / "saved"
    shutil.copytree(home.path, saved, copy_function=shutil.copy2)
    about = home.file.stat()
    home.run([set_key("region", "eu-west-1")], before=[strace, "-f", "-y", "-o", str(trace), "-e", f"trace={call}"])
    lines = [line for line in trace.read_text().splitlines() if re.search(r"^\d+ +\w+\(", line)]
    first = next(number for number, line in enumerate(lines, 1) if ".credentials.aws-auth-" in line)
    shutil.rmtree(home.path)
    saved.rename(home.path)
    os.chown(home.file, about.st_uid, about.st_gid)
    return first


def test_killed_at_any_call_the_file_is_whole(home):
    strace = need("strace")
    calls = "openat,write,fsync,fchmod,rename,renameat,renameat2,unlink,unlinkat,flock"
    new = TEXT + "region = eu-west-1\n"
    ends = set()
    for number in range(1, 400):
        home.file.write_text(TEXT)
        inject = f"inject={calls}:signal=KILL:when={number}"
        done = home.run([set_key("region", "eu-west-1")], before=[strace, "-f", "-o", "/dev/null", "-e", inject])
        assert home.file.read_text() in (TEXT, new)
        ends.add(home.file.read_text())
        if done.returncode == 0:
            break
        # What the killed one left behind goes with the next change.
        if list(home.aws.glob(".*")):
            assert home.run([set_key("region", "eu-west-1")]).returncode == 0
            assert not list(home.aws.glob(".*"))
    else:
        pytest.fail("it never came to its end")
    assert ends == {TEXT, new}


def test_a_full_disk_leaves_the_file_as_it_was(home, tmp_path):
    unshare = need("unshare")
    if subprocess.run([unshare, "-Urm", "true"], check=False).returncode != 0:
        pytest.skip("unshare cannot make a mount")
    script = f"""
        set -e
        mount -t tmpfs -o size=64k tmpfs {home.aws}
        printf '[default]\\nk = v\\n' > {home.file}
        cat /dev/zero > {home.aws}/full 2>/dev/null || true
        printf '%s\\n' '{json.dumps(set_key("k", "w" * 5000))}' | {PROGRAM} credentials >/dev/null || echo "status $?"
        cat {home.file}
        ls -A {home.aws}
    """
    done = subprocess.run(
        [unshare, "-Urm", "sh", "-c", script], env=home.env, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "status 125\n[default]\nk = v\ncredentials\nfull\n"
    assert done.stderr == (
        f"aws-auth: cannot write {home.file} (No space left on device): make room there; the file is as it was\n"
    )


def test_a_directory_that_cannot_be_written_to(binary, everybodys):
    home = Home(everybodys)
    if os.geteuid() != 0:
        home.aws.chmod(0o500)
        user = []
    else:
        user = [need("setpriv"), "--reuid=54321", "--regid=54321", "--clear-groups"]
        home.file.chmod(0o644)
        os.chown(home.path, 54321, 54321)
        os.chown(home.file, 54321, 54321)
        if subprocess.run([*user, PROGRAM, "texts"], stdin=subprocess.DEVNULL, check=False).returncode != 0:
            pytest.skip("another user cannot run the program")
    error = home.refused(before=user)
    assert error == (
        "aws-auth: cannot write HOME/.aws/credentials (Permission denied): make HOME/.aws a directory that you can "
        "write to; the file is as it was\n"
    )
    if user:
        os.chown(home.aws, 54321, 54321)
        os.chown(home.file, 0, 0)
        assert home.refused(before=user) == (
            "aws-auth: HOME/.aws/credentials belongs to another user; change it as that user\n"
        )
    home.aws.chmod(0o700)


def test_in_another_users_home_nothing_is_written(home):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    os.chown(home.path, 54321, 54321)
    assert home.refused() == (
        "aws-auth: the home directory HOME is another user's; run aws-auth as that user, or set HOME to your own home "
        "directory\n"
    )
    assert not home.state.exists()


def test_an_empty_variable_names_no_file(home):
    home.env["AWS_SHARED_CREDENTIALS_FILE"] = ""
    assert home.refused() == (
        "aws-auth: there is no credentials file to write (AWS_SHARED_CREDENTIALS_FILE is empty): unset "
        "AWS_SHARED_CREDENTIALS_FILE\n"
    )
