"""The real AWS CLI with credentials that can do less than the role. moto does not evaluate session policies; the
project's own STS does, and it has two actions of SNS: something to read, and something to write."""

import json

import pytest

from conftest import need
from local_sts import SERIAL

REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}
READ = ("aws", "sns", "list-topics", "--output", "json")
WRITE = ("aws", "sns", "create-topic", "--name", "bounded", "--output", "json")


@pytest.fixture
def world(strict_world):
    """A world with an MFA session."""
    strict_world.install("aws", need("aws"))
    strict_world.env["AWS_ENDPOINT_URL_SNS"] = strict_world.sts.url
    first = strict_world.terminal("aws-auth", "-p", "sops", "--login")
    strict_world.asked_once(first, strict_world.prompt("sops", SERIAL), SERIAL)
    return strict_world


def assert_refused(world, *command):
    refused = world.run(*command, env=REGION)
    assert refused.returncode != 0 and "no session policy allows the sns:CreateTopic action" in refused.stderr, refused


def test_the_role_itself_reads_and_writes(world):
    world.succeed("aws-auth", "-p", "sops", *READ, env=REGION)
    assert "bounded" in world.succeed("aws-auth", "-p", "sops", *WRITE, env=REGION)


def test_read_only_allows_a_read_and_refuses_a_write(world):
    world.succeed("aws-auth", "-p", "sops", "--read-only", *READ, env=REGION)
    assert_refused(world, "aws-auth", "-p", "sops", "--read-only", *WRITE)
    # The unbounded credentials are still those of the role, in aws-auth and in the CLI itself.
    world.succeed("aws-auth", "-p", "sops", *WRITE, env=REGION)
    world.succeed("aws", "--profile", "sops", *WRITE[1:], env=REGION)


def test_a_nested_run_and_a_renewal_stay_read_only(world):
    assert_refused(world, "aws-auth", "-p", "sops", "--read-only", "aws-auth", *WRITE)
    world.succeed("aws-auth", "-p", "sops", "--read-only", "--keep-fresh", *READ, env=REGION)
    assert_refused(world, "aws-auth", "-p", "sops", "--read-only", "--keep-fresh", *WRITE)
    # Inside a run without bounds, they bound the outer profile.
    assert_refused(world, "aws-auth", "-p", "sops", "aws-auth", "--read-only", *WRITE)


def test_a_file_adds_one_action_and_takes_one_away(world):
    policy = world.home / "policy.json"
    statement = {"Effect": "Allow", "Action": "sns:CreateTopic", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=4), encoding="utf-8")
    world.succeed("aws-auth", "-p", "sops", "--read-only", "--policy", policy, *WRITE, env=REGION)
    policy.write_text(json.dumps({"Statement": {**statement, "Effect": "Deny", "Action": "sns:List*"}}), encoding="utf-8")
    denied = world.run("aws-auth", "-p", "sops", "--read-only", "--policy", policy, *READ, env=REGION)
    assert denied.returncode != 0 and "sns:ListTopics" in denied.stderr, denied
