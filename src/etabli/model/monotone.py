"""Whether a file obeys the directions that were declared: asked of the file itself, row by row.

Real rows are copied, and the declared column runs through rising values (those seen, thresholds of the trees, beyond both ends) while
everything else stays. The answer must never move the wrong way by more than rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from etabli.errors import ProofError
from etabli.records import Array, Table

ROUNDING = 1e-12  # of the output's scale
VALUES, ROWS = 60, 40


def obeys(model: bytes, table: Table, columns: tuple[str, ...], declared: Mapping[str, int], rows: Array, seed: int = 0) -> int:
    """The number of comparisons made. ProofError, naming the column and the row, when an answer moves the wrong way.

    model: the serialized file. columns: those it reads. rows: row numbers of `table` to start from.
    """
    from etabli.data.feeds import feeds
    from etabli.graph.run import run, session
    from etabli.model.probes import column_probes

    ready = session(model)
    random = np.random.default_rng(seed)
    thresholds = column_probes(model, tuple(table.column(name) for name in columns))
    picked = random.choice(rows, min(ROWS, len(rows)), replace=False)
    made = 0
    for name, sign in declared.items():
        if name not in columns:
            continue
        steps = _steps(np.asarray(table.values[name]), thresholds.get(name), random)
        repeated = np.repeat(picked, len(steps))
        values = {column: np.asarray(table.values[column])[repeated] for column in columns}
        values[name] = np.tile(steps, len(picked))
        tried = replace(table, rows=len(repeated), values=values)
        answers = run(ready, feeds(tried, columns))
        level = answers["probability"][:, 1] if "probability" in answers else answers["prediction"][:, 0]
        level = level.reshape(len(picked), len(steps)) * sign
        scale = max(float(np.abs(level).max()), 1e-300)
        fall = level[:, :-1] - level[:, 1:]
        if (fall > ROUNDING * scale).any():
            row, place = np.unravel_index(int(fall.argmax()), fall.shape)
            word = "increasing" if sign > 0 else "decreasing"
            raise ProofError(
                f"the answer is {word} in every column declared so, so the file is not written",
                f"{name} from {steps[place]:g} to {steps[place + 1]:g} in row {int(picked[row])}: "
                f"{level[row, place] * sign:.17g}, then {level[row, place + 1] * sign:.17g}",
                "this is a fault of ours: please report it with the run folder",
            )
        made += fall.size
    return made


def _steps(seen: Array, thresholds: Array | None, random: np.random.Generator) -> Array:
    """Rising values: quantiles, thresholds and their neighbours, and beyond both ends."""
    seen = seen[np.isfinite(seen)]
    ends = [seen.min() - 1, seen.max() + 1, seen.min() - 10 * (np.ptp(seen) + 1), seen.max() + 10 * (np.ptp(seen) + 1)]
    parts = [np.quantile(seen, np.linspace(0, 1, 20)), np.array(ends)]
    if thresholds is not None:
        finite = thresholds[np.isfinite(thresholds)]
        parts.append(random.choice(finite, min(VALUES, len(finite)), replace=False))
    return np.unique(np.concatenate(parts))
