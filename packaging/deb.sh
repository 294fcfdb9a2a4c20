#!/bin/sh
# Builds a Debian package from what `make install` put into DIRECTORY: deb.sh DIRECTORY PACKAGE VERSION
# Needs dpkg-deb, but neither root nor debhelper.

set -eu

directory=$1
package=$2
version=$3
cd "$(dirname "$0")/.."

command -v dpkg-deb >/dev/null || { echo 'make deb: dpkg-deb is missing; run this on Debian or Ubuntu' >&2; exit 1; }

umask 022
gzip -9nf "$directory/usr/share/man/man1/aws-auth.1"
install -d "$directory/usr/share/doc/aws-auth" "$directory/DEBIAN"
install -m 644 README.md "$directory/usr/share/doc/aws-auth/README.md"
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

cat >"$directory/DEBIAN/control" <<CONTROL
Package: aws-auth
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: the aws-auth authors <aws-auth@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$directory" | cut -f1)
Depends: libc6 (>= 2.34)
Recommends: ca-certificates
Suggests: bash-completion, awscli
Section: utils
Priority: optional
Description: run a command with the credentials of an AWS profile
 Put aws-auth in front of a command: it reads the profile from the AWS
 configuration files, asks for an MFA code once a day, assumes roles with STS,
 and becomes the command with the credentials in its environment.
CONTROL

dpkg-deb --root-owner-group --build "$directory" "$package" >/dev/null
echo "$package"
