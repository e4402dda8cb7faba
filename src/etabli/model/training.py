"""The training rows of a model file: those of the run folder it lies in, with the scores of models that did not see them, or a file's.

The file itself holds no row. A run folder keeps its table (`data/`) and what was judged (`data/judged.npz`); it is taken only when its
table is the one of the card's fingerprint. Rows come as the file's own inputs, so that old and new are compared as the model sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import DataError

if TYPE_CHECKING:
    from etabli.model.load import Model
    from etabli.records import Array, Table

ROWS = 20_000  # training rows looked at; more are thinned by chance
JUDGED = "judged.npz"  # rows [n], fold [n], y [n], scores [n, outputs] of the winner, out of fold and calibrated; weight [n] or empty


@dataclass(frozen=True)
class Training:
    """feeds: by input, the rows looked at. total: how many there are. source: "run" or "file". judged: fold, y, scores, weight of
    these rows, empty when no score is known."""

    feeds: Mapping[str, Array]
    total: int
    source: str
    judged: Mapping[str, Array]


def training(model: Model, file: Any = None) -> Training | None:
    """Rows of `file` (a path or a frame), or of the run folder around the model file; None where there is none."""
    if file is not None:
        read = model.read(file)
        picked = _some(read.rows)
        return Training({name: values[picked] for name, values in read.feeds.items()}, read.rows, "file", {})
    table = stored(model)
    if table is None:
        return None
    folder = Path(model.path).parent / "data"
    judged: dict[str, Array] = {}
    rows = np.arange(table.rows)
    if (folder / JUDGED).is_file():
        with np.load(folder / JUDGED) as scored:
            judged = {name: scored[name] for name in scored.files}
        rows = judged.pop("rows")
    picked = _some(len(rows))
    feeds = {}
    for entry in model.card["inputs"]:
        columns = [np.asarray(table.values[str(name)])[rows[picked]] for name in entry["columns"]]
        if entry["type"] == "double":
            feeds[str(entry["input"])] = np.column_stack(columns).astype(np.float64)
        else:
            levels = table.levels[str(entry["columns"][0])]
            texts = [levels[code] if code >= 0 else "" for code in columns[0].tolist()]
            feeds[str(entry["input"])] = np.array(texts, object)[:, None]
    return Training(feeds, len(rows), "run", {name: values[picked] for name, values in judged.items() if len(values)})


def stored(model: Model) -> Table | None:
    """The table of the run folder around the model file, with the columns that the model does not read; None where there is none."""
    folder = Path(model.path).parent / "data"
    if not (folder / "table.json").is_file():
        return None
    try:
        from etabli.data.store import load

        table = load(folder)
    except (DataError, ImportError, OSError, ValueError):
        return None
    names = {name for entry in model.card["inputs"] for name in entry["columns"]}
    return table if table.fingerprint == model.card.get("fingerprint") and names <= set(table.values) else None


def _some(rows: int) -> Array:
    return np.sort(np.random.default_rng(0).permutation(rows)[:ROWS])
