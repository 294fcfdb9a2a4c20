#!/bin/sh
# Prints the time of all files in the archives, in seconds since 1970: that of SOURCE_DATE_EPOCH; else the date of the
# version in CHANGELOG.md, which all builds of a release share; else the date of the commit.

set -eu
cd "$(dirname "$0")/../.."
if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
	echo "$SOURCE_DATE_EPOCH"
elif ! python3 packaging/dist/release.py epoch 2>/dev/null; then
	git log -1 --format=%ct 2>/dev/null || echo 0
fi
