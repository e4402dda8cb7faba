from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
    f_classif,
    f_regression,
)
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures, SplineTransformer

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, BINARY, _ = data()


@pytest.mark.parametrize("encode", ["ordinal", "onehot", "onehot-dense"])
@pytest.mark.parametrize("strategy", ["uniform", "quantile", "kmeans"])
def test_bins_at_their_edges(encode, strategy):
    extra = {"quantile_method": "averaged_inverted_cdf"} if strategy == "quantile" else {}
    binner = KBinsDiscretizer([2, 3, 5, 4, 8], encode=encode, strategy=strategy, **extra).fit(X[:300])
    rows = [X]
    for shift in (-np.inf, 0, np.inf):
        edges = X[:20].copy()
        for j, at in enumerate(binner.bin_edges_):
            at = np.resize(at, 20)
            edges[:, j] = at if shift == 0 else np.nextafter(at, shift)
        rows.append(edges)
    rows = np.vstack(rows)
    _, found = ran(binner, rows)
    theirs = binner.transform(rows)
    assert np.array_equal(found["values"], theirs.toarray() if encode == "onehot" else theirs)


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "periodic"])
@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_splines(extrapolation, degree, bias):
    transformer = SplineTransformer(5, degree=degree, extrapolation=extrapolation, include_bias=bias, knots="quantile").fit(X[:, [0, 1, 4]])
    edges = np.column_stack([part.t for part in transformer.bsplines_])
    agrees(transformer, np.vstack([X[:, [0, 1, 4]], edges, X[:10, [0, 1, 4]] * 3]))


def test_splines_inside_only_and_missing_as_zeros():
    transformer = SplineTransformer(4, extrapolation="error").fit(X)
    agrees(transformer, X)
    _, found = ran(transformer, X[:4] + 1e6)
    assert np.isnan(found["values"]).all()
    holes = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
    for extrapolation in ("constant", "linear", "continue", "periodic"):
        agrees(SplineTransformer(4, extrapolation=extrapolation, handle_missing="zeros").fit(holes), holes)
    with pytest.raises(Refused, match="degree=0"):
        ran(SplineTransformer(4, degree=0).fit(X), X)


@pytest.mark.parametrize("degree", [1, 2, 3, (2, 3), (0, 2), (3, 4)])
@pytest.mark.parametrize("crossed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_polynomials_are_equal_bit_for_bit(degree, crossed, bias):
    transformer = PolynomialFeatures(degree, interaction_only=crossed, include_bias=bias).fit(X)
    _, found = ran(transformer, X)
    assert np.array_equal(found["values"], transformer.transform(X))


@pytest.mark.parametrize(
    "selector",
    [
        SelectKBest(f_regression, k=2),
        SelectPercentile(f_regression, percentile=50),
        VarianceThreshold(0.5),
        SelectFromModel(LinearRegression()),
        RFE(LinearRegression(), n_features_to_select=3),
        SequentialFeatureSelector(LinearRegression(), n_features_to_select=2, cv=2),
    ],
)
def test_selection(selector):
    selector.fit(X, Y)
    _, found = ran(selector, X)
    assert np.array_equal(found["values"], selector.transform(X))


def test_selection_of_nothing_is_refused():
    selector = SelectKBest(f_classif, k=0).fit(X, BINARY)
    with pytest.raises(Refused, match="no column"):
        ran(selector, X)
