"""A HOME with the seed's files and a local STS. Instructions and system calls are counted until the process becomes the
command."""

import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
BINARY = Path(os.environ.get("AWS_AUTH_BIN", TARGET / "release/aws-auth")).resolve()
PROFILE = "sops"
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")


class World:
    def __enter__(self):
        # The path has the same length on every machine, since its length changes the count of instructions.
        self.home = Path(tempfile.mkdtemp(prefix="aws-auth-bench-", dir="/tmp"))
        self._sts = subprocess.Popen(
            # The limits count the files of the team alone.
            [TARGET / "debug/examples/local-sts", "--home", self.home, "--team"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )
        self.url = self._sts.stdout.readline().strip().removeprefix("AWS_ENDPOINT_URL_STS=")
        self.env = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "AWS_PROFILE": PROFILE,
            "AWS_ENDPOINT_URL_STS": self.url,
        }
        return self

    def __exit__(self, *_):
        self._sts.stdin.close()
        self._sts.wait(timeout=30)
        self._sts.stdout.close()
        shutil.rmtree(self.home)

    def code(self):
        """The code that the MFA device shows; a new one each time."""
        self._sts.stdin.write("code\n")
        return self._sts.stdout.readline().strip()

    def ask(self, words):
        """The answer of the local STS to a word."""
        self._sts.stdin.write(f"{words}\n")
        return self._sts.stdout.readline().strip()

    def over_tls(self):
        """The variables for the same STS over TLS. The CA bundle has the system's certificates and that of the STS."""
        self._sts.stdin.write("tls\n")
        url, own = self._sts.stdout.readline().split()
        bundle = self.home / "bundle.pem"
        bundle.write_bytes(SYSTEM_CA.read_bytes() + Path(own).read_bytes())
        return {"AWS_ENDPOINT_URL_STS": url, "AWS_CA_BUNDLE": str(bundle)}

    def log_in(self, **env):
        """Leaves an MFA session and the role's credentials in the caches."""
        self.run([BINARY, "true"], AWS_AUTH_MFA_TOKEN=self.code(), **env)

    def add_variant(self, name, *lines, **instead):
        """Appends a profile that is like the team's, but for these lines and those that have another value."""
        config = (self.home / ".aws/config").read_text()
        body = re.search(rf"^\[profile {PROFILE}\]\n((?:(?!\[).*\n)*)", config, re.M)[1].splitlines()
        kept = [line for line in body if line and line.split("=")[0].strip() not in instead]
        text = "\n".join([f"\n[profile {name}]", *kept, *(f"{key} = {value}" for key, value in instead.items()), *lines, ""])
        self.append(text)

    def add_process(self, name):
        """Appends a profile whose keys are those of the team's user, printed by a program."""
        access_key, secret_key = re.findall(r"^aws_\w+_\w+ ?= ?(\S+)", (self.home / ".aws/credentials").read_text(), re.M)[:2]
        program = self.home / "print-keys"
        answer = json.dumps({"Version": 1, "AccessKeyId": access_key, "SecretAccessKey": secret_key})
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o700)
        self.append(f"\n[profile {name}]\ncredential_process = {program}\n")

    def forget(self):
        for kept in (".cache", ".aws/cli"):
            shutil.rmtree(self.home / kept, ignore_errors=True)

    def run(self, argv, **env):
        done = subprocess.run(argv, env={**self.env, **env}, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert done.returncode == 0, f"{argv} ended with {done.returncode}: {done.stderr.decode()}"
        return done.stdout

    def profile(self, *argv, options=(), **env):
        """callgrind's output for a run up to execve(2), or to its end without one. Names are the linker's symbols."""
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            valgrind = ["valgrind", "--tool=callgrind", "--dump-before=execve*", "--demangle=no", f"--callgrind-out-file={out}"]
            self.run([*valgrind, *options, *argv], **env)
            first = out.with_name("out.1")
            return (first if first.exists() else out).read_text()

    def instructions(self, *argv, **env):
        return int(re.search(r"^(?:summary|totals): (\d+)", self.profile(*argv, **env), re.M)[1])

    def executed(self, binary, *argv, **env):
        """The addresses of the instructions that a run of the binary executes, as its file has them."""
        exact = ["--dump-instr=yes", "--compress-strings=no", "--compress-pos=no"]
        objects = re.split(r"^ob=", self.profile(binary, *argv, options=exact, **env), flags=re.M)
        own = [text for text in objects if text.startswith(f"{binary}\n")]
        assert own, f"callgrind names no object {binary}"
        return {int(address, 16) for text in own for address in re.findall(r"^0x([0-9a-f]+) ", text, re.M)}

    def system_calls(self, *argv, **env):
        """The system calls between the start of the program and its execve(2), as names and arguments."""
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            self.run(["strace", "-f", "-o", out, *argv], **env)
            calls = re.findall(r"^\d+ +(\w+)\((.*)$", out.read_text(), re.M)
            names = [name for name, _ in calls]
            return calls[1 : names.index("execve", 1)]

    def memory(self, *argv, runs=1, **env):
        """The most memory that a run had, in MiB, and its page faults: medians, since both depend on the addresses that
        it gets. Both count what the command needs, too."""
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory) / "out"
            for _ in range(runs):
                self.run(["time", "--append", "-f", "%M %R", "-o", out, *argv], **env)
            numbers = [map(int, line.split()) for line in out.read_text().splitlines()]
        kilobytes, faults = map(statistics.median, zip(*numbers, strict=True))
        return kilobytes / 1024, faults

    def first_run(self, measure, binary=BINARY, **env):
        """What `measure` finds at a run that has nothing in its caches."""
        self.forget()
        return measure(binary, "true", AWS_AUTH_MFA_TOKEN=self.code(), **env)

    def memory_of_first_run(self, **env):
        """The most memory of first runs, in MiB: a median."""
        return statistics.median(self.first_run(self.memory, self.installed(), **env)[0] for _ in range(5))

    def installed(self):
        """A copy of the binary: pages of a file that the linker has just written are mapped one by one."""
        copy = self.home / "bin/aws-auth"
        if not copy.exists():
            copy.parent.mkdir()
            shutil.copy2(BINARY, copy)
        return copy

    def add_profiles(self, count):
        """Appends profiles like those of the seed to the config file. Returns their length in bytes."""
        text = "".join(
            f"[profile team-{number:05}]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n"
            f"role_arn = arn:aws:iam::{number:012}:role/infrastructure-of-the-team\nregion = eu-west-1\n\n"
            for number in range(count)
        )
        return self.append(text)

    def add_sessions(self, count):
        """Appends profiles many-NUMBER that differ by their session name, so that each has a cache entry of its own."""
        for number in range(count):
            self.add_variant(f"many-{number:03}", role_session_name=f"many-{number:03}")

    def append(self, text):
        """Appends text to the config file. Returns its length in bytes."""
        with (self.home / ".aws/config").open("a") as config:
            return config.write(text)

    def move_keys_into_a_store(self):
        """Replaces the long-term keys by the line that names them in the keyring. There is no keyring here."""
        file = self.home / ".aws/credentials"
        (key,) = re.findall(r"^aws_access_key_id ?= ?(\S+)", file.read_text(), re.M)
        file.write_text("")
        self.append(f"\n[default]\ncredential_process = {BINARY} --stored-keys {key}\n")

    def add_cache_entries(self, count):
        directory = self.home / ".aws/cli/cache"
        (entry,) = directory.glob("*.json")
        for number in range(count):
            shutil.copy2(entry, directory / f"{number:040x}.json")


def missing():
    """The tools that are not installed."""
    return [program for program in ("valgrind", "strace", "time", "curl") if not shutil.which(program)]
