"""The rows of a bar or a level as an address of /rows: what is counted in a picture is what the link shows."""

from __future__ import annotations

from datetime import timedelta

from etabli.faces.explore.calendar import EPOCH, moment
from etabli.faces.explore.page import CARRIED, State
from etabli.faces.explore.parts import Part, Parts
from etabli.records import Column


def filtered(state: State, column: Column, part: Part, parts: Parts) -> str:
    """The address of a part's rows, with the choices of `state`; "" for "others", which no filter says."""
    if part.kind == "others":
        return ""
    pairs: list[tuple[str, str]] = []
    if part.kind == "missing":
        pairs.append((f"{column.name}__missing", "1"))
    elif part.kind == "level":
        pairs.append((f"{column.name}__eq", part.name))
    elif part.kind == "value":
        pairs.append((f"{column.name}__eq", written(column, part.begin)))
    else:
        pairs += [(f"{column.name}__ge", written(column, part.begin))] if part.begin is not None else []
        pairs += [(f"{column.name}__lt", written(column, part.end))] if part.end is not None else []
        if parts.spike is not None and _inside(parts.spike.begin, part):
            pairs.append((f"{column.name}__ne", written(column, parts.spike.begin)))
        if not pairs:
            pairs.append((f"{column.name}__present", "1"))
    return State("/rows", (*pairs, *(pair for pair in state.pairs if pair[0] in CARRIED))).link


def _inside(value: float | None, part: Part) -> bool:
    return value is not None and (part.begin is None or part.begin <= value) and (part.end is None or value < part.end)


def written(column: Column, value: float | None) -> str:
    """A value as a filter takes it back, to the last digit."""
    if value is None:
        return ""
    if column.reading.get("parse", column.kind) == "date":
        at = EPOCH + timedelta(seconds=value) if abs(value) < 2e11 else moment(value)
        return at.date().isoformat() if not (at.hour or at.minute or at.second or at.microsecond) else at.isoformat(sep=" ")
    if column.kind == "flag" and column.reading.get("words") and value in (0.0, 1.0):
        return str(column.reading["words"][int(value)])
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
