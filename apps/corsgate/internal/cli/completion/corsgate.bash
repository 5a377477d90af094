# bash completion of corsgate; corsgate completion bash prints it.
_corsgate() {
  local line="${COMP_LINE:0:COMP_POINT}" words word
  # By blanks alone: COMP_WORDS is split at = and : too.
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word="${words[-1]}"
  COMPREPLY=()
  while IFS= read -r choice; do
    # The shell puts in what follows the last = or : only.
    [[ $word == *=* && $COMP_WORDBREAKS == *=* ]] && choice="${choice#"${word%%=*}="}"
    COMPREPLY+=("$choice")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -o default -F _corsgate corsgate
