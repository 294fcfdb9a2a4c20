"""What --sync-sso costs with 10,000 roles in 2,000 accounts: the time beyond that of the service, which is the time
before its first request and after its last one; that the second run writes nothing; --prune of all but a few; and --list.
Prints a table in Markdown, and fails if a limit is passed.

`AWS_AUTH_BIN` is the binary; `make bench` measures the released one. With `--prune` it also measures --prune."""

import hashlib
import json
import statistics
import subprocess
import sys
import time

from world import BINARY, World

ACCOUNTS = 2000
ROLES = 5
ROUNDS = 5
# In seconds, for the released binary.
LIMITS = {"write": 2.0, "list": 0.3}


def start(here):
    """A config file with one session, whose user is signed in, and the addresses of its services."""
    for line in (here.home / "env").read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if name.startswith("AWS_ENDPOINT_URL_SSO"):
            here.env[name] = value
    del here.env["AWS_PROFILE"]
    url = "https://corp.awsapps.com/start"
    (here.home / ".aws/config").write_text(f"[sso-session corp]\nsso_start_url = {url}\nsso_region = eu-west-1\n")
    (here.home / ".aws/credentials").unlink()
    token = {"startUrl": url, "region": "eu-west-1", "accessToken": here.ask("sso login"), "expiresAt": "2099-01-01T00:00:00Z"}
    cache = here.home / ".aws/sso/cache"
    cache.mkdir(parents=True)
    (cache / f"{hashlib.sha1(b'corp').hexdigest()}.json").write_text(json.dumps(token))
    assert here.ask(f"accounts {ACCOUNTS} {ROLES}") == f"{ACCOUNTS * ROLES} roles"


def synchronized(here, *options):
    """A run's whole time, the part of it that is not the service's, and its last line."""
    begin = time.time()
    argv = [BINARY, "--sync-sso", *options]
    done = subprocess.run(argv, env=here.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    end = time.time()
    assert done.returncode == 0, done.stderr[-2000:]
    first, last = map(float, here.ask(f"sso times {begin}").split())
    return end - begin, (first - begin) + (end - last), done.stderr.splitlines()[-1]


def listing(here):
    begin = time.perf_counter()
    lines = here.run([BINARY, "--list"]).splitlines()
    taken = time.perf_counter() - begin
    # The local SSO has one role beside those of the accounts.
    assert len(lines) == ACCOUNTS * ROLES + 1, len(lines)
    return taken


def main():
    with World() as here:
        start(here)
        config = here.home / ".aws/config"
        rows = []
        whole, beyond, said = synchronized(here)
        assert f"{ACCOUNTS * ROLES + 1} profiles added" in said, said
        rows.append(("the first run", whole, beyond))
        before = (config.read_bytes(), config.stat().st_mtime_ns)
        again, beyond_again, said = synchronized(here)
        assert said.endswith("nothing to change"), said
        assert (config.read_bytes(), config.stat().st_mtime_ns) == before, "the second run wrote the file"
        rows.append(("the second run, which writes nothing", again, beyond_again))
        listed = statistics.median(listing(here) for _ in range(ROUNDS))
        if "--prune" in sys.argv:
            text = config.read_text()
            # As if the service had dropped them: sections of roles that it does not give.
            config.write_text(text.replace("sso_role_name = Role", "sso_role_name = Gone"))
            pruned, beyond_pruned, said = synchronized(here, "--prune")
            assert f"{ACCOUNTS * ROLES} removed" in said, said
            rows.append(("--prune of all, and as many anew", pruned, beyond_pruned))
    print(f"| {ACCOUNTS * ROLES:,} roles in {ACCOUNTS:,} accounts | whole | beyond the service |\n| --- | --- | --- |")
    for name, whole, own in rows:
        print(f"| {name} | {whole:.2f} s | {own:.2f} s |")
    print(f"| `--list` of them | {listed * 1000:.0f} ms | |")
    return 0 if rows[0][2] <= LIMITS["write"] and listed <= LIMITS["list"] else 1


if __name__ == "__main__":
    sys.exit(main())
