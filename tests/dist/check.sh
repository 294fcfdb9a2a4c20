#!/bin/sh
# Tries what `make dist` built (target/dist) on other systems, in their own roots. Everything that this downloads goes
# below target/dist-tools. Arguments go to pytest. The output is short unless something fails.

set -eu
cd "$(dirname "$0")/../.."
. packaging/dist/versions
target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
tools=$target/dist-tools
[ -r "$target/dist/SHA256SUMS" ] || { echo 'make check-dist: run `make dist` first' >&2; exit 1; }

if ! cmp -s tests/dist/requirements.txt "$tools/check/installed-requirements.txt"; then
	rm -rf "$tools/check"
	python3 -m venv "$tools/check"
	PIP_CACHE_DIR=$tools/pip "$tools/check/bin/python" -m pip install --quiet --disable-pip-version-check \
		-r tests/dist/requirements.txt
	cp tests/dist/requirements.txt "$tools/check/installed-requirements.txt"
fi

# The tests of the binary's behaviour, for a binary that the checks put there.
under_test=$target/dist-check
mkdir -p "$under_test"
AWS_AUTH_BIN=$under_test/aws-auth cargo test --quiet --locked --test behaviour --no-run --message-format=json |
	sed -n 's/.*"executable":"\([^"]*\/behaviour-[^"]*\)".*/\1/p' | while read -r program; do
	cp "$program" "$under_test/behaviour"
done
# The local STS of bench/world.py, and one that runs in every root.
cargo build --quiet --locked --example local-sts
machine=$(uname -m)-unknown-linux-musl
(
	unset CARGO_TARGET_DIR
	PATH=$tools/venv/bin:$PATH ZIG_GLOBAL_CACHE_DIR=$tools/zig CARGO_ZIGBUILD_CACHE_DIR=$tools/zigbuild \
		RUSTUP_TOOLCHAIN=$rust cargo zigbuild --quiet --locked --example local-sts --target "$machine" \
		--target-dir "$target/dist-build"
)
cp "$target/dist-build/$machine/debug/examples/local-sts" "$under_test/local-sts"

CARGO_TARGET_DIR=$target PYTHONPYCACHEPREFIX=$tools/pycache \
	"$tools/check/bin/python" -m pytest --quiet -p no:cacheprovider tests/dist "$@"
