"""The page of the promises: what is promised, what was measured, and whether it held, missed promises named as such."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def page(parts: Mapping[str, Any]) -> str:
    """promises.md, from what was measured."""
    text = ["# Promises, measured", "", HEAD, ""]
    for name, write in WRITERS.items():
        if name in parts:
            whole = "the whole suite" if parts[name]["full"] else "fewer seeds or splits than the whole suite"
            text += [*write(parts[name]["rows"]), "", f"({whole})", ""]
    return "\n".join(text)


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *lines)]


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.1f} %"


def _verdict(kept: bool) -> str:
    return "kept" if kept else "**missed**"


def most(promised: float, seeds: int) -> float:
    """The largest share of seeds that chance (95 %) explains when the probability is as promised."""
    from scipy.stats import binom

    return float(binom.ppf(0.95, seeds, promised)) / seeds


def _noise(rows: Sequence[Row], title: str = "Pure noise, 50 candidates", said: str = "") -> list[str]:
    lines = []
    for row in rows:
        least = most(0.05, row["seeds"])
        bound = "" if row["metric"] != "roc_auc" or said else _verdict(abs(row["bias"]) <= 0.005)
        lines.append(
            [
                _named(row),
                str(row["n"]),
                str(row["seeds"]),
                _share(row["excludes"]),
                _share(row["claims"]),
                _verdict(max(row["excludes"], row["claims"]) <= least),
                f"{row['bias']:+.4f} ({row['error']:.4f})",
                bound,
                f"{row['naive']:+.4f}",
                _share(row["holds"]),
                f"{row['width']:.3f}",
                f"{row['cpu'] / row['seeds']:.2f}",
            ]
        )
    header = ["metric", "rows", "seeds", "interval excludes nothing", "sentence sees evidence", "≤ 5 %", "bias of the honest score (se)"]
    header += ["within ±.005", "bias of the leaderboard", "interval holds the truth", "its width", "CPU s a seed"]
    return [f"## {title}", "", said or NOISE, "", *_table(header, lines)]


def _named(row: Row) -> str:
    extra = [", weighed"] if row["weighted"] else []
    extra += [f", {row['groups']} groups"] if row.get("groups") else []
    return "".join([row["metric"], *extra, *([", in time"] if row.get("in_time") else [])])


def _dependent(rows: Sequence[Row]) -> list[str]:
    return _noise(rows, "Noise of rows that depend on each other", DEPENDENT)


def _signal(rows: Sequence[Row]) -> list[str]:
    lines = []
    for row in rows:
        slack = most(0.07, row["seeds"])
        word = _verdict(1 - row["holds"] <= slack) + (", wider than promised" if row["holds"] > 0.99 else "")
        lines.append(
            [
                row["metric"] + (", weighed" if row["weighted"] else ""),
                str(row["n"]),
                str(row["seeds"]),
                f"{row['truth']:.3f}",
                _share(row["holds"]),
                word,
                f"{row['bias']:+.4f} ({row['error']:.4f})",
                f"{row['naive']:+.4f}",
                f"{row['width']:.3f}",
            ]
        )
    header = [
        "metric",
        "rows",
        "seeds",
        "truth, mean",
        "interval holds the truth",
        "93 to 99 %",
        "bias (se)",
        "bias of the leaderboard",
        "width",
    ]
    return ["## A signal whose truth is known", "", SIGNAL, "", *_table(header, lines)]


def _whole(rows: Sequence[Row]) -> list[str]:
    lines = [
        [
            row["metric"],
            "a signal" if row["signal"] else "noise",
            str(row["n"]),
            str(row["seeds"]),
            f"{row['truth']:.3f}",
            f"{row['bias']:+.4f} ({row['error']:.4f})",
            f"{row['naive']:+.4f}",
            _share(row["holds"]),
            _share(row["claims"]),
        ]
        for row in rows
    ]
    header = ["metric", "table", "rows", "seeds", "truth, mean", "bias of the honest score (se)", "bias of the leaderboard"]
    return ["## The whole command", "", FITTED, "", *_table([*header, "interval holds the truth", "sentence sees evidence"], lines)]


def _coverage(rows: Sequence[Row]) -> list[str]:
    by: dict[tuple[str, str, str, bool], dict[float, Row]] = {}
    for row in rows:
        by.setdefault((row["set"], row["model"], row["head"], row["weighted"]), {})[row["level"]] = row
    lines = []
    for (name, model, head, weighted), levels in by.items():
        some = [levels[level] for level in sorted(levels)]
        kept = all(row["coverage"] >= row["level"] - row["band"] / 2 for row in some)
        worst = "" if not some[0]["grouped"] else _verdict(all(row["worst"] >= row["level"] - 0.05 for row in some))
        lines.append(
            [
                name + (", weighed" if weighted else ""),
                model,
                head,
                *[_share(row["coverage"]) for row in some],
                _verdict(kept),
                f"±{100 * some[1]['band']:.1f}",
                _share(min(row["within"] for row in some)),
                " / ".join("" if math.isnan(row["worst"]) else f"{100 * row['worst']:.0f}" for row in some),
                worst,
                f"{some[1]['size']:.2f}",
            ]
        )
    header = [
        "set",
        "model",
        "head",
        "80",
        "90",
        "95",
        "mean not below",
        "band of one split, 90",
        "splits in the band, least",
        "worst group",
    ]
    return ["## Coverage on rows nobody has seen", "", COVERAGE, "", *_table([*header, "within 5 points", "size, 90"], lines)]


def _calibration(rows: Sequence[Row]) -> list[str]:
    lines = [
        [
            row["set"] + (", weighed" if row["weighted"] else ""),
            row["model"],
            f"{row['raw']:.4f}",
            f"{row['chosen']:.4f}",
            f"{row['chosen'] - row['raw']:+.4f}",
            f"{row['error']:.4f}",
            _verdict(row["kept"]),
            ", ".join(f"{name} {count}" for name, count in row["picked"].items()),
        ]
        for row in rows
    ]
    worse = sum(not row["kept"] for row in rows)
    said = f"{len(rows) - worse} of {len(rows)} rows kept."
    header = ["set", "model", "log-loss, raw", "chosen", "difference", "its standard error", "not worse than raw", "taken"]
    return ["## Calibrators", "", CALIBRATION + " " + said, "", *_table(header, lines)]


def _beside(rows: Sequence[Row]) -> list[str]:
    lines = [
        [
            row["set"],
            row["model"],
            row["method"],
            f"{_share(row['coverage'])} ({100 * row['sd']:.1f})",
            f"{row['width']:.3f}",
            f"{row['score']:.3f}",
        ]
        for row in rows
    ]
    header = ["set", "model", "method", "coverage at 90 (sd)", "mean width", "interval score"]
    return ["## Beside MAPIE and crepes", "", BESIDE, "", *_table(header, lines)]


HEAD = """Written by `python benchmarks/promises.py --full`; the small version runs with the tests, the whole suite with
`bash scripts/promises`. The simulations and their reasons are in `tests/promises/`. Seeds are 0, 1, 2, ...; every figure is printed,
those that miss too."""
NOISE = """Fifty real candidates (linear on subsets of the columns, nearest neighbours, naive Bayes, stumps) on 20 columns that know
nothing. Truth: the winner, fitted again, on 10 000 fresh rows. "Sees evidence": what the sentence would say. BBC-CV as published keeps
a quarter of the flattery of real candidates, because rows share luck: what row i taught the models that predicted row j is what j
taught those that predicted i, so the rows left out of a draw are not strangers to the rows drawn. The honest score takes that part out
too (the derivation is in `judge/honesty.py`), as far as the winner's lead over knowing nothing vanishes on rows left out. Before, the AUC
was flattered by 0.010 (1 000 rows), 0.027 (200) and 0.035 (100). The families of a real fit share as much: 27 tables of noise with 200
rows and 8 columns through `fit --effort glance --metric roc_auc` had an honest AUC of 0.496 (se 0.008), where BBC-CV said 0.515 and the
leaderboards 0.568; no interval and no sentence saw anything (28 November 2026)."""
DEPENDENT = """As above, but the target has a part that the rows of a group have in common, or that wanders in time, and so has every second
column. Groups are drawn whole; with fewer than 15 the interval is the wider of the bootstrap's and that of leaving out one group at a
time; time is drawn in blocks, each part of it predicted from the earlier ones. Promised is that nothing is seen."""
SIGNAL = """Five of twenty columns act. The interval is that of the procedure's score; it is wider than the winner's own, since only
37 % of the rows judge each draw. The score is careful on weak signals of few rows (0.024 of AUC at 200 rows, 0.013 of it BBC-CV's own: draws
pick worse candidates than the table, and the models of folds see fewer rows): what cannot be told from noise is corrected like noise."""
FITTED = """A file of 20 columns through `etabli fit --effort glance`, all families, calibrated and combined as for a user; truth: its
`model.onnx` on 10 000 fresh rows."""
COVERAGE = """1 500 learning rows, up to 4 500 test rows, stratified at random; heads learn from the out-of-fold column alone. "Mean not below": the
mean of the splits against its level, less half the band of one split. A set keeps its most probable label, so it may cover more than
its level. Worst group: fifths of the prediction, or classes, pooled over the splits (80 / 90 / 95); promised where the head has quantiles
by group. Size: width in deviations of the target, or labels."""
CALIBRATION = "The automatic choice, learned on the out-of-fold column, on test rows; the mean over the splits."
BESIDE = """The same splits, the same models. établi spends no rows on calibration; MAPIE and crepes hold a quarter back, as their
documentation does. Width and interval score (lower is better) in deviations of the target."""
WRITERS: dict[str, Callable[[Sequence[Row]], list[str]]] = {
    "noise": _noise,
    "dependent": _dependent,
    "signal": _signal,
    "whole": _whole,
    "coverage": _coverage,
    "calibration": _calibration,
    "beside": _beside,
}
