"""Profiles mean the same as for the AWS CLI: botocore and aws-auth resolve generated pairs of files with a recording
STS. The calls must be the same (action, parameters, signing key, region), or both programs must refuse. differences.py
lists the intended differences by name.

    DIFFERENTIAL_SEED, DIFFERENTIAL_CASES   the seed and the number of cases
    DIFFERENTIAL_ONLY=17                    runs one case and prints all of it
"""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import botocore
import pytest

import cases
import differences
import ours
import theirs
from recorder import Recorder

SEED = os.environ.get("DIFFERENTIAL_SEED", "aws-auth")
CASES = int(os.environ.get("DIFFERENTIAL_CASES", "1000"))
ONLY = os.environ.get("DIFFERENTIAL_ONLY")
WORKERS = 3
SHOWN = int(os.environ.get("DIFFERENTIAL_SHOWN", "5"))


def test_profiles_mean_the_same_as_to_botocore(binary, capsys):
    numbers = [int(ONLY)] if ONLY else range(CASES)
    recorders = SimpleQueue()
    made = [Recorder() for _ in range(WORKERS + 1)]
    for recorder in made[1:]:
        recorders.put(recorder)

    def run_ours(number):
        recorder = recorders.get()
        try:
            return ours.resolve(cases.make(SEED, number), recorder, binary)
        finally:
            recorders.put(recorder)

    found, kinds, unexplained = Counter(), Counter(), []
    try:
        # botocore reads this process's environment, so its cases are resolved here one after another.
        with ThreadPoolExecutor(WORKERS) as pool:
            for number, our in zip(numbers, pool.map(run_ours, numbers), strict=True):
                case = cases.make(SEED, number)
                their, readings = theirs.resolve(case, made[0])
                names = differences.compare(case, their, our)
                kinds[their.kind] += 1
                kinds["that call STS"] += bool(their.calls)
                kinds["with chains"] += len(their.calls) > 1
                whole = f"{case}\n=== botocore: {their}\n=== aws-auth: {our}\n"
                if names is None:
                    unexplained.append(whole)
                else:
                    found.update(names | readings | case.readings)
                if ONLY:
                    with capsys.disabled():
                        print(f"\n{whole}")
    finally:
        for recorder in made:
            recorder.stop()

    with capsys.disabled():
        print(f"\n{len(numbers)} cases of seed {SEED!r} against botocore {botocore.__version__}: {dict(kinds)}")
        for name, count in found.most_common():
            print(f"  {count:4} {name}")
        print(f"  {len(unexplained):4} unexplained")
    if unexplained:
        text = f"{len(unexplained)} of {len(numbers)} unexplained, the first:\n\n" + "\n".join(unexplained[:SHOWN])
        pytest.fail(text, pytrace=False)
    if not ONLY:
        # Enough cases must get as far as a call or a chain.
        assert kinds["that call STS"] >= len(numbers) * 0.3, kinds
        assert kinds["with chains"] >= len(numbers) * 0.1, kinds
