#!/bin/sh
# Builds a copy of this directory in another place and fails if any file differs from target/dist, which `make dist`
# wrote: reproducible.sh TRIPLE... The downloaded tools are shared.

set -eu
cd "$(dirname "$0")/../.."
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
[ -r "$target/dist/SHA256SUMS" ] || { echo 'make check-reproducible: run `make dist` first' >&2; exit 1; }
again=$target/dist-again
rm -rf "$again"
mkdir -p "$again/the source" "$again/built elsewhere"
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$again/the source"
ln -s "$target/dist-tools" "$again/built elsewhere/dist-tools"
SOURCE_DATE_EPOCH=$(sh packaging/dist/epoch.sh)
export SOURCE_DATE_EPOCH
CARGO_TARGET_DIR="$again/built elsewhere" sh "$again/the source/packaging/dist/dist.sh" "$@" >/dev/null
diff -u "$target/dist/SHA256SUMS" "$again/built elsewhere/dist/SHA256SUMS" || {
	echo 'make check-reproducible: a second build has other bytes (above: the sums of both)' >&2
	exit 1
}
rm -rf "$again"
