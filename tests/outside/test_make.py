"""Makefiles whose recipes call aws-auth, and make below aws-auth."""

import pytest

from conftest import need
from world import python

# A single line, so that it fits in a recipe. Prints the command's identity, as the real SDK sees it.
WHOAMI = "import boto3; print(boto3.client('sts', region_name='eu-west-1').get_caller_identity()['Arn'])"
DEVELOPMENT = "arn:aws:sts::381494870249:assumed-role/infrastructure/"
SOPS = "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/"

MAKEFILE = """\
.PHONY: plan inner
plan:
	@aws-auth whoami outer
	@aws-auth $(MAKE) --no-print-directory inner
	@$(MAKE) --no-print-directory inner
inner:
	@aws-auth whoami inner
	@AWS_PROFILE=sops aws-auth whoami other
"""


@pytest.fixture
def make(world):
    world.install("make", need("make"))
    program, option, _ = python("")
    world.write("whoami", f'#!/bin/sh\nexec {program} {option} "{WHOAMI}" >> "$1"\n').chmod(0o755)
    world.install("whoami", world.directory / "whoami")
    world.write("Makefile", MAKEFILE)


def who(world, name):
    return [line.rpartition("/")[0] + "/" for line in (world.directory / name).read_text().splitlines()]


def warm(world, *profiles):
    """Puts role credentials of these profiles into the cache."""
    for profile in profiles:
        world.succeed("aws-auth", "-p", profile, "true", env={"AWS_AUTH_MFA_TOKEN": world.sts.code(None)})


@pytest.mark.parametrize("outermost", [["make"], ["aws-auth", "make"]], ids=" ".join)
def test_nested_runs_with_and_without_another_profile(world, make, outermost):
    """A recipe that names no profile keeps its credentials; one that names another profile gets its role."""
    warm(world, "sops", "development-infrastructure")
    world.succeed(*outermost, "plan", env={"AWS_PROFILE": "development-infrastructure"})
    assert who(world, "outer") == [DEVELOPMENT]
    assert who(world, "inner") == [DEVELOPMENT] * 2
    assert who(world, "other") == [SOPS] * 2


def test_make_with_a_profile_at_a_terminal_asks_once(world, make):
    world.write("Makefile", "plan:\n\t@aws-auth whoami one\n\t@aws-auth whoami two\n")
    profile = "development-infrastructure"
    world.asked_once(world.terminal("make", "plan", env={"AWS_PROFILE": profile}), world.prompt(profile))
    assert who(world, "one") == who(world, "two") == [DEVELOPMENT]


def test_an_empty_profile_variable_is_an_error(world, make):
    world.write("Makefile", "plan:\n\t@AWS_PROFILE=$(PROFILE) aws-auth true\n")
    done = world.run("make", "plan")
    assert "AWS_PROFILE" in done.stderr
    assert "Error 125" in done.stderr


EIGHT = """\
all: 1 2 3 4 5 6 7 8
1 2 3 4 5 6 7 8:
	@aws-auth sh -c 'printf "%s\\n" "$$AWS_ACCESS_KEY_ID" > key.$@'
"""


def test_eight_recipes_at_once_ask_once(world, moto, make):
    """With an empty cache and one terminal for all: one prompt, one AssumeRole, eight successes."""
    world.write("Makefile", EIGHT)
    world.asked_once(world.terminal("make", "-j8", env={"AWS_PROFILE": "sops"}), world.prompt("sops"))
    keys = {path.read_text().strip() for path in world.directory.glob("key.*")}
    assert len(list(world.directory.glob("key.*"))) == 8
    assert keys == {world.role_key()}
    assert len(moto.calls("AssumeRole")) == 1


FOUR = """\
all: sops development-infrastructure production-infrastructure main-infrastructure
sops development-infrastructure production-infrastructure main-infrastructure:
	@AWS_PROFILE=$@ aws-auth sh -c 'printf "%s\\n" "$$AWS_ACCESS_KEY_ID" > key.$@'
"""


def test_four_profiles_of_one_device_at_once_ask_once(world, moto, make):
    """One code makes one MFA session, from which all roles with that device are assumed."""
    world.write("Makefile", FOUR)
    running = world.terminal("make", "-j8")
    running.expect("MFA code for ")
    running.type(moto.code(None))
    ended = running.finish().check()
    assert ended.prompts == 1, ended.screen
    assert len(moto.calls("GetSessionToken")) == 1
    assert len(moto.calls("AssumeRole")) == 4
    keys = {entry["Credentials"]["AccessKeyId"] for entry in world.role_cache().values()}
    assert {path.read_text().strip() for path in world.directory.glob("key.*")} == keys
    assert len(keys) == 4
