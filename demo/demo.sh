#!/bin/sh
# Shows aws-auth at work in three scenes, with an STS on this machine. Apart from the build, it reads and writes only a
# temporary directory. It needs no AWS account.
#
# At a terminal you type the code at the real prompt. Without a terminal the code is passed in AWS_AUTH_MFA_TOKEN.
#
# With the paths of both programs in AWS_AUTH_BIN and LOCAL_STS_BIN, nothing is built.
set -eu
cd "$(dirname "$0")/.."

directory= server= plain=
finish() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    printf '%s' "$plain"
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

if [ -t 0 ] && (: </dev/tty) 2>/dev/null; then
    attended=yes
else
    attended=no
fi

# --- How it looks ----------------------------------------------------------------------------------------------------

bold='' green='' yellow=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    escape=$(printf '\033')
    bold="$escape[1m" green="$escape[32m" yellow="$escape[1;33m" plain="$escape[0m"
fi

width=80
if [ -t 1 ]; then
    width=$( (stty size </dev/tty) 2>/dev/null | cut -d ' ' -f 2) || :
    case $width in
    [2-9][0-9]) ;;
    *) width=80 ;;
    esac
fi

# Text is wrapped between words. Commands are not, so that they can be copied.
text() {
    printf '%s\n' "$*" | fold -s -w "$width" | sed 's/ *$//'
}

# scene HEADING SENTENCES…
scene() {
    printf '\n%s' "$bold"
    text "$1"
    printf '%s' "$plain"
    shift
    text "$*"
}

command_line() {
    printf '%s%s%s\n' "$green" "$*" "$plain"
}

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# --- The STS ---------------------------------------------------------------------------------------------------------

if [ -z "${AWS_AUTH_BIN:-}" ] || [ -z "${LOCAL_STS_BIN:-}" ]; then
    text 'Building aws-auth and an STS for this machine …'
    # Both at once: without the example, the dependencies have other features, and are compiled twice.
    "${CARGO:-cargo}" build --locked --bin aws-auth --example local-sts
    AWS_AUTH_BIN=${CARGO_TARGET_DIR:-target}/debug/aws-auth
    LOCAL_STS_BIN=${CARGO_TARGET_DIR:-target}/debug/examples/local-sts
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/aws-auth-demo.XXXXXX")
mkdir "$directory/home"
mkfifo "$directory/ask" "$directory/answer"
if [ "$attended" = yes ]; then
    # If a code is refused, the STS shows a new one before it answers.
    set -- --show-codes
else
    set --
fi
"$LOCAL_STS_BIN" --home "$directory/home" "$@" <"$directory/ask" >"$directory/answer" &
server=$!
# The server runs while descriptor 8 is open, so it ends with this script in any case.
exec 8>"$directory/ask" 9<"$directory/answer"

ask() {
    printf '%s\n' "$1" >&8
    IFS= read -r answer <&9 || fail 'the local STS has ended'
}

IFS= read -r endpoint <&9 || fail 'the local STS did not start'

# --- The scenes ------------------------------------------------------------------------------------------------------

# env -i keeps your own AWS settings and keys out of the demo.
aws_auth() {
    env -i "PATH=$PATH" "HOME=$directory/home" "TERM=${TERM:-dumb}" ${NO_COLOR:+"NO_COLOR=$NO_COLOR"} "$endpoint" \
        "$@" "$AWS_AUTH_BIN" env 8>&- 9<&-
}

# Shows the credentials that the command got. Secrets are shortened, so that each is a line.
show() {
    sed -n -e 's/^\(AWS_SECRET_ACCESS_KEY=........\).*/\1…/p' -e 's/^\(AWS_SESSION_TOKEN=........\).*/\1…/p' \
        -e '/^AWS_ACCESS_KEY_ID=/p' -e '/^AWS_CREDENTIAL_EXPIRATION=/p' "$directory/env" | sort
    grep -q '^AWS_SESSION_TOKEN=.' "$directory/env" || fail 'no session token in the environment of the command'
}

text 'Your account and your keys stay out of this: here are a home with the profiles of the README, and an STS at' \
    "${endpoint#*=}."

scene '1 of 3: one code' \
    'The first command of the day asks for the code that your MFA device shows. The command here is env; of what it' \
    'prints you see the keys, shortened.'
while :; do
    ask refused
    before=$answer
    ask code
    printf 'Your MFA device shows: %s%s%s\n' "$yellow" "$answer" "$plain"
    command_line '$ AWS_PROFILE=sops aws-auth env'
    set -- AWS_PROFILE=sops
    if [ "$attended" = no ]; then
        echo '(there is no terminal, so the code is passed in AWS_AUTH_MFA_TOKEN)'
        set -- "$@" "AWS_AUTH_MFA_TOKEN=$answer"
    fi
    status=0
    aws_auth "$@" >"$directory/env" || status=$?
    [ "$status" != 0 ] || break
    ask refused
    [ "$answer" != "$before" ] || fail "aws-auth ended with status $status"
    text 'Once more, with a new code.'
done
show
cp "$directory/env" "$directory/first"

scene '2 of 3: no code' \
    'The same command again has the same keys at once: they come from the cache, without a code and without a call' \
    'of STS.'
ask calls
before=$answer
command_line '$ AWS_PROFILE=sops aws-auth env'
aws_auth AWS_PROFILE=sops </dev/null >"$directory/env" || fail "aws-auth ended with status $?"
show
ask calls
[ "$answer" = "$before" ] || fail "the second run called STS: $answer"
[ "$(grep '^AWS_ACCESS_KEY_ID=' "$directory/env")" = "$(grep '^AWS_ACCESS_KEY_ID=' "$directory/first")" ] ||
    fail 'the second run has other credentials'

scene '3 of 3: another role and no code' \
    'Another role in another account needs no code either: the code of scene 1 is good for every role for 12 hours.'
command_line '$ AWS_PROFILE=production-infrastructure aws-auth env'
aws_auth AWS_PROFILE=production-infrastructure </dev/null >"$directory/env" || fail "aws-auth ended with status $?"
show

ask calls
text "The calls of STS in all three scenes: $answer."

scene 'Now you' \
    'Type the first line here and leave it running: it is the STS, which gives you a code when you type code.' \
    'Type the other two in another terminal, in this directory.'
command_line '  cargo run --example local-sts -- --home /tmp/try'
command_line '  . /tmp/try/env'
command_line '  aws-auth -p sops env'
