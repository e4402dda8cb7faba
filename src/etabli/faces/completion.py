"""Completion for bash, zsh and fish: scripts that ask the program itself (`candidates.py`), so that they hold for every later release.

A script sends the words so far to `etabli completion words SHELL ...` and gets lines: first what is wanted besides ("files .csv .parquet",
"folders", "open" where the word goes on), then a candidate and what it is, a tab between. Files are left to the shell, which knows `~` and quotes.
bash sends its line as it is, because it would cut words at "=" and ":".
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from etabli.faces.candidates import candidates

BASH = r"""_etabli() {
  local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]} head ending line
  local -a lines
  COMPREPLY=()
  mapfile -t lines < <("${COMP_WORDS[0]/#\~/$HOME}" completion words bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  [ "${#lines[@]}" -gt 0 ] || return 0
  head=${lines[0]}
  for line in "${lines[@]:1}"; do COMPREPLY+=("${line%%$'\t'*}"); done
  case " $head " in *" open "*) compopt -o nospace ;; esac
  [ "${#COMPREPLY[@]}" -gt 0 ] && case "${COMPREPLY[*]}" in *[\ \'\"\(\)\<\>\&\;\|\$\*\?]*) compopt -o filenames ;; esac
  case " $head " in
    *" files "*)
      compopt -o filenames
      [ "$word" = "=" ] && word=""
      IFS=' '
      for ending in ${head#*files}; do IFS=$'\n'; COMPREPLY+=($(compgen -f -X "!*$ending" -- "$word")); done
      IFS=$'\n'; COMPREPLY+=($(compgen -d -- "$word")) ;;
    *" folders "*) compopt -o filenames; COMPREPLY+=($(compgen -d -- "$word")) ;;
  esac
}
complete -F _etabli etabli"""

ZSH = r"""#compdef etabli
_etabli() {
  local -a lines found
  local head line ending
  lines=("${(@f)$(${(Q)~words[1]} completion words zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  head=$lines[1]
  for line in "${(@)lines[2,-1]}"; do
    [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( $#found )); then
    if [[ " $head " == *" open "* ]]; then _describe -V 'etabli' found -S ''; else _describe -V 'etabli' found; fi
  fi
  case " $head " in
    *" files "*) ending="${${${head#*files }%% open*}// /|*}"; compset -P '--*='; _files -g "(*$ending)(-.)" ;;
    *" folders "*) compset -P '--*='; _files -/ ;;
  esac
}
if [ "$funcstack[1]" = _etabli ]; then _etabli "$@"; else compdef _etabli etabli; fi"""

FISH = r"""function __etabli_complete
  set -l tokens (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($tokens[1] completion words fish $tokens[2..-1] (string unescape -- "$current"; or echo -- "$current") 2>/dev/null)
  test (count $lines) -gt 0; or return
  printf '%s\n' $lines[2..-1]
  set -l head (string split ' ' -- $lines[1])
  if contains -- files $head
    set -l endings (string match -- '.*' $head)
    for path in (__fish_complete_path "$current")
      set -l name (string split -m1 \t -- $path)[1]
      if string match -q -- '*/' $name; or string match -qr -- '('(string join '|' (string escape --style=regex -- $endings))')$' $name
        printf '%s\n' $path
      end
    end
  else if contains -- folders $head
    __fish_complete_directories "$current"
  end
end
complete -c etabli -f -k -a '(__etabli_complete)'"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def script(shell: str) -> str:
    """The script of "bash", "zsh" or "fish"."""
    return SCRIPTS[shell]


def answer(words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """The lines for `etabli completion words SHELL ...`."""
    shell, *rest = words or [""]
    typed = split(rest[0] if rest else "")[1:] if shell == "bash" else rest
    found = candidates(typed, parser)
    head = [word for word, there in (("folders", found.folders), ("open", found.open)) if there]
    head += ["files", *found.files] if found.files else []
    done = _cut(typed[-1] if typed else "") if shell == "bash" else 0
    return "\n".join([" ".join(head), *(f"{text[done:]}\t{' '.join(told.split())[:90]}" for text, told in found.words if "\n" not in text)])


def _cut(current: str) -> int:
    """How many letters of a word bash holds for words of their own: it cuts after "=" and ":"."""
    return max(current.rfind("="), current.rfind(":")) + 1


def split(line: str) -> list[str]:
    """A line as a shell splits it, the last word as far as it goes ("" after a blank): quotes may be open."""
    words: list[str] = []
    word, quote, escaped = "", "", False
    begun = False
    for letter in line:
        if escaped:
            word, escaped = word + letter, False
        elif letter == "\\" and quote != "'":
            escaped = begun = True
        elif quote:
            word, quote = (word, "") if letter == quote else (word + letter, quote)
        elif letter in "'\"":
            quote, begun = letter, True
        elif letter.isspace():
            words, word, begun = ([*words, word], "", False) if begun else (words, "", False)
        else:
            word, begun = word + letter, True
    return [*words, word]
