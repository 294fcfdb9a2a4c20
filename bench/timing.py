"""How long things take. What is compared takes turns in one run, since the machine may do other work at the same time."""

import os
import platform
import re
import statistics
import time
from pathlib import Path


def seconds(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turns(rounds, *actions):
    """The median of each action, in milliseconds."""
    times = [[] for _ in actions]
    for _ in range(rounds):
        for action, taken in zip(actions, times):
            taken.append(seconds(action) * 1000)
    return [statistics.median(taken) for taken in times]


def spawn(argv, environment, output=None):
    """Runs the program with posix_spawn, which costs this process the least. Its output goes to the file, if one is
    named. Returns its exit status."""
    actions = []
    if output:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [(os.POSIX_SPAWN_OPEN, descriptor, str(output), flags, 0o600) for descriptor in (1, 2)]
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=actions)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def machine():
    """The processor, its cores and the kernel, for the line below a table."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    release = ".".join(platform.release().split(".")[:2])
    return f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, Linux {release}"
