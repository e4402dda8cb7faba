"""The elliptic envelope: outliers by their Mahalanobis distance from a robust centre (Rousseeuw & Van Driessen 1999)."""

from __future__ import annotations

from typing import Any

from etabli.estimators.answers import detector, matrix
from etabli.estimators.recipes import affine, number, total
from etabli.estimators.writing import Answer, Frame, writes
from etabli.graph.graph import Graph


@writes("sklearn.covariance._elliptic_envelope.EllipticEnvelope")
def envelope(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """The offset less the squared distance."""
    off = graph.op("Sub", matrix(estimator, graph, frame), number(graph, estimator.location_))
    far = total(graph, graph.op("Mul", affine(graph, off, estimator.get_precision()), off))
    return detector(estimator, graph, graph.op("Sub", graph.op("Neg", far), number(graph, estimator.offset_)))
