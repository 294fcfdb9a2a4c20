"""Completion in real shells: options, profiles from the files, services, and COMMAND's own completion."""

import re

import botocore.loaders
import pexpect
import pytest

from conftest import need
from world import REPOSITORY

HOSTILE = "$(touch pwned) `touch pwned` 'x'"

CONFIG = f"""
[profile "two words"]
region = eu-west-1
[profile "{HOSTILE}"]
region = eu-west-1
"""

BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"


@pytest.fixture
def profiles(world):
    with world.config.open("a") as config:
        config.write(CONFIG)
    # A command with its own completion in each shell.
    world.write("wrapped", "#!/bin/sh\n").chmod(0o755)
    world.install("wrapped", world.directory / "wrapped")


def words(line):
    """The words of a line as readline splits them: `=` is a separate word."""
    split = re.split(r"(=)|\s+", line)
    return [word for word in split if word] + ([""] if line.endswith((" ", "=")) else [])


def bash(world, line, prepare=""):
    """The completions that bash offers for the last word of `line`."""
    comp_words = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words(line))
    script = f"""
        [ -r {BASH_COMPLETION} ] && source {BASH_COMPLETION}
        source <(aws-auth --completions bash)
        complete -W 'planet apply' wrapped
        compopt() {{ :; }}
        {prepare}
        COMP_WORDS=({comp_words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}
        _aws_auth aws-auth
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return world.succeed("bash", "--norc", "-c", script).splitlines()


def need_bash_completion(world):
    if world.run("test", "-r", BASH_COMPLETION).returncode:
        need("bash-completion")


class TestBash:
    @pytest.fixture(autouse=True)
    def shell(self, world, profiles):
        world.install("bash", need("bash"))

    @pytest.mark.parametrize("line", ["aws-auth -p ", "aws-auth --profile ", "aws-auth --profile=", "aws-auth -q -p "])
    def test_profiles(self, world, line):
        found = bash(world, line)
        assert found[:2] == ["sops", "development-infrastructure"]
        assert "two\\ words" in found
        assert r"\$\(touch\ pwned\)\ \`touch\ pwned\`\ \'x\'" in found
        assert not (world.directory / "pwned").exists()

    def test_what_is_begun_is_completed(self, world):
        assert bash(world, "aws-auth -p so") == ["sops"]
        assert bash(world, "aws-auth --profile=dev") == ["development-infrastructure"]
        assert bash(world, "aws-auth --region eu-west-") == ["eu-west-1", "eu-west-2", "eu-west-3"]
        assert bash(world, "aws-auth -p sops --region=us-gov-e") == ["us-gov-east-1"]
        assert bash(world, "aws-auth --console=bil") == ["billing"]
        assert bash(world, "aws-auth --export=po") == ["powershell"]
        assert bash(world, "aws-auth --unset=f") == ["fish"]
        assert bash(world, "aws-auth --completions f") == ["fish"]
        assert bash(world, "aws-auth --no-c") == ["--no-cache"]
        assert bash(world, "aws-auth -p sops --sw") == ["--switch-role-url"]

    def test_options(self, world):
        found = bash(world, "aws-auth -")
        assert {"-p", "--profile", "--console=", "--unset=", "-h", "--help", "--version"} <= set(found)

    @pytest.mark.parametrize(
        "prefix", ["aws-auth", "aws-auth -p sops", "aws-auth --profile=sops -q", "aws-auth --", "aws-auth -psops --"]
    )
    def test_behind_the_prefix_the_commands_own(self, world, prefix):
        need_bash_completion(world)
        assert bash(world, f"{prefix} wrapped pl") == ["planet"]
        assert bash(world, f"{prefix} wrapped -p ") == ["planet", "apply"]
        assert "wrapped" in bash(world, f"{prefix} wrapp")

    def test_without_bash_completion_commands_are_completed_still(self, world):
        assert "wrapped" in bash(world, "aws-auth wrapp", "unset -f _command_offset _comp_command_offset")

    def test_at_a_terminal(self, world):
        need_bash_completion(world)
        world.write("rc", f"PS1='> '\nbind 'set enable-bracketed-paste off'\nsource {BASH_COMPLETION}\n"
                    "source <(aws-auth --completions bash)\ncomplete -W 'planet apply' wrapped\n")
        at_terminal(world, ["bash", "--rcfile", "rc", "-i"], "> ")


class TestZsh:
    @pytest.fixture(autouse=True)
    def shell(self, world, profiles):
        world.install("zsh", need("zsh"))
        world.write("home/.zshrc", "")
        world.write("rc/.zshrc", "PS1='> '; unsetopt zle_bracketed_paste prompt_sp 2>/dev/null; unset zle_bracketed_paste\n"
                    "autoload -Uz compinit && compinit -u -d $PWD/dump\nsource <(aws-auth --completions zsh)\n"
                    "_wrapped() { compadd planet apply }; compdef _wrapped wrapped\nzstyle ':completion:*' list-prompt ''\n")

    def test_at_a_terminal(self, world):
        at_terminal(world, ["zsh", "-d", "-i"], "> ", env={"ZDOTDIR": str(world.directory / "rc")})

    # A shell for each line: a ^C that comes while zsh still draws what it completed is lost.
    @pytest.mark.parametrize("typed, completed", [("--region us-gov-e", "ast-1"), ("--region=eu-n", "orth-1")])
    def test_regions(self, world, typed, completed):
        environment = {**world.env, "ZDOTDIR": str(world.directory / "rc"), "INPUTRC": "/dev/null"}
        spawn = pexpect.spawn(str(world.bin / "zsh"), ["-d", "-i"], env=environment, cwd=str(world.directory),
                              encoding="utf-8", dimensions=(50, 200), timeout=60)
        spawn.delaybeforesend = None
        try:
            spawn.expect_exact("> ")
            spawn.send(f"aws-auth {typed}\t")
            spawn.expect_exact(completed)
        finally:
            spawn.close(force=True)

    def test_from_fpath(self, world):
        (world.directory / "functions").mkdir()
        world.write("functions/_aws-auth", world.succeed("aws-auth", "--completions", "zsh"))
        world.write("rc/.zshrc", "PS1='> '; unset zle_bracketed_paste\nfpath=($PWD/functions $fpath)\n"
                    "autoload -Uz compinit && compinit -u -d $PWD/dump\n"
                    "_wrapped() { compadd planet apply }; compdef _wrapped wrapped\n")
        at_terminal(world, ["zsh", "-d", "-i"], "> ", env={"ZDOTDIR": str(world.directory / "rc")})


class TestFish:
    @pytest.fixture(autouse=True)
    def shell(self, world, profiles):
        world.install("fish", need("fish"))

    def offered(self, world, line):
        script = ("aws-auth --completions fish | source; complete -c wrapped -f -a 'planet apply'; "
                  "complete -c wrapped -s p -x -a 'value'; complete -C $argv[1]")
        found = world.succeed("fish", "--no-config", "-c", script, line)
        return [entry.split("\t")[0] for entry in found.splitlines()]

    @pytest.mark.parametrize("line", ["aws-auth -p ", "aws-auth --profile ", "aws-auth -q -p "])
    def test_profiles(self, world, line):
        found = self.offered(world, line)
        assert {"sops", "two words", HOSTILE} <= set(found)
        assert not (world.directory / "pwned").exists()

    def test_what_is_begun_is_completed(self, world):
        assert self.offered(world, "aws-auth -p so") == ["sops"]
        assert self.offered(world, "aws-auth --profile=dev") == ["--profile=development-infrastructure"]
        assert self.offered(world, "aws-auth --region eu-west-") == ["eu-west-1", "eu-west-2", "eu-west-3"]
        assert self.offered(world, "aws-auth -p sops --region=us-gov-e") == ["--region=us-gov-east-1"]
        assert self.offered(world, "aws-auth --console=bil") == ["--console=billing"]
        assert self.offered(world, "aws-auth --unset=f") == ["--unset=fish"]
        assert self.offered(world, "aws-auth --completions f") == ["fish"]
        assert self.offered(world, "aws-auth --no-c") == ["--no-cache"]

    @pytest.mark.parametrize(
        "prefix", ["aws-auth", "aws-auth -p sops", "aws-auth --profile=sops -q", "aws-auth --", "aws-auth -qp sops --"]
    )
    def test_behind_the_prefix_the_commands_own(self, world, prefix):
        assert self.offered(world, f"{prefix} wrapped pl") == ["planet"]
        assert self.offered(world, f"{prefix} wrapped -p ") == ["value"]
        assert "wrapped" in self.offered(world, f"{prefix} wrapp")

    def test_at_a_terminal(self, world):
        script = ("function fish_prompt; echo -n 'fish> '; end; set -g fish_greeting; "
                  "aws-auth --completions fish | source; complete -c wrapped -f -a 'planet apply'")
        at_terminal(world, ["fish", "--no-config", "-i", "-C", script], "fish> ", env={"TERM": "xterm"})

    def test_descriptions_are_short(self, world):
        script = "aws-auth --completions fish | source; complete -C 'aws-auth -'"
        found = [entry.split("\t") for entry in world.succeed("fish", "--no-config", "-c", script).splitlines()]
        assert dict(found)["--role-arn"] == "Assume this role with the profile"
        # Options that have a letter are offered by it, too.
        letters = [entry.split("\t") for entry in world.succeed("fish", "--no-config", "-c", script.replace("-'", "-q'")).splitlines()]
        assert "-qh" in dict(letters)
        assert all(len(description) <= 40 for _, description in found)

    def test_services_stand_only_where_they_are_asked_for(self, world):
        assert not any(entry.startswith("--console=") for entry in self.offered(world, "aws-auth "))


def at_terminal(world, argv, prompt, env=None):
    """Types and completes a line in a terminal, and checks the command that was run."""
    environment = {**world.env, **(env or {}), "INPUTRC": "/dev/null", "LANG": "C.UTF-8"}
    program = str(world.bin / argv[0])
    spawn = pexpect.spawn(program, argv[1:], env=environment, cwd=str(world.directory), encoding="utf-8",
                          dimensions=(50, 200), timeout=60)
    spawn.delaybeforesend = None
    spawn.expect_exact(prompt)
    world.write("wrapped", "#!/bin/sh\nprintf '%s|' \"$AWS_AUTH_PROFILE\" \"$@\" >> ran; echo >> ran\n")
    world.config.write_text(world.config.read_text().replace(
        'region = eu-west-1', 'aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x'))
    try:
        for keys, shown in (("aws-auth -p two\t", "words"), ("wrapped pl\t", "anet"), ("\r", prompt)):
            spawn.send(keys)
            spawn.expect_exact(shown)
        spawn.sendline("exit")
        spawn.expect(pexpect.EOF)
    finally:
        spawn.close(force=True)
    ran = (world.directory / "ran").read_text()
    assert ran.splitlines() == ["two words|planet|"]
    assert not (world.directory / "pwned").exists()


def test_regions_are_those_of_botocore(world):
    loader = botocore.loaders.create_loader()
    partitions = loader.load_data("partitions")["partitions"]
    known = {region for partition in partitions for region in partition["regions"]}
    source = (REPOSITORY / "src/cli/regions.rs").read_text()
    offered = set(re.findall(r'^    "(.+)",$', source, re.MULTILINE))
    # A later botocore may know more.
    assert offered <= known
    assert len(offered) > 40


def test_powershell_and_elvish_have_theirs(world):
    for shell, mark in (("powershell", "Register-ArgumentCompleter"), ("elvish", "edit:completion:arg-completer")):
        assert mark in world.succeed("aws-auth", "--completions", shell)
    refused = world.run("aws-auth", "--completions", "tcsh")
    assert (refused.returncode, refused.stdout) == (125, "")
    assert refused.stderr == (
        "aws-auth: unknown shell 'tcsh' for --completions; use bash, zsh, fish, powershell or elvish\n"
    )
