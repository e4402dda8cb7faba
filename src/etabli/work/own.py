"""The interval that a model's own deviation makes, held against what is true of rows it did not see.

A Bayesian model or a Gaussian process says how sure it is by itself: answer +- 1.645 deviations holds 90 % of new values if the model is right. Whether it is
can be measured: each fold's model is asked for the deviations of the rows it did not learn from. The conformal interval stands beside it, measured on the same folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.records import PREPARED
from etabli.work.compare import Ground
from etabli.work.fitted import part
from etabli.work.race import Standing
from etabli.work.verdict import Verdict

LEVEL, WIDTH = 0.9, 1.6448536269514722  # of a normal law, on either side


@dataclass(frozen=True)
class Own:
    """level: said. got: the share of held-out rows inside. width: the mean width of the intervals. rows: how many were asked."""

    level: float
    got: float
    width: float
    rows: int


def own(ground: Ground, verdict: Verdict, standing: Standing) -> Own | None:
    """Of a single winner that has a deviation; None otherwise. Rows are weighed where they have weights."""
    from etabli.data.feeds import feeds
    from etabli.graph.run import run, session

    table = verdict.table
    if ground.material.target.task != "regression" or len(verdict.members) != 1:
        return None
    setting, hits, widths, weights = verdict.members[0].setting, [], [], []
    order = np.argsort(table.rows)
    for (fold, share), place in sorted(standing.places[setting.hash].items()):
        if share != 1.0:
            continue
        done = part(ground, setting, place)
        ready = session(done.graph)
        if "deviation" not in [value.name for value in ready.get_outputs()]:
            return None
        rows = np.intersect1d(ground.scores.split.valid(fold), table.rows)
        at = order[np.searchsorted(table.rows[order], rows)]
        columns = [ground.material.table.column(name) for name in ground.material.used]
        x = run(done.prepared_coded, feeds(ground.material.table, columns, rows, coded=True))[PREPARED]
        made = run(ready, {"X": x})
        hits.append(np.abs(table.y[at] - made["score"][:, 0]) <= WIDTH * made["deviation"][:, 0])
        widths.append(2 * WIDTH * made["deviation"][:, 0])
        weights.append(np.ones(len(at)) if table.weight is None else table.weight[at])
    if not hits:
        return None
    weight = np.concatenate(weights)
    return Own(
        LEVEL,
        float(np.average(np.concatenate(hits), weights=weight)),
        float(np.average(np.concatenate(widths), weights=weight)),
        len(weight),
    )
