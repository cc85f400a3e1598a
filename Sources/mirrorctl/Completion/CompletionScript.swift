/// The scripts that let a shell ask the program what can follow.
enum CompletionScript: String {
  case bash, zsh, fish

  private static let option = "--generate-completion-script"

  /// The script that a command line asks for, for the user's shell if it names none; nil if it asks for something else.
  init?(_ arguments: [String], _ environment: [String: String]) {
    let words = arguments.flatMap { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    guard words.first == Self.option else { return nil }
    let shell = words.count > 1 ? words[1] : environment["SHELL"]?.split(separator: "/").last.map(String.init)
    self.init(rawValue: shell ?? "")
  }

  var text: String {
    switch self {
    case .bash: Self.bashText
    case .zsh: Self.zshText
    case .fish: Self.fishText
    }
  }

  private static let bashText = #"""
    # bash completion for mirrorctl, which itself knows what can follow.
    _mirrorctl() {
        local line word
        COMPREPLY=()
        compopt -o nosort 2> /dev/null
        while IFS= read -r line; do
            word=${line%%$'\t'*}
            case $word in
            :files | :directories)
                compopt -o filenames 2> /dev/null
                while IFS= read -r word; do
                    COMPREPLY+=("$word")
                done < <(compgen "-${word:1:1}" -- "$2")
                ;;
            *)
                [[ $word != */ && $word != *= ]] || compopt -o nospace 2> /dev/null
                # Names may contain what is special in a shell.
                [[ $word != *[!A-Za-z0-9_./:=,+@%-]* ]] || printf -v word %q "$word"
                COMPREPLY+=("$word")
                ;;
            esac
        done < <("${COMP_WORDS[0]/#~\//$HOME/}" ---complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$2" 2> /dev/null)
    }
    complete -F _mirrorctl mirrorctl
    """#

  private static let zshText = #"""
    #compdef mirrorctl
    # zsh completion for mirrorctl, which itself knows what can follow.
    _mirrorctl() {
        local line word entry
        local -a lines whole parts
        lines=("${(@f)$("${words[1]/#\~\//$HOME/}" ---complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}")
        for line in $lines; do
            word=${line%%$'\t'*}
            entry=${word//:/\\:}${${line#$word}/$'\t'/:}
            case $word in
            (:files) _files ;;
            (:directories) _files -/ ;;
            (*/|*=) parts+=($entry) ;;
            (*) whole+=($entry) ;;
            esac
        done
        (( $#whole )) && _describe -V -t words word whole
        (( $#parts )) && _describe -V -t parts word parts -S ''
    }
    if [[ $funcstack[1] == _mirrorctl ]]; then
        _mirrorctl "$@"
    else
        compdef _mirrorctl mirrorctl
    fi
    """#

  private static let fishText = #"""
    # fish completion for mirrorctl, which itself knows what can follow.
    function __mirrorctl_complete
        set -l words (commandline -opc)
        set -l current (commandline -ct)
        for line in (command $words[1] ---complete $words[2..] "$current" 2> /dev/null)
            switch $line
                case :files
                    __fish_complete_path "$current"
                case :directories
                    __fish_complete_directories "$current" ''
                case '*'
                    printf '%s\n' $line
            end
        end
    end
    complete -c mirrorctl -k -f -a '(__mirrorctl_complete)'
    """#
}
