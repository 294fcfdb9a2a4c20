#!/bin/sh
# Makes a release on GitHub from the files in DIST: publish.sh TAG DIST
# The workflow runs it, with a token in GH_TOKEN. Nothing is published if the version, CHANGELOG.md and the tag do not
# agree, if an archive is missing, or if one is not what packaging/SHA256SUMS says.

set -eu
cd "$(dirname "$0")/../.."
tag=$1 dist=$2

fail() { printf 'make publish: %s\n' "$*" >&2; exit 1; }

[ -n "$tag" ] || fail 'TAG is missing, as in `make publish TAG=v0.2.0`'
python3 packaging/dist/release.py check "$tag"
version=${tag#v}
for triple in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl \
	aarch64-apple-darwin x86_64-apple-darwin; do
	[ -r "$dist/aws-auth-$version-$triple.tar.gz" ] || fail "there is no archive for $triple in $dist"
done
(cd "$dist" && sha256sum --check --quiet SHA256SUMS) || fail "files in $dist are not those of SHA256SUMS; run \`make dist-recipes\`"
# Sums that were recorded before the tag must be those of what was built from it; see docs/releasing.md.
if grep -q " aws-auth-$version-" packaging/SHA256SUMS 2>/dev/null; then
	(cd "$dist" && sha256sum --check --quiet) <packaging/SHA256SUMS ||
		fail 'what was built is not what packaging/SHA256SUMS says; see docs/releasing.md'
fi
set -- "$dist/SHA256SUMS"
for file in "$dist"/aws-auth*; do
	[ ! -f "$file" ] || set -- "$@" "$file"
done
python3 packaging/dist/release.py notes | gh release create "$tag" --verify-tag --title "aws-auth $version" --notes-file - "$@"
