"""The real AWS CLI and aws-auth share one cache of role credentials, no matter which of them asked for the code.

Where the CLI must not ask, it runs without a terminal and without standard input.
"""

import json

import pytest

from conftest import need
from world import SERIAL

ROLE = "arn:aws:iam::381494870249:role/infrastructure"

# The CLI itself refuses to call STS without a region, and CLI 1 reads only this variable.
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}

# All settings that are part of the cache key.
VARIANTS = {
    "plain": "",
    "external_id": "external_id = Unique/Id=@42",
    "external_id outside ASCII": "external_id = Schlüssel-☃-🔑",
    "duration_seconds": "duration_seconds = 1800",
    "duration_seconds of 12 hours": "duration_seconds = 43200",
    "role_session_name": "role_session_name = jo.doe@laptop",
    "all": "external_id = être\nduration_seconds = 3600\nrole_session_name = jo",
}


@pytest.fixture(params=VARIANTS.values(), ids=VARIANTS.keys())
def profile(world, request):
    """Writes the profile in each variant; returns its name."""
    text = f"[profile work]\nsource_profile = default\nmfa_serial = {SERIAL}\nrole_arn = {ROLE}\n{request.param}\n"
    world.config.write_text(text, encoding="utf-8")
    return "work"


@pytest.fixture
def cli(world):
    world.install("aws", need("aws"))


def assert_is_role(identity):
    assert json.loads(identity)["Arn"].startswith("arn:aws:sts::381494870249:assumed-role/infrastructure/")


def test_the_cli_asks_for_nothing_after_aws_auth(world, moto, cli, profile):
    world.asked_once(world.terminal("aws-auth", "-p", profile, "true"), world.prompt(profile))
    assumed = moto.calls("AssumeRole")
    identity = world.succeed("aws", "--profile", profile, "sts", "get-caller-identity", env=REGION)
    assert_is_role(identity)
    assert moto.calls("AssumeRole") == assumed
    assert len(world.role_cache()) == 1


def test_aws_auth_asks_for_nothing_after_the_cli(world, moto, cli, profile):
    first = world.terminal("aws", "--profile", profile, "sts", "get-caller-identity", env=REGION)
    world.asked_once(first, f"Enter MFA code for {SERIAL}: ")
    calls = moto.calls()
    key = world.succeed("aws-auth", "-p", profile, "sh", "-c", "printf %s $AWS_ACCESS_KEY_ID")
    assert moto.calls() == calls, "aws-auth called AWS although the CLI's credentials are valid"
    (entry,) = world.role_cache().values()
    assert key == entry["Credentials"]["AccessKeyId"]


def test_the_entry_written_by_aws_auth_is_the_one_the_cli_would_write(world, moto, cli, profile):
    world.asked_once(world.terminal("aws-auth", "-p", profile, "true"), world.prompt(profile))
    ours = world.role_cache()
    for name in ours:
        (world.home / ".aws/cli/cache" / name).unlink()
    second = world.terminal("aws", "--profile", profile, "sts", "get-caller-identity", env=REGION)
    world.asked_once(second, f"Enter MFA code for {SERIAL}: ")
    theirs = world.role_cache()
    assert ours.keys() == theirs.keys()
    for name, entry in ours.items():
        required = {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
        assert required <= entry["Credentials"].keys() <= required | {"AccountId"}
        assert entry["AssumedRoleUser"].keys() == theirs[name]["AssumedRoleUser"].keys()
        assert (world.home / ".aws/cli/cache" / name).stat().st_mode & 0o777 == 0o600


def test_the_cli_as_the_command(world, moto, cli):
    """Below aws-auth the CLI gets the role's keys and no profile, so it has nothing to resolve."""
    running = world.terminal("aws-auth", "aws", "sts", "get-caller-identity", env={"AWS_PROFILE": "sops"} | REGION)
    ended = world.asked_once(running, world.prompt("sops"))
    assert "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/" in ended.screen


def test_aws_cli_2_asks_for_nothing_after_aws_auth(world, moto, profile):
    """Debian's AWS CLI 2 does not read the endpoint variables."""
    world.install("aws2", need("aws2"))
    world.asked_once(world.terminal("aws-auth", "-p", profile, "true"), world.prompt(profile))
    assumed = moto.calls("AssumeRole")
    command = ["aws2", "--profile", profile, "--endpoint-url", moto.url, "sts", "get-caller-identity"]
    assert_is_role(world.succeed(*command, env=REGION))
    assert moto.calls("AssumeRole") == assumed
