"""Discriminant analysis against scikit-learn."""

from __future__ import annotations

import pytest
from sklearn import discriminant_analysis

from tests.estimators.oracle import agrees, data

X, Y, TWO, THREE = data()
HELD = data(1000, seed=1)[0]


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize(
    "more", [dict(), dict(n_components=1), dict(solver="lsqr", shrinkage="auto"), dict(solver="eigen", shrinkage=0.1)], ids=str
)
def test_linear(more, y):
    made = agrees(discriminant_analysis.LinearDiscriminantAnalysis(**more).fit(X, y), HELD)
    assert (made.values is None) == (more.get("solver") == "lsqr")


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("more", [dict(), dict(reg_param=0.1), dict(solver="eigen", shrinkage=0.1)], ids=str)
def test_quadratic(more, y):
    agrees(discriminant_analysis.QuadraticDiscriminantAnalysis(**more).fit(X, y), HELD)
