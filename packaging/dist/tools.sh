#!/bin/sh
# Installs what `make dist` needs besides Rust and Python 3 below target/dist-tools; only Rust's own parts go where
# rustup keeps them. tools.sh TRIPLE... A second run does only what is still missing.

set -eu
cd "$(dirname "$0")/../.."
. packaging/dist/versions
tools=${CARGO_TARGET_DIR:-target}/dist-tools
mkdir -p "$tools"

fail() { printf 'make dist: %s\n' "$*" >&2; exit 1; }

# quietly WHAT COMMAND...: shows the output only if the command fails.
quietly() {
	what=$1
	shift
	"$@" >"$tools/log" 2>&1 || { cat "$tools/log" >&2; fail "$what cannot be installed"; }
}

for program in cargo rustup; do
	command -v "$program" >/dev/null || fail "$program is missing; install Rust with rustup"
done
if ! rustup run "$rust" rustc --version >/dev/null 2>&1; then
	quietly "Rust $rust" rustup toolchain install "$rust" --profile minimal --no-self-update
fi
for triple; do
	[ -d "$(rustup run "$rust" rustc --print target-libdir --target "$triple")" ] ||
		quietly "Rust's library for $triple" rustup target add --toolchain "$rust" "$triple"
done

requirements=packaging/dist/requirements.txt
if ! cmp -s "$requirements" "$tools/venv/installed-requirements.txt"; then
	command -v python3 >/dev/null || fail 'python3 is missing'
	python3 -c 'import ensurepip, venv' 2>/dev/null ||
		fail 'python3 cannot make virtual environments (on Debian: apt-get install python3-venv)'
	rm -rf "$tools/venv"
	python3 -m venv "$tools/venv"
	PIP_CACHE_DIR=$tools/pip quietly 'cargo-zigbuild or zig' \
		"$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
	cp "$requirements" "$tools/venv/installed-requirements.txt"
fi

if [ "$("$tools/cargo/bin/cargo-cyclonedx" cyclonedx --version 2>/dev/null)" != "cargo-cyclonedx-cyclonedx $cargo_cyclonedx" ]; then
	# A debug build is done sooner, and it runs for seconds only.
	quietly cargo-cyclonedx rustup run "$rust" cargo install "cargo-cyclonedx@$cargo_cyclonedx" --locked --debug --force \
		--root "$tools/cargo" --target-dir "$tools/build"
	rm -rf "$tools/build"
fi
