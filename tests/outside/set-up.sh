#!/bin/sh
# Installs the programs that tests/outside needs under target/outside. It changes nothing else, except in CI (CI=true,
# as root, on Debian), where it may use apt-get. If a program cannot be installed, the reason is written to
# target/outside/missing/PROGRAM, and the tests that need it are listed as skipped.
#
# A second run does only what is still missing.

set -eu

cd "$(dirname "$0")/../.."
outside=${CARGO_TARGET_DIR:-target}/outside
venv=$outside/venv
requirements=tests/outside/requirements.txt

sops_version=v3.9.3
actionlint_version=v1.7.12
tofu_version=v1.6.3

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
missing() {
	printf '%s\n' "$2" >"$outside/missing/$1"
	say "no $1: $2"
}

rm -rf "$outside/missing"
mkdir -p "$outside/bin" "$outside/missing"
bin=$(cd "$outside/bin" && pwd)

# --- Debian packages, in CI only -------------------------------------------------------------------------------------

in_ci=no
if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && have apt-get; then
	in_ci=yes
	packages=
	for pair in /usr/bin/aws:awscli bash:bash fish:fish zsh:zsh strace:strace dash:dash man:man-db mandoc:mandoc fakeroot:fakeroot \
		rclone:rclone restic:restic s3fs:s3fs tmux:tmux chromium:chromium \
		dbus-daemon:dbus gnome-keyring-daemon:gnome-keyring secret-tool:libsecret-tools \
		/usr/share/bash-completion/bash_completion:bash-completion; do
		have "${pair%%:*}" || [ -r "${pair%%:*}" ] || packages="$packages ${pair#*:}"
	done
	python3 -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
	if [ -n "$packages" ]; then
		say "apt-get install$packages"
		export DEBIAN_FRONTEND=noninteractive
		apt-get -qq update
		# shellcheck disable=SC2086 # the variable holds several words
		apt-get -qq install -y --no-install-recommends $packages >/dev/null
	fi
fi

# --- Python ----------------------------------------------------------------------------------------------------------

pip_install() {
	"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-compile "$@"
}

have python3 || fail "python3 is missing; the tests in tests/outside need it"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is older than 3.10"
if ! cmp -s "$requirements" "$venv/installed-requirements.txt"; then
	python3 -c 'import ensurepip, venv' 2>/dev/null ||
		fail "python3 cannot make virtual environments (on Debian: apt-get install python3-venv)"
	say "making a virtual environment in $venv"
	rm -rf "$venv"
	python3 -m venv "$venv"
	# uv takes a tenth of pip's time. It does not read pip's settings, such as an index of one's own.
	{ pip_install uv && "$venv/bin/uv" pip install --quiet --no-cache --python "$venv/bin/python" -r "$requirements"; } ||
		pip_install -r "$requirements"
	cp "$requirements" "$venv/installed-requirements.txt"
fi

# --- Programs in Go --------------------------------------------------------------------------------------------------

here=$(cd "$outside" && pwd)

# All that Go downloads and builds stays here. Without -modcacherw, `make clean` could not remove the modules. Without
# optimization, debug information and cgo, the programs are built in half of the time.
go_here() {
	GOBIN=$bin GOPATH=$here/go/path GOCACHE=$here/go/cache XDG_CONFIG_HOME=$here/go/config GOENV=off GOGC=400 \
		GOFLAGS="-modcacherw -buildvcs=false '-gcflags=all=-N -l -dwarf=false' -ldflags=-s" CGO_ENABLED=0 go "$@"
}

go_install() { # go_install PROGRAM PACKAGE@VERSION
	[ -x "$bin/$1" ] && return
	if ! have go; then
		missing "$1" "needs Go to be built, which is not installed"
		return
	fi
	say "go install $2 (a few minutes, once)"
	mkdir -p "$here/go"
	go_here install "$2" >"$here/go/$1.log" 2>&1 || {
		cat "$here/go/$1.log" >&2
		[ "$in_ci" = no ] || fail "$1 could not be built"
		missing "$1" "go install $2 failed"
	}
}

go_install sops "github.com/getsops/sops/v3/cmd/sops@$sops_version"
go_install actionlint "github.com/rhysd/actionlint/cmd/actionlint@$actionlint_version"
if ! have terraform && ! have tofu; then
	go_install tofu "github.com/opentofu/opentofu/cmd/tofu@$tofu_version"
	[ -x "$bin/tofu" ] || missing terraform "neither terraform nor tofu is on PATH"
fi

# --- Programs with other SDKs: tests/outside/probes -------------------------------------------------------------------

probe() { # probe LANGUAGE "PROGRAMS" "TOOLS": runs make_LANGUAGE, if its files have changed since the last time
	language=$1 programs=$2 made=$here/$1/made
	why=
	for tool in $3; do
		have "$tool" || why="needs $tool to be built, which is not installed"
	done
	sum=$(cat tests/outside/set-up.sh "tests/outside/probes/$language"/* | cksum)
	mkdir -p "$here/$language"
	[ -n "$why" ] || [ "$sum" != "$(cat "$made" 2>/dev/null || :)" ] || return 0
	rm -f "$made"
	for program in $programs; do
		rm -f "$bin/$program"
	done
	if [ -z "$why" ]; then
		say "making $programs (at most a minute, once)"
		# With `if`, the shell would go on after a command that failed.
		set +e
		(set -e; "make_$language") >"$here/$language/log" 2>&1
		status=$?
		set -e
		if [ "$status" = 0 ]; then
			printf '%s\n' "$sum" >"$made"
			return
		fi
		why="could not be built; $here/$language/log says why"
		if [ "$in_ci" = yes ]; then
			cat "$here/$language/log" >&2
			fail "$programs $why"
		fi
	fi
	for program in $programs; do
		missing "$program" "$why"
	done
}

starter() { # starter PROGRAM COMMAND: makes a program that runs a shell command with its own arguments
	printf '#!/bin/sh\nexec %s "$@"\n' "$2" >"$bin/$1"
	chmod +x "$bin/$1"
}

make_go() {
	(cd tests/outside/probes/go && GOTOOLCHAIN=local go_here build -o "$bin/go-probe" .)
}

make_js() {
	cp tests/outside/probes/js/* "$here/js"
	(cd "$here/js" && npm ci --engine-strict --cache "$here/js/npm" --ignore-scripts \
		--no-audit --no-fund --no-update-notifier)
	starter js-probe "'$(command -v node)' '$here/js/probe.mjs'"
}

make_java() {
	rm -rf "$here/java/lib" "$here/java/classes" "$here/java"/*.jsa
	mvn --quiet --batch-mode "-Dmaven.repo.local=$here/java/repository" --file tests/outside/probes/java/pom.xml \
		org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies "-DoutputDirectory=$here/java/lib"
	javac -proc:none -d "$here/java/classes" -cp "$here/java/lib/*" tests/outside/probes/java/*.java
	jar --create --file "$here/java/lib/probes.jar" -C "$here/java/classes" .
	java=$(command -v java)
	for version in 1 2; do
		run="'$java' -XX:TieredStopAtLevel=1 -cp '$here/java/lib/*'"
		archive=$here/java/$version.jsa
		# Java takes the home directory from the system, not from HOME.
		starter "java$version-probe" \
			"$run -XX:SharedArchiveFile='$archive' -Duser.home=\"\$HOME\" Java${version}Probe"
		# An archive of the classes makes the start three times as fast.
		HOME=$here/java AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none \
			sh -c "$run -XX:ArchiveClassesAtExit='$archive' Java${version}Probe"
	done
}

probe go go-probe go
probe js js-probe "node npm"
probe java "java1-probe java2-probe" "java javac jar mvn"

# --- Programs that are only looked for -------------------------------------------------------------------------------

for program in bash zsh fish dash man mandoc dpkg-deb fakeroot rclone restic s3fs tmux chromium dbus-daemon dbus-monitor \
	gnome-keyring-daemon secret-tool; do
	have "$program" || missing "$program" "$program is not on PATH"
done
[ -r /usr/share/bash-completion/bash_completion ] ||
	missing bash-completion "there is no /usr/share/bash-completion/bash_completion"

aws2=
old_ifs=$IFS
IFS=:
for directory in $PATH /usr/bin; do
	case $("$directory/aws" --version 2>/dev/null || :) in
	aws-cli/2*) aws2=$directory/aws; break ;;
	esac
done
IFS=$old_ifs
if [ -n "$aws2" ]; then
	ln -sf "$aws2" "$bin/aws2"
else
	rm -f "$bin/aws2"
	missing aws2 "no AWS CLI 2 on PATH"
fi
