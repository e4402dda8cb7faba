"""`python -m etabli.model.load`: what the command line of a place is where only numpy and onnxruntime are installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from etabli.errors import EtabliError
from etabli.model.asked import levels
from etabli.model.load import load, predict_file


def main(arguments: Sequence[str]) -> int:
    """`python -m etabli.model.load MODEL DATA [-o OUT] [--confidence LEVEL]`: predict where only numpy and onnxruntime are installed."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="python -m etabli.model.load", description="Predict with a model file; without DATA, its self-test.")
    parser.add_argument("model")
    parser.add_argument("data", nargs="?")
    parser.add_argument("-o", "--out", default="-", help="a .csv or .parquet file; - is the standard output")
    parser.add_argument("--confidence", type=float)
    parser.add_argument("--quantiles", help="levels, such as 0.1,0.5,0.9")
    parser.add_argument("--at", type=float, help="how probable it is to stay at or below this value")
    told = parser.parse_args(arguments)
    try:
        if told.data is None:
            test = load(told.model).self_test()
            print(json.dumps({"rows": test.rows, "difference": test.difference, "labels": test.labels, "equal": test.equal}))
            return 0 if test.passed else 1
        made = predict_file(told.model, told.data, told.out, told.confidence, None, levels(told.quantiles), told.at)
        print(made.words(), file=sys.stderr)
        return 0
    except EtabliError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.status
