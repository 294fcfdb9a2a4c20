# fish completion for aws-auth: its options, the profiles of the AWS files, and then COMMAND's own completion.
# Load it with: aws-auth --completions fish | source

# Prints the words from COMMAND on, one on each line. Fails if the word at the cursor is the first of them.
function __aws_auth_command
    set -l words (commandline -opc)
    set -l at 2
    while test $at -le (count $words)
        set -l word $words[$at]
        switch $word
            case --
                set at (math $at + 1)
                break
            case '--*=*'
                set at (math $at + 1)
            case '--*'
                if contains -- (string sub -s 3 -- $word) @LONG_WITH_VALUE@
                    set at (math $at + 1)
                end
                set at (math $at + 1)
            case '-?*'
                # The value of a letter is the rest of its word, or the next word if nothing is left.
                if string match -qr -- '^-[^@SHORT_WITH_VALUE@]*[@SHORT_WITH_VALUE@]$' $word
                    set at (math $at + 1)
                end
                set at (math $at + 1)
            case '*'
                break
        end
    end
    if contains -- -- $words[1..(math $at - 1)]
        # After --, the word at the cursor belongs to COMMAND.
        test $at -le (count $words)
        and printf '%s\n' $words[$at..]
        return 0
    end
    test $at -le (count $words)
    and printf '%s\n' $words[$at..]
end

function __aws_auth_no_command
    not __aws_auth_command >/dev/null
end

# Prints what COMMAND's own completion offers.
function __aws_auth_rest
    set -l words (__aws_auth_command)
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# fish quotes the names; a name is never evaluated.
function __aws_auth_profiles
    set -l words (commandline -opc)
    $words[1] --list 2>/dev/null | cut -f1
end

complete -c aws-auth -e
complete -c aws-auth -f
complete -c aws-auth -n 'not __aws_auth_no_command' -a '(__aws_auth_rest)'
complete -c aws-auth -n __aws_auth_no_command -a '(complete -C (commandline -ct))'
@OPTIONS@
