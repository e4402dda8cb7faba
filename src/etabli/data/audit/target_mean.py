"""A column that is the mean of the target over some group: the average price of the district, the share of sick patients of the ward,
computed on these very rows. It holds each row's own answer, and every random fold believes it.

A true property of the district is at best near the district's mean: the mean of the n rows at hand errs from what the property says by
s / sqrt(n), by chance alone. So the means of the target at each value of the column are fitted by a line, and their squared distances to
it, in units of s² / n, are summed: a true property leaves about one a value (chi-square, fewer by the line's two), a column computed
from the answers leaves none. It is said where so little is left that chance would leave it in one table of a hundred thousand (Bonferroni
over the columns), and where the means vary as they would at least by chance, so that balanced designs are left alone. Whole numbers and
classes can meet a line exactly by luck; the chance of that, one over the width of the sum of n answers for each value, bounds the first.

Leave-one-out means are another matter: within a group they fall exactly as the row's own answer rises, (n - 1) x + y is constant, and
this is looked for in the groups that the columns of words make.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Column, Finding

CHANCE = 1e-5
VALUES, ROWS, SUMMED = 6, 4, 4_000  # values of the column with so many rows each; rows of a group looked at
VARIES = 0.5  # of what chance would make the means vary
GROUPS, LEVELS = 8, 5  # columns of words that may be the group; rows of a level
EXACT = 1e-4  # of the spread of the target, what rounding may leave


def find(view: View) -> Iterable[Finding]:
    """A warning for each such column."""
    if view.target is None or view.rows.size < 50:
        return
    groups = _groups(view)
    for column in view.numbers:
        for label, y in view.answers:
            hit = _mean(view, column, y) or _left_out(view, column, y, groups)
            if hit is None:
                continue
            evidence, en, fr = hit
            yield Finding(
                "target_mean",
                (column.name,),
                words(
                    "{c} looks computed from {t}" + en + ": each row's own answer is in it",
                    "{c} semble calculée à partir de {t}" + fr + " : la réponse de la ligne y est contenue",
                    c=[column.name],
                    t=[view.target.name],
                    **evidence,
                ),
                words("leave it out: {f}", "l'écarter : {f}", f=flag("--ignore", [column.name])),
                "warn",
                {"class": label, **evidence},
            )
            break


def _mean(view: View, column: Column, y: Array) -> tuple[dict[str, object], str, str] | None:
    """The chi-square of the distances between the means and the line, where it is too small."""
    sampled = int(view.codes(column).max(initial=-1)) + 1
    if not VALUES <= sampled <= view.sample.size / 2:
        return None
    from scipy.special import chdtr  # the chi-square distribution; scipy.stats takes half a second to import

    values = view.values(column)
    there = ~np.isnan(values)
    known, place, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    goal = y[there] - y.mean()
    mean = np.bincount(place, goal) / counts
    inside = np.bincount(place, (goal - mean[place]) ** 2) / np.maximum(counts - 1, 1)
    used = (counts >= ROWS) & (inside > 0)
    if used.sum() < VALUES:
        return None
    weight, mean, known = counts[used] / inside[used], mean[used], known[used]
    centre = known - np.average(known, weights=weight)
    level = np.average(mean, weights=weight)
    below = float((weight * centre**2).sum())
    if not below > 0:
        return None
    slope = float((weight * centre * mean).sum()) / below
    left, made = float((weight * (mean - level - slope * centre) ** 2).sum()), float((weight * (slope * centre) ** 2).sum())
    free = int(used.sum()) - 2
    chance = float(chdtr(free, left))
    if (y == np.floor(y)).all():
        luck = np.sort(np.minimum(1.0, 1 / np.sqrt(2 * np.pi * counts[used] * inside[used])))[::-1]
        chance = max(chance, float(np.prod(luck if abs(slope - 1) < 1e-3 else luck[:free])))
    if chance * max(len(view.numbers), 1) > CHANCE or made < VARIES * free:
        return None
    evidence: dict[str, object] = {"values": int(used.sum()), "chi_square": round(left, 3), "expected": free, "chance": chance}
    return (
        evidence,
        " as a mean over groups (over its {values} values it follows the means more closely than chance allows: {chi_square} for {expected})",
        " comme moyenne par groupe (sur ses {values} valeurs elle suit les moyennes de plus près que le hasard ne le permet : {chi_square} pour {expected})",
    )


@dataclass(frozen=True)
class _Group:
    """A column of words, on some of its levels: places in `rows`, their level, rows of each level in all."""

    name: str
    places: Array
    level: Array
    sizes: Array


def _groups(view: View) -> list[_Group]:
    """Columns of words whose levels may be averaged over, each on whole levels of 5 rows and more, some 4 000 rows in all."""
    made = []
    for column in [c for c in view.columns if c.name in view.table.levels and c.kind in ("category", "identifier")][:GROUPS]:
        codes = view.values(column)
        sizes = np.bincount(codes[codes >= 0])
        wide = np.flatnonzero((codes >= 0) & (sizes[codes] >= LEVELS)) if sizes.size >= 3 else np.empty(0, np.int64)
        places = wide[np.argsort(codes[wide], kind="stable")][:SUMMED]
        if places.size >= 50 and codes[places[0]] != codes[places[-1]]:
            known, level = np.unique(codes[places], return_inverse=True)
            made.append(_Group(column.name, places, level, sizes[known]))
    return made


def _left_out(view: View, column: Column, y: Array, groups: list[_Group]) -> tuple[dict[str, object], str, str] | None:
    """The column of words within whose levels (n - 1) x + y is constant."""
    values = np.asarray(view.table.values[column.name])
    for group in groups:
        x, goal = values[view.rows[group.places]], y[group.places]
        if np.isnan(x).any():
            continue
        others = group.sizes[group.level]
        rows = np.bincount(group.level)
        made = x * (others - 1) + goal
        mean, own = np.bincount(group.level, made) / rows, np.bincount(group.level, goal) / rows
        left = float((((made - mean[group.level]) / others) ** 2).mean())
        about = float((((goal - own[group.level]) / others) ** 2).mean())
        if about > 0 and left < EXACT * about:
            evidence: dict[str, object] = {"group": group.name, "left": left / about}
            return evidence, " as a mean over the other rows of “{group}”", " comme moyenne des autres lignes de «\u00a0{group}\u00a0»"
    return None
