"""Profiles mean the same as for the AWS CLI: botocore and aws-auth resolve generated pairs of files with a recording
STS. The calls must be the same (action, parameters, signing key, region), or both programs must refuse. differences.py
lists the intended differences by name; report.py says how to run other cases or only one.
"""

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import cases
import differences
import ours
import theirs
from recorder import Recorder
from report import NUMBERS, ONLY, SEED, Report

WORKERS = 3


def test_profiles_mean_the_same_as_to_botocore(binary, capsys):
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

    report = Report(capsys)
    kinds = report.kinds
    try:
        # botocore reads this process's environment, so its cases are resolved here one after another.
        with ThreadPoolExecutor(WORKERS) as pool:
            for number, our in zip(NUMBERS, pool.map(run_ours, NUMBERS), strict=True):
                case = cases.make(SEED, number)
                their, readings = theirs.resolve(case, made[0])
                names = differences.compare(case, their, our)
                kinds[their.kind] += 1
                kinds["that call STS"] += bool(their.calls)
                kinds["with chains"] += len(their.calls) > 1
                whole = f"{case}\n=== botocore: {their}\n=== aws-auth: {our}\n"
                report.add(None if names is None else names | readings | case.readings, whole)
    finally:
        for recorder in made:
            recorder.stop()

    report.end()
    if not ONLY:
        # Enough cases must get as far as a call or a chain.
        assert kinds["that call STS"] >= len(NUMBERS) * 0.3, kinds
        assert kinds["with chains"] >= len(NUMBERS) * 0.1, kinds
