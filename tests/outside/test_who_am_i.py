"""A program that uses the AWS SDK for Rust (examples/who-am-i.rs) below aws-auth: its default chain finds the right
credentials and renews them."""

import pytest

from world import TARGET

REGION = {"AWS_REGION": "eu-west-1"}
ROLE = "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/"


@pytest.fixture
def world(strict_world):
    program = TARGET / "debug/examples/who-am-i"
    assert program.exists(), f"{program} is not there: `cargo build --examples` makes it"
    strict_world.install("who-am-i", program)
    strict_world.env |= REGION
    strict_world.succeed("aws-auth", "-p", "sops", "--login", env={"AWS_AUTH_MFA_TOKEN": strict_world.sts.code(None)})
    return strict_world


def answers(text):
    """The ARN and the access key id in each line."""
    return [tuple(line.split()) for line in text.splitlines()]


def assert_signed_by(world, keys):
    """Asserts that these keys, and no others, signed the program's calls."""
    calls = zip(world.sts.calls(), world.sts.signers())
    assert [signer for call, signer in calls if call == "GetCallerIdentity"] == keys


@pytest.mark.parametrize("options", [[], ["--keep-fresh"]], ids=["prefix", "keep-fresh"])
def test_who_am_i_is_the_role(world, options):
    ((arn, key),) = answers(world.succeed("aws-auth", "-p", "sops", *options, "who-am-i"))
    assert arn.startswith(ROLE)
    assert key == world.role_key()
    assert_signed_by(world, [key])


def test_who_am_i_without_aws_auth_is_the_user(world):
    ((arn, key),) = answers(world.succeed("who-am-i"))
    assert arn == "arn:aws:iam::398263320410:user/jo"
    assert key.startswith("AKIA")


def test_who_am_i_renews_what_is_kept_fresh(world):
    """Credentials last 30 s here, and STS refuses them after that, so one process has to run for longer."""
    world.sts.shorten_roles()
    world.succeed("aws-auth", "-p", "sops", "--refresh", "true")
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 5; echo; done | who-am-i"
    seen = answers(world.succeed("aws-auth", "-p", "sops", "--keep-fresh", "sh", "-c", script))
    assert len(seen) == 9
    assert all(arn.startswith(ROLE) for arn, _ in seen)
    assert len({key for _, key in seen}) > 1
    assert_signed_by(world, [key for _, key in seen])
    assert world.sts.calls().count("GetSessionToken") == 1
