"""An S3 that knows when keys expire: it stands before moto, which accepts any key for ever."""

import http.client
import http.server
import re
import threading
import time
import urllib.parse

# As long as the local STS lets credentials of roles last after `short roles`.
LIFETIME_SECONDS = 30
# A program may sign a request just before the end, and then wait to send it: rclone's --tpslimit does.
LATE_SECONDS = 2
SECOND_HAND = {"connection", "content-length", "transfer-encoding"}


class Gate:
    """Refuses requests without a signature, and those of a key that it first saw more than half a minute ago."""

    def __init__(self, moto):
        self._moto = urllib.parse.urlsplit(moto.url)
        self._first = {}
        self._lock = threading.Lock()
        # For each request: its path, the access key id that signed it or None, and the error or None.
        self.requests = []
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_request(self):
                gate._answer(self)

            do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = handle_request

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def keys(self, path):
        """The access key ids that signed requests below this path and were accepted, in their order."""
        return list(dict.fromkeys(key for asked, key, error in self.requests if path in asked and not error))

    def errors(self, path):
        return {error for asked, _, error in self.requests if path in asked and error}

    def _judge(self, request):
        signed = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
        key = signed and signed[1]
        with self._lock:
            first = self._first.setdefault(key, time.monotonic())
            error = None if key else "AccessDenied"
            if key and time.monotonic() - first > LIFETIME_SECONDS + LATE_SECONDS:
                error = "ExpiredToken"
            self.requests.append((request.path, key, error))
        return error

    def _answer(self, request):
        body = _body(request)
        if error := self._judge(request):
            text = f"<Error><Code>{error}</Code><Message>refused</Message></Error>".encode()
            _send(request, 400 if error == "ExpiredToken" else 403, [("Content-Type", "application/xml")], text)
            return
        moto = http.client.HTTPConnection(self._moto.hostname, self._moto.port)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in SECOND_HAND}
        moto.request(request.command, request.path, body, {**headers, "Content-Length": str(len(body))})
        answer = moto.getresponse()
        text = answer.read()
        _send(request, answer.status, answer.getheaders(), text)
        moto.close()


def _body(request):
    if "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return request.rfile.read(int(request.headers.get("Content-Length", 0)))
    body = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


def _send(request, status, headers, text):
    request.send_response(status)
    length = dict((name.lower(), value) for name, value in headers).get("content-length")
    for name, value in headers:
        if name.lower() not in SECOND_HAND:
            request.send_header(name, value)
    is_head = request.command == "HEAD"
    request.send_header("Content-Length", length if is_head and length else str(len(text)))
    request.end_headers()
    if not is_head:
        request.wfile.write(text)
