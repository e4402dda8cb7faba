"""One column that alone nearly tells the target: a leak, or an honest strong predictor. Data cannot say which (measured: ten
false alarms in ten honest strong columns), so this asks, and never drops. Looks at each column: its values; its order, for a target of
numbers (cells of few rows blur a copy on another scale: missed at 600 rows by cells alone, found at 1 200); whether it is filled; its
values where it is filled, and whether those are the target itself or all of one class (a column filled for forty rows hides behind its
own holes).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.measure import aucs, cells, r2
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Column, Finding

NEARLY = 0.98
ONE_CLASS = 0.995  # one class among several is more often told by an honest column
COPIED, FILLED = 0.98, 10  # share of cells that are the target itself; rows filled
CHANCE = 1e-6  # that so many filled rows are all of one class
CLASSES = 30  # the most frequent classes are looked at
MOST = 8  # columns that get a sentence of their own


def find(view: View) -> Iterable[Finding]:
    """One question a column, the strongest first; those beyond eight are named together."""
    if view.target is None or view.sampled_y is None or view.sample.size < 20:
        return
    found = sorted((hit for column in view.columns if (hit := _look(view, column)) is not None), key=lambda hit: -hit[1])
    for column, score, how, label in found[:MOST]:
        facts = {"c": [column.name], "s": round(score, 4), "p": round(100 * score, 1), "t": [view.target.name], "k": [label]}
        if view.target.task == "regression":
            en, fr = "{c} alone explains {s} of the variation of {t}", "{c} explique à elle seule {s} de la variation de {t}"
        elif view.target.task == "binary":
            en, fr = "{c} alone tells {t} nearly without error (AUC {s})", "{c} donne à elle seule {t} presque sans erreur (AUC {s})"
        else:
            en, fr = (
                "{c} alone tells the class {k} of {t} from the others (AUC {s})",
                "{c} distingue à elle seule la classe {k} de {t} des autres (AUC {s})",
            )
        if how == "filled":
            en, fr = en.replace("{c} alone", "whether {c} is filled", 1), fr.replace("{c}", "le fait que {c} soit remplie", 1)
            fr = fr.replace("à elle seule", "à lui seul")
        if how == "one class":
            en, fr = "{c} is filled almost only where {t} is {k}", "{c} n'est presque remplie que là où {t} est {k}"
        if how == "copy":
            en, fr = (
                "{c}, where it is filled, is {t} itself (equal in {p} % of the rows)",
                "{c}, là où elle est remplie, est {t} même (égale dans {p} % des lignes)",
            )
        if how == "where filled":
            en, fr = en + " in the rows where it is filled", fr + " dans les lignes où elle est remplie"
        yield Finding(
            "near_perfect",
            (column.name,),
            words(en + ": is it known before the outcome?", fr + " : est-elle connue avant l'issue ?", **facts),
            words("if it is not: {f}", "si elle ne l'est pas : {f}", f=flag("--ignore", [column.name])),
            "warn",
            {"score": score, "measure": "r2" if view.target.task == "regression" else "auc", "look": how, "class": label},
        )
    if more := found[MOST:]:
        rest = [column.name for column, *_ in more]
        yield Finding(
            "near_perfect",
            tuple(rest),
            words(
                "{c}, too, nearly tell {t}, each alone: are they known before the outcome?",
                "{c} donnent aussi presque {t}, chacune seule : sont-elles connues avant l'issue ?",
                c=rest,
                t=[view.target.name],
            ),
            words("those that are not: {f}", "celles qui ne le sont pas : {f}", f=flag("--ignore", rest)),
            "warn",
            {"scores": {column.name: score for column, score, *_ in more}, "measure": "r2" if view.target.task == "regression" else "auc"},
        )


def _look(view: View, column: Column) -> tuple[Column, float, str, str] | None:
    """The best of the looks where it is nearly perfect: (column, score, look, class)."""
    codes, half = view.codes(column), view.half
    filled, holds = codes >= 0, column.kind not in ("identifier", "constant", "text")
    looks: list[tuple[str, Array, Array]] = []
    if not filled.all() and filled.any():
        looks.append(("filled", filled.astype(np.int64), np.ones(filled.size, bool)))
    if holds and codes.max(initial=-1) > 0:
        looks.append(("values", cells(codes, view.is_number(column)), np.ones(filled.size, bool)))
    if holds and codes.max(initial=-1) > 0 and 0 < filled.mean() < 0.5:
        looks.append(("where filled", cells(codes, view.is_number(column)), filled))
    best: tuple[Column, float, str, str] | None = None
    for how, cell, rows in looks:
        score, label = _score(view, cell[rows], rows, half[rows])
        if how != "filled" and view.is_number(column):
            score = max(score, _in_order(view, codes[rows], rows))
        if score > (ONE_CLASS if view.target and view.target.task == "multiclass" else NEARLY) and (best is None or score > best[1] + 1e-3):
            best = (column, score, how, label)
    return best or _where_filled(view, column, filled)


def _where_filled(view: View, column: Column, filled: Array) -> tuple[Column, float, str, str] | None:
    """A column that is the target itself where it is filled, or is filled for one class only, however few its rows."""
    target, y = view.target, view.sampled_y
    if target is None or y is None or filled.sum() < FILLED or column.kind == "constant":
        return None
    values = np.asarray(view.table.values[column.name])[view.sample][filled]
    if target.task == "regression":
        equal = values == y[filled] if view.is_number(column) and np.unique(y[filled]).size > 2 else np.zeros(values.size)
        return (column, float(equal.mean()), "copy", "") if equal.mean() > COPIED else None
    share = np.bincount(y, minlength=len(target.classes)) / y.size
    here = np.bincount(y[filled], minlength=len(target.classes))
    top = int(here.argmax())
    if not view.is_number(column) and (here > 0).sum() > 1:
        known = {label.casefold(): k for k, label in enumerate(target.classes)}
        codes, places = np.unique(values, return_inverse=True)
        said = np.array([known.get(str(view.table.levels[column.name][code]).casefold(), -1) for code in codes])[places]
        if (said == y[filled]).mean() > COPIED:
            return column, float((said == y[filled]).mean()), "copy", ""
    if here[top] == here.sum() and share[top] ** int(here.sum()) < CHANCE and not filled.all():
        return column, 1.0, "one class", target.classes[top]
    return None


def _in_order(view: View, codes: Array, rows: Array) -> float:
    """Squared rank correlation with a target of numbers: cells need many rows to be that exact, an order does not; -1 for classes."""
    there = codes >= 0
    if view.target is None or view.sampled_y is None or view.target.task != "regression" or there.sum() < 20:
        return -1.0
    y = np.unique(view.sampled_y[rows][there], return_inverse=True)[1]
    mine, its = ((np.cumsum(counts := np.bincount(of)) - counts / 2)[of] for of in (codes[there] - codes[there].min(), y))
    if min(mine.std(), its.std()) == 0:
        return -1.0
    return float(np.corrcoef(mine, its)[0, 1] ** 2)


def _score(view: View, cell: Array, rows: Array, half: Array) -> tuple[float, str]:
    """R2 (of the values or of their ranks), or the best AUC of a class against the rest and that class; -1 for none."""
    assert view.target is not None and view.sampled_y is not None
    y = view.sampled_y[rows]
    if view.target.task == "regression":
        ranks = np.unique(y, return_inverse=True)[1]
        midway = (np.cumsum(np.bincount(ranks)) - np.bincount(ranks) / 2)[ranks] if y.size else y
        return max(np.nan_to_num([r2(cell, y, half), r2(cell, midway, half)], nan=-1.0).tolist()), ""
    counts = np.bincount(y, minlength=len(view.target.classes))
    looked = np.argsort(-counts, kind="stable")[:CLASSES] if view.target.task == "multiclass" else np.array([1])
    number = np.full(counts.size, looked.size)  # all others are one more class
    number[looked] = np.arange(looked.size)
    scores = np.nan_to_num(aucs(cell, number[y], looked.size + 1, half)[: looked.size], nan=-1.0)
    return float(scores.max()), view.target.classes[looked[scores.argmax()]]
