"""Where aws-auth differs from the AWS CLI on purpose: the name of each difference, and what must be true for it.

Differences in the syntax (docs/differences.md) are not listed here: cases.py gives
botocore the same content in a text that it accepts, or theirs.py corrects it, and the results must then be equal.
"""

import re

from outcome import CODE, USER
from recorder import made_up


def compare(case, theirs, ours):
    """The names of the documented differences that explain the two outcomes, or None if there is no explanation."""
    names = set()
    if equal(theirs, ours, names):
        return names
    for rule in RULES:
        if rule(case, theirs, ours):
            return {rule.__doc__}
    return None


def equal(theirs, ours, names):
    if theirs.kind != ours.kind:
        return False
    if theirs.kind == "refused":
        return True
    return theirs.credentials == ours.credentials and same_calls(theirs.calls, ours.calls, names)


def same_calls(theirs, ours, names):
    if len(theirs) != len(ours):
        return False
    for their, our in zip(theirs, ours, strict=True):
        if re.fullmatch(r"botocore-session-\d+", dict(their.parameters).get("RoleSessionName", "")):
            # The role session is named after the person (docs/design-credentials.md, "One code a day").
            if dict(our.parameters).get("RoleSessionName") not in people(our):
                return False
            names.add("the role session is named after the person")
            their, our = (call.with_parameters(RoleSessionName=None) for call in (their, our))
        if their != our:
            return False
    return True


def people(call):
    """The user of the MFA device if there is one, and the user who runs this."""
    serial = dict(call.parameters).get("SerialNumber", "")
    return {serial.rpartition("/")[2], USER} - {""}


# The docstring of a rule is the name of the difference.


def not_an_integer(case, theirs, ours):
    """a duration_seconds that is not an integer is an error"""
    named = re.search(r"duration_seconds is '(.*?)';", ours.words, re.DOTALL)
    return named and not re.fullmatch(r"-?\d+", named[1]) and ours.refuses("whole seconds") and not ours.calls


def secret_alone(case, theirs, ours):
    """a secret key without its access key id is an error"""
    # botocore ignores the secret key and goes on, in the end to the keys of the other file.
    without = theirs.kind in ("nothing", "refused") or theirs.credentials == made_up("container")
    without = without or "an indented header" in case.features
    return ours.refuses("has no aws_access_key_id beside this key") and without and not ours.calls


def empty_key(case, theirs, ours):
    """an empty key is an error"""
    return ours.refuses("has an empty key") and not ours.calls


def no_region(case, theirs, ours):
    """an invalid region is an error before any call"""
    return ours.refuses("is not a region") and not ours.calls


def security_key(case, theirs, ours):
    """a placeholder or a security key is an error before any call"""
    refused = ours.refuses("FIDO security key") or ours.refuses("placeholder")
    return refused and not ours.calls and "a serial that gives no codes" in case.features


def half_a_profile(case, theirs, ours):
    """a profile that was meant to name credentials but does not is an error"""
    none = theirs.kind == "nothing" or theirs.credentials == made_up("container")
    return ours.refuses("names no credentials, but has") and none and not ours.calls


def no_such_services(case, theirs, ours):
    """a missing services section is an error, even where the CLI makes no client"""
    return ours.refuses("there is no section [services ") and theirs.kind == "credentials" and not theirs.calls


def malformed_twice(case, theirs, ours):
    """nested keys without = are an error, even if a later value replaces them"""
    # botocore rejects the unchanged file because of the repeated key.
    return ours.refuses("not a nested key = value") and {"a section twice", "a key twice in a section"} & case.features


def second_code(case, theirs, ours):
    """a second code is asked for on the terminal"""
    with_code = [index for index, call in enumerate(theirs.calls) if "TokenCode" in dict(call.parameters)]
    if len(with_code) < 2 or not ours.refuses("there is no terminal to ask on"):
        return False
    return same_calls(theirs.calls[: with_code[1]], ours.calls, set())


def session_for_keys(case, theirs, ours):
    """mfa_serial with keys and without a role asks for a code"""
    if ours.refuses("is not the serial number of an MFA device"):
        return theirs.kind == "credentials" and not theirs.calls and not ours.calls
    if "mfa_serial without a role" not in case.features or theirs.kind != ours.kind or theirs.calls:
        return False
    if len(ours.calls) != 1 or ours.calls[0].action != "GetSessionToken":
        return False
    (call,) = ours.calls
    parameters = dict(call.parameters)
    expected = made_up(call.access_key, parameters.get("SerialNumber", ""))
    return call.access_key == theirs.credentials[0] and parameters["TokenCode"] == CODE and ours.credentials == expected


def passed_through(case, theirs, ours):
    """keys in the environment pass through, and the files are not read"""
    keys = (case.environment.get("AWS_ACCESS_KEY_ID"), case.environment.get("AWS_SECRET_ACCESS_KEY"))
    if case.profile is not None or ours.kind != "credentials" or ours.calls:
        return False
    return theirs.words.startswith("ConfigParseError") and ours.credentials[:2] == keys


def left_to_the_command(case, theirs, ours):
    """the container's credentials are left to the command's own SDK"""
    return ours.kind == "nothing" and not theirs.calls and theirs.credentials == made_up("container")


RULES = (
    not_an_integer,
    secret_alone,
    empty_key,
    no_region,
    security_key,
    half_a_profile,
    no_such_services,
    malformed_twice,
    second_code,
    session_for_keys,
    passed_through,
    left_to_the_command,
)
