"""A command with its own terminal; the test plays the person who sits at it.

The command leads a new session, and the pseudo-terminal is its controlling terminal (/dev/tty), even if a shell in
between redirects its standard streams.
"""

import re

import pexpect

# A test that waits this long fails. Several of them run at once.
DEADLINE_SECONDS = 180


class Terminal:
    def __init__(self, argv, env, cwd, deadline_seconds=DEADLINE_SECONDS):
        self.argv = argv
        self._spawn = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            env=env,
            cwd=str(cwd),
            encoding="utf-8",
            codec_errors="backslashreplace",
            dimensions=(50, 500),  # wide, so that no prompt is wrapped
            timeout=deadline_seconds,
        )
        self._spawn.delaybeforesend = None  # pexpect's default sleeps before it types
        self._seen = ""

    def expect(self, text):
        """Waits until exactly `text` is printed."""
        found = self._spawn.expect_exact([text, pexpect.EOF, pexpect.TIMEOUT])
        self._seen += self._spawn.before
        if found != 0:
            self._missed(repr(text))
        self._seen += text

    def read(self, pattern):
        """Waits until a regular expression matches; returns its first group."""
        found = self._spawn.expect([pattern, pexpect.EOF, pexpect.TIMEOUT])
        self._seen += self._spawn.before
        if found != 0:
            self._missed(pattern)
        self._seen += self._spawn.after
        return self._spawn.match[1]

    def _missed(self, what):
        why = "the command ended" if self._spawn.after is pexpect.EOF else f"{self._spawn.timeout} s passed"
        self._spawn.close(force=True)
        raise AssertionError(f"{why} before {what} was printed by {self.argv}; on the screen:\n{self._seen}")

    def type(self, line):
        self._spawn.sendline(line)

    def interrupt(self):
        """Presses Ctrl-C."""
        self._spawn.sendintr()

    def hurry(self):
        """From now on, waits no longer than other commands may take."""
        self._spawn.timeout = DEADLINE_SECONDS

    def finish(self):
        """Waits for the command's end."""
        found = self._spawn.expect([pexpect.EOF, pexpect.TIMEOUT])
        self._seen += self._spawn.before
        if found != 0:
            self._missed("the end")
        self._spawn.close()
        return Ended(self.argv, self._spawn.exitstatus, self._spawn.signalstatus, self._seen.replace("\r\n", "\n"))


class Ended:
    """How a command at a terminal ended, and everything on the screen."""

    def __init__(self, argv, status, signal, screen):
        self.argv = argv
        self.status = status
        self.signal = signal
        self.screen = screen

    @property
    def prompts(self):
        """How often aws-auth or the AWS CLI asked for a code."""
        return len(re.findall(r"MFA code for ", self.screen))

    def check(self):
        assert self.status == 0, f"{self.argv} ended with {self.status or self.signal}; on the screen:\n{self.screen}"
        return self
