#!/bin/sh
# Compiles and lints everything for macOS on arm64, on any machine. Clippy links nothing, so no SDK is needed; nor is a C
# compiler for macOS: the C parts of ring are the linker's alone, so true(1) may stand for the compiler.
#
# Where the Rust target, or a crate that only macOS needs, cannot be had, that is named as skipped, and listed in
# target/outside/skipped.txt behind the tests that were.

set -eu

cd "$(dirname "$0")/.."
target=aarch64-apple-darwin
cargo=${CARGO:-cargo}
list=${CARGO_TARGET_DIR:-target}/outside/skipped.txt

skip() {
	line="check-macos: $1"
	printf 'skipped: %s\n' "$line"
	if [ -e "$list" ] && ! grep -qxF "$line" "$list"; then
		printf '%s\n' "$line" >>"$list"
	fi
	exit 0
}

fetch() { # fetch WHAT COMMAND...; false when it failed for another reason than the network
	what=$1
	shift
	said=$("$@" 2>&1) && return
	printf '%s\n' "$said" >&2
	case $said in
	*download* | *"offline mode"* | *"--offline was specified"*) skip "$what cannot be downloaded" ;;
	esac
	return 1
}

if [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
	command -v rustup >/dev/null 2>&1 || skip "the Rust target $target is missing, and rustup, which would install it"
	fetch "the Rust target $target" rustup target add "$target" || {
		[ "${CI:-}" != true ] || exit 1
		skip "rustup cannot install the Rust target $target"
	}
fi
fetch "a crate that $target needs" "$cargo" fetch --locked --target "$target"

export CC_aarch64_apple_darwin=true AR_aarch64_apple_darwin=true
exec "$cargo" clippy --locked --target "$target" --all-targets -- -D warnings
