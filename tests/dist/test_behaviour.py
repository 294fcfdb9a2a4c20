"""The tests of the binary's behaviour (tests/behaviour) with the released binaries. They were compiled for this machine;
only aws-auth itself is another one."""

import subprocess

import pytest

from conftest import NATIVE
from roots import REPOSITORY, UNDER_TEST

# The main paths, each with a command, a prompt or a cache.
MAIN_PATHS = ["story::", "session::", "role_cache::", "exec::", "explain::", "whoami::", "codes::"]
# These look at the process from outside, so they would see the emulator.
NOT_UNDER_QEMU = ["exec::a_cached_run_opens_no_socket", "exec::signals_are_passed_on_as_they_came"]


def behaviour(*arguments):
    done = subprocess.run(
        [UNDER_TEST / "behaviour", "--quiet", *arguments],
        cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:]
    return done.stdout


@pytest.mark.parametrize("triple", NATIVE)
def test_all_of_it(unpacked, put, triple):
    put(unpacked(triple) / "bin/aws-auth")
    behaviour()


@pytest.mark.parametrize("libc", ["gnu", "musl"])
def test_the_main_paths_on_arm64(unpacked, put, qemu, libc):
    put(unpacked(f"aarch64-unknown-linux-{libc}") / "bin/aws-auth", qemu)
    left_out = NOT_UNDER_QEMU if qemu else []
    behaviour(*MAIN_PATHS, *(word for name in left_out for word in ("--skip", name)))
