"""Slices: none on noise, the planted one on signal, one name for one fault."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge import slices
from etabli.judge.cells import Cells
from etabli.judge.slices import search
from etabli.records import Array


def _columns(rng: np.random.Generator, rows: int) -> list[Cells]:
    numbers = [Cells(f"x{i}", "number", np.where(rng.random(rows) < 0.08, np.nan, rng.normal(size=rows))) for i in range(3)]
    return [
        *numbers,
        Cells("flag", "flag", rng.integers(0, 2, rows) * 1.0),
        *(Cells(f"c{i}", "category", rng.integers(-1, 5, rows), list("abcde")) for i in range(2)),
    ]


def _loss(rng: np.random.Generator, rows: int) -> Array:
    return np.asarray(-np.log(rng.beta(3, 1, rows)))


@pytest.mark.parametrize("kind", ["plain", "weighted", "grouped"])
def test_on_noise_none_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 tables a kind, whatever the size of the excess; in at most 5 % of them a slice is named, up to chance."""
    monkeypatch.setattr(slices, "WORSE", 0.0)
    named = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        columns, loss, weight, group = _columns(rng, 400), _loss(rng, 400), None, None
        if kind == "weighted":
            weight = rng.gamma(1.0, 1.0, 400)
        if kind == "grouped":  # rows of a group share their luck, and a column
            group = rng.integers(0, 60, 400)
            loss = loss * np.exp(0.7 * rng.normal(size=60))[group]
            columns[0] = Cells("x0", "number", rng.normal(size=60)[group])
        named += bool(search(columns, loss, weight, group, seed).slices)
    assert named <= 7  # binomial(60, .05) exceeds this in 1.2 % of cases


def test_the_planted_slice_is_found_and_named_once() -> None:
    rng = np.random.default_rng(1)
    columns, loss = _columns(rng, 2000), _loss(rng, 2000)
    bad = (columns[0].values <= -0.3) & (columns[4].values == 2)
    loss = np.where(bad, loss + 0.5, loss)
    found = search(columns, loss).slices
    assert len(found) == 1
    one = found[0]
    assert {condition.column for condition in one.conditions} == {"x0", "c0"}
    assert next(c for c in one.conditions if c.column == "c0").level == 2
    assert one.loss == pytest.approx(loss[one.rows].mean())
    assert one.elsewhere == pytest.approx(np.delete(loss, one.rows).mean())
    assert one.low < one.loss < one.high and one.low > one.elsewhere


def test_missing_cells_and_flags_are_slices_too() -> None:
    rng = np.random.default_rng(2)
    columns, loss = _columns(rng, 2000), _loss(rng, 2000)
    loss = loss + 0.6 * columns[1].missing + 0.4 * (columns[3].values == 1)
    found = search(columns, loss).slices
    assert found[0].conditions[0].column in ("x1", "flag")
    assert {c.column for one in found for c in one.conditions} >= {"x1", "flag"}
    assert any(c.missing for one in found for c in one.conditions)
    assert len(found) <= 3


def test_weights_count() -> None:
    rng = np.random.default_rng(3)
    columns, loss = _columns(rng, 1500), _loss(rng, 1500)
    bad = columns[5].values == 1
    loss = np.where(bad, loss + 0.6, loss)
    weight = np.where(rng.random(1500) < 0.5, 3.0, 1.0)
    one = search(columns, loss, weight).slices[0]
    assert one.loss == pytest.approx(np.average(loss[bad], weights=weight[bad]))
    assert one.elsewhere == pytest.approx(np.average(loss[~bad], weights=weight[~bad]))


def test_a_slice_of_one_bad_group_is_no_slice() -> None:
    """All its excess is one group's luck: rows alone would name it, groups do not."""
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(40), 25)
    level = np.arange(40) % 4
    column = Cells("level", "category", level[group], list("abcd"))
    loss = rng.random(1000) + 6.0 * (group == 8)
    assert search([column], loss).slices and not search([column], loss, None, group).slices


def test_small_and_even_tables_are_borne() -> None:
    rng = np.random.default_rng(5)
    assert search([], _loss(rng, 50)).slices == ()
    assert search(_columns(rng, 20), _loss(rng, 20)).slices == ()
    assert search(_columns(rng, 200), np.ones(200)).slices == ()
    assert search([Cells("none", "number", np.full(200, np.nan))], _loss(rng, 200)).slices == ()
