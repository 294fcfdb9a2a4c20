#!/bin/sh
# Shows how aws-auth works, with an STS on this machine: one MFA code, then the cache, then another role. Apart from the
# build, it reads and writes only a temporary directory. It needs no AWS account.
#
# At a terminal you type the code at the real prompt. Without a terminal the code is passed in AWS_AUTH_MFA_TOKEN.
set -eu
cd "$(dirname "$0")/.."

directory=
server=
finish() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    exec 8>&- 9<&- || :
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || :
        wait "$server" 2>/dev/null || :
    fi
    if [ -n "$directory" ]; then
        rm -rf "$directory"
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

explain() {
    printf '\n# %s\n' "$*"
}

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

if [ -t 0 ] && (: </dev/tty) 2>/dev/null; then
    attended=yes
else
    attended=no
fi

explain 'Build aws-auth and the local STS.'
"${CARGO:-cargo}" build --quiet --bin aws-auth --example local-sts
target=${CARGO_TARGET_DIR:-target}/debug

explain 'Make a home directory with only four profiles, and start an STS on loopback that knows them.'
directory=$(mktemp -d "${TMPDIR:-/tmp}/aws-auth-demo.XXXXXX")
mkdir "$directory/home"
mkfifo "$directory/ask" "$directory/answer"
"$target/examples/local-sts" --home "$directory/home" <"$directory/ask" >"$directory/answer" &
server=$!
# The server runs while descriptor 8 is open, so it ends with this script in any case.
exec 8>"$directory/ask" 9<"$directory/answer"

ask() {
    printf '%s\n' "$1" >&8
    IFS= read -r answer <&9 || fail 'the local STS has ended'
}

IFS= read -r endpoint <&9 || fail 'the local STS did not start'
printf '%s\n' "$endpoint"
cat "$directory/home/.aws/config"

# env -i keeps your own AWS settings and keys out of the demo.
aws_auth() {
    env -i "PATH=$PATH" "HOME=$directory/home" "TERM=${TERM:-dumb}" "$endpoint" "$@" 8>&- 9<&-
}

# Runs env(1) with a profile's credentials and shows the AWS variables.
show() {
    aws_auth "$@" "$target/aws-auth" env >"$directory/env" || fail "aws-auth ended with status $?"
    grep '^AWS_' "$directory/env" | sort
    grep -q '^AWS_SESSION_TOKEN=.' "$directory/env" || fail 'no session token in the environment of the command'
}

explain 'The first run of the day needs a code. The keys below work only in this demo.'
ask code
printf 'Your MFA device shows: %s\n' "$answer"
echo '$ AWS_PROFILE=sops aws-auth env'
if [ "$attended" = yes ]; then
    show AWS_PROFILE=sops
else
    echo '(no terminal: the code is passed in AWS_AUTH_MFA_TOKEN)'
    show AWS_PROFILE=sops "AWS_AUTH_MFA_TOKEN=$answer"
fi
cp "$directory/env" "$directory/first"

explain 'Run it again: the same credentials come from the cache, without a code and without a call of STS.'
ask calls
before=$answer
echo '$ AWS_PROFILE=sops aws-auth env'
show AWS_PROFILE=sops </dev/null
ask calls
[ "$answer" = "$before" ] || fail "the second run called STS: $answer"
[ "$(grep '^AWS_ACCESS_KEY_ID=' "$directory/env")" = "$(grep '^AWS_ACCESS_KEY_ID=' "$directory/first")" ] ||
    fail 'the second run has other credentials'

explain 'Use another role: it is assumed from the MFA session, so no second code is needed.'
echo '$ AWS_PROFILE=production-infrastructure aws-auth env'
show AWS_PROFILE=production-infrastructure </dev/null

ask calls
explain "All calls of STS: $answer."
