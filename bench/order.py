"""Writes packaging/cached-path.ld: the functions of a run from the cache, which the linker then puts side by side, so that
fewer pages of a binary of 5 MB are faulted in. Told by callgrind; `make order` builds the binary with its symbols for it."""

import re
import shutil
import subprocess
import sys

import world
from world import REPOSITORY, World

SCRIPT = REPOSITORY / "packaging/cached-path.ld"
HEAD = """\
/* The functions of a run from the cache, side by side: fewer pages to fault in. Made by `make order`, which is worth its
   while after a new compiler or when much has changed: a name that is not there any more does no harm. */
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
    """The symbol without what a compiler or a version of a crate adds: hashes of functions and of crates, and the number
    of one of several of the same name."""
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
