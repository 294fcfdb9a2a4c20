"""Standard input and output belong to the command, even while aws-auth asks for a code."""

import hashlib
import os

import pytest

BLOCK = 1 << 20
BLOCKS = 100


@pytest.fixture
def large(world):
    """Writes 100 MB in which all blocks differ; returns the digest."""
    digest = hashlib.sha256()
    with open(world.directory / "file", "wb") as file:
        for _ in range(BLOCKS):
            block = os.urandom(BLOCK)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


@pytest.mark.parametrize(
    "command",
    [
        "aws-auth cat < file > copy",
        "cat file | aws-auth cat | cat > copy",
        "aws-auth cat < file | aws-auth cat > copy",
    ],
)
def test_100_mb_through_the_command_while_the_code_is_asked_for(world, large, command):
    world.shell_asked_once(command, "sops", env={"AWS_PROFILE": "sops"})
    with open(world.directory / "copy", "rb") as copy:
        assert hashlib.file_digest(copy, "sha256").hexdigest() == large
