"""Gaussian processes against scikit-learn and the formulas of FITC; bits and deviations of the file."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.families import fixed, gp, marginal
from etabli.families.distances import grid, table, whole
from etabli.families.gp import Gp, deviation, write_deviation
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.records import Data, Facts, Setting, Wants


def never():
    return False


def at_once():
    return True


def made(rows=120, columns=3, seed=0, noise=0.2):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    return x, 50 + 7 * (np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] + noise * random.normal(size=rows))


def fitted(x, y, kernel="matern", points=1_000, weight=None, stop=never):
    setting = Setting("gp", {"kernel": kernel, "points": points}, Wants())
    return Gp().fit(setting, Data(x, y, (), "regression", weight=weight), stop)


def theirs(model, kernel, x, y, unsure=1.0):
    """scikit-learn's process with the lengths, signal and noise that were found, of the standardised target."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern

    kept = model.arrays
    lengths = 1 / (kept["factors"] * kept["unit"])
    shape = RBF(lengths) if kernel == "rbf" else Matern(lengths, nu=1.5)
    signal, noise = float(kept["signal"] / kept["scale"] ** 2), float(kept["noise"] / kept["scale"] ** 2)
    process = GaussianProcessRegressor(ConstantKernel(signal) * shape, alpha=noise * unsure, optimizer=None)
    return process.fit(x, (y - float(kept["centre"])) / float(kept["scale"])), noise


@pytest.mark.parametrize("kernel", ["matern", "rbf"])
def test_likelihood_and_gradient_equal_scikit_learn(kernel):
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

    x, y = made()
    y = (y - y.mean()) / y.std()
    theta = np.log([1.3, 0.7, 4.0, 1.5, 0.05])
    shape = RBF([1.0] * 3) if kernel == "rbf" else Matern([1.0] * 3, nu=1.5)
    process = GaussianProcessRegressor(ConstantKernel() * shape + WhiteKernel(), alpha=0.0, optimizer=None).fit(x, y)
    value, gradient = process.log_marginal_likelihood(theta[[3, 0, 1, 2, 4]], eval_gradient=True)
    mine, slope = marginal.likelihood(theta, x, y, np.ones(len(y)), marginal.SHAPES[kernel])
    assert np.isclose(mine, value, rtol=1e-9) and np.allclose(slope[[3, 0, 1, 2, 4]], gradient, rtol=1e-6, atol=1e-7)


def test_search_climbs_and_finds_the_columns_that_matter():
    x, y = made(300, 5)
    y = (y - y.mean()) / y.std()
    lengths, signal, noise = marginal.search(x, y, np.ones(300), marginal.SHAPES["matern"], never)
    assert lengths[0] < lengths[1] < lengths[2:].min() and 0.2 < np.sqrt(noise) / 0.22 < 1.8
    middle = np.exp(np.sqrt(2.0)) * np.sqrt(5)
    found, start = (
        marginal.likelihood(np.log([*values]), x, y, np.ones(300), marginal.SHAPES["matern"])[0]
        for values in ([*lengths, signal, noise], [middle] * 5 + [1.0, 0.1])
    )
    assert found > start + 20


@pytest.mark.parametrize("kernel", ["matern", "rbf"])
@pytest.mark.parametrize("weighted", [False, True])
def test_prediction_and_deviation_equal_scikit_learn(kernel, weighted):
    x, y = made()
    new = made(60, seed=1)[0] * 2
    weight = np.random.default_rng(3).integers(1, 4, len(y)).astype(float) if weighted else None
    model = fitted(x, y, kernel, weight=weight)
    unsure = np.ones(len(y)) if weight is None else weight.mean() / weight
    process, noise = theirs(model, kernel, x, y, unsure)
    scale, centre = float(model.arrays["scale"]), float(model.arrays["centre"])
    mean, spread = process.predict(new, return_std=True)
    assert np.allclose(model.native(new)[:, 0], mean * scale + centre, atol=2e-4 * scale)
    assert np.allclose(deviation(model.arrays, new)[:, 0], np.sqrt(spread**2 + noise) * scale, rtol=2e-4)


def test_inducing_points_are_fitc(monkeypatch):
    """Against the formulas with dense matrices (Quinonero-Candela & Rasmussen 2005, section 6)."""
    monkeypatch.setattr(gp, "EXACT", 50)
    monkeypatch.setattr(gp, "BLOCK", 64)
    x, y = made(300)
    new = made(40, seed=1)[0]
    model = fitted(x, y, points=40)
    kept = model.arrays
    scale, signal = float(kept["scale"]), float(kept["signal"] / kept["scale"] ** 2)
    noise = float(kept["noise"] / kept["scale"] ** 2)
    unit, points = float(kept["unit"]), kept["points"][:-2].T / -2.0
    assert points.shape == (40, 3)

    def k(a, b):
        return signal * marginal.SHAPES["matern"](unit**2 * ((a[:, None] - b) ** 2).sum(axis=2))[0]

    q, asked = whole(x, kept), whole(new, kept)
    inner = k(points, points) + signal * gp.JITTER * np.eye(40)
    known = k(q, points) @ np.linalg.solve(inner, k(points, q))
    covariance = known + np.diag(signal - np.diag(known) + noise)
    cross = k(asked, points) @ np.linalg.solve(inner, k(points, q))
    mean = cross @ np.linalg.solve(covariance, (y - y.mean()) / scale) * scale + y.mean()
    variance = signal - (cross * np.linalg.solve(covariance, cross.T).T).sum(axis=1) + noise
    assert np.allclose(model.native(new)[:, 0], mean, atol=1e-4 * scale)
    assert np.allclose(deviation(kept, new)[:, 0], np.sqrt(variance) * scale, rtol=1e-4)
    full = fitted(x, y, points=300)  # every row a point of its own: the exact process
    monkeypatch.setattr(gp, "EXACT", 1_000)
    assert np.allclose(full.native(new), fitted(x, y).native(new), atol=1e-3 * scale)


@pytest.mark.parametrize("kernel", ["matern", "rbf"])
def test_graph_is_equal_bit_for_bit_and_gives_the_deviation(kernel):
    x, y = made(200, noise=0.0)
    x[100:110] = x[:10]
    model = fitted(x, y, kernel)
    rows = np.vstack([x, x + 1e-9, made(500, seed=2)[0] * 3, 1e300 * x[:3], -1e9 * x[:3]])
    graph = Graph()
    inlet = graph.input("X", "double", (None, 3))
    raw, spread = Gp().write(model, graph, inlet), write_deviation(graph, inlet, model.arrays)
    built = graph.model({"raw": (raw, "double", 0), "deviation": (spread, "double", 0)})
    got = run(built, {"X": rows})
    assert np.array_equal(got["raw"], model.native(rows)) and np.isfinite(got["raw"]).all()
    assert np.allclose(got["deviation"], deviation(model.arrays, rows), rtol=1e-9)
    alone = np.concatenate([run(built, {"X": rows[i : i + 1]})["raw"] for i in range(20)])
    assert np.array_equal(alone, got["raw"][:20])


@pytest.mark.parametrize(("kernel", "shape"), [("matern", fixed.MATERN), ("rbf", fixed.RBF)])
def test_whole_kernels_are_the_kernels(kernel, shape):
    kept = grid(np.ones(1), 64.0) | {"shape": np.array(shape), "powers": fixed.powers()}
    kept["points"] = table(np.zeros((1, 1)))
    x = np.concatenate([np.linspace(0, 64, 5_001), 10.0 ** np.arange(-6, 0)])[:, None]
    q = whole(x, kept)
    got = fixed.kernels(q, kept)
    assert np.array_equal(got, np.rint(got)) and got[0, 0] == fixed.ONE
    expected = marginal.SHAPES[kernel]((q * float(kept["unit"])) ** 2)[0]
    assert np.abs(got / fixed.ONE - expected).max() < 2e-9


def test_digits_add_up_exactly():
    random = np.random.default_rng(0)
    weights = random.normal(size=fixed.MOST) * 10.0 ** random.uniform(-6, 4, fixed.MOST)
    number, unit = fixed.digits(weights)
    again = number @ (unit * fixed.ONE / fixed.DIGIT ** np.arange(1, 5))
    assert np.abs(again - weights).max() < 2.0**-47 * np.abs(weights).max()
    kernel = np.full((1, fixed.MOST), fixed.ONE)
    assert (np.abs(kernel) @ np.abs(number)).max() < 2.0**53  # no partial sum is rounded
    order = random.permutation(fixed.MOST)
    mixed = np.rint(random.random((5, fixed.MOST)) * fixed.ONE)
    assert np.array_equal(fixed.combine(mixed, number, unit), fixed.combine(mixed[:, order], number[order], unit))
    assert np.allclose(fixed.combine(mixed, number, unit)[:, 0], mixed @ weights / fixed.ONE, rtol=1e-9, atol=1e-7)


def test_deviation_covers():
    x, y = made(400)
    new, truth = made(1_000, seed=5)
    model = fitted(x[:200], y[:200])
    inside = np.abs(truth - model.native(new)[:, 0]) < 1.645 * deviation(model.arrays, new)[:, 0]
    assert 0.83 < inside.mean() < 0.97
    far = deviation(model.arrays, np.full((1, 3), 1e6))
    assert np.isclose(far**2, model.arrays["signal"] + model.arrays["noise"])


def test_sharp_function_is_learned_better_than_by_a_line():
    x, y = made(400, noise=0.05)
    new, truth = made(300, seed=5, noise=0.0)
    residual = truth - fitted(x, y).native(new)[:, 0]
    slope = np.column_stack([new, np.ones(300)]) @ np.linalg.lstsq(np.column_stack([x, np.ones(400)]), y, rcond=None)[0]
    assert residual.var() < 0.1 * (truth - slope).var()


def test_stop_leaves_a_model_and_constants_are_learned(monkeypatch):
    monkeypatch.setattr(gp, "EXACT", 100)
    monkeypatch.setattr(gp, "BLOCK", 50)
    x, y = made(300)
    model = fitted(x, y, points=30, stop=at_once)
    assert np.isfinite(model.native(x)).all() and np.corrcoef(model.native(x)[:, 0], y)[0, 1] > 0.5
    assert np.allclose(fitted(x[:20], np.full(20, 3.5)).native(x), 3.5)


def test_bits_do_not_depend_on_threads():
    from dataclasses import replace

    x, y = made(150)
    setting = Gp().settings(Facts("regression", 0, 150, 3))[0]
    data = Data(x, y, (), "regression")
    one, two = (Gp().fit(setting, replace(data, threads=threads), never) for threads in (1, 2))
    assert np.array_equal(one.native(x), two.native(x))
