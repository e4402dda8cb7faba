"""Novelty on real tables: uniform p-values on rows alike, small ones on planted odd rows.

What it finds: values far out, columns in each other's places, levels nobody saw. What it does not: combinations of common levels that never
met (measured: 1 to 7 % of such rows below 0.05 on adult, penguins and Ames, 91 % on telco; an indicator column for each level did no better but on telco).
"""

from __future__ import annotations

import numpy as np
import pytest

from etabli.data import sources
from etabli.data.feeds import feeds
from etabli.data.preparation import matrix, prepare
from etabli.graph.run import run, session
from etabli.judge import novelty
from etabli.records import Target
from etabli.work.heads import UNLIKE

SETS = ("adult_income.csv", "bank_marketing.parquet", "california_housing.csv", "diamonds.parquet", "shoppers_intention.csv")
ROWS, ODD = 6_000, 200


@pytest.mark.parametrize("name", SETS)
def test_rows_alike_are_uniform_and_odd_rows_stand_out(shared, name):
    table = sources.read(shared / name)
    random = np.random.default_rng(1)
    taken = random.permutation(table.rows)[:ROWS]
    old, new = np.sort(taken[ROWS // 4 :]), np.sort(taken[: ROWS // 4])  # a quarter is held out
    used = [column.name for column in table.columns if column.kind in ("number", "category", "flag", "date")]
    prepared = prepare(table, Target("", "regression", np.zeros(table.rows)), UNLIKE, old, 0, columns=used)
    found = novelty.fit(matrix(prepared, table, old), random.permutation(len(old)) % 5)
    p = found.apply(matrix(prepared, table, new))[:, 0]
    for level in (0.01, 0.05, 0.1):
        chance = 4 * np.sqrt(level * (1 - level) * (1 / len(new) + 1 / len(old)))
        assert np.mean(p <= level) == pytest.approx(level, abs=chance), level

    raw, rows = session(prepared.raw), new[:ODD]

    def judged(**changed: np.ndarray) -> np.ndarray:
        fed = {key: values.copy() for key, values in feeds(table, used, rows).items()} | {k: v[:, None] for k, v in changed.items()}
        fed = {value.name: fed[value.name] for value in raw.get_inputs()}
        return found.apply(next(iter(run(raw, fed).values())))[:, 0]

    numbers = [column for column in used if table.column(column).kind == "number"]
    values = {column: np.asarray(table.values[column], np.float64) for column in numbers}
    moved = {column: values[numbers[place - 1]][rows] for place, column in enumerate(numbers)}
    assert np.mean(judged(**moved) < 0.05) > 0.9  # columns in each other's places
    for column in numbers[:2]:
        far = np.nanmax(values[column][old]) + 6 * np.nanstd(values[column][old])
        assert np.median(judged(**{column: np.full(ODD, far)})) < 0.05, column
    levels = [column for column in used if table.column(column).kind == "category" and not table.column(column).is_double]
    least = min(levels, key=lambda column: len(table.levels[column]))  # among few levels a new one is news
    odd = judged(**{least: np.full(ODD, "never seen", object)})
    assert np.median(odd) < 0.05, least
    both = judged(**{least: np.full(ODD, "never seen", object), numbers[0]: np.full(ODD, np.nan)})
    assert np.median(both) < 0.05
