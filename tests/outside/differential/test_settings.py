"""A command sees the settings of the chosen profile and no other's: what botocore sees in the environment that aws-auth
gives its command must be what it sees with AWS_PROFILE=NAME in the caller's. settings_differences.py lists the intended
differences by name; report.py says how to run other cases or only one.
"""

import json
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache

import ours
import settings_cases
import settings_differences
from outcome import files, variables
from recorder import Recorder, made_up
from report import NUMBERS, ONLY, SEED, Report
from settings_differences import KEEP_FRESH, KEYS
from settings_names import CARRIED, NOT_CARRIED, OF_AWS_CLI, VARIABLE_OF
from settings_seen import ACCESS_KEY, see

WORKERS = 2
# The ways in which a command gets credentials, with their options.
WAYS = {KEYS: [], KEEP_FRESH: ["--keep-fresh"]}


def test_a_command_sees_the_settings_of_its_profile(binary, capsys):
    report = Report(capsys)
    # botocore reads the environment of its process, so each worker is a process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        for kinds, names, whole in pool.map(check, NUMBERS, [str(binary)] * len(NUMBERS), chunksize=10):
            report.kinds.update(kinds)
            report.add(names, whole)
    report.end()
    if not ONLY:
        # Enough cases must need a file for the command, and enough must do without one.
        assert report.kinds["with a file"] >= len(NUMBERS) * 0.3, report.kinds
        assert report.kinds["without a file"] >= len(NUMBERS) * 0.1, report.kinds


@cache
def recorder():
    return Recorder()


def check(number, binary):
    """The kinds of a case, the names of its explained differences (None if there is one without an explanation), and
    the whole case to show."""
    case = settings_cases.make(SEED, number)
    names, kinds, whole = set(), set(), [str(case)]
    with files(*case.texts(), recorder()) as directory:
        environment = variables(case.environment, recorder(), directory) | {"XDG_RUNTIME_DIR": str(directory)}
        for way, options in WAYS.items():
            done = ours.run(binary, ["-p", case.profile, *case.options, *options], environment, directory)
            if done.returncode == 0:
                child = ours.printed(done)
                found, text = compare(case, way, child)
                if way == KEYS:
                    has_own = child["AWS_CONFIG_FILE"] != environment["AWS_CONFIG_FILE"]
                    kinds.add("with a file" if has_own else "without a file")
            else:
                found, text = settings_differences.refusal(case, done), f"refuses: {done.stderr.decode()}"
                kinds.add("refused")
            names = None if names is None or found is None else names | found
            whole.append(f"=== {way}: {text}")
    return kinds, names, "\n".join(whole) + "\n"


def compare(case, way, child):
    """Compares what is seen in the command's environment. Returns the names of the differences, and what differs."""
    seen = see(child, with_access_key=True)
    key = seen.pop(ACCESS_KEY)
    names, theirs = settings_differences.compare(case, way, seen, see_profile)
    text = different(theirs, seen)
    expected = made_up(settings_cases.ROLE)[0] if case.source else settings_cases.ACCESS_KEY
    # botocore reads these settings before it looks for credentials, and may reject their values.
    rejected = {seen[name] for name in ("metadata_service_timeout", "metadata_service_num_attempts")}
    if key not in {expected, *rejected}:
        names, text = None, f"{text}\n    the access key: {expected!r} expected, {key!r} in the command"
    return names, text


def see_profile(case):
    """What botocore sees in the caller's environment with AWS_PROFILE alone."""
    return _see_profile(case.texts(), tuple({**case.environment, "AWS_PROFILE": case.profile}.items()))


@lru_cache(maxsize=8)  # the changed cases of one case
def _see_profile(texts, environment):
    with files(*texts, recorder()) as directory:
        return see(variables(dict(environment), recorder(), directory), with_access_key=False)


def different(theirs, ours):
    """The values that differ, as text."""
    lines = ["the same" if ours == theirs else "different"]
    for name in sorted(theirs.keys() | ours.keys()):
        their, our = theirs.get(name), ours.get(name)
        if isinstance(their, dict) and isinstance(our, dict):
            changed = {key for key in their.keys() | our.keys() if their.get(key) != our.get(key)}
            their, our = ({key: values.get(key) for key in sorted(changed)} for values in (their, our))
        if their != our:
            lines.append(f"    {name}: {their!r} with AWS_PROFILE, {our!r} in the command")
    return "\n".join(lines)


def test_each_setting_has_the_variable_of_botocore(binary, tmp_path):
    assert NOT_CARRIED <= VARIABLE_OF.keys()
    print_table = "import awscli, json; print(json.dumps(awscli.EnvironmentVariables))"
    table = json.loads(subprocess.check_output([sys.executable, "-c", print_table]))
    assert {name: tuple(table[name]) for name in OF_AWS_CLI} == OF_AWS_CLI
    (tmp_path / "credentials").write_text("[p]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n")
    environment = {"HOME": str(tmp_path), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    environment |= {"AWS_CONFIG_FILE": str(tmp_path / "config"), "XDG_RUNTIME_DIR": str(tmp_path)}
    for key in VARIABLE_OF:
        value = "legacy" if key in ("retry_mode", "sts_regional_endpoints") else "eu-west-1"
        (tmp_path / "config").write_text(f"[profile p]\n{key} = {value}\n")
        arguments = [binary, "-p", "p", "--explain", "--json"]
        done = subprocess.run(arguments, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        explained = json.loads(done.stdout)
        assert explained["settings"] == ([CARRIED[key]] if key in CARRIED else []), key
        in_file = key in NOT_CARRIED - {"region"}
        assert (explained["private_config"] or {}).get("key") == (key if in_file else None), key
