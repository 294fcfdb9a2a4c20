"""--rotate-keys and --register-mfa with moto's IAM, and what boto3 then finds there."""

import re

import boto3
import pytest

from test_keyring import bus, keyring  # noqa: F401  (fixtures)

USER = "jo"
ACCOUNT = "123456789012"


@pytest.fixture
def iam(moto):
    """moto's own account, in which the user is."""
    keys = {"aws_access_key_id": "AKIAROOT", "aws_secret_access_key": "root"}
    client = boto3.client("iam", endpoint_url=moto.url, region_name="us-east-1", **keys)
    client.create_user(UserName=USER)
    return client


@pytest.fixture
def keys(world, iam):
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    text = "# jo's\n[default]\naws_access_key_id = {}\naws_secret_access_key = {}   ; a comment\n"
    world.write_files("", text.format(made["AccessKeyId"], made["SecretAccessKey"]))
    return made


def listed(iam):
    return {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]}


def test_new_keys_are_made_and_the_old_ones_deleted(world, iam, keys):
    before = world.credentials.read_text()
    world.succeed("aws-auth", "--rotate-keys")
    ((new, status),) = listed(iam).items()
    assert (new != keys["AccessKeyId"], status) == (True, "Active")
    after = world.credentials.read_text()
    assert after.splitlines()[2] == f"aws_access_key_id = {new}"
    assert after.splitlines()[3] != before.splitlines()[3] and after.endswith("   ; a comment\n")
    actions = [call.action for call in world.sts.calls() if call.service == "iam" and call.access_key != "AKIAROOT"]
    assert actions == ["ListMFADevices", "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"]
    assert {call.region for call in world.sts.calls() if call.service == "iam"} == {"us-east-1"}


def test_old_keys_are_kept_inactive(world, iam, keys):
    world.succeed("aws-auth", "--rotate-keys", "--keep-old")
    assert sorted(listed(iam).values()) == ["Active", "Inactive"]
    assert listed(iam)[keys["AccessKeyId"]] == "Inactive"
    # There can be no third one.
    refused = world.run("aws-auth", "--rotate-keys")
    assert refused.returncode == 125
    assert "the user has two access keys, and there can be no third" in refused.stderr


def test_a_device_is_made_and_enabled(world, iam, keys):
    world.env["TERM"] = "xterm-256color"
    terminal = world.terminal("aws-auth", "--register-mfa", "--yes")
    terminal.expect("MFA code of the new device: ")
    terminal.type("123456")
    terminal.expect("the next MFA code, once the app shows another: ")
    terminal.type("654321")
    screen = terminal.finish().check().screen
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/{USER}"
    assert [device["SerialNumber"] for device in iam.list_mfa_devices(UserName=USER)["MFADevices"]] == [serial]
    assert world.config.read_text() == f"[default]\nmfa_serial = {serial}\n"
    # The secret of the answer, in groups of four letters.
    assert re.search(r"^(?:[A-Z2-7]{4} )+[A-Z2-7]{1,4}\r?$", screen, re.M), screen


def test_a_colleague_is_set_up_from_nothing(world, iam):
    world.config.unlink()
    world.credentials.unlink()
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    template = "[profile reader]\nsource_profile = default\nmfa_serial = <IAM username>\nrole_arn = "
    team = world.write("team.ini", f"{template}{role}\nregion = <your region>\n")
    world.env["TERM"] = "xterm-256color"
    terminal = world.terminal("aws-auth", "--setup", "--from", str(team))
    for question, answer in [
        ("Access key id for default: ", made["AccessKeyId"]),
        (f"Secret access key of {made['AccessKeyId']}: ", made["SecretAccessKey"]),
        ("write this? [y/N] ", "y"),
        ("in an authenticator app? [y/N] ", "y"),
        ("MFA code of the new device: ", "123456"),
        ("the next MFA code, once the app shows another: ", "654321"),
        ("Your value for <your region>, region of profile 'reader' (Enter leaves it): ", "eu-west-1"),
        ("write this? [y/N] ", "y"),
        ("MFA code for reader (", "222222"),
    ]:
        terminal.expect(question)
        terminal.type(answer)
    screen = terminal.finish().check().screen
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/{USER}"
    assert [device["SerialNumber"] for device in iam.list_mfa_devices(UserName=USER)["MFADevices"]] == [serial]
    assert re.search(rf"^reader +{ACCOUNT} +reader +\d+s +ok\r?$", screen, re.M), screen
    config = f"source_profile = default\nmfa_serial = {serial}\nrole_arn = {role}\nregion = eu-west-1\n"
    assert world.config.read_text() == f"[profile reader]\n{config}"
    # The AWS CLI would find the credentials of the check.
    assert len(world.role_cache()) == 1


def test_keys_in_a_keyring_are_replaced_there(world, iam, keys, keyring):  # noqa: F811
    def lookup(key):
        return world.run("secret-tool", "lookup", "service", "aws-auth", "username", key).stdout

    world.succeed("aws-auth", "--store-keys")
    assert lookup(keys["AccessKeyId"]) == keys["SecretAccessKey"]
    world.succeed("aws-auth", "--rotate-keys")
    ((new, status),) = listed(iam).items()
    assert (new != keys["AccessKeyId"], status) == (True, "Active")
    assert f"\ncredential_process = aws-auth --stored-keys {new}\n" in world.config.read_text()
    secret = lookup(new)
    assert len(secret) == 40 and lookup(keys["AccessKeyId"]) == ""
    assert world.run("grep", "-rlF", "--", secret, str(world.home)).stdout == ""
