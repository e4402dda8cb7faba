"""A check's answer by group: how the model fares on new rows by the levels of a column (`etabli check MODEL FILE --by COL`).

Any column of the new rows but the target will do, also one that the model never saw. It is read as it was at training where the run folder or
the card knows it, and its numbers are cut where the training rows' fifths end, so that a level is the same rows then and now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.judge import groups
from etabli.judge.levels import Levels, ends, levels
from etabli.judge.metrics import DEFAULTS, metric
from etabli.model.by import told
from etabli.model.frames import Frame
from etabli.model.raw import Raw, numbers, texts
from etabli.model.rows import match
from etabli.model.training import stored
from etabli.model.weighing import Weighing
from etabli.records import Array, Column, TaskKind

if TYPE_CHECKING:
    from etabli.model.load import Model

LEVEL = 0.9


def places(model: Model, table: Frame, columns: Sequence[str], target: str | None = None) -> dict[str, int]:
    """Where each column asked for is among the new rows'. UsageError where one is not, or is the target."""
    made = {}
    for name in dict.fromkeys(columns):
        found = match(table.headers, [_known(model, name)])[0]
        if found is None:
            have = ", ".join(f'"{header}"' for header in table.headers[:12])
            raise UsageError(
                f"--by {name}: the rows to check with must have that column",
                f"{len(table.headers)} columns: {have}",
                did_you_mean(name, table.headers) or "name one of these",
            )
        if name in (target, model.card["target"]):
            raise UsageError(f"--by {name}: rows cannot be compared by the target itself", f'the target is "{name}"', "name another column")
        made[name] = found
    return made


def by(
    model: Model,
    table: Frame,
    where: Mapping[str, int],
    usable: Array,
    y: Array,
    S: Array,
    feeds: Mapping[str, Array],
    training: Any,
    seed: int,
    weighed: Weighing,
) -> tuple[dict[str, Any], ...]:
    """An entry a column, as under the key `by` of a result (docs/result.md), and `cuts`: "training" where numbers are cut at its fifths, or
    "rows". where: from `places`. usable: bool [rows]; y, S: of the usable rows. weighed: how the card's score counts them."""
    seen = rows(model, usable, y, S, feeds, weighed)
    made = []
    for name, place in where.items():
        column, found, cuts = _levels(model, table, name, place, usable, training)
        made.append({**told(column, found, seen, model.classes, seed), "cuts": cuts})
    return tuple(made)


def rows(model: Model, usable: Array, y: Array, S: Array, feeds: Mapping[str, Array], weighed: Weighing) -> groups.Rows:
    """The rows that are compared, with what their intervals or sets hold at 90 % where the file has them."""
    task: TaskKind = model.card["task"]
    stated = (model.card.get("cost") or {}).get("matrix")
    cost = None if stated is None else np.asarray(stated, np.float64)
    first = model.card.get("metric") or DEFAULTS[task]
    main = metric(str(first["name"] if isinstance(first, Mapping) else first), task, cost)
    if main.objection(y) is not None:
        main = metric(None, task)
    hit = size = None
    if {"set", "upper"} & set(model.outputs) and (model.card.get("guarantee") or {}).get("most", 1.0) >= LEVEL:
        made = model.run(feeds, len(usable), LEVEL if model.confidence else None)
        if "set" in made:
            inside = made["set"][usable].astype(bool)
            hit, size = inside[np.arange(len(y)), y], inside.sum(axis=1).astype(np.float64)
        else:
            lower, upper = made["lower"][usable, 0], made["upper"][usable, 0]
            hit, size = (lower <= y) & (y <= upper), upper - lower
    if weighed.exposure is not None:
        y, S, size = y / weighed.exposure, S / weighed.exposure[:, None], None if size is None else size / weighed.exposure
    return groups.Rows(task, main, y, S, weight=weighed.weight, cost=cost, hit=hit, size=size, level=LEVEL)


def _known(model: Model, name: str) -> Raw:
    """How the column was read: by the run folder's table, or by the card; of an unknown one, its name alone."""
    table = stored(model)
    columns = [] if table is None else [column for column in table.columns if name in (column.name, column.header)]
    if not columns:
        columns = [
            Column(name, str(entry["kind"]), str(entry.get("header", name)), entry.get("reading") or {}, tuple(entry.get("missing") or ()))  # type: ignore[arg-type]
            for entry in model.card["columns"]
            if name in (entry["name"], entry.get("header"))
        ]
    if not columns:
        return Raw(name, name, 0, "", False)
    one = columns[0]
    return Raw(one.name, one.header or one.name, 0, one.kind, one.is_double, one.reading, one.missing)


def _levels(model: Model, table: Frame, name: str, place: int, usable: Array, training: Any) -> tuple[Column, Levels, str]:
    raw, cells = _known(model, name), table.columns[place]
    if not raw.kind:
        raw = _guessed(raw, cells)
    column = Column(name, raw.kind, raw.header, raw.reading)  # type: ignore[arg-type]
    if not raw.double:
        seen, codes = np.unique(texts(cells, raw)[usable].astype(str), return_inverse=True)
        if seen.size and seen[0] == "":
            return column, levels(codes - 1, seen[1:].tolist()), "rows"
        return column, levels(codes, seen.tolist()), "rows"
    cuts = _cuts(model, raw, training)
    return column, levels(numbers(cells, raw)[0][usable], cuts=cuts), "rows" if cuts is None else "training"


def _guessed(raw: Raw, cells: Any) -> Raw:
    """A column nobody knows: numbers where all its cells are, else labels."""
    number = Raw(raw.name, raw.header, 0, "number", True, {"parse": "number"})
    values, unread = numbers(cells, number)
    if np.isfinite(values).any() and not unread:
        dated = isinstance(cells, np.ndarray) and cells.dtype.kind == "M"
        return Raw(raw.name, raw.header, 0, "date", True, {"parse": "date"}) if dated else number
    return Raw(raw.name, raw.header, 0, "category", False, {"parse": "text"})


def _cuts(model: Model, raw: Raw, training: Any) -> Array | None:
    """Where the fifths of the training rows end; of a card alone, at the nearest of its tenths."""
    if training is not None:
        from pathlib import Path

        from etabli.model import tables
        from etabli.model.frames import frame

        old = tables.whole(Path(training)) if isinstance(training, (str, Path)) else frame(training)
        place = match(old.headers, [raw])[0]
        return None if place is None else ends(numbers(old.columns[place], raw)[0])
    table = stored(model)
    if table is not None and raw.name in table.values and table.column(raw.name).is_double:
        return ends(np.asarray(table.values[raw.name], np.float64))
    entry: Mapping[str, Any] = next((one for one in model.card["columns"] if one["name"] == raw.name), {})
    edges, shares = list(entry.get("edges") or ()), list(entry.get("shares") or ())
    if len(edges) < 4 or len(shares) != len(edges) + 1:
        return None
    below = np.cumsum(shares)[:-1]
    return np.unique([edges[int(np.abs(below - share).argmin())] for share in (0.2, 0.4, 0.6, 0.8)])
