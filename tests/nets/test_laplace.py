"""Laplace's approximation against posteriors that are exact, the graph against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.nets import laplace
from etabli.nets.doubt import curvature


def made(rows=300, members=2, width=6, outputs=1, seed=0):
    """(features, weights of the last layer): a fixed map of random columns, as a trunk gives."""
    random = np.random.default_rng(seed)
    features = np.maximum(random.normal(size=(rows, 4)) @ random.normal(size=(members, 4, width)) + 0.5, 0).swapaxes(0, 1)
    return features, random.normal(size=(members, width + 1, outputs)) / 2


def with_one(features, member=0):
    return np.column_stack([features[:, member], np.ones(len(features))])


def written(kept, features):
    graph = Graph()
    x = graph.input("F", "double", (None, *features.shape[1:]))
    return run(graph.model({"v": (laplace.write_variance(graph, kept, x), "double", None)}), {"F": features})["v"]


def test_of_a_number_it_is_the_exact_posterior_of_the_linear_model() -> None:
    features, weights = made()
    weight = np.random.default_rng(1).integers(1, 4, len(features)).astype(float)
    noise = 0.3
    bent = curvature(features @ weights[0, :-1], "regression", noise)
    blocks = [(features[part], bent[part], weight[part]) for part in (slice(0, 120), slice(120, None))]
    kept = laplace.posterior(blocks, weights)
    assert kept["axes"].shape == (2, 7, 7)
    new = made(seed=3)[0][:40]
    for member in range(2):
        f, mine = with_one(features, member), with_one(new, member)
        f = np.repeat(f, weight.astype(int), axis=0)  # a row of weight three is three rows
        prior = 1 / kept["prior"][member]
        exact = np.linalg.inv(f.T @ f / noise + prior * np.eye(7))
        assert np.allclose(laplace.variance(kept, new)[:, member, 0], np.einsum("ri,ij,rj->r", mine, exact, mine), rtol=1e-9)


def test_the_prior_is_the_one_of_greatest_evidence() -> None:
    features, weights = made(members=1)
    kept = laplace.posterior([(features, curvature(features @ weights[0, :-1], "regression", 0.3), np.ones(len(features)))], weights)
    f = with_one(features)

    def evidence(prior):  # log p(rows | W) does not depend on it
        volume = np.linalg.slogdet(f.T @ f / 0.3 + prior * np.eye(7))[1]
        return 3.5 * np.log(prior) - prior * (weights**2).sum() / 2 - volume / 2

    found = float(1 / kept["prior"][0])
    assert evidence(found) > max(evidence(found * 1.01), evidence(found / 1.01))


def test_directions_that_no_row_determines_keep_the_prior() -> None:
    features, weights = made(members=1)
    features[:, :, 2] = 0.0  # a dead unit
    kept = laplace.posterior([(features, curvature(features[..., :1], "regression", 0.3), np.ones(len(features)))], weights)
    assert kept["axes"].shape[2] == 6
    near, far = laplace.variance(kept, np.stack([features[0], features[0] + 5 * (np.arange(6) == 2)]))[:, 0, 0]
    assert far == pytest.approx(near + 25 * kept["prior"][0])


def test_of_two_classes_it_inverts_the_hessian() -> None:
    features, weights = made(members=1)
    margins = features @ weights[0, :-1] + weights[0, -1]
    kept = laplace.posterior([(features, curvature(margins, "binary"), np.ones(len(features)))], weights)
    f = with_one(features)
    p = 1 / (1 + np.exp(-margins[:, 0, 0]))
    exact = np.linalg.inv((f * (p * (1 - p))[:, None]).T @ f + np.eye(7) / kept["prior"][0])
    assert np.allclose(laplace.variance(kept, features)[:, 0, 0], np.einsum("ri,ij,rj->r", f, exact, f), rtol=1e-9)


def test_of_several_classes_it_is_exact_where_all_rows_bend_alike() -> None:
    features, weights = made(members=1, outputs=3)
    bent = curvature(np.broadcast_to(np.array([0.3, -1.0, 0.5]), (300, 1, 3)), "multiclass")
    kept = laplace.posterior([(features, bent, np.ones(300))], weights)
    f = with_one(features)
    whole = np.linalg.inv(np.kron(f.T @ f, bent[0, 0]) + np.eye(21) / kept["prior"][0])
    middle = np.eye(3) - 1 / 3  # margins about their mean: the mean moves no probability
    for row in range(5):
        side = np.kron(f[row], middle)
        assert np.allclose(laplace.variance(kept, features)[row, 0], np.diag(side @ whole @ side.T), rtol=1e-9)


@pytest.mark.parametrize(("outputs", "task"), [(1, "regression"), (1, "binary"), (3, "multiclass")])
def test_the_graph_equals_numpy(outputs: int, task: str) -> None:
    features, weights = made(outputs=outputs, width=20)
    margins = np.stack([features[:, m] @ weights[m, :-1] + weights[m, -1] for m in range(2)], axis=1)
    kept = laplace.posterior([(features, curvature(margins, task), np.ones(len(features)))], weights)
    new = made(seed=5, width=20)[0] * 3
    ours = laplace.variance(kept, new)
    assert ours.shape == (300, 2, outputs) and ours.min() > 0
    assert np.allclose(written(kept, new), ours, rtol=1e-9)
