"""Parts of columns: clean tables are quiet, a part that is covered less or predicted worse is named, groups are one draw."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.judge import parts
from etabli.judge.levels import Levels, levels


def columns(rng: np.random.Generator, rows: int, count: int = 8) -> dict[str, Levels]:
    """Columns that have nothing to do with anything."""
    return {f"c{k}": levels(rng.normal(size=rows)) for k in range(count)}


@pytest.mark.parametrize("grouped", [False, True])
def test_clean_tables_are_quiet(grouped):
    """Of 60 tables, chance rings in 3 of each kind."""
    rung = np.zeros(3)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = 1000
        groups = np.repeat(np.arange(250), 4) if grouped else None
        luck = rng.normal(size=250)[groups] * 0.8 if groups is not None else 0.0
        hit = luck + rng.normal(size=rows) < 1.2815515655 * (np.sqrt(1.64) if grouped else 1)
        cells = columns(rng, rows)
        p = rng.beta(1, 2, rows)
        y = (rng.random(rows) < p).astype(float)
        rung[0] += len(parts.coverage(cells, hit, 0.9, groups).beyond) > 0
        rung[1] += len(parts.calibration(cells, y[:, None], p[:, None], groups).beyond) > 0
        noise = (luck + rng.normal(size=rows)) if grouped else rng.standard_t(4, rows)
        rung[2] += len(parts.calibration(cells, noise[:, None], np.zeros((rows, 1)), groups, shares=False).beyond) > 0
    assert (rung <= 8).all()


def test_a_bad_part_is_named_first():
    rng = np.random.default_rng(0)
    cells = columns(rng, 2000) | {"bad": levels(rng.integers(0, 3, 2000), ("a", "b", "c"), 50)}
    here = cells["bad"].of == 1
    hit = rng.random(2000) < np.where(here, 0.78, 0.94)
    found = parts.coverage(cells, hit, 0.9)
    first = found.worst[0]
    assert (found.cells, found.columns) == (43, 9) and found.beyond[0].column == "bad"
    assert first.level == cells["bad"].entries[1] and first.got == pytest.approx(hit[here].mean()) and first.got < first.low
    p = np.full(2000, 0.4)
    y = (rng.random(2000) < np.where(here, 0.55, 0.4)).astype(float)
    worst = parts.calibration(cells, y[:, None], p[:, None]).worst[0]
    assert worst.column == "bad" and worst.beyond and worst.low > 0
    assert worst.observed == pytest.approx(y[here].mean()) and worst.predicted == pytest.approx(0.4)


def test_weights_count_and_small_parts_do_not():
    hit = np.r_[np.zeros(40, bool), np.ones(200, bool)]
    of = Levels(levels(np.repeat([0, 1], [40, 200]), ("a", "b")).entries, np.repeat([0, 1], [40, 200]))
    assert parts.coverage({"c": of}, hit, 0.9).cells == 1  # 40 rows are not judged
    all_in_one = {"c": levels(np.zeros(240))}
    w = np.where(hit, 1.0, 0.01)
    assert parts.coverage(all_in_one, hit, 0.9, weight=w).worst[0].got == pytest.approx((w * hit).sum() / w.sum())
