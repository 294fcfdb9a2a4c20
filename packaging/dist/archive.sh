#!/bin/sh
# Packs a binary with its manual, completions, licence, README and pages, so that
# `tar --strip-components=1 -C ~/.local -xzf ARCHIVE` puts all of it where it is found:
# archive.sh BINARY TRIPLE DIRECTORY
# GENERATOR, by default BINARY, is a binary of the same version that this machine can run; it prints the manual and the
# completions. The archive goes to DIRECTORY.

set -eu
cd "$(dirname "$0")/../.."
binary=$1 triple=$2 directory=$3
target=$(mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
version=$(python3 packaging/dist/release.py version)
SOURCE_DATE_EPOCH=$(sh packaging/dist/epoch.sh)
export SOURCE_DATE_EPOCH
generator=${GENERATOR:-$binary}
name=aws-auth-$version-$triple
root=$target/dist-stage/$name

rm -rf "$root"
mkdir -p "$directory"
umask 022
${MAKE:-make} --no-print-directory --silent install BINARY="$binary" GENERATOR="$generator" DESTDIR="$root" PREFIX=
install -d "$root/share/aws-auth/completions" "$root/share/doc/aws-auth"
sh packaging/dist/documents.sh "$root/share/doc/aws-auth"
"$generator" --completions powershell >"$root/share/aws-auth/completions/aws-auth.ps1"
"$generator" --completions elvish >"$root/share/aws-auth/completions/aws-auth.elv"
install -m 644 CHANGELOG.md LICENSE "$root/share/doc/aws-auth"
python3 packaging/dist/tar.py "$root" "$directory/$name.tar.gz"
rm -rf "$root"
