"""The crate, as `cargo package` and `cargo install` take it. Both build without optimization here."""

import os
import subprocess

from conftest import VERSION
from roots import REPOSITORY, TARGET, UNDER_TEST


def cargo(*arguments):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    done = subprocess.run(
        ["cargo", *arguments], cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_package_builds_by_itself():
    cargo("package", "--locked", "--allow-dirty", "--quiet")
    assert (TARGET / f"package/aws-auth-{VERSION}.crate").exists()


def test_cargo_installs_it_from_a_path():
    cargo("install", "--locked", "--quiet", "--debug", "--force", "--path", ".", "--root", str(UNDER_TEST / "installed"))
    done = subprocess.run([UNDER_TEST / "installed/bin/aws-auth", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"aws-auth {VERSION}\n"
