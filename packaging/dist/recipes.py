"""Writes what other package managers need, from the version and the sums of the archives: recipes.py DIST

DIST/recipes gets a formula for Homebrew, a PKGBUILD with its .SRCINFO for the AUR and a flake for Nix. They are packed
as well. Then DIST/SHA256SUMS is written anew for all files in DIST."""

import hashlib
import os
import re
import sys
from pathlib import Path

import release
import tar

TEMPLATES = Path(__file__).resolve().parents[1] / "recipes"
# The template, and the file that it becomes.
RECIPES = {
    "aws-auth.rb": "homebrew/aws-auth.rb",
    "PKGBUILD": "aur/PKGBUILD",
    "SRCINFO": "aur/.SRCINFO",
    "flake.nix": "nix/flake.nix",
}


def sums(dist):
    """The SHA-256 of each file in a directory, by name."""
    files = sorted(path for path in dist.iterdir() if path.is_file() and path.name != "SHA256SUMS")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def fill(template, version, archives):
    """Fills in a template. A part between @begin TRIPLE@ and @end@ is left out if there is no archive of TRIPLE."""

    def part(found):
        return found[2] if found[1] in archives else ""

    values = {"VERSION": version, "REPOSITORY": release.repository()}
    values |= {f"SHA256 {triple}": value for triple, value in archives.items()}
    text = re.sub(r"^ *(?:# )?@begin (\S+)@\n(.*?)^ *(?:# )?@end@\n", part, template, flags=re.M | re.S)
    return re.sub(r"@([^@\n]+)@", lambda found: values[found[1]], text)


def main(dist):
    dist = Path(dist)
    version = release.version()
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    name = re.compile(rf"aws-auth-{re.escape(version)}-(\w+-\w+-\w+(?:-\w+)?)\.tar\.gz")
    archives = {found[1]: value for file, value in sums(dist).items() if (found := name.fullmatch(file))}
    packed = dist / f"aws-auth-{version}-recipes"
    for template, path in RECIPES.items():
        for directory in (dist / "recipes", packed):
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            try:
                (directory / path).write_text(fill((TEMPLATES / template).read_text(), version, archives))
            except KeyError as missing:
                return f"recipes: {template} needs {missing}, and {dist} has no such archive"
    failed = tar.main(packed, dist / f"{packed.name}.tar.gz")
    for path in RECIPES.values():
        (packed / path).unlink()
    for directory in (*{(packed / path).parent for path in RECIPES.values()}, packed):
        directory.rmdir()
    (dist / "SHA256SUMS").write_text("".join(f"{value}  {file}\n" for file, value in sums(dist).items()))
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
