# Completes inv and ./inv; in ~/.bashrc: eval "$(/path/to/inv --print-completion-script bash)"
_complete_inv() {
    local candidates
    candidates=$("${COMP_WORDS[0]/#\~/$HOME}" --complete -- inv "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
    mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$2")
}
complete -o default -F _complete_inv inv
