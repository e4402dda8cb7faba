"""Many p-values joined to one by their harmonic mean (Wilson 2019): a single very small one decides, however many ordinary ones stand beside it.

The mean of the logs (Fisher's way) asks for many that are a little small; so thirteen ordinary columns, or seven detectors that see nothing, drown what one says.
The mean need not be a p-value itself: it is a score, and its p-value is learned from held-out rows.
"""

from __future__ import annotations

import numpy as np

from etabli.estimators.recipes import log_sum_exp, number
from etabli.graph.graph import Graph
from etabli.records import Array


def joined(logs: Array) -> Array:
    """[rows, 1]: minus the log of the harmonic mean of p-values, given as minus their logs [rows, n]."""
    top = logs.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(logs - top).sum(axis=1, keepdims=True)) + top - np.log(logs.shape[1]))


def write_joined(graph: Graph, logs: str, columns: int) -> str:
    """The same as nodes."""
    return graph.op("Sub", log_sum_exp(graph, logs), number(graph, np.log(columns)))
