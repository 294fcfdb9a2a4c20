"""Where aws-auth does otherwise than the AWS CLI on purpose, each by its name and with what must hold instead.

Differences in how a text is read (SEMANTICS: what the CLI rejects and other SDKs read) are not here: cases.py gives
botocore the same thing in a text that it does read, and the results must then be equal.
"""

import configparser
import pwd
import os
import re
import shlex

from outcome import CODE
from recorder import made_up

GUESSED = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def compare(case, theirs, ours, with_region):
    """The names of the documented differences that make the two outcomes one, or None where they do not.

    `with_region` resolves the case by botocore once more, with a region for the case that has none.
    """
    names = set(case.readings)
    if theirs.kind == "refused" and theirs.words.startswith("NoRegionError"):
        # A missing region is never an error.
        names.add("a region is found or guessed where there is none")
        theirs = with_region(region(case))
    if equal(theirs, ours, names):
        return names
    for rule in RULES:
        if rule(case, theirs, ours):
            return names | {rule.__doc__}
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
            # The role session is named after the person.
            if dict(our.parameters).get("RoleSessionName") not in people(our):
                return False
            names.add("the role session is named after the person")
            their, our = (call.with_parameters(RoleSessionName=None) for call in (their, our))
        if their != our:
            return False
    return True


def people(call):
    """The user of the MFA device, where there is one, or the one who runs this."""
    serial = dict(call.parameters).get("SerialNumber", "")
    return {serial.rpartition("/")[2], pwd.getpwuid(os.getuid()).pw_name} - {""}


def region(case):
    """SEMANTICS, STS: the profile's region, its source's, else by the partition of the role."""
    profiles = merged_profiles(case)
    profile = profiles.get(case.profile or "default", {})
    partition = (re.match(r"arn:([^:]+):", profile.get("role_arn", "")) or [None, "aws"])[1]
    seen = []
    while profile is not None and profile not in seen:
        if profile.get("region"):
            return profile["region"]
        seen.append(profile)
        profile = profiles.get(profile.get("source_profile"))
    return GUESSED[partition]


def merged_profiles(case):
    """The profiles as botocore would have them, by a few lines of our own (nested values do not matter here)."""
    profiles = {}
    for text, is_config in ((case.plain_config, True), (case.plain_credentials, False)):
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        for header in parser.sections():
            name = header
            if is_config and header != "default":
                try:
                    words = shlex.split(header) if header.startswith("profile") else []
                except ValueError:
                    words = []
                if len(words) != 2:
                    continue
                name = words[1]
                profiles.pop(name, None)
            elif is_config:
                profiles.pop(name, None)
            profiles.setdefault(name, {}).update(parser.items(header))
    return profiles


# Each rule's document string is the difference's name.


def not_an_integer(case, theirs, ours):
    """duration_seconds that is no integer is an error"""
    return ours.kind == "refused" and "duration_seconds" in ours.words and "no integer" in "".join(case.features)


def secret_alone(case, theirs, ours):
    """a secret key without its key id is an error"""
    return ours.kind == "refused" and "aws_access_key_id" in ours.words and {"partial", "keys over two files"} & case.features


def session_for_keys(case, theirs, ours):
    """mfa_serial beside keys and no role asks for a code"""
    if "mfa_serial without a role" not in case.features or theirs.kind != ours.kind or theirs.calls:
        return False
    if len(ours.calls) != 1 or ours.calls[0].action != "GetSessionToken":
        return False
    (call,) = ours.calls
    parameters = dict(call.parameters)
    expected = made_up(call.access_key, parameters.get("SerialNumber", ""))
    return call.access_key == theirs.credentials[0] and parameters["TokenCode"] == CODE and ours.credentials == expected


def second_code(case, theirs, ours):
    """a code is not sent twice, and without a terminal there is no second one"""
    asked = [call for call in theirs.calls if "TokenCode" in dict(call.parameters)]
    return ours.kind == "refused" and len(asked) > 1 and "code" in ours.words


def not_yet(case, theirs, ours):
    """not supported yet"""
    return ours.kind == "refused" and "not supported yet" in ours.words


RULES = (not_an_integer, secret_alone, session_for_keys, second_code, not_yet)
