"""The page of the promises: what is promised, what was measured, and whether it held, missed promises named as such."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def page(parts: Mapping[str, Any]) -> str:
    """promises.md, from what was measured."""
    short, text = [], list[str]()
    for name, write in WRITERS.items():
        if name in parts:
            whole = "the whole suite" if parts[name]["full"] else "fewer seeds or splits than the whole suite"
            lines = write(parts[name]["rows"])
            text += [*lines, "", f"({whole})", ""]
            cells = [cell.split(",")[0] for line in lines if line.startswith("| ") for cell in line[2:-2].split(" | ")]
            short.append([lines[0].removeprefix("## "), str(cells.count("kept") or ""), str(cells.count("**missed**") or "")])
    return "\n".join(["# Promises, measured", "", HEAD, "", *_table(["section", "kept", "missed"], short), "", *text])


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
    tables, noise = sum(row["seeds"] for row in rows), [row for row in rows if not row["signal"]]
    held, seen = (round(sum(row["seeds"] * row[key] for row in some)) for some, key in ((rows, "holds"), (noise, "claims")))
    said = f"The interval held the truth in {held} of {tables} tables; on noise the sentence saw evidence in {seen} of {sum(row['seeds'] for row in noise)}."
    return [
        "## The whole command",
        "",
        FITTED,
        "",
        said,
        "",
        *_table([*header, "interval holds the truth", "sentence sees evidence"], lines),
    ]


def _correction(rows: Sequence[Row]) -> list[str]:
    lines = [
        [
            row["metric"],
            "a signal" if row["signal"] else "noise",
            str(row["n"]),
            str(row["seeds"]),
            f"{row['truth']:.3f}",
            f"{row['bias']:+.4f} ({row['error']:.4f})",
            f"{row['plain']:+.4f}",
            f"{row['naive']:+.4f}",
            f"{row['rms']:.4f}",
            f"{row['plain_rms']:.4f}",
        ]
        for row in rows
    ]
    header = ["metric", "table", "rows", "seeds", "truth, mean", "bias (se)", "of BBC-CV", "of the leaderboard", "rms error", "of BBC-CV"]
    told = [
        f"{'On a weak signal' if row['signal'] else 'On noise'} of {row['n']} rows the AUC's bias is {row['bias']:+.3f} where BBC-CV's is "
        f"{row['plain']:+.3f}, and its rms error {row['rms']:.3f} where BBC-CV's is {row['plain_rms']:.3f}."
        for row in rows
        if row["metric"] == "roc_auc"
    ]
    return ["## What the correction gains and costs", "", CORRECTION, "", *told, "", *_table(header, lines)]


def _nested(rows: Sequence[Row]) -> list[str]:
    lines = [
        [
            row["metric"],
            "a signal" if row["signal"] else "noise",
            str(row["n"]),
            str(row["seeds"]),
            f"{row['bias']:+.4f} ({row['error']:.4f})",
            _share(row["holds"]),
            f"{row['width']:.3f}",
            f"{row['cpu'] / row['seeds']:.2f}",
        ]
        for row in rows
    ]
    header = ["metric", "table", "rows", "seeds", "bias (se)", "interval holds the truth", "its width", "CPU s a seed"]
    return ["## The nested audit", "", NESTED, "", *_table(header, lines)]


def _audit(rows: Sequence[Row]) -> list[str]:
    lines, known = [], [row for row in rows if row["kind"] == "known"]
    for kind, what, said in (("fault", "kinds of fault", "named in"), ("clean", "kinds of clean table", "quiet in")):
        for first in sorted({row["first"] for row in rows if row["kind"] == kind}):
            some = [row for row in rows if row["kind"] == kind and row["first"] == first]
            tables, shares = sum(row["tables"] for row in some), [row["share"] for row in some]
            hits = round(sum(row["share"] * row["tables"] for row in some))
            less = "; ".join(f"{row['name']} {_share(row['share'])}" for row in some if row["share"] < 1)
            kept = min(shares) >= 0.95 if kind == "fault" else hits >= 0.95 * tables
            lines.append([f"{len(some)} {what}, {'fresh' if first else 'limits set on them'}", f"{said} {hits} of {tables} tables", less])
            lines[-1].append(_verdict(kept))
    columns, silent = sum(len(row["columns"]) for row in known), [f"{row['name']}: {name}" for row in known for name in row["silent"]]
    named = f"named {columns - len(silent)} of {columns} columns"
    lines.append([f"{len(known)} real sets whose list warns of columns", named, "; ".join(silent), _verdict(not silent)])
    kinds = "The faults: " + "; ".join(dict.fromkeys(row["name"] for row in rows if row["kind"] == "fault")) + "."
    header = ["what", "how often", "where not always", "as promised"]
    return ["## Planted faults and clean tables", "", AUDIT, "", *_table(header, lines), "", kinds]


def _doubt(rows: Sequence[Row]) -> list[str]:
    lines = [
        [
            row["table"] + (f", {row['overlap']}" if row["overlap"] else ""),
            str(row["n"]) if row["n"] else "up to 6 000",
            _share(row["planted"]) if row["planted"] else "none",
            str(row["tables"]),
            _share(row["found"]),
            _verdict(row["found"] <= most(0.05, row["tables"])) if not row["planted"] else "",
            _share(row["share"]) if row["found"] else "",
            _share(row["right"]) if row["found"] and row["planted"] else "",
            _share(row["caught"]) if row["found"] and row["planted"] else "",
        ]
        for row in rows
    ]
    header = ["table", "rows", "planted wrong", "tables", "said of", "quiet ≥ 95 %", "estimated", "named rows that are planted"]
    return ["## Labels that may be wrong", "", DOUBT, "", *_table([*header, "planted rows that are named"], lines)]


def _files(rows: Sequence[Row]) -> list[str]:
    lines = [[row["head"], str(row["tables"]), f"{row['apart']:.1e}", _verdict(row["apart"] <= 1e-6)] for row in rows]
    return ["## Heads in the file", "", FILES, "", *_table(["head", "tables", "greatest difference", "≤ 1e-6"], lines)]


def _coverage(rows: Sequence[Row], title: str = "Coverage on rows nobody has seen", said: str = "") -> list[str]:
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
    return [f"## {title}", "", said or COVERAGE, "", *_table([*header, "within 5 points", "size, 90"], lines)]


def _otherwise(rows: Sequence[Row]) -> list[str]:
    return _coverage(rows, "Coverage of rows held back and of quantile models", OTHERWISE)


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
those that miss too. "Kept" allows for chance: a share may lie beyond its limit as far as 95 of 100 such simulations of a kept promise
would. Sections without a count make no promise that a number decides; their figures are there to be read."""
NOISE = """Where nothing can be learned, nothing is seen. Fifty real candidates (linear on subsets of the columns, nearest neighbours, naive
Bayes, stumps) on 20 columns that know nothing. Truth: the winner, fitted again, on 10 000 fresh rows. "Sees evidence": what the sentence
would say. BBC-CV as published keeps a quarter of the flattery of real candidates, because rows share luck: what row i taught the models
that predicted row j is what j taught those that predicted i, so the rows left out of a draw are not strangers to the rows drawn. The honest
score takes that part out too (the derivation is in `judge/honesty.py`), as far as the winner's lead over knowing nothing vanishes on rows
left out. The families of a real fit share as much: 27 tables of noise with 200 rows and 8 columns through
`fit --effort glance --metric roc_auc` had an honest AUC of 0.496 (se 0.008), where BBC-CV said 0.515 and the leaderboards 0.568; no
interval and no sentence saw anything (28 November 2026)."""
DEPENDENT = """Nothing is seen where rows depend on each other, either. As above, but the target has a part that the rows of a group have in
common, or that wanders in time, and so has every second column. Groups are drawn whole; with fewer than 15 the interval is the wider of
the bootstrap's and that of leaving out one group at a time; time is drawn in blocks, each part of it predicted from the earlier ones.
Promised is that nothing is seen. With 12 groups the score is flattered still, the AUC's sentence is at the limit, and the intervals of
log-loss and rmse hold the truth less often than they say."""
SIGNAL = """Where there is something to learn, the interval holds the score that the winner reaches on new rows. Five of twenty columns act.
The interval is that of the procedure's score; it is wider than the winner's own, since only 37 % of the rows judge each draw."""
CORRECTION = """What the correction of shared luck takes away on noise it takes in part from weak signals too. The honest score beside BBC-CV as
published, on the same tables: draws pick worse candidates than the table did, and the models of folds see fewer rows, so BBC-CV is careful
on a weak signal of 200 rows already; what cannot be told from noise is then corrected like noise. Bias: the score minus the truth (for log-loss and
rmse a plus is careful); rms: its root mean square over the tables."""
NESTED = """`--audit nested` chooses anew within each fold, and is not flattered by the choice. Truth: the mean score that the folds' choices,
fitted on all rows, reach on fresh rows. It costs twice the fits of the comparison itself, so it is a check, not the default."""
FITTED = """The command as a user runs it keeps its word on whole tables, as far as a handful of seeds can tell. A file of 20 columns through
`etabli fit --effort glance`, all families, calibrated and combined; truth: its `model.onnx` on 10 000 fresh rows."""
COVERAGE = """A stated 90 % covers 90 % of rows that nobody has seen. 1 500 learning rows, up to 4 500 test rows, stratified at random; heads
learn from the out-of-fold column alone. "Mean not below": the mean of the splits against its level, less half the band of one split. A set
keeps its most probable label, so it may cover more than its level. Worst group: fifths of the prediction, or classes, pooled over the
splits (80 / 90 / 95); promised where the head has quantiles by group. Size: width in deviations of the target, or labels."""
OTHERWISE = """The heads that one asks for by name hold their level as well. "Held back": `--guarantee split`, a quarter of the learning rows
alone sets the quantiles around a model of the others. "CQR": `--interval cqr`, between two quantile models. Sets, splits and columns as
above. 375 rows held back are too few for quantiles of every class in most sets; without these a rare class is covered far less than all
rows together (worst group), which is not promised."""
BESIDE = """The intervals score better than those of the libraries made for them, at about their width or less, and spend no rows. The same
splits, the same models; MAPIE and crepes hold a quarter back, as their documentation does. CQR is établi's own, between two boosted
quantile models whatever the model is. Width and interval score (lower is better) in deviations of the target."""
AUDIT = """Faults that were planted are named, and clean tables get no word. Each fault is planted into clean tables of 600 rows
(`tests/promises/test_audit.py`) and must be named, with its column, in 95 % of them; clean tables are of eight shapes (plain, skewed, ties,
words, a third missing, correlated, wide, by town), 95 % of them must be quiet but for rows that are equal by chance. The limits were set while looking at
the first twenty seeds, so there are twenty fresh ones beside. Of the real sets every column must be named that their list calls a leak,
known after the fact, a group, a time, an identifier or a weight."""
DOUBT = """Labels planted wrong are heard of where classes are clear and rows many; elsewhere mostly not, and clean tables are quiet but for those
whose truth the models cannot draw. A linear and a boosted model are cross-fitted, and those that cannot be told from the winner are asked, as
in a study. Made tables of 20 columns: "clear", 9 % of honest labels contradict the best answer there is; "overlapping", 26 %; "bent", a
linear model cannot draw the truth. Then real sets as they come, of which nobody knows that they are clean, and with labels planted wrong in
them. "Said of" is a share of tables: what is missing of 100 % was missed. Of the rows named, the part that was not planted is honest.
"Alone": one family and no better one beside it; where it cannot draw the truth, its own blindness is taken for slips."""
CALIBRATION = """The chosen calibrator never makes the log-loss of unseen rows worse by more than one standard error. The automatic choice,
learned on the out-of-fold column, on test rows; the mean over the splits."""
FILES = """What a head computes in the file is what was measured. Each head is fitted on made tables (ties, zeros and ones, weights in every
third), written, and run by onnxruntime beside numpy; the difference is relative to one and the value's own size. `test_files.py` asks the
same of random tables."""
WRITERS: dict[str, Callable[[Sequence[Row]], list[str]]] = {
    "noise": _noise,
    "dependent": _dependent,
    "signal": _signal,
    "correction": _correction,
    "nested": _nested,
    "whole": _whole,
    "coverage": _coverage,
    "otherwise": _otherwise,
    "beside": _beside,
    "audit": _audit,
    "doubt": _doubt,
    "calibration": _calibration,
    "files": _files,
}
