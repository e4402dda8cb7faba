"""How well one column alone tells the target, measured on rows that did not teach it.

A column becomes cells (tenths of its tenths for numbers, levels for words, one cell for missing); what each cell says is
learned on one half of the sample and scored on the other, both ways. No model, a few milliseconds a column.
"""

from __future__ import annotations

import numpy as np

from etabli.records import Array

BINS = 64
FEW = 8  # rows of a class, and of the others, that each half must have for a measure


def cells(codes: Array, numeric: bool) -> Array:
    """int64: the cell of each row. codes: 0, 1, … in the order of the values, -1 missing (cell 0)."""
    count = int(codes.max(initial=-1)) + 1
    if not numeric or count <= BINS:
        return codes + 1
    present = codes >= 0
    counts = np.bincount(codes[present], minlength=count)
    place = (np.cumsum(counts) - counts) * BINS // counts.sum()
    often = counts * BINS >= counts.sum()  # a value this common has a cell of its own
    edge = np.append(True, (np.diff(place) != 0) | often[1:] | often[:-1])
    return np.where(present, np.cumsum(edge)[codes], 0)


def aucs(cell: Array, y: Array, classes: int, half: Array) -> Array:
    """float64 [classes]: area under the ROC curve of "the share of this class in its cell" for telling the class from the
    rest; NaN where a half has too few rows of it or of the rest."""
    count, found = int(cell.max(initial=0)) + 1, np.zeros(classes)
    for learn in (half, ~half):
        a, b = (np.bincount(cell[part] * classes + y[part], minlength=count * classes).reshape(count, classes) for part in (learn, ~learn))
        total, rate = max(int(a.sum()), 1), (a + a.sum(0) / max(int(a.sum()), 1)) / (a.sum(1, keepdims=True) + 1)
        for k in range(classes):
            sizes = (a[:, k].sum(), total - a[:, k].sum(), b[:, k].sum(), b.sum() - b[:, k].sum())
            if min(sizes) < FEW:
                found[k] = np.nan
                continue
            order = np.unique(rate[:, k], return_inverse=True)[1]
            good, bad = np.bincount(order, b[:, k]), np.bincount(order, b.sum(1) - b[:, k])
            found[k] += float((good * (np.cumsum(bad) - bad / 2)).sum() / (sizes[2] * sizes[3])) / 2
    return found


def r2(cell: Array, y: Array, half: Array) -> float:
    """Share of the variance of y that the means of the cells explain; NaN where y does not vary or rows are too few."""
    found, count = [], int(cell.max(initial=0)) + 1
    for learn in (half, ~half):
        score = ~learn
        if min(learn.sum(), score.sum()) < 2 * FEW or not y[score].std() > 0:
            return float("nan")
        rows, sums = np.bincount(cell[learn], minlength=count), np.bincount(cell[learn], y[learn], minlength=count)
        mean = (sums + y[learn].mean()) / (rows + 1)
        found.append(float(1 - ((y[score] - mean[cell[score]]) ** 2).mean() / y[score].var()))
    return float(np.mean(found))


def alike(y: Array, classes: int) -> tuple[float, float]:
    """How alike neighbours in this order are: the correlation of a row's target with the next one's, and its z-value.

    Numbers by rank (no tail rules it); classes by their indicator columns, each weighted by its variance.
    """
    if y.size < 30:
        return 0.0, 0.0
    if classes:
        share = np.bincount(y, minlength=classes) / y.size
        chance = float((share**2).sum())
        r = (float((y[1:] == y[:-1]).mean()) - chance) / (1 - chance) if chance < 1 else 0.0
    else:
        rank = np.unique(y, return_inverse=True)[1].astype(float)
        rank = rank - rank.mean()
        r = float((rank[1:] * rank[:-1]).mean() / rank.var()) if rank.var() > 0 else 0.0
    return r, r * float(np.sqrt(y.size))


def one_way(values: Array, strict: bool = True) -> bool:
    """Whether numbers go one way through the file (strict: without a tie), with none missing and at least 20 of them."""
    with np.errstate(over="ignore"):  # a step beyond the largest number is infinite and still has its sign
        steps = np.diff(values) if values.dtype.kind == "f" else np.empty(0)
    if steps.size < 19:
        return False
    return bool((steps > 0).all() or (steps < 0).all()) if strict else bool((steps >= 0).all() or (steps <= 0).all())
