"""Cells moved and the models asked: the effects of single columns and of pairs, on the scale of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from etabli.judge.cells import Cells
from etabli.judge.effects import BINS, GRID, Curve, Surface, accumulated, alike, bin_of, edges, halves, surface
from etabli.records import Array
from etabli.work.answering import Asked
from etabli.work.material import Material

COLUMNS, PAIRED, PAIRS, LEVELS, PARTS = 8, 4, 2, 12, 20
ROWS, FEWEST = 1_000, 150
DEPENDENCE = 5  # partial dependence is asked of every so manieth row: it sets all points for each
STABLE, SMALL = 0.5, 0.1  # a pair is shown when halves of the rows agree so far, and its size is so much of the largest effect


def effects(
    asked: Asked, material: Material, names: Sequence[str], weight: Array, unit: Array | None, seconds: float, seed: int
) -> list[dict[str, Any]]:
    """Accumulated local effects and partial dependence of the first columns of `names` that have cells to move."""
    names = [name for name in names if material.table.column(name).kind != "text"][:COLUMNS]
    rows = _some(asked, len(names) * (2 + 17 / DEPENDENCE), seconds, seed)
    few = rows[::DEPENDENCE]
    base = asked.answers({}, rows) if names else np.empty((0, 1))
    mean = np.average(base, axis=0, weights=weight[rows]) if names else base
    made = []
    for name in names:
        found = (
            _levels(asked, material, name, rows, weight, unit, seed)
            if not material.table.column(name).is_double
            else _numbers(asked, material, name, rows, weight, unit, seed)
        )
        if found is None:
            continue
        points, shown, output, curve, share, counts = found
        dependence = [
            float(
                np.average(asked.answers({name: np.full(len(few), point, asked.values[name].dtype)}, few)[:, output], weights=weight[few])
            )
            for point in points
        ]
        made.append(
            {
                "column": name,
                "kind": material.table.column(name).kind,
                "class": _class(material, output),
                "x": shown,
                "effect": (mean[output] + curve.value).tolist(),
                "low": (mean[output] + curve.low).tolist(),
                "high": (mean[output] + curve.high).tolist(),
                "dependence": dependence,
                "rows": counts,
                "size": _size(curve.value, share),
            }
        )
    return made


def _class(material: Material, output: int) -> str | None:
    if material.target.task == "regression":
        return None
    return material.target.classes[1 if material.target.task == "binary" else output]


def _some(asked: Asked, answers: float, seconds: float, seed: int) -> Array:
    """Rows to move: as many as there is time for at so many answers each."""
    count = len(asked.fold)
    rows = int(min(count, ROWS, max(FEWEST, seconds / (asked.seconds * max(1.0, answers)))))
    return np.sort(np.random.default_rng(seed).choice(count, rows, replace=False))


def _size(value: Array, share: Array) -> float:
    return float(np.sqrt(np.average(value**2, weights=share)))


Found = tuple[Array, list[Any], int, Curve, Array, list[int]]  # points, as shown, output, curve, share of the points, rows


def _numbers(asked: Asked, material: Material, name: str, rows: Array, weight: Array, unit: Array | None, seed: int) -> Found | None:
    every = asked.values[name]
    points, place = _binned(every, rows)
    moved = rows[place >= 0]
    if len(points) < 2 or len(moved) < 10:
        return None
    place = place[place >= 0]
    change = asked.answers({name: points[place + 1]}, moved) - asked.answers({name: points[place]}, moved)
    at = halves(place, len(points), weight[moved])
    output, curve = _largest(change, place, weight[moved], at, None if unit is None else unit[moved], seed)
    known = every[~np.isnan(every)]
    flag = material.table.column(name).kind == "flag"
    counts = [int((known == point).sum()) for point in points] if flag else np.histogram(known, PARTS, (points[0], points[-1]))[0].tolist()
    return points, points.tolist(), output, curve, at.sum(axis=0), counts


def _binned(every: Array, rows: Array, bins: int = BINS) -> tuple[Array, Array]:
    """(points, the bin of each of the rows): between the 1 % and the 99 % quantile; rows outside, or without a value, are in none (-1)."""
    known, x = every[~np.isnan(every)], every[rows]
    if not len(known):
        return known, np.full(len(rows), -1)
    low, high = np.quantile(known, [0.01, 0.99], method="inverted_cdf") if len(known) >= 100 else (known.min(), known.max())
    with np.errstate(invalid="ignore"):
        inner = (x >= low) & (x <= high)
    points = edges(x[inner], bins)
    return points, np.where(inner, bin_of(x, points), -1)


def _levels(asked: Asked, material: Material, name: str, rows: Array, weight: Array, unit: Array | None, seed: int) -> Found | None:
    every = asked.values[name]
    counts = np.bincount(every[every >= 0], minlength=1)
    common = np.argsort(-counts, kind="stable")[:LEVELS]
    common = common[counts[common] > 0]
    if len(common) < 2:
        return None
    table = material.table
    others = [
        Cells(other, table.column(other).kind, column, None if table.column(other).is_double else table.levels[other])
        for other, column in asked.values.items()
        if other != name and table.column(other).kind != "text"
    ]
    order = alike(every, common, others[:40])
    place = np.full(len(counts), -1)
    place[order] = np.arange(len(order))
    mine = np.where(every[rows] >= 0, place[every[rows]], -1)
    up, down = np.flatnonzero((mine >= 0) & (mine < len(order) - 1)), np.flatnonzero(mine > 0)
    own = asked.answers({}, rows)
    kind = every.dtype
    higher = asked.answers({name: order[mine[up] + 1].astype(kind)}, rows[up]) - own[up]
    lower = own[down] - asked.answers({name: order[mine[down] - 1].astype(kind)}, rows[down])
    who = np.concatenate([rows[up], rows[down]])
    drawn = who if unit is None else unit[who]
    level = np.concatenate([mine[up], mine[down]])
    at = np.zeros((len(who), len(order)))  # whoever moves both ways lies at its level by half each time
    at[np.arange(len(who)), level] = weight[who] / np.where((level > 0) & (level < len(order) - 1), 2, 1)
    step = np.concatenate([mine[up], mine[down] - 1])
    output, curve = _largest(np.concatenate([higher, lower]), step, weight[who], at, drawn, seed)
    levels = table.levels[name]
    return order, [str(levels[code]) for code in order], output, curve, at.sum(axis=0), [int(counts[code]) for code in order]


def _largest(change: Array, step: Array, weight: Array, at: Array, unit: Array | None, seed: int) -> tuple[int, Curve]:
    """The output that moves most, with its curve."""
    sizes = [_size(accumulated(column, step, weight, at, unit, seed, 1).value, at.sum(axis=0)) for column in change.T]
    output = int(np.argmax(sizes))
    return output, accumulated(change[:, output], step, weight, at, unit, seed)


# pairs -----------------------------------------------------------------------------------------------------------------


def pairs(asked: Asked, material: Material, names: Sequence[str], weight: Array, seconds: float, seed: int) -> list[dict[str, Any]]:
    """What the strongest pairs of number columns do only together (second-order accumulated local effects), the largest first."""
    numbers = [name for name in names if material.table.column(name).kind in ("number", "date")][:PAIRED]
    found = []
    rows = _some(asked, 4 * len(numbers) * (len(numbers) - 1) / 2, seconds, seed)
    for first, second in combinations(numbers, 2):
        (x, i), (y, j) = _binned(asked.values[first], rows, GRID), _binned(asked.values[second], rows, GRID)
        fine = (i >= 0) & (j >= 0)
        if min(len(x), len(y)) < 3 or fine.sum() < FEWEST / 2:
            continue
        moved, i, j = rows[fine], i[fine], j[fine]
        ends = [asked.answers({first: x[i + a], second: y[j + b]}, moved) for a in (0, 1) for b in (0, 1)]
        change = ends[3] - ends[2] - ends[1] + ends[0]
        shape, w = (len(x) - 1, len(y) - 1), weight[moved]
        made = [surface(column, i, j, shape, w) for column in change.T]
        output = int(np.argmax([one.size for one in made]))
        half = np.random.default_rng(seed).permutation(len(moved)) % 2 == 0
        parts = [surface(change[part, output], i[part], j[part], shape, w[part]) for part in (half, ~half)]
        spread = float(np.std(ends[0][:, output]))
        if _agree(*parts) >= STABLE and made[output].size > SMALL * spread:
            found.append((first, second, output, x, y, made[output]))
    return [
        {
            "columns": [first, second],
            "kinds": [material.table.column(name).kind for name in (first, second)],
            "class": _class(material, output),
            "x": x.tolist(),
            "y": y.tolist(),
            "effect": one.value.tolist(),
            "size": one.size,
        }
        for first, second, output, x, y, one in sorted(found, key=lambda pair: -pair[-1].size)[:PAIRS]
    ]


def _agree(a: Surface, b: Surface) -> float:
    """Correlation of two surfaces over their points."""
    x, y = a.value.ravel(), b.value.ravel()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0
