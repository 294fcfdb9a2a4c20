"""Long-term keys in a real Secret Service: gnome-keyring on a bus of its own. secret-tool reads them back, SDKs and
programs use a profile whose keys are there, and nothing on the bus shows the secret."""

import json
import subprocess

import pytest

from conftest import need
from private_bus import Keyring
from world import CREDENTIALS, python

ID = "AKIAIOSFODNN7JODOE00"
SECRET = "Kaet7ZaeCanaryOfTheOutsideTests000000001"
# To moto, long-term keys that it did not make are those of this account.
OF_MOTO = "123456789012"
LINE = f"credential_process = aws-auth --stored-keys {ID}\n"

IDENTITY = """
import boto3, json
keys = boto3.Session(profile_name="default").get_credentials().get_frozen_credentials()
print(json.dumps([keys.access_key, keys.secret_key, keys.token]))
"""


@pytest.fixture
def bus(world):
    """A bus without a keyring."""
    need("secret-tool")
    made = Keyring(world, need("dbus-daemon"), None)
    yield made
    made.stop()


@pytest.fixture
def keyring(bus):
    bus.start(need("gnome-keyring-daemon"))
    return bus


def holders(world):
    """The files below HOME that hold the secret."""
    found = world.run("grep", "-rlF", "--", SECRET, str(world.home))
    return found.stdout.split()


def lookup(world):
    return world.run("secret-tool", "lookup", "service", "aws-auth", "username", ID).stdout


def test_keys_move_there_and_back(world, moto, keyring):
    before = world.config.read_text()
    assert holders(world) == [str(world.credentials)]
    world.succeed("aws-auth", "--store-keys")
    assert lookup(world) == SECRET
    assert holders(world) == []
    assert world.config.read_text() == f"{before}\n[default]\n{LINE}"
    assert world.credentials.read_text() == "[default]\n"
    assert "already" in world.run("aws-auth", "--store-keys").stderr
    world.succeed("aws-auth", "--store-keys=credentials")
    assert world.config.read_text() == before
    assert world.credentials.read_text().replace(" = ", "=") == CREDENTIALS
    assert lookup(world) == ""


def test_one_code_holds_over_it(world, moto, keyring):
    world.env["AWS_AUTH_MFA_TOKEN"] = moto.code(None)
    world.succeed("aws-auth", "-p", "sops", "true")
    del world.env["AWS_AUTH_MFA_TOKEN"]
    world.succeed("aws-auth", "--store-keys")
    # There is no code to be had, and the keyring answers nothing: the session alone is used.
    keyring.hang()
    world.succeed("aws-auth", "-p", "main-infrastructure", "true")
    assert [call.action for call in moto.calls()].count("GetSessionToken") == 1


def test_a_new_session_is_made_with_the_keys_in_the_keyring(world, moto, keyring):
    world.succeed("aws-auth", "--store-keys")
    world.env["AWS_AUTH_MFA_TOKEN"] = moto.code(None)
    world.succeed("aws-auth", "-p", "sops", "true")
    assert moto.calls("GetSessionToken")[-1].access_key == ID


def test_boto3_reads_them(world, keyring):
    world.succeed("aws-auth", "--store-keys")
    seen = json.loads(world.succeed(*python(IDENTITY)))
    assert seen == [ID, SECRET, None]


@pytest.mark.parametrize("program", ["aws", "aws2"])
def test_the_aws_cli_reads_them(world, moto, keyring, program):
    world.install("the-aws", need(program))
    world.succeed("aws-auth", "--store-keys")
    # Versions 2.0 to 2.12 do not read AWS_ENDPOINT_URL.
    world.succeed("the-aws", "sts", "get-caller-identity", "--region", "eu-west-1", "--endpoint-url", moto.url)
    assert moto.calls()[-1].access_key == ID


def test_sops_reads_them(world, moto, keyring):
    world.install("sops", need("sops"))
    world.succeed("aws-auth", "--store-keys")
    key = moto.client("kms", OF_MOTO).create_key()["KeyMetadata"]["Arn"]
    world.write("logins.yaml", "password: x\n")
    world.succeed("sops", "-e", "--kms", key, "logins.yaml", env={"AWS_PROFILE": "default", "AWS_SDK_LOAD_CONFIG": "1"})
    assert moto.calls("Encrypt")[-1].access_key == ID


def test_terraform_reads_them(world, moto, keyring):
    world.install("terraform", need("terraform", "tofu"))
    world.succeed("aws-auth", "--store-keys")
    world.env |= {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", "AWS_PROFILE": "default"}
    world.env |= {"AWS_ENDPOINT_URL_S3": moto.url, "AWS_ENDPOINT_URL_STS": moto.url}
    moto.client("s3", OF_MOTO).create_bucket(
        Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    world.write(
        "main.tf",
        'terraform {\n  backend "s3" {\n    bucket = "state"\n    key = "s"\n    region = "eu-west-1"\n'
        "    use_path_style = true\n    skip_metadata_api_check = true\n  }\n}\n",
    )
    world.succeed("terraform", "init", "-input=false", "-no-color")
    assert any(call.service == "s3" and call.access_key == ID for call in moto.calls())


def test_nothing_on_the_bus_shows_the_secret(world, keyring):
    # To see that the monitor would show it: this program sends it in plain text.
    monitor = subprocess.Popen(
        [need("dbus-monitor"), "--session", "--pcap"], env=world.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    # The header of the file says that it listens.
    seen = monitor.stdout.read(24)
    world.succeed("aws-auth", "--store-keys")
    world.succeed("aws-auth", "--stored-keys", ID)
    world.succeed(
        "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
        "org.freedesktop.DBus.NameHasOwner", "string:end.of.the.test",
    )
    while b"end.of.the.test" not in seen:
        seen += monitor.stdout.read1()
    monitor.kill()
    monitor.wait()
    assert b"OpenSession" in seen and b"dh-ietf1024-sha256-aes128-cbc-pkcs7" in seen
    assert b"CreateItem" in seen and b"GetSecret" in seen and ID.encode() in seen
    assert SECRET.encode() not in seen


def test_forgetting_takes_them_out(world, keyring):
    before = world.config.read_text()
    world.succeed("aws-auth", "--store-keys")
    world.succeed("aws-auth", "--forget-keys", "--yes")
    assert lookup(world) == ""
    assert world.config.read_text() == before
    # Killed before the file was changed: the next run ends it.
    world.write_files(f"{before}\n[default]\n{LINE}", "")
    assert "the keyring has no keys" in world.run("aws-auth", "--forget-keys", "--yes").stderr
    assert world.config.read_text() == before


def test_a_bus_without_a_keyring(world, bus):
    files = world.config.read_text(), world.credentials.read_text()
    refused = world.run("aws-auth", "--store-keys")
    assert refused.returncode == 125
    assert refused.stderr == (
        "aws-auth: no keyring answers on the session bus; 'aws-auth -p default --store-keys=file' keeps the keys in a "
        "file that is encrypted with a passphrase\n"
    )
    assert (world.config.read_text(), world.credentials.read_text()) == files


def test_a_keyring_that_hangs(world, keyring):
    world.succeed("aws-auth", "--store-keys")
    keyring.hang()
    late = world.run("aws-auth", "--stored-keys", ID, env={"AWS_AUTH_PROCESS_TIMEOUT": "2s"}, timeout=30)
    assert late.returncode == 125
    assert late.stderr.startswith("aws-auth: the keyring did not answer within 2s; look for a dialog")
    assert late.stdout == ""


def test_a_locked_keyring_that_can_show_no_dialog(world, keyring):
    world.succeed("aws-auth", "--store-keys")
    keyring.end_daemon()
    keyring.start(need("gnome-keyring-daemon"), unlocked=False)
    locked = world.run("aws-auth", "--stored-keys", ID, env={"AWS_AUTH_PROCESS_TIMEOUT": "5s"}, timeout=60)
    assert locked.returncode == 125
    assert locked.stdout == ""
    assert locked.stderr == (
        "aws-auth: the keyring is locked, and its dialog was dismissed or could not be shown; unlock the keyring and "
        "run the command again, or use --store-keys=file\n"
    )
