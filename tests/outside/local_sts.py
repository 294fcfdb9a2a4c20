"""The project's own local STS as a process. Unlike moto it checks signatures, accepts each MFA code once and only while
it is valid, and limits temporary credentials."""

import subprocess

from world import TARGET

SERIAL = "arn:aws:iam::398263320410:mfa/jo"


class LocalSts:
    """An STS with the user, the MFA device and the roles of the README; writes the two matching files under `home`."""

    def __init__(self, home):
        program = TARGET / "debug/examples/local-sts"
        assert program.exists(), f"{program} is not there: `cargo build --examples` makes it"
        self._process = subprocess.Popen(
            [program, "--home", home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.url = self._read().removeprefix("AWS_ENDPOINT_URL_STS=")

    def _read(self):
        line = self._process.stdout.readline()
        assert line, f"local-sts ended with {self._process.wait()}"
        return line.strip()

    def _ask(self, question):
        self._process.stdin.write(f"{question}\n")
        return self._read()

    def code(self, serial):
        """A valid code of the device, a different one each time."""
        assert serial in (SERIAL, None)
        return self._ask("code")

    def code_of_backups(self):
        """A valid code of the device of the profile `backups`."""
        return self._ask("code backups")

    def calls(self):
        """The actions of all calls so far."""
        return self._ask("calls").split()

    def signers(self):
        """The access key id that signed each call."""
        return self._ask("signers").split()

    def shorten_roles(self):
        """From now on, role credentials last for half a minute."""
        self._ask("short roles")

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()
