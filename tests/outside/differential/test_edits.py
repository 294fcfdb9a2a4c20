"""A changed file reads back as meant with botocore's reader too, and no other line of it changes. The files are those
of cases.py; examples/edit-file makes the changes.
"""

import configparser
import difflib
import functools
import json
import random
import subprocess
from collections import Counter
from unittest import mock

import botocore.configloader
import botocore.exceptions
import cases
from report import CASES, SEED
from world import TARGET

EDITED = min(CASES, 600)
PROGRAM = TARGET / "debug/examples/edit-file"
KEYS = ["region", "role_arn", "source_profile", "credential_process", "aws_access_key_id", "s3", "new_key", "output"]
VALUES = ["x", "arn:aws:iam::111122223333:role/x", "a=b:c", '"quoted"', "a  b", "/bin/x --y 'z'", "%(x)s", ""]
LINES = ["\na = b\nc = d", "a\nb", "\na = b\n\nc ="]
NAMES = [*cases.NAMES, "new", "new one", 'q"x', "DEFAULT"]
DEFAULTS = "[DEFAULT]"


def test_botocore_reads_a_changed_file_as_meant(binary, tmp_path, capsys):
    made = [made_case(number) for number in range(EDITED)]
    lines = "".join(json.dumps(case) + "\n" for case in made)
    done = subprocess.run([PROGRAM, "texts"], input=lines, capture_output=True, text=True, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    kinds, wrong = Counter(), []
    for case, result in zip(made, results, strict=True):
        kind, problem = compare(case, result, tmp_path / "file")
        kinds[kind] += 1
        if problem:
            wrong.append(f"{problem}\n{case['changes']}\n--- before\n{case['text']}\n--- after\n{result}")
    with capsys.disabled():
        print(f"\n{EDITED} changed files of seed {SEED!r} against botocore {botocore.__version__}: {dict(kinds)}")
    assert not wrong, f"{len(wrong)} wrong, the first:\n\n{wrong[0]}"
    assert kinds["as meant"] >= EDITED * 0.7, kinds


def made_case(number):
    case = cases.make(SEED, number)
    rng = random.Random(f"{SEED}/edit/{number}")
    file = rng.choice(["config", "config", "credentials"])
    text = (case.plain_config if file == "config" else case.plain_credentials) or ""
    return {"file": file, "text": text, "changes": [change(rng) for _ in range(rng.choice([1, 1, 2, 5]))]}


def change(rng):
    section = f"profile {rng.choice(NAMES)}"
    what = rng.choice(["set", "set", "set", "remove", "remove", "add", "remove_section"])
    if what == "set":
        return {what: [section, rng.choice(KEYS), rng.choice(VALUES * 3 + LINES)]}
    return {what: [section, rng.choice(KEYS)] if what == "remove" else [section]}


def compare(case, result, path):
    """What became of a case, and what is wrong with it."""
    before = sections(case["file"], case["text"], path)
    if before is None:
        return "refused by botocore", None
    if "error" in result:
        # The credentials file cannot have a profile of this name.
        refusable = case["file"] == "credentials" and any("profile DEFAULT" in words[0] for words in words_of(case))
        return "refused by aws-auth", None if refusable else "refused"
    expected = meant(before, case["changes"])
    after = sections(case["file"], result["text"], path)
    if after != expected:
        return "wrong", f"botocore reads {after}\nand not        {expected}"
    return "as meant", foreign_line(case, result["text"])


def words_of(case):
    return [words for changed in case["changes"] for words in changed.values()]


def sections(file, text, path):
    """The keys of each profile, and those of [DEFAULT]; None if botocore refuses the file."""
    path.write_bytes(text.encode())
    parser = functools.partial(configparser.RawConfigParser, strict=False)
    try:
        with mock.patch.object(configparser, "RawConfigParser", parser):
            raw = botocore.configloader.raw_config_parse(str(path), parse_subsections=False)
            found = botocore.configloader.build_profile_map(raw)["profiles"] if file == "config" else raw
            botocore.configloader.raw_config_parse(str(path))
    except botocore.exceptions.BotoCoreError:
        return None
    defaults = parser()
    defaults.read(path, encoding="utf-8")
    return {DEFAULTS: dict(defaults.defaults()), **{name: dict(keys) for name, keys in found.items()}}


def meant(found, changes):
    """The changed sections. As far as botocore can tell, each section has the keys of [DEFAULT]."""
    result = {name: dict(keys) for name, keys in found.items()}
    defaults = result[DEFAULTS]
    for changed in changes:
        ((what, [section, *words]),) = changed.items()
        name = section.removeprefix("profile ")
        if what == "remove_section":
            result.pop(name, None)
        elif what == "remove" and name in result:
            result[name].pop(words[0], None)
            if words[0] in defaults:
                result[name][words[0]] = defaults[words[0]]
        elif what in ("set", "add"):
            keys = result.setdefault(name, dict(defaults))
            keys.update([words] if words else [])
    return result


def foreign_line(case, text):
    """A line that went and does not belong to a changed key or section."""
    keys = {words[1] for words in words_of(case) if len(words) > 1}
    has_section_gone = any("remove_section" in changed for changed in case["changes"])
    old, new = (whole.replace("\r\n", "\n").replace("\r", "\n").split("\n") for whole in (case["text"], text))
    for line in difflib.ndiff(old, new):
        if not line.startswith("- ") or has_section_gone:
            continue
        key = line[2:].replace(":", "=").split("=")[0].strip().lower()
        is_more = line[2:3].isspace()
        if key not in keys and not is_more:
            return f"this line went: {line[2:]!r}"
    return None
