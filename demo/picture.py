"""Draws docs/picture.svg: a session at a terminal, as it was recorded here.

aws-auth runs at a pseudo-terminal, in a shell, with the files of the README. It calls STS at AWS's own address; a proxy
of this script leads that address to the local STS. The shell's clock is nine in the morning, so that the same session
gives the same picture, byte for byte. `make picture` writes it; with an argument it is written there.
"""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from html import escape
from pathlib import Path

import pexpect

REPOSITORY = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
VENV = TARGET / "outside/venv/bin"
STS = "sts.us-east-1.amazonaws.com"
SERIAL = "arn:aws:iam::398263320410:mfa/jo"
COLUMNS = 92
DEADLINE_SECONDS = 60
# What is typed, and what is waited for before the code is typed.
SESSION = [
    ("export AWS_PROFILE=sops", None),
    ("aws-auth aws sts get-caller-identity --query Arn", f"MFA code for sops ({SERIAL}): "),
    ("AWS_PROFILE=production-infrastructure aws-auth aws sts get-caller-identity --query Arn", None),
    ("aws-auth --list", None),
]


# --- The session -----------------------------------------------------------------------------------------------------


class LocalSts:
    """The local STS, with TLS under the name of AWS's own."""

    def __init__(self, home):
        program = TARGET / "debug/examples/local-sts"
        self._process = subprocess.Popen(
            [program, "--home", home, "--team"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._process.stdout.readline()
        url, self.ca = self.ask(f"tls {STS}").split()
        self.port = urllib.parse.urlsplit(url).port

    def ask(self, question):
        self._process.stdin.write(f"{question}\n")
        return self._process.stdout.readline().strip()

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=DEADLINE_SECONDS)
        self._process.stdout.close()


def proxy(port):
    """Serves as HTTPS_PROXY: leads the address of AWS's STS to this port, and no other address anywhere."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client):
        with client, client.makefile("rb") as lines:
            asked = lines.readline()
            while lines.readline().strip():
                pass
            if asked.split()[:2] != [b"CONNECT", f"{STS}:443".encode()]:
                client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port)) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                other = {client: server, server: client}
                while True:
                    for source in select.select(list(other), [], [])[0]:
                        data = source.recv(65536)
                        if not data:
                            return
                        other[source].sendall(data)

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def at_nine():
    """A TZ in which it is shortly after nine in the morning now."""
    offset = 9 * 3600 + 5 - int(time.time()) % 86400
    hours, rest = divmod(abs(offset), 3600)
    return f"JOE{'-' if offset >= 0 else '+'}{hours:02}:{rest // 60:02}:{rest % 60:02}"


def record(directory):
    """Everything that the terminal showed."""
    home, programs = directory / "home", directory / "bin"
    sts = LocalSts(home)
    listener = proxy(sts.port)
    programs.mkdir()
    (programs / "aws-auth").symlink_to(TARGET / "debug/aws-auth")
    (programs / "aws").symlink_to(VENV / "aws")
    environment = {
        "HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": "$ ",
        "TZ": at_nine(), "HTTPS_PROXY": f"http://127.0.0.1:{listener.getsockname()[1]}", "AWS_CA_BUNDLE": sts.ca,
        "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }
    shell = pexpect.spawn(
        "/bin/dash", ["-i"], env=environment, cwd=str(home), encoding="utf-8", dimensions=(50, COLUMNS),
        timeout=DEADLINE_SECONDS,
    )
    shell.delaybeforesend = None
    shown = ""
    shell.expect_exact("$ ")
    for command, question in SESSION:
        shown += shell.after
        shell.sendline(command)
        if question:
            shell.expect_exact(question)
            shown += shell.before + shell.after
            shell.sendline(sts.ask("code"))
        shell.expect_exact("\n$ ")
        shown += shell.before + "\n"
        shell.after = "$ "
    shell.close(force=True)
    listener.close()
    sts.stop()
    return shown


# --- The picture -----------------------------------------------------------------------------------------------------

COLOURS = {30: "black", 31: "red", 32: "green", 33: "yellow", 34: "blue", 35: "magenta", 36: "cyan", 37: "white", 90: "grey"}
CELL_WIDTH, CELL_HEIGHT, MARGIN, BAR = 8.4, 19, 16, 28
STYLE = """\
.back{fill:#ffffff;stroke:#d0d7de}.text{fill:#1f2328;font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}
.dot{fill:#d0d7de}.bold{font-weight:bold}.dim{fill:#656d76}.typed{fill:#0550ae}
.red{fill:#cf222e}.green{fill:#116329}.yellow{fill:#7d4e00}.blue{fill:#0550ae}.magenta{fill:#8250df}.cyan{fill:#1b7c83}.grey{fill:#656d76}
@media (prefers-color-scheme:dark){
.back{fill:#0d1117;stroke:#30363d}.text{fill:#e6edf3}.dot{fill:#30363d}.dim{fill:#8d96a0}.typed{fill:#79c0ff}
.red{fill:#ff7b72}.green{fill:#7ee787}.yellow{fill:#f2cc60}.blue{fill:#79c0ff}.magenta{fill:#d2a8ff}.cyan{fill:#76e3ea}.grey{fill:#8d96a0}}"""


def lines_of(shown):
    """The lines on the screen: pieces of text with their classes. Only what this session prints is understood."""
    lines, classes, column = [[]], (), 0
    for part in re.findall(r"\x1b\[[\d;]*m|\r|\n|[^\x1b\r\n]+|.", shown):
        if part.startswith("\x1b["):
            classes = after(classes, part[2:-1])
        elif part == "\n":
            lines.append([])
            column = 0
        elif part == "\r":
            continue
        else:
            assert part.isprintable(), f"{part!r} is not understood"
            while part:
                if column == COLUMNS:
                    lines.append([])
                    column = 0
                taken = part[: COLUMNS - column]
                lines[-1].append((taken, classes))
                part, column = part[len(taken) :], column + len(taken)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def after(classes, codes):
    """The classes after a change of colour."""
    for code in codes.split(";"):
        number = int(code or 0)
        if number == 0:
            classes = ()
        elif number in (1, 2):
            classes += ("bold" if number == 1 else "dim",)
        elif number in COLOURS:
            classes = tuple(name for name in classes if name in ("bold", "dim")) + (COLOURS[number],)
        else:
            raise AssertionError(f"the colour {code} is not understood")
    return classes


def draw(shown):
    lines = lines_of(shown)
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + MARGIN + BAR
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">',
        "<title>A session with aws-auth, recorded by make picture</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="back" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>',
        *(f'<circle class="dot" cx="{18 + 16 * number}" cy="15" r="5"/>' for number in range(3)),
    ]
    for number, line in enumerate(lines):
        if not line:
            continue
        text = "".join(part for part, _ in line)
        if text.startswith("$ "):
            line = [("$ ", ("dim",)), (text[2:], ("typed",))]
        y = BAR + (number + 1) * CELL_HEIGHT - 5
        spans = "".join(
            f'<tspan class="{" ".join(classes)}">{escape(part)}</tspan>' if classes else escape(part) for part, classes in line
        )
        length = f' textLength="{len(text) * CELL_WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
        out.append(f'<text class="text" xml:space="preserve" x="{MARGIN}" y="{y}"{length}>{spans}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def main():
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "docs/picture.svg"
    directory = Path(tempfile.mkdtemp(prefix="aws-auth-picture-"))
    try:
        to.write_text(draw(record(directory)), encoding="utf-8")
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
