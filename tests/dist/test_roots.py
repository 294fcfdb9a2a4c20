"""The binaries on systems with an old glibc, and without glibc."""

import re
import shutil
import subprocess

import pytest

from conftest import NATIVE
from roots import REPOSITORY, UNDER_TEST, home_of_jo, inside
from terminal import Terminal
from test_demo import check_scenes

GNU, MUSL = (next(triple for triple in NATIVE if triple.endswith(libc)) for libc in ("gnu", "musl"))


def put_in(root, directory):
    """Copies the programs and the demo into a root, as /opt."""
    shutil.rmtree(root / "opt", ignore_errors=True)
    (root / "opt/demo").mkdir(parents=True)
    for path in (directory / "bin/aws-auth", UNDER_TEST / "local-sts"):
        shutil.copy(path, root / "opt")
    shutil.copy(REPOSITORY / "demo/demo.sh", root / "opt/demo")
    home_of_jo(root)


DEMO = ["/bin/sh", "/opt/demo/demo.sh"]
BINARIES = {"AWS_AUTH_BIN": "/opt/aws-auth", "LOCAL_STS_BIN": "/opt/local-sts"}


def run_the_scenes(root):
    """The demo, at a terminal and without one."""
    terminal = Terminal(inside(root, DEMO, BINARIES), {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, "/")
    code = terminal.read(r"Your MFA device shows: (?:\x1b\S*m)?(\d{6})")
    terminal.expect("MFA code for sops (arn:aws:iam::398263320410:mfa/jo) at ")
    terminal.type(code)
    ended = terminal.finish().check()
    assert ended.prompts == 1
    check_scenes(ended.screen)
    done = subprocess.run(
        inside(root, DEMO, BINARIES), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    check_scenes(done.stdout)


def test_the_scenes_with_an_old_glibc(unpacked, old_glibc):
    root, glibc, missing = old_glibc
    put_in(root, unpacked(GNU))
    run_the_scenes(root)
    if missing:
        # With this, the headers (test_binaries.py) say that 2.28 is enough, and the scenes that it runs on the next one.
        pytest.skip(f"ran with glibc {glibc}, not 2.28: {missing}")


def test_the_scenes_without_glibc(unpacked, alpine_like):
    put_in(alpine_like, unpacked(MUSL))
    assert not list(alpine_like.rglob("libc.so*"))
    run_the_scenes(alpine_like)


def test_tls_without_glibc_by_the_bundle_of_the_system(unpacked, alpine_like):
    """A name is looked up and a certificate is checked by /etc/ssl/certs/ca-certificates.crt."""
    put_in(alpine_like, unpacked(MUSL))
    bundle = alpine_like / "etc/ssl/certs/ca-certificates.crt"
    public = bundle.read_text()
    home = alpine_like / "home/jo"
    sts = subprocess.Popen(
        inside(alpine_like, ["/opt/local-sts", "--home", "/home/jo"]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip

    def ask(word):
        sts.stdin.write(f"{word}\n")
        return sts.stdout.readline().strip()

    def aws_auth(url):
        environment = {"AWS_ENDPOINT_URL_STS": url, "AWS_PROFILE": "sops", "AWS_AUTH_MFA_TOKEN": ask("code")}
        argv = inside(alpine_like, ["/opt/aws-auth", "--no-cache", "env"], environment)
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    try:
        sts.stdout.readline()
        url, own = ask("tls").split()
        assert re.match(r"https://(localhost|127\.0\.0\.1):", url), url
        refused = aws_auth(url)
        assert refused.returncode == 125 and "certificate" in refused.stderr, refused.stderr
        bundle.write_text(public + (home / own.removeprefix("/home/jo/")).read_text())
        done = aws_auth(url)
        assert done.returncode == 0 and "\nAWS_SESSION_TOKEN=FwoGZXIv" in done.stdout, done.stderr
    finally:
        bundle.write_text(public)
        sts.stdin.close()
        sts.wait(timeout=30)
        sts.stdout.close()
