#!/bin/sh
# Builds the binary that is released for a target, and prints its path: build.sh TRIPLE
# For Linux, cargo-zigbuild links it. The same source and versions give the same bytes in any directory.

set -eu
cd "$(dirname "$0")/../.."
. packaging/dist/versions
triple=$1
target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
tools=$target/dist-tools
build=$target/dist-build

# The caller's own settings must not change the result.
for name in $(env | sed -En 's/^((CARGO_(BUILD|ENCODED|PROFILE|TARGET)|RUSTC|RUSTFLAGS|[CL]D?FLAGS|CPPFLAGS|CXXFLAGS|CC|CXX|AR|ZIG)[A-Za-z0-9_]*)=.*/\1/p'); do
	case $name in CARGO_TARGET_DIR) ;; *) unset "$name" ;; esac
done
unset CARGO_TARGET_DIR

export RUSTUP_TOOLCHAIN="$rust"
# Panics name source files. Their paths begin the same on all machines; of several that fit, the last counts.
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
separator=$(printf '\037')
CARGO_ENCODED_RUSTFLAGS="--remap-path-prefix=$(pwd)=/aws-auth"
for pair in "$target=/target" "$build=/target" "${CARGO_HOME:-$HOME/.cargo}=/cargo" \
	"$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$commit"; do
	CARGO_ENCODED_RUSTFLAGS="$CARGO_ENCODED_RUSTFLAGS$separator--remap-path-prefix=$pair"
done
export CARGO_ENCODED_RUSTFLAGS

case $triple in
*-linux-*)
	PATH=$tools/venv/bin:$PATH
	export ZIG_GLOBAL_CACHE_DIR="$tools/zig" CARGO_ZIGBUILD_CACHE_DIR="$tools/zigbuild"
	set -- zigbuild --target "$triple"
	case $triple in *-gnu) set -- zigbuild --target "$triple.$glibc" ;; esac
	;;
*) set -- build --target "$triple" ;;
esac
cargo "$@" --quiet --locked --release --bins --target-dir "$build" >&2
printf '%s\n' "$build/$triple/release/aws-auth"
