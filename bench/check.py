"""Checks a cached run against limits.json: instructions (callgrind) and system calls (strace), and the hardening of the
released binary. Time is not measured, since other work on the machine changes it."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import binary
import world
from world import BINARY, World

# A cached run starts no thread, process or runtime, uses no network, lists or makes no directory, and writes no file.
NEVER = {
    "clone", "clone3", "fork", "vfork", "epoll_create", "epoll_create1", "eventfd2", "socket", "connect", "socketpair",
    "getdents", "getdents64", "mkdir", "mkdirat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "flock",
    "fsync", "write", "pipe", "pipe2",
}  # fmt: skip
LIBRARIES = ("/etc/ld.so.", "/lib", "/usr/lib")


def opened(calls):
    """The paths of the opened files: those of the dynamic linker, and all others."""
    found = [arguments.split('"')[1] for name, arguments in calls if name in ("open", "openat") and "ENOENT" not in arguments]
    libraries = [path for path in found if path.startswith(LIBRARIES)]
    return libraries, [path for path in found if path not in libraries]


def of_system_calls(calls, home, complain, files_at_most=3, opens_at_most=1):
    names = Counter(name for name, _ in calls)
    for name in sorted(names.keys() & NEVER):
        complain(f"the cached path calls {name}")
    if names["prctl"] != 1:
        complain(f"prctl is called {names['prctl']} times; it forbids core dumps once, before secrets are read")
    libraries, own = opened(calls)
    files = Counter(own)
    for path in libraries:
        if not path.endswith(("/ld.so.cache", "/libc.so.6")):
            complain(f"{path} is loaded; only glibc is needed")
    for path, times in files.items():
        if times > opens_at_most:
            complain(f"{path} is opened {times} times")
        if not path.startswith(str(home)):
            complain(f"{path} is read; it is not under HOME")
    if len(files) > files_at_most:
        complain(f"{len(files)} files are read: {', '.join(files)}")


def of_other_profiles(hold, complain):
    """Profiles of which a cached run does a little more: it starts no program and writes nothing for them either."""
    with World() as here:
        here.add_process("process")
        here.add_variant("over-process", source_profile="process")
        here.add_variant("bounded", "aws_auth_policies = read-only")
        here.add_variant("private-config", "s3 =", "  max_concurrent_requests = 20")
        here.log_in()
        cached = here.instructions(BINARY, "true")
        # The command's configuration file is looked for before a code is asked for, and again after that.
        its_file = {"files_at_most": 4, "opens_at_most": 2}
        for profile, more in {"over-process": {}, "bounded": {}, "private-config": its_file}.items():
            here.log_in(AWS_PROFILE=profile)
            name = f"instructions of a cached run of a profile {profile}, in cached runs"
            hold(name, here.instructions(BINARY, "true", AWS_PROFILE=profile) / cached)
            of_system_calls(here.system_calls(BINARY, "true", AWS_PROFILE=profile), here.home, complain, **more)


def of_each(hold):
    """`--each` over 100 cached profiles, 32 at once, whose commands print 1 MB each, in short lines or in a single one: it
    keeps a bounded part of that."""
    with World() as here:
        here.add_sessions(100)
        each = [BINARY, "-q", "--each", "many-*", "-j", "32"]
        here.run([*each, "true"], AWS_AUTH_MFA_TOKEN=here.code())
        # This process would keep all of the output.
        unread = ["sh", "-c", 'exec "$0" "$@" >/dev/null', *each]
        commands = (["seq", "170000"], ["head", "-c", "1000000", "/dev/zero"])
        hold("memory of --each over 100 profiles that print 1 MB each, in MiB", max(here.memory(*unread, *command)[0] for command in commands))


def main():
    limits = json.loads((Path(__file__).parent / "limits.json").read_text())
    wrong = []

    def hold(name, value):
        limit = limits.pop(name)
        fits = value <= limit
        print(f"{name:<75} {value:>12,.2f}   at most {limit:,}{'' if fits else '   TOO MUCH'}".replace(".00 ", "    "))
        if not fits:
            wrong.append(name)

    def complain(text):
        print(text)
        wrong.append(text)

    for line in binary.hardening(BINARY):
        complain(line)
    if binary.section(BINARY, ".symtab"):
        complain(f"{BINARY} has its symbols")
    stale = "names in the linker script that no function has any more, of all"
    if (link_map := BINARY.with_suffix(".map")).exists():
        hold(stale, binary.stale(world.REPOSITORY / "packaging/cached-path.ld", link_map))
    elif "AWS_AUTH_BIN" in os.environ:
        limits.pop(stale)  # `make dist` links without a map; tests/dist looks for the section that the script makes.
    else:
        complain(f"{link_map} is missing: the linker script was not used, or the binary was built elsewhere")
    with World() as here:
        here.log_in()
        cached = here.instructions(BINARY, "true")
        hold("instructions of a cached run", cached)
        hold("instructions of a cached run by -p NAME", here.instructions(BINARY, "-p", "sops", "true", AWS_PROFILE="default"))
        hold("instructions of --status, in cached runs", here.instructions(BINARY, "--status") / cached)
        hold("instructions of --explain, in cached runs", here.instructions(BINARY, "--explain") / cached)
        in_order = binary.section(BINARY, ".text.cached")
        strays = {address // 4096 for address in here.executed(BINARY, "true") if address not in in_order}
        hold("pages of code that a cached run needs beside those of the linker script", len(strays))
        calls = here.system_calls(BINARY, "true")
        hold("system calls of a cached run", len(calls))
        of_system_calls(calls, here.home, complain)
        memory, faults = here.memory(here.installed(), "true", runs=9)
        # Where glibc knows no bit map of relocations, their list is read in each run.
        listed = len(binary.section(BINARY, ".rela.dyn")) / 2**20
        hold("memory of a cached run without a list of relocations, in MiB", memory - listed)
        hold("page faults of a cached run, above those of the command", faults - here.memory("true", runs=9)[1])
        tls = here.over_tls()
        call = here.instructions("curl", "--silent", "--aws-sigv4", "aws:amz:us-east-1:sts", "--user", "AKIA:SECRET",
                                 "--data", "Action=GetCallerIdentity", tls["AWS_ENDPOINT_URL_STS"],
                                 CURL_CA_BUNDLE=tls["AWS_CA_BUNDLE"])
        hold("instructions of a first run over TLS, in calls of curl", here.first_run(here.instructions, **tls) / call)
        hold("memory of a first run over TLS without that list, in MiB", here.memory_of_first_run(**tls) - listed)
        here.move_keys_into_a_store()
        name = "instructions of a cached run with keys in the keyring, in cached runs"
        hold(name, here.instructions(BINARY, "true") / cached)
        of_system_calls(here.system_calls(BINARY, "true"), here.home, complain)
        here.add_cache_entries(1000)
        name = "instructions of a cached run with 1,000 cache entries, in cached runs"
        hold(name, here.instructions(BINARY, "true") / cached)
        size = here.add_profiles(10_000)
        name = "instructions for each byte of 10,000 profiles, above three cached runs"
        hold(name, (here.instructions(BINARY, "true") - 3 * cached) / size)
        # Their text takes 442 pages of 4 KiB, if the system has no large ones for it.
        hold("page faults that 10,000 profiles add", here.memory(here.installed(), "true", runs=9)[1] - faults)
    of_other_profiles(hold, complain)
    of_each(hold)
    if limits:
        complain(f"nothing measures: {', '.join(limits)}")
    return f"{len(wrong)} of the limits do not hold" if wrong else 0


def install():
    """Installs missing tools in CI, if this runs as root."""
    if os.environ.get("CI") == "true" and os.geteuid() == 0:
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *world.missing()]):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    skipped = world.TARGET / "outside/skipped/bench-check"
    skipped.parent.mkdir(parents=True, exist_ok=True)
    if world.missing():
        install()
    if absent := world.missing():
        line = f"bench-check: needs {' and '.join(absent)}, which cannot be had on this machine"
        print(f"skipped: {line}")
        skipped.write_text(f"{line}\n")
        sys.exit(0)
    skipped.write_text("")
    sys.exit(main())
