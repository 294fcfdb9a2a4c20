"""Fixtures for the tests of what `make dist` built."""

import os
import shutil
import stat
import subprocess
import tarfile

import pytest

import release
import roots
from roots import DIST, TOOLS, UNDER_TEST

LINUX = [f"{machine}-unknown-linux-{libc}" for libc in ("gnu", "musl") for machine in ("x86_64", "aarch64")]
NATIVE = [triple for triple in LINUX if triple.startswith(os.uname().machine)]
VERSION = release.version()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except roots.Missing as missing:
        pytest.skip(str(missing))


def archive(triple):
    return DIST / f"aws-auth-{VERSION}-{triple}.tar.gz"


@pytest.fixture(scope="session")
def unpacked():
    """Unpacks the archive of a target, and returns its directory."""

    def unpack(triple):
        directory = UNDER_TEST / triple
        if not directory.exists():
            directory.mkdir()
            with tarfile.open(archive(triple)) as file:
                file.extractall(directory, filter="tar")
        return directory / f"aws-auth-{VERSION}-{triple}"

    for triple in LINUX:
        shutil.rmtree(UNDER_TEST / triple, ignore_errors=True)
    return unpack


@pytest.fixture
def qemu():
    """The beginning of a command line that runs a program for ARM64 on this machine."""
    if os.uname().machine == "aarch64":
        return []
    # Debian 12's has no TCGETS2, by which rustix reads the settings of a terminal.
    emulator = roots.packages("qemu", roots.MACHINE, roots.DEBIAN, "trixie", "qemu-user") / "usr/bin/qemu-aarch64"
    libc = roots.debian("libc6", name="arm64", architecture="arm64")
    return [str(emulator), "-L", str(libc)]


@pytest.fixture
def put():
    """Makes a binary the one that UNDER_TEST/behaviour tests; `before` is the emulator."""

    def link(binary, before=()):
        path = UNDER_TEST / "aws-auth"
        path.unlink(missing_ok=True)
        if before:
            # Without PWD, which dash would export.
            path.write_text(f"#!/bin/sh\nunset PWD OLDPWD\nexec {' '.join(before)} -0 \"$0\" {binary} \"$@\"\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        else:
            # Not a link: the generated profile of --keep-fresh names what it leads to.
            shutil.copy2(binary, path)
        return path

    return link


@pytest.fixture(scope="session")
def alpine_like():
    """A root without glibc: busybox, the CA certificates, and nothing else."""
    debs = roots.debian("busybox-static", "ca-certificates", name="busybox")
    root = TOOLS / "roots/alpine-like"
    if not (root / "etc/group").exists():
        shutil.rmtree(root, ignore_errors=True)
        for directory in ("bin", "usr/bin", "dev", "proc", "tmp", "root", "home", "etc/ssl/certs"):
            (root / directory).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        shutil.copy(debs / "usr/bin/busybox", root / "bin/busybox")
        applets = subprocess.run([root / "bin/busybox", "--list-full"], capture_output=True, text=True, check=True)
        for name in applets.stdout.split():
            path = root / name
            # The links lead to a file in the root, not to one here.
            if not os.path.lexists(path) and path.name != "busybox" and path.parent.name == "bin":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to("/bin/busybox")
        if not os.path.lexists(root / "usr/bin/env"):
            (root / "usr/bin/env").symlink_to("/bin/busybox")
        certificates = sorted((debs / "usr/share/ca-certificates/mozilla").glob("*.crt"))
        bundle = "".join(path.read_text() for path in certificates)
        (root / "etc/ssl/certs/ca-certificates.crt").write_text(bundle)
        for name in ("hosts", "passwd", "group"):
            shutil.copy(debs / "etc" / name, root / "etc" / name)
    return root


@pytest.fixture
def old_glibc():
    """A root with the oldest glibc that can be had here, its version, and why it is not that of Debian 10 (2.28)."""
    suites = [(roots.OLD_DEBIAN, "buster", "2.28"), (roots.DEBIAN, "bullseye", "2.31"), (roots.DEBIAN, "bookworm", "2.36")]
    names = ("dash", "coreutils", "sed", "grep", "libc6")
    reason = None
    for mirror, suite, glibc in suites:
        try:
            return roots.packages(suite, roots.MACHINE, mirror, suite, *names), glibc, reason
        except roots.Missing as missing:
            reason = reason or missing
    raise reason
