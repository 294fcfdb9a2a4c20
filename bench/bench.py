"""Compares the cost of aws-auth with that of its alternatives, and prints a table in Markdown. They take turns in one
run, since the machine may do other work at the same time. Medians and ratios count, not single times. rivals.py does
that with programs made for the same purpose."""

import os
import re
import subprocess
import sys
from datetime import date

import timing
import world
from timing import in_turns, machine, seconds
from world import BINARY, REPOSITORY, TARGET, World

ENV = ["/usr/bin/env", "true"]


def spawn(here, argv, **env):
    """A function that runs the program with these variables, and takes no other end than a good one."""
    environment = {**here.env, **env}

    def run():
        status = timing.spawn(argv, environment)
        assert status == 0, f"{argv} ended with {status}"

    return run


def curl(here, env):
    """A function that makes the two STS calls with curl."""
    text = (here.home / ".aws/credentials").read_text()
    key, secret = (re.search(rf"{name} *= *(\S+)", text)[1] for name in ("aws_access_key_id", "aws_secret_access_key"))
    url = env["AWS_ENDPOINT_URL_STS"]
    sigv4 = ["curl", "-sf", "--aws-sigv4", "aws:amz:us-east-1:sts"]
    if bundle := env.get("AWS_CA_BUNDLE"):
        sigv4 += ["--cacert", bundle]

    def run():
        serial = "arn:aws:iam::398263320410:mfa/jo"
        query = f"Action=GetSessionToken&Version=2011-06-15&SerialNumber={serial}&TokenCode={here.code()}"
        answer = here.run([*sigv4, "--user", f"{key}:{secret}", "-d", query, url]).decode()
        own, secret_, token = (
            re.search(f"<{name}>(.*)</{name}>", answer)[1] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        )
        role = "arn:aws:iam::398263320410:role/sops-credentials-access"
        query = f"Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=jo"
        header = ["-H", f"X-Amz-Security-Token: {token}"]
        here.run([*sigv4, "--user", f"{own}:{secret_}", *header, "-d", query, url])

    return run


def many(here, count, argv, **env):
    def run():
        runs = [subprocess.Popen(argv, env={**here.env, **env}, stdin=subprocess.DEVNULL) for _ in range(count)]
        assert not any(run.wait() for run in runs)

    return run


def xargs(here, argv):
    words = " ".join(str(word) for word in argv)
    return spawn(here, ["/bin/sh", "-c", f"seq 1000 | xargs -P8 -n1 {words} >/dev/null"])


def first_line(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.partition("\n")[0]


def main():
    rows = []

    def row(what, cost, beside="", ratio=""):
        rows.append(f"| {what} | {cost} | {beside} | {ratio} |")

    with World() as here:
        cached = [here.installed(), "true"]
        here.log_in()
        own, env = (here.instructions(*argv) for argv in (cached, ENV))
        row("instructions of a cached run", f"{own:,}", f"`env COMMAND`: {env:,}", f"{own / env:.2f}")
        # With a locale, as in every terminal, env reads the locale's files; aws-auth does not need them.
        for where, variables in (("no locale", {}), ("`LANG=C.UTF-8`", {"LANG": "C.UTF-8"})):
            own, env = in_turns(800, spawn(here, cached, **variables), spawn(here, ENV, **variables))
            row(f"a cached run, {where}", f"{own:.2f} ms", f"`env COMMAND`: {env:.2f} ms", f"{own / env:.2f}")
        aws = TARGET / "outside/venv/bin/aws"
        if aws.exists():
            region = {"AWS_DEFAULT_REGION": "eu-west-1"}
            get = [spawn(here, [aws, "configure", "get", key], **region) for key in ("role_arn", "mfa_serial", "source_profile")]
            call = spawn(here, ["/bin/sh", "-c", f"{aws} sts get-caller-identity >/dev/null"], **region)

            def script():
                for part in (*get, call):
                    part()

            sys.stdout.flush()
            quiet = os.dup(1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            own, cli, script = in_turns(5, spawn(here, cached), call, script)
            os.dup2(quiet, 1)
            row("a cached run", f"{own:.2f} ms", f"one call of the AWS CLI: {cli:.0f} ms", f"{own / cli:.4f}")
            row("a cached run", f"{own:.2f} ms", f"a script of four such calls: {script:.0f} ms", f"{own / script:.4f}")
        own, env = (here.memory(*argv, runs=9)[0] for argv in (cached, ENV))
        row("most memory of a cached run", f"{own:.1f} MiB", f"`env COMMAND`: {env:.1f} MiB", f"{own / env:.2f}")
        own, env = (seconds(xargs(here, argv)) for argv in (cached, ENV))
        row("1,000 cached runs by `xargs -P8`", f"{own:.2f} s", f"`env COMMAND`: {env:.2f} s", f"{own / env:.2f}")

        def cold(**env):
            here.forget()
            spawn(here, cached, AWS_AUTH_MFA_TOKEN=here.code(), **env)()

        ways = {"http": {"AWS_ENDPOINT_URL_STS": here.url}}
        if world.SYSTEM_CA.exists():
            ways["TLS"] = here.over_tls()
        for how, env in ways.items():
            own, by_hand = in_turns(30, lambda env=env: cold(**env), curl(here, env))
            row(f"a first run, two calls of STS, by {how}", f"{own:.1f} ms", f"by `curl --aws-sigv4`: {by_hand:.1f} ms", f"{own / by_hand:.2f}")
        most = [f"{here.memory_of_first_run(**env):.1f}" for env in ways.values()]
        row(f"most memory of a first run, by {' and '.join(ways)}", f"{' and '.join(most)} MiB")

        def fifty_cold():
            here.forget()
            many(here, 50, cached, AWS_AUTH_MFA_TOKEN=here.code())()

        def one_and_fifty():
            cold()
            many(here, 50, cached)()

        together, apart = in_turns(7, fifty_cold, one_and_fifty)
        row("50 first runs at once, one code", f"{together:.0f} ms", f"one first run, then 50 cached: {apart:.0f} ms", f"{together / apart:.2f}")
    with World() as small, World() as big:
        for here in (small, big):
            here.log_in()
        big.add_profiles(10_000)
        own, few = in_turns(400, spawn(big, [BINARY, "true"]), spawn(small, [BINARY, "true"]))
        row("a cached run with 10,000 profiles", f"{own:.2f} ms", f"with a handful: {few:.2f} ms", f"{own / few:.2f}")
        listing = spawn(big, ["/bin/sh", "-c", f"{BINARY} --list >/dev/null"])
        own, few = in_turns(30, listing, spawn(small, [BINARY, "true"]))
        row("`--list` of 10,000 profiles", f"{own:.0f} ms", f"a cached run: {few:.2f} ms", f"{own / few:.0f}")
    tree = ["cargo", "tree", "--locked", "-e", "normal,build", "--prefix", "none", "-f", "{p}"]
    crates = {line.removesuffix(" (*)") for line in subprocess.run(tree, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.splitlines()}
    row("the binary, stripped", f"{BINARY.stat().st_size / 2**20:.1f} MiB", f"{len(crates)} crates")

    print("| | aws-auth | beside it | ratio |\n| --- | --- | --- | --- |")
    print("\n".join(rows))
    versions = [first_line(program, "--version") for program in (BINARY, "rustc", "env", "curl", aws) if program != aws or aws.exists()]
    # curl and the AWS CLI also name their libraries.
    short = [re.sub(r"^(curl \S+|aws-cli/\S+) .*", r"\1", version) for version in versions]
    print(f"\n{date.today()}, {machine()}; {', '.join(short)}")


if __name__ == "__main__":
    if absent := world.missing():
        sys.exit(f"make bench: {' and '.join(absent)} is missing; install it from your system's packages")
    main()
