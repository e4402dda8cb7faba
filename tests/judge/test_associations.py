"""All pairs at once: the properties of a measure of relation, the measure of one pair, and what chance shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.judge.associations import associations, missing_together, most_related, neighbours
from etabli.judge.cells import Cells
from etabli.judge.relations import related


def mixed(seed: int, rows: int = 300, gaps: float = 0.0) -> list[Cells]:
    """Three numbers, three categories; some related, some not."""
    rng = np.random.default_rng(seed)
    x, group = rng.normal(size=rows), rng.integers(0, 4, rows)
    made = [
        Cells("x", "number", x),
        Cells("falls", "number", -x + 0.3 * rng.normal(size=rows)),
        Cells("shift", "number", group + rng.normal(size=rows)),
        Cells("group", "category", group, tuple("abcd")),
        Cells("finer", "category", group * 3 + rng.integers(0, 3, rows), tuple("abcdefghijkl")),
        Cells("alone", "category", rng.integers(0, 5, rows), tuple("vwxyz")),
    ]
    holes = [rng.random(rows) < gaps for _ in made]
    return [
        Cells(c.name, c.kind, np.where(h, np.nan if c.levels is None else -1, c.values), c.levels) for c, h in zip(made, holes, strict=True)
    ]


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2]), st.permutations(range(6)))
@settings(max_examples=25, deadline=None)
def test_symmetric_within_0_and_1_and_the_same_in_any_order(seed, gaps, order):
    columns = mixed(seed, 120, gaps)
    found = associations(columns)
    for matrix in (found.strength, found.chance):
        assert (matrix == matrix.T).all() and ((matrix >= 0) & (matrix <= 1)).all()
    assert (np.diag(found.strength) == 1).all() and (np.diag(found.chance) == 0).all()
    turned = associations([columns[i] for i in order])
    assert np.allclose(turned.strength, found.taken(order).strength, atol=1e-12)
    assert (turned.sign == found.taken(order).sign).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_monotone_transforms_change_nothing_but_the_sign(seed):
    columns = mixed(seed, 120, 0.1)
    bent = [Cells(c.name, c.kind, np.exp(3 * c.values) if c.levels is None else c.values, c.levels) for c in columns]
    turned = [Cells(c.name, c.kind, -c.values if i == 0 else c.values, c.levels) for i, c in enumerate(columns)]
    found = associations(columns)
    assert np.allclose(found.strength, associations(bent).strength, atol=1e-9)
    assert np.allclose(found.strength, associations(turned).strength, atol=1e-9)
    assert (associations(turned).sign[0, 1:3] == -found.sign[0, 1:3]).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_it_is_the_measure_of_one_pair(seed):
    """Without gaps the matrix products give what judge/relations.py computes pair by pair."""
    columns = mixed(seed)
    found = associations(columns)
    for i in range(6):
        for j in range(i):
            assert found.strength[i, j] == pytest.approx(related(columns[i], columns[j]), abs=1e-9), (i, j)


def test_with_gaps_it_stays_near_the_measure_of_one_pair():
    columns = mixed(3, 2_000, 0.2)
    found = associations(columns)
    assert max(abs(found.strength[i, j] - related(columns[i], columns[j])) for i in range(6) for j in range(i)) < 0.01


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_a_copy_is_1(gaps):
    columns = mixed(1, 400, gaps)
    copies = [Cells(c.name + "2", c.kind, c.values, c.levels) for c in columns]
    found = associations([*columns, *copies])
    assert [found.strength[i, i + 6] for i in range(6)] == pytest.approx([1] * 6, abs=1e-9)
    ids = Cells("id", "category", np.arange(400), tuple(map(str, range(400))))
    assert associations([*columns, ids]).strength[-1, :-1].max() == 0  # nothing repeats: nothing to say


def test_noise_stays_within_chance_once_in_twenty_tables():
    """Numbers, flags, and categories of 2 to 60 levels, all drawn apart; the strongest pair passes in about one table of twenty."""
    passed, largest = 0, 0.0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        columns = [Cells(f"n{i}", "number", rng.exponential(size=400)) for i in range(6)]
        columns += [Cells(f"c{k}", "category", rng.integers(0, k, 400), tuple(map(str, range(k)))) for k in (2, 3, 8, 20, 60)]
        columns += [Cells("flag", "flag", (rng.random(400) < 0.1).astype(float))]
        found = associations(columns)
        passed += bool(found.clear.any())
        largest = max(largest, float((found.strength - np.eye(12)).max()))
    assert 1 <= passed <= 14  # binomial(120, 0.05): 14 or fewer with probability 0.998
    assert largest < 0.35


def test_without_correction_many_levels_would_look_related():
    rng = np.random.default_rng(5)
    many = [Cells(f"c{i}", "category", rng.integers(0, 40, 500), tuple(map(str, range(40)))) for i in range(6)]
    found = associations(many)
    assert (found.strength - np.eye(6)).max() < 0.12
    table = np.bincount(many[0].values * 40 + many[1].values, minlength=1600).reshape(40, 40)
    expected = np.outer(table.sum(1), table.sum(0)) / 500
    assert np.sqrt(((table - expected) ** 2 / expected).sum() / 500 / 39) > 0.25  # the plain V of the same pair


def test_order_puts_related_columns_side_by_side():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(300, 3))
    columns = [Cells(f"{'abc'[i % 3]}{i}", "number", base[:, i % 3] + 0.2 * rng.normal(size=300)) for i in range(12)]
    order = neighbours(associations(columns).strength)
    letters = "".join(columns[i].name[0] for i in order)
    assert sorted(order) == list(range(12)) and all(letters.count(c * 4) == 1 for c in "abc")


@pytest.mark.parametrize("kinds", ["numbers", "mixed"])
def test_wide_tables_first_give_the_most_related(kinds):
    rng = np.random.default_rng(2)
    columns = [Cells(f"n{i}", "number", rng.normal(size=64)) for i in range(3_000)]
    if kinds == "mixed":
        columns[40:60] = [Cells(f"c{i}", "category", rng.integers(0, 3, 64), tuple("abc")) for i in range(20)]
        columns[50] = Cells("big", "category", (columns[7].values > 0).astype(int), ("no", "yes"))
    columns[2_900] = Cells("twin", "number", np.exp(columns[7].values))
    chosen = most_related(columns, 40)
    assert len(chosen) == 40 and {7, 2_900} <= set(chosen)
    near = most_related(columns, 3, near=2_900)
    assert 7 in near and 2_900 in near and (kinds == "numbers" or 50 in near)
    found = associations([columns[i] for i in chosen], pairs=3_000 * 2_999 // 2)
    names = [{found.names[i], found.names[j]} for i, j in found.strongest(5)]
    assert names[0] == {"n7", "twin"} and len(names) <= 3  # the rest of the forty is the pick of noise, and known as such


def test_missing_together():
    rng = np.random.default_rng(1)
    hole, x = rng.random(500) < 0.2, rng.normal(size=(4, 500))
    columns = [Cells("a", "number", np.where(hole, np.nan, x[0])), Cells("b", "category", np.where(hole, -1, 0), ("x",))]
    columns += [Cells("c", "number", np.where(rng.random(500) < 0.2, np.nan, x[1])), Cells("full", "number", x[2])]
    columns += [Cells("d", "number", np.where(hole, x[3], np.nan))]
    found = missing_together(columns)
    assert found.names == ("a", "b", "c", "d")
    assert found.strength[0, 1] == pytest.approx(1) and found.sign[0, 3] == -1 and found.strength[0, 3] == pytest.approx(1)
    assert not found.clear[0, 2]
    assert missing_together([columns[3]]).names == ()


def test_nothing_to_compare():
    assert associations([]).names == ()
    one = associations(
        [Cells("a", "number", np.full(50, 3.0)), Cells("b", "number", np.full(50, np.nan)), Cells("c", "category", np.full(50, -1), ())]
    )
    assert (one.strength == np.eye(3)).all() and not one.clear.any()
