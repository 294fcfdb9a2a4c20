"""The outcome of a case, in terms that fit both programs."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Read only once, because theirs.py changes this process's environment while other threads run aws-auth.
PATH = os.environ["PATH"]
CODE = "123456"
USER = "jo.local"

# A file that nobody writes: a program that another thread has just written may still be open for that in a child
# process that is starting, and then it cannot be run (ETXTBSY).
CODES = Path(__file__).with_name("codes.sh")


@dataclass(frozen=True)
class Outcome:
    kind: str  # "credentials", "nothing" (the profile names none) or "refused"
    credentials: tuple = ()  # key id, secret, token
    calls: tuple = ()
    words: str = ""  # the error's text

    def refuses(self, words):
        """Whether it ended in an error that contains these words."""
        return self.kind == "refused" and words in self.words

    def __str__(self):
        lines = [f"{self.kind} {self.credentials or ''}".strip()]
        lines += [f"    {call}" for call in self.calls]
        if self.words:
            lines.append(f"    says: {self.words}")
        return "\n".join(lines)


def variables(environment, recorder, directory):
    """The environment of a run: the paths of the two files, no instance metadata, and the case's variables."""
    return {
        "PATH": PATH,
        "HOME": str(directory),
        "USER": USER,
        "LC_ALL": "C.UTF-8",
        "AWS_CONFIG_FILE": str(directory / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        # Requests to AWS itself fail here at once.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        **{name: _fill(value, recorder, directory) for name, value in environment.items()},
    }


@contextlib.contextmanager
def files(config, credentials, recorder):
    """Writes the two files into a new directory."""
    with tempfile.TemporaryDirectory(prefix="differential-") as name:
        directory = Path(name)
        (directory / "token").write_text("web-identity-token")
        (directory / "code").symlink_to(CODES)
        for file, text in (("config", config), ("credentials", credentials)):
            if text:
                (directory / file).write_bytes(_fill(text, recorder, directory).encode())
        yield directory


def _fill(text, recorder, directory):
    for name, url in recorder.urls.items():
        text = text.replace("{" + name + "}", url)
    return text.replace("{directory}", str(directory))
