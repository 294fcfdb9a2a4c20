#compdef aws-auth
# zsh completion for aws-auth: its options, the profiles of the AWS files, and then COMMAND's own completion.
# Save it as _aws-auth in a directory of $fpath, or load it with: source <(aws-auth --completions zsh)

# The names of the profiles. compadd quotes them; a name is never evaluated.
_aws_auth_profiles() {
  local -a profiles
  profiles=("${(@f)$(_call_program profiles ${(q)words[1]} --list 2>/dev/null | cut -f1)}")
  profiles=("${(@)profiles:#}")
  compadd "$@" -a profiles
}

_aws_auth() {
  _arguments -s -S -A '-*' : \
@SPECS@
    '(-)1:command: _command_names -e' \
    '(-)*::arguments: _normal'
}

if [[ ${funcstack[1]-} == _aws-auth ]]; then
  _aws_auth "$@"
else
  compdef _aws_auth aws-auth
fi
