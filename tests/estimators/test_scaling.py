from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from etabli.estimators import Refused, transformed
from etabli.estimators.blocks import block
from etabli.graph.graph import Graph
from etabli.graph.run import run
from tests.estimators.oracle import agrees, data, near, ran

X = data()[0]
HOLES = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)


def bits(estimator, x):
    _, found = ran(estimator, x)
    assert np.array_equal(found["values"], estimator.transform(x), equal_nan=True)


@pytest.mark.parametrize(
    "scaler",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler((-1, 3)),
        MinMaxScaler(clip=True),
        MaxAbsScaler(),
        RobustScaler(),
        RobustScaler(with_centering=False, unit_variance=True),
    ],
)
def test_scalers_are_equal_bit_for_bit(scaler):
    scaler.fit(HOLES[:200])
    bits(scaler, HOLES)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_normalizer(norm):
    rows = np.vstack([X, np.zeros((1, 5)), np.full((1, 5), 1e-200), np.full((1, 5), 1e-16)])
    agrees(Normalizer(norm=norm).fit(rows), rows)


def test_binarizer_at_its_threshold():
    rows = np.vstack([X, np.full((1, 5), 0.5), np.full((1, 5), np.nextafter(0.5, 1))])
    bits(Binarizer(threshold=0.5).fit(rows), rows)


def test_powers():
    agrees(PowerTransformer().fit(HOLES), HOLES)
    agrees(PowerTransformer(standardize=False).fit(X), X)
    positive = np.abs(HOLES) + 1e-3
    agrees(PowerTransformer(method="box-cox").fit(positive), positive)


@pytest.mark.parametrize("power", [0.0, 2.0, 1.0, -1.5, 3.0])
def test_yeo_johnson_at_its_special_powers(power):
    tiny = np.array([0.0, -0.0, 1e-300, -1e-300, 1e-12, -1e-12, 1e-5, -1e-5, 0.3, -0.3, 7.0, -7.0, 1e3, -1e3, np.nan])[:, None]
    transformer = PowerTransformer(standardize=False).fit(X[:, :1])
    transformer.lambdas_ = np.array([power])
    _, found = ran(transformer, tiny)
    assert np.allclose(found["values"], transformer.transform(tiny), rtol=1e-14, atol=0, equal_nan=True)


@pytest.mark.parametrize("count", [7, 100])
def test_uniform_quantiles_are_equal_bit_for_bit(count):
    transformer = QuantileTransformer(n_quantiles=count).fit(HOLES[:200])
    edges = transformer.quantiles_
    beside = np.vstack([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), edges[:1] - 5, edges[-1:] + 5])
    bits(transformer, np.vstack([HOLES, beside]))


def test_normal_quantiles_with_repeated_and_constant_columns():
    rows = np.column_stack([X, np.round(X[:, 0]), np.full(len(X), 3.0)])
    for output in ("normal", "uniform"):
        transformer = QuantileTransformer(n_quantiles=50, output_distribution=output).fit(rows[:200])
        edges = transformer.quantiles_
        beside = np.vstack([edges, edges + 1e-8, edges - 1e-8, np.nextafter(edges, np.inf), edges[:1] - 5, edges[-1:] + 5])
        agrees(transformer, np.vstack([rows, beside]))


def test_another_width_is_refused():
    graph = Graph()
    x = graph.input("X", "double", (None, 3))
    with pytest.raises(Refused, match="5 columns"):
        transformed(StandardScaler().fit(X), graph, block(x, 3))


def test_normal_quantile_over_the_whole_range():
    from scipy.stats import norm

    from etabli.estimators.functions import ndtri

    p = np.concatenate([10.0 ** -np.linspace(0.1, 11, 300), 1 - 10.0 ** -np.linspace(0.1, 11, 300), [0.5, np.exp(-2), 1 - np.exp(-2)]])[
        :, None
    ]
    graph = Graph()
    model = graph.model({"y": (ndtri(graph, graph.input("X")), "double", 1)})
    near(run(model, {"X": p})["y"], norm.ppf(p), 1e-15)
