"""Columns that add up: a total beside its parts, an end beside a start and a duration. Models bear it; explanations do not (what one column
says can be moved to another), and when one member is known only afterwards, so are the others with its help.

Exact identities among columns of numbers are the directions in which the table has no width: eigenvectors of the correlation matrix whose
eigenvalue is below 1e-9. Only the columns that such a direction touches are looked at, and each identity is reduced to the few columns it
needs (backward elimination, held-out share above 1 - 1e-9).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.sparse import few, held_out_r2, scaled
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Finding

ROWS, COLUMNS, FEWEST = 2_000, 80, 60
FLAT, TOUCHED, TWIN, EXACT = 1e-9, 1e-3, 0.9999, 1 - 1e-9
MOST = 5  # identities


def identities(view: View) -> list[tuple[str, tuple[str, ...], str]]:
    """(the total, its parts, "total = a + b - c"), each column in one of them at most."""
    numbers = view.numbers[:COLUMNS]
    rows = view.sample[:: max(1, view.sample.size // ROWS)]
    if rows.size < FEWEST or len(numbers) < 3:
        return []
    raw = np.column_stack([np.asarray(view.table.values[c.name], np.float64)[rows] for c in numbers])
    raw = raw[:, filled] if (filled := np.isnan(raw).mean(0) < 0.2).any() else raw
    names = [column.name for column, kept in zip(numbers, filled, strict=True) if kept]
    raw = raw[~np.isnan(raw).any(1)]
    if len(raw) < max(FEWEST, 5 * len(names)):
        return []
    x = scaled(raw)
    correlation: Array = x.T @ x / len(x)
    twin = np.triu(np.abs(correlation) > TWIN, 1).any(0)
    free = np.flatnonzero(~twin & (x.std(0) > 0))
    if free.size < 3:
        return []
    value, vector = np.linalg.eigh(correlation[np.ix_(free, free)])
    touched = free[(vector[:, value < FLAT] ** 2).sum(1) > TOUCHED**2]
    found: list[tuple[str, tuple[str, ...], str]] = []
    while touched.size >= 3 and len(found) < MOST:
        total = max(touched.tolist(), key=lambda k: float(raw[:, k].std()))
        rest = [k for k in touched.tolist() if k != total]
        parts = [rest[k] for k in few(x[:, rest], x[:, total], EXACT)]
        if len(parts) >= 2:
            weights = held_out_r2(raw[:, parts], raw[:, total])[1]
            formula = " ".join(_term(float(weight), names[k]) for k, weight in zip(parts, weights, strict=True))
            found.append((names[total], tuple(names[k] for k in parts), f"{names[total]} = {formula.removeprefix('+ ')}"))
        touched = np.array([k for k in touched if k != total and k not in parts], np.int64)
    return found


def _term(weight: float, name: str) -> str:
    """ "+ a", "- 0.5 × a"."""
    size = "" if abs(abs(weight) - 1) < 1e-3 else f"{abs(weight):.4g} × "
    return f"{'-' if weight < 0 else '+'} {size}{name}"


def find(view: View) -> Iterable[Finding]:
    """One note for all identities."""
    found = identities(view)
    if not found:
        return
    names = tuple(dict.fromkeys(name for total, parts, _ in found for name in (total, *parts)))
    yield Finding(
        "adds_up",
        names,
        words(
            "columns add up exactly, in every row looked at: {f}" + (" (and {m} more)" if len(found) > 1 else ""),
            "des colonnes se somment exactement, dans chaque ligne regardée : {f}" + (" (et {m} autres)" if len(found) > 1 else ""),
            f=found[0][2],
            m=len(found) - 1,
        ),
        words("one can go: {f}", "l'une peut partir : {f}", f=flag("--ignore", [found[0][0]])),
        "note",
        {"identities": [formula for _, _, formula in found]},
    )
