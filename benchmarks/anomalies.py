"""How well odd rows are found in real tables, and whether what is said of false discoveries is true.

    python benchmarks/anomalies.py planted adult_income income --data FOLDER [--kinds far,mixed] [--rates 0.05,0.1,0.2] [--seeds 1] [--reference]
    python benchmarks/anomalies.py clean [--runs 40]
    python benchmarks/anomalies.py made [--rows 5000] [--runs 2] [--kinds far,mixed] [--rates 0.05,0.1,0.2]
    python benchmarks/anomalies.py labelled FOLDER

`planted`: one row in a hundred is made odd (`planting.py`); without --reference in a file of its own, with it in the other half of the table, the clean half is
--usual. `clean`: made tables without odd rows: how often anything is flagged. `made`: the same tables with one row in a hundred planted, where, unlike in a real table,
every other row is known to be usual. `labelled`: CSV files whose last column is called odd (0, 1): the chosen
detector, each detector, the one best on planted rows and all joined by the area under the curve and average precision, then their means over the tables and the
best of each in hindsight. One line of JSON a run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from planting import KINDS, Sheet, planted, sheet, write

import etabli
from etabli.data.cells import values as numbers
from etabli.judge.odds import flagged
from etabli.structure import anomalies as story

SHARE = 0.01


def answered(study: etabli.Study, path: Path) -> tuple[Any, Any]:
    """(score, p) of all rows of a file by the study's file."""
    answer = study.model.predict(str(path))
    return np.ravel(answer["score"]), np.ravel(answer["p_value"])


def figures(score: Any, p: Any, truth: Any, rates: tuple[float, ...]) -> dict[str, Any]:
    """What an order and p-values are worth."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    told = {"auc": float(roc_auc_score(truth, score)), "precision": float(average_precision_score(truth, score))}
    for rate in rates:
        odd, _ = flagged(p, rate)
        hit = int((odd & (truth == 1)).sum())
        told[f"at {rate:g}"] = {
            "flagged": int(odd.sum()),
            "false share": float((odd.sum() - hit) / max(1, odd.sum())),
            "power": hit / max(1, int(truth.sum())),
        }
    return told


def named(result: Mapping[str, Any], where: Mapping[int, set[str]]) -> dict[str, float]:
    """Of the planted rows among those told: the share whose planted column is named first, and among the three."""
    mine = [(row["columns"], where[row["row"]]) for row in result["anomalies"]["rows"] if row["row"] in where]
    first = [bool(columns) and columns[0]["column"] in true for columns, true in mine]
    among = [any(column["column"] in true for column in columns) for columns, true in mine]
    return {"told": len(mine), "first": float(np.mean(first)) if mine else 0.0, "among three": float(np.mean(among)) if mine else 0.0}


def on_planted(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A run for each kind and seed."""
    from glob import glob

    path = Path(glob(str(Path(options.data) / f"{options.name}.*"))[0])
    whole, rates = sheet(path, options.without), tuple(float(rate) for rate in options.rates.split(","))
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(whole.rows))
        half = len(order) // 2 if options.reference else 0
        clean, rest = ([whole.rows[i] for i in part] for part in (order[:half], order[half:]))
        for kind in options.kinds.split(","):
            count = int(SHARE * len(rest)) if kind != "none" else 0
            odd, where = planted(whole, whole.rows, kind, count, seed) if count else ([], [])
            if count and not odd:
                continue
            rows = [*rest[: len(rest) - len(odd)], *odd]
            start = len(rows) - len(odd)
            with tempfile.TemporaryDirectory() as folder:
                file = write(Path(folder) / "asked.csv", whole.header, rows)
                words: dict[str, Any] = {"usual": str(write(Path(folder) / "clean.csv", whole.header, clean))} if half else {}
                if options.methods:
                    words["methods"] = tuple(options.methods.split(","))
                study = etabli.anomalies(file, effort=options.effort, seed=seed, out=f"{folder}/run", **words)
                score, p = answered(study, file)
            truth = np.repeat([0, 1], [start, len(odd)])
            about = {"data": options.name, "kind": kind, "seed": seed, "reference": bool(half), "winner": study.result["winner"]["family"]}
            if not count:
                yield about | {f"at {rate:g}": int(flagged(p, rate)[0].sum()) for rate in rates}
                continue
            board = {one["name"]: round(one["score"], 3) for one in study.result["leaderboard"]}
            told = named(study.result, {start + i: columns for i, columns in enumerate(where)})
            yield about | figures(score, p, truth, rates) | {"named": told, "leaderboard": board}


MADE = {
    "normal": lambda random, n: random.normal(size=(n, 6)),
    "related": lambda random, n: random.normal(size=(n, 6)) @ random.normal(size=(6, 6)),
    "lognormal": lambda random, n: random.lognormal(size=(n, 6)),
    "t5": lambda random, n: random.standard_t(5, size=(n, 6)),
    "mixture": lambda random, n: random.normal(size=(n, 6)) + 4 * random.integers(0, 3, (n, 1)),
}


def on_clean(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """How often anything is flagged where nothing is odd."""
    for law, make in MADE.items():
        runs, winners = [], []
        for seed in range(options.runs):
            with tempfile.TemporaryDirectory() as folder:
                cells = make(np.random.default_rng(seed), options.rows)
                file = write(Path(folder) / "t.csv", [f"c{j}" for j in range(6)], [[f"{v:.6g}" for v in row] for row in cells])
                words = {"methods": tuple(options.methods.split(","))} if options.methods else {}
                study = etabli.anomalies(file, effort="glance", seed=seed, out=f"{folder}/run", **words)
            runs.append(study.result["anomalies"]["flagged"])
            winners.append(study.result["winner"]["family"])
        yield {
            "law": law,
            "rows": options.rows,
            "runs": options.runs,
            "share of runs that flag": float(np.mean(np.array(runs) > 0)),
            "flagged in all": int(np.sum(runs)),
            "winners": {name: winners.count(name) for name in set(winners)},
        }


def on_made(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A line for each law and kind: what is flagged over the runs together, and the mean over runs of the false share."""
    rates = tuple(float(rate) for rate in options.rates.split(","))
    for law, make in MADE.items():
        for kind in [kind for kind in options.kinds.split(",") if kind != "impossible"]:
            told = []
            for seed in range(options.runs):
                cells = make(np.random.default_rng(seed), options.rows)
                whole = Sheet([f"c{j}" for j in range(6)], [[f"{v:.6g}" for v in row] for row in cells], tuple(range(6)))
                odd, _ = planted(whole, whole.rows, kind, int(SHARE * options.rows), seed)
                with tempfile.TemporaryDirectory() as folder:
                    file = write(Path(folder) / "t.csv", whole.header, [*whole.rows[: len(whole.rows) - len(odd)], *odd])
                    words = {"methods": tuple(options.methods.split(","))} if options.methods else {}
                    study = etabli.anomalies(file, effort=options.effort, seed=seed, out=f"{folder}/run", **words)
                    score, p = answered(study, file)
                told.append(figures(score, p, np.repeat([0, 1], [options.rows - len(odd), len(odd)]), rates))
            line: dict[str, Any] = {"law": law, "kind": kind, "rows": options.rows, "runs": options.runs}
            line |= {name: float(np.mean([one[name] for one in told])) for name in ("auc", "precision")}
            for rate in rates:
                at = [one[f"at {rate:g}"] for one in told]
                line[f"at {rate:g}"] = {"flagged": sum(one["flagged"] for one in at)} | {
                    name: round(float(np.mean([one[name] for one in at])), 3) for name in ("false share", "power")
                }
            yield line


def on_labelled(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The area under the curve of every detector, and of the one chosen without labels."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    every = []
    for path in sorted(Path(options.name).glob("*.csv")):
        data, told = sheet(path), {}
        at = data.header.index("odd")
        truth = numbers([row[at] for row in data.rows], {"parse": "number"})[0]
        alone = options.methods.split(",") if options.methods else _detectors()
        for name in ["chosen", "all", *alone]:
            words = {"methods": (name,) if name in alone else tuple(alone)}
            with tempfile.TemporaryDirectory() as folder, joining(story.PART if name != "all" else 1e-9):
                study = etabli.anomalies(path, ignore=("odd",), effort=options.effort, out=f"{folder}/run", **words)
                score, _ = answered(study, path)
            if name == "chosen":
                winner, board = study.result["winner"]["family"], study.result["leaderboard"]
            told[name] = [round(float(measure(truth, score)), 3) for measure in (roc_auc_score, average_precision_score)]
        planted = {one["name"]: round(one["score"], 3) for one in board}
        told["best planted"] = told[next(one["name"] for one in board if one["name"] in alone)]
        every.append(told | {"hindsight": [max(told[name][i] for name in alone) for i in (0, 1)]})
        yield {"data": path.stem, "rows": len(truth), "odd": int(truth.sum()), "winner": winner, "auc, precision": told, "planted": planted}
    yield {
        "tables": len(every),
        "mean auc, precision": {name: np.mean([one[name] for one in every], axis=0).round(3).tolist() for name in every[0]},
    }


@contextmanager
def joining(part: float) -> Iterator[None]:
    """Joined are those detectors that find planted rows this part as well as the best: next to nothing for all of them."""
    kept, story.PART = story.PART, part
    try:
        yield
    finally:
        story.PART = kept


def _detectors() -> list[str]:
    from etabli.structure.methods import detectors

    return [name for name, method in detectors().items() if not method.slow]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("planted", "clean", "made", "labelled"))
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("without", nargs="*", default=[])
    parser.add_argument("--data", default=".")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--rates", default="0.05,0.1,0.2")
    parser.add_argument("--methods", default="")
    parser.add_argument("--effort", default="glance")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--reference", action="store_true")
    options = parser.parse_args()
    for told in {"planted": on_planted, "clean": on_clean, "made": on_made, "labelled": on_labelled}[options.what](options):
        print(json.dumps(told), flush=True)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
