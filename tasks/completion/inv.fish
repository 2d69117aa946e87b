# Completes inv and ./inv; in ~/.config/fish/config.fish: /path/to/inv --print-completion-script fish | source
function __complete_inv
    set -l typed (commandline --tokenize --cut-at-cursor --current-process) (commandline --current-token --cut-at-cursor)
    set -l begun (string escape --style=regex -- $typed[-1])
    $typed[1] --complete -- inv $typed[2..-1] 2>/dev/null | string match --regex -- "^$begun.*"
    or __fish_complete_path $typed[-1]
end
complete --command inv --no-files --arguments '(__complete_inv)'
