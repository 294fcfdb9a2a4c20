"""What --each costs: 500 cached profiles, 32 at once, against `xargs -P32` over `env true`, in turns in one run; the
calls of STS from cold; and how fast output goes through -j. Prints a table in Markdown.

`AWS_AUTH_BIN` is the binary; `make bench` measures the released one."""

import re
import statistics
import subprocess
import sys
import time

from world import BINARY, World

PROFILES = 500
AT_ONCE = 32
ROUNDS = 7
MEGABYTES = 1000


def calls_from_cold(here):
    """How often aws-auth says that it calls STS, for profiles without anything in a cache."""
    here.forget()
    argv = [BINARY, "-v", "--each", "many-*", "-j", str(AT_ONCE), "true"]
    done = subprocess.run(argv, env={**here.env, "AWS_AUTH_MFA_TOKEN": here.code()}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    # With the profile before it or not, a step that makes a call says in which place of STS.
    return {name: len(re.findall(rf"aws-auth: (?:[^\n]*)\b{name}\b[^\n]*, in ", done.stderr)) for name in ("GetSessionToken", "AssumeRole")}


def timed(argv, here, **options):
    start = time.perf_counter()
    subprocess.run(argv, env=here.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **options)
    return time.perf_counter() - start


def output(here, jobs):
    """Megabytes per second of lines of 100 bytes."""
    line = "x" * 99
    command = f"yes {line} | head -c {MEGABYTES}000000"
    taken = timed([BINARY, "-q", "--each", "many-000", *jobs, "sh", "-c", command], here)
    return MEGABYTES / taken


def main():
    with World() as here:
        here.add_sessions(PROFILES)
        calls = calls_from_cold(here)
        each = [BINARY, "-q", "--each", "many-*", "-j", str(AT_ONCE), "true"]
        xargs = ["sh", "-c", f"seq {PROFILES} | xargs -P{AT_ONCE} -n1 env true"]
        # xargs gives each its number as an argument, which true ignores.
        times = [(timed(each, here), timed(xargs, here)) for _ in range(ROUNDS)]
        ours, theirs = (statistics.median(column) for column in zip(*times))
        speed = output(here, ["-j", "2"])
    print("| | aws-auth | beside it | ratio |\n| --- | --- | --- | --- |")
    print(f"| {PROFILES} cached profiles, {AT_ONCE} at once | {ours:.2f} s | `xargs -P{AT_ONCE}` over `env true`: {theirs:.2f} s | {ours / theirs:.2f} |")
    print(f"| the same from cold: calls of STS | {calls['GetSessionToken']} GetSessionToken, {calls['AssumeRole']} AssumeRole |  |  |")
    print(f"| output through `-j`, lines of 100 bytes | {speed:.0f} MB/s |  |  |")
    return 0 if ours <= 1.5 * theirs else 1


if __name__ == "__main__":
    sys.exit(main())
