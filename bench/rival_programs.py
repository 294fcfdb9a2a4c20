"""The programs that bench/rivals.py compares: how each is had, set up and started, and how it forgets."""

import re
import shutil
import subprocess
from datetime import datetime, timedelta, timezone

import fetching
import world

REGION = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


class Program:
    """What all have in common. `command` gives argv and the variables beside those of the world, for a run of `command`
    that may use the MFA code, or finds what it needs in a cache."""

    name = None
    # Whether a first run gets its credentials from STS, with an MFA code.
    asks = True
    # What the reader of the table should know.
    note = None

    def __init__(self):
        self.checkout = None

    def get(self):
        """Sets `program`, or raises `Unmeasured`."""
        self.program, self.checkout = fetching.from_go(self.name, self.package, self.variable)

    def set_up(self, here):
        """Writes what the program needs before its first run."""

    def forget(self, here):
        """Removes what runs have left. The user's keys stay."""

    def version(self):
        """By git, for a build without the flags of a release does not know it."""
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False)
        number = re.search(r"\d+\.\d+\S*", done.stdout + done.stderr)
        return f"{self.name} {fetching.described(self.checkout) or (number[0] if number else 'of an unknown version')}"


class Own(Program):
    """aws-auth: a copy, as if installed."""

    name = "aws-auth"

    def __init__(self):
        super().__init__()
        self.program = world.BINARY

    def set_up(self, here):
        self.program = shutil.copy2(world.BINARY, here.home / "aws-auth")

    def command(self, here, command, code):
        return [self.program, command], {"AWS_AUTH_MFA_TOKEN": code} if code else {}

    def forget(self, here):
        here.forget()


class AwsVault(Program):
    """Its keys and sessions are in an encrypted file, since there is no keyring here."""

    name = "aws-vault"
    package = "github.com/byteness/aws-vault/v7"
    variable = "AWS_VAULT"

    def env(self, here):
        store = {"AWS_VAULT_BACKEND": "file", "AWS_VAULT_FILE_DIR": str(here.home / "vault"), "AWS_VAULT_FILE_PASSPHRASE": "bench"}
        return {**REGION, **store, "AWS_ENDPOINT_URL": here.url}

    def set_up(self, here):
        text = (here.home / ".aws/credentials").read_text()
        keys = {name.upper(): re.search(rf"{name} *= *(\S+)", text)[1] for name in ("aws_access_key_id", "aws_secret_access_key")}
        here.run([self.program, "add", "--env", "default"], **self.env(here), **keys)

    def command(self, here, command, code):
        token = [f"--mfa-token={code}"] if code else []
        return [self.program, "exec", *token, world.PROFILE, "--", command], self.env(here)

    def forget(self, here):
        here.run([self.program, "clear"], **self.env(here))


class Granted(Program):
    """`assume`: a shell script that starts assumego, which is granted under another name."""

    name = "granted"
    package = "github.com/fwdcloudsec/granted/cmd/granted"
    variable = "GRANTED"

    def get(self):
        granted, self.checkout = fetching.from_go(self.name, self.package, self.variable, "cmd/granted")
        script = self.checkout / "scripts/assume" if self.checkout else shutil.which("assume")
        if not script:
            raise fetching.Unmeasured("its script `assume` is not on PATH; GRANTED can name a directory with its source, which has it")
        directory = fetching.OUTSIDE / "rivals/granted"
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("granted", "assumego"):
            (directory / name).unlink(missing_ok=True)
            (directory / name).symlink_to(granted)
        self.program = directory / "granted"
        self.script = shutil.copy(script, directory / "assume")

    def set_up(self, here):
        # A build without the flags of a release has another directory.
        for directory in (".granted", ".dgranted"):
            (here.home / directory).mkdir()
            keyring = f'[Keyring]\nBackend = "file"\nFileDir = "{here.home}/vault"\n'
            (here.home / directory / "config").write_text(f'DefaultBrowser = "STDOUT"\nDisableUsageTips = true\n{keyring}')

    def command(self, here, command, code):
        token = ["--mfa-token", code] if code else []
        env = {**REGION, "CF_KEYRING_FILE_PASSWORD": "bench", "GRANTED_ALIAS_CONFIGURED": "true"}
        path = f"{self.program.parent}:{here.env['PATH']}"
        return ["/bin/sh", str(self.script), *token, world.PROFILE, "--exec", "--", command], {**env, "PATH": path}

    def forget(self, here):
        shutil.rmtree(here.home / "vault", ignore_errors=True)


class AwsRunas(Program):
    """With `--env`: otherwise it starts a server beside the command."""

    name = "aws-runas"
    package = "github.com/mmmorris1975/aws-runas"
    variable = "AWS_RUNAS"

    def command(self, here, command, code):
        token = ["--otp", code] if code else []
        return [self.program, "--env", *token, world.PROFILE, command], REGION

    def forget(self, here):
        for kind in ("assume_role", "session_token"):
            for kept in (here.home / ".aws").glob(f".aws_{kind}_*"):
                kept.unlink()


class Awsume(Program):
    """Its script is read by bash, which then starts the command."""

    name = "awsume"

    def get(self):
        if not shutil.which("bash"):
            raise fetching.Unmeasured("bash, which reads its script, is not on PATH")
        self.program = fetching.from_pypi("awsume", "awsumepy")

    def command(self, here, command, code):
        token = ["--mfa-token", code] if code else []
        script = '. awsume "${@:2}" && [ -n "$AWS_SESSION_TOKEN" ] && exec "$1"'
        path = f"{self.program.parent}:{here.env['PATH']}"
        return [shutil.which("bash"), "-c", script, "bash", command, *token, world.PROFILE], {**REGION, "PATH": path}

    def forget(self, here):
        shutil.rmtree(here.home / ".awsume/cache", ignore_errors=True)


class Saml2aws(Program):
    """It signs in at an identity provider, of which there is none here: no first run. Its cached run reads credentials
    from the credentials file, where a sign-in would have put them. `saml2aws exec` would ask STS each time, by an SDK
    that knows no other address of it; a shell with `saml2aws script` asks nothing."""

    name = "saml2aws"
    package = "github.com/versent/saml2aws/v2/cmd/saml2aws"
    variable = "SAML2AWS"
    asks = False
    note = "has no first runs here, since it signs in at an identity provider; its cached credentials were put where a sign-in puts them"

    def get(self):
        self.program, self.checkout = fetching.from_go(self.name, self.package, self.variable, "cmd/saml2aws")

    def set_up(self, here):
        expires = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with (here.home / ".aws/credentials").open("a") as file:
            file.write("\n[saml]\naws_access_key_id = ASIABENCH\naws_secret_access_key = bench\naws_session_token = bench\n")
            file.write(f"x_security_token_expires = {expires}\n")
        account = "[default]\nurl = https://idp.example\nusername = jo\nprovider = KeyCloak\nmfa = Auto\nprofile = saml\n"
        (here.home / ".saml2aws").write_text(f"{account}aws_urn = urn:amazon:webservices\naws_session_duration = 3600\n")

    def command(self, here, command, code):
        script = 'said=$("$0" --disable-keychain script --shell=bash) && eval "$said" && exec "$1"'
        return ["/bin/sh", "-c", script, str(self.program), command], {}


RIVALS = [AwsVault, Granted, AwsRunas, Awsume, Saml2aws]
