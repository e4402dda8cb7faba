"""Shell completion, written from the parser itself so that it never lags behind."""

from __future__ import annotations

import argparse
from collections.abc import Mapping


def _commands(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _options(parser: argparse.ArgumentParser) -> list[str]:
    return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script of "bash", "zsh" or "fish"."""
    commands = _commands(parser)
    if shell == "fish":
        lines = ["complete -c etabli -n __fish_use_subcommand -f -a '" + " ".join(commands) + "'"]
        for name, command in commands.items():
            lines += [f"complete -c etabli -n '__fish_seen_subcommand_from {name}' -l {option[2:]}" for option in _options(command)]
        return "\n".join(lines)
    cases = "\n".join(f'    {name}) words="{" ".join(_options(command))}" ;;' for name, command in commands.items())
    bash = f"""_etabli() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words
  case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="{" ".join(commands)} --help --version"; fi
  if [ "$COMP_CWORD" -eq 1 ] || [ "${{word#-}}" != "$word" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _etabli etabli"""
    return ("autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else "") + bash
