"""What docs/programs.md and docs/environment.md say of programs, as far as these are here."""

import json
import subprocess
import sys
import threading

import pytest

from conftest import need
from gate import Gate
from world import OUTSIDE, python

BUCKET = "backups-of-the-team"
FILES = 36
KEEP_FRESH = ["--keep-fresh", "--min-ttl", "20s"]
ARN_OF_SOPS = "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/jo"


@pytest.fixture
def world(strict_world):
    strict_world.env |= {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
    strict_world.succeed("aws-auth", "-p", "sops", "--login", env={"AWS_AUTH_MFA_TOKEN": strict_world.sts.code(None)})
    return strict_world


@pytest.fixture
def gate(moto):
    region = {"LocationConstraint": "eu-west-1"}
    moto.client("s3", "123456789012").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
    made = Gate(moto)
    yield made
    made.stop()


def test_a_long_copy_fails_when_its_keys_expire_and_lives_with_keep_fresh(strict_world, gate):
    """Credentials last 30 s, and rclone needs 36 s. Both ways at the same time, since the test has to wait for that."""
    strict_world.sts.shorten_roles()
    strict_world.install("rclone", need("rclone"))
    strict_world.env["RCLONE_CONFIG"] = "/nonexistent"
    strict_world.succeed("aws-auth", "-p", "sops", "--login", env={"AWS_AUTH_MFA_TOKEN": strict_world.sts.code(None)})
    for number in range(FILES):
        strict_world.write(f"backup/{number:02}", "x" * number)
    s3 = ["--s3-env-auth", "--s3-provider=Other", "--s3-region=eu-west-1", f"--s3-endpoint={gate.url}"]
    slow = ["--tpslimit=2", "--tpslimit-burst=1", "--transfers=1", "--checkers=1"]
    once = ["--retries=1", "--low-level-retries=1", "--s3-no-check-bucket", "--s3-no-head", "--no-traverse"]
    ended = {}

    def copy(name, *options):
        to = f":s3:{BUCKET}/{name}"
        ended[name] = strict_world.run("aws-auth", "-p", "sops", *options, "rclone", "copy", "backup", to, *s3, *slow, *once)

    ways = [threading.Thread(target=copy, args=way) for way in (("plain", "--min-ttl", "20s"), ("fresh", *KEEP_FRESH))]
    for way in ways:
        way.start()
    for way in ways:
        way.join()
    assert ended["plain"].returncode != 0
    assert len(gate.keys("/plain/")) == 1 and gate.errors("/plain/") == {"ExpiredToken"}
    assert ended["fresh"].returncode == 0, ended["fresh"].stderr
    assert len(gate.keys("/fresh/")) >= 2 and gate.errors("/fresh/") == set()
    assert strict_world.sts.calls().count("GetSessionToken") == 1


def works_only_without_keep_fresh(world, gate, *command, env=None):
    """Runs the command both ways. With --keep-fresh it must fail, and sign nothing."""
    done = world.run("aws-auth", "-p", "sops", *command, env=env)
    assert done.returncode == 0, done.stderr
    (key,) = gate.keys("/")
    assert key.startswith("ASIA")
    gate.requests.clear()
    done = world.run("aws-auth", "-p", "sops", "--keep-fresh", *command, env=env)
    assert done.returncode != 0
    assert gate.keys("/") == []
    return done


def test_obstore_reads_no_credential_process(world, gate):
    options = '{"allow_http": True}, retry_config={"max_retries": 0}'
    script = f"""
import obstore
from obstore.store import S3Store
store = S3Store("{BUCKET}", endpoint="{gate.url}", client_options={options})
obstore.put(store, "object", b"text")
"""
    # The instance's metadata service is asked for, which here is a closed port.
    done = works_only_without_keep_fresh(world, gate, *python(script), env={"AWS_METADATA_ENDPOINT": "http://127.0.0.1:9"})
    assert "127.0.0.1:9" in done.stderr


def test_restic_reads_no_credential_process(world, gate):
    """Older versions send unsigned requests, newer ones say that there are no credentials."""
    world.install("restic", need("restic"))
    world.env["RESTIC_PASSWORD"] = "Canary-ahB3phi8ee"
    works_only_without_keep_fresh(world, gate, "restic", "-r", f"s3:{gate.url}/{BUCKET}/restic", "init")


def test_s3fs_reads_no_credential_process(world):
    world.install("s3fs", need("s3fs"))
    (world.directory / "mount").mkdir()
    done = world.run("aws-auth", "-p", "sops", "--keep-fresh", "s3fs", BUCKET, "mount", "-f", "-o", "url=http://127.0.0.1:9")
    assert done.returncode != 0
    assert "could not determine how to establish security credentials" in done.stderr


def test_from_ini_of_javascript_chooses_its_own_profile(world):
    need("js-probe")
    script = """
import { fromIni } from "@aws-sdk/credential-provider-ini";
console.log((await fromIni()()).accessKeyId);
"""
    node = ["sh", "-c", 'cd "$1" && exec node --input-type=module -e "$2"', "sh", OUTSIDE / "js", script]
    # Not the role's key, but that of [default].
    assert world.succeed("aws-auth", "-p", "sops", *node).startswith("AKIA")
    assert world.succeed("aws-auth", "-p", "sops", "--keep-fresh", *node).startswith("ASIA")


def test_codecommit_chooses_its_own_profile(world):
    script = "import sys, git_remote_codecommit as git; print(git.Context.from_url(sys.argv[1]).credentials.access_key)"
    of_url = {
        url: world.succeed("aws-auth", "-p", "sops", *python(script, url)).strip()
        for url in ("codecommit://repository", "codecommit://backups@repository")
    }
    assert of_url["codecommit://repository"].startswith("ASIA")
    backups = world.credentials.read_text().split("[backups]\n")[1]
    assert of_url["codecommit://backups@repository"] in backups


def test_a_tmux_server_that_runs_already_gives_its_own_environment(world):
    world.install("tmux", need("tmux"))
    world.env["TMUX_TMPDIR"] = str(world.directory)

    def window(*server):
        """The variables in a window that is opened behind aws-auth."""
        script = "env -0 >seen; tmux wait-for -S done"
        world.succeed("aws-auth", "-p", "sops", "tmux", *server, "new-session", "-d", script)
        world.succeed("tmux", *server, "wait-for", "done")
        return (world.directory / "seen").read_text()

    try:
        world.succeed("tmux", "new-session", "-d", "sleep 1000")
        assert "AWS_ACCESS_KEY_ID=" not in window()
        assert "AWS_ACCESS_KEY_ID=ASIA" in own_server(world)
    finally:
        world.run("tmux", "kill-server")


def own_server(world):
    """The variables in the first window of a server of its own, which ends with that window."""
    script = "env -0 >seen.new; mv seen.new own"
    world.succeed("aws-auth", "-p", "sops", "tmux", "-L", "sops", "new-session", "-d", script)
    subprocess.run([sys.executable, "-c", WAIT, str(world.directory / "own")], check=True, timeout=60)
    return (world.directory / "own").read_text()


# Waits for a file.
WAIT = "import os, sys, time\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.05)"


def test_without_aws_profile_keep_fresh_falls_to_default(world):
    world.install("aws", need("aws"))
    ask = ["aws", "--endpoint-url", world.sts.url, "sts", "get-caller-identity"]
    arn = json.loads(world.succeed("aws-auth", "-p", "sops", "--keep-fresh", *ask))["Arn"]
    assert arn == ARN_OF_SOPS
    arn = json.loads(world.succeed("aws-auth", "-p", "sops", "--keep-fresh", "env", "-u", "AWS_PROFILE", *ask))["Arn"]
    assert arn == "arn:aws:iam::398263320410:user/jo"
