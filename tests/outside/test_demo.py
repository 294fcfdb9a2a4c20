"""`make demo`, at a terminal and without one."""

import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from terminal import Terminal
from world import REPOSITORY

PROMPT = "MFA code for sops (arn:aws:iam::398263320410:mfa/jo) at "
SCENES = ["1 of 3: one code", "2 of 3: no code", "3 of 3: another role and no code", "Now you"]
COLOUR = re.compile(r"\x1b\[[\d;]*m")
# The demo may have to build first.
DEADLINE_SECONDS = 600


@pytest.fixture
def environment(tmp_path):
    if not shutil.which("cargo"):
        pytest.skip("needs cargo, to build the demo")
    unset = ("AWS_", "MAKE", "NO_COLOR")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unset)}
    return {**kept, "TERM": "xterm", "TMPDIR": str(temporary)}


class Demo:
    """The demo at a terminal, at its first prompt."""

    def __init__(self, environment):
        self.terminal = Terminal(["make", "demo"], environment, REPOSITORY, DEADLINE_SECONDS)
        self.code = self.terminal.read(r"Your MFA device shows: (?:\x1b\S*m)?(\d{6})")
        self.terminal.hurry()
        self.terminal.expect(PROMPT)
        self.endpoint = self.terminal.read(r"(http://127\.0\.0\.1:\d+): ")

    def finish(self, coloured=True):
        ended = self.terminal.finish().check()
        assert ("\x1b[1m1 of 3: one code" in ended.screen) == coloured
        check_scenes(COLOUR.sub("", ended.screen))
        return ended


def check_scenes(screen):
    """Each scene has its heading, its command and its keys, and no secret is printed whole."""
    at = [screen.index(f"{heading}\n") for heading in SCENES]
    assert at == sorted(at)
    scenes = [screen[start:end] for start, end in zip(at, [*at[1:], len(screen)])]
    keys = []
    for scene, profile in zip(scenes, ["sops", "sops", "production-infrastructure"]):
        assert f"$ AWS_PROFILE={profile} aws-auth env" in scene
        assert re.search(r"^AWS_SECRET_ACCESS_KEY=\S{8}…$", scene, re.M)
        assert re.search(r"^AWS_SESSION_TOKEN=FwoGZXIv…$", scene, re.M)
        keys += re.findall(r"^AWS_ACCESS_KEY_ID=(ASIA\w{16})$", scene, re.M)
    assert len(keys) == 3 and keys[0] == keys[1] != keys[2]
    assert not re.search(r"[A-Za-z0-9+/]{30,}", screen.replace("/", " ")), "a long secret"


def test_one_code_at_a_terminal(environment):
    demo = Demo(environment)
    demo.terminal.type(demo.code)
    assert demo.finish().prompts == 1


def test_a_code_that_has_expired_is_shown_anew(environment):
    demo = Demo(environment)
    urllib.request.urlopen(f"{demo.endpoint}/expire-codes").close()
    demo.terminal.type(demo.code)
    code = demo.terminal.read(r"That code has expired\. Your MFA device now shows: (?:\x1b\S*m)?(\d{6})")
    assert code != demo.code
    demo.terminal.expect(PROMPT)
    demo.terminal.type(code)
    assert demo.finish().prompts == 2


def test_three_wrong_codes_do_not_end_it(environment):
    demo = Demo(environment)
    for wrong in range(3):
        # The codes of the device are random, so one of these is right once in 10,000 runs at most.
        demo.terminal.type(f"00000{wrong}")
        demo.terminal.expect("That is not the code. Your MFA device now shows: ")
        if wrong < 2:
            demo.terminal.expect(PROMPT)
    demo.terminal.expect("Once more, with a new code.")
    code = demo.terminal.read(r"Your MFA device shows: (?:\x1b\S*m)?(\d{6})")
    demo.terminal.expect(PROMPT)
    demo.terminal.type(code)
    demo.finish()


def test_no_color(environment):
    demo = Demo({**environment, "NO_COLOR": "1"})
    urllib.request.urlopen(f"{demo.endpoint}/expire-codes").close()
    demo.terminal.type(demo.code)
    code = demo.terminal.read(r"now shows: (\d{6})")
    demo.terminal.expect(PROMPT)
    demo.terminal.type(code)
    assert "\x1b" not in demo.finish(coloured=False).screen


def test_ctrl_c_leaves_nothing(environment):
    demo = Demo(environment)
    demo.terminal.interrupt()
    ended = demo.terminal.finish()
    assert ended.status != 0 and "2 of 3" not in ended.screen
    assert os.listdir(environment["TMPDIR"]) == []
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{demo.endpoint}/expire-codes")


def test_without_a_terminal(environment):
    done = subprocess.run(
        ["make", "demo"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    check_scenes(done.stdout)
    assert "\x1b" not in done.stdout + done.stderr
    assert os.listdir(environment["TMPDIR"]) == []


def test_the_three_lines_at_its_end(environment, tmp_path):
    done = subprocess.run(
        ["make", "demo"], cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        text=True, start_new_session=True, timeout=DEADLINE_SECONDS, check=True,
    )
    lines = [line.strip() for line in done.stdout.rstrip().splitlines()[-3:]]
    start, lead, use = (line.replace("/tmp/try", str(tmp_path / "try")) for line in lines)
    assert str(tmp_path / "try") in start and str(tmp_path / "try") in lead
    sts = subprocess.Popen(
        ["sh", "-c", f"exec {start}"], cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, bufsize=1, start_new_session=True,
    )
    try:
        assert sts.stdout.readline().startswith("AWS_ENDPOINT_URL_STS=")
        sts.stdin.write("code\n")
        code = sts.stdout.readline().strip()
        shell = Terminal(["sh", "-c", f"{lead}\n{use}"], environment, REPOSITORY)
        shell.expect(PROMPT)
        shell.type(code)
        assert "AWS_SESSION_TOKEN=FwoGZXIv" in shell.finish().check().screen
    finally:
        sts.stdin.close()
        sts.wait(timeout=30)
        sts.stdout.close()
