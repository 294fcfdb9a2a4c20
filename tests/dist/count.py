"""Counts the instructions and system calls of a cached run, as `make bench-check` does: count.py BINARY"""

import json
import sys

from world import World

with World() as here:
    binary = sys.argv[1]
    here.log_in()
    counted = {"instructions": here.instructions(binary, "true"), "system calls": len(here.system_calls(binary, "true"))}
print(json.dumps(counted))
