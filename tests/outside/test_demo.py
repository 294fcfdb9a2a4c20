"""`make demo`, at a terminal and without one."""

import os
import shutil
import subprocess

import pytest

from terminal import Terminal
from world import REPOSITORY


@pytest.fixture
def environment():
    if not shutil.which("cargo"):
        pytest.skip("needs cargo, to build the demo")
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE"))}


def test_at_a_terminal(environment):
    # The demo may have to build first.
    demo = Terminal(["make", "demo"], environment, REPOSITORY, deadline_seconds=600)
    code = demo.read(r"Your MFA device shows: (\d{6})")
    demo.expect("MFA code for sops (arn:aws:iam::398263320410:mfa/jo) at http://127.0.0.1:")
    demo.read("(: )")
    demo.type(code)
    ended = demo.finish().check()
    assert ended.prompts == 1
    assert "AWS_SESSION_TOKEN=" in ended.screen


def test_without_a_terminal(environment):
    done = subprocess.run(
        ["make", "demo"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "AWS_SESSION_TOKEN=" in done.stdout
