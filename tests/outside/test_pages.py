"""Checks the form of the README's examples for CI and Kubernetes, which cannot run here."""

import re
import subprocess

import pytest
import yaml

from world import REPOSITORY


def block(first_line):
    """The indented block of the README that begins with this line."""
    lines = (REPOSITORY / "README.md").read_text().splitlines()
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
    token, plan = job["steps"]
    assert "ACTIONS_ID_TOKEN_REQUEST_URL" in token["run"]
    subprocess.run(["bash", "-n"], input=token["run"] + plan["run"], text=True, check=True)
    assert plan["env"].keys() == {"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"}
    # Both steps name the same file.
    assert "$RUNNER_TEMP/token" in token["run"]
    assert plan["env"]["AWS_WEB_IDENTITY_TOKEN_FILE"] == "${{ runner.temp }}/token"


def test_kubernetes():
    pod = yaml.safe_load(block("apiVersion: v1"))
    assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")
    assert pod["metadata"]["name"]
    (container,) = pod["spec"]["containers"]
    assert container["command"][0] == "aws-auth"


def test_jenkins():
    (pipeline,) = re.findall(r"^    (pipeline \{.*)$", (REPOSITORY / "README.md").read_text(), re.M)
    depth = 0
    for character in re.sub(r"'[^']*'", "", pipeline):
        depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert re.search(r"steps \{ sh 'aws-auth ", pipeline)


@pytest.mark.parametrize("start", ["docker run", "credential_process ="])
def test_other_programs(start):
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    found = [line.strip().removeprefix("credential_process = ") for line in lines if line.startswith(f"    {start}")]
    # A credential_process that gives the keys of a password manager is somebody's own script.
    found = [line for line in found if "aws-auth" in line]
    assert found
    for line in found:
        subprocess.run(["bash", "-n"], input=line, text=True, check=True)
        assert "aws-auth -p sops --export=" in line
