"""The examples of the pages for CI and Kubernetes: their form, and what of them can run here."""

import http.server
import re
import shutil
import subprocess
import threading

import pytest
import yaml

from conftest import need
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


class GitHub:
    """The service that gives a token to a job of GitHub Actions."""

    def __init__(self):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["Authorization"]))
                body = b'{"count": 1, "value": "header.payload.signature"}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.variables = {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{self.server.server_port}/id?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-of-the-job",
        }

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def github():
    service = GitHub()
    yield service
    service.stop()


def workflow(directory, steps):
    """A workflow of a repository that has this one's action.yml, with what actionlint says of it."""
    (directory / ".github/workflows").mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", directory], check=True)
    shutil.copy(REPOSITORY / "action.yml", directory)
    job = "\n".join(f"    {line}" for line in steps.splitlines())
    path = directory / ".github/workflows/ci.yml"
    path.write_text(f"name: CI\non: push\njobs:\n  plan:\n    runs-on: ubuntu-latest\n{job}\n", encoding="utf-8")
    command = [need("actionlint"), "-shellcheck=", "-pyflakes=", "-no-color", path]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False).stdout


def test_github_actions(strict_world, github):
    """The form of the job, and its step with a program in the place of terraform."""
    job = yaml.safe_load(block("permissions: { id-token: write, contents: read }"))
    action, plan = job["steps"]
    assert action["uses"].startswith("aws-auth/aws-auth@v")
    variables = {**plan["env"], **github.variables}
    done = strict_world.run("bash", "-ec", plan["run"].replace("terraform plan", "env"), env=variables)
    assert github.asked == [("/id?api-version=2.0&audience=sts.amazonaws.com", "Bearer secret-of-the-job")]
    # The local STS trusts no identity provider. It has to be asked for the role, with the token.
    assert strict_world.sts.calls() == ["AssumeRoleWithWebIdentity"], done.stderr
    assert "header.payload.signature" not in done.stderr and "secret-of-the-job" not in done.stderr
    profile = block("[profile plan]")
    assert "credential_source = GitHubActions" in profile
    strict_world.write_files(profile, "")
    strict_world.run("aws-auth", "-p", "plan", "--refresh", "true", env=github.variables)
    assert len(github.asked) == 2
    # Without the permission there are no such variables.
    done = strict_world.run("aws-auth", "true", env={**plan["env"], "GITHUB_ACTIONS": "true"})
    assert done.returncode == 125 and job["permissions"]["id-token"] == "write"
    assert "permissions: id-token: write" in done.stderr


def test_actionlint_finds_nothing_in_the_job_and_knows_the_action(tmp_path):
    job = block("permissions: { id-token: write, contents: read }")
    assert workflow(tmp_path, job) == ""
    of_this = re.sub(r"aws-auth/aws-auth@\S+", "./", job)
    checkout = "steps:\n  - uses: actions/checkout@v4"
    assert workflow(tmp_path, of_this.replace("steps:", checkout)) == ""
    wrong = of_this.replace("uses: ./", "uses: ./\n    with: { versoin: 0.2.0 }")
    assert 'input "versoin" is not defined in action "Install aws-auth"' in workflow(tmp_path, wrong)


def test_gitlab(strict_world):
    """The form of the job, and its script with a program in the place of terraform."""
    job = yaml.safe_load(block("plan:"))["plan"]
    assert job["id_tokens"] == {"AWS_TOKEN": {"aud": "sts.amazonaws.com"}}
    config = strict_world.directory / job["variables"]["AWS_CONFIG_FILE"]
    config.parent.mkdir()
    config.write_text(block(f"# {job['variables']['AWS_CONFIG_FILE']}"), encoding="utf-8")
    script = f"cd {strict_world.directory}\n" + "\n".join(job["script"]).replace("terraform plan", "env")
    strict_world.env.pop("HOME")
    done = strict_world.run("bash", "-ec", script, env={**job["variables"], "AWS_TOKEN": "header.payload.signature"})
    # The local STS trusts no identity provider. It has to be asked for the role, with the token.
    assert strict_world.sts.calls() == ["AssumeRoleWithWebIdentity"], done.stderr
    assert "header.payload.signature" not in done.stderr


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
