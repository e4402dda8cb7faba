"""onnxruntime drops a product with one constant within 1e-8 of 1: the builder writes such products so that they stay."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.graph.graph import Graph
from etabli.graph.run import run


@pytest.mark.parametrize("gap", [1e-6, 9e-9, -9e-9, 1e-9, 1e-12, 0.0])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 3)])
@pytest.mark.parametrize("op", ["Mul", "Div", "turned Mul", "turned Div"])
def test_a_factor_near_one_counts(gap: float, shape: tuple[int, ...], op: str) -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    constant = np.full(shape, 1 + gap)
    graph = Graph()
    inner = graph.op("Abs", graph.input("X", "double", (None, 3)))
    factor = graph.const(constant)
    made = graph.op(op.split()[-1], *((factor, inner) if op.startswith("turned") else (inner, factor)))
    got = run(graph.model({"y": (graph.op("Neg", made), "double", 3)}), {"X": x})["y"]
    a, b = (constant, np.abs(x)) if op.startswith("turned") else (np.abs(x), constant)
    assert np.array_equal(got, -(a * b if op.endswith("Mul") else a / b))
