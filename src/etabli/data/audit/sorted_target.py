"""A file sorted by its target. Sorting does no harm to a model that sees rows shuffled, and a great deal to anything that keeps the
order: a row number, a batch made of neighbouring rows, a split by blocks, a learning that takes rows as they come.

The target goes one way through the file (classes: each stands in one block). With the few rows of a short file this happens by chance with
the odds of one order among all, so from twenty rows on, and three values, it is no chance.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.time_order import candidate_times
from etabli.data.audit.view import View
from etabli.data.audit.words import words
from etabli.records import Finding

NEARLY = 0.999  # of the rows that follow another one


def find(view: View) -> Iterable[Finding]:
    """A note; a target that only ever grows along a time (a total) is left to `time_order`."""
    if view.target is None or view.y is None or view.y.size < 20:
        return
    y, known = view.y, np.unique(view.y)
    if known.size < 2 or y.size < 5 * (view.target.task != "regression") * known.size:
        return
    steps = np.diff(y)
    if view.target.task == "regression":
        moving = steps[steps != 0]
        share = max(float((moving > 0).mean()), float((moving < 0).mean()))
        if share < NEARLY or known.size < 10:
            return
    else:
        if int((steps != 0).sum()) != known.size - 1:
            return
        share = 1.0
    times = candidate_times(view.table, view.target, tuple(view.ignore))
    if times and view.target.task == "regression":
        return
    yield Finding(
        "sorted_target",
        (view.target.name,),
        words(
            "the file is sorted by {t}: whatever follows the order of the file tells it",
            "le fichier est trié par {t} : tout ce qui suit l'ordre du fichier la révèle",
            t=[view.target.name],
        ),
        words(
            "nothing to do for plain folds, rows are shuffled; --ignore COL for a column that numbers the rows",
            "rien à faire pour des plis au hasard, les lignes sont mélangées ; --ignore COL pour une colonne qui numérote les lignes",
        ),
        "note",
        {"share": share, "blocks": int((steps != 0).sum()) + 1},
    )
