"""Columns whose gaps tell the target: the test was made only on those who looked ill, the form was finished only by those who stayed.
The gap is information, and is used as such (models see that a cell is missing); it is worth nothing, or worse, where new rows are filled
in otherwise.

For each column with gaps, the targets of rows with and without a value are compared: by ranks for numbers (Mann and Whitney 1947, with
the correction for ties), by chi-square for classes. The levels of all columns together make a false alarm in one clean table of a hundred
(Bonferroni); and a difference too small to matter (an area within 0.03 of one half; a Cramér's V below 0.05) is not said, however sure.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Finding

LEVEL = 0.01
FEWEST = 10  # rows with, and rows without a value
AREA, ASSOCIATION = 0.03, 0.05


def find(view: View) -> Iterable[Finding]:
    """One note for all such columns, the surest first."""
    if view.target is None or view.sampled_y is None or view.sample.size < 3 * FEWEST:
        return
    gaps = {column.name: view.missing(column) for column in view.features if column.kind != "constant"}
    gaps = {name: gap for name, gap in gaps.items() if FEWEST <= gap.sum() <= gap.size - FEWEST}
    classes = 0 if view.target.task == "regression" else len(view.target.classes)
    found = []
    for name, gap in gaps.items():
        chance, size = _classes(gap, view.sampled_y, classes) if classes else _numbers(gap, view.sampled_y)
        if chance * len(gaps) < LEVEL and size > (ASSOCIATION if classes else AREA):
            found.append((chance, name, size))
    if not found:
        return
    found.sort()
    chance, name, size = found[0]
    yield Finding(
        "telling_gaps",
        tuple(name for _, name, _ in found),
        words(
            "where {c} is missing, {t} is not as elsewhere (p = {p}): are the gaps of new rows made in the same way?"
            if len(found) == 1
            else "where {c} are missing, {t} is not as elsewhere (p = {p} and less sure): are the gaps of new rows made in the same way?",
            "là où {c} manque, {t} n'est pas comme ailleurs (p = {p}) : les nouvelles lignes auront-elles leurs manques de la même façon ?"
            if len(found) == 1
            else "là où {c} manquent, {t} n'est pas comme ailleurs (p = {p} et moins sûr) : les nouvelles lignes auront-elles leurs manques de la même façon ?",
            c=[name for _, name, _ in found],
            t=[view.target.name],
            p=chance,
        ),
        words("if not: {f}", "sinon : {f}", f=flag("--ignore", [name for _, name, _ in found])),
        "note",
        {"p": {name: chance for chance, name, _ in found}, "size": {name: size for _, name, size in found}},
    )


def _numbers(gap: Array, y: Array) -> tuple[float, float]:
    """(p-value of the rank-sum test by its normal limit, distance of the area from one half)."""
    from scipy.special import ndtr

    _, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    a, n = float(gap.sum()), float(gap.size)
    b = n - a
    area = (float(rank[gap].sum()) - a * (a + 1) / 2) / (a * b)
    ties = float((counts.astype(float) ** 3 - counts).sum())
    spread = np.sqrt((n + 1 - ties / (n * (n - 1))) / (12 * a * b))
    return (float(2 * ndtr(-abs(area - 0.5) / spread)) if spread > 0 else 1.0), abs(area - 0.5)


def _classes(gap: Array, y: Array, classes: int) -> tuple[float, float]:
    """(p-value of the chi-square test, Cramér's V), over classes with 5 rows expected in each cell."""
    from scipy.special import chdtrc

    table = np.array([np.bincount(y[gap], minlength=classes), np.bincount(y[~gap], minlength=classes)], float)
    share = min(gap.mean(), 1 - gap.mean())
    table = table[:, table.sum(0) * share >= 5]
    if table.shape[1] < 2:
        return 1.0, 0.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return float(chdtrc(table.shape[1] - 1, statistic)), float(np.sqrt(statistic / table.sum()))
