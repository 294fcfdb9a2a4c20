"""`aws login`: botocore with its extra `crt` uses and renews what aws-auth began, aws-auth uses and renews what others
began (botocore's own code, and the AWS CLI 2 where it is new enough), and Chromium goes through the sign-in."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from conftest import need
from world import opened, python

SESSION = "arn:aws:sts::111111111111:assumed-role/console/jo"
NAME = hashlib.sha256(SESSION.encode()).hexdigest()

# Follows redirects, and shows nothing.
BROWSER = "import sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n"

# Who the credentials of the profile jo are, by botocore.
WHO = """\
import botocore.session
session = botocore.session.Session(profile="jo")
credentials = session.get_credentials()
assert credentials.method == "login", credentials.method
print(credentials.get_frozen_credentials().access_key, credentials.account_id)
print(session.create_client("sts", region_name="us-east-1").get_caller_identity()["Arn"])
"""

# Signs in as the AWS CLI does, with botocore's client and proofs, its cache of files, and the library that the AWS CLI
# has for keys.
BEGIN = """\
import base64, datetime, hashlib, json, os, secrets, urllib.parse, urllib.request, uuid
import botocore.session
from awscrt.crypto import EC, ECExportFormat, ECType
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import JSONFileCache, _build_add_dpop_header_handler
key, verifier, state = EC.new_generate(ECType.P_256), secrets.token_urlsafe(48), str(uuid.uuid4())
client = botocore.session.Session().create_client("signin", region_name="eu-west-1",
                                                  config=Config(signature_version=UNSIGNED))
client.meta.events.register("before-call.signin.CreateOAuth2Token", _build_add_dpop_header_handler(key))
base, client_id = client.meta.endpoint_url, "arn:aws:signin:::devtools/cross-device"
redirect = base + "/v1/sessions/confirmation"
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
query = urllib.parse.urlencode(dict(response_type="code", client_id=client_id, state=state, scope="openid",
                                    code_challenge_method="SHA-256", redirect_uri=redirect,
                                    code_challenge=challenge))
page = urllib.request.urlopen(base + "/v1/authorize?" + query).read()
answer = dict(urllib.parse.parse_qsl(base64.b64decode(page).decode()))
assert answer["state"] == state
output = client.create_o_auth2_token(tokenInput=dict(
    clientId=client_id, grantType="authorization_code", code=answer["code"], codeVerifier=verifier,
    redirectUri=redirect))["tokenOutput"]
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=output["expiresIn"])
claims = output["idToken"].split(".")[1]
session = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
pem = base64.encodebytes(key.export_key(ECExportFormat.SEC1)).decode().replace("\\n", "")
lines = "\\n".join(pem[at:at + 64] for at in range(0, len(pem), 64))
token = dict(accessToken=dict(output["accessToken"], accountId=session.split(":")[4],
                              expiresAt=end.strftime("%Y-%m-%dT%H:%M:%SZ")),
             tokenType=output["tokenType"], clientId=client_id, refreshToken=output["refreshToken"],
             idToken=output["idToken"],
             dpopKey="-----BEGIN EC PRIVATE KEY-----\\n" + lines + "\\n-----END EC PRIVATE KEY-----\\n")
JSONFileCache(os.path.expanduser("~/.aws/login/cache"))[hashlib.sha256(session.encode()).hexdigest()] = token
print(session)
"""


@pytest.fixture
def signin(strict_world):
    """A world whose AWS Sign-In is the local one, with a desktop and a browser."""
    pytest.importorskip("awscrt", reason="needs botocore's extra crt")
    strict_world.env["AWS_ENDPOINT_URL_SIGNIN"] = strict_world.sts.url
    browser = strict_world.write("browser", f"#!{sys.executable}\n{BROWSER}")
    browser.chmod(0o755)
    strict_world.env |= {"BROWSER": str(browser), "DISPLAY": ":0"}
    return strict_world


def path(world):
    return world.home / ".aws/login/cache" / f"{NAME}.json"


def session(world):
    return json.loads(path(world).read_text())


def expire(world):
    """Lets the session's credentials expire."""
    changed = session(world)
    changed["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z"
    path(world).write_text(json.dumps(changed))


def key_of(world, profile="jo"):
    """The access key id that a command gets."""
    return world.succeed("aws-auth", "-p", profile, "sh", "-c", "echo $AWS_ACCESS_KEY_ID").strip()


def test_botocore_uses_and_renews_what_we_began_and_the_other_way_round(signin):
    signin.succeed("aws-auth", "-p", "jo", "--login=aws", "--region", "eu-west-1")
    assert f"[profile jo]\nlogin_session = {SESSION}\nregion = eu-west-1\n" in signin.config.read_text()
    began = session(signin)
    who = signin.succeed(*python(WHO)).split()
    assert who == [began["accessToken"]["accessKeyId"], "111111111111", SESSION]
    # botocore renews with the key that we made.
    expire(signin)
    renewed = signin.succeed(*python(WHO)).split()
    assert renewed[2] == SESSION and renewed[0] != who[0]
    # aws-auth uses what botocore wrote, and renews it.
    assert key_of(signin) == renewed[0]
    expire(signin)
    ours = key_of(signin)
    assert ours != renewed[0]
    assert signin.succeed(*python(WHO)).split() == [ours, "111111111111", SESSION]
    assert session(signin)["dpopKey"] == began["dpopKey"]


def test_we_use_and_renew_what_botocore_began(signin):
    assert signin.succeed(*python(BEGIN)).strip() == SESSION
    signin.config.write_text(f"[profile jo]\nlogin_session = {SESSION}\n")
    began = session(signin)
    assert key_of(signin) == began["accessToken"]["accessKeyId"]
    expire(signin)
    renewed = key_of(signin)
    after = session(signin)
    assert renewed == after["accessToken"]["accessKeyId"] != began["accessToken"]["accessKeyId"]
    assert {key: after[key] for key in after if key not in ("accessToken", "refreshToken")} == {
        key: began[key] for key in began if key not in ("accessToken", "refreshToken")
    }
    # A login that stands is left as it is.
    signin.succeed("aws-auth", "-p", "jo", "--login")
    assert session(signin) == after
    # The file that we write has the same fields.
    signin.succeed("aws-auth", "-p", "jo", "--login", "--refresh")
    ours = session(signin)
    assert ours.keys() == began.keys() and ours["accessToken"].keys() == began["accessToken"].keys()
    assert [len(line) for line in ours["dpopKey"].splitlines()] == [len(line) for line in began["dpopKey"].splitlines()]


def test_the_aws_cli_logs_in_and_uses_our_login(signin):
    """The AWS CLI itself, in a version that has `aws login` (2.32)."""
    aws = need("aws2")
    version = subprocess.run([aws, "--version"], capture_output=True, text=True, check=True).stdout
    if [int(part) for part in re.search(r"aws-cli/(\d+)\.(\d+)", version).groups()] < [2, 32]:
        pytest.skip(f"needs aws-cli 2.32, has {version.split()[0]}")
    signin.config.write_text("[profile jo]\nregion = eu-west-1\n")
    terminal = signin.terminal(str(aws), "login", "--remote", "--profile", "jo")
    link = terminal.read(r"(http://127\S+/v1/authorize\S+)")
    terminal.expect("displayed in your browser: ")
    with urllib.request.urlopen(link) as page:
        terminal.type(page.read().decode())
    terminal.finish().check()
    assert f"login_session = {SESSION}" in signin.config.read_text()
    began = session(signin)
    assert key_of(signin) == began["accessToken"]["accessKeyId"]
    signin.succeed("aws-auth", "-p", "jo", "--login", "--refresh")
    ours = session(signin)
    assert ours.keys() == began.keys() and ours["dpopKey"] != began["dpopKey"]
    identity = ("sts", "get-caller-identity", "--profile", "jo", "--query", "Arn", "--output", "text")
    assert signin.succeed(str(aws), *identity).strip() == SESSION
    expire(signin)
    assert signin.succeed(str(aws), *identity).strip() == SESSION
    assert session(signin)["accessToken"]["accessKeyId"] == key_of(signin)


def chromium(world):
    """Makes Chromium the browser. It leaves the page at the end in a file."""
    program = need("chromium")
    page = world.directory / "page"
    # No sandbox: it needs privileges that containers do not have, and root may not use it.
    browser = world.write(
        "chromium-here",
        f'#!/bin/sh\n{program} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run '
        f'--user-data-dir={world.directory}/chromium --dump-dom "$1" > {page}.new 2> {page}.log\nmv {page}.new {page}\n',
    )
    browser.chmod(0o755)
    world.env["BROWSER"] = str(browser)
    return page


def test_chromium_goes_through_the_sign_in(signin):
    page = chromium(signin)
    done = signin.run("aws-auth", "-p", "jo", "--login=aws")
    assert done.returncode == 0, done.stderr
    assert f"aws-auth: jo: signed in as {SESSION}\n" in done.stderr
    assert "This is all. Close this page and go back to the terminal." in opened(page)
    assert signin.succeed(*python(WHO)).split()[2] == SESSION


def test_chromium_is_led_to_the_console(signin):
    page = chromium(signin)
    terminal = signin.terminal("aws-auth", "-p", "production-infrastructure", "--console=billing")
    terminal.read(r"(MFA code for [^:]+)")
    terminal.type(signin.sts.code(None))
    terminal.finish().check()
    text = opened(page)
    assert "You are signed in as arn:aws:sts::050019655025:assumed-role/infrastructure/jo" in text
    assert "/billing/" in text


def test_a_pasted_code_signs_in(signin):
    terminal = signin.terminal("aws-auth", "-p", "jo", "--login=aws", "--no-browser")
    link = terminal.read(r"(http://127\S+/v1/authorize\S+)")
    terminal.expect("Code from the browser (hidden): ")
    with urllib.request.urlopen(link) as page:
        code = page.read().decode()
    answer = urllib.parse.parse_qs(base64.b64decode(code).decode())
    assert answer.keys() == {"state", "code"}
    terminal.type(code)
    ended = terminal.finish().check()
    assert code not in ended.screen
    assert signin.succeed(*python(WHO)).split()[2] == SESSION
