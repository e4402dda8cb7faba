"""The words of the command line: every command with its options, examples and help, and errors in our own three lines.

argparse and nothing else, so that `etabli --help` answers at once. What a command does is in `cli.py`. One function a command gives its
parser its options, in the order in which the help shows them; COMMANDS has them in the order in which the help lists the commands.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from etabli import __version__
from etabli.arguments import models, pages, reference, runs
from etabli.errors import UsageError, did_you_mean

Act = Callable[[argparse.Namespace], int]
Options = Callable[[argparse.ArgumentParser], None]
COMMANDS: Mapping[str, Options] = {
    options.__name__: options
    for options in (
        runs.fit,
        runs.cluster,
        runs.map,
        runs.anomalies,
        runs.adopt,
        runs.resume,
        runs.status,
        pages.explore,
        pages.publish,
        models.predict,
        models.explain,
        models.check,
        pages.report,
        reference.families,
        reference.completion,
        reference.man,
    )
}
EXAMPLES = """examples:
  etabli fit census.csv --target income                      the main job: look, warn, compare, prove, report
  etabli fit census.csv --target income --time 5m --json     at most five minutes; the result as JSON on stdout
  etabli cluster penguins.csv                                without a target: are there groups of rows, and which?
  etabli map penguins.csv                                    few coordinates for many columns, and what to believe
  etabli explore census.csv                                  a local page: what is in it, what may go wrong
  etabli predict census.etabli/model.onnx new.csv -o out.csv
  etabli explain census.etabli/model.onnx new.csv --row 3    why this answer, and what would change it
  etabli check census.etabli/model.onnx labelled.csv         is the promise kept on new labelled rows?

exit status: 0 fine, 1 our error, 2 usage, 3 the data forbid it, 4 nothing beat the baseline, 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """argparse, with errors in our own three lines."""

    def error(self, message: str) -> NoReturn:
        """Ends with status 2, naming the nearest right word."""
        raise UsageError(f"{self.prog}: {message}", hint=_hint(message, self) or f"see: {self.prog} --help")


def _hint(message: str, parser: argparse.ArgumentParser) -> str:
    if "invalid choice" in message:
        names = [name for group in parser._actions if isinstance(group, argparse._SubParsersAction) for name in group.choices]
        return did_you_mean(message.split("invalid choice: ")[1].split("'")[1], names)
    if "unrecognized" in message:
        return _elsewhere([word.split("=")[0] for word in message.split() if word.startswith("--")], parser)
    if "--target" in message:
        return "which column is to be predicted? `etabli explore FILE` lists them"
    return ""


def _elsewhere(words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """Which commands have the first of the options, or what it may be misspelt for."""
    if not words:
        return ""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    parsers = [parser, *(one for group in groups for one in group.choices.values())]
    having = [one.prog.split()[-1] for one in parsers if any(words[0] in action.option_strings for action in one._actions)]
    if having:
        return f"{words[0]} is an option of " + ", ".join(dict.fromkeys(having)) + ", not of this command"
    return did_you_mean(words[0], sorted({o for one in parsers for action in one._actions for o in action.option_strings}))


def parser(acts: Mapping[str, Act]) -> Parser:
    """The parser of all commands. acts: the function of each command, by name; its docstring is the command's help."""
    root = Parser(
        prog="etabli",
        description="From a data file to an established model, in one command.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"etabli {__version__}")
    root.add_argument("--debug", action="store_true", help="show the traceback of an error of ours")
    commands = root.add_subparsers(dest="command", metavar="COMMAND")
    for name, options in COMMANDS.items():
        text = (acts[name].__doc__ or "").strip()
        one = commands.add_parser(name, help=text, description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        one.set_defaults(act=acts[name], quiet=False, lang=None, json=False)
        one.add_argument("--lang", choices=("en", "fr"), help="language of what people read (default: the locale's)")
        options(one)
    return root
