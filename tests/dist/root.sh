#!/bin/sh
# Makes a directory with Debian packages and what they depend on, without running their scripts:
# root.sh DIRECTORY ARCHITECTURE MIRROR SUITE PACKAGE...
# apt is used with files of its own, so this machine does not change, and root is not needed. Status 3: the mirror does
# not have the suite, or is not reachable.

set -eu
directory=$1 architecture=$2 mirror=$3 suite=$4
shift 4

if [ "$(cat "$directory/made" 2>/dev/null)" = "$mirror $suite $*" ]; then
	exit 0
fi
rm -rf "$directory"
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
mkdir -p "$directory/apt/lists/partial" "$directory/apt/cache/archives/partial" "$directory/apt/etc/parts" "$directory/root"
apt=$directory/apt
: >"$apt/status"
# Debian removes the keys of old suites from the first of these.
for keys in debian-archive-keyring debian-archive-removed-keys; do
	cat "${KEYRINGS:-/usr/share/keyrings}/$keys.gpg" >>"$apt/keys.gpg" 2>/dev/null || :
done
echo "deb [signed-by=$apt/keys.gpg check-valid-until=no arch=$architecture] $mirror $suite main" >"$apt/etc/sources.list"
cat >"$apt/etc/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc "$apt/etc";
Dir::Etc::sourceparts "$apt/etc/parts";
Dir::Etc::parts "$apt/etc/parts";
APT::Architecture "$architecture";
APT::Architectures "$architecture";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Acquire::Retries "2";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Update::Error-Mode "any";
Debug::NoLocking "true";
CONF
export APT_CONFIG="$apt/etc/apt.conf"
apt-get -qq update >"$apt/log" 2>&1 || { cat "$apt/log" >&2; exit 3; }
apt-get -qq --yes --download-only install "$@" >"$apt/log" 2>&1 || { cat "$apt/log" >&2; exit 1; }

root=$directory/root
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$root/dev" "$root/proc" "$root/etc" \
	"$root/tmp" "$root/var/tmp" "$root/root" "$root/home"
for name in bin sbin lib lib64; do
	ln -s "usr/$name" "$root/$name"
done
chmod 1777 "$root/tmp" "$root/var/tmp"
for package in "$apt/cache/archives"/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar -xf - -C "$root" --keep-directory-symlink --no-same-owner
done
# Names that the scripts of the packages would have made.
for pair in sh:dash sh:bash awk:gawk awk:mawk fakeroot:fakeroot-sysv faked:faked-sysv; do
	name=$root/usr/bin/${pair%:*}
	[ -e "$name" ] || [ ! -e "$root/usr/bin/${pair#*:}" ] || ln -s "${pair#*:}" "$name"
done
printf 'root:x:0:0::/root:/bin/sh\njo:x:1000:1000::/home/jo:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\njo:x:1000:\n' >"$root/etc/group"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
rm -rf "$apt"
echo "$mirror $suite $*" >"$directory/made"
