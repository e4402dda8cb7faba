"""scikit-learn's IsolationForest (Liu, Ting & Zhou 2008): how soon random splits isolate a row.

The depth at which a row ends, summed over the trees, is one TreeEnsemble whose leaves hold their depth (with the expected depth of what
they would still split), as scikit-learn computes it: equal bit for bit. The score -2^(-depth / expected) - offset is equal within rounding.
The label asks the depth itself: the smallest depth that scikit-learn calls an inlier is searched here with its own arithmetic, because rows
that lie exactly on the offset are common (it is a quantile of the training rows' scores).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators import sktrees
from etabli.estimators.answers import matrix
from etabli.estimators.writing import Answer, Frame, Part, writes
from etabli.graph import trees
from etabli.graph.graph import Graph


@writes("sklearn.ensemble._iforest.IsolationForest")
def isolation_forest(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """decision_function as raw and values; classes -1 (outlier) and 1."""
    from sklearn.ensemble._iforest import _average_path_length

    made, x = trees.Trees(), matrix(estimator, graph, frame)
    for number, (member, places) in enumerate(zip(estimator.estimators_, estimator.estimators_features_, strict=True)):
        shape = sktrees.branches(member.tree_)
        path, beyond = estimator._decision_path_lengths[number], estimator._average_path_length_per_tree[number]
        shape.add(made, path[shape.leaves] + beyond[shape.leaves] - 1.0, places=np.asarray(places, np.int64))
    depth = trees.write(graph, sktrees.rounded(graph, x), made.arrays(), 1)
    expected = float(len(estimator.estimators_) * _average_path_length([estimator._max_samples])[0])
    offset = float(estimator.offset_)
    share = (
        graph.op("Div", depth, graph.const(expected, np.float64))
        if expected
        else graph.op("Expand", graph.const([[1.0]]), graph.op("Shape", depth))
    )
    power = graph.op("Pow", graph.const(2.0, np.float64), graph.op("Neg", share))
    raw = graph.op("Sub", graph.op("Neg", power), graph.const(offset, np.float64))
    edge = _edge(expected, offset)
    label = graph.op("Cast", graph.op("GreaterOrEqual", depth, graph.const(edge, np.float64)), to=7)
    quiet = sktrees.alone(estimator)
    return Answer(raw, "identity", lambda rows: quiet.decision_function(rows)[:, None], classes=(-1, 1), label=label, values=Part(raw, 1))


def _edge(expected: float, offset: float) -> float:
    """The smallest summed depth that is no outlier."""

    def inlier(depth: float) -> bool:
        share = np.array([depth / expected if expected else 1.0])
        return bool((-(2 ** (-share)) - offset)[0] >= 0)

    low, high = 0.0, 1e6 * max(expected, 1.0)
    if inlier(low):
        return -1.0
    if not inlier(high):
        return float("inf")
    while np.nextafter(low, high) < high:
        middle = low + (high - low) / 2
        low, high = (low, middle) if inlier(middle) else (middle, high)
    return high
