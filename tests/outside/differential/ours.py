"""How aws-auth resolves a case."""

import subprocess
from functools import cache

from outcome import CODE, Outcome, files, variables

REFUSED = 125  # the exit status


@cache
def options(binary):
    """Options for cases that do not affect each other: no cache, and a code for each role."""
    help_text = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    return ["--no-cache"] + (["--no-mfa-session"] if "--no-mfa-session" in help_text else [])


def run(binary, arguments, environment, directory):
    """Runs `env -0` under aws-auth."""
    return subprocess.run(
        [binary, *arguments, "--", "env", "-0"],
        env=environment,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        timeout=120,
        check=False,
    )


def printed(done):
    """The environment that `env -0` printed."""
    return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)


def resolve(case, recorder, binary):
    with files(case.config, case.credentials, recorder) as directory:
        environment = variables(case.environment, recorder, directory)
        environment["AWS_AUTH_MFA_PROCESS"] = str(directory / "code")
        profile = ["-p", case.profile] if case.by_option else []
        recorder.take()
        done = run(binary, [*options(binary), *profile], environment, directory)
        calls = tuple(with_the_code(call) for call in recorder.take())
    words = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == REFUSED:
        return Outcome("refused", calls=calls, words=words)
    if done.returncode != 0:
        return Outcome(f"ended with status {done.returncode}", calls=calls, words=words)
    child = printed(done)
    if "AWS_ACCESS_KEY_ID" not in child:
        if any(name not in child for name in environment if name.startswith("AWS_CONTAINER_")):
            return Outcome("nothing, and the container's credentials are lost", calls=calls, words=words)
        return Outcome("nothing", calls=calls, words=words)
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return Outcome("credentials", tuple(child.get(name, "") for name in names), calls, words)


def with_the_code(call):
    """Replaces the code, which is new each time; botocore always gets the same one."""
    code = dict(call.parameters).get("TokenCode")
    return call if code is None else call.with_parameters(TokenCode=CODE)
