"""PolynomialFeatures: each degree is the one before times a column, in the library's own order of products; bit for bit."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np

from etabli.estimators.blocks import asked, filled
from etabli.estimators.writing import Frame, Part, writes
from etabli.graph.graph import Graph


@writes("sklearn.preprocessing._polynomial.PolynomialFeatures")
def powers(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """The bias, then degree by degree."""
    asked(estimator, frame.width)
    least, most = estimator._min_degree, estimator._max_degree
    x = frame.matrix(graph, estimator)
    choose = combinations if estimator.interaction_only else combinations_with_replacement
    made = [Part(filled(graph, x, 1.0), 1)] if estimator.include_bias else []
    tensor = x
    places: dict[tuple[int, ...], int] = {(column,): column for column in range(frame.width)}
    for degree in range(1, most + 1):
        terms = list(choose(range(frame.width), degree))
        if not terms:
            break
        if degree > 1:  # (a, b, c) is (b, c) times a
            rest = graph.op("Gather", tensor, graph.const([places[term[1:]] for term in terms], np.int64), axis=1)
            tensor = graph.op("Mul", rest, graph.op("Gather", x, graph.const([term[0] for term in terms], np.int64), axis=1))
            places = {term: place for place, term in enumerate(terms)}
        if degree >= least:
            made.append(Part(tensor, len(terms)))
    return Frame(tuple(made))
