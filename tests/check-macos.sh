#!/bin/sh
# Compiles and lints everything for macOS on arm64, on any machine. Clippy does not link, so this needs neither an SDK
# nor a C compiler for macOS: only the linker would use the C parts of ring, so true(1) replaces the compiler.
#
# If the Rust target or a crate for macOS cannot be downloaded, the check is skipped, and target/outside/skipped/macos
# says so.

set -eu

cd "$(dirname "$0")/.."
target=aarch64-apple-darwin
cargo=${CARGO:-cargo}
list=${CARGO_TARGET_DIR:-target}/outside/skipped/macos
mkdir -p "${list%/*}"
: >"$list"

skip() {
	line="check-macos: $1"
	printf 'skipped: %s\n' "$line"
	printf '%s\n' "$line" >"$list"
	exit 0
}

fetch() { # fetch WHAT COMMAND...; skips if the network is the reason for a failure, else returns false
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
exec "$cargo" clippy --quiet --locked --target "$target" --all-targets -- -D warnings
