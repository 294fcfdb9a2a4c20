"""The workflows of GitHub Actions: each command is a make target that is tried, and actions are pinned."""

import re

import yaml

from conftest import need
from released import run
from world import REPOSITORY

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
# Where each command of the workflows is tried.
TRIED = {
    "make test": "this is what you run",
    "make dist": "test_make_dist_makes_everything_and_the_same_twice; for real, before a tag (docs/releasing.md)",
    "make dist-macos": "test_make_dist_macos_builds_both; for real, on macOS only",
    "make dist-recipes": "test_a_release_is_published_with_its_notes_and_all_files",
    "make check-dist": "before a tag (docs/releasing.md)",
    "make check-reproducible": "before a tag (docs/releasing.md)",
    "make check-release": "test_version_and_changelog_agree",
    "make check-action": "test_the_action_puts_aws_auth_on_the_path",
    "make fuzz-tools": "test_make_fuzz_says_what_is_missing; it asks registries",
    "make fuzz-build": "test_make_fuzz_keeps_everything_below_target; the targets themselves in tests/behaviour/fuzz_seeds.rs",
    "make publish": "test_a_release_is_published_with_its_notes_and_all_files",
}


def steps():
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            for step in job["steps"]:
                yield path, step


def test_each_command_of_the_workflows_is_a_target_that_is_tried():
    commands = {step["run"] for _, step in steps() if "run" in step}
    assert commands == set(TRIED)
    makefile = (REPOSITORY / "Makefile").read_text()
    releasing = (REPOSITORY / "docs/releasing.md").read_text()
    tests = "".join(path.read_text() for path in (REPOSITORY / "tests/outside").glob("test_*.py"))
    for command, where in TRIED.items():
        assert re.search(rf"^{command.removeprefix('make ')}:.* ## ", makefile, re.M), command
        for name in re.findall(r"\btest_\w+", where):
            assert f"\ndef {name}(" in tests, name
        assert "releasing.md" not in where or f"{command}\n" in releasing, f"{command} is not in docs/releasing.md"


def test_actions_are_pinned_to_commits_and_may_do_little():
    for path, step in steps():
        uses = step.get("uses", "./")
        assert uses == "./" or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", uses), uses
        if "/checkout@" in uses:
            assert step["with"]["persist-credentials"] is False
    for path in WORKFLOWS:
        text = path.read_text()
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
        assert all(re.search(r"@\w{40} # v\d+\.\d+\.\d+$", line) for line in text.splitlines() if "uses: actions/" in line)


def test_actionlint_finds_nothing():
    assert run(need("actionlint"), "-shellcheck=", "-pyflakes=") == ""


def test_dependabot_looks_at_directories_that_are_there():
    files = {"cargo": "Cargo.toml", "pip": "requirements.txt", "gomod": "go.mod", "npm": "package.json", "maven": "pom.xml"}
    for update in yaml.safe_load((REPOSITORY / ".github/dependabot.yml").read_text())["updates"]:
        ecosystem, directory = update["package-ecosystem"], update["directory"].lstrip("/")
        if ecosystem != "github-actions":
            assert (REPOSITORY / directory / files[ecosystem]).exists(), update
