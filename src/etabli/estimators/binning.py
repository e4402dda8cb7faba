"""KBinsDiscretizer: the place among the inner edges, by one search node for all columns; bit for bit.

`numpy.searchsorted(edges, x, side="right")` counts the edges at or below x, which is the number of edges' predecessors below x.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators.blocks import asked, block, in_double, number
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.graph.steps import one_hot, searchsorted


@writes("sklearn.preprocessing._discretization.KBinsDiscretizer")
def bins(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Ordinal, or one column a bin. A missing cell, which the library refuses, is NaN."""
    asked(estimator, frame.width)
    in_double(estimator, estimator.dtype)
    if estimator.encode not in ("ordinal", "onehot", "onehot-dense"):
        raise Refused(estimator, f"encode={estimator.encode!r} is not known")
    x = frame.matrix(graph, estimator)
    inner = [np.asarray(edges[1:-1], np.float64) for edges in estimator.bin_edges_]
    if any(len(np.unique(edges)) != len(edges) for edges in inner):
        raise Refused(estimator, "two of its edges are equal")
    place = searchsorted(graph, x, [np.nextafter(edges, -np.inf) for edges in inner])
    place = graph.op("Where", graph.op("IsNaN", x), number(graph, np.nan), place)
    if estimator.encode == "ordinal":
        return block(place, frame.width)
    counts = [int(count) for count in estimator.n_bins_]
    source = [feature for feature, count in enumerate(counts) for _ in range(count)]
    hot = one_hot(graph, place, source, [float(code) for count in counts for code in range(count)])
    taken = graph.op("Gather", place, graph.const(source, np.int64), axis=1)
    return block(graph.op("Add", hot, graph.op("Mul", taken, number(graph, 0.0))), len(source))
