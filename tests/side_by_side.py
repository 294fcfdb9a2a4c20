"""Runs shell commands at the same time, because many steps of `make test` use one core or wait: side_by_side.py COMMAND...

What a command prints is shown in one piece when it ends. The status is that of the first command that failed; the
others are ended then. Ctrl-C ends all.
"""

import asyncio
import os
import signal
import sys
import time


async def run(command):
    """The command's status. Each has its own process group, so that all that it started can be ended."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_shell(
        command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=os.setpgrp,
    )
    try:
        printed, _ = await process.communicate()
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
        raise
    sys.stdout.buffer.write(printed)
    print(f"{time.monotonic() - began:.0f} s: {command}", flush=True)
    # A signal's number is negative here.
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


async def run_all(commands):
    this = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    running = {asyncio.create_task(run(command)) for command in commands}
    failed = 0
    try:
        while running and not failed:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            failed = next((status for task in done if (status := task.result())), 0)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return failed


def main():
    try:
        return asyncio.run(run_all(sys.argv[1:]))
    except asyncio.CancelledError:
        return 130


if __name__ == "__main__":
    sys.exit(main())
