"""Rows that are copies but for noise, rounding or one column: the same sample measured twice, the same file joined at two precisions,
augmented rows. Split by chance, one half of a pair answers for the other.

**But for noise.** Each row's nearest neighbour is sought among the fine columns (numbers with many values). Where rows lie as a smooth
density makes them, the distance to the nearest is a share r of the distance to the 8th with a chance of about 7 r^d (d: the dimension that
the middle of these ratios itself shows, after Facco et al. 2017, "Estimating the intrinsic dimension of datasets by a minimal
neighborhood information", Scientific Reports 7). Copies make far more ratios near zero. They are counted below r = 0.05.

**But for one column.** Rows are hashed by the sum of their cells' hashes, so that the hash without a column is one subtraction; rows equal
in all other columns, with values in two of the fine ones that few rows have, are no chance.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.sparse import scaled
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.data.dealing import row_hashes
from etabli.records import Array, Column, Finding

NEAR, TIMES, SHARE, FEWEST = 0.05, 5.0, 0.01, 10  # ratio; times the count by chance; share of the rows, and rows, from which it is said
RARE = 20  # rows that share a value which still tells rows apart
NEIGHBOURS, WIDEST, ROWS = 8, 5, 20_000  # the far neighbour; columns of the search; rows of it


def find(view: View) -> Iterable[Finding]:
    """At most two warnings."""
    fine = _fine(view)
    if view.rows.size < 50 or len(fine) < 2:
        return
    yield from _but_for_one(view, fine)
    yield from _but_for_noise(view, fine)


def _fine(view: View) -> list[Column]:
    """Numbers with so many values that two rows share one by chance only seldom."""
    rows = view.sample.size
    fine = []
    for column in view.numbers:
        counts = np.bincount(view.codes(column)[view.codes(column) >= 0])
        if counts.sum() > 0.5 * rows and counts.size >= max(20, 0.2 * rows) and counts.max() < 0.1 * rows:
            fine.append(column)
    return fine


def _but_for_noise(view: View, fine: list[Column]) -> Iterable[Finding]:
    """Nearest neighbours much nearer than the others."""
    if len(fine) < 3:
        return
    from scipy.spatial import cKDTree

    hashes = view.hashes[np.searchsorted(view.rows, view.sample)]
    rows = view.sample[np.sort(np.unique(hashes, return_index=True)[1])]  # copies in full are told elsewhere
    x = np.column_stack([np.asarray(view.table.values[c.name], np.float64)[rows] for c in fine])
    x = x[~np.isnan(x).any(1)][:ROWS]
    if len(x) < 50:
        return
    x = scaled(_short_tailed(x))
    seen = x if x.shape[1] <= WIDEST else x @ np.random.default_rng(3).normal(size=(x.shape[1], WIDEST))
    distance, place = cKDTree(seen).query(seen, NEIGHBOURS + 1)
    if x.shape[1] > WIDEST:  # the distances over all columns, of the neighbours that the projection found
        distance = np.sqrt(((x[place] - x[:, None]) ** 2).sum(2))
        distance[:, 1:].sort(1)
    first, far = distance[:, 1], distance[:, -1]
    ratio = first[far > 0] / far[far > 0]
    if ratio.size < 50:
        return
    middle = float(np.quantile(ratio, 0.75))
    dimension = _dimension(middle)
    count, chance = int((ratio < NEAR).sum()), float((NEIGHBOURS - 1) * NEAR**dimension * ratio.size)
    if count < max(FEWEST, SHARE * ratio.size, TIMES * chance):
        return
    yield Finding(
        "near_copies",
        (),
        words(
            "{n} of {r} rows are nearly the same as another one, as if measured or rounded twice ({e} by chance): such pairs may be split",
            "{n} lignes sur {r} sont presque égales à une autre, comme mesurées ou arrondies deux fois ({e} par hasard) : un pli peut séparer ces paires",
            n=count,
            r=int(ratio.size),
            e=round(chance, 1),
        ),
        words(
            "keep one of each pair in the file, or add a column that names the pairs and give it: --group COL",
            "garder une ligne de chaque paire, ou ajouter une colonne qui nomme les paires et la donner : --group COL",
        ),
        "warn",
        {"rows": count, "looked": int(ratio.size), "by_chance": chance, "dimension": dimension},
    )


def _short_tailed(x: Array) -> Array:
    """Columns with long tails by their logarithm, signs kept, so that no tail makes all others near."""
    middle = np.median(x, 0)
    spread = np.median(np.abs(x - middle), 0)
    spread = np.where(spread > 0, spread, x.std(0))
    return np.asarray(np.arcsinh((x - middle) / np.where(spread > 0, spread, 1.0)))


def _dimension(quantile: float) -> float:
    """The dimension d at which three quarters of the ratios first / 8th lie below `quantile`: the ratio to the power d is the least of
    seven uniform numbers, whose upper quartile is 1 - 0.25^(1/7) = 0.18."""
    upper = 1 - 0.25 ** (1 / (NEIGHBOURS - 1))
    return float(np.log(upper) / np.log(min(max(quantile, 1e-6), 0.999)))


def _rare(view: View, column: Column, rows: Array) -> Array:
    """bool [rows]: where the value is one that few rows have (a column of amounts may be 0 in many)."""
    _, place, counts = np.unique(np.asarray(view.table.values[column.name])[rows], return_inverse=True, return_counts=True)
    return np.asarray(counts[place] <= RARE)


def _but_for_one(view: View, fine: list[Column]) -> Iterable[Finding]:
    """Rows equal in every column but one: the column is named."""
    names = [column.name for column in view.features]
    if len(names) < 3 or len(names) > 200:
        return
    rows = view.rows[: 4 * ROWS]
    total = row_hashes(view.table, names)[rows]
    rare = {column.name: _rare(view, column, rows) for column in fine}
    known = np.sum(list(rare.values()), axis=0)
    best: tuple[int, str] = (0, "")
    for column in view.features:
        told = known - rare.get(column.name, 0) >= 2
        rest = (total - row_hashes(view.table, [column.name])[rows])[told]
        again = int(np.unique(total[told]).size - np.unique(rest).size)
        best = max(best, (again, column.name))
    again, name = best
    if again < max(FEWEST, SHARE * rows.size):
        return
    yield Finding(
        "near_copies",
        (name,),
        words(
            "{n} rows are equal to another one in every column but {c}: copies, or the same subject again?",
            "{n} lignes sont égales à une autre dans toutes les colonnes sauf {c} : des copies, ou le même sujet revu ?",
            n=again,
            c=[name],
        ),
        words(
            "if copies, keep one of each; if {c} says nothing of the subject: {f} (equal rows then stay in one fold)",
            "si ce sont des copies, en garder une ; si {c} ne dit rien du sujet : {f} (les lignes égales restent alors dans un même pli)",
            c=[name],
            f=flag("--ignore", [name]),
        ),
        "warn",
        {"rows": again},
    )
