"""Columns that together are the target, though none of them is alone: profit beside income and cost, a rate beside its two counts, a
class that says whether one date is after another. A model finds such arithmetic and looks perfect; whether both columns are known
before the outcome, only the scientist can say.

For numbers, the least-squares fit of the target on every pair of columns, as they are (sums, differences) and on logarithms (products,
ratios), then on all columns at once (a total of several parts). For classes, sum, difference, product and ratio of every pair, ranked by
how well they tell the class. Each is chosen on some rows and confirmed on more. It is said from a share of 0.995 of the variance (pairs),
0.9999 (more columns) or an area under the ROC curve of 0.995, and only where no single column is near perfect already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from etabli.data.audit.sparse import few, held_out_r2, pair_r2, scaled
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Finding

PAIR, ALONE, TOTAL, CLASS = 0.995, 0.98, 0.9999, 0.995
ROWS, SCREENED, COLUMNS, FEWEST = 4_000, 600, 40, 100
GAIN = 0.25  # of the error of the better of the two columns, what the pair may leave
SIGNS = {"sum": ("{a} + {b}"), "difference": ("{a} - {b}"), "product": ("{a} × {b}"), "ratio": ("{a} / {b}")}
Hit = tuple[tuple[str, ...], float, str, str]  # columns, score, formula, class


def find(view: View) -> Iterable[Finding]:
    """At most one: the smallest and best set of columns, with its formula."""
    if view.target is None or view.sample.size < FEWEST or len(view.numbers) < 2:
        return
    rows = view.sample[:: max(1, view.sample.size // ROWS)]
    x = np.column_stack([np.asarray(view.table.values[c.name], np.float64)[rows] for c in view.numbers])
    at = np.searchsorted(view.rows, rows)
    if view.target.task == "regression":
        hit = _numbers(view, x, view.answers[0][1][at])
    else:
        hit = max((_classes(view, x, y[at], label) for label, y in view.answers), key=lambda hit: hit[1] if hit else 0.0, default=None)
    if hit is None:
        return
    names, score, formula, label = hit
    en, fr = "{f} is {t} in all but {e} of its variation", "{f} est {t} à {e} près de sa variation"
    if label:
        en, fr = "{f} tells {t} {k} nearly without error (AUC {s})", "{f} donne {t} {k} presque sans erreur (AUC {s})"
    yield Finding(
        "combination",
        names,
        words(
            en + ": are all of these columns known before the outcome?",
            fr + " : toutes ces colonnes sont-elles connues avant l'issue ?",
            f=formula,
            t=[view.target.name],
            k=[label],
            s=round(score, 4),
            e=max(1 - score, 0.0),
        ),
        words("if one is not: {f}", "si l'une ne l'est pas : {f}", f=" or ".join(flag("--ignore", [name]) for name in names[:1])),
        "warn",
        {"score": score, "formula": formula, "measure": "auc" if label else "r2", "class": label},
    )


def _numbers(view: View, x: Array, y: Array) -> Hit | None:
    """The pair, or else the few columns, that are the target of numbers."""
    if not y.std() > 0:
        return None
    names, best = [c.name for c in view.numbers], None
    for logs in (False, True):
        if logs and not (y > 0).all():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            z, goal = (scaled(np.where(x > 0, np.log(np.where(x > 0, x, 1)), np.nan)), np.log(y)) if logs else (scaled(x), y)
        if logs:  # a column with holes among its logarithms says something of the others only
            z[:, np.isnan(z).mean(0) > 0.2] = np.nan
        share = pair_r2(z, goal)
        alone = np.array([_alone(z[:, k], goal) for k in range(z.shape[1])])
        share[(alone > ALONE), :] = share[:, alone > ALONE] = np.nan
        if np.isnan(share).all() or float(np.nanmax(share)) < PAIR:
            continue
        i, j = (int(k) for k in np.unravel_index(int(np.nanargmax(share)), share.shape))
        score, weights = held_out_r2(z[:, [i, j]], goal)
        if score >= PAIR and (best is None or score > best[1] + 1e-6):
            raw = weights / np.array([_spread(x[:, k], logs) for k in (i, j)])
            best = ((names[i], names[j]), score, _formula(names[i], names[j], raw, logs), "")
    if best:
        return best
    z = scaled(x)
    if z.shape[1] < 3 or max(_alone(z[:, k], y) for k in range(z.shape[1])) > ALONE:
        return None
    z = z[:, (filled := np.isnan(z).mean(0) < 0.2)]
    names = [name for name, kept in zip(names, filled, strict=True) if kept]
    chosen = few(z[: 4 * 500], y[: 4 * 500], TOTAL) if 3 <= z.shape[1] <= COLUMNS + 20 else []
    if len(chosen) < 3:
        return None
    score, weights = held_out_r2(z[:, chosen], y)
    parts = tuple(names[k] for k in chosen)
    return (parts, score, _sum(parts, weights), "") if score >= TOTAL else None


def _alone(z: Array, y: Array) -> float:
    """Share of the variance that a column alone explains by a line."""
    there = ~np.isnan(z)
    if there.sum() < FEWEST or not z[there].std() > 0 or not y[there].std() > 0:
        return 0.0
    return float(np.corrcoef(z[there], y[there])[0, 1] ** 2)


def _spread(x: Array, logs: bool) -> float:
    """Standard deviation of the column, or of its logarithm."""
    x = x[~np.isnan(x)]
    return float(np.log(x[x > 0]).std() if logs else x.std()) or 1.0


def _formula(a: str, b: str, weights: Array, logs: bool) -> str:
    """ "income - cost" where the factors are equal but for their sign; else with them."""
    u, v = (float(weight) for weight in weights)
    if abs(abs(u) - abs(v)) <= 0.02 * max(abs(u), abs(v)):
        if u * v > 0:
            return SIGNS["product" if logs else "sum"].format(a=a, b=b)
        first, second = (a, b) if u > 0 else (b, a)
        return SIGNS["ratio" if logs else "difference"].format(a=first, b=second)
    return f"{a}^{u:.3g} × {b}^{v:.3g}" if logs else _sum((a, b), weights)


def _sum(names: tuple[str, ...], weights: Array) -> str:
    """ "a + b - c": the signs alone, for the factors are those of the fit."""
    text = " ".join(f"{'+' if weight > 0 else '-'} {name}" for name, weight in zip(names, weights, strict=True))
    return text[2:] if text.startswith("+") else text


def _classes(view: View, x: Array, y: Array, label: str) -> Hit | None:
    """The pair whose sum, difference, product or ratio tells a class, if neither column does."""
    few_rows = slice(None, None, max(1, y.size // SCREENED))
    middle = np.array([np.median(column[~np.isnan(column)]) if not np.isnan(column).all() else 0.0 for column in x.T])
    z, said = np.where(np.isnan(x), middle, x)[few_rows, :COLUMNS], y[few_rows] > 0
    if min(said.sum(), (~said).sum()) < 20:
        return None
    alone: list[float] = [_area(z[:, k], said) for k in range(z.shape[1])]
    free = [k for k in range(z.shape[1]) if alone[k] < ALONE]
    best: tuple[float, int, int, str] = (CLASS - 0.005, 0, 0, "")
    for place, i in enumerate(free):
        for j in free[place + 1 :]:
            for name, value in _made(z[:, i], z[:, j]).items():
                area = _area(value, said)
                if area > best[0] and 1 - area < GAIN * (1 - max(alone[i], alone[j])):
                    best = (area, i, j, name)
    if not best[3]:
        return None
    _, i, j, name = best
    value = _made(x[:, i], x[:, j]).get(name)
    if value is None:
        return None
    there = ~np.isnan(value)
    score = _area(value[there], y[there] > 0)
    names = (view.numbers[i].name, view.numbers[j].name)
    return (names, score, SIGNS[name].format(a=names[0], b=names[1]), label) if score >= CLASS else None


def _made(a: Array, b: Array) -> dict[str, Any]:
    """The four combinations; the ratio only where the second is never 0."""
    made = {"difference": a - b, "sum": a + b, "product": a * b}
    if not (b == 0).any():
        made["ratio"] = a / b
    return made


def _area(value: Array, said: Array) -> float:
    """Area under the ROC curve, whichever way it points; ties as they come."""
    order = np.argsort(value, kind="stable")
    ranks = np.flatnonzero(said[order]) + 1
    good, bad = ranks.size, said.size - ranks.size
    area = (ranks.sum() - good * (good + 1) / 2) / (good * bad)
    return float(max(area, 1 - area))
