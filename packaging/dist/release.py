"""What CHANGELOG.md, Cargo.toml and the tag say of a release.

release.py version           the version of Cargo.toml
release.py repository        its URL
release.py epoch             the date of this version in CHANGELOG.md, in seconds since 1970; fails if it has none yet
release.py notes             what CHANGELOG.md says of this version
release.py check [TAG]       fails if the files do not agree, or if they are not those of the release TAG
release.py prepare VERSION [DATE]
                             makes what is unreleased the changes of VERSION, and sets that version everywhere
"""

import re
import sys
from datetime import date, datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
VERSION = r"\d+\.\d+\.\d+"
# Where the version stands: the file, and what is before and after it.
PLACES = (
    ("Cargo.toml", r'(\A\[package\]\nname = "aws-auth"\nversion = ")(.*)(")'),
    ("Cargo.lock", r'(\[\[package\]\]\nname = "aws-auth"\nversion = ")(.*)(")'),
    ("fuzz/Cargo.lock", r'(\[\[package\]\]\nname = "aws-auth"\nversion = ")(.*)(")'),
    (".github/ISSUE_TEMPLATE/bug_report.yml", r"(placeholder: aws-auth )(.*)()"),
)


class Trouble(Exception):
    """A fact and what to do about it."""


def read(name):
    return (ROOT / name).read_text()


def number(version):
    return tuple(int(part) for part in version.split("."))


def written(name, pattern):
    found = re.search(pattern, read(name))
    if not found:
        raise Trouble(f"{name} has no version where it should be")
    return found[2]


def version():
    return written(*PLACES[0])


def repository():
    found = re.search(r'^repository = "(https://.*)"$', read("Cargo.toml"), re.M)
    if not found:
        raise Trouble("Cargo.toml has no repository")
    return found[1]


class Changelog:
    """CHANGELOG.md in the form of keepachangelog.com."""

    def __init__(self):
        self.text = read("CHANGELOG.md")
        self.body, _, links = self.text.partition("\n[Unreleased]: ")
        self.links = dict(re.findall(r"^\[(.+)\]: (\S+)$", f"[Unreleased]: {links}", re.M))
        parts = re.split(r"^## (.*)\n", self.body, flags=re.M)
        self.sections = dict(zip(parts[1::2], (text.strip() for text in parts[2::2])))
        self.headings = parts[1::2]

    def releases(self):
        """The version and date of each release, newest first."""
        found = []
        for heading in self.headings[1:]:
            match = re.fullmatch(rf"\[({VERSION})\] - (\d{{4}}-\d\d-\d\d)", heading)
            if not match:
                raise Trouble(f"CHANGELOG.md: the heading {heading!r} is not of the form [1.2.3] - 2026-01-31")
            found.append((match[1], date.fromisoformat(match[2])))
        return found

    def unreleased(self):
        return self.sections.get("[Unreleased]", "")

    def of(self, version):
        for released, day in self.releases():
            if released == version:
                return self.sections[f"[{version}] - {day}"], day
        return None, None

    def check(self):
        if self.headings[:1] != ["[Unreleased]"]:
            raise Trouble("CHANGELOG.md does not begin with the section [Unreleased]")
        releases = self.releases()
        if releases != sorted(releases, key=lambda release: number(release[0]), reverse=True):
            raise Trouble("CHANGELOG.md: the newest version does not come first")
        for heading, text in self.sections.items():
            groups = re.split(r"^### (.*)\n", text, flags=re.M)
            if groups[0].strip():
                raise Trouble(f"CHANGELOG.md: {heading} has changes outside of {', '.join(GROUPS)}")
            for name, changes in zip(groups[1::2], groups[2::2]):
                if name not in GROUPS or not changes.strip().startswith("- "):
                    raise Trouble(f"CHANGELOG.md: {heading} has a group {name} that is unknown or empty")
        wanted = ["Unreleased", *(version for version, _ in releases)]
        if list(self.links) != wanted or not all(link.startswith(f"{repository()}/") for link in self.links.values()):
            raise Trouble(f"CHANGELOG.md does not end with links for {', '.join(wanted)} below {repository()}")


def check(tag=None):
    changelog = Changelog()
    changelog.check()
    current = version()
    for name, pattern in PLACES[1:]:
        if written(name, pattern) != current:
            raise Trouble(f"{name} has the version {written(name, pattern)}, and Cargo.toml {current}")
    releases = changelog.releases()
    newest = releases[0][0] if releases else "0.0.0"
    if number(current) < number(newest):
        raise Trouble(f"Cargo.toml has the version {current}, and CHANGELOG.md already {newest}")
    if number(current) > number(newest) and not changelog.unreleased():
        raise Trouble(f"CHANGELOG.md says nothing of the version {current}, and nothing is unreleased")
    if tag is None:
        return
    if tag != f"v{current}":
        raise Trouble(f"the tag is {tag}, and the version {current}; it should be v{current}")
    if newest != current:
        raise Trouble(f"CHANGELOG.md has no section for {current}; run `make prepare-release NEW={current}`")
    if changelog.unreleased():
        raise Trouble(f"CHANGELOG.md still has unreleased changes beside {current}")


def prepare(new, day=None):
    day = date.fromisoformat(day) if day else datetime.now(timezone.utc).date()
    if not re.fullmatch(VERSION, new):
        raise Trouble(f"{new} is not a version such as 0.2.0")
    changelog = Changelog()
    changelog.check()
    if not changelog.unreleased():
        raise Trouble("CHANGELOG.md has no unreleased changes")
    releases = changelog.releases()
    if releases and number(new) <= number(releases[0][0]):
        raise Trouble(f"{releases[0][0]} is already released; the new version must be greater")
    for name, pattern in PLACES:
        text = read(name)
        (ROOT / name).write_text(re.sub(pattern, lambda found: found[1] + new + found[3], text, count=1))
    url = repository()
    text = changelog.text.replace("## [Unreleased]\n", f"## [Unreleased]\n\n## [{new}] - {day}\n", 1)
    past = f"compare/v{releases[0][0]}...v{new}" if releases else f"releases/tag/v{new}"
    links = f"[Unreleased]: {url}/compare/v{new}...HEAD\n[{new}]: {url}/{past}"
    (ROOT / "CHANGELOG.md").write_text(re.sub(r"^\[Unreleased\]: .*$", links, text, count=1, flags=re.M))
    check(f"v{new}")


def main(command, *arguments):
    try:
        if command == "version":
            print(version())
        elif command == "repository":
            print(repository())
        elif command == "epoch":
            _, day = Changelog().of(version())
            if day is None:
                return 1
            print(int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp()))
        elif command == "notes":
            text, _ = Changelog().of(version())
            if text is None:
                raise Trouble(f"CHANGELOG.md has no section for {version()}")
            print(text)
        else:
            {"check": check, "prepare": prepare}[command](*arguments)
    except Trouble as trouble:
        return f"release: {trouble}"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
