"""What a head computes in the file is what the judge measured, to 1e-6, for tables of any shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge import conformal, novelty, sets
from etabli.judge.calibrators import fitting
from etabli.judge.metrics import probabilities
from tests.judge.heads import run_head
from tests.promises.written import differences, scores

BOUND = 1e-6
EXAMPLES = settings(max_examples=15, deadline=None)
LEVEL = st.floats(0.01, 0.999)
ROWS = st.integers(60, 400)
SEED = st.integers(0, 2**31)


def same(got: np.ndarray, told: np.ndarray) -> None:
    """Equal to 1e-6 of a value's own size, infinities in the same places."""
    assert got.shape == told.shape
    np.testing.assert_array_equal(np.isinf(got), np.isinf(told))
    fine = np.isfinite(told)
    np.testing.assert_allclose(got[fine], told[fine], rtol=BOUND, atol=BOUND)


@pytest.mark.parametrize(
    "kind", fitting("binary") + tuple(k for k in fitting("multiclass") if k not in fitting("binary")), ids=lambda k: k.name
)
@pytest.mark.parametrize("weighted", [False, True])
@EXAMPLES
@given(n=ROWS, seed=SEED)
def test_calibrators(kind, weighted, n, seed):
    for classes in [c for c, task in ((2, "binary"), (4, "multiclass")) if task in kind.tasks]:
        y, S, weight, new = scores(n, classes, seed)
        learned = kind.fit(y, S, weight / weight.mean() if weighted and kind.weighted else None)
        answer, _ = run_head(
            lambda graph, learned=learned, c=classes: {"s": (learned.write(graph, "S"), "double", 1 if c == 2 else c)}, S=new
        )
        same(answer["s"], learned.apply(new))


@pytest.mark.parametrize("kind", conformal.KINDS)
@pytest.mark.parametrize("weighted", [False, True])
@EXAMPLES
@given(n=ROWS, seed=SEED, level=LEVEL)
def test_intervals(kind, weighted, n, seed, level):
    rng = np.random.default_rng(seed)
    p = rng.normal(size=(2 * n, 1)) * 10.0 ** rng.integers(-3, 6)
    if seed % 3 == 0:
        p = np.round(p, 1)
    y = p[:n, 0] + rng.standard_t(3, n) * (1 + np.abs(p[:n, 0]))
    learned = conformal.fit(kind, y, p[:n], rng.uniform(0.2, 5, n) if weighted else None)

    def write(graph):
        low, high = learned.write(graph, "p", "confidence")
        return {"low": (low, "double", 1), "high": (high, "double", 1)}

    answer, _ = run_head(write, p=p[n:], confidence=np.array(level))
    low, high = learned.apply(p[n:], level)
    same(answer["low"], low)
    same(answer["high"], high)


@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@EXAMPLES
@given(n=ROWS, seed=SEED, level=LEVEL, classes=st.integers(2, 6))
def test_sets(by_class, weighted, n, seed, level, classes):
    y, S, weight, new = scores(n, classes, seed)
    learned = sets.fit(y, S, classes, by_class, weight if weighted else None)
    P = probabilities(new)
    answer, _ = run_head(lambda graph: {"in": (learned.write(graph, "P", "confidence"), "bool", classes)}, P=P, confidence=np.array(level))
    np.testing.assert_array_equal(answer["in"], learned.apply(new, level))


@EXAMPLES
@given(n=ROWS, seed=SEED, columns=st.integers(1, 12))
def test_novelty(n, seed, columns):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(2 * n, columns)) @ rng.normal(size=(columns, columns))
    learned = novelty.fit(Z[:n], rng.permutation(n) % 5)
    answer, _ = run_head(lambda graph: {"p": (learned.write(graph, "Z"), "double", 1)}, Z=Z[n:])
    told = learned.apply(Z[n:])
    scored = learned.score(Z[n:])
    clear = np.abs(scored - learned.knots).min(axis=1) > 1e-9 * (1 + scored[:, 0])  # a score on a knot may round to either side
    same(answer["p"][clear], told[clear])


def test_the_figures_of_the_page_are_within_the_bound():
    """The heads that benchmarks/promises.md lists; twenty tables there, three here."""
    found = differences(range(3))
    assert len(found) >= 12 and max(found.values()) <= BOUND, found
