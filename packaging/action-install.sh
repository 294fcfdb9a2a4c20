#!/bin/sh
# What action.yml runs: installs the released aws-auth for the runner and adds it to the PATH of the next steps.
#
# The archive must have a known SHA-256. That is, in this order, the one that the workflow gives (SHA256); the one in
# packaging/SHA256SUMS beside this file, which came with the action's own commit; or the one in the release's SHA256SUMS.
# Only the last of them comes from the same place as the archive, so the log says it.

set -eu

action=$(cd "$(dirname "$0")/.." && pwd)
repository=${ACTION_REPOSITORY:-$(sed -n 's|^repository = "https://github.com/\(.*\)"|\1|p' "$action/Cargo.toml")}
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$action/Cargo.toml" | head -n 1)}
version=${version#v}

fail() {
	printf '::error title=aws-auth::%s\n' "$*"
	exit 1
}

case $version in
[0-9]*.[0-9]*.[0-9]*) ;;
*) fail "\"$version\" is not a version; write one such as 0.2.0" ;;
esac
case $version in
*[!0-9A-Za-z.+-]*) fail "\"$version\" is not a version; write one such as 0.2.0" ;;
esac
case ${RUNNER_ARCH:-} in
X64) machine=x86_64 ;;
ARM64) machine=aarch64 ;;
*) fail "there is no aws-auth for the architecture ${RUNNER_ARCH:-of this runner}; use a runner with X64 or ARM64" ;;
esac
# The static binary of Linux runs in every container image, also in those without glibc.
case ${RUNNER_OS:-} in
Linux) triple=$machine-unknown-linux-musl ;;
macOS) triple=$machine-apple-darwin ;;
*) fail "there is no aws-auth for ${RUNNER_OS:-this system}; use a runner with Linux or macOS" ;;
esac

archive=aws-auth-$version-$triple.tar.gz
base=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases/download/v$version
directory=${RUNNER_TEMP:?}/aws-auth-$version
rm -rf "$directory" "$directory.part"
mkdir -p "$directory" "$directory.part"

download() { # download NAME: into $directory.part
	if command -v curl >/dev/null; then
		scheme=${base%%://*}
		curl --fail --silent --show-error --location --retry 3 --proto "=$scheme" --proto-redir "=$scheme" \
			--output "$directory.part/$1" "$base/$1"
	elif command -v wget >/dev/null; then
		wget -q -O "$directory.part/$1" "$base/$1"
	else
		fail 'neither curl nor wget is there; install one of them in a step before this one'
	fi || fail "$base/$1 cannot be downloaded; look whether there is a release $version"
}

# sum_in FILE: the sum of the archive by a file in the format of sha256sum.
sum_in() {
	awk -v name="$archive" '$2 == name || $2 == "*" name { print $1; exit }' "$1"
}

download "$archive"
wanted=${SHA256:-} source='by the workflow'
if [ -z "$wanted" ] && [ -r "$action/packaging/SHA256SUMS" ]; then
	wanted=$(sum_in "$action/packaging/SHA256SUMS") source='by the commit of the action'
fi
if [ -z "$wanted" ]; then
	download SHA256SUMS
	wanted=$(sum_in "$directory.part/SHA256SUMS") source='by the release itself'
fi
case $wanted in
'') fail "the release $version has no sum for $archive" ;;
*[!0-9a-fA-F]*) fail "\"$wanted\" is not a SHA-256 sum; write its 64 hexadecimal digits" ;;
esac
if command -v sha256sum >/dev/null; then
	found=$(sha256sum "$directory.part/$archive")
else
	found=$(shasum -a 256 "$directory.part/$archive")
fi
found=${found%% *}
if [ "$found" != "$(printf '%s' "$wanted" | tr A-F a-f)" ]; then
	rm -rf "$directory" "$directory.part"
	fail "$archive has the sum $found, and $source it should be $wanted; nothing was installed"
fi

gzip -dc "$directory.part/$archive" | tar -xf - -C "$directory.part"
mv "$directory.part/aws-auth-$version-$triple"/* "$directory"
rm -rf "$directory.part"
printf '%s\n' "$directory/bin" >>"${GITHUB_PATH:?}"
printf 'version=%s\n' "$version" >>"${GITHUB_OUTPUT:-/dev/null}"
printf 'Installed %s; its sum is right %s.\n' "$("$directory/bin/aws-auth" --version)" "$source"
