"""The real AWS CLI and make with the project's own STS, which checks signatures and one-time codes."""

import json

import pytest

from conftest import need
from local_sts import SERIAL

PROFILES = {
    "sops": "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/",
    "development-infrastructure": "arn:aws:sts::381494870249:assumed-role/infrastructure/",
    "production-infrastructure": "arn:aws:sts::050019655025:assumed-role/infrastructure/",
    "main-infrastructure": "arn:aws:sts::398263320410:assumed-role/infrastructure/",
}
# The CLI itself refuses to call STS without a region, and CLI 1 reads only this variable.
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture
def cli(strict_world):
    strict_world.install("aws", need("aws"))


def prompt(world, profile):
    return world.prompt(profile, SERIAL)


def test_one_code_serves_the_cli_for_every_role(strict_world, cli):
    """Roles that are assumed from the MFA session without a question are in the CLI's cache too."""
    world = strict_world
    first, *others = PROFILES
    world.asked_once(world.terminal("aws-auth", "-p", first, "true"), prompt(world, first), SERIAL)
    for profile in others:
        world.succeed("aws-auth", "-p", profile, "true")
    assert world.sts.calls() == ["GetSessionToken"] + ["AssumeRole"] * 4

    for profile, role in PROFILES.items():
        identity = world.succeed("aws", "--profile", profile, "sts", "get-caller-identity", env=REGION)
        assert json.loads(identity)["Arn"] == role + "jo"
    assert world.sts.calls()[5:] == ["GetCallerIdentity"] * 4


def test_aws_auth_uses_what_the_cli_asked_for(strict_world, cli):
    world = strict_world
    first = world.terminal("aws", "--profile", "sops", "sts", "get-caller-identity", env=REGION)
    world.asked_once(first, f"Enter MFA code for {SERIAL}: ", SERIAL)
    calls = world.sts.calls()
    assert calls == ["AssumeRole", "GetCallerIdentity"]
    world.succeed("aws-auth", "-p", "sops", "true")
    assert world.sts.calls() == calls
    # Another role is not in the cache, and the CLI's code is used.
    running = world.terminal("aws-auth", "-p", "main-infrastructure", "true")
    world.asked_once(running, prompt(world, "main-infrastructure"), SERIAL)


def test_the_cli_as_the_command_is_the_role(strict_world, cli):
    world = strict_world
    command = ["aws-auth", "-p", "sops", "aws", "sts", "get-caller-identity", "--output", "text", "--query", "Arn"]
    ended = world.asked_once(world.terminal(*command, env=REGION), prompt(world, "sops"), SERIAL)
    assert PROFILES["sops"] + "jo" in ended.screen


def test_make_j8_over_four_profiles_asks_once(strict_world):
    world = strict_world
    world.install("make", need("make"))
    targets = " ".join(f"{profile}.{number}" for profile in PROFILES for number in (1, 2))
    recipe = "\t@AWS_PROFILE=$(basename $@) aws-auth sh -c 'printf %s $$AWS_ACCESS_KEY_ID > $@'\n"
    world.write("Makefile", f"all: {targets}\n{targets}:\n{recipe}")
    running = world.terminal("make", "-j8")
    running.expect("MFA code for ")
    running.type(world.sts.code(SERIAL))
    ended = running.finish().check()
    assert ended.prompts == 1, ended.screen
    assert sorted(world.sts.calls()) == ["AssumeRole"] * 4 + ["GetSessionToken"]
    keys = {target: (world.directory / target).read_text() for target in targets.split()}
    assert len(set(keys.values())) == 4
    assert all(keys[f"{profile}.1"] == keys[f"{profile}.2"] for profile in PROFILES)
