# bash completion for aws-auth: its options, the profiles of the AWS files, and then COMMAND's own completion.
# Load it with: source <(aws-auth --completions bash)

# The names of the profiles that begin with $1, quoted for the command line. A name is never evaluated.
_aws_auth_profiles() {
    local name IFS=
    COMPREPLY=()
    while IFS= read -r name; do
        if [[ $name == "$1"* ]]; then
            COMPREPLY+=("$(printf '%q' "$name")")
        fi
    done < <("${COMP_WORDS[0]}" --list 2>/dev/null | cut -f1)
}

_aws_auth() {
    local at=1 word cur=${COMP_WORDS[COMP_CWORD]} option=
    COMPREPLY=()

    # Find where COMMAND begins. Readline splits --name=value into three words.
    while ((at < COMP_CWORD)); do
        word=${COMP_WORDS[at]}
        case $word in
            --)
                ((at++))
                break
                ;;
            --*)
                if [[ ${COMP_WORDS[at + 1]-} == = ]]; then
                    option=$word
                    ((at += 3))
                    # The cursor is in the value.
                    ((at > COMP_CWORD)) && break
                    option=
                    continue
                fi
                ;;
            -?*) ;;
            *) break ;;
        esac
        case $word in
            @WITH_VALUE@)
                if ((at + 1 == COMP_CWORD)); then
                    option=$word
                    ((at++))
                    break
                fi
                ((at += 2))
                ;;
            *) ((at++)) ;;
        esac
    done

    if [[ -n $option ]]; then
        [[ $cur == = ]] && cur=
        case $option in
            -p | --profile | --each) _aws_auth_profiles "$cur" ;;
            --region) mapfile -t COMPREPLY < <(compgen -W '@REGIONS@' -- "$cur") ;;
            --console) mapfile -t COMPREPLY < <(compgen -W '@SERVICES@' -- "$cur") ;;
            --export) mapfile -t COMPREPLY < <(compgen -W 'sh fish powershell dotenv json' -- "$cur") ;;
            --unset) mapfile -t COMPREPLY < <(compgen -W 'sh fish powershell' -- "$cur") ;;
            --store-keys) mapfile -t COMPREPLY < <(compgen -W 'keyring file credentials' -- "$cur") ;;
            --from) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
            --completions) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish powershell elvish' -- "$cur") ;;
            --outputs) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
            --mfa-process) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        esac
        return
    fi

    if ((at >= COMP_CWORD)) && [[ $cur == -* && ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then
        mapfile -t COMPREPLY < <(compgen -W '@OPTIONS@' -- "$cur")
        if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
            compopt -o nospace
        fi
        return
    fi

    # From COMMAND on, bash-completion completes as for COMMAND itself.
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$at"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$at"
    elif ((at == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
    fi
}

complete -o bashdefault -o default -F _aws_auth aws-auth
