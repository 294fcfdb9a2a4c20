"""Prints the requests that the AWS CLI named first would send, as its `--debug` tells them, and the format in which it
writes an answer. Further arguments choose what is tried: s3, kms, output."""

import ast
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

S3 = ["s3api", "put-object", "--bucket", "bucket", "--key", "key"]
KMS = ["kms", "list-keys"]


class Answers(BaseHTTPRequestHandler):
    """A KMS with one key. As a proxy it refuses every call."""

    def do_POST(self):
        self.send_response(404 if self.path.startswith("http") else 200)
        self.end_headers()
        self.wfile.write(b'{"Keys": [{"KeyId": "one", "KeyArn": "arn"}]}')

    def log_message(self, *_):
        pass


def run(arguments):
    command = [sys.argv[1], *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def call(arguments):
    log = run(["--debug", *arguments]).stderr
    sent = re.search(r"Sending http request: <AWSPreparedRequest .*?url=(\S+), headers=(\{.*\})>", log)
    if not sent:
        return {"error": log.strip().splitlines()[-1]}
    headers = ast.literal_eval(sent[2]).items()
    headers = {name: text.decode() if isinstance(text, bytes) else text for name, text in headers}
    return {"url": sent[1], "headers": headers}


def output():
    text = run([*KMS, "--endpoint-url", f"http://127.0.0.1:{server.server_port}"]).stdout
    return {"{": "json", "-": "table", "K": "text"}.get(text[:1], text)


server = HTTPServer(("127.0.0.1", 0), Answers)
threading.Thread(target=server.serve_forever, daemon=True).start()
# The CLI finds no server for any endpoint. It is to try once.
proxy = f"http://127.0.0.1:{server.server_port}"
os.environ |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1", "AWS_MAX_ATTEMPTS": "1"}
tries = {"s3": lambda: call(S3), "kms": lambda: call(KMS), "output": output}
print(json.dumps({what: tries[what]() for what in sys.argv[2:]}))
