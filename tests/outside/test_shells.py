"""`alias tf='aws-auth terraform'` in real shells."""

import pytest

from conftest import need

RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}


@pytest.mark.parametrize("shell", RC)
def test_an_alias_in_the_shells_start_up_file(world, shell):
    world.install(shell, need(shell))
    rc = world.home / RC[shell]
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text("alias who='aws-auth printenv AWS_ACCESS_KEY_ID'\n")
    terminal = world.terminal(shell, "-i", "-c", "who > who.txt", env={"AWS_PROFILE": "sops"})
    world.asked_once(terminal, world.prompt("sops"))
    assert (world.directory / "who.txt").read_text().strip() == world.role_key()
