"""The words of the command line: every command with its options, examples and help, and errors in our own three lines.

argparse and nothing else, so that `etabli --help` answers at once. What a command does is in `cli.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from etabli import __version__
from etabli.errors import UsageError, did_you_mean

Act = Callable[[argparse.Namespace], int]
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
    if "--target" in message:
        return "which column is to be predicted? `etabli explore FILE` lists them"
    words = [word for word in message.split() if word.startswith("--")] if "unrecognized" in message else []
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    parsers = [parser, *(one for group in groups for one in group.choices.values())]
    if not words:
        return ""
    word = words[0].split("=")[0]
    having = [one.prog.split()[-1] for one in parsers if any(word in action.option_strings for action in one._actions)]
    if having:
        return f"{word} is an option of " + ", ".join(dict.fromkeys(having)) + ", not of this command"
    return did_you_mean(word, sorted({o for one in parsers for action in one._actions for o in action.option_strings}))


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

    def command(name: str, epilog: str = "") -> argparse.ArgumentParser:
        run = acts[name]
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

    def without(name: str, epilog: str) -> argparse.ArgumentParser:
        """A command without a target: the options that all of them have."""
        one = command(name, epilog)
        one.add_argument("file", help="CSV (any dialect, gzip, zstd), Parquet, SQLite (my.db::table), or a table's address in a Datasette")
        one.add_argument("--methods", metavar="A,B", help="only these (default: all)")
        one.add_argument("--ignore", metavar="COL", action="append", default=[], help="a column not to look at (may be repeated)")
        one.add_argument("--kind", metavar="COL=KIND", action="append", default=[], help="number, category, flag, date, text, identifier")
        one.add_argument("--effort", default="standard", help="glance, standard or thorough: how much is tried (default: standard)")
        one.add_argument("--time", metavar="TIME", help="a cap such as 60s, 10m or 1h30m")
        one.add_argument("--seed", type=int, default=0, help="same seed, same answer (default: 0)")
        one.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
        one.add_argument("--jsonl", action="store_true", help="progress as JSON lines on stderr, one an event, and no summary")
        one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
        one.add_argument("-o", "--output", metavar="RUN", help=f"the run folder (default: FILE.{name}.etabli here)")
        return one

    one = command(
        "fit",
        "  etabli fit census.csv --target income --effort glance\n  etabli fit visits.parquet --target cost --group patient --time 10m -o visits.etabli",
    )
    one.add_argument("file", help="CSV (any dialect, gzip, zstd), Parquet, SQLite (my.db::table), or a table's address in a Datasette")
    one.add_argument("-t", "--target", required=True, metavar="COL", help="the column to predict")
    one.add_argument("--task", metavar="TASK", help="binary, multiclass or regression (default: from the target)")
    one.add_argument("--positive", metavar="LABEL", help="which of two classes counts as positive")
    one.add_argument("--effort", default="standard", help="glance, standard or thorough: how much is tried (default: standard)")
    one.add_argument("--time", metavar="TIME", help="a cap such as 60s, 10m or 1h30m")
    one.add_argument("--group", metavar="COL", help="rows of one group stay on one side of every split; 'none' to rule it out")
    one.add_argument("--time-column", metavar="COL", help="learn from the past, score on what came later; 'none' to rule it out")
    one.add_argument(
        "--gap", metavar="GAP", help="with --time-column: so much time before what is scored is not learned from (7d, 12h, 30, 100rows)"
    )
    one.add_argument("--weights", metavar="COL", help="how much each row counts")
    one.add_argument("--ignore", metavar="COL", action="append", default=[], help="a column the model must not see (may be repeated)")
    one.add_argument(
        "--by", metavar="COL", action="append", default=[], help="how the model fares by the levels of this column (may be repeated)"
    )
    one.add_argument(
        "--kind", metavar="COL=KIND", action="append", default=[], help="number, category, flag, date, text, identifier or constant"
    )
    one.add_argument(
        "--missing", metavar="COL=TEXT", action="append", default=[], help="a text or number that means missing in that column"
    )
    one.add_argument("--increasing", metavar="COL", action="append", default=[], help="the answer never falls as this column rises")
    one.add_argument("--decreasing", metavar="COL", action="append", default=[], help="the answer never rises as this column rises")
    one.add_argument("--together", metavar="A,B", action="append", default=[], help="only columns named together may interact")
    one.add_argument(
        "--with-map", type=int, default=0, metavar="N", help="also try N coordinates of all numbers as columns (learned in each fold)"
    )
    one.add_argument("--with-clusters", type=int, default=0, metavar="K", help="also try distances to K centres of k-means as columns")
    one.add_argument(
        "--with-autoencoder", type=int, default=0, metavar="N", help="also try N coordinates of an autoencoder as columns (etabli[nets])"
    )
    one.add_argument("--exposure", metavar="COL", help="the target is a count over so much time, area, persons: rates are learned")
    one.add_argument(
        "--cost",
        metavar="TRUTH>ANSWER=COST",
        action="append",
        default=[],
        help="what a wrong answer costs (others cost 1): answers cost least",
    )
    one.add_argument(
        "--class-weight", metavar="LABEL=W", action="append", default=[], help="how much rows of a class count in fitting; or: balanced"
    )
    one.add_argument("--distribution", action="store_true", help="a file that also answers quantiles and P(answer <= value), of a number")
    one.add_argument(
        "--calibration", metavar="NAME", help="raw, temperature, platt, isotonic, venn_abers ... (default: the best across folds)"
    )
    one.add_argument(
        "--interval", default="auto", metavar="KIND", help="of numbers: constant, mondrian, normalised, or cqr: two quantile models"
    )
    one.add_argument(
        "--sets", default="auto", metavar="KIND", help="of classes: marginal, or class: the promise holds for each (default: auto)"
    )
    one.add_argument("--audit", metavar="nested", help="also a nested cross-validation beside the honest score, for a paper")
    one.add_argument("--guarantee", metavar="split", help="hold back a quarter of the rows for intervals and sets with a theorem")
    one.add_argument("--metric", help="rank by this (default: a proper score)")
    one.add_argument("--families", metavar="A,B", help="only these (see: etabli families)")
    one.add_argument("--seed", type=int, default=0, help="same seed, same answer (default: 0)")
    one.add_argument("--test", metavar="FILE", help="an own test file, opened once at the end")
    one.add_argument("--where", default="local", metavar="PLACE", help="local, or local?workers=N")
    one.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    one.add_argument("--jsonl", action="store_true", help="progress as JSON lines on stderr, one an event, and no summary")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    one.add_argument("-o", "--output", metavar="RUN", help="the run folder (default: FILE.etabli here)")

    one = without(
        "cluster",
        "  etabli cluster penguins.csv --ignore species\n  etabli cluster penguins.csv --label species --clusters 3 -o penguins.etabli",
    )
    one.add_argument("--clusters", type=int, metavar="K", help="so many groups (default: chosen by what is found again in other rows)")
    one.add_argument("--label", metavar="COL", help="a known grouping to compare with; never learned from")
    one.add_argument(
        "--colour", metavar="COL", help="the column that colours the picture first; none: its page holds no cells of the table"
    )

    one = without(
        "map", "  etabli map penguins.csv --ignore species\n  etabli map genes.csv --components 5 --methods pca,umap -o genes.etabli"
    )
    one.add_argument("--components", type=int, metavar="K", help="so many coordinates (default: as many as are larger than by chance)")
    one.add_argument(
        "--colour", metavar="COL", help="the column that colours the picture first; none: its page holds no cells of the table"
    )

    one = without(
        "anomalies", "  etabli anomalies penguins.csv\n  etabli anomalies claims.parquet --rate 0.05 --methods iforest,lof -o claims.etabli"
    )
    one.add_argument("--rate", type=float, default=0.1, metavar="SHARE", help="of flagged rows, so many may be usual (default: 0.1)")
    one.add_argument(
        "--label", metavar="COL", help="a column that says of some rows whether they are odd; compared with, never learned from"
    )
    one.add_argument("--usual", metavar="CLEAN", help="a file of usual rows to learn from: then the rate is promised, not assumed")
    one.add_argument("--odd", metavar="VALUE", help="its value that means odd (default: one named odd, true, 1, fraud ..., or the rarer)")

    one = command(
        "adopt",
        "  etabli adopt train.py:pipeline --data held_out.csv --target price\n  etabli adopt booster.ubj --data held_out.csv --target churn -o churn.etabli",
    )
    one.add_argument("model", help="module:object, file.py:object, or a model file of XGBoost, LightGBM, CatBoost, ONNX or Keras")
    one.add_argument("--data", required=True, metavar="FILE", help="rows the model was not fitted on: CSV or Parquet")
    one.add_argument("-t", "--target", metavar="COL", help="the column it predicts; without it the file holds the model alone")
    one.add_argument("--classes", default="", metavar="A,B,...", help="the classes of a network's outputs, in their order")
    one.add_argument("--gives", default="", metavar="KIND", help="a network's outputs: logits, shares or number (where it cannot be told)")
    one.add_argument(
        "--inputs",
        action="append",
        default=[],
        metavar="NAME=...",
        help="what an input of a network takes of the columns: codes=island,sex, or so many, in a shape: codes=3,pixels=1x28x28",
    )
    one.add_argument("--seen", action="store_true", help="the rows are those of the fit: no score, no calibration, no intervals")
    one.add_argument(
        "--trust-pickle",
        action="store_true",
        help="open a .pkl or .joblib file, or a .keras file with Lambda layers: whatever code is in it runs",
    )
    one.add_argument("--seed", type=int, default=0, help="same seed, same answer (default: 0)")
    one.add_argument("--json", action="store_true", help="the result as one JSON object on stdout")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress")
    one.add_argument("-o", "--output", metavar="RUN", help="the folder (default: the model's class with .etabli here)")

    one = command("resume")
    one.add_argument("run", help="a run folder")
    one.add_argument("--time", metavar="TIME", help="a new cap")
    one.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    one.add_argument("--jsonl", action="store_true", help="progress as JSON lines on stderr, one an event, and no summary")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")

    one = command("status")
    one.add_argument("run", help="a run folder")
    one.add_argument("--json", action="store_true", help="as JSON")

    one = command(
        "explore",
        "  etabli explore census.csv                        a local page: rows, columns, relations, what may go wrong\n"
        "  etabli explore census.csv --target income        with the target drawn over each column, and leaks towards it\n"
        "  etabli explore census.etabli                     the data of a run, as it was read\n"
        "  etabli explore my.db::penguins                   a table of a SQLite file\n"
        '  etabli explore "http://host/zoo/penguins?sex=male"  a table of a Datasette, with its filters\n'
        "  etabli explore census.csv --html out.html        one file instead of a server: columns, relations, warnings\n"
        "  etabli explore census.csv --text                 in the terminal; --json for programs",
    )
    one.add_argument("file", help="CSV, Parquet, my.db::table of SQLite, a table's address in a Datasette, or a run folder")
    one.add_argument("-t", "--target", metavar="COL", help="also look for leaks towards this column")
    one.add_argument("--kind", metavar="COL=KIND", action="append", default=[], help="override the kind of a column")
    one.add_argument("--ignore", metavar="COL", action="append", default=[], help="leave a column out")
    one.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1: this machine alone)")
    one.add_argument("--port", type=int, default=0, metavar="N", help="a port (default: one that is free)")
    one.add_argument("--no-open", action="store_true", help="print the address, open no browser")
    one.add_argument("--html", metavar="OUT.html", help="write one file that opens without a server instead")
    one.add_argument("--text", action="store_true", help="as text instead of a page")
    one.add_argument("--json", action="store_true", help="as JSON instead of a page")
    one.add_argument("--datasette", metavar="OUT.db", help="write a SQLite file for Datasette instead (as: etabli publish FILE -o OUT.db)")

    one = command(
        "publish",
        "  etabli publish census.csv -o census.db           then: datasette census.db --metadata metadata.json\n"
        "  etabli publish census.etabli -o census.db        with the leaderboard, each row's prediction, the findings and the card",
    )
    one.add_argument("file", help="CSV, Parquet, my.db::table of SQLite, a table's address in a Datasette, or a run folder")
    one.add_argument("-o", "--output", required=True, metavar="OUT.db", help="the SQLite file; metadata.json is written beside it")
    one.add_argument("-t", "--target", metavar="COL", help="also look for leaks towards this column")
    one.add_argument("--kind", metavar="COL=KIND", action="append", default=[], help="override the kind of a column")
    one.add_argument("--ignore", metavar="COL", action="append", default=[], help="leave a column out")
    one.add_argument("--title", metavar="TEXT", help="what the table is called (default: its file's name)")
    one.add_argument("--license", dest="licence", metavar="TEXT", help="under which terms the rows may be used")
    one.add_argument("--json", action="store_true", help="what was written, as JSON on stdout")

    one = command(
        "predict", "  etabli predict model.onnx new.csv -o out.csv\n  etabli predict model.onnx new.parquet -o - --confidence 0.95"
    )
    one.add_argument("model", help="a model.onnx made by etabli")
    one.add_argument("file", help="new rows: CSV or Parquet")
    one.add_argument("-o", "--output", default="-", metavar="OUT", help=".csv, .parquet or - for stdout (default)")
    one.add_argument("--confidence", type=float, metavar="LEVEL", help="of intervals and sets (default: the file's, 0.9)")
    one.add_argument("--quantiles", metavar="A,B", help="such as 0.1,0.5,0.9: so many quantiles of the answer (fit --distribution)")
    one.add_argument("--half-width", type=float, metavar="FACTOR", help="widen the intervals by it (a file learned forward in time)")
    one.add_argument("--at", type=float, metavar="VALUE", help="how probable it is to stay at or below it (fit --distribution)")
    one.add_argument("--json", action="store_true", help="what was unusual in the rows, as JSON on stdout")
    one.add_argument("-q", "--quiet", action="store_true", help="no summary")

    one = command(
        "explain",
        "  etabli explain model.onnx new.csv --row 3                  why, and what would change it\n"
        '  etabli explain model.onnx new.csv --row 3 --want ">100" --fixed age\n'
        "  etabli explain model.onnx new.csv -o why.parquet           base and shap_<column> of every row\n"
        "  etabli explain net.onnx digits.csv --row 3 --method gradients --grid 8x8 -o why.svg\n"
        "  etabli explain net.onnx digits.csv --row 3 --method attention -o looked.svg      where a transformer looks",
    )
    one.add_argument("model", help="a model.onnx made by etabli")
    one.add_argument("file", help="rows: CSV or Parquet")
    one.add_argument("--row", type=int, metavar="N", help="one row, from 1: bars, and what would change its answer")
    one.add_argument(
        "--class", dest="label", metavar="LABEL", help="whose probability (default: the positive class; of several, each row's answer)"
    )
    one.add_argument("--background", metavar="FILE", help="rows to compare with (default: those the model file carries)")
    one.add_argument("--scale", default="output", metavar="SCALE", help="output (default), or margin: the sum below the link, exact")
    one.add_argument(
        "--method",
        default="shapley",
        metavar="METHOD",
        help="shapley (default); gradients: quick for networks of many columns; attention: where a transformer looks, for one row",
    )
    one.add_argument("--grid", metavar="RxC", help="with --row and -o why.svg: the columns drawn as an image of R lines (pixels)")
    one.add_argument("--budget", type=int, metavar="N", help="questions to the model a row, where values are sampled (default: 20000)")
    one.add_argument("--want", metavar="ANSWER", help='the answer to look for: a class, or a bound such as ">100" (default: another class)')
    one.add_argument("--fixed", metavar="COL", action="append", default=[], help="a column that must not change (may be repeated)")
    one.add_argument("--seed", type=int, default=0, help="same seed, same values (default: 0)")
    one.add_argument("--json", action="store_true", help="as JSON")
    one.add_argument("-q", "--quiet", action="store_true", help="no summary")
    one.add_argument("-o", "--output", metavar="OUT", help="a table of all rows: .csv, .parquet or - for stdout")

    one = command(
        "check",
        "  etabli check census.etabli/model.onnx\n  etabli check census.etabli/model.onnx new.csv\n  etabli check model.onnx new.csv --training census.csv\n  etabli check model.onnx labelled.csv --by sex",
    )
    one.add_argument("model", help="a model.onnx made by etabli")
    one.add_argument("file", nargs="?", help="new rows, with or without labels")
    one.add_argument("--training", metavar="FILE", help="the rows it learned from (default: those of the run folder it lies in)")
    one.add_argument(
        "--by", metavar="COL", action="append", default=[], help="how it fares by the levels of this column of the file (may be repeated)"
    )
    one.add_argument("--json", action="store_true", help="as JSON")

    one = command(
        "report",
        "  etabli report census.etabli --lang fr --open\n  etabli report census.etabli --text\n  etabli report census.etabli --figures pdf -o figures --width 170mm",
    )
    one.add_argument("run", help="a run folder")
    one.add_argument("--text", action="store_true", help="print the sentence, the plot and the findings; write nothing")
    one.add_argument(
        "--try",
        dest="live",
        action=argparse.BooleanOptionalAction,
        help="the page holds the model, and a form that answers rows (default: when the model is small)",
    )
    one.add_argument("--open", action="store_true", help="and show it in the browser")
    one.add_argument("--figures", choices=("pdf", "png", "svg"), help="figures for a paper, one file each, and their captions")
    one.add_argument("-o", "--output", metavar="DIR", help="with --figures: where to (default: figures in the run folder)")
    one.add_argument("--width", metavar="WIDTH", help="with --figures: 85mm (one column, the default), 170mm (two), or another")
    one.add_argument("--only", metavar="A,B", help="with --figures: only these, such as leaderboard,calibration")
    one.add_argument("--colour", metavar="COL", help="of a map or of groups: the column that colours the picture first")

    one = command("families", "  etabli families\n  etabli families --job cluster")
    one.add_argument("--job", choices=("fit", "cluster", "map", "anomalies"), default="fit", help="those of that command (default: fit)")
    one.add_argument("--json", action="store_true", help="as JSON")
    one.add_argument("--check", metavar="PACKAGE", help="hold the families of an installed package to the contract")

    one = command("completion", '  eval "$(etabli completion bash)"')
    one.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to write it for")

    one = command("man", "  etabli man\n  etabli man --roff > etabli.1")
    one.add_argument("--roff", action="store_true", help="as roff on the standard output, for man and mandoc")
    return root


EXAMPLE = {"--kind": "zip=category", "--missing": "pdays=999", "--cost": '"sick>healthy=50"', "--class-weight": "sick=10"}


def pair_list(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    """COLUMN=VALUE pairs as they were given; UsageError for a text without either side."""
    pairs = []
    for text in texts:
        column, sign, value = text.rpartition("=")
        if not sign or not column:
            raise UsageError(
                f"{option} takes COLUMN=VALUE",
                f'"{text}"',
                f"for instance: {option} " + EXAMPLE[option],
            )
        pairs.append((column, value))
    return pairs


def numbers(texts: Sequence[str], option: str) -> dict[str, float]:
    """NAME=NUMBER pairs; a bare "balanced" is 1."""
    made = {}
    for name, text in pair_list(["balanced=1" if text == "balanced" else text for text in texts], option):
        try:
            made[name] = float(text)
        except ValueError:
            raise UsageError(f"{option} takes a number after =", f'"{name}={text}"') from None
    return made


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """COLUMN=VALUE pairs by column."""
    return dict(pair_list(texts, option))
