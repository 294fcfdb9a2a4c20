"""A recording STS on loopback: it keeps all calls, and derives the credentials from the role or the MFA device, so
that two programs which send the same parameters get the same answer.

Like STS, it refuses invalid parameters (a duration out of range, more than an hour for a role assumed with temporary
keys, malformed names), so a program may leave such checks to it. Signatures are not checked.
"""

import base64
import hashlib
import json
import re
import threading
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The endpoints of a recorder. In the texts of a case they are named `{main}` and so on.
ENDPOINTS = ("main", "one", "two")


@dataclass(frozen=True)
class Call:
    endpoint: str
    action: str
    access_key: str
    token: str
    region: str
    parameters: tuple

    def with_parameters(self, **changed):
        merged = {**dict(self.parameters), **changed}
        kept = tuple(sorted((name, value) for name, value in merged.items() if value is not None))
        return Call(self.endpoint, self.action, self.access_key, self.token, self.region, kept)

    def __str__(self):
        parameters = " ".join(f"{name}={value!r}" for name, value in self.parameters)
        return f"{self.action} at {self.endpoint}, signed by {self.access_key} for {self.region}: {parameters}"


def made_up(*seed):
    """The temporary credentials that the recorder gives for these parameters: key id, secret, token."""
    digest = hashlib.sha256("\0".join(seed).encode()).digest()
    text = base64.b32encode(digest).decode()
    return "ASIA" + text[:16], "secret" + text[:34], "token" + text[34:50]


class Recorder:
    def __init__(self):
        self.calls = []
        self.urls = {}
        self._servers = []
        for name in ENDPOINTS:
            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.recorder = self
            server.endpoint = name
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._servers.append(server)
            self.urls[name] = f"http://127.0.0.1:{server.server_address[1]}"

    def take(self):
        """Returns and forgets the calls so far."""
        calls, self.calls = self.calls, []
        return calls

    def stop(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()


class Refusal(Exception):
    pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Send headers and body together: otherwise the client's delayed acknowledgement costs 40 ms for each call.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parameters = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        action = parameters.pop("Action", "")
        parameters.pop("Version", None)
        signed = re.search(r"Credential=([^/]+)/\d+/([^/]*)/sts/", self.headers.get("Authorization", ""))
        access_key, region = signed.groups() if signed else ("", "")
        token = self.headers.get("X-Amz-Security-Token", "")
        call = Call(self.server.endpoint, action, access_key, token, region, tuple(sorted(parameters.items())))
        self.server.recorder.calls.append(call)
        try:
            self.answer(200, answer(call, parameters))
        except Refusal as refusal:
            error = f"<Error><Type>Sender</Type><Code>ValidationError</Code><Message>{refusal}</Message></Error>"
            self.answer(400, f'<ErrorResponse xmlns="{XMLNS}">{error}<RequestId>r</RequestId></ErrorResponse>')

    def do_GET(self):
        """Gives the credentials of a container, for any path."""
        key, secret, token = made_up("container")
        expiration = "2099-01-01T00:00:00Z"
        answer = {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": expiration}
        self.answer(200, json.dumps(answer), "application/json")

    def answer(self, status, text, content_type="text/xml"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"


def answer(call, parameters):
    validate(call, parameters)
    role = parameters.get("RoleArn")
    if call.action in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        credentials = made_up(role)
    elif call.action == "GetSessionToken":
        credentials = made_up(call.access_key, parameters.get("SerialNumber", ""))
    else:
        raise Refusal(f"no such action: {call.action}")
    key, secret, token = credentials
    user = ""
    if role:
        _, partition, _, _, account, resource = role.split(":", 5)
        name, session = resource.rpartition("/")[2], parameters.get("RoleSessionName", "")
        arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}"
        user = f"<AssumedRoleUser><AssumedRoleId>AROA:{session}</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
    return (
        f'<{call.action}Response xmlns="{XMLNS}"><{call.action}Result>{user}<Credentials>'
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>{token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        f"</{call.action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{call.action}Response>"
    )


# The rules for parameters in the STS API reference. For names only the length is checked, since they are compared.
PATTERNS = {
    "RoleArn": r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
    "RoleSessionName": r"(?s:.{2,64})",
    "ExternalId": r"(?s:.{2,1224})",
    "SerialNumber": r"[\w+=/:,.@-]{9,256}",
    "TokenCode": r"\d{6}",
    "DurationSeconds": r"\d{3,6}",
}


def validate(call, parameters):
    for name, value in parameters.items():
        if name in PATTERNS and not re.fullmatch(PATTERNS[name], value):
            raise Refusal(f"{name} is malformed")
    if ("SerialNumber" in parameters) != ("TokenCode" in parameters):
        raise Refusal("a serial number and a code come together")
    seconds = int(parameters.get("DurationSeconds", 3600))
    if not 900 <= seconds <= (129_600 if call.action == "GetSessionToken" else 43_200):
        raise Refusal("DurationSeconds is out of range")
    if call.action == "AssumeRole" and call.token and seconds > 3600:
        raise Refusal("a role assumed by temporary credentials lasts an hour at most")
