"""A private world for one test: a HOME with the AWS files, an otherwise empty environment, and a PATH on which programs
have their usual names."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from terminal import Terminal

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
OUTSIDE = TARGET / "outside"

SERIAL = "arn:aws:iam::398263320410:mfa/jo.doe"

CREDENTIALS = """\
[default]
aws_access_key_id=AKIAIOSFODNN7JODOE00
aws_secret_access_key=Kaet7ZaeCanaryOfTheOutsideTests000000001
"""

CONFIG = f"""\
[profile sops]
source_profile = default
mfa_serial = {SERIAL}
role_arn = arn:aws:iam::398263320410:role/sops-credentials-access
[profile development-infrastructure]
source_profile = default
mfa_serial = {SERIAL}
role_arn = arn:aws:iam::381494870249:role/infrastructure
[profile production-infrastructure]
source_profile = default
mfa_serial = {SERIAL}
role_arn = arn:aws:iam::050019655025:role/infrastructure
[profile main-infrastructure]
source_profile = default
mfa_serial = {SERIAL}
role_arn = arn:aws:iam::398263320410:role/infrastructure
"""


class World:
    def __init__(self, directory):
        self.sts = None
        self.directory = directory / "work"
        self.home = directory / "home"
        self.bin = directory / "bin"
        for made in (self.directory, self.home / ".aws", self.bin):
            made.mkdir(parents=True)
        self.env = {
            "HOME": str(self.home),
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm",
            # There is no bus, so no test reaches the keyring of the person who runs it.
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.home}/no-bus",
        }
        self.config = self.home / ".aws" / "config"
        self.credentials = self.home / ".aws" / "credentials"

    def use(self, sts):
        """Uses this STS, which gives the codes and is named in the prompt."""
        self.sts = sts

    def write_files(self, config, credentials):
        self.config.write_text(config, encoding="utf-8")
        self.credentials.write_text(credentials, encoding="utf-8")
        self.credentials.chmod(0o600)

    def install(self, name, program):
        """Puts `program` on the PATH as `name`."""
        (self.bin / name).symlink_to(program)

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _environment(self, extra):
        merged = {**self.env, **extra}
        return {name: value for name, value in merged.items() if value is not None}

    def run(self, *argv, env=None, **options):
        """Runs a command with no terminal and no standard input, so that any question is an error."""
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 300, **options}
        environment = self._environment(env or {})
        program = shutil.which(argv[0], path=environment["PATH"]) or argv[0]
        return subprocess.run(
            [program, *argv[1:]], env=environment, cwd=self.directory, start_new_session=True, check=False, **options
        )

    def succeed(self, *argv, **options):
        """Like `run`, for a command that must succeed; returns its standard output."""
        done = self.run(*argv, **options)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def terminal(self, *argv, env=None):
        """Runs a command at a terminal of its own."""
        environment = self._environment(env or {})
        program = shutil.which(argv[0], path=environment["PATH"]) or argv[0]
        return Terminal([program, *argv[1:]], environment, self.directory)

    def prompt(self, profile, serial=SERIAL):
        """The exact prompt of aws-auth."""
        return f"MFA code for {profile} ({serial}) at {self.sts.url}: "

    def asked_once(self, terminal, prompt, serial=SERIAL):
        """Answers the only question at the terminal; the command must then succeed."""
        terminal.expect(prompt)
        terminal.type(self.sts.code(serial))
        ended = terminal.finish().check()
        assert ended.prompts == 1, f"{ended.prompts} prompts:\n{ended.screen}"
        return ended

    def shell_asked_once(self, command, profile, **options):
        """Runs a shell command, which may redirect, at a terminal; aws-auth must ask once."""
        return self.asked_once(self.terminal("sh", "-c", command, **options), self.prompt(profile))

    def forget(self):
        """Removes the caches of aws-auth and the AWS CLI, so that the next run has to ask."""
        for kept in (self.home / ".aws/cli", self.home / ".cache"):
            shutil.rmtree(kept, ignore_errors=True)

    def role_cache(self):
        """The AWS CLI's cache, by file name."""
        return {path.name: json.loads(path.read_text()) for path in (self.home / ".aws/cli/cache").glob("*")}

    def role_key(self):
        """The access key id of the only role in the cache."""
        (entry,) = self.role_cache().values()
        return entry["Credentials"]["AccessKeyId"]


def python(script, *arguments):
    """A command that runs a script with this Python, which has boto3."""
    return [sys.executable, "-c", script, *arguments]


def opened(page):
    """What a browser has left in the file. It may still be at work when aws-auth has ended."""
    for _ in range(300):
        if page.exists():
            break
        time.sleep(0.1)
    return page.read_text(encoding="utf-8")
