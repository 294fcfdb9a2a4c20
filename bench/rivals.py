"""Compares aws-auth with other programs that run a command with a role's credentials: a run that finds them in a cache,
and eight first runs at once, with the calls of STS counted. Each program takes turns with aws-auth in one run. Prints two
tables in Markdown; what is not measured is named below it, with the reason.

AWS_VAULT, GRANTED, AWS_RUNAS and SAML2AWS may each name a directory with the source of that program, which is then built
with Go. Without it the program is taken from PATH, or Go or pip gets it. All of that stays below target/.

    rivals.py [PROGRAM...]"""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from fetching import Unmeasured, last_line
from rival_programs import RIVALS, Own
from timing import in_turns, machine, seconds, spawn
from world import World

AT_ONCE = 8
CACHED_ROUNDS = 20
FIRST_ROUNDS = 5
CACHED = ["a cached run", "time", "aws-auth beside it", "ratio", "calls of STS"]
FIRST = [
    f"{AT_ONCE} first runs at once", "until all have credentials", "aws-auth beside it", "ratio",
    "have them at once", "codes sent", "GetSessionToken", "AssumeRole", "other calls",
]  # fmt: skip


@dataclass(order=True)
class Calls:
    """The calls of STS so far by their names, the MFA codes that came with them, and the codes that were refused."""

    sessions: int
    roles: int
    others: int
    codes: int
    refused: int

    @classmethod
    def of(cls, here):
        actions = here.ask("calls").split()
        sessions, roles = (actions.count(name) for name in ("GetSessionToken", "AssumeRole"))
        return cls(sessions, roles, len(actions) - sessions - roles, int(here.ask("codes")), int(here.ask("refused")))

    def __sub__(self, before):
        return Calls(*(getattr(self, name) - getattr(before, name) for name in vars(self)))


@dataclass(order=True)
class Together:
    """Eight first runs at once: how long until all have had credentials, how many had them without a second try, and
    the calls."""

    milliseconds: float
    at_once: int
    calls: Calls

    def cells(self):
        codes = f"{self.calls.codes}, {self.calls.refused} refused" if self.calls.refused else str(self.calls.codes)
        return [f"{self.at_once} of {AT_ONCE}", codes, *(str(calls) for calls in (self.calls.sessions, self.calls.roles, self.calls.others))]


def run(here, program, code=None, command="true"):
    """The exit status. What the program and its command say is in the file `said`."""
    argv, env = program.command(here, command, code)
    return spawn([str(word) for word in argv], {**here.env, **env}, here.home / "said")


def log_in(here, program):
    """Leaves the role's credentials in the program's cache, and sees that a command gets them."""
    program.set_up(here)
    said = here.home / "said"
    for how, code in (("a first run", here.code() if program.asks else None), ("a run after it", None)):
        said.write_text("")
        failed = run(here, program, code, "env")
        if failed or "AWS_SESSION_TOKEN=" not in said.read_text(errors="replace"):
            what = f"ends with {failed}" if failed else "gives the command no credentials"
            raise Unmeasured(f"{how} {what}: {last_line(said.read_text(errors='replace'))}")


def together(here, program):
    """Each run has the code that the device shows, since STS accepts a code once and the device shows another one after
    30 seconds. For those whose command gets no credentials as many are started again, together, with the next code; it is
    here without a wait. The commands are counted that have credentials, since a program may start one without."""
    got, counts = here.home / "got", here.home / "count"
    got.write_text("")
    counts.write_text(f'#!/bin/sh\n[ -z "$AWS_SESSION_TOKEN" ] || echo got >>{got}\n')
    counts.chmod(0o700)
    program.forget(here)
    before, well, at_once, taken = Calls.of(here), 0, None, 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in range(2 * AT_ONCE):
            code = here.code()
            taken += seconds(lambda: list(threads.map(lambda _: run(here, program, code, str(counts)), range(AT_ONCE - well))))
            well = len(got.read_text().split())
            at_once = well if at_once is None else at_once
            if well == AT_ONCE:
                return Together(taken * 1000, at_once, Calls.of(here) - before)
    said = last_line((here.home / "said").read_text(errors="replace"))
    raise Unmeasured(f"of {AT_ONCE} first runs at once, {AT_ONCE - well} get no credentials with any code: {said}")


def cached(here, own, program):
    """The cells of a run that finds credentials in a cache. The calls are those of each such run."""
    before = Calls.of(here)
    ours, theirs = in_turns(CACHED_ROUNDS, lambda: run(here, own), lambda: run(here, program))
    made = Calls.of(here) - before
    return [f"{theirs:.0f} ms", f"{ours:.1f} ms", f"{ours / theirs:.2g}", f"{(made.sessions + made.roles + made.others) / CACHED_ROUNDS:.2g}"]


def first(here, own, program):
    """The cells of eight first runs at once, and those of aws-auth's own."""
    rounds = [(together(here, own), together(here, program)) for _ in range(FIRST_ROUNDS)]
    # The median by time, with its calls: how runs meet differs from one round to the next.
    ours, theirs = (sorted(column)[FIRST_ROUNDS // 2] for column in zip(*rounds))
    times = [f"{theirs.milliseconds:.0f} ms", f"{ours.milliseconds:.0f} ms", f"{ours.milliseconds / theirs.milliseconds:.2g}"]
    return [*times, *theirs.cells()], ["", "", "", *ours.cells()]


def compared(program):
    """The cells of both tables, and aws-auth's own in the second; none there for a program that has no first runs."""
    with World() as here:
        own = Own()
        # Granted looks for the section [default] in the config file.
        here.append("\n[default]\nregion = us-east-1\n")
        log_in(here, own)
        log_in(here, program)
        return cached(here, own, program), *(first(here, own, program) if program.asks else (None, None))


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    print("\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n")


def main(names):
    in_cache, at_once, notes, versions = [], [], [], [Own().version()]
    for program in (make() for make in RIVALS):
        if names and program.name not in names:
            continue
        try:
            program.get()
            cells, theirs, ours = compared(program)
        except (Unmeasured, AssertionError) as why:
            notes.append(f"{program.name} was not measured: {last_line(str(why))}")
            continue
        in_cache.append([program.name, *cells])
        if theirs:
            at_once += [[program.name, *theirs]] if at_once else [["aws-auth", *ours], [program.name, *theirs]]
        if program.note:
            notes.append(f"{program.name} {program.note}.")
        versions.append(program.version())
    for head, rows in ((CACHED, in_cache), (FIRST, at_once)):
        if rows:
            table(head, rows)
    print("\n".join(notes) + "\n" * bool(notes))
    print(f"{date.today()}, {machine()}; {', '.join(versions)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
