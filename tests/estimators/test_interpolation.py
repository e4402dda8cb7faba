from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.estimators.interpolation import interp
from etabli.graph.graph import Graph
from etabli.graph.run import run


@settings(max_examples=60)
@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=9, unique=True), st.integers(0, 1000))
def test_lines_are_numpy_s_bit_for_bit(knots, seed):
    random = np.random.default_rng(seed)
    at = np.unique(np.array(knots))
    values = random.normal(size=len(at))
    beside = [at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf), random.uniform(at[0] - 1, at[-1] + 1, 20), [np.nan, 0.0, -0.0]]
    x = np.concatenate(beside)[:, None]
    graph = Graph()
    model = graph.model({"y": (interp(graph, graph.input("X"), at, values), "double", 1)})
    assert np.array_equal(run(model, {"X": x})["y"][:, 0], np.interp(x[:, 0], at, values), equal_nan=True)
