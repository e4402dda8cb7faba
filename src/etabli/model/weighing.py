"""How the score that a card promises counts the rows: by their weights (`fit --weights`), and per unit of exposure (`fit --exposure`).

A promise in visits a year is not kept or broken by visits; so new rows are scored in the terms of the card. A file of a number with
exposure answers amounts, and both its answer and the truth are divided by the exposure here. A weight is no input of the file: where
the new rows lack it, each counts the same, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import DataError
from etabli.model.frames import Frame
from etabli.model.raw import numbers
from etabli.model.rows import columns_of, match
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.model.load import Model


@dataclass(frozen=True)
class Weighing:
    """weight: how much each row counts [rows], None for all the same. exposure: what truths and answers are divided by [rows], None
    for nothing. notes: {"en", "fr"}, how the scores are to be read."""

    weight: Array | None = None
    exposure: Array | None = None
    notes: tuple[Mapping[str, str], ...] = ()


def weighing(model: Model, table: Frame, feeds: Mapping[str, Array], usable: Array) -> Weighing:
    """How the card's score counts the `usable` [rows of the table] labelled rows. DataError for a weight or an exposure that is none."""
    weight, exposure, notes = None, None, list[Mapping[str, str]]()
    name = model.card.get("exposure")
    if name:
        exposure = weight = _exposure(model, str(name), feeds)[usable]
        _sound(exposure, str(name), "an exposure is a number above 0, none missing", 0.0)
        notes.append(
            {
                "en": f'The scores are per unit of "{name}", each row counting by it, as they were promised.',
                "fr": f"Les scores sont par unité de « {name} », chaque ligne comptant à proportion, comme annoncé.",
            }
        )
    name = model.card.get("weights")
    if name:
        raw = columns_of(model.card)[1][str(name)]
        place = match(table.headers, [raw])[0]
        if place is None:
            notes.append(
                {
                    "en": f'The score promised counts rows by "{name}", which is not here: each row counts the same.',
                    "fr": f"Le score annoncé compte les lignes selon « {name} », absente ici : chaque ligne compte autant.",
                }
            )
        else:
            own = numbers(table.columns[place], raw)[0][usable]
            _sound(own, str(name), "a weight is a number, none missing, none below 0", -np.inf)
            weight = own if weight is None else weight * own
            notes.append({"en": f'Rows count by "{name}", as promised.', "fr": f"Les lignes comptent selon « {name} », comme annoncé."})
    if weight is not None and not weight.sum() > 0:
        raise DataError("some rows must count", "every weight is 0")
    return Weighing(weight, exposure, tuple(notes))


def _exposure(model: Model, name: str, feeds: Mapping[str, Array]) -> Array:
    entry: Mapping[str, Any] = next(one for one in model.card["inputs"] if name in one["columns"])
    return np.asarray(feeds[str(entry["input"])][:, entry["columns"].index(name)], np.float64)


def _sound(values: Array, name: str, rule: str, above: float) -> None:
    bad = np.flatnonzero(~(np.isfinite(values) & (values > above) & (values >= 0)))
    if len(bad):
        raise DataError(rule, f'"{name}": {values[bad[0]]:g}, the labelled row {int(bad[0]) + 1}', "leave such rows out")
