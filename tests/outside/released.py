"""What the tests of a release share: its names, and how its scripts are run."""

import hashlib
import os
import shutil
import subprocess

import release
from world import REPOSITORY, TARGET

VERSION = release.version()
LINUX = [f"{machine}-unknown-linux-{libc}" for libc in ("gnu", "musl") for machine in ("x86_64", "aarch64")]
MACOS = ["aarch64-apple-darwin", "x86_64-apple-darwin"]
# The README and the pages that are packed with it.
PAGES = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "fuzz/README.md"] + [
    str(path.relative_to(REPOSITORY)) for ending in ("md", "svg") for path in REPOSITORY.glob(f"docs/**/*.{ending}")
]
# Stands for a built binary: it starts the debug binary, and is packed sooner.
BINARY = f"#!/bin/sh\n# Needs GLIBC_2.28, and not GLIBC_2.3.\nexec '{TARGET}/debug/aws-auth' \"$@\"\n"


def run(*argv, cwd=REPOSITORY, status=0, **environment):
    """Runs a command in a small environment, without the settings of the test run and of make."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME") if name in os.environ}
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        argv, cwd=cwd, env={**kept, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def sums(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir() if path.is_file()}


def a_copy(directory):
    """A copy of the files that a release changes."""
    copy = directory / "copy"
    for path in ("Cargo.toml", "Cargo.lock", "fuzz/Cargo.lock", "CHANGELOG.md", "Makefile", ".github/ISSUE_TEMPLATE/bug_report.yml"):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / path, copy / path)
    shutil.copytree(REPOSITORY / "packaging", copy / "packaging")
    return copy
