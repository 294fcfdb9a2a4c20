"""examples/local-sts, for people who try things by hand: the profiles and commands of the pages work with it."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from local_sts import LocalSts
from world import REPOSITORY, TARGET, opened

PROGRAM = TARGET / "debug/examples/local-sts"
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
LINES = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
EXAMPLES = [line.strip() for line in LINES if line.startswith("    ")]

# Whose credentials each profile gives.
PROFILES = {
    "sops": "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/jo",
    "development-infrastructure": "arn:aws:sts::381494870249:assumed-role/infrastructure/jo",
    "production-infrastructure": "arn:aws:sts::050019655025:assumed-role/infrastructure/jo",
    "main-infrastructure": "arn:aws:sts::398263320410:assumed-role/infrastructure/jo",
    "backups": "arn:aws:iam::796405775413:user/jo",
    "dev": "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_ReadOnly_0123456789abcdef/jo",
    "deploy": "arn:aws:sts::381494870249:assumed-role/infrastructure/",
    "sops-sdk": "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/jo",
}

# Opens an address, and leaves the page that it leads to in a file.
BROWSER = """\
import os, sys, urllib.request
with urllib.request.urlopen(sys.argv[1]) as answer, open(os.environ["PAGE"] + ".new", "wb") as page:
    page.write(answer.read())
os.rename(page.name, os.environ["PAGE"])
"""


class Shell:
    """A shell that was led to a local STS, as the pages say."""

    def __init__(self, directory):
        self.home = directory / "try it's"
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.sts = LocalSts(self.home)

    def script(self, name, text):
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run(self, line, **variables):
        """Runs a line with bash, without a terminal."""
        environment = {
            # What a person's own shell may hold.
            "HOME": "/nonexistent",
            "AWS_PROFILE": "another",
            "AWS_CONFIG_FILE": "/nonexistent/config",
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "ENV_FILE": str(self.home / "env"),
            **variables,
        }
        return subprocess.run(
            ["bash", "-c", f'. "$ENV_FILE"\n{line}'], env=environment, cwd=self.bin, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, start_new_session=True, timeout=60, check=False,
        )

    def succeed(self, line, **variables):
        done = self.run(line, **variables)
        assert done.returncode == 0, f"{line} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def log_in(self):
        self.succeed("aws-auth -p sops --login", AWS_AUTH_MFA_TOKEN=self.sts.code(None))


@pytest.fixture
def shell(tmp_path):
    made = Shell(tmp_path)
    yield made
    made.sts.stop()


def say(*words, arguments=()):
    """What the program answers to these words."""
    done = subprocess.run(
        [PROGRAM, *arguments], input="".join(f"{word}\n" for word in words), capture_output=True, text=True,
        timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[1:]


def test_help_lists_what_can_be_typed():
    lines = say("help")
    words = [line.split("  ")[0] for line in lines[:-1]]
    assert {"code", "calls", "help"} <= set(words)
    assert lines[-1] == "Ctrl-D stops it."
    for word in words:
        assert not any(line.startswith("unknown") for line in say(word)), word


def test_other_words_are_named():
    assert say("coed") == ["unknown: coed; type help for a list"]


def test_every_profile_of_the_pages_is_there(shell):
    named = re.findall(r"(?:-p |AWS_PROFILE=|\[profile )([a-z][\w-]*)", "\n".join(EXAMPLES))
    # jo is the profile of somebody who comes from aws-vault, which has her keys; agent is one to write, ci and plan are
    # those of jobs; default has keys alone.
    assert set(named) - {"jo", "agent", "ci", "plan", "default"} | {"main-infrastructure"} == set(PROFILES)
    config = (shell.home / ".aws/config").read_text(encoding="utf-8")
    assert set(re.findall(r"^\[profile (\S+)\]", config, re.M)) == set(PROFILES)
    shell.log_in()
    shell.succeed("aws-auth -p backups --login", AWS_AUTH_MFA_TOKEN=shell.sts.code_of_backups())
    shell.succeed("aws-auth -p dev --login --no-browser")
    for profile, arn in PROFILES.items():
        assert arn in shell.succeed(f"aws-auth -p {profile} --whoami"), profile


def test_every_command_of_the_pages_runs(shell):
    for program in ("sops", "terraform", "rclone", "litestream", "sudo", "agent"):
        shell.script(program, f'#!/bin/sh\necho "{program} $AWS_PROFILE $AWS_ACCESS_KEY_ID"\n')
    shell.script("docker", '#!/bin/sh\ncat "$4"\n')
    page = shell.bin / "page"
    shell.script("browser", f"#!{sys.executable}\n{BROWSER}")
    shell.log_in()
    ran = 0
    for line in EXAMPLES:
        line = line.removeprefix("$ ")
        if not re.match(r"aws-auth -p |AWS_PROFILE=\S+ aws-auth |eval |docker |PS1=", line) or "…" in line:
            continue
        # They would change the keys and the devices that the other commands need; test_keyring.py and test_iam.py do it.
        if re.search(r" --(store-keys|forget-keys|rotate-keys|register-mfa)", line):
            continue
        # Other shells read what comes after the bar.
        line = line if line.startswith("PS1=") else line.split(" | ")[0]
        # A sign-in with `aws login` needs a terminal, or a desktop with a browser.
        display = {"DISPLAY": ":0"} if "--login=aws" in line else {}
        out = shell.succeed(line, SHELL="/bin/true", BROWSER="browser", PAGE=str(page), **display)
        if "docker" in line:
            assert "AWS_SESSION_TOKEN=" in out
        elif "sops -d" in line or "terraform plan" in line:
            assert "ASIA" in out
        elif "--console=billing" in line:
            text = opened(page)
            assert "assumed-role/infrastructure/jo" in text and "/billing/" in text
        elif "--logout" in line:
            shell.log_in()
        page.unlink(missing_ok=True)
        ran += 1
    assert ran >= 30


def test_the_link_of_the_console_signs_in(shell):
    shell.log_in()
    link = shell.succeed("aws-auth -p production-infrastructure --console=s3 --no-browser").strip()
    with urllib.request.urlopen(link) as answer:
        text = answer.read().decode()
    assert PROFILES["production-infrastructure"] in text
    assert "https://us-east-1.console.aws.amazon.com/s3/home?region=us-east-1" in text
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{link[:-8]}AAAAAAAA")
    assert refused.value.code == 400 and "expired" in refused.value.read().decode()


def test_a_refused_code_is_shown_anew(tmp_path):
    """As at a terminal, where a person copies the code from one window to another."""
    home = tmp_path / "home"
    running = subprocess.Popen(
        [PROGRAM, "--home", home, "--show-codes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, bufsize=1,
    )
    assert running.stdout.readline().startswith("AWS_ENDPOINT")
    command = f". {home}/env; aws-auth -p sops --login"

    def log_in(code):
        return subprocess.run(
            ["sh", "-c", command], env={"PATH": "/usr/bin:/bin", "AWS_AUTH_MFA_TOKEN": code}, stdin=subprocess.DEVNULL,
            capture_output=True, start_new_session=True, timeout=60, check=False,
        ).returncode

    running.stdin.write("code\nexpire codes\n")
    old = running.stdout.readline().strip()
    running.stdout.readline()
    assert log_in(old) != 0
    shown = running.stderr.readline()
    assert shown.startswith("That code has expired. Your MFA device now shows: ")
    assert log_in(shown.split()[-1]) == 0
    running.communicate(timeout=30)


def test_a_home_of_others_is_left_alone(tmp_path):
    config = tmp_path / ".aws/config"
    config.parent.mkdir()
    config.write_text("[profile mine]\n")
    done = subprocess.run(
        [PROGRAM, "--home", tmp_path], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "is not from local-sts" in done.stderr
    assert config.read_text() == "[profile mine]\n" and os.listdir(tmp_path) == [".aws"]


def test_a_second_start_keeps_no_credentials_of_the_first(shell):
    shell.log_in()
    assert shell.run("aws-auth -p sops --status").returncode == 0
    second = LocalSts(shell.home)
    assert shell.run("aws-auth -p sops --status").returncode == 1
    second.stop()
