"""Isotonic regression against scikit-learn, at its thresholds, beside them and beyond them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from etabli.estimators import Refused
from tests.estimators.oracle import agrees, data, ran

X, Y, _, _ = data()


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("outside", ["clip", "nan"])
def test_at_and_around_every_threshold(outside, rounded):
    x = np.round(X[:, 0], 1) if rounded else X[:, 0]
    model = IsotonicRegression(out_of_bounds=outside).fit(x, Y)
    knots = model.X_thresholds_
    held = np.concatenate([knots, np.nextafter(knots, 9), np.nextafter(knots, -9), np.linspace(-6, 6, 500)])
    agrees(model, held[:, None])
    agrees(IsotonicRegression(increasing=False, out_of_bounds=outside).fit(x, -Y), held[:, None])


def test_raise_says_nothing_outside():
    model = IsotonicRegression(out_of_bounds="raise").fit(X[:, 0], Y)
    inside = np.linspace(model.X_min_, model.X_max_, 100)[:, None]
    agrees(model, inside)
    assert np.isnan(ran(model, inside + 100)[1]["raw"]).all()


def test_one_threshold_and_single_precision():
    agrees(IsotonicRegression(out_of_bounds="clip").fit([1.0, 1.0], [2.0, 4.0]), np.array([[0.0], [1.0], [5.0]]))
    for outside in ("clip", "nan"):
        model = IsotonicRegression(out_of_bounds=outside).fit(X[:, 0].astype(np.float32), Y.astype(np.float32))
        held = np.concatenate([np.linspace(-6, 6, 5000), model.X_thresholds_])[:, None]
        made, found = ran(model, held)
        assert np.array_equal(found["raw"], made.native(held), equal_nan=True)


def test_two_columns_are_refused():
    with pytest.raises(Refused, match="one column"):
        ran(IsotonicRegression().fit(X[:, 0], Y), X[:, :2])
