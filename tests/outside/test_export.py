"""`--export`, evaluated by real shells and read by real programs."""

import json

import pytest

from conftest import need
from world import python

# Characters that are special in some shell. fish and zsh have their own quoting rules.
HOSTILE = r"""it's $(touch pwned) `touch pwned` (touch pwned) "x" \ \\ \' !x ^x ~ * ? [a] {a,b} %x ‘y’ é 'end'"""

EVALUATE = {
    "bash": 'eval "$(aws-auth --export)"; env -0 > env.out',
    "zsh": 'eval "$(aws-auth --export)"; env -0 > env.out',
    "dash": 'eval "$(aws-auth --export)"; env -0 > env.out',
    "fish": "aws-auth --export=fish | source; env -0 > env.out",
}
UNSET = {
    "bash": '[ -n "$AWS_SECRET_ACCESS_KEY" ] && eval "$(aws-auth --unset)"; env -0',
    "zsh": '[ -n "$AWS_SECRET_ACCESS_KEY" ] && eval "$(aws-auth --unset)"; env -0',
    "dash": '[ -n "$AWS_SECRET_ACCESS_KEY" ] && eval "$(aws-auth --unset)"; env -0',
    "fish": 'test -n "$AWS_SECRET_ACCESS_KEY"; and aws-auth --unset=fish | source; env -0',
}
OPTIONS = {"zsh": [["-f"], ["-f", "-o", "RC_QUOTES"], ["-f", "-o", "KSH_ARRAYS"]], "fish": [["--no-config"]]}


def variables(text):
    entries = dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)
    return {name: value for name, value in entries.items() if name.startswith("AWS_")}


@pytest.fixture
def keys(world):
    """A profile of long-term keys with hostile settings, and a caller's environment that must be removed."""
    world.config.write_text(
        f"[profile keys]\noutput = {HOSTILE}\nsdk_ua_app_id = first line\n  second line\nregion = eu-west-2\n"
        "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = it's+secret/\n"
    )
    return {
        "AWS_PROFILE": "keys",
        "AWS_SESSION_TOKEN": "stale",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x",
        "AWS_BEARER_TOKEN_BEDROCK": "x",
    }


@pytest.mark.parametrize("shell", EVALUATE)
def test_a_shell_has_the_environment_that_a_command_would_get(world, keys, shell):
    world.install(shell, need(shell))
    expected = variables(world.succeed("aws-auth", "env", "-0", env=keys))
    assert expected["AWS_DEFAULT_OUTPUT"] == HOSTILE
    assert expected["AWS_SDK_UA_APP_ID"] == "first line\nsecond line"
    for options in OPTIONS.get(shell, [[]]):
        done = world.run(shell, *options, "-c", EVALUATE[shell], env=keys)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert variables((world.directory / "env.out").read_text()) == expected
    assert not (world.directory / "pwned").exists()


@pytest.mark.parametrize("shell", EVALUATE)
def test_unset_takes_out_what_export_has_set(world, keys, shell):
    world.install(shell, need(shell))
    # Of the caller's variables, the script of --export unsets the profile and all other credentials.
    left = {name: value for name, value in variables(world.succeed("env", "-0", env=keys)).items() if name not in keys}
    both = EVALUATE[shell].replace("env -0", UNSET[shell])
    for options in OPTIONS.get(shell, [[]]):
        done = world.run(shell, *options, "-c", both, env=keys)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert variables((world.directory / "env.out").read_text()) == left
    assert not (world.directory / "pwned").exists()


def test_an_sdk_takes_the_json_as_a_credential_process(world, moto):
    """One prompt on the terminal, then the SDK renews without a prompt."""
    with world.config.open("a") as config:
        config.write("[profile sdk]\ncredential_process = aws-auth -p sops --export=json\nregion = eu-west-1\n")
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    ended = world.asked_once(world.terminal(*python(script), env={"AWS_PROFILE": "sdk"}), world.prompt("sops"))
    assert "arn:aws:sts::398263320410:assumed-role/sops-credentials-access/" in ended.screen
    again = world.succeed(*python(script), env={"AWS_PROFILE": "sdk"})
    assert again.startswith("arn:aws:sts::398263320410:assumed-role/sops-credentials-access/")
    assert len(moto.calls("AssumeRole")) == 1


def test_json_and_dotenv_hold_the_same_keys(world, keys):
    given = json.loads(world.succeed("aws-auth", "--export=json", env=keys))
    assert given == {"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "it's+secret/"}
    world.config.write_text(world.config.read_text().replace("first line\n  second line", "standard"))
    lines = world.succeed("aws-auth", "--export=dotenv", env=keys).splitlines()
    assert "AWS_SECRET_ACCESS_KEY=it's+secret/" in lines
    assert f"AWS_DEFAULT_OUTPUT={HOSTILE}" in lines
