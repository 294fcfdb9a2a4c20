"""Commands that outlive their credentials: real SDKs call aws-auth again to renew them. Here credentials last 30 s and
are renewed when 20 s are left (`--min-ttl`), so a run of 40 s sees more than three renewals. The tests have to wait for that."""

import json

import pytest

from conftest import find, need
from local_sts import SERIAL
from test_terraform import MAIN
from world import python

RENEWALS = 3
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}
FRESH = ["-p", "sops", "--keep-fresh", "--min-ttl", "20s"]

# Calls until it has seen enough access keys for the renewals; prints the keys in their order, and the process id.
LOOP = """
import boto3, json, os, sys, time
sts, seen, calls = boto3.client("sts"), [], 0
while calls < 200 or len(seen) <= int(sys.argv[1]):
    arn = sts.get_caller_identity()["Arn"]
    assert ":assumed-role/" in arn, arn
    key = boto3.DEFAULT_SESSION.get_credentials().access_key
    seen += [key] if key not in seen else []
    calls += 1
    time.sleep(0.1)
print(json.dumps({"pid": os.getpid(), "keys": seen}))
"""

# The same with a new process for each call, while boto3's loop runs next to it.
EACH = "while ! [ -e {stop} ]; do {command} >>{out} || touch {stop}.failed; done"

# Runs a tool that calls AWS once, again and again for 40 s.
PACED = "for i in 1 2 3 4 5 6 7 8; do sleep 5;"
# The account that moto uses for unknown keys.
DEFAULT_ACCOUNT = "123456789012"


@pytest.fixture
def world(strict_world):
    strict_world.sts.shorten_roles()
    strict_world.env |= REGION
    return strict_world


def static_key(world):
    return next(line.split("=")[1].strip() for line in world.credentials.read_text().splitlines() if "access_key_id" in line)


def caller_identity(world):
    """Arguments for the AWS CLI, whose versions 2.0 to 2.12 do not read AWS_ENDPOINT_URL."""
    return f"--endpoint-url {world.sts.url} sts get-caller-identity"


def log_in(world, profile="sops"):
    world.succeed("aws-auth", "-p", profile, "--login", env={"AWS_AUTH_MFA_TOKEN": world.sts.code(None)})


def assert_renewed(world, moto, service):
    keys = {call.access_key for call in moto.calls() if call.service == service}
    assert len({key for key in keys if key.startswith("ASIA")}) > RENEWALS
    assert static_key(world) not in {call.access_key for call in moto.calls()}
    assert world.sts.calls().count("GetSessionToken") == 1


def test_boto3_and_the_cli_run_past_three_renewals_with_one_prompt(world):
    world.install("aws", need("aws"))
    loop = world.write("loop.py", LOOP)
    out, stop = world.directory / "out", world.directory / "stop"
    clis = ["aws"]
    if find("aws2")[0]:
        world.install("aws2", need("aws2"))
        clis.append("aws2")
    arn = f"{caller_identity(world)} --query Arn --output text"
    loops = [EACH.format(stop=stop, out=out, command=f"{cli} {arn}") for cli in clis]
    script = f'({") & (".join(loops)}) & "$1" {loop} {RENEWALS} >keys; touch {stop}; wait'
    running = world.terminal("aws-auth", *FRESH, "sh", "-c", script, "sh", python("")[0])
    running.expect(world.prompt("sops", SERIAL))
    running.type(world.sts.code(None))
    ended = running.finish().check()
    assert ended.prompts == 1, ended.screen

    keys = json.loads((world.directory / "keys").read_text())["keys"]
    assert len(keys) > RENEWALS
    assert not stop.with_suffix(".failed").exists(), ended.screen
    assert all("assumed-role/sops-credentials-access" in line for line in out.read_text().splitlines())
    calls, signers = world.sts.calls(), world.sts.signers()
    assert calls.count("GetSessionToken") == 1
    # Both tools together: one AssumeRole for each set of credentials.
    assert calls.count("AssumeRole") <= len(keys) + 1
    # The long-term keys in [default] signed only the call that made the session.
    assert [call for call, key in zip(calls, signers) if key == static_key(world)] == ["GetSessionToken"]


def test_the_process_is_the_command_itself(world):
    log_in(world)
    seen = world.succeed("sh", "-c", 'echo $$; exec aws-auth -p sops --keep-fresh sh -c "echo \\$\\$"').split()
    assert seen[0] == seen[1]


@pytest.mark.parametrize("cli", ["aws", "aws2"])
def test_a_session_that_ended_is_an_error_in_the_commands_own_output(world, cli):
    world.install("aws", need(cli))
    log_in(world)
    forget = "rm -rf ~/.cache/aws-auth/session-* ~/.aws/cli/cache"
    call = f"exec aws {caller_identity(world)}"
    failed = world.run("aws-auth", "-p", "sops", "--keep-fresh", "sh", "-c", f"{forget}; {call}")
    assert failed.returncode != 0
    assert "needs an MFA code" in failed.stderr
    assert "run 'aws-auth -p sops --login' in a terminal; sh then uses the new credentials" in failed.stderr
    log_in(world)
    world.succeed("aws-auth", "-p", "sops", "--keep-fresh", "sh", "-c", call)


def test_a_profile_with_blanks_and_quotes_is_read_by_boto3(world):
    with world.config.open("a") as config:
        config.write(
            '[profile "it\'s \\"odd\\" $(x) #1"]\nsource_profile = default\nmfa_serial = ' + SERIAL
            + "\nrole_arn = arn:aws:iam::381494870249:role/infrastructure\n"
        )
    name = 'it\'s "odd" $(x) #1'
    log_in(world, name)
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    arn = world.succeed("aws-auth", "-p", name, "--keep-fresh", *python(script))
    assert "assumed-role/infrastructure/" in arn


def test_sops_decrypts_past_three_renewals(world, moto):
    """moto is the KMS, which accepts and records any key. One command runs sops many times; each run calls KMS once."""
    world.install("sops", need("sops"))
    key = moto.client("kms", DEFAULT_ACCOUNT).create_key()["KeyMetadata"]["Arn"]
    world.write("logins.yaml", "password: Canary-uo2Phe3ahb\n")
    world.env["AWS_ENDPOINT_URL_KMS"] = moto.url
    script = f"sops -e --kms {key} logins.yaml >enc.yaml; {PACED} sops -d enc.yaml >dec.yaml; done"
    running = world.terminal("aws-auth", *FRESH, "sh", "-ec", script)
    world.asked_once(running, world.prompt("sops", SERIAL), SERIAL)
    assert (world.directory / "dec.yaml").read_text() == "password: Canary-uo2Phe3ahb\n"
    assert_renewed(world, moto, "kms")


def test_recipes_of_make_with_and_without_another_profile(world):
    world.install("aws", need("aws"))
    arn = "aws sts get-caller-identity --query Arn --output text"
    world.write(
        "Makefile",
        f"all: none inherited named variable\nnone: ; @echo none $$({arn})\ninherited: ; @echo inherited $$(aws-auth {arn})\n"
        f"named: ; @echo named $$(aws-auth -p main-infrastructure {arn})\n"
        f"variable: ; @echo variable $$(AWS_PROFILE=development-infrastructure aws-auth {arn})\n",
    )
    log_in(world)
    lines = world.succeed("aws-auth", "-p", "sops", "--keep-fresh", "make", "-j4", "all").splitlines()
    roles = {word: arn.rsplit(":", 1)[0][-12:] + "/" + arn.split("/")[1] for word, arn in map(str.split, lines)}
    assert roles == {
        "none": "398263320410/sops-credentials-access",
        "inherited": "398263320410/sops-credentials-access",
        "named": "398263320410/infrastructure",
        "variable": "381494870249/infrastructure",
    }
    assert world.sts.calls().count("GetSessionToken") == 1


def test_terraform_reads_its_state_with_credentials_that_are_renewed(world, moto):
    """moto is the S3 with the state, and accepts and records any key. One command runs terraform many times, because
    terraform calls S3 only at its start and end."""
    world.install("terraform", need("terraform", "tofu"))
    region = {"LocationConstraint": "eu-west-1"}
    moto.client("s3", DEFAULT_ACCOUNT).create_bucket(Bucket="state-of-the-team", CreateBucketConfiguration=region)
    world.write("main.tf", MAIN)
    world.env |= {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    world.env["AWS_ENDPOINT_URL_S3"] = moto.url
    script = f"terraform init && terraform apply -auto-approve && {PACED} terraform output; done"
    running = world.terminal("aws-auth", *FRESH, "sh", "-ec", script)
    world.asked_once(running, world.prompt("sops", SERIAL), SERIAL)
    assert_renewed(world, moto, "s3")
