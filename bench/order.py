"""Writes packaging/cached-path.ld, by which the linker places functions side by side to save page faults and memory in
a binary of 9 MB: all of a cached run, and those of a first run that would lie alone. callgrind names the functions, so
`make order` builds the binary with its symbols, and without this script."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import world
from world import REPOSITORY, World

SCRIPT = REPOSITORY / "packaging/cached-path.ld"
HEAD = """\
/* Places the functions of a cached run and their constants side by side, and behind them those functions of a first run
   that would lie alone, which saves page faults and memory. Written by `make order`: run it after a new compiler or a
   large change. A name that no longer exists does no harm. */
"""
# What calls main.
STARTUP = ["*crt1.o(.text)", "*crtbegin*.o(.text)"]
# The constants of floating point and vector instructions, and the pairs of decimal digits.
CONSTANTS = ["*(.rodata.cst*)", "*(.rodata.*DIGITS*)"]
# Linux maps the 64 KiB around a page that is missing, as far as the file is in memory (fault_around_bytes).
AROUND = 64 * 1024
# A first run calls 1,700 functions more, most of which are near others of them. Four hundred lie apart, in more than
# half of the memory that its code takes.
FEW = 30


class Functions:
    """The functions of a binary with symbols."""

    def __init__(self, binary):
        self._binary = binary
        symbols = subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
        lines = (line.split() for line in symbols.splitlines())
        self._addresses = {name: int(address, 16) for address, kind, name in lines if kind in "tTwW"}

    def called(self, here, **env):
        """The names of the functions that a run calls."""
        names = re.findall(r"^c?fn=\(\d+\) (\S+)", here.profile(self._binary, "true", **env), re.M)
        return {re.sub(r"'\d+$", "", name) for name in names} & self._addresses.keys()

    def alone(self, names):
        """Those of the names that have only a few of the others near them. What is written in assembly is left out,
        since its functions have no sections of their own."""
        near = defaultdict(set)
        for name in names:
            near[self._addresses[name] // AROUND].add(name)
        of_rust = ("_ZN", "_R")
        return {name for group in near.values() if len(group) < FEW for name in group if name.startswith(of_rust)}


def pattern(symbol):
    """A pattern that matches the symbol from any compiler and crate version: without the hashes of functions and
    crates, and without the numbers that tell symbols of the same name apart."""
    symbol = re.sub(r"(\.llvm)?\.\d+$", "", symbol)
    return re.sub(r"Cs[0-9A-Za-z]+_", "Cs*_", re.sub(r"17h[0-9a-f]{16}E", "17h*E", symbol)).replace("$", "?")


def patterns(symbols):
    return {pattern(symbol) for symbol in symbols}


def output_section(name, lines):
    return f"  {name} : {{\n" + "".join(f"    {line}\n" for line in lines) + "  }\n"


def script(cached, alone):
    """The linker script for these patterns."""
    in_text = [[f"*(.text.{name} .text.unlikely.{name})" for name in names] for names in (cached, alone)]
    # The tables by which a function jumps have its name.
    tables = [f"*(.rodata.{name})" for name in cached]
    text = output_section(".text.cached", STARTUP + in_text[0]) + output_section(".text.first", in_text[1])
    constants = output_section(".rodata.cached", CONSTANTS + tables)
    # Before .rodata, GNU ld would put the constants into the segment of the code.
    return f"{HEAD}SECTIONS {{\n{text}}} INSERT BEFORE .text;\nSECTIONS {{\n{constants}}} INSERT AFTER .rela.dyn;\n"


def main(binary):
    functions = Functions(binary)
    with World() as here:
        here.log_in()
        cached = functions.called(here)
        tls = here.over_tls()
        trusted = {"SSL_CERT_FILE": tls["AWS_CA_BUNDLE"], "AWS_ENDPOINT_URL_STS": tls["AWS_ENDPOINT_URL_STS"]}
        first = set()
        for way in ({}, tls, trusted):
            here.forget()
            first |= functions.called(here, AWS_AUTH_MFA_TOKEN=here.code(), **way)
    alone = patterns(functions.alone(first - cached)) - patterns(cached)
    cached = patterns(cached)
    SCRIPT.write_text(script(sorted(cached), sorted(alone)))
    print(f"{SCRIPT.relative_to(REPOSITORY)}: {len(cached)} functions of a cached run, {len(alone)} of a first one")


if __name__ == "__main__":
    if absent := [*world.missing(), *(program for program in ["nm"] if not shutil.which(program))]:
        sys.exit(f"make order: {' and '.join(absent)} is missing; install it from your system's packages")
    main(Path(sys.argv[1]).resolve())
