"""How the tests of this directory choose their cases and tell the result.

    DIFFERENTIAL_SEED, DIFFERENTIAL_CASES   the seed and the number of cases
    DIFFERENTIAL_ONLY=17                    runs one case and prints all of it
    DIFFERENTIAL_SHOWN=5                    how many unexplained cases are printed
"""

import os
from collections import Counter

import botocore
import pytest

SEED = os.environ.get("DIFFERENTIAL_SEED", "aws-auth")
CASES = int(os.environ.get("DIFFERENTIAL_CASES", "400"))
ONLY = os.environ.get("DIFFERENTIAL_ONLY")
SHOWN = int(os.environ.get("DIFFERENTIAL_SHOWN", "5"))
NUMBERS = [int(ONLY)] if ONLY else range(CASES)


class Report:
    def __init__(self, capsys):
        self.capsys = capsys
        self.kinds = Counter()
        self.found = Counter()
        self.unexplained = []

    def add(self, names, whole):
        """Notes one case. `names` are the explained differences, None if there is no explanation; `whole` is all that
        is known of the case."""
        if names is None:
            self.unexplained.append(whole)
        else:
            self.found.update(names)
        if ONLY:
            with self.capsys.disabled():
                print(f"\n{whole}")

    def end(self):
        """Prints the counts. Fails if there was an unexplained case."""
        count = len(NUMBERS)
        with self.capsys.disabled():
            print(f"\n{count} cases of seed {SEED!r} against botocore {botocore.__version__}: {dict(self.kinds)}")
            for name, times in self.found.most_common():
                print(f"  {times:4} {name}")
            print(f"  {len(self.unexplained):4} unexplained")
        if self.unexplained:
            shown = "\n".join(self.unexplained[:SHOWN])
            pytest.fail(f"{len(self.unexplained)} of {count} unexplained, the first:\n\n{shown}", pytrace=False)
