"""The GitHub Action (action.yml), with a server on loopback in the place of github.com."""

import http.server
import os
import threading

import pytest
import yaml

from conftest import need
from released import BINARY, VERSION, a_copy, run, sums
from world import REPOSITORY



class Server:
    """Serves a directory on loopback, in the place of github.com."""

    def __init__(self, directory):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=directory)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def action(tmp_path):
    """Runs the action's script as a workflow with `uses: someone/aws-auth@v0.2.0` does."""
    triple = f"{os.uname().machine}-unknown-linux-musl"
    name = f"aws-auth-{VERSION}-{triple}.tar.gz"
    released = tmp_path / f"server/someone/aws-auth/releases/download/v{VERSION}"
    binary = tmp_path / "aws-auth"
    binary.write_text(BINARY)
    binary.chmod(0o755)
    run("sh", "packaging/dist/archive.sh", binary, triple, released, CARGO_TARGET_DIR=str(tmp_path / "target"))
    (released / "SHA256SUMS").write_text(f"{sums(released)[name]}  {name}\n")
    copy = a_copy(tmp_path)
    recorded = copy / "packaging/SHA256SUMS"
    recorded.unlink(missing_ok=True)
    for file in ("path", "output"):
        (tmp_path / file).touch()
    server = Server(str(tmp_path / "server"))

    def install(status=0, **environment):
        values = {
            "GITHUB_SERVER_URL": server.url, "ACTION_REPOSITORY": "someone/aws-auth", "RUNNER_TEMP": str(tmp_path / "temp"),
            "RUNNER_OS": "Linux", "RUNNER_ARCH": {"x86_64": "X64", "aarch64": "ARM64"}[os.uname().machine],
            "GITHUB_PATH": str(tmp_path / "path"), "GITHUB_OUTPUT": str(tmp_path / "output"), "VERSION": "", "SHA256": "",
        }  # fmt: skip
        said = run("sh", str(copy / "packaging/action-install.sh"), status=status, **{**values, **environment})
        if status:
            assert "::error title=aws-auth::" in said
            assert not list(tmp_path.glob("temp/*/bin/aws-auth")) and (tmp_path / "path").read_text() == ""
        return said

    install.archive, install.recorded, install.sum = released / name, recorded, sums(released)[name]
    install.path, install.output = tmp_path / "path", tmp_path / "output"
    yield install
    server.stop()


def test_the_action_puts_aws_auth_on_the_path(action):
    assert "its sum is right by the release itself" in action()
    (directory,) = action.path.read_text().splitlines()
    assert run(f"{directory}/aws-auth", "--version") == f"aws-auth {VERSION}\n"
    assert action.output.read_text() == f"version={VERSION}\n"
    run(need("make"), "check-action", PATH=f"{directory}:{os.environ['PATH']}")
    assert run("make", "check-action", PATH="/usr/bin:/bin", status=2)


def test_the_sum_of_the_commit_counts_more_than_that_of_the_release(action):
    action.recorded.write_text(f"{action.sum}  {action.archive.name}\n")
    (action.archive.parent / "SHA256SUMS").unlink()
    assert "by the commit of the action" in action()
    # Archive and sums of the release were replaced; the action's commit was not.
    with action.archive.open("ab") as archive:
        archive.write(b"\0")
    action.path.write_text("")
    (action.archive.parent / "SHA256SUMS").write_text(f"{sums(action.archive.parent)[action.archive.name]}  {action.archive.name}\n")
    said = action(status=1)
    assert f"by the commit of the action it should be {action.sum}; nothing was installed" in said


def test_a_wrong_sum_of_the_release_or_the_workflow_installs_nothing(action):
    (action.archive.parent / "SHA256SUMS").write_text(f"{'0' * 64}  {action.archive.name}\n")
    assert f"has the sum {action.sum}, and by the release itself it should be {'0' * 64}" in action(status=1)
    assert "by the workflow it should be" in action(status=1, SHA256="1" * 64)
    assert "is not a SHA-256 sum" in action(status=1, SHA256="sha256:0")
    assert "by the workflow" in action(SHA256=action.sum.upper())


def test_what_is_not_released_is_an_error(action):
    assert "cannot be downloaded" in action(status=1, VERSION="9.9.9")
    assert "is not a version" in action(status=1, VERSION="latest")
    assert "is not a version" in action(status=1, VERSION="1.2.3/../..")
    assert "there is no aws-auth for Windows" in action(status=1, RUNNER_OS="Windows")
    assert "the architecture X86" in action(status=1, RUNNER_ARCH="X86")
    (action.archive.parent / "SHA256SUMS").write_text("")
    assert f"has no sum for {action.archive.name}" in action(status=1)


def test_the_action_gives_its_script_what_it_reads():
    text = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    assert text["runs"]["using"] == "composite"
    (step,) = text["runs"]["steps"]
    assert step["run"] == 'sh "$GITHUB_ACTION_PATH/packaging/action-install.sh"'
    script = (REPOSITORY / "packaging/action-install.sh").read_text()
    assert set(step["env"]) == {"VERSION", "SHA256", "ACTION_REPOSITORY"}
    assert all(f"${{{name}:-" in script for name in step["env"])
    assert set(text["inputs"]) == {"version", "sha256"}
