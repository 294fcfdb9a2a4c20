"""moto's server as a process on a loopback port: an independent STS, KMS and S3.

It accepts any MFA code and checks no signature. Its recorder tells which requests arrived and who signed them.
"""

import base64
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from dataclasses import dataclass

import boto3


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    service: str
    region: str
    action: str
    access_key: str
    parameters: dict


class Moto:
    name = "moto"

    def __init__(self, directory):
        directory.mkdir(parents=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MOTO_"))}
        environment["MOTO_RECORDER_FILEPATH"] = str(directory / "recording")
        (directory / "recording").touch()
        script = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"
        self._process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self._read_url()
        self._codes = itertools.count(100_001)
        # The log of requests is not used, but it must be read, or moto would block on a full pipe.
        threading.Thread(target=self._process.stderr.read, daemon=True).start()

    def _read_url(self):
        log = []
        for line in self._process.stderr:
            log.append(line)
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                return found[1]
        raise AssertionError(f"moto ended with {self._process.wait()}:\n{''.join(log)}")

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=30)

    def _api(self, path):
        request = urllib.request.Request(self.url + "/moto-api/" + path, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def reset(self):
        self._api("reset")
        self._api("recorder/reset-recording")
        self._api("recorder/start-recording")

    def client(self, service, account):
        """A client of the service in one account, to prepare a test. moto uses the account of the assumed role."""
        common = {"endpoint_url": self.url, "region_name": "eu-west-1"}
        sts = boto3.client("sts", aws_access_key_id="AKIAROOT", aws_secret_access_key="root", **common)
        role = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/preparation", RoleSessionName="preparation")
        keys = role["Credentials"]
        return boto3.client(
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            **common,
        )

    def code(self, serial):
        """An unused code; moto accepts any."""
        return str(next(self._codes))

    def calls(self, action=None):
        """All calls since the test began, or only those of one action."""
        with urllib.request.urlopen(self.url + "/moto-api/recorder/download-recording", timeout=30) as answer:
            calls = [call for line in answer if (call := _call(json.loads(line)))]
        return [call for call in calls if action in (None, call.action)]


def _call(entry):
    headers = {name.lower(): value for name, value in entry["headers"].items()}
    # AWS4-HMAC-SHA256 Credential=AKIA…/20260101/us-east-1/sts/aws4_request, SignedHeaders=…, Signature=…
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", headers.get("authorization", ""))
    if not signed:
        return None
    access_key, region, service = signed.groups()
    body = entry["body"] or ""
    if entry["body_encoded"]:
        body = base64.b64decode(body).decode("utf-8", "replace")
    parameters = {}
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    action = parameters.pop("Action", "") or target or f"{entry['method']} {urllib.parse.urlsplit(entry['url']).path}"
    parameters.pop("Version", None)
    return Call(service, region, action, access_key, parameters)
