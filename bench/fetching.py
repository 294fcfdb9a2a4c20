"""Where programs come from that are compared with aws-auth: a checkout that a variable names, PATH, Go's module proxy, or
PyPI. What is downloaded and built stays below target/outside."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from world import TARGET

OUTSIDE = TARGET / "outside"
BIN = OUTSIDE / "rivals/bin"
GO = OUTSIDE / "go"


class Unmeasured(Exception):
    """Why a program is not measured."""


def last_line(text):
    """The last line that says something, without what would move a terminal's cursor."""
    lines = text.strip().splitlines() or ["it says nothing"]
    return "".join(letter for letter in lines[-1] if letter.isprintable()).strip()


def go(*arguments, why, directory=None):
    """Runs Go with its settings of tests/outside/set-up.sh, but with optimization. GOFLAGS may add to them."""
    if not shutil.which("go"):
        raise Unmeasured("neither it nor Go, which would build it, is on PATH")
    BIN.mkdir(parents=True, exist_ok=True)
    own = {
        "GOBIN": str(BIN),
        "GOPATH": str(GO / "path"),
        "GOCACHE": str(GO / "cache"),
        "XDG_CONFIG_HOME": str(GO / "config"),
        "GOENV": "off",
        # Without -modcacherw, `make clean` could not remove the modules.
        "GOFLAGS": f"-modcacherw -buildvcs=false {os.environ.get('GOFLAGS', '')}",
        # Programs that need no dynamic linker start sooner.
        "CGO_ENABLED": "0",
    }
    done = subprocess.run(["go", *arguments], env={**os.environ, **own}, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unmeasured(f"{why}: {last_line(done.stderr)}")


def from_go(program, package, variable, module=""):
    """The path of a program in Go, and the directory with its source if the variable names one. `module` is the main
    package below that directory."""
    if checkout := os.environ.get(variable):
        checkout = Path(checkout).absolute()
        if not (checkout / "go.mod").is_file():
            raise Unmeasured(f"{variable} names {checkout}, which has no go.mod; it should be a directory with the source of {program}")
        built = BIN / program
        go("build", "-o", str(built), f"./{module}", directory=checkout, why=f"go build in {checkout}")
        return built, checkout
    for path in (os.environ["PATH"], str(BIN)):
        if found := shutil.which(program, path=path):
            return Path(found).absolute(), None
    go("install", f"{package}@latest", why=f"go install {package}@latest")
    return BIN / program, None


def from_pypi(package, program):
    """The path of a program in Python, in an environment of its own."""
    venv = OUTSIDE / "rivals" / package
    if not (venv / "bin" / program).exists():
        # As in set-up.sh, uv takes a tenth of pip's time and may be missing.
        pip = [venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        uv = [venv / "bin/uv", "pip", "install", "--quiet", "--python", venv / "bin/python"]
        shutil.rmtree(venv, ignore_errors=True)
        tried = [[sys.executable, "-m", "venv", venv], [*pip, "uv"], [*uv, package]], [[*pip, package]]
        if not any(all(subprocess.run(step, capture_output=True, check=False).returncode == 0 for step in steps) for steps in tried):
            shutil.rmtree(venv, ignore_errors=True)
            raise Unmeasured(f"pip cannot install {package} from PyPI")
    return venv / "bin" / program


def described(checkout):
    """What git calls the commit of a checkout, or nothing if it has no repository of its own."""
    if not checkout or not (checkout / ".git").exists():
        return ""
    git = ["git", "-C", checkout, "describe", "--tags", "--always"]
    return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
