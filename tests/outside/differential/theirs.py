"""A case as botocore, and so the AWS CLI, resolves it."""

import os

import botocore.exceptions
import botocore.loaders
import botocore.session

from outcome import CODE, Outcome, files, variables

# The service descriptions are read once.
_LOADER = botocore.loaders.create_loader()


def resolve(case, recorder, region=None):
    """Resolves the case; `region` is used where the case has none."""
    with files(case.plain_config, case.plain_credentials, recorder) as directory:
        environment = variables(case.plain_environment, recorder, directory)
        if region:
            environment.setdefault("AWS_DEFAULT_REGION", region)
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(environment, AWS_MAX_ATTEMPTS="1")
        recorder.take()
        try:
            # A profile given to the session is one that was named: keys in the environment do not count then.
            credentials = _credentials(case.profile)
        except Exception as error:
            return Outcome("refused", calls=tuple(recorder.take()), words=f"{type(error).__name__}: {error}")
        finally:
            os.environ.clear()
            os.environ.update(before)
        calls = tuple(recorder.take())
        if credentials is None:
            return Outcome("nothing", calls=calls)
        keys = (credentials.access_key, credentials.secret_key, credentials.token or "")
        return Outcome("credentials", keys, calls)


def _credentials(profile):
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", _LOADER)
    session.get_scoped_config()  # a profile that is not there is an error, as for the AWS CLI
    assume_role = session.get_component("credential_provider").get_provider("assume-role")
    assume_role._prompter = lambda _: CODE
    credentials = session.get_credentials()
    return credentials and credentials.get_frozen_credentials()
