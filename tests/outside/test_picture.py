"""The picture in the README is what a session looks like today."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from conftest import need
from world import REPOSITORY

PICTURE = REPOSITORY / "docs/picture.svg"


def test_the_picture_is_the_session_of_today(tmp_path, binary):
    need("aws")
    need("dash")
    made = tmp_path / "picture.svg"
    subprocess.run([sys.executable, REPOSITORY / "demo/picture.py", made], check=True, timeout=300)
    assert made.read_text(encoding="utf-8") == PICTURE.read_text(encoding="utf-8"), "`make picture` draws it anew"


def test_the_picture_is_for_light_and_dark():
    text = PICTURE.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert "@media (prefers-color-scheme:dark)" in text
    # The session shows an ARN that another role gives without a question.
    assert text.count("MFA code for ") == 1 and "050019655025" in text
