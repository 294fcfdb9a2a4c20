"""What the binaries in the archives are, by their headers."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys

import pytest

import binary
from conftest import LINUX, NATIVE, VERSION
from roots import REPOSITORY, TARGET

MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine in /usr/include/elf.h
GLIBC = (2, 28)


def libraries(path):
    listed = subprocess.run(["readelf", "--dynamic", "--wide", path], capture_output=True, text=True, check=True)
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", listed.stdout))


@pytest.mark.parametrize("triple", LINUX)
def test_it_is_hardened_and_for_its_machine(unpacked, triple):
    path = unpacked(triple) / "bin/aws-auth"
    data = path.read_bytes()
    assert int.from_bytes(data[18:20], "little") == MACHINES[triple.partition("-")[0]]
    static = triple.endswith("musl")
    # rustc 1.95 by itself links aarch64-unknown-linux-musl at a fixed address; build.rs has zig do otherwise.
    assert binary.hardening(path, static=static) == []
    for place in (REPOSITORY, TARGET, "/home/", "/.cargo/"):
        assert str(place).encode() not in data


@pytest.mark.parametrize("triple", [triple for triple in LINUX if triple.endswith("gnu")])
def test_no_function_is_newer_than_glibc_2_28(unpacked, triple):
    path = unpacked(triple) / "bin/aws-auth"
    names = re.findall(rb"GLIBC_(\d+\.\d+(?:\.\d+)?)\0", path.read_bytes())
    versions = {tuple(map(int, name.split(b"."))) for name in names}
    assert versions and max(versions) <= GLIBC, f"needs GLIBC_{'.'.join(map(str, max(versions)))}"
    # glibc before 2.34 has threads in a library of their own.
    assert {name.partition(".")[0] for name in libraries(path)} <= {"libc", "libpthread", "libdl", "ld-linux-aarch64"}


@pytest.mark.parametrize("triple", [triple for triple in LINUX if triple.endswith("musl")])
def test_a_static_binary_needs_no_library(unpacked, triple):
    assert libraries(unpacked(triple) / "bin/aws-auth") == set()


@pytest.mark.parametrize("triple", NATIVE)
def test_it_says_its_version(unpacked, triple):
    done = subprocess.run([unpacked(triple) / "bin/aws-auth", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"aws-auth {VERSION}\n"


@pytest.mark.parametrize("libc", ["gnu", "musl"])
def test_the_binary_for_arm64_says_its_version(unpacked, qemu, libc):
    program = unpacked(f"aarch64-unknown-linux-{libc}") / "bin/aws-auth"
    done = subprocess.run([*qemu, program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"aws-auth {VERSION}\n"


# What count.py says at most. A release build by cargo for this machine takes 465,000 and 45. Before 2.34, glibc has two
# more libraries, which the binary therefore names; newer ones load two empty files in their place. A static binary needs
# no dynamic linker.
LIMITS = {"gnu": (540_000, 63), "musl": (280_000, 40)}


@pytest.mark.parametrize("libc", LIMITS)
def test_what_a_cached_run_costs(unpacked, libc):
    if platform.machine() != "x86_64" or not (shutil.which("valgrind") and shutil.which("strace")):
        pytest.skip("needs valgrind and strace on x86-64")
    program = unpacked(f"x86_64-unknown-linux-{libc}") / "bin/aws-auth"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "bench"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"AWS_AUTH_BIN": str(program), "CARGO_TARGET_DIR": str(TARGET)}
    count = [sys.executable, REPOSITORY / "tests/dist/count.py", program]
    counted = json.loads(subprocess.run(count, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)
    instructions, calls = LIMITS[libc]
    assert counted["instructions"] <= instructions and counted["system calls"] <= calls, counted
    # The linker read packaging/cached-path.ld.
    sections = subprocess.run(["readelf", "--sections", "--wide", program], capture_output=True, text=True, check=True)
    assert re.search(r" \.text\.cached +PROGBITS", sections.stdout)
