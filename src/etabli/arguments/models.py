"""The options of the commands that ask a model file."""

from __future__ import annotations

from argparse import ArgumentParser

from etabli.arguments.shared import examples, many


def predict(one: ArgumentParser) -> None:
    """The options of `etabli predict`."""
    examples(
        one,
        "etabli predict model.onnx new.csv -o out.csv",
        "etabli predict model.onnx new.parquet -o - --confidence 0.95",
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


def explain(one: ArgumentParser) -> None:
    """The options of `etabli explain`."""
    examples(
        one,
        "etabli explain model.onnx new.csv --row 3                  why, and what would change it",
        'etabli explain model.onnx new.csv --row 3 --want ">100" --fixed age',
        "etabli explain model.onnx new.csv -o why.parquet           base and shap_<column> of every row",
        "etabli explain net.onnx digits.csv --row 3 --method gradients --grid 8x8 -o why.svg",
        "etabli explain net.onnx digits.csv --row 3 --method attention -o looked.svg      where a transformer looks",
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
    many(one, "--fixed", "COL", "a column that must not change (may be repeated)")
    one.add_argument("--seed", type=int, default=0, help="same seed, same values (default: 0)")
    one.add_argument("--json", action="store_true", help="as JSON")
    one.add_argument("-q", "--quiet", action="store_true", help="no summary")
    one.add_argument("-o", "--output", metavar="OUT", help="a table of all rows: .csv, .parquet or - for stdout")


def check(one: ArgumentParser) -> None:
    """The options of `etabli check`."""
    examples(
        one,
        "etabli check census.etabli/model.onnx",
        "etabli check census.etabli/model.onnx new.csv",
        "etabli check model.onnx new.csv --training census.csv",
        "etabli check model.onnx labelled.csv --by sex",
    )
    one.add_argument("model", help="a model.onnx made by etabli")
    one.add_argument("file", nargs="?", help="new rows, with or without labels")
    one.add_argument("--training", metavar="FILE", help="the rows it learned from (default: those of the run folder it lies in)")
    many(one, "--by", "COL", "how it fares by the levels of this column of the file (may be repeated)")
    one.add_argument("--json", action="store_true", help="as JSON")
