"""The version, the CHANGELOG and the tag of a release, and how it is published."""

import os
import re
import sys
from pathlib import Path

import pytest

import release
from conftest import need
from released import LINUX, MACOS, VERSION, a_copy, run, sums


def test_version_and_changelog_agree():
    assert run(need("make"), "check-release") == ""


@pytest.fixture
def copy(tmp_path):
    """A copy whose CHANGELOG has had no release yet, one change, and the version 0.1.0."""
    copy = a_copy(tmp_path)
    url = release.repository()
    change(copy, "CHANGELOG.md", r"(?s).*", f"# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A.\n\n[Unreleased]: {url}/commits/main\n")
    for path in ("Cargo.toml", "Cargo.lock", "fuzz/Cargo.lock", ".github/ISSUE_TEMPLATE/bug_report.yml"):
        text = (copy / path).read_text()
        (copy / path).write_text(text.replace(f'aws-auth"\nversion = "{VERSION}"', 'aws-auth"\nversion = "0.1.0"').replace(f"aws-auth {VERSION}", "aws-auth 0.1.0"))
    return copy


def change(copy, path, pattern, replacement):
    text, times = re.subn(pattern, lambda _: replacement, (copy / path).read_text(), count=1)
    assert times == 1, pattern
    (copy / path).write_text(text)


def test_a_release_is_prepared_and_checked(copy):
    assert "no section for 0.1.0" in run(need("make"), "check-release", "TAG=v0.1.0", cwd=copy, status=2)
    run("sh", "packaging/dist/epoch.sh", cwd=copy)
    run(sys.executable, "packaging/dist/release.py", "prepare", "0.2.0", "2026-01-31", cwd=copy)
    url = release.repository()
    assert (copy / "CHANGELOG.md").read_text() == (
        "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-01-31\n\n### Added\n\n- A.\n\n"
        f"[Unreleased]: {url}/compare/v0.2.0...HEAD\n[0.2.0]: {url}/releases/tag/v0.2.0\n"
    )
    assert '\nversion = "0.2.0"\n' in (copy / "Cargo.toml").read_text()
    assert "placeholder: aws-auth 0.2.0\n" in (copy / ".github/ISSUE_TEMPLATE/bug_report.yml").read_text()
    run(need("make"), "check-release", "TAG=v0.2.0", cwd=copy)
    assert "should be v0.2.0" in run(need("make"), "check-release", "TAG=v0.2.1", cwd=copy, status=2)
    assert run("sh", "packaging/dist/epoch.sh", cwd=copy) == "1769817600\n"
    assert run(sys.executable, "packaging/dist/release.py", "notes", cwd=copy) == "### Added\n\n- A.\n"
    assert "no unreleased changes" in run(need("make"), "prepare-release", "NEW=0.3.0", cwd=copy, status=2)
    change(copy, "CHANGELOG.md", r"\n\n## \[0", "\n\n### Fixed\n\n- B.\n\n## [0")
    assert "still has unreleased changes" in run(need("make"), "check-release", "TAG=v0.2.0", cwd=copy, status=2)
    run(sys.executable, "packaging/dist/release.py", "prepare", "0.10.0", "2026-02-28", cwd=copy)
    assert f"[0.10.0]: {url}/compare/v0.2.0...v0.10.0\n" in (copy / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(
    ("path", "pattern", "replacement", "message"),
    [
        ("Cargo.lock", r'"aws-auth"\nversion = "0.1.0"', '"aws-auth"\nversion = "0.1.1"', "Cargo.lock has the version 0.1.1"),
        ("fuzz/Cargo.lock", r'"aws-auth"\nversion = "0.1.0"', '"aws-auth"\nversion = "0.1.1"', "fuzz/Cargo.lock has the version 0.1.1"),
        (".github/ISSUE_TEMPLATE/bug_report.yml", "aws-auth 0.1.0", "aws-auth 0.0.9", "bug_report.yml has the version 0.0.9"),
        ("CHANGELOG.md", r"\[Unreleased\]\n", "Unreleased\n", "does not begin with the section [Unreleased]"),
        ("CHANGELOG.md", "### Added", "### New", "a group New that is unknown"),
        ("CHANGELOG.md", "### Added\n\n- A.", "", "says nothing of the version 0.1.0"),
        ("CHANGELOG.md", "### Added\n", "", "changes outside of"),
        ("CHANGELOG.md", "https://", "http://", "does not end with links"),
        ("CHANGELOG.md", r"\n\n\[Unr", "\n\n## [0.2.0] - 31.1.2026\n\n[Unr", "is not of the form"),
    ],
)
def test_what_does_not_agree_is_named(copy, path, pattern, replacement, message):
    run(need("make"), "check-release", cwd=copy)
    change(copy, path, pattern, replacement)
    assert message in run(need("make"), "check-release", cwd=copy, status=2)


# --- Publishing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def publish(copy, tmp_path):
    """Runs `make publish` for 0.2.0 with a gh that records what it was told."""
    run(sys.executable, "packaging/dist/release.py", "prepare", "0.2.0", "2026-01-31", cwd=copy)
    dist = tmp_path / "target/dist"
    dist.mkdir(parents=True)
    for triple in LINUX + MACOS:
        (dist / f"aws-auth-0.2.0-{triple}.tar.gz").write_text(triple)
    (copy / "packaging/SHA256SUMS").unlink(missing_ok=True)
    gh = tmp_path / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\ncat >"{tmp_path}/notes"\nprintf "%s\\n" "$@" >"{tmp_path}/told"\n')
    gh.chmod(0o755)

    def make(*targets, status=0):
        return run(
            need("make"), *targets, "TAG=v0.2.0", cwd=copy, status=status, CARGO_TARGET_DIR=str(dist.parent),
            PATH=f"{gh.parent}:{os.environ['PATH']}",
        )  # fmt: skip

    make.dist, make.copy, make.told, make.notes = dist, copy, tmp_path / "told", tmp_path / "notes"
    return make


def test_a_release_is_published_with_its_notes_and_all_files(publish):
    publish("dist-recipes")
    publish("publish")
    told = publish.told.read_text().splitlines()
    assert told[:6] == ["release", "create", "v0.2.0", "--verify-tag", "--title", "aws-auth 0.2.0"]
    assert sorted(Path(path).name for path in told[8:]) == sorted(sums(publish.dist))
    assert publish.notes.read_text() == "### Added\n\n- A.\n"


def test_archives_with_other_sums_than_the_recorded_ones_are_not_published(publish):
    publish("dist-recipes")
    publish("record-sums")
    (publish.dist / f"aws-auth-0.2.0-{LINUX[0]}.tar.gz").write_text("other")
    assert "are not those of SHA256SUMS" in publish("publish", status=2)
    publish("dist-recipes")
    assert "what was built is not what packaging/SHA256SUMS says" in publish("publish", status=2)
    assert not publish.told.exists()


def test_a_release_without_an_archive_is_not_published(publish):
    (publish.dist / f"aws-auth-0.2.0-{MACOS[1]}.tar.gz").unlink()
    assert f"there is no archive for {MACOS[1]}" in publish("publish", status=2)
