"""Rows beside what a map gives back of them: what the coordinates keep is best seen on a row that is kept well, a usual one, and one that is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.records import Array

if TYPE_CHECKING:
    from etabli.structure.placement import Placement
    from etabli.structure.space import Space

PLACES = {"kept": 0.1, "usual": 0.5, "lost": 0.99}  # quantiles of the error
SHOWN = 8  # features of a row: those in which it, or what is given back, lies farthest from the middle


def rebuilt(space: Space, head: Placement, plain: Array, z: Array, error: Array, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Three rows: {"which": "kept" | "usual" | "lost", "row", "error", "features": [{"feature", "column", "own", "again"}]}, own and again in the units of the map (0: the
    middle; the spread of a number is 1). plain [rows, features], z [rows, components], error [rows]: of the drawn rows, whose numbers are `rows`. A text's axes have no
    name, and are left out."""
    again = head.back.apply(z)
    again = again if space.turned is None else again @ space.turned.T
    said = {one.name for one in space.texts}
    own = [i for i in range(plain.shape[1]) if space.columns[int(space.owner[i])].name not in said]
    made: list[dict[str, Any]] = []
    order = np.argsort(error, kind="stable")
    if not own:
        return made
    for which, share in PLACES.items():
        row = int(order[min(len(order) - 1, round(share * (len(order) - 1)))])
        far = np.maximum(np.abs(plain[row, own]), np.abs(again[row, own]))
        first = np.argsort(-far, kind="stable")[:SHOWN]
        features = [
            {
                "feature": space.names[own[i]],
                "column": space.columns[int(space.owner[own[i]])].name,
                "own": float(plain[row, own[i]]),
                "again": float(again[row, own[i]]),
            }
            for i in first
        ]
        made.append({"which": which, "row": int(rows[row]), "error": float(error[row]), "features": features})
    return made
