"""Where the model fails: rows, named by one or two columns, on which its loss is much worse than elsewhere.

Looked at are levels, ranges between quantiles and missing cells of every column, and pairs of coarser ones: hundreds or thousands of slices,
so that the worst of them looks bad by chance alone. Each slice's loss is compared with that of all other rows (Welch's t), and the largest t
of all slices is what counts: losses are dealt anew to the rows, and the t that the largest exceeds in 5 % of deals is what a slice must
exceed (Westfall & Young 1993), which knows how slices overlap and how skewed losses are. Where rows come in groups, whole groups change the sign of what they add
to a slice instead (wild bootstrap, Cameron, Gelbach & Miller 2008), because a dealt row would leave its group. Chung et al. (2019, Slice
Finder) search the same slices with sequential tests; SliceLine (Sagadeeva & Boehm 2021) without any.

Of those that exceed it the worst is named, its rows are set aside, and the rest is looked at again: a slice that was bad only for
the rows it shares with one already named is not named. A pair must be worse than each of its two alone. Nothing here asks why: rows may be hard because they are noisy by nature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge.cells import Cells
from etabli.records import Array

LEVEL = 0.05
FEWEST, SHARE = 30, 0.02  # rows of a slice: at least so many, and this share of all; at most half of them
UNITS = 10  # groups a slice must hold, where rows come in groups
DEALS = 300
NAMED = 5
WORSE = 0.2  # how much worse a slice's loss must be than elsewhere, and a pair's than that of its two
BLOCK = 256  # slices held at a time


@dataclass(frozen=True)
class Condition:
    """What one column says in a slice: a level, a range (low, high], above low, up to high, or missing. level: its number."""

    column: str
    low: float | None = None
    high: float | None = None
    level: int | None = None
    missing: bool = False


@dataclass(frozen=True)
class Slice:
    """rows: numbers [m]. loss: mean loss there, with an interval that counts all slices looked at. elsewhere: of all other rows."""

    conditions: tuple[Condition, ...]
    rows: Array
    loss: float
    low: float
    high: float
    elsewhere: float


@dataclass(frozen=True)
class Search:
    """slices: found, the worst first. looked: how many were looked at. bar: the t a slice had to exceed."""

    slices: tuple[Slice, ...]
    looked: int
    bar: float


@dataclass(frozen=True)
class _Atom:
    column: int
    condition: Condition
    mask: Array
    coarse: bool


def search(
    columns: Sequence[Cells], loss: Array, weight: Array | None = None, groups: Array | None = None, seed: int = 0, named: int = NAMED
) -> Search:
    """columns: raw cells [n] each. loss: [n], lower is better. weight: [n] or None. groups: [n], rows that share their luck."""
    n = len(loss)
    least = max(FEWEST, int(np.ceil(SHARE * n)))
    w = np.ones(n) if weight is None else weight / weight.mean()
    if groups is not None and len(np.unique(groups)) in (1, n):
        groups = None
    atoms = [atom for place, column in enumerate(columns) for atom in _atoms(place, column, least)]
    parts, masks = _crossed(atoms, least, groups)
    if not parts or not np.ptp(loss) > 0:
        return Search((), len(parts), float("inf"))
    unit = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    bar = _bar(masks, loss, w, unit if groups is not None else None, seed)
    found, open_rows = list[Slice](), np.ones(n, bool)
    alone = {atom_key(part): place for place, part in enumerate(parts) if len(part) == 1}
    mean, error, other, far = _compared(masks, loss, w, unit)
    while len(found) < named:
        here = [mean, error, other, far] if open_rows.all() else list(_compared(masks, loss, w, unit, open_rows))
        counts = masks[:, open_rows].sum(axis=1)
        t = np.where(counts >= least, here[3], -np.inf)
        fine = (t > bar) & (here[0] > (1 + WORSE) * here[2]) & (far > bar) & (mean > (1 + WORSE) * other)
        fine &= counts >= masks.sum(axis=1) / 2
        for place in np.flatnonzero(fine):
            if len(parts[place]) == 2:
                single = [alone[atom_key((one,))] for one in parts[place] if atom_key((one,)) in alone]
                fine[place] = all(mean[place] > (1 + WORSE) * mean[s] for s in single)
        if not fine.any():
            break
        best = int(np.argmax(np.where(fine, t, -np.inf)))
        half = bar * error[best]
        rows = np.flatnonzero(masks[best])
        found.append(
            Slice(
                parts[best],
                rows,
                float(mean[best]),
                float(mean[best] - half),
                float(mean[best] + half),
                float(other[best]),
            )
        )
        open_rows &= ~masks[best]
    return Search(tuple(sorted(found, key=lambda one: -one.loss)), len(parts), bar)


def atom_key(part: Sequence[Condition]) -> tuple[Condition, ...]:
    """What a slice is found by."""
    return tuple(part)


def _atoms(place: int, column: Cells, least: int) -> Iterator[_Atom]:
    """The slices of one column."""
    values, missing = column.values, column.missing
    if least <= missing.sum() <= len(values) - least:
        yield _Atom(place, Condition(column.name, missing=True), missing, True)
    if column.levels is not None:
        if column.kind == "text":
            return
        counts = np.bincount(values[values >= 0], minlength=1)
        for level in np.argsort(-counts, kind="stable")[:20]:
            if least <= counts[level] <= len(values) - least:
                yield _Atom(place, Condition(column.name, level=int(level)), values == level, True)
        return
    known = values[~missing]
    if not len(known):
        return
    if column.kind == "flag":
        for value in (0.0, 1.0):
            mask = values == value
            if least <= mask.sum() <= len(values) - least:
                yield _Atom(place, Condition(column.name, level=int(value)), mask, True)
        return
    cuts = np.quantile(known, np.linspace(0.1, 0.9, 9), method="inverted_cdf")
    top = float(known.max())
    seen = set[tuple[int, bytes]]()
    ranges: list[tuple[float | None, float | None, bool]] = [(None, float(cut), place in (2, 4)) for place, cut in enumerate(cuts[:6])]
    ranges += [(float(cut), None, place in (1, 3)) for place, cut in enumerate(cuts[3:], -1)]
    ranges += [
        (float(a), float(b), a == cuts[2]) for a, b in ((cuts[0], cuts[3]), (cuts[2], cuts[6]), (cuts[3], cuts[5]), (cuts[5], cuts[8]))
    ]
    for low, high, coarse in ranges:
        if (low is not None and low >= top) or (low is not None and high is not None and low >= high):
            continue
        with np.errstate(invalid="ignore"):
            mask = ~missing & (True if low is None else values > low) & (True if high is None else values <= high)
        key = (int(mask.sum()), mask.tobytes())
        if key in seen or not least <= mask.sum() <= len(values) - least:
            continue
        seen.add(key)
        yield _Atom(place, Condition(column.name, low, high), mask, coarse)


def _crossed(atoms: Sequence[_Atom], least: int, groups: Array | None) -> tuple[list[tuple[Condition, ...]], Array]:
    """All slices that are large enough: (their conditions, masks bool [slices, n])."""
    n = len(atoms[0].mask) if atoms else 0
    parts, masks = list[tuple[Condition, ...]](), list[Array]()

    def keep(part: tuple[Condition, ...], mask: Array) -> None:
        if not least <= mask.sum() <= n / 2:
            return
        if groups is not None and len(np.unique(groups[mask])) < UNITS:
            return
        parts.append(part)
        masks.append(mask)

    for atom in atoms:
        keep((atom.condition,), atom.mask)
    coarse = [atom for atom in atoms if atom.coarse]
    for place, a in enumerate(coarse):
        for b in coarse[place + 1 :]:
            if a.column != b.column:
                both = a.mask & b.mask
                count = both.sum()
                if count < 0.9 * min(a.mask.sum(), b.mask.sum()):  # else it is one of the two
                    keep((a.condition, b.condition), both)
    return parts, np.stack(masks) if masks else np.empty((0, n), bool)


def _compared(masks: Array, loss: Array, w: Array, unit: Array, rows: Array | None = None) -> tuple[Array, Array, Array, Array]:
    """(mean loss, its standard error, mean elsewhere, t) of each slice [slices], on these rows. unit: [n], rows that share their luck."""
    if rows is not None:
        masks, loss, w, unit = masks[:, rows], loss[rows], w[rows], unit[rows]
    total, whole = float(w.sum()), float(w @ loss)
    inside = masks @ w
    mean = np.divide(masks @ (w * loss), inside, out=np.zeros(len(masks)), where=inside > 0)
    out = total - inside
    other = np.divide(whole - mean * inside, out, out=np.zeros(len(masks)), where=out > 0)
    error, rest = np.zeros((2, len(masks)))
    count = int(unit.max(initial=-1)) + 1
    for s, mask in enumerate(masks):
        if inside[s] <= 0 or out[s] <= 0:
            continue
        gap = w * (loss - np.where(mask, mean[s], other[s]))
        if count == len(loss):
            squares = gap**2
            error[s], rest[s] = squares[mask].sum(), squares[~mask].sum()
        else:
            error[s] = (np.bincount(unit[mask], gap[mask], count) ** 2).sum()
            rest[s] = (np.bincount(unit[~mask], gap[~mask], count) ** 2).sum()
    inner = np.divide(np.sqrt(error), inside, out=np.zeros(len(masks)), where=inside > 0)
    outer = np.divide(np.sqrt(rest), out, out=np.zeros(len(masks)), where=out > 0)
    spread = np.sqrt(inner**2 + outer**2)
    t = np.divide(mean - other, spread, out=np.full(len(masks), -np.inf), where=spread > 0)
    return mean, inner, other, t


def _bar(masks: Array, loss: Array, w: Array, unit: Array | None, seed: int) -> float:
    """The t that the worst of all slices exceeds in 5 % of deals when no column has to do with the loss."""
    rng, worst = np.random.default_rng(seed), np.full(DEALS, -np.inf)
    if unit is None:
        centred = (loss - loss.mean()) / loss.std()
        dealt = np.stack([rng.permutation(centred) for _ in range(DEALS)]).astype(np.float32)
        for start in range(0, len(masks), BLOCK):
            worst = np.maximum(worst, _dealt(masks[start : start + BLOCK], dealt, w).max(axis=1))
    else:
        count = int(unit.max()) + 1
        mean = float(w @ loss / w.sum())
        signs = rng.choice(np.array([-1.0, 1.0]), (DEALS, count))
        for start in range(0, len(masks), BLOCK):
            block = masks[start : start + BLOCK]
            share = (block @ w) / w.sum()
            pull = w * (loss - mean) * (block - share[:, None]) / (share * (1 - share))[:, None]
            sums = np.stack([np.bincount(unit, row, count) for row in pull])  # [slices, units]
            error = np.sqrt((sums**2).sum(axis=1))
            t = signs @ sums.T / np.where(error > 0, error, np.inf)
            worst = np.maximum(worst, t.max(axis=1))
    return float(np.quantile(worst, 1 - LEVEL, method="higher"))


def _dealt(masks: Array, dealt: Array, w: Array) -> Array:
    """Welch's t [deals, slices] of losses that were dealt anew [deals, n]."""
    first = (masks * w).astype(np.float32).T
    second = first if np.all(w == 1) else (masks * w**2).astype(np.float32).T
    n1, n2 = first.sum(axis=0), second.sum(axis=0)
    w32 = w.astype(np.float32)
    s1, s2 = dealt @ first, (dealt**2) @ second
    s3 = s1 if second is first else dealt @ second
    total1, total2, total3 = dealt @ w32, (dealt**2) @ w32**2, dealt @ w32**2
    m1 = s1 / n1
    rest = w32.sum() - n1
    m0 = (total1[:, None] - s1) / rest
    v1 = s2 - 2 * m1 * s3 + m1**2 * n2
    v0 = (total2[:, None] - s2) - 2 * m0 * (total3[:, None] - s3) + m0**2 * ((w32**2).sum() - n2)
    return np.asarray((m1 - m0) / np.sqrt(np.maximum(v1, 1e-12) / n1**2 + np.maximum(v0, 1e-12) / rest**2))
