"""The command line: one function a command, each a few lines over `study` or one step.

argparse and nothing else at import time, so that `etabli --help` answers at once and `etabli predict` runs where only numpy
and onnxruntime are installed. Data go to standard output, everything else to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from etabli import __version__
from etabli.errors import EtabliError, UsageError, did_you_mean

BEGAN = time.monotonic()  # what was imported before belongs to the cap of --time as well
EXAMPLES = """examples:
  etabli fit census.csv --target income                      the main job: look, warn, compare, prove, report
  etabli fit census.csv --target income --time 5m --json     at most five minutes; the result as JSON on stdout
  etabli explore census.csv --text                           what may go wrong, without training
  etabli predict census.etabli/model.onnx new.csv -o out.csv
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
        return did_you_mean(message.split("invalid choice: ")[1].split("'")[1], COMMANDS)
    if "--target" in message:
        return "which column is to be predicted? `etabli explore FILE` lists them"
    words = [word for word in message.split() if word.startswith("--")] if "unrecognized" in message else []
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    parsers = [parser, *(one for group in groups for one in group.choices.values())]
    return did_you_mean(words[0], sorted({o for one in parsers for action in one._actions for o in action.option_strings})) if words else ""


# commands ------------------------------------------------------------------------------------------------------------


def fit(options: argparse.Namespace) -> int:
    """Look, warn, compare, calibrate, write, prove, report."""
    from etabli.job.budget import parse_time
    from etabli.study import establish
    from etabli.work.asked import asked

    question = asked(
        options.file,
        options.target,
        task=options.task,
        positive=options.positive,
        effort=options.effort,
        time=parse_time(options.time) if options.time else None,
        group=options.group,
        time_column=options.time_column,
        weights=options.weights,
        ignore=tuple(options.ignore),
        metric=options.metric,
        families=tuple(name for name in (options.families or "").split(",") if name),
        seed=options.seed,
        test=options.test,
        kinds=_pairs(options.kind, "--kind"),
        missing={
            column: tuple(text for name, text in _pair_list(options.missing, "--missing") if name == column)
            for column, _ in _pair_list(options.missing, "--missing")
        },
        where=options.where,
        lang=options.lang,
        out=options.output,
    )
    return _establish(question, options, establish)


def _establish(question: Any, options: argparse.Namespace, run: Callable[..., Any]) -> int:
    from etabli.faces.terminal import Progress, summary
    from etabli.faces.words import language

    lang = language(options.lang)
    stop = Interrupt()
    with Progress(lang, quiet=options.quiet) as watch:
        study = run(question, watch=watch, interrupted=stop, began=BEGAN)
    if options.json:
        from etabli.study import public

        print(json.dumps(public(study.result), ensure_ascii=False))
    if not options.quiet:
        print(summary(study.result, lang), file=sys.stderr)
    if not options.json:
        print(study.result["report"])
    return 130 if stop.asked else int(study.status)


def resume(options: argparse.Namespace) -> int:
    """Goes on with a run that was cut, from what lies in its folder."""
    from etabli.job.budget import parse_time
    from etabli.study import asked_of, establish

    question = asked_of(options.run, time=parse_time(options.time) if options.time else None, lang=options.lang)
    return _establish(question, options, establish)


def status(options: argparse.Namespace) -> int:
    """What is done, what is running and what was set aside in a run folder."""
    from etabli.work.status import status as look

    found = look(options.run)
    print(json.dumps(found.facts, ensure_ascii=False) if options.json else found.text)
    return 0


def explore(options: argparse.Namespace) -> int:
    """Columns, kinds and what may go wrong, without training."""
    from etabli.faces.words import language
    from etabli.study import explore as look

    text, facts = look(
        options.file, target=options.target, kinds=_pairs(options.kind, "--kind"), ignore=tuple(options.ignore), lang=language(options.lang)
    )
    print(json.dumps(facts, ensure_ascii=False) if options.json else text.rstrip("\n"))
    return 0


def predict(options: argparse.Namespace) -> int:
    """Answers for new rows, with intervals or sets and a flag on rows unlike the training data."""
    from etabli.model.load import predict_file

    summary = predict_file(options.model, options.file, options.output, options.confidence)
    if not options.quiet:
        print(summary, file=sys.stderr)
    return 0


def check(options: argparse.Namespace) -> int:
    """Without a file: the model's own self-test. With labelled rows: is the promise kept?"""
    from etabli.model.check import check as look

    checked = look(options.model, options.file)
    print(json.dumps(checked.to_json(), ensure_ascii=False) if options.json else checked.text(options.lang))
    return 0 if checked.fine else 1


def report(options: argparse.Namespace) -> int:
    """Writes the report of a run again, in another language if asked."""
    from etabli.study import report as again

    print(again(options.run, options.lang))
    return 0


def families(options: argparse.Namespace) -> int:
    """What is there, what each needs, its citation; --check PACKAGE holds a plug-in to the contract."""
    from etabli.families import families as found

    if options.check:
        from etabli.families.conformance import check_package

        for line in check_package(options.check):
            print(line)
        return 0
    facts = [
        {"name": f.name, "title": f.title, "tasks": list(f.tasks), "needs": list(f.needs), "citation": f.citation, "doc": f.doc}
        for f in found().values()
    ]
    if options.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        for one in facts:
            print(f"{one['name']:<12} {one['title']} ({', '.join(one['tasks'])}). {one['doc']} {one['citation']}.")
    return 0


def completion(options: argparse.Namespace) -> int:
    """A completion script for bash, zsh or fish."""
    from etabli.faces.completion import script

    print(script(options.shell, parser()))
    return 0


# parser --------------------------------------------------------------------------------------------------------------


def parser() -> Parser:
    """The parser of all commands."""
    root = Parser(
        prog="etabli",
        description="From a data file to an established model, in one command.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"etabli {__version__}")
    root.add_argument("--debug", action="store_true", help="show the traceback of an error of ours")
    commands = root.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], epilog: str = "") -> argparse.ArgumentParser:
        text = (run.__doc__ or "").strip()
        made = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=epilog and "examples:\n" + epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(act=run, quiet=False, lang=None, json=False)
        made.add_argument("--lang", choices=("en", "fr"), help="language of what people read (default: the locale's)")
        return made

    one = command(
        "fit",
        fit,
        "  etabli fit census.csv --target income --effort glance\n  etabli fit visits.parquet --target cost --group patient --time 10m -o visits.etabli",
    )
    one.add_argument("file", help="CSV (any dialect, gzip, zstd) or Parquet")
    one.add_argument("-t", "--target", required=True, metavar="COL", help="the column to predict")
    one.add_argument("--task", metavar="TASK", help="binary, multiclass or regression (default: from the target)")
    one.add_argument("--positive", metavar="LABEL", help="which of two classes counts as positive")
    one.add_argument("--effort", default="standard", help="glance, standard or thorough: how much is tried (default: standard)")
    one.add_argument("--time", metavar="TIME", help="a cap such as 60s, 10m or 1h30m")
    one.add_argument("--group", metavar="COL", help="rows of one group stay on one side of every split; 'none' to rule it out")
    one.add_argument("--time-column", metavar="COL", help="learn from the past, score on what came later; 'none' to rule it out")
    one.add_argument("--weights", metavar="COL", help="how much each row counts")
    one.add_argument("--ignore", metavar="COL", action="append", default=[], help="a column the model must not see (may be repeated)")
    one.add_argument(
        "--kind", metavar="COL=KIND", action="append", default=[], help="number, category, flag, date, text, identifier or constant"
    )
    one.add_argument(
        "--missing", metavar="COL=TEXT", action="append", default=[], help="a text or number that means missing in that column"
    )
    one.add_argument("--metric", help="rank by this (default: a proper score)")
    one.add_argument("--families", metavar="A,B", help="only these (see: etabli families)")
    one.add_argument("--seed", type=int, default=0, help="same seed, same answer (default: 0)")
    one.add_argument("--test", metavar="FILE", help="an own test file, opened once at the end")
    one.add_argument("--where", default="local", metavar="PLACE", help="local, or local?workers=N")
    one.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    one.add_argument("-o", "--output", metavar="RUN", help="the run folder (default: FILE.etabli here)")

    one = command("resume", resume)
    one.add_argument("run", help="a run folder")
    one.add_argument("--time", metavar="TIME", help="a new cap")
    one.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")

    one = command("status", status)
    one.add_argument("run", help="a run folder")
    one.add_argument("--json", action="store_true", help="as JSON")

    one = command("explore", explore, "  etabli explore census.csv --text\n  etabli explore census.csv --target income --json")
    one.add_argument("file", help="CSV or Parquet")
    one.add_argument("-t", "--target", metavar="COL", help="also look for leaks towards this column")
    one.add_argument("--kind", metavar="COL=KIND", action="append", default=[], help="override the kind of a column")
    one.add_argument("--ignore", metavar="COL", action="append", default=[], help="leave a column out")
    one.add_argument("--text", action="store_true", help="as text (the default)")
    one.add_argument("--json", action="store_true", help="as JSON")

    one = command(
        "predict", predict, "  etabli predict model.onnx new.csv -o out.csv\n  etabli predict model.onnx new.parquet -o - --confidence 0.95"
    )
    one.add_argument("model", help="a model.onnx made by etabli")
    one.add_argument("file", help="new rows: CSV or Parquet")
    one.add_argument("-o", "--output", default="-", metavar="OUT", help=".csv, .parquet or - for stdout (default)")
    one.add_argument("--confidence", type=float, metavar="LEVEL", help="of intervals and sets (default: the file's, 0.9)")
    one.add_argument("-q", "--quiet", action="store_true", help="no summary")

    one = command("check", check)
    one.add_argument("model", help="a model.onnx made by etabli")
    one.add_argument("file", nargs="?", help="labelled rows")
    one.add_argument("--json", action="store_true", help="as JSON")

    one = command("report", report)
    one.add_argument("run", help="a run folder")

    one = command("families", families)
    one.add_argument("--json", action="store_true", help="as JSON")
    one.add_argument("--check", metavar="PACKAGE", help="hold the families of an installed package to the contract")

    one = command("completion", completion, '  eval "$(etabli completion bash)"')
    one.add_argument("shell", choices=("bash", "zsh", "fish"))
    return root


COMMANDS = ("fit", "resume", "status", "explore", "predict", "check", "report", "families", "completion")


def _pair_list(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        column, sign, value = text.rpartition("=")
        if not sign or not column:
            raise UsageError(
                f"{option} takes COLUMN=VALUE",
                f'"{text}"',
                f"for instance: {option} zip=category" if option == "--kind" else "for instance: --missing pdays=999",
            )
        pairs.append((column, value))
    return pairs


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    return dict(_pair_list(texts, option))


class Interrupt:
    """The first Ctrl-C (or SIGTERM) asks for the best so far; the second ends at once."""

    def __init__(self) -> None:
        self.asked = False
        if threading.current_thread() is threading.main_thread():  # no other may handle signals
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._note)

    def _note(self, number: int, frame: object) -> None:
        if self.asked:
            if os.isatty(2):
                os.write(2, b"\x1b[?25h")  # the progress display hides the cursor
            os._exit(130)
        self.asked = True
        os.write(2, b"\nfinishing with the best so far; Ctrl-C again ends at once (etabli resume goes on)\n")

    def __call__(self) -> bool:
        """Whether it was asked for."""
        return self.asked


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser().parse_args(words)
        if not options.command:
            parser().print_help()
            return 0
        return int(options.act(options))
    except EtabliError as error:
        if "--debug" in words:
            raise
        print(f"error: {error}", file=sys.stderr)
        return error.status
    except BrokenPipeError:  # the reader of our output went away (| head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if "--debug" in words:
            raise
        print(f"error: {error.strerror or error}\n  got:  {error.filename or ''}", file=sys.stderr)
        return 1
    except Exception as error:
        if "--debug" in words:
            raise
        print(
            f"error: this is a fault of ours, not yours\n  got:  {type(error).__name__}: {error}\n  hint: run the same command with `etabli --debug ...` and send us what it prints",
            file=sys.stderr,
        )
        return 1


def program() -> NoReturn:
    """The program: `main`, then out at once. A reading thread of Arrow that is still about when an error ends us would meet an
    interpreter that is being taken down, and abort ("terminate called without an active exception")."""
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    program()
