#!/bin/sh
# Builds a Debian package from what `make install` put into DIRECTORY:
# deb.sh DIRECTORY PACKAGE VERSION [ARCHITECTURE]
# The binary is one for ARCHITECTURE, by default this machine's. Needs dpkg-deb, but neither root nor debhelper. With
# SOURCE_DATE_EPOCH the same files give the same package. DEB_COMPRESSION=none saves the time that a debug binary takes.

set -eu

directory=$1
package=$2
version=$3
architecture=${4:-$(dpkg --print-architecture)}
# The newest glibc of which the binary uses a function. Relocations of the kind DT_RELR are known since 2.36.
glibc=$(LC_ALL=C grep -aoE 'GLIBC_(2\.[0-9]+|ABI_DT_RELR)' "$directory/usr/bin/aws-auth" |
	sed 's/ABI_DT_RELR/2.36/' | sort -Vu | tail -n 1)
cd "$(dirname "$0")/.."

command -v dpkg-deb >/dev/null || { echo 'make deb: dpkg-deb is missing; run this on Debian or Ubuntu' >&2; exit 1; }

umask 022
gzip -9nf "$directory/usr/share/man/man1/aws-auth.1"
install -d "$directory/usr/share/doc/aws-auth" "$directory/DEBIAN"
sh packaging/dist/documents.sh "$directory/usr/share/doc/aws-auth"
gzip -9nc CHANGELOG.md >"$directory/usr/share/doc/aws-auth/changelog.gz"
{
	echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
	echo 'Upstream-Name: aws-auth'
	echo
	echo 'Files: *'
	sed -n 's/^Copyright (c) /Copyright: /p' LICENSE
	echo 'License: Expat'
	sed -e 's/^$/./' -e 's/^/ /' LICENSE
} >"$directory/usr/share/doc/aws-auth/copyright"

# In KiB, each file rounded up; du would count the blocks of this machine's file system.
size=$(find "$directory" -path "$directory/DEBIAN" -prune -o -type f -printf '%s\n' |
	awk '{ all += int(($1 + 1023) / 1024) } END { print all }')

cat >"$directory/DEBIAN/control" <<CONTROL
Package: aws-auth
Version: $version
Architecture: $architecture
Maintainer: the aws-auth authors <aws-auth@localhost>
Homepage: $(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)
Installed-Size: $size
Depends: libc6 (>= ${glibc#GLIBC_})
Recommends: ca-certificates
Suggests: bash-completion, awscli
Section: utils
Priority: optional
Description: run a command with the credentials of an AWS profile
 Put aws-auth in front of a command: it reads the profile from the AWS
 configuration files, asks for an MFA code once a day, assumes roles with STS,
 and becomes the command with the credentials in its environment.
CONTROL

# Debian before 12 cannot read zstd, Ubuntu's default; the threads of xz would change the bytes.
dpkg-deb --root-owner-group "-Z${DEB_COMPRESSION:-xz}" --threads-max=1 --build "$directory" "$package" >/dev/null
echo "$package"
