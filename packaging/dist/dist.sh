#!/bin/sh
# Builds what a release consists of into target/dist: an archive and a list of the dependencies (SBOM) for each target,
# Debian packages, the recipes for other package managers, and SHA256SUMS. dist.sh TRIPLE...

set -eu
cd "$(dirname "$0")/../.."
mkdir -p "${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
SOURCE_DATE_EPOCH=$(sh packaging/dist/epoch.sh)
export CARGO_TARGET_DIR SOURCE_DATE_EPOCH
build=$CARGO_TARGET_DIR/dist-build
dist=$CARGO_TARGET_DIR/dist
version=$(python3 packaging/dist/release.py version)

python3 packaging/dist/release.py check
rm -rf "$dist" "$CARGO_TARGET_DIR/dist-stage"
sh packaging/dist/tools.sh "$@"
for triple; do
	sh packaging/dist/build.sh "$triple" >/dev/null
done

# The manual and the completions are those that a binary for this machine prints.
machine=$(uname -m | sed 's/^arm64$/aarch64/')
GENERATOR=
for triple; do
	case $triple in "$machine"-*) GENERATOR=$build/$triple/release/aws-auth ;; esac
done
[ -n "$GENERATOR" ] || { echo "make dist: none of the targets runs on this machine ($machine)" >&2; exit 1; }
export GENERATOR

for triple; do
	binary=$build/$triple/release/aws-auth
	sh packaging/dist/archive.sh "$binary" "$triple" "$dist"
	sh packaging/dist/sbom.sh "$triple" "$dist/aws-auth-$version-$triple.cdx.json"
	case $triple in
	x86_64-unknown-linux-gnu) architecture=amd64 ;;
	aarch64-unknown-linux-gnu) architecture=arm64 ;;
	*) continue ;;
	esac
	command -v dpkg-deb >/dev/null || { echo 'make dist: dpkg-deb is missing; no Debian packages' >&2; exit 1; }
	stage=$CARGO_TARGET_DIR/dist-stage/$architecture
	${MAKE:-make} --no-print-directory --silent install BINARY="$binary" GENERATOR="$GENERATOR" DESTDIR="$stage" \
		PREFIX=/usr ZSH=zsh/vendor-completions/_aws-auth
	sh packaging/deb.sh "$stage" "$dist/aws-auth_${version}_$architecture.deb" "$version" "$architecture" >/dev/null
done
rm -rf "$CARGO_TARGET_DIR/dist-stage"
# The archives for macOS are built on another machine; `make dist-recipes` does this for all together.
case $* in *-linux-*) python3 packaging/dist/recipes.py "$dist" ;; esac
printf '%s\n' "$dist"
