"""boto3 in the command uses the role, regardless of other settings in the files."""

import json

import pytest

from world import CREDENTIALS, python

IDENTITY = """
import boto3, json
session = boto3.Session()
identity = session.client("sts", region_name="eu-west-1").get_caller_identity()
print(json.dumps({"profile": session.profile_name, "region": session.region_name, "arn": identity["Arn"]}))
"""


def identity(world, **options):
    return json.loads(world.succeed("aws-auth", *python(IDENTITY), **options))


def test_the_command_is_the_role(world, moto):
    world.env |= {"AWS_PROFILE": "development-infrastructure", "AWS_AUTH_MFA_TOKEN": moto.code(None)}
    seen = identity(world)
    assert seen["arn"].startswith("arn:aws:sts::381494870249:assumed-role/infrastructure/")
    assert seen["profile"] == "default"
    assert seen["region"] is None
    assert moto.calls()[-1].access_key == world.role_key()


def test_the_profiles_region_reaches_the_command(world, moto):
    with world.config.open("a") as config:
        config.write("region = eu-central-1\n")
    world.env["AWS_AUTH_MFA_TOKEN"] = moto.code(None)
    assert identity(world, env={"AWS_PROFILE": "main-infrastructure"})["region"] == "eu-central-1"
    assert moto.calls("AssumeRole")[-1].region == "eu-central-1"


def test_credentials_of_the_default_profile_do_not_reach_the_command(world, moto):
    """The role's keys are in the environment, where every SDK looks first."""
    world.credentials.write_text(CREDENTIALS + "aws_session_token=stale\n")
    with world.config.open("a") as config:
        config.write("[profile static]\naws_access_key_id=AKIASTATIC0000000000\naws_secret_access_key=static\n")
    identity(world, env={"AWS_PROFILE": "static"})
    assert moto.calls()[-1].access_key == "AKIASTATIC0000000000"


OTHERS = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]


@pytest.mark.parametrize("variable", OTHERS)
def test_other_credentials_of_the_caller_do_not_reach_the_command(world, moto, variable):
    value = f"{moto.url}/never" if variable.endswith("URI") else "never"
    seen = identity(world, env={"AWS_PROFILE": "sops", "AWS_AUTH_MFA_TOKEN": moto.code(None), variable: value})
    assert "sops-credentials-access" in seen["arn"]
