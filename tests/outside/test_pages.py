"""The examples of the pages for CI and Kubernetes: their form, and what of them can run here."""

import re
import subprocess

import pytest
import yaml

from world import REPOSITORY


def page(name):
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def block(first_line):
    """The indented block of the page on CI that begins with this line."""
    lines = page("ci.md").splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.strip() == first_line]
    taken = []
    for line in lines[at:]:
        if line and not line.startswith("    "):
            break
        taken.append(line.removeprefix("    "))
    return "\n".join(taken).strip() + "\n"


def test_github_actions():
    job = yaml.safe_load(block("permissions: { id-token: write, contents: read }"))
    assert job["permissions"]["id-token"] == "write"
    action, token, plan = job["steps"]
    assert action["uses"].startswith("aws-auth/aws-auth@v")
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" in token["run"]
    subprocess.run(["bash", "-n"], input=token["run"] + plan["run"], text=True, check=True)
    assert plan["env"].keys() == {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"}
    # Both steps name the same file.
    assert "$RUNNER_TEMP/token" in token["run"]
    assert plan["env"]["AWS_WEB_IDENTITY_TOKEN_FILE"] == "${{ runner.temp }}/token"


def test_gitlab(strict_world):
    """The form of the job, and its script with a program in the place of terraform."""
    job = yaml.safe_load(block("plan:"))["plan"]
    assert job["id_tokens"] == {"AWS_TOKEN": {"aud": "sts.amazonaws.com"}}
    token = strict_world.directory / "token"
    script = "\n".join(job["script"]).replace("terraform plan", "env")
    variables = {**job["variables"], "AWS_TOKEN": "header.payload.signature", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    strict_world.env.pop("HOME")
    done = strict_world.run("bash", "-ec", script, env=variables)
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("header.payload.signature", 0o600)
    # The local STS trusts no identity provider. It has to be asked for the role, with the token.
    assert strict_world.sts.calls() == ["AssumeRoleWithWebIdentity"], done.stderr


def test_kubernetes():
    pod = yaml.safe_load(block("apiVersion: v1"))
    assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")
    assert pod["metadata"]["name"]
    (container,) = pod["spec"]["containers"]
    assert container["command"][0] == "aws-auth"


def test_jenkins():
    (pipeline,) = re.findall(r"^    (pipeline \{.*)$", page("ci.md"), re.M)
    depth = 0
    for character in re.sub(r"'[^']*'", "", pipeline):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert re.search(r"steps \{ sh 'aws-auth ", pipeline)


@pytest.mark.parametrize("start", ["docker run", "credential_process ="])
def test_other_programs(start):
    lines = page("containers.md").splitlines()
    found = [line.strip().removeprefix("credential_process = ") for line in lines if line.startswith(f"    {start}")]
    assert found
    for line in found:
        subprocess.run(["bash", "-n"], input=line, text=True, check=True)
        assert "aws-auth -p sops --export=" in line
