"""What botocore and the AWS CLI see of settings in an environment, as names and values."""

import os

import botocore.session
from botocore.configprovider import (
    BOTOCORE_DEFAUT_SESSION_VARIABLES,
    ChainProvider,
    EnvironmentProvider,
    ScopedConfigProvider,
)

from settings_cases import SETTINGS
from settings_names import OF_AWS_CLI
from theirs import LOADER, process_environment

SERVICES = ("s3", "kms", "dynamodb")
# These differ, as they lead to the settings.
LEADING = {"profile", "config_file", "credentials_file", "data_path"}
VARIABLES = sorted({*BOTOCORE_DEFAUT_SESSION_VARIABLES, "output", "s3", "proxies_config"} - LEADING)
ACCESS_KEY = "the access key"


def see(environment, with_access_key):
    """All that is seen. Where botocore raises, the exception's class is the value."""
    with process_environment(environment):
        # The session of the AWS CLI: botocore's with `output` as well. The handlers are for calls.
        session = botocore.session.Session(OF_AWS_CLI, include_builtin_handlers=False)
        session.register_component("data_loader", LOADER)
        seen = {name: _value(session.get_config_variable, name) for name in VARIABLES}
        seen |= {f"{key} in the file": _value(_in_the_file, session, key) for key in FILE_ONLY}
        seen["pager"] = _value(_pager, session)
        for service in SERVICES:
            seen |= _client(session, service)
        if with_access_key:
            seen[ACCESS_KEY] = _value(lambda: session.get_credentials().get_frozen_credentials().access_key)
    return seen


def _value(function, *arguments):
    """The function's result, or the class of what it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error)


def _client(session, service):
    """The endpoint and the configuration of a client."""
    endpoint, config = f"the endpoint of {service}", f"the configuration of {service}"
    client = _value(lambda: session.create_client(service, aws_access_key_id="AKIADUMMY", aws_secret_access_key="x"))
    if isinstance(client, type):
        return {endpoint: client}
    values = {name: value for name, value in vars(client.meta.config).items() if name != "_user_provided_options"}
    return {endpoint: client.meta.endpoint_url, config: values}


# What the AWS CLI and other programs read in the file itself.
FILE_ONLY = [key for key in SETTINGS if key.startswith("cli_") and key != "cli_pager"]
FILE_ONLY += ["api_versions", "dynamodb", "my_tool", "s3"]


def _in_the_file(session, key):
    return session.get_scoped_config().get(key)


def _pager(session):
    """The pager as version 2 of the AWS CLI chooses it; version 1 has none."""
    in_file = ScopedConfigProvider("cli_pager", session)
    return ChainProvider([EnvironmentProvider("AWS_PAGER", os.environ), in_file]).provide()
