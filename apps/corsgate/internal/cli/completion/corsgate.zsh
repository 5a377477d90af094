#compdef corsgate
# zsh completion of corsgate; corsgate completion zsh prints it.
_corsgate() {
  local -a choices
  choices=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${choices[1]}" ]]; then
    compadd -a choices
  else
    _files
  fi
}
if [[ "${funcstack[1]}" == _corsgate ]]; then
  _corsgate "$@"
else
  compdef _corsgate corsgate
fi
