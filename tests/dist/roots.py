"""Other systems, each in a directory below target/dist-tools/roots, which is the root of what runs there."""

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = (REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target")).resolve()
TOOLS, DIST, UNDER_TEST = TARGET / "dist-tools", TARGET / "dist", TARGET / "dist-check"
DEBIAN = "http://deb.debian.org/debian"
OLD_DEBIAN = "http://archive.debian.org/debian"
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
JO = 1000


class Missing(Exception):
    """This machine cannot have something, and why."""


@cache
def packages(name, architecture, mirror, suite, *names):
    """A root with Debian packages."""
    if not shutil.which("apt-get"):
        raise Missing("apt-get is not on this machine")
    directory = TOOLS / "roots" / name
    done = subprocess.run(
        ["sh", REPOSITORY / "tests/dist/root.sh", directory, architecture, mirror, suite, *names],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 3:
        raise Missing(f"{mirror} does not give Debian's {suite}: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return directory / "root"


def debian(*names, name="debian", architecture=MACHINE):
    return packages(name, architecture, DEBIAN, "bookworm", *names)


@cache
def enter():
    """The command that is put before `chroot`: as root, by sudo, or in a user namespace."""
    ways = [["unshare", "--mount"]]
    if os.geteuid() != 0:
        ways = [["sudo", "--non-interactive", *ways[0]], ["unshare", "--map-root-user", "--mount"]]
    for way in ways:
        if subprocess.run([*way, "chroot", "/", "true"], capture_output=True, check=False).returncode == 0:
            return way
    raise Missing("chroot is not allowed on this machine")


def inside(root, argv, environment=None, user=JO):
    """The command line that runs argv in a root, with an empty environment beside PATH and HOME."""
    user = 0 if "--map-root-user" in enter() else user
    home = "/root" if user == 0 else "/home/jo"
    values = {"PATH": "/usr/bin:/bin", "HOME": home, "TERM": "dumb", **(environment or {})}
    script = (
        'mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" && '
        'shift && exec chroot "$@"'
    )
    return [
        *enter(), "sh", "-c", script, "sh", str(root), f"--userspec={user}:{user}", "--groups=", str(root),
        "/usr/bin/env", "-i", *(f"{name}={value}" for name, value in values.items()), *argv,
    ]  # fmt: skip


def home_of_jo(root):
    """An empty home for the ordinary user of a root."""
    home = root / "home/jo"
    subprocess.run([*(["sudo"] if "sudo" in enter() else []), "rm", "-rf", home], check=True)
    home.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(home, JO, JO)
    elif "sudo" in enter():
        subprocess.run(["sudo", "chown", f"{JO}:{JO}", home], check=True)
    return home
