# Completes inv and ./inv; in ~/.zshrc: eval "$(/path/to/inv --print-completion-script zsh)"
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_complete_inv() {
    local -a candidates
    candidates=(${(f)"$(${~words[1]} --complete -- inv ${(Q)words[2,CURRENT]} 2> /dev/null)"})
    compadd -a candidates || _files
}
compdef _complete_inv inv
