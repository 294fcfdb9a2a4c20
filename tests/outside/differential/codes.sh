#!/bin/sh
# Prints a different code each time, like an MFA device.
last=$(cat "$HOME/last" 2>/dev/null || echo 100000)
expr "$last" + 1 | tee "$HOME/last"
