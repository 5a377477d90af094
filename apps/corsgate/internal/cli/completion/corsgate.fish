# fish completion of corsgate; corsgate completion fish prints it.
function __corsgate_complete
    set -l words (commandline -opc)
    $words[1] __complete $words[2..] (commandline -ct) 2>/dev/null
end
complete -c corsgate -a '(__corsgate_complete)'
