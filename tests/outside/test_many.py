"""`--each` with the real terraform (or OpenTofu) over three accounts in moto."""

import json

import pytest

from conftest import need

PROFILES = {"dev": "381494870249", "staging": "398263320410", "prod": "050019655025"}

MAIN = """\
terraform {
  backend "s3" {
    key                         = "infrastructure.tfstate"
    region                      = "eu-west-1"
    use_path_style              = true
    skip_metadata_api_check     = true
  }
}

resource "terraform_data" "greeting" {
  input = "hello"
}
"""

MAKEFILE = """\
plan-all: ; aws-auth --each '{patterns}' -j 4 --outputs plans sh -c 'TF_DATA_DIR=.terraform-$$AWS_AUTH_PROFILE terraform plan -no-color'
plan: ; aws-auth --each 'dev,staging,prod' -j 3 sh -c 'TF_DATA_DIR=.terraform-$$AWS_AUTH_PROFILE terraform plan -no-color'
"""

# Each profile has a data directory and a bucket of its own.
INIT = 'TF_DATA_DIR=.terraform-$AWS_AUTH_PROFILE terraform init -no-color -input=false -backend-config=bucket=state-$AWS_AUTH_PROFILE'
PLAN = "TF_DATA_DIR=.terraform-$AWS_AUTH_PROFILE terraform plan -no-color"


@pytest.fixture
def terraform(world, moto):
    world.install("terraform", need("terraform", "tofu"))
    world.env |= {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    world.env |= {"AWS_ENDPOINT_URL_S3": moto.url, "AWS_ENDPOINT_URL_STS": moto.url}
    world.write("main.tf", MAIN)
    region = {"LocationConstraint": "eu-west-1"}
    with world.config.open("a", encoding="utf-8") as config:
        for profile, account in PROFILES.items():
            serial = "arn:aws:iam::398263320410:mfa/jo.doe"
            role = f"arn:aws:iam::{account}:role/infrastructure"
            config.write(f"[profile {profile}]\nsource_profile = default\nmfa_serial = {serial}\nrole_arn = {role}\n")
            moto.client("s3", account).create_bucket(Bucket=f"state-{profile}", CreateBucketConfiguration=region)


def rows(stderr):
    """The table at the end, without the times."""
    lines = stderr.splitlines()
    return [line.split()[:2] for line in lines[lines.index("PROFILE  STATUS  TIME") + 1 :]]


def test_plans_over_three_accounts_take_one_code(world, moto, terraform):
    before = len(moto.calls())
    command = f"aws-auth --each 'dev,staging,prod' -j 3 sh -c '{INIT}'"
    world.shell_asked_once(command, "dev")
    calls = [call.action for call in moto.calls()[before:] if call.service == "sts"]
    assert calls.count("GetSessionToken") == 1 and calls.count("AssumeRole") == 3

    before = len(moto.calls())
    done = world.run("aws-auth", "--each", "dev,staging,prod", "-j", "3", "sh", "-c", PLAN)
    assert done.returncode == 0, done.stderr
    for profile in PROFILES:
        assert f"{profile} | Plan: 1 to add, 0 to change, 0 to destroy.\n" in done.stdout
    assert all(line.split(" | ")[0] in PROFILES for line in done.stdout.splitlines()), done.stdout
    assert rows(done.stderr) == [["dev", "0"], ["staging", "0"], ["prod", "0"]]
    # Each plan read the state of its own account.
    keys = {call.access_key for call in moto.calls()[before:] if call.service == "s3"}
    assert len(keys) == 3

    # One of them fails; the others run all the same.
    failing = f"test $AWS_AUTH_PROFILE != staging || export TF_VAR_x=1 TF_CLI_ARGS_plan=-not-an-option; {PLAN}"
    done = world.run("aws-auth", "--each", "dev,staging,prod", "-j", "3", "sh", "-c", failing)
    assert done.returncode == 123, done.stderr
    assert rows(done.stderr) == [["dev", "0"], ["staging", "1"], ["prod", "0"]]
    assert "staging | " in done.stderr and "dev | Plan: 1 to add" in done.stdout

    done = world.run("aws-auth", "--each", "dev,staging,prod", "-j", "3", "--json", "sh", "-c", failing)
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [(line["profile"], line["status"]) for line in lines] == [("dev", 0), ("staging", 1), ("prod", 0)]


def test_the_recipes_of_the_page(world, terraform):
    world.install("make", need("make"))
    world.shell_asked_once(f"aws-auth --each 'dev,staging,prod' -j 3 sh -c '{INIT}'", "dev")
    world.write("Makefile", MAKEFILE.format(patterns="dev,staging,prod"))
    assert "prod | Plan: 1 to add" in world.succeed("make", "plan")
    world.succeed("make", "plan-all")
    for profile in PROFILES:
        assert "Plan: 1 to add" in (world.directory / "plans" / f"{profile}.out").read_text()
