"""How botocore, and so the AWS CLI, resolves a case.

botocore rejects two things that aws-auth accepts: a repeated section or key, and a missing region. These are corrected
here and the case is resolved again, so that the rest of it is still compared.
"""

import configparser
import contextlib
import functools
import logging
import os
import re
from unittest import mock

import botocore.configloader
import botocore.credentials
import botocore.exceptions
import botocore.loaders
import botocore.session

from outcome import CODE, Outcome, files, variables

# It logs each error with a traceback, but only the error itself is needed here.
logging.getLogger("botocore").setLevel(logging.CRITICAL)

# Reads the service descriptions only once.
LOADER = botocore.loaders.create_loader()

TWICE = "a section or a key twice: merged, the last value wins"
NO_REGION = "a missing region: the source's, or guessed by the partition"
GUESSED = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def resolve(case, recorder):
    with files(case.plain_config, case.plain_credentials, recorder) as directory:
        environment = variables(case.plain_environment, recorder, directory) | {"AWS_MAX_ATTEMPTS": "1"}
        parser = configparser.RawConfigParser
        readings = set()
        while True:
            with process_environment(environment), mock.patch.object(configparser, "RawConfigParser", parser):
                outcome, error = _resolve(case.profile, recorder)
                if TWICE not in readings and _is_duplicate(error):
                    readings.add(TWICE)
                    parser = functools.partial(configparser.RawConfigParser, strict=False)
                elif NO_REGION not in readings and _has_no_region(outcome, error):
                    readings.add(NO_REGION)
                    environment["AWS_DEFAULT_REGION"] = _region(case.profile)
                else:
                    return outcome, readings


def _resolve(profile, recorder):
    recorder.take()
    try:
        # A profile passed to the session counts as named, so keys in the environment are ignored.
        session = botocore.session.Session(profile=profile)
        session.register_component("data_loader", LOADER)
        session.get_scoped_config()  # a missing profile is an error, as for the AWS CLI
        assume_role = session.get_component("credential_provider").get_provider("assume-role")
        assume_role._prompter = lambda _: CODE
        credentials = session.get_credentials()
        if credentials is None:
            return Outcome("nothing", calls=tuple(recorder.take())), None
        keys = credentials.get_frozen_credentials()
    except Exception as error:
        return Outcome("refused", calls=tuple(recorder.take()), words=f"{type(error).__name__}: {error}"), error
    keys = (keys.access_key, keys.secret_key, keys.token or "")
    return Outcome("credentials", keys, tuple(recorder.take())), None


def _is_duplicate(error):
    """Whether the file was rejected because of a repeated section or key."""
    if not isinstance(error, botocore.exceptions.ConfigParseError):
        return False
    return isinstance(error.kwargs["error"], configparser.DuplicateSectionError | configparser.DuplicateOptionError)


def _has_no_region(outcome, error):
    """Whether there is no region; with an empty one botocore signs for a region with an empty name."""
    if isinstance(error, botocore.exceptions.NoRegionError):
        return True
    return any(call.access_key and not call.region for call in outcome.calls)


def _region(profile):
    """The region of the nearest source that has one, up to the profile whose keys are used; else the partition's."""
    session = botocore.session.Session(profile=profile)
    profiles = session.full_config["profiles"]
    first = current = profiles.get(session.profile or "default", {})
    seen = []
    while current and current not in seen:
        if current.get("region"):
            return current["region"]
        if seen and any(key in current for key in ("aws_access_key_id", "aws_secret_access_key")):
            break
        seen.append(current)
        current = profiles.get(current.get("source_profile"))
    arn = re.match(r"arn:([^:]+):", first.get("role_arn", ""))
    return GUESSED[arn[1] if arn else "aws"]


@contextlib.contextmanager
def process_environment(environment):
    """Gives this process another environment, since botocore reads that of its process."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
