"""The answer that costs least, against enumeration; its graph; and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.errors import UsageError
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.judge import costs


def test_the_matrix_names_truth_and_answer() -> None:
    made = costs.matrix({"sick>healthy": 50, "healthy > sick": 2}, ("healthy", "sick"))
    assert made is not None and made.tolist() == [[0, 2], [50, 0]]
    assert costs.matrix({}, ("a", "b")) is None
    three = costs.matrix({"a>b": 5}, ("a", "b", "c"))
    assert three is not None and three.tolist() == [[0, 5, 1], [1, 0, 1], [1, 1, 0]]  # what is not named costs 1


@pytest.mark.parametrize("given", [{"sick": 1.0}, {"sik>healthy": 1.0}, {"sick>healthy": -1.0}, {"sick>healthy": float("nan")}])
def test_what_is_no_cost_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        costs.matrix(given, ("healthy", "sick"))


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_the_decision_is_the_cheapest_and_the_graph_makes_the_same(classes: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    P = random.dirichlet(np.ones(classes), 20)
    cost = random.uniform(0, 10, (classes, classes)) * (1 - np.eye(classes))
    S = P[:, 1:] if classes == 2 else P
    P = np.hstack([1 - S, S]) if classes == 2 else P
    chosen = costs.decide(S, cost)
    for row, answer in enumerate(chosen):
        each = [sum(P[row, truth] * cost[truth, a] for truth in range(classes)) for a in range(classes)]
        assert each[answer] <= min(each) + 1e-12
    graph = Graph()
    place = costs.write(graph, graph.input("P", "double", (None, classes)), cost)
    assert (run(graph.model({"place": (place, "int64", 1)}), {"P": P})["place"][:, 0] == chosen).all()


def test_costs_of_a_table() -> None:
    y, S = np.array([0, 0, 1, 1]), np.array([[0.3], [0.1], [0.2], [0.9]])
    cost = np.array([[0.0, 1.0], [4.0, 0.0]])  # answers 1 from a probability of 1 / 5
    assert costs.decide(S, cost).tolist() == [1, 0, 0, 1]  # at 0.2 both cost the same: the first
    assert costs.rows(y, S, cost).tolist() == [1, 0, 4, 0]
    assert costs.constant(y, cost) == 0.5  # always 1
    assert costs.decide(S, None).tolist() == [0, 0, 0, 1]
