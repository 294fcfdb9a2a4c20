#!/bin/sh
# Shows aws-auth at work against an STS on this machine: one MFA code, then the cache, then another role. Nothing
# outside a temporary directory is read or written, and no AWS account is needed.
#
# At a terminal you type the code into the real prompt; without one it goes in through AWS_AUTH_MFA_TOKEN.
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

explain 'A home with nothing in it but the four profiles, and an STS which knows them, on loopback.'
directory=$(mktemp -d "${TMPDIR:-/tmp}/aws-auth-demo.XXXXXX")
mkdir "$directory/home"
mkfifo "$directory/ask" "$directory/answer"
"$target/examples/local-sts" --home "$directory/home" <"$directory/ask" >"$directory/answer" &
server=$!
# As long as this is open the server runs; it ends with this script, however that ends.
exec 8>"$directory/ask" 9<"$directory/answer"

ask() {
    printf '%s\n' "$1" >&8
    IFS= read -r answer <&9 || fail 'the local STS is gone'
}

IFS= read -r endpoint <&9 || fail 'the local STS did not start'
printf '%s\n' "$endpoint"
cat "$directory/home/.aws/config"

# env -i: neither your own AWS settings nor your keys reach the demo.
aws_auth() {
    env -i "PATH=$PATH" "HOME=$directory/home" "TERM=${TERM:-dumb}" "$endpoint" "$@" 8>&- 9<&-
}

# Runs env(1) with a profile's credentials and shows what is AWS's in it.
show() {
    aws_auth "$@" "$target/aws-auth" env >"$directory/env" || fail "aws-auth ended with status $?"
    grep '^AWS_' "$directory/env" | sort
    grep -q '^AWS_SESSION_TOKEN=.' "$directory/env" || fail 'no session token in the environment of the command'
}

explain 'The first run of the day needs a code. The keys shown are good for nothing but this demo.'
ask code
printf 'Your MFA device shows: %s\n' "$answer"
echo '$ AWS_PROFILE=sops aws-auth env'
if [ "$attended" = yes ]; then
    show AWS_PROFILE=sops
else
    echo '(no terminal here: the code goes in through AWS_AUTH_MFA_TOKEN)'
    show AWS_PROFILE=sops "AWS_AUTH_MFA_TOKEN=$answer"
fi
cp "$directory/env" "$directory/first"

explain 'Once more: the same credentials, from the cache. No code, and no word with STS.'
ask calls
before=$answer
echo '$ AWS_PROFILE=sops aws-auth env'
show AWS_PROFILE=sops </dev/null
ask calls
[ "$answer" = "$before" ] || fail "the second run asked STS: $answer"
[ "$(grep '^AWS_ACCESS_KEY_ID=' "$directory/env")" = "$(grep '^AWS_ACCESS_KEY_ID=' "$directory/first")" ] ||
    fail 'the second run has other credentials'

explain 'Another role: the MFA session answers for it, so there is no second code.'
echo '$ AWS_PROFILE=production-infrastructure aws-auth env'
show AWS_PROFILE=production-infrastructure </dev/null

ask calls
explain "All that STS was asked: $answer."
