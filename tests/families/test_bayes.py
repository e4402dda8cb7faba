"""Bayesian models against posteriors that are known: a grid of the variances, the conjugate formula, the shrinkage of balanced groups."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.families import drawn, pooled
from etabli.families.bayeslinear import BayesLinear
from etabli.families.hierarchical import Hierarchical
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.records import Data, Feature, Setting, Wants


def never():
    return False


def linear(rows=60, columns=4, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    y = x @ np.linspace(-0.5, 1.0, columns) + 0.8 * random.normal(size=rows)
    return Data(x, (y - y.mean()) / y.std(), tuple(Feature(f"x{j}", (f"x{j}",)) for j in range(columns)), "regression")


def by_grid(data):
    """(mean, deviation) of the weights: the conjugate posterior, averaged over a fine grid of both deviations with their half-normal priors."""
    x = np.hstack([data.x, np.ones((len(data.y), 1))])
    block = np.append(np.zeros(data.x.shape[1], int), -1)
    found = []
    for tau in np.linspace(0.02, 3, 120):
        for sigma in np.linspace(0.2, 2, 120):
            prior = np.where(block < 0, pooled.WIDE**2, tau**2)
            covariance = (x * prior) @ x.T + sigma**2 * np.eye(len(x))
            evidence = -0.5 * (np.linalg.slogdet(covariance)[1] + data.y @ np.linalg.solve(covariance, data.y))
            mean, spread = pooled.given(x.T @ x, x.T @ data.y, 1 / prior, sigma**2)
            found.append((evidence - tau**2 / 2 - sigma**2 / 2, mean, spread.diagonal()))
    weight = np.exp(np.array([one[0] for one in found]) - max(one[0] for one in found))
    weight /= weight.sum()
    means, variances = np.array([one[1] for one in found]), np.array([one[2] for one in found])
    mean = weight @ means
    return mean, np.sqrt(weight @ (variances + (means - mean) ** 2))


def test_draws_are_those_of_the_known_posterior():
    data = linear()
    fitted = BayesLinear().fit(Setting("bayeslinear", {"method": "nuts", "errors": "normal"}, Wants()), data, never)
    weights = fitted.arrays["weights"][:, 0]
    mean, spread = by_grid(data)
    error = spread / np.sqrt(drawn.DRAWS)
    assert fitted.arrays["rhat"] < 1.05
    assert np.abs((weights.mean(axis=1) - mean) / error).max() < 4
    assert weights.std(axis=1) == pytest.approx(spread, rel=0.25)


def test_a_known_variance_shrinks_groups_by_the_formula():
    """Balanced groups of m rows: the effect is m / (m + noise / variance) of the group's mean (Gelman & Hill 2007, ch. 12)."""
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(6.0), 5)
    y = random.normal(size=30) + group
    x = (group[:, None] == np.arange(6)).astype(float)
    mean, covariance = pooled.given(x.T @ x, x.T @ y, np.full(6, 1 / 0.5), 0.9)
    share = 5 / (5 + 0.9 / 0.5)
    assert mean == pytest.approx(share * y.reshape(6, 5).mean(axis=1)) and covariance.diagonal() == pytest.approx(0.5 * (1 - share))


def grouped(rows=600, levels=40, seed=2):
    random = np.random.default_rng(seed)
    effect = 2.0 * random.normal(size=levels)
    group = np.floor(levels * random.random(rows) ** 2)
    x = np.column_stack([random.normal(size=rows), group])
    x[:5, 0] = np.nan
    y = 5 + np.nan_to_num(x[:, 0]) + effect[group.astype(int)] + random.normal(size=rows)
    return Data(x, y, (Feature("a", ("a",)), Feature("g", ("g",), levels + 1)), "regression"), effect


@pytest.mark.parametrize("method", ["laplace", "nuts"])
def test_variances_are_found_and_an_unseen_level_is_unsure_by_them(method):
    data, effect = grouped()
    member = Hierarchical()
    fitted = member.fit(Setting("hierarchical", {"method": method, "slopes": 0}, Wants()), data, never)
    rows = np.array([[0.0, 1.0], [0.0, 0.5], [0.0, np.nan]])
    graph = Graph()
    x = graph.input("X", "double", (None, 2))
    outputs = {"raw": (member.write(fitted, graph, x), "double", None), "deviation": (member.deviation(fitted, graph, x), "double", None)}
    got = run(graph.model(outputs), {"X": rows})
    assert got["deviation"] == pytest.approx(drawn.deviation(rows, fitted.arrays), rel=1e-12)
    assert got["raw"][0, 0] == pytest.approx(5 + effect[1], abs=0.6)
    assert got["raw"][1, 0] == got["raw"][2, 0] == pytest.approx(5, abs=1.5)
    assert got["deviation"][0, 0] == pytest.approx(1.0, rel=0.12)
    assert got["deviation"][1, 0] == pytest.approx(np.sqrt(1 + effect.var()), rel=0.25)


def test_a_stop_leaves_the_normal_approximation():
    data = linear()
    fitted = BayesLinear().fit(Setting("bayeslinear", {"method": "nuts", "errors": "normal"}, Wants()), data, lambda: True)
    assert np.isnan(fitted.arrays["rhat"])
    mean, _ = by_grid(data)
    assert np.abs(fitted.arrays["weights"][:, 0].mean(axis=1) - mean).max() < 0.05
