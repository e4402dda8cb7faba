"""Rows of which it is known whether they are odd, and what they say of the detectors.

The label is never a feature. Rows known to be odd are left out of learning and of the p-values, so every detector is held against rows that it has
not learned from: all known odd rows, and the known usual rows of the other half. Average precision (AUC-PR; Davis & Goadrich 2006) is taken at the share
of odd rows among the labelled ones. A stratified bootstrap of the rows, the same draws for all detectors, gives intervals and those of the differences;
what choosing flatters is taken out by choosing on the rows drawn, by the same rule, and scoring on the rows left out (Tsamardinos, Greasidou & Borboudakis
2018). The rule is the simplest of those within a standard error of the best, in a draw as on all rows: what is told is told of the file that is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.records import Array, Table, Words
from etabli.structure.asked import Question
from etabli.structure.space import Space

ODD, USUAL, UNKNOWN = 1, 0, -1
NAMES = ("odd", "true", "1", "yes", "anomaly", "anomalous", "outlier", "fraud", "oui", "vrai")
LEAST_ODD, LEAST_USUAL = 20, 50  # labels to choose by: with fewer odd rows the standard error of a precision of one half is above 0.11
CALIBRATE = 200  # known usual rows from which p-values rest on them alone: a tail is learned from 15 % of them (`judge/odds.py`)
MOST, DRAWS = 2_000, 200  # odd rows compared with; bootstrap draws
LEAD = 0.01  # of average precision: within it detectors are as good


@dataclass(frozen=True)
class Labels:
    """truth: int [rows], ODD, USUAL or UNKNOWN. odd, usual: the column's two values. how: "asked", "named" (odd, true, 1, ...) or "rarer"."""

    column: str
    odd: str
    usual: str
    how: str
    truth: Array

    def count(self, which: int) -> int:
        """Rows of that kind."""
        return int((self.truth == which).sum())

    @property
    def enough(self) -> bool:
        """Whether there are labels enough to choose a detector by."""
        return self.count(ODD) >= LEAST_ODD and self.count(USUAL) >= LEAST_USUAL


@dataclass(frozen=True)
class Compared:
    """names: the detectors, the simplest first. draws [detectors, 1 + draws]: average precision on all labelled rows, then on each bootstrap draw. honest: (value, low,
    high) of the choice, on rows that it did not see. base: what an order by chance gets."""

    names: tuple[str, ...]
    draws: Array
    honest: tuple[float, float, float]
    base: float

    def value(self, name: str) -> dict[str, float]:
        """Average precision with its 95 % interval."""
        return _interval(self.draws[self.names.index(name)])

    def behind(self, name: str, winner: str) -> dict[str, float]:
        """How far it is behind the winner, by the same draws."""
        return _interval(self.draws[self.names.index(winner)] - self.draws[self.names.index(name)])

    def as_good(self) -> list[str]:
        """Those within one standard error of the best."""
        return [name for name, tied in zip(self.names, as_good(self.draws)[:, 0], strict=True) if tied]


def as_good(draws: Array) -> Array:
    """bool like draws [detectors, 1 + draws]: within one standard error, or LEAD, of the best of its column. The standard error of the difference of two
    detectors is that of all draws."""
    best = draws.argmax(axis=0)
    error = np.array([(draws[i] - draws)[:, 1:].std(axis=1) for i in range(len(draws))])  # [best, other]
    return np.asarray(draws[best, np.arange(draws.shape[1])] - draws <= np.maximum(LEAD, error[best].T))


def _interval(line: Array) -> dict[str, float]:
    low, high = np.quantile(line[1:], (0.025, 0.975))
    return {"value": float(line[0]), "low": float(low), "high": float(high)}


def labels(question: Question, table: Table) -> Labels | None:
    """What --label tells; None without. UsageError when the column has not two values, or --odd names none of them."""
    if question.label is None:
        if question.odd is not None:
            raise UsageError("--odd names a value of the --label column", f'--odd "{question.odd}" without --label', "--label COLUMN")
        return None
    cells, column = np.asarray(table.values[question.label]), table.column(question.label)
    known = ~np.isnan(cells) if column.is_double else cells >= 0
    codes, counts = np.unique(cells[known], return_counts=True)
    words = column.reading.get("words") if column.kind == "flag" else None  # as the file spells 0 and 1
    spelled = (
        (words and str(words[int(code)]) for code in codes)
        if column.is_double
        else (table.levels[question.label][int(code)] for code in codes)
    )
    names = [str(name or f"{code:g}") for name, code in zip(spelled, codes, strict=True)]
    if len(names) != 2:
        got = f'"{question.label}" has {len(names)}: ' + ", ".join(names[:6])
        raise UsageError(
            "--label takes a column of two values, odd and usual; unknown rows are left empty", got, "write both, or leave --label out"
        )
    if question.odd is not None:
        if question.odd not in names:
            raise UsageError(
                "--odd is a value of the --label column", f'"{question.odd}"', did_you_mean(question.odd, names) or ", ".join(names)
            )
        at, how = names.index(question.odd), "asked"
    elif len(told := [i for i, name in enumerate(names) if name.strip().casefold() in NAMES]) == 1:
        at, how = told[0], "named"
    else:
        at, how = int(counts.argmin()), "rarer"
    truth = np.full(table.rows, UNKNOWN)
    truth[known] = np.where(cells[known] == codes[at], ODD, USUAL)
    return Labels(question.label, names[at], names[1 - at], how, truth)


def rows(found: Labels | None, table: Table, space: Space, learned: Array, seed: int) -> tuple[Labels | None, Array, Array]:
    """(the labels, the plain coordinates of at most MOST known odd rows, bool [learned] which of the rows learned from are known to be usual)."""
    if found is None:
        return None, np.empty((0, 0)), np.zeros(len(learned), bool)
    odd = np.flatnonzero(found.truth == ODD)
    odd = odd if len(odd) <= MOST else np.sort(np.random.default_rng([seed, 12]).choice(odd, MOST, replace=False))
    return found, space.plain(table, odd), found.truth[learned] == USUAL


def calibrating(found: Labels | None, learned: Array) -> Array:
    """bool [learned]: the rows that p-values rest on; those known to be usual when they are enough, otherwise all."""
    usual = np.zeros(len(learned), bool) if found is None else found.truth[learned] == USUAL
    return usual if usual.sum() >= CALIBRATE else np.ones(len(learned), bool)


def precisions(truth: Array, score: Array, weights: Array) -> Array:
    """Average precision [draws] of one order under each row of weights [draws, n]; equal scores count as one step."""
    order = np.argsort(-score, kind="stable")
    y, w, s = truth[order] == ODD, weights[:, order], score[order]
    last = np.searchsorted(-s, -s, side="right") - 1  # the end of each run of equal scores
    hit = np.cumsum(w * y, axis=1)
    every = np.cumsum(w, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(every > 0, hit / every, 0.0)[:, last]
        return np.asarray((w * y * share).sum(axis=1) / hit[:, -1])


def compared(
    found: Labels, answers: Mapping[str, Sequence[Mapping[str, Array]]], others: Sequence[Array], usual: Array, seed: int
) -> Compared:
    """answers: detector (the simplest first) -> for each half {"rows": scores of the compared rows, "label": of the known odd ones}. others: for each half the rows it did not
    learn. usual: bool, which compared rows are known to be usual."""
    random, names = np.random.default_rng([seed, 11]), list(answers)
    many = len(answers[names[0]][0]["label"])
    drawn = _counts(random, many), _counts(random, int(usual.sum()))
    place = np.cumsum(usual) - 1
    ratio = found.count(USUAL) / found.count(ODD) * many
    inside, outside = np.zeros((len(names), DRAWS + 1)), np.zeros((len(names), DRAWS + 1))
    for i, other in enumerate(others):
        mine = other[usual[other]]
        truth = np.repeat([ODD, USUAL], [many, len(mine)])
        for kept, made in ((inside, [drawn[0], drawn[1][:, place[mine]]]), (outside, [drawn[0] == 0, drawn[1][:, place[mine]] == 0])):
            odd, rest = (np.vstack([np.ones(part.shape[1]), part.astype(float)]) for part in made)
            sums = odd.sum(axis=1, keepdims=True) / many * ratio / np.maximum(rest.sum(axis=1, keepdims=True), 1e-9)
            weights = np.hstack([odd, rest * sums])  # the share of odd rows is that among all labelled rows, whatever was drawn
            for k, name in enumerate(names):
                kept[k] += precisions(truth, np.concatenate([answers[name][i]["label"], answers[name][i]["rows"][mine]]), weights) / len(
                    others
                )
    fresh = outside[as_good(inside)[:, 1:].argmax(axis=0), np.arange(1, DRAWS + 1)]  # the first that is as good is the simplest
    fresh = fresh[np.isfinite(fresh)]
    low, high = np.quantile(fresh, (0.025, 0.975))
    return Compared(
        tuple(names), inside, (float(fresh.mean()), float(low), float(high)), found.count(ODD) / (found.count(ODD) + found.count(USUAL))
    )


def _counts(random: np.random.Generator, rows: int) -> Array:
    """[DRAWS, rows]: how often each row is drawn."""
    return np.asarray(random.multinomial(rows, np.full(rows, 1 / rows), DRAWS))


def added(result: dict[str, Any], found: Labels | None, seen: Compared | None, winner: str, odd: Array) -> dict[str, Any]:
    """The result with what the labels say; unchanged without labels. Chosen by labels, the leaderboard is in their order."""
    if found is None:
        return result
    label, board = told(found, seen, winner, odd), list(result["leaderboard"])
    if seen is None:
        text = {lang: label["text"][lang] for lang in ("en", "fr")}
        cure = {"en": "label more rows", "fr": "étiqueter plus de lignes"}
        few = {"code": "few_labels", "level": "warn", "columns": [found.column], "text": text, "cure": cure}
        return result | {"label": label, "warnings": [*result["warnings"], few]}
    for place, entry in enumerate(board):
        mine, behind = seen.value(entry["name"]), seen.behind(entry["name"], winner)
        board[place] = entry | {
            "aucpr": mine["value"],
            "low": mine["low"],
            "high": mine["high"],
            "behind": behind,
            "tied": behind["low"] <= 0,
        }
    board.sort(key=lambda entry: (entry["name"] != winner, -entry["aucpr"]))
    sentence = {lang: f"{result['sentence'][lang]} {label['text'][lang]}" for lang in ("en", "fr")}
    return result | {"label": label, "leaderboard": board, "sentence": sentence}


def told(found: Labels, seen: Compared | None, winner: str, odd: Array) -> dict[str, Any]:
    """The key `label` of the result. odd: bool [rows], the flagged rows."""
    from scipy.stats import binomtest

    flagged, known = int((odd & (found.truth == ODD)).sum()), int((odd & (found.truth != UNKNOWN)).sum())
    rows = {"odd": found.count(ODD), "usual": found.count(USUAL), "unknown": found.count(UNKNOWN)}
    made: dict[str, Any] = {"column": found.column, "odd": found.odd, "usual": found.usual, "how": found.how, "rows": rows}
    made |= {"least": {"odd": LEAST_ODD, "usual": LEAST_USUAL}, "chosen_by": "labels" if seen else "planted"}
    made |= {"calibrated": rows["usual"] >= CALIBRATE, "aucpr": None, "low": None, "high": None, "honest": None, "base": None}
    if seen is not None:
        mine = seen.value(winner)
        made |= {"aucpr": mine["value"], "low": mine["low"], "high": mine["high"], "base": seen.base}
        made |= {"honest": dict(zip(("value", "low", "high"), seen.honest, strict=True))}
    made["flagged"] = {"known": known, "odd": flagged, "recall": flagged / rows["odd"] if rows["odd"] else None, "precision": None}
    if known and found.enough:
        around = binomtest(flagged, known).proportion_ci(method="wilson")
        made["flagged"]["precision"] = {"value": flagged / known, "low": float(around.low), "high": float(around.high)}
    return made | {"text": _text(made)}


def _text(made: Mapping[str, Any]) -> Words:
    rows, column = made["rows"], f"{made['column']} = {made['odd']}"
    taken = {
        "asked": ("as asked", "comme demandé"),
        "named": ("by its name", "d'après son nom"),
        "rarer": ("the rarer value; --odd takes the other", "la valeur la plus rare ; --odd prend l'autre"),
    }[made["how"]]
    en = f"Rows with {column} are taken as odd ({taken[0]}): {rows['odd']} odd, {rows['usual']} usual, {rows['unknown']} unknown."
    fr = f"Les lignes où {column} sont tenues pour étranges ({taken[1]}) : {rows['odd']} étranges, {rows['usual']} habituelles, {rows['unknown']} inconnues."
    if made["chosen_by"] == "planted":
        en += f" Too few to choose a detector by ({LEAST_ODD} odd and {LEAST_USUAL} usual are needed): planted rows decided."
        fr += f" Trop peu pour choisir un détecteur ({LEAST_ODD} étranges et {LEAST_USUAL} habituelles requises) : des lignes plantées ont décidé."
    else:
        honest = made["honest"]
        figures = [f"{v:.2f}" for v in (honest["value"], honest["low"], honest["high"], made["base"])]
        comma = [v.replace(".", ",") for v in figures]
        en += f" The detector was chosen by them: average precision {figures[0]} ({figures[1]} to {figures[2]}) on rows kept from the choice; chance gets {figures[3]}."
        fr += f" Le détecteur a été choisi d'après elles : précision moyenne {comma[0]} ({comma[1]} à {comma[2]}) sur des lignes écartées du choix ; le hasard obtient {comma[3]}."
    flagged = made["flagged"]
    if flagged["precision"] is not None:
        en += f" Of {flagged['known']} flagged rows with a label, {flagged['odd']} are odd; {flagged['recall']:.0%} of the known odd rows are flagged."
        fr += f" Des {flagged['known']} lignes signalées dont l'étiquette est connue, {flagged['odd']} sont étranges ; {100 * flagged['recall']:.0f} % des étranges connues sont signalées."
    return {"en": en, "fr": fr}
