"""The story of `etabli map`: few coordinates for many columns, how many there should be, and what in the picture may be believed.

read -> audited -> the space -> how many coordinates -> every method on halves of the rows, judged on rows it did not learn from
-> the most faithful (the simplest of the tied) -> one file -> proven
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from etabli.errors import DataError
from etabli.judge.components import components
from etabli.judge.novelty import table as p_values
from etabli.judge.stability import halves
from etabli.judge.trust import Trust, moved, procrustes, ranks, trust
from etabli.records import Array, Table, Watch, Words
from etabli.structure import aside, file, run
from etabli.structure.asked import Question
from etabli.structure.doubted import averaged
from etabli.structure.maptold import told
from etabli.structure.method import Found, Projection, Values
from etabli.structure.methods import chosen, projections
from etabli.structure.placement import Placement, back, errors, spread
from etabli.structure.space import Space, learned

LEARNED = {"glance": 20_000, "standard": 100_000, "thorough": 1_000_000}  # rows at most, by effort
TIMES = {"glance": 1, "standard": 3, "thorough": 6}  # pairs of halves
COMPARED = 10_000  # rows of a half at most
JUDGED = 2_000  # rows whose neighbours are looked at
MOST = 20  # coordinates, unless more are asked for
TIED = 0.01  # a difference in faithfulness that nobody sees
FOLDS = 5
NEGATIVE = {
    "en": "it needs numbers that are never negative in all columns",
    "fr": "il lui faut dans toutes les colonnes des nombres jamais négatifs",
}
LATE = {"en": "the time did not allow it", "fr": "le temps ne l'a pas permis"}


@dataclass(frozen=True)
class Candidate:
    """One method with one setting, judged on rows it did not learn from. score: the area of neighbour recall beyond chance; each: that of every half.
    trust: measures of all halves, averaged; picture: the same of the first two coordinates alone. kept, moved: float64 [judged rows] of that
    picture, NaN where a row was never held out: the share of a row's near rows that it keeps; how far a row lies from its place in a map of
    other rows and another seed, in root mean square distances from the middle. rebuilt: the share of what the columns hold that comes back from the coordinates. stability: the
    Procrustes correlation between maps learned from two halves. seconds: of one fit."""

    method: str
    values: Values
    score: float
    each: tuple[float, ...]
    trust: Mapping[str, Any]
    rebuilt: float
    stability: float
    seconds: float
    picture: Mapping[str, Any]
    kept: Array
    moved: Array


@dataclass(frozen=True)
class Dropped:
    """A method that was not compared, and why."""

    name: str
    reason: Words


@dataclass(frozen=True)
class Drawn:
    """The map of the judged rows: rows (numbers in the table), their coordinates and plain columns."""

    rows: Array
    z: Array
    plain: Array


def map(question: Question, watch: Watch, interrupted: Callable[[], bool], began: float) -> dict[str, Any]:
    """The whole story; gives the result."""
    with run.opened(question, watch, interrupted, began) as one:
        table, findings = run.looked_at(one)
        rows = sample(table.rows, LEARNED[question.effort], question.seed)
        names, texts, out = aside.columns(question, table, rows)
        for finding in out:
            watch("finding", finding=finding)
        space = learned(table, names, rows, question.seed, texts=texts)
        plain = space.plain(table, rows)
        x = space.turn(plain)
        watch("step", name={"en": "how many coordinates?", "fr": "combien de coordonnées ?"})
        number = components(plain, space.owner, min(MOST, *x.shape), question.seed)
        count = min(question.components or max(2, number.parallel), *x.shape)
        watch("step", name={"en": "comparing", "fr": "comparaison"})
        judged = distinct(x, JUDGED, question.seed)
        offers, dropped = offered(question, table, space, plain, rows, count)
        candidates = compared(one, x, judged, offers, dropped)
        best = winner(candidates)
        watch("step", name={"en": "composing one file", "fr": "composition d'un seul fichier"})
        head = placement(projections()[best.method], best.values, x, question.seed, one.over)
        made = file.whole(table, space, head, rows, question.seed)
        drawn = Drawn(rows[judged], head.apply(x[judged])["coordinates"], plain[judged])
        watch("step", name={"en": "proving it", "fr": "preuve"})
        result = told(one, table, space, candidates, best, head, number, drawn, [*findings, *out], dropped, len(rows))
        return file.written(one, table, made, result, rows)


def sample(rows: int, most: int, seed: int) -> Array:
    """Row numbers, rising; some by chance where there are more than `most`."""
    return np.arange(rows) if rows <= most else np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def distinct(x: Array, most: int, seed: int) -> Array:
    """Places in x of at most so many rows, no two alike: a row that is there twice has itself for a neighbour on every map."""
    order = np.random.default_rng(seed).permutation(len(x))[: 2 * most]
    first = np.unique(x[order], axis=0, return_index=True)[1]
    return np.sort(order[np.sort(first)[:most]])


def offered(
    question: Question, table: Table, space: Space, plain: Array, rows: Array, count: int
) -> tuple[list[tuple[Projection, Values]], list[Dropped]]:
    """Every method with every setting but the number of components, simplest first, and those set aside: methods in which zero means nothing
    need numbers that are never negative. DataError when nothing is left of the methods asked for."""
    offers: list[tuple[Projection, Values]] = []
    dropped: list[Dropped] = []
    zero = None if space.turned is not None else nothing(table, space, plain, rows)
    for name, method in chosen(projections(), question.methods).items():
        if method.grounded and (zero is None or (method.amounts and space.texts)):
            dropped.append(Dropped(name, NEGATIVE))
            continue
        more: dict[str, Any] = {"origin": zero.tolist()} if method.grounded and zero is not None else {}
        settings = [
            {key: value for key, value in values.items() if key != "components"} for values in method.settings(len(plain), plain.shape[1])
        ]
        for place, values in enumerate(settings):
            if values not in settings[:place]:
                offers.append((method, {**values, "components": count, **more}))
    if not offers:
        kinds = ", ".join(f"{column.name} ({column.kind})" for column in space.columns[:8])
        raise DataError(f"{', '.join(question.methods)}: {NEGATIVE['en']}", kinds, "another of --methods, or --ignore the other columns")
    return offers, dropped


def nothing(table: Table, space: Space, plain: Array, rows: Array) -> Array | None:
    """[features]: where zero lies on each plain coordinate (of a text: no word); None unless all columns are texts, or numbers that are never negative."""
    numbers = [column for column in space.columns if column.name not in {one.name for one in space.texts}]
    if any(column.kind not in ("number", "flag") or column.low is None or column.low < 0 for column in numbers):
        return None
    made = -space.centre * space.scale
    for j, owner in enumerate(space.owner):
        if space.columns[int(owner)] not in numbers:
            continue
        cells = table.values[space.columns[int(owner)].name][rows]
        known = np.flatnonzero(np.isfinite(cells))
        low, high = known[cells[known].argmin()], known[cells[known].argmax()]
        made[j] = plain[low, j] - cells[low] * (plain[high, j] - plain[low, j]) / (cells[high] - cells[low])
    return made


def compared(one: run.Run, x: Array, judged: Array, offers: list[tuple[Projection, Values]], dropped: list[Dropped]) -> list[Candidate]:
    """Every offer, the most faithful first. What the time does not allow is set aside; the first always runs."""
    pairs = [(a[:COMPARED], b[:COMPARED]) for a, b in _shuffled_halves(len(x), TIMES[one.question.effort], one.question.seed)]
    fresh = [np.setdiff1d(judged, half) for pair in pairs for half in pair]
    near = [ranks(x[places]) if len(places) >= 4 else None for places in fresh]
    made: list[Candidate] = []
    for method, values in offers:
        if made and (one.over() or not _fits(one, method, values, 2 * len(pairs) + FOLDS + 1, x)):
            if method.name not in [candidate.method for candidate in made]:
                dropped.append(Dropped(method.name, LATE))
            continue
        task = {"job": "map", "method": method.name, "values": values, "seed": one.question.seed, "effort": one.question.effort}
        facts, arrays = one.remembered(task, partial(_judged, one, method, values, x, judged, pairs, fresh, near))
        made.append(Candidate(method.name, values, **{**facts, **arrays, "each": tuple(facts["each"])}))
        leader = max(made, key=lambda candidate: candidate.score)
        one.watch(
            "task",
            done=len(made),
            total=len(offers),
            running=[],
            best=projections()[leader.method].title,
            metric="faithfulness",
            score=leader.score,
        )
    return sorted(made, key=lambda candidate: -candidate.score)


def _fits(one: run.Run, method: Projection, values: Values, fits: int, x: Array) -> bool:
    """Whether so many fits are estimated to end within half of what is left of the cap; true without one."""
    if one.planned.seconds is None:
        return True
    left = one.planned.seconds - (time.monotonic() - one.began)
    return method.cost(values, min(len(x), COMPARED), x.shape[1]).work * fits < left / 2


def _shuffled_halves(rows: int, times: int, seed: int) -> list[tuple[Array, Array]]:
    random = np.random.default_rng(seed)
    return [(random.permutation(a), random.permutation(b)) for a, b in halves(rows, times, seed)]


def _judged(
    one: run.Run,
    method: Projection,
    values: Values,
    x: Array,
    judged: Array,
    pairs: list[tuple[Array, Array]],
    fresh: list[Array],
    near: list[Array | None],
) -> tuple[dict[str, Any], dict[str, Array]]:
    """What one method is worth, JSON-able, and of each judged row what the picture keeps and how far it moves."""
    trusts: list[Trust] = []
    pictures: list[Trust] = []
    kept, moves = [], []
    rebuilt, alike, seconds = [], [], []
    for k, pair in enumerate(pairs):
        maps = []
        for side, half in enumerate(pair):
            began = time.process_time()
            learn = np.sort(half)
            seed = one.question.seed + 2 * k + side  # chance is part of what may come out otherwise
            found = method.fit(values, x[learn], seed, one.over)
            seconds.append(time.process_time() - began)
            z, places, seen = method.apply(found, x[judged]), fresh[2 * k + side], near[2 * k + side]
            maps.append(z)
            if seen is None:
                continue
            new = np.isin(judged, places)
            trusts.append(trust(seen, ranks(z[new])))
            pictures.append(trust(seen, ranks(z[new][:, :2])) if z.shape[1] > 2 else trusts[-1])
            kept.append(np.full(len(judged), np.nan))
            kept[-1][new] = pictures[-1].kept
            middle = x[learn].mean(axis=0)
            again = back(method, found, x[learn], seed).apply(z[new])
            total = float(((x[places] - middle) ** 2).sum())
            rebuilt.append(1 - float(((x[places] - again) ** 2).sum()) / total if total else 0.0)
        width = min(maps[0].shape[1], maps[1].shape[1])
        alike.append(procrustes(maps[0][:, :width], maps[1][:, :width]))
        moves.append(moved(maps[0][:, : min(2, width)], maps[1][:, : min(2, width)]))
    facts = {
        "score": _mean([t.area for t in trusts]),
        "each": [t.area for t in trusts],
        "trust": _averaged(trusts),
        "picture": _averaged(pictures),
        "rebuilt": _mean(rebuilt),
        "stability": _mean(alike),
        "seconds": _mean(seconds),
    }
    none = np.full(len(judged), np.nan)
    return facts, {"kept": averaged(kept) if kept else none, "moved": averaged(moves) if moves else none}


def _averaged(trusts: list[Trust]) -> dict[str, Any]:
    """The measures, JSON-able, averaged over halves."""
    sizes = trusts[0].recall if trusts else ()
    return {
        "near": trusts[0].near if trusts else 0,
        "trustworthiness": _mean([t.trustworthiness for t in trusts]),
        "continuity": _mean([t.continuity for t in trusts]),
        "recall": {str(size): _mean([t.recall[size] for t in trusts if size in t.recall]) for size in sizes},
        "chance": {str(size): _mean([t.chance[size] for t in trusts if size in t.chance]) for size in sizes},
        "area": _mean([t.area for t in trusts]),
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def tied(one: Candidate, best: Candidate) -> bool:
    """Whether the difference in faithfulness may be chance or is too small to see: up to TIED or one standard error over the halves."""
    gap = np.subtract(best.each, one.each)
    error = float(gap.std(ddof=1) / np.sqrt(len(gap))) if len(gap) > 1 else 0.0
    return best.score - one.score <= max(TIED, error)


def winner(candidates: list[Candidate]) -> Candidate:
    """The simplest among those tied with the most faithful."""
    known = projections()
    return min((one for one in candidates if tied(one, candidates[0])), key=lambda one: (known[one.method].rank, -one.score))


def placement(method: Projection, values: Values, x: Array, seed: int, stop: Callable[[], bool]) -> Placement:
    """The head of the best, learned from all rows x; the p-values of its errors from maps that did not know the row."""
    found = method.fit(values, x, seed, stop)
    fold = np.random.default_rng(seed).permutation(np.arange(len(x)) % FOLDS)
    size, strange = spread(x), np.empty(len(x))
    for k in range(FOLDS):
        train, valid = x[fold != k], x[fold == k]
        if len(valid):
            known = method.fit(values, train, seed, stop) if len(train) > 1 else found
            strange[fold == k] = errors(valid, _rebuilt(method, known, train if len(train) > 1 else x, valid, seed), size)
    knots, p = p_values(strange)
    return Placement(method, found, method.apply(found, x[:1]).shape[1], back(method, found, x, seed), size, knots, p)


def _rebuilt(method: Projection, found: Found, train: Array, rows: Array, seed: int) -> Array:
    return back(method, found, train, seed).apply(method.apply(found, rows))
