"""Real SDKs see the same settings with AWS_PROFILE=team alone, below `aws-auth -p team`, and below `aws-auth -p team
--keep-fresh`: whatever `[default]` has, and however the profile is called. The programs are in `probes`. Each prints
the requests that its SDK would send."""

import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from conftest import need
from world import TARGET, World, python

PROBES = __file__.rsplit("/", 1)[0] + "/probes"
SDKS = ("boto3", "cli1", "cli2", "go", "js", "java1", "java2", "rust")
# Java 1 and the AWS CLI 2 of Debian 12 are older than settings for endpoints.
WITH_ENDPOINTS = tuple(sdk for sdk in SDKS if sdk not in ("cli2", "java1"))

# Not on a machine of EC2. Java 1 would print an advertisement for Java 2.
ENV = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_JAVA_V1_DISABLE_DEPRECATION_ANNOUNCEMENT": "true"}
ALONE = ([], {"AWS_PROFILE": "team"})
WAYS = [ALONE, (["aws-auth", "-p", "team"], {}), (["aws-auth", "-p", "team", "--keep-fresh"], {})]

KEY, SECRET = "AKIAIOSFODNN7TEAM000", "ieCh5ahsCanaryOfTheSettingsTests00000001"


def keys(key=KEY):
    return f"aws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n"


@dataclass(frozen=True)
class Case:
    """The settings of `[default]` and of `[profile team]`, and what else is in the file."""

    default: str
    team: str
    rest: str = ""
    # What the AWS CLI is asked for, which takes a second each.
    cli: tuple = ("s3",)
    # The SDKs that know these settings.
    sdks: tuple = SDKS


IRELAND = "region = eu-west-1\n"


def services(name, *own):
    return f"[services {name}]\n" + "".join(f"{one} =\n  endpoint_url = http://{one}.{name}.test\n" for one in own)


SERVICES = services("theirs", "s3", "kms", "sts") + services("ours", "s3", "sts")
REST = "output = table\nrequest_checksum_calculation = when_required\ns3 =\n  addressing_style = path\n"

CASES = {
    "nothing": Case("", IRELAND),
    "endpoint": Case("endpoint_url = http://default.test\n" + IRELAND, IRELAND, sdks=WITH_ENDPOINTS),
    "services": Case("services = theirs\n" + IRELAND, IRELAND, SERVICES, cli=("kms",), sdks=WITH_ENDPOINTS),
    # Without a region of its own, most calls of the profile fail, and must fail.
    "region": Case("region = us-west-2\n", "", cli=("kms",)),
    "rest": Case("region = us-west-2\n" + REST, IRELAND, cli=("s3", "output")),
    "own": Case(
        "region = us-west-2\noutput = json\nendpoint_url = http://default.test\nservices = theirs\n"
        "request_checksum_calculation = when_supported\ns3 =\n  addressing_style = virtual\n",
        IRELAND + "services = ours\n" + REST,
        SERVICES,
        cli=("s3", "output"),
    ),
    # They reach the command as variables, without a configuration file of its own.
    "own-in-variables": Case(
        "",
        IRELAND + "services = ours\nendpoint_url = http://team.test\noutput = text\n",
        SERVICES,
        cli=("kms", "output"),
    ),
}


@pytest.fixture
def worlds(tmp_path, binary):
    """Makes a world with this text as the configuration file."""

    def make(config):
        made = World(tmp_path / str(next(numbers)))
        made.env |= ENV
        made.install("aws-auth", binary)
        made.config.write_text(config)
        return made

    numbers = itertools.count()
    return make


def program(sdk, cli=("s3",)):
    """The command that prints what this SDK sees."""
    if sdk == "boto3":
        return [python("")[0], f"{PROBES}/boto3_probe.py"]
    if sdk in ("cli1", "cli2"):
        return [python("")[0], f"{PROBES}/cli_probe.py", need("aws" if sdk == "cli1" else "aws2"), *cli]
    if sdk == "rust":
        example = TARGET / "debug/examples/seen-settings"
        assert example.exists(), f"{example} is not there: `cargo build --examples` makes it"
        return [example]
    return [need(f"{sdk}-probe")]


def reduced(call):
    """What settings decide of a call: the URL, whose key signed it for which region, and the checksums."""
    if not isinstance(call, dict) or "url" not in call:
        # What follows differs in each run of Java.
        return json.loads(re.sub(r"of the providers in the chain [^\"]*", "", json.dumps(call)))
    headers = {name.lower(): value for name, value in call["headers"].items()}
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", headers.get("authorization", ""))
    checksums = sorted(name for name in headers if "checksum" in name or name in ("content-md5", "x-amz-trailer"))
    return {"url": call["url"], "signed": signed and list(signed.groups()), "checksums": checksums}


def see(world, argv, env):
    return {name: reduced(call) for name, call in json.loads(world.succeed(*argv, env=env)).items()}


def see_all(world, probe, ways):
    """What the program sees in each of these ways, as pairs of a prefix and an environment; two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda way: see(world, [*way[0], *probe], way[1]), ways))


@pytest.mark.parametrize(("name", "sdk"), [(name, sdk) for name, case in CASES.items() for sdk in case.sdks])
def test_settings_are_those_of_the_profile(worlds, name, sdk):
    case = CASES[name]
    default = f"[default]\n{case.default}" if case.default else ""
    world = worlds(f"{default}[profile team]\n{keys()}{case.team}{case.rest}")
    probe = program(sdk, case.cli)
    alone, prefix, keep_fresh = see_all(world, probe, WAYS)
    assert prefix == alone
    assert keep_fresh == alone
    assert KEY in json.dumps(alone) or "error" in json.dumps(alone)
    if case.default:
        # The case must be able to tell.
        by_default = see(world, probe, {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET})
        assert by_default != alone


@pytest.mark.parametrize("sdk", WITH_ENDPOINTS)
def test_settings_of_a_role_are_those_of_its_profile(worlds, moto, sdk):
    """moto is the STS, for the SDK too, which assumes the role itself where aws-auth does not."""
    world = worlds(
        f"[default]\nendpoint_url = http://default.test\n{REST}[profile keys]\n{keys()}[profile team]\n{IRELAND}"
        "role_arn = arn:aws:iam::381494870249:role/infrastructure\nsource_profile = keys\n"
    )
    world.env["AWS_ENDPOINT_URL_STS"] = moto.url
    seen = [re.sub("ASIA[A-Z0-9]+", "ASIA", json.dumps(way)) for way in see_all(world, program(sdk), WAYS)]
    assert "ASIA" in seen[0]
    assert seen[1:] == [seen[0]] * 2


# Names and how a file writes them.
NAMES = {
    "a#b": "a#b",
    "a;b": "a;b",
    "with space": '"with space"',
    "it's \"$(x)\" #1 ;2 \\": '"it\'s \\"$(x)\\" #1 ;2 \\\\"',
}


@pytest.mark.parametrize("sdk", SDKS)
def test_keep_fresh_gives_every_sdk_the_profile_whatever_its_name(worlds, sdk):
    """The name is in the `credential_process` too, which SDKs split in different ways. Each has a file of its own,
    because the sections of some would keep Go, Java 2 and Rust from reading the rest."""
    probe = program(sdk)
    (team,) = see_all(worlds(f"[default]\n{REST}[profile team]\n{keys()}{IRELAND}"), probe, [ALONE])
    for number, (name, written) in enumerate(NAMES.items()):
        key = f"AKIAIOSFODNN7NAME{number:03}"
        world = worlds(f"[default]\n{REST}[profile {written}]\n{keys(key)}{IRELAND}")
        seen = see(world, ["aws-auth", "-p", name, "--keep-fresh", *probe], {})
        assert seen == json.loads(json.dumps(team).replace(KEY, key)), name
