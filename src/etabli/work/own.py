"""The interval that a model's own deviation makes, held against what is true of rows it did not see.

A Bayesian model or a Gaussian process says how sure it is by itself: answer +- 1.645 deviations holds 90 % of new values if the model is right. Whether it is
can be measured: each fold's model is asked for the deviations of the rows it did not learn from. The conformal interval stands beside it, measured on the same folds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.compose import Part
from etabli.records import PREPARED, Array
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
    """Of a winner all of whose members have a deviation (of several, that of their mixture); None otherwise. Rows are weighed where they have weights."""
    from etabli.data.feeds import feeds

    table, members = verdict.table, verdict.members
    if ground.material.target.task != "regression":
        return None
    share = np.array([member.count for member in members], float) / sum(member.count for member in members)
    hits, widths, weights = [], [], []
    order = np.argsort(table.rows)
    columns = [ground.material.table.column(name) for name in ground.material.used]
    for fold in sorted({fold for fold, part_ in standing.places[members[0].setting.hash] if part_ == 1.0}):
        rows = np.intersect1d(ground.scores.split.valid(fold), table.rows)
        at = order[np.searchsorted(table.rows[order], rows)]
        fed = feeds(ground.material.table, columns, rows, coded=True)
        answers = [_asked(part(ground, one.setting, standing.places[one.setting.hash][fold, 1.0]), fed) for one in members]
        known = [answer for answer in answers if answer is not None]
        if len(known) < len(answers):
            return None
        means, own_ = (np.stack([answer[place] for answer in known], axis=1) for place in (0, 1))
        mean = (means * share).sum(axis=1)
        deviation = np.sqrt((((means - mean[:, None]) ** 2 + own_**2) * share).sum(axis=1))
        hits.append(np.abs(table.y[at] - mean) <= WIDTH * deviation)
        widths.append(2 * WIDTH * deviation)
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


def _asked(fitted: Part, fed: Mapping[str, Any]) -> tuple[Array, Array] | None:
    """(answers, deviations) of those rows; None of a model without."""
    from etabli.graph.run import run, session

    ready = session(fitted.graph)
    if "deviation" not in [value.name for value in ready.get_outputs()]:
        return None
    made = run(ready, {"X": run(fitted.prepared_coded, fed)[PREPARED]})
    return made["score"][:, 0], made["deviation"][:, 0]
