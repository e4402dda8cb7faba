"""The rows as a map: placed on two axes, grouped where they fall into groups, coloured by any column, and chosen by an outline.

What is computed for a file (positions, clusters) is kept while the server runs; it is a function of the sample alone, so that an outline in
an address means the same rows tomorrow. The target is left out of the placing: the map shows what the other columns say, and is coloured
by the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from etabli.errors import UsageError
from etabli.faces.explore.drawn import compared, drawn
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.relate import Key
from etabli.judge.cells import Cells
from etabli.judge.clusters import Clusters, clusters
from etabli.judge.mixed import Placed, placed
from etabli.records import Array

ROWS, CELLS, LEAST = 20_000, 3_000_000, 1_000  # rows placed at most; cells looked at; rows at least
WAYS = ("pca", "umap")
CORNERS = 200  # of an outline, at most
GROUPS = 7  # colours and shapes that can be told apart, and one for the rest


@dataclass(frozen=True)
class RowMap:
    """rows: int64 [n], numbers of the rows in the file. where: float64 [n, 2]. placed: the axes of the analysis. clusters: of the rows. cells:
    all compared columns in these rows, the target too. used: names of the columns that placed them."""

    rows: Array
    where: Array
    placed: Placed
    clusters: Clusters
    cells: tuple[Cells, ...]
    used: tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """The rows by colour. number: int64 [n], -1 where the column has no value. names: of the groups. ordered: whether they are steps of a number.
    column: None for the clusters."""

    number: Array
    names: tuple[str, ...]
    ordered: bool
    column: str | None


def rowmap(opened: Opened) -> RowMap:
    """The map by principal axes. UsageError: the file has no two columns to place rows by."""
    return _rowmap(Key(opened))


@lru_cache(maxsize=4)
def _rowmap(key: Key) -> RowMap:
    opened = key.opened
    columns = compared(opened)
    made = drawn(opened, columns, min(ROWS, max(LEAST, CELLS // max(1, len(columns)))))
    used = [cells for cells in made.columns if cells.name != opened.target] if opened.target else list(made.columns)
    on = placed(used)
    if len(on.shares) < 2 or len(made.rows) < 3:
        raise UsageError(
            "A map places rows by at least two columns that vary (numbers, dates, yes/no or categories).",
            f"{len(used)} to use, {len(made.rows)} rows",
            "--kind NAME=category makes a text or identifier one",
        )
    where = on.scores[:, :2]
    return RowMap(made.rows, where, on, clusters(used, on), made.columns, tuple(cells.name for cells in used))


def groups(opened: Opened, found: RowMap, colour: str) -> Groups:
    """colour: a column, or "" for the target where there is one and the clusters otherwise, "_cluster" for the clusters."""
    if colour == "_cluster" or (not colour and (opened.target is None or all(c.name != opened.target for c in found.cells))):
        names = tuple(str(k + 1) for k in range(found.clusters.count)) if found.clusters.count > 1 else ()
        return Groups(found.clusters.cluster if names else np.full(len(found.rows), -1), names, False, None)
    cells = next(c for c in found.cells if c.name == (colour or opened.target))
    if cells.levels is None and cells.kind == "flag":
        words = tuple(str(word) for word in opened.by_name[cells.name].reading.get("words", ("0", "1")))
        return Groups(np.where(cells.missing, -1, np.nan_to_num(cells.values)).astype(np.int64), words, False, cells.name)
    if cells.levels is None:
        return _steps(cells)
    counts = np.bincount(cells.values[cells.values >= 0], minlength=len(cells.levels))
    order = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]]
    kept = order if len(order) <= GROUPS else order[: GROUPS - 1]
    place = np.full(len(cells.levels) + 1, len(kept))
    place[kept] = np.arange(len(kept))
    place[-1] = -1
    names = tuple(cells.levels[k] for k in kept) + (("…",) if len(order) > len(kept) else ())
    return Groups(place[cells.values], names, False, cells.name)


def _steps(cells: Cells) -> Groups:
    """A number in five steps of equally many rows (fewer where values repeat); the names are their ends."""
    known = cells.values[~cells.missing]
    edges = np.unique(np.quantile(known, np.arange(1, 5) / 5)) if known.size else np.empty(0)
    step = np.searchsorted(edges, known, side="right")
    there, step = np.unique(step, return_inverse=True)
    number = np.full(len(cells.values), -1)
    number[~cells.missing] = step
    names = tuple(f"{float(known[step == k].min())!r}|{float(known[step == k].max())!r}" for k in range(len(there)))
    return Groups(number, names, True, cells.name)


def outline(text: str) -> Array:
    """float64 [corners, 2] from "x y,x y,…". UsageError for anything else."""
    try:
        corners = np.array([[float(one) for one in pair.split()] for pair in text.split(",")], np.float64)
    except ValueError:
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or not 3 <= len(corners) <= CORNERS or not (np.abs(corners) < 1e12).all():
        raise UsageError(
            f"An outline on the map is 3 to {CORNERS} corners, x and y each.", f'"{text[:60]}"', "0 0,1 0,1 1: draw one on /map"
        )
    return corners


def inside(corners: Array, where: Array) -> Array:
    """bool [n]: which points lie inside a closed outline (even-odd rule)."""
    x, y = where[:, 0], where[:, 1]
    odd = np.zeros(len(where), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        across = (ay > y) != (by > y)
        odd ^= across & (x < (bx - ax) * (y - ay) / (by - ay if by != ay else 1.0) + ax)
    return odd


def chosen(opened: Opened, text: str) -> Array:
    """bool [n] of the map's rows: "pca:x y,x y,…" (inside an outline) or "pca:cluster 2"; UsageError when it says neither."""
    way, _, what = text.partition(":")
    if way not in WAYS or not what:
        raise UsageError(
            "_map= is the way of placing, a colon, and an outline or a cluster.", f'"{text[:60]}"', "pca:cluster 1, or draw on /map"
        )
    found = rowmap(opened)
    if what.startswith("cluster "):
        number = what.removeprefix("cluster ").strip()
        if not number.isdigit() or not 1 <= int(number) <= found.clusters.count:
            raise UsageError("A cluster is named by its number.", f'"{number[:20]}"', f"1 to {found.clusters.count}")
        return np.asarray(found.clusters.cluster == int(number) - 1)
    return inside(outline(what), places(opened, found, way))


def places(opened: Opened, found: RowMap, way: str) -> Array:
    """The positions of one way of placing. UsageError for a map by UMAP that is not made (any more)."""
    if way == "pca":
        return found.where
    from etabli.faces.explore import umapped

    made = umapped.job(opened)
    if made is None or made.where is None:
        raise UsageError("The map by UMAP is made when asked for, and forgotten when the server ends.", "", "make it again: /map?way=umap")
    return made.where


def rows_of(opened: Opened, text: str) -> Array:
    """int64: the numbers, in the file, of the rows chosen on the map."""
    return rowmap(opened).rows[chosen(opened, text)]
