"""The few numbers that draw a finding: binned, never raw rows, so that a report shows what the words say.

A picture is {"kind", "x", "y", "of", "label"}: kind "line" (y along x), "bars" (y by name x) or "spike" (rows by value, the bar `at` marked); of: what y is,
"target" (its mean, or the share of the class `label`), "rows" or "missing" (the share of empty cells).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from etabli.data.audit.view import View
from etabli.data.forward import times
from etabli.records import Array, Finding

PARTS, BARS = 24, 12

Picture = dict[str, Any]


def drawn(view: View, finding: Finding) -> Finding:
    """The finding with evidence["picture"], where its kind has one and it has a column."""
    make = PICTURES.get(finding.code)
    if make is None or not finding.columns:
        return finding
    made = make(view, finding)
    return finding if made is None else replace(finding, evidence={**finding.evidence, "picture": made})


def _goal(view: View, label: str = "") -> tuple[Array, str] | None:
    """(numbers whose mean is drawn [rows], the class they are the share of)."""
    if view.target is None or view.y is None:
        return None
    if view.target.task == "regression":
        return np.asarray(view.y, np.float64), ""
    classes = view.target.classes
    k = classes.index(label) if label in classes else 1 if len(classes) == 2 else int(np.bincount(view.y).argmax())
    return (view.y == k).astype(np.float64), classes[k]


def _along(order: Array, goal: Array, label: str, of: str = "target") -> Picture:
    """The mean in stretches of equal count, along an order."""
    parts = np.array_split(order, min(PARTS, max(1, order.size // 5)))
    return {"kind": "line", "x": list(range(len(parts))), "y": [float(goal[part].mean()) for part in parts], "of": of, "label": label}


def _against(view: View, finding: Finding) -> Picture | None:
    """The target along the column's values, or by its commonest levels."""
    found, column = _goal(view, str(finding.evidence.get("class") or "")), view.table.column(finding.columns[0])
    if found is None or len(finding.columns) > 1:
        return None
    goal, label = found
    values = view.values(column)
    if finding.evidence.get("look") in ("filled", "one class"):
        return _gaps(view, finding)
    if view.is_number(column):
        known = np.flatnonzero(~np.isnan(values))
        made = _along(known[np.argsort(values[known], kind="stable")], goal, label)
        parts = np.array_split(np.sort(values[known]), len(made["x"]))
        return {**made, "x": [float(part.mean()) for part in parts if part.size]} if known.size else None
    counts = np.bincount(values[values >= 0], minlength=1)
    often = np.argsort(-counts, kind="stable")[:BARS]
    often = often[counts[often] > 0]
    names = [str(view.table.levels[column.name][int(code)])[:40] for code in often]
    return {"kind": "bars", "x": names, "y": [float(goal[values == code].mean()) for code in often], "of": "target", "label": label}


def _time(view: View, finding: Finding) -> Picture | None:
    found = _goal(view)
    return None if found is None else _along(np.argsort(times(view.table, finding.columns[0])[view.rows], kind="stable"), *found)


def _file(view: View, finding: Finding) -> Picture | None:
    found = _goal(view)
    return None if found is None else _along(np.arange(view.rows.size), *found)


def _gaps(view: View, finding: Finding) -> Picture | None:
    """The target of rows with and without a value."""
    found = _goal(view, str(finding.evidence.get("class") or ""))
    values = view.values(view.table.column(finding.columns[0]))
    gap = np.isnan(values) if values.dtype.kind == "f" else values < 0
    if found is None or gap.all() or not gap.any():
        return None
    goal, label = found
    return {
        "kind": "bars",
        "x": ["filled", "missing"],
        "y": [float(goal[~gap].mean()), float(goal[gap].mean())],
        "of": "target",
        "label": label,
    }


def _spike(view: View, finding: Finding) -> Picture | None:
    """Rows by value, with the bar of the value in question."""
    values, at = view.values(view.table.column(finding.columns[0])), finding.evidence.get("value")
    if values.dtype.kind != "f" or not isinstance(at, float):
        return None
    values = values[~np.isnan(values)]
    counts, edges = np.histogram(values, PARTS)
    middle = ((edges[:-1] + edges[1:]) / 2).tolist()
    place = int(np.clip(np.searchsorted(edges, at, side="right") - 1, 0, PARTS - 1))
    return {"kind": "spike", "x": middle, "y": counts.tolist(), "of": "rows", "label": "", "at": place}


def _classes(view: View, finding: Finding) -> Picture | None:
    """Rows of each class, the largest first; of many, the largest and the smallest."""
    if view.target is None or view.y is None or view.target.task == "regression":
        return None
    counts = np.bincount(view.y, minlength=len(view.target.classes))
    order = np.argsort(-counts, kind="stable")
    if order.size > BARS:
        order = np.concatenate([order[: BARS // 2], order[-BARS // 2 :]])
    return {
        "kind": "bars",
        "x": [view.target.classes[k][:40] for k in order],
        "y": [int(counts[k]) for k in order],
        "of": "rows",
        "label": "",
    }


def _stops(view: View, finding: Finding) -> Picture | None:
    """The share of cells that are empty, or as the last (first) one is, in order."""
    by, name = str(finding.evidence.get("order") or ""), finding.columns[0]
    order = np.argsort(times(view.table, by)[view.rows], kind="stable") if by else np.arange(view.rows.size)
    values = view.values(view.table.column(name))
    end = values[order[-1 if finding.code == "stopped" else 0]]
    same = (values == end) | (np.isnan(values) & np.isnan(end) if values.dtype.kind == "f" else False)
    return _along(order, same.astype(np.float64), "", "missing")


PICTURES: dict[str, Callable[[View, Finding], Picture | None]] = {
    "near_perfect": _against,
    "target_mean": _against,
    "time_order": _time,
    "file_order": _file,
    "telling_gaps": _gaps,
    "hidden_missing": _spike,
    "capped": _spike,
    "rare_class": _classes,
    "imbalance": _classes,
    "stopped": _stops,
    "started": _stops,
}
