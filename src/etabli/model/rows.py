"""A frame's columns to what the file takes, by the card: found by name or header, read, and made missing where absent.

Only what matters is refused: a column that the model needs and that was never missing in training. All else is noted: a column
that may be missing and is absent, cells that cannot be read, columns nobody asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.model.frames import Frame
from etabli.model.raw import Raw, numbers, texts

Array = np.ndarray[Any, np.dtype[Any]]
Feed = tuple[str, str, list[Raw]]  # an input of the file: its name, its type, its columns


@dataclass(frozen=True)
class Note:
    """Something the reading of the rows had to decide or saw. code: "absent", "extra" or "unread"; of the values themselves
    "unseen" or "outside" (batch.py). count: cells or columns concerned."""

    code: str
    column: str
    count: int
    text: Mapping[str, str]


@dataclass(frozen=True)
class Rows:
    """Rows as the file takes them. feeds: input name -> array with rows first."""

    feeds: dict[str, Array]
    rows: int
    notes: tuple[Note, ...] = ()


def rows_of(table: Frame, feeds: Sequence[Feed], known: set[str]) -> Rows:
    """The rows of `table` as the inputs `feeds`. known: names and headers that are no surprise though no input reads them."""
    raws = [raw for _, _, group in feeds for raw in group]
    places = match(table.headers, raws)
    if raws and all(place is None for place in places) and all(raw.may_miss for raw in raws):  # else the first that is needed is named
        raise UsageError(
            "the rows have at least one of the model's columns",
            f"{len(table.headers)} columns: " + ", ".join(f'"{header}"' for header in table.headers[:12]),
            "the model takes " + ", ".join(f'"{raw.header or raw.name}"' for raw in raws[:12]),
        )
    notes = [_absent(raw, table, raws) for raw, place in zip(raws, places, strict=True) if place is None]
    used = {*places}
    for place, header in enumerate(table.headers):
        if place not in used and header not in known and header.strip() not in known:
            said = f'column "{header}" is not known to the model and is ignored'
            dit = f"la colonne « {header} » est inconnue du modèle et ignorée"
            notes.append(Note("extra", header, table.rows, {"en": said, "fr": dit}))
    made: dict[str, Array] = {}
    where = iter(places)
    for name, kind, group in feeds:
        columns = [_cells(raw, next(where), kind, table, notes) for raw in group]
        made[name] = columns[0][:, None] if len(columns) == 1 else np.column_stack(columns)
    return Rows(made, table.rows, tuple(notes))


def match(headers: Sequence[str], raws: Sequence[Raw]) -> list[int | None]:
    """The place in `headers` of each column, None where there is none.

    A file is matched by header (the second "x" of the file is the second "x" of training); a frame whose columns have the model's
    own, unique names is matched by these; pandas' "x.1" for a repeated "x" and spaces around a header are understood.
    """
    places: dict[str, list[int]] = {}
    for place, header in enumerate(headers):
        places.setdefault(header, []).append(place)
    if len(places) == len(headers) and all(raw.name in places for raw in raws):
        return [places[raw.name][0] for raw in raws]
    stripped: dict[str, list[int]] = {}
    for place, header in enumerate(headers):
        stripped.setdefault(header.strip(), []).append(place)
    sharing = Counter(raw.header for raw in raws)
    taken: set[int] = set()

    def find(raw: Raw) -> int | None:
        # by place among equal headers only where all of them are there, or the first of two would be read twice
        for known, header, nth, least in (
            (places, raw.header, raw.nth, sharing[raw.header]),
            (stripped, raw.header.strip(), raw.nth, sharing[raw.header]),
            (places, raw.name, 0, 1),
            (places, f"{raw.header}.{raw.nth}", 0, 1),
        ):
            found = known.get(header, ())
            if nth < len(found) and len(found) >= least and found[nth] not in taken:
                taken.add(found[nth])
                return found[nth]
        return None

    return [find(raw) for raw in raws]


def columns_of(card: Mapping[str, Any]) -> tuple[set[str], dict[str, Raw]]:
    """Every name and header the card knows, and the columns by name."""
    seen: dict[str, int] = {}
    known: set[str] = {str(card.get("target", "")), str((card.get("target_reading") or {}).get("header", ""))} - {""}
    raws = {}
    kinds = {name: entry["type"] for entry in card["inputs"] for name in entry["columns"]}
    for entry in card["columns"]:
        name, header = str(entry["name"]), str(entry.get("header", entry["name"]))
        nth = seen.get(header, 0)
        seen[header] = nth + 1
        known |= {name, header}
        raws[name] = Raw(
            name=name,
            header=header,
            nth=nth,
            kind=str(entry["kind"]),
            double=kinds.get(name, "") == "double",
            reading=entry.get("reading") or {},
            missing=tuple(entry.get("missing") or ()),
            may_miss=bool(entry.get("missing_count")),
            low=entry.get("low"),
            high=entry.get("high"),
            known=tuple(entry.get("levels") or ()),
        )
    return known, raws


def _absent(raw: Raw, table: Frame, raws: Sequence[Raw]) -> Note:
    if not raw.may_miss:
        free = [header for header, _ in zip(table.headers, range(1000), strict=False) if header not in {other.header for other in raws}]
        rule = f'the model needs the column "{raw.header or raw.name}" (it was never missing in training)'
        have = ", ".join(f'"{header}"' for header in table.headers[:12]) + (", …" if len(table.headers) > 12 else "")
        raise UsageError(
            rule,
            f"{len(table.headers)} columns: {have}",
            did_you_mean(raw.header or raw.name, free) or "add the column, or give its cells as missing",
        )
    said = f'column "{raw.name}" is absent and is taken as missing in every row'
    dit = f"la colonne « {raw.name} » est absente et comptée manquante à chaque ligne"
    return Note("absent", raw.name, table.rows, {"en": said, "fr": dit})


def _cells(raw: Raw, place: int | None, kind: str, table: Frame, notes: list[Note]) -> Array:
    if kind == "string":
        return texts(table.columns[place], raw) if place is not None else np.full(table.rows, "", object)
    if place is None:
        return np.full(table.rows, np.nan)
    values, unread = numbers(table.columns[place], raw)
    if unread:
        some = ", ".join(f"{text!r:.40}" for text in dict.fromkeys(unread[:1000]) if text)[:120]
        # the count before the name, which may hold digits: two blocks' notes are summed (batch.py)
        said = f'cells that could not be read and are taken as missing: {len(unread)} of "{raw.name}" ({some})'
        dit = f"cellules illisibles, comptées manquantes : {len(unread)} de « {raw.name} » ({some})"
        notes.append(Note("unread", raw.name, len(unread), {"en": said, "fr": dit}))
    return values
