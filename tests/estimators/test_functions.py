from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn.preprocessing import FunctionTransformer

from etabli.estimators import Refused
from etabli.estimators.functions import UFUNCS, expm1, log1p
from etabli.graph.graph import Graph
from etabli.graph.run import run, session
from tests.estimators.oracle import data, ran

POINTS = np.array([0.0, -0.0, 1e-320, 1e-17, 1e-9, 0.3, 0.5, 1.0, 1.5, 2.5, 7.2, 300.0, 1e10, np.inf, np.nan])


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_every_function_is_the_library_s(name):
    function = getattr(np, name, None) or getattr(special, name)
    x = np.concatenate([POINTS, -POINTS, np.linspace(-3, 3, 50)])[:, None]
    _, found = ran(FunctionTransformer(function), x)
    with np.errstate(all="ignore"):
        theirs = function(x)
    if name in ("sin", "cos"):  # an absolute bound, and not for arguments whose period double no longer resolves
        kept = np.abs(x) < 1e3
        assert np.allclose(found["values"][kept], theirs[kept], rtol=0, atol=1e-15)
        return
    assert np.array_equal(np.isnan(found["values"]), np.isnan(theirs))
    assert np.allclose(found["values"], theirs, rtol=4e-15, atol=1e-300, equal_nan=True)


def _of(function):
    graph = Graph()
    return session(graph.model({"y": (function(graph, graph.input("X")), "double", 1)}))


LOG1P, EXPM1 = _of(log1p), _of(expm1)


@given(st.floats(-700, 700))
def test_expm1_within_few_ulp(x):
    assert np.isclose(run(EXPM1, {"X": np.array([[x]])})["y"][0, 0], np.expm1(x), rtol=1e-15, atol=0)


@given(st.one_of(st.floats(-0.999999, 1e300), st.floats(-1e-3, 1e-3)))
def test_log1p_within_few_ulp(x):
    assert np.isclose(run(LOG1P, {"X": np.array([[x]])})["y"][0, 0], np.log1p(x), rtol=1e-15, atol=0)


def test_identity_passes_and_any_other_function_is_refused():
    x = data()[0]
    _, found = ran(FunctionTransformer(), x)
    assert np.array_equal(found["values"], x)
    with pytest.raises(Refused, match="<lambda>"):
        ran(FunctionTransformer(lambda rows: rows + 1), x)
    with pytest.raises(Refused, match="arctan"):
        ran(FunctionTransformer(np.arctan), x)
    with pytest.raises(Refused, match="arguments"):
        ran(FunctionTransformer(np.exp, kw_args={"where": True}), x)
