"""The real terraform (or OpenTofu) works with a role and keeps its state in moto's S3.

It downloads no provider: the only resource is the built-in terraform_data.
"""

import json

import pytest

from conftest import need

PROFILE = "development-infrastructure"
ACCOUNT = "381494870249"
GREETING = 'Grüße "aus" dem Plan'

MAIN = """\
terraform {
  backend "s3" {
    bucket         = "state-of-the-team"
    key            = "infrastructure.tfstate"
    region         = "eu-west-1"
    use_path_style = true
    # There is no instance here. S3 and STS are really called.
    skip_metadata_api_check = true
  }
}

resource "terraform_data" "greeting" {
  input = "Grüße \\"aus\\" dem Plan"
}

output "greeting" {
  value = terraform_data.greeting.output
}
"""


@pytest.fixture
def terraform(world, moto):
    world.install("terraform", need("terraform", "tofu"))
    # Ignore the user's own configuration, and do not ask the vendor about newer versions.
    world.env |= {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    # The backend reads only the endpoint variables of single services.
    world.env |= {"AWS_ENDPOINT_URL_S3": moto.url, "AWS_ENDPOINT_URL_STS": moto.url}
    world.env["AWS_PROFILE"] = PROFILE
    world.write("main.tf", MAIN)
    region = {"LocationConstraint": "eu-west-1"}
    moto.client("s3", ACCOUNT).create_bucket(Bucket="state-of-the-team", CreateBucketConfiguration=region)


def test_init_plan_apply_and_output(world, moto, terraform):
    ended = world.shell_asked_once("aws-auth terraform init -no-color", PROFILE)
    assert "successfully initialized" in ended.screen

    before = len(moto.calls())
    assert "1 to add" in world.succeed("aws-auth", "terraform", "plan", "-no-color", "-out=plan")
    assert "1 added" in world.succeed("aws-auth", "terraform", "apply", "-no-color", "plan")
    assert greeting(world.succeed("aws-auth", "terraform", "output", "-json")) == GREETING

    calls = moto.calls()[before:]
    assert "PUT /state-of-the-team/infrastructure.tfstate" in {call.action for call in calls if call.service == "s3"}
    # All calls are terraform's own, with the role: aws-auth used cached credentials.
    assert {call.access_key for call in calls} == {world.role_key()}
    assert "AssumeRole" not in {call.action for call in calls}


def test_json_goes_through_a_pipe_while_the_code_is_asked_for(world, terraform):
    world.shell_asked_once("aws-auth terraform init && aws-auth terraform apply -auto-approve", PROFILE)
    world.forget()
    world.shell_asked_once("aws-auth terraform output -json | cat > out.json", PROFILE)
    assert greeting((world.directory / "out.json").read_text()) == GREETING


def greeting(output):
    """The value of the output. Text before or after the JSON is an error."""
    return json.loads(output)["greeting"]["value"]
