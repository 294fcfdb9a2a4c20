"""The real sops encrypts and decrypts with a KMS key that exists only in the role's account; moto is the KMS."""

import pytest

from conftest import need

SECRET = "password: Canary-uo2Phe3ahb\n"


@pytest.fixture
def key(moto):
    return moto.client("kms", "398263320410").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def sops(world):
    world.install("sops", need("sops"))
    world.env["AWS_PROFILE"] = "sops"
    world.write("logins.yaml", SECRET)


def test_encrypts_and_decrypts(world, moto, key, sops):
    world.shell_asked_once(f"aws-auth sops -e --kms {key} logins.yaml > logins.enc.yaml", "sops")
    encrypted = (world.directory / "logins.enc.yaml").read_text()
    assert key in encrypted
    assert "Canary" not in encrypted

    # The second run uses cached credentials: it needs no terminal, and its standard output comes only from sops.
    assert world.succeed("aws-auth", "sops", "-d", "logins.enc.yaml") == SECRET

    by_sops = [call for call in moto.calls() if call.service == "kms" and call.action in ("Encrypt", "Decrypt")]
    assert [call.action for call in by_sops] == ["Encrypt", "Decrypt"]
    assert {call.access_key for call in by_sops} == {world.role_key()}


def test_reads_standard_input_while_the_code_is_asked_for(world, key, sops):
    world.shell_asked_once(f"aws-auth sops -e --kms {key} logins.yaml > logins.enc", "sops")
    world.forget()
    types = "--input-type yaml --output-type yaml"
    ended = world.shell_asked_once(f"aws-auth sops -d {types} /dev/stdin < logins.enc > logins.out", "sops")
    assert (world.directory / "logins.out").read_text() == SECRET
    assert "Canary" not in ended.screen
