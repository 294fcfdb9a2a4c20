"""Fixtures for the tests with other projects' programs."""

import os
import shutil
from pathlib import Path

import pytest

from local_sts import LocalSts
from moto_process import Moto
from world import CONFIG, CREDENTIALS, OUTSIDE, TARGET, World

IN_CI = os.environ.get("CI") == "true"


def find(program):
    """The program's path, or None and the reason. set-up.sh has installed it, or recorded why it could not."""
    for candidate in (OUTSIDE / "venv/bin" / program, OUTSIDE / "bin" / program):
        if candidate.exists():
            return candidate, None
    if found := shutil.which(program):
        return Path(found), None
    reason = OUTSIDE / "missing" / program
    return None, reason.read_text().strip() if reason.exists() else None


def need(*programs):
    """The path of the first of `programs` that exists; otherwise the test is skipped. In CI it may be skipped only if
    set-up.sh has recorded why this machine cannot have the program."""
    reasons = []
    for program in programs:
        path, reason = find(program)
        if path:
            return path
        reasons.append(reason)
    why = next(filter(None, reasons), None)
    if why is None and IN_CI:
        pytest.fail(f"{' or '.join(programs)} is not here, and tests/outside/set-up.sh did not say why")
    pytest.skip(f"needs {' or '.join(programs)}: {why or 'not on this machine'}")


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    """A copy, since the tests of the demo run cargo, which puts another file in the place of the binary."""
    path = Path(os.environ.get("AWS_AUTH_BIN", TARGET / "debug/aws-auth")).resolve()
    assert path.exists(), f"{path} is not there: `cargo build` makes it, or set AWS_AUTH_BIN"
    return Path(shutil.copy2(path, tmp_path_factory.mktemp("binary") / "aws-auth"))


@pytest.fixture(scope="session")
def moto_process(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto") / "server")
    yield server
    server.stop()


@pytest.fixture
def moto(moto_process):
    moto_process.reset()
    return moto_process


@pytest.fixture
def world(tmp_path, binary, moto):
    """A world with the team's two files, moto as all AWS services, and aws-auth on the PATH."""
    made = World(tmp_path)
    made.write_files(CONFIG, CREDENTIALS)
    made.use(moto)
    made.env["AWS_ENDPOINT_URL"] = moto.url
    made.install("aws-auth", binary)
    return made


@pytest.fixture
def strict_world(tmp_path, binary):
    """Like `world`, but with the project's own STS, which is stricter than moto."""
    made = World(tmp_path)
    made.use(LocalSts(made.home))
    made.env["AWS_ENDPOINT_URL_STS"] = made.sts.url
    made.install("aws-auth", binary)
    yield made
    made.sts.stop()


# The skipped tests are also written to a file, which .ci/run prints at its end.
_skipped = []


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}")


def pytest_sessionfinish(session):
    # The processes that run the tests side by side send their reports to the first one.
    if hasattr(session.config, "workerinput"):
        return
    skipped = OUTSIDE / "skipped"
    skipped.mkdir(parents=True, exist_ok=True)
    (skipped / "tests").write_text("".join(f"{line}\n" for line in _skipped))
