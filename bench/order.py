"""Writes packaging/cached-path.ld, by which the linker places the functions of a cached run side by side, to save page
faults in a binary of 5 MB. callgrind names the functions, so `make order` builds the binary with its symbols."""

import re
import shutil
import subprocess
import sys

import world
from world import REPOSITORY, World

SCRIPT = REPOSITORY / "packaging/cached-path.ld"
HEAD = """\
/* Places the functions of a cached run side by side, which saves page faults. Written by `make order`: run it after a
   new compiler or a large change. A name that no longer exists does no harm. */
SECTIONS {
  .text.cached : {
"""
TAIL = """\
  }
} INSERT BEFORE .text;
"""


def called(here, binary):
    """The symbols of the functions that a cached run calls."""
    names = re.findall(r"^c?fn=\(\d+\) (\S+)", here.profile(binary, "true"), re.M)
    functions = {re.sub(r"'\d+$", "", name) for name in names}
    symbols = subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
    return functions & {line.split()[-1] for line in symbols.splitlines() if line.split()[-2] in "tTwW"}


def pattern(symbol):
    """A pattern that matches the symbol from any compiler and crate version: without the hashes of functions and
    crates, and without the numbers that tell symbols of the same name apart."""
    symbol = re.sub(r"(\.llvm)?\.\d+$", "", symbol)
    return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", re.sub(r"17h[0-9a-f]{16}E", "17h*E", symbol)).replace("$", "?")


def main(binary):
    with World() as here:
        here.log_in()
        patterns = sorted({pattern(symbol) for symbol in called(here, binary)})
    SCRIPT.write_text(HEAD + "".join(f"    *(.text.{name} .text.unlikely.{name})\n" for name in patterns) + TAIL)
    print(f"{len(patterns)} functions in {SCRIPT.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    if absent := [*world.missing(), *(program for program in ["nm"] if not shutil.which(program))]:
        sys.exit(f"make order: {' and '.join(absent)} is missing; install it from your system's packages")
    main(sys.argv[1])
