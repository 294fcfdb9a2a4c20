#!/bin/sh
# Installs the README and all pages that it leads to, so that its links work where they are: documents.sh DIRECTORY

set -eu
cd "$(dirname "$0")/../.."
directory=$1

find README.md SECURITY.md CONTRIBUTING.md docs fuzz/README.md \( -name '*.md' -o -name '*.svg' \) | while read -r page; do
	install -d "$directory/$(dirname "$page")"
	install -m 644 "$page" "$directory/$page"
done
