"""The learning curve: a power law is found again, the interval holds what twice the rows gain, and nothing is promised that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.judge.learning import EXPONENTS, curve, power_law, said

SIZES = np.array([100.0, 200.0, 400.0, 800.0])


@given(a=st.floats(0, 2), b=st.floats(0.1, 50), c=st.sampled_from(EXPONENTS.tolist()))
def test_a_power_law_is_found_again(a: float, b: float, c: float) -> None:
    loss = a + b * SIZES**-c
    found = power_law(SIZES, loss)[0]
    assert found[0] + found[1] * SIZES ** -found[2] == pytest.approx(loss, rel=1e-3)
    assert found[0] + found[1] * 1600 ** -found[2] == pytest.approx(a + b * 1600**-c, rel=0.02)


@given(st.lists(st.floats(0.01, 5), min_size=4, max_size=4))
def test_whatever_was_measured_the_fit_falls_and_stays_above_nothing(loss: list[float]) -> None:
    a, b, c = power_law(SIZES, np.array(loss))[0]
    assert a >= 0 and b >= 0 and EXPONENTS[0] <= c <= EXPONENTS[-1]


def least_squares(rows: int, seed: int, columns: int = 20, folds: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sizes, losses [n, 4], fold) of linear regressions with `columns` columns and noise 1, learned from parts of the other folds."""
    rng = np.random.default_rng(seed)
    x, fold = rng.normal(size=(rows, columns)), rng.permutation(rows) % folds
    y = x @ np.full(columns, 0.3) + rng.normal(size=rows)
    losses = np.empty((rows, 4))
    for k in range(folds):
        train = rng.permutation(np.flatnonzero(fold != k))
        for place, share in enumerate((1 / 8, 1 / 4, 1 / 2, 1)):
            part = train[: int(share * len(train))]
            beta = np.linalg.lstsq(x[part], y[part], rcond=None)[0]
            losses[fold == k, place] = (y[fold == k] - x[fold == k] @ beta) ** 2
    return rows * (1 - 1 / folds) * np.array([1 / 8, 1 / 4, 1 / 2, 1]), losses, fold


def test_the_interval_holds_what_twice_the_rows_gain() -> None:
    """Least squares of p columns on n rows with noise 1 loses 1 + p / (n - p - 1): known without asking."""
    held, rows = 0, 600
    for seed in range(40):
        sizes, losses, fold = least_squares(rows, seed)
        found, n = curve(sizes, losses, fold, seed=seed), rows * 0.8
        held += found.gain_low <= 20 / (n - 21) - 20 / (2 * n - 21) <= found.gain_high
    assert held >= 36  # 95 % asked


def test_a_flat_curve_does_not_ask_for_rows_and_a_steep_one_does() -> None:
    flat = curve(*least_squares(4_000, 1, columns=5))
    assert said(flat, lead=0.45) == "little"
    steep = curve(*least_squares(200, 1, columns=15))
    assert said(steep, lead=1.35) in ("helps", "unknown") and steep.gain > flat.gain


def test_groups_are_drawn_whole() -> None:
    """A group of equal rows is one row."""
    sizes, losses, fold = least_squares(300, 3)
    once = curve(sizes, losses, fold)
    many = curve(sizes, np.repeat(losses, 4, 0), np.repeat(fold, 4), np.repeat(np.arange(300), 4))
    alone = curve(sizes, np.repeat(losses, 4, 0), np.repeat(fold, 4))
    width = [float((one.high - one.low)[-1]) for one in (once, many, alone)]
    assert width[1] == pytest.approx(width[0], rel=0.15) and width[1] > width[2]
