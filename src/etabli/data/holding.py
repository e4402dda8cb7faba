"""Rows held back for those who must cite a theorem: nothing learns from them, and they alone set the quantiles (`--guarantee split`).

Chosen first, by the same dealing as the folds: whole groups and copies, alike in classes or values, the newest stretch where time orders
the rows. What is left is then dealt to folds as ever. An outer test is set aside before, so in time it is newer still.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from etabli.data.splits import OUTER_TEST_ROWS, OUTER_TEST_SHARE, clause, split
from etabli.errors import DataError
from etabli.records import HELD, TEST, Split, Table, Target

SHARE = 0.25
LEAST = 20  # rows: 19 carry 90 % with two tails, and 95 % with one


def hold(
    table: Table,
    target: Target,
    seed: int,
    group: str | None,
    time_column: str | None,
    folds: int,
    test: float | None,
    ignore: tuple[str, ...],
    gap: str | None = None,
) -> Split:
    """A split as `splits.split` makes it, with a quarter of the development rows HELD. test: the outer test's share, None for the default.
    DataError where so few rows are left that they cannot carry 90 %."""
    usable = ~np.isnan(target.y) if target.task == "regression" else target.y >= 0
    count = int(usable.sum())
    if count < 2 * LEAST:
        raise DataError(
            f"--guarantee split holds back at least {LEAST} rows, and as many must be left to learn from",
            f"{count} rows with a target",
            "leave it out: intervals from all out-of-fold rows need no rows of their own",
        )
    share = test if test is not None else (OUTER_TEST_SHARE if count >= OUTER_TEST_ROWS else 0.0)
    aside = np.zeros(table.rows, bool)
    said = []
    tested = np.empty(0, np.int64)
    if share > 0:
        first = split(table, target, seed, group, time_column, folds, share, ignore, gap=gap)
        tested = first.test
        aside |= first.fold < -1  # with earlier rows of the test's groups
        said += [clause("test" if time_column is None else "last", len(tested))] if len(tested) else []
    part = max(SHARE, LEAST / max(1, count - int(aside.sum())) * 1.05)
    second = split(table, target, seed + 1, group, time_column, folds, part, ignore, aside, gap)
    held = second.test
    if not LEAST - 1 <= len(held) <= (count - len(tested)) / 2 + 1:
        raise DataError(
            f"--guarantee split holds back at least {LEAST} rows, and at most half of them",
            f"{len(held)} of {count} would be, as rows of a group or a time stay together",
            "leave it out, or choose a finer --group",
        )
    aside |= second.fold < -1
    made = split(table, target, seed, group, time_column, folds, 0.0, ignore, aside, gap)
    fold = np.array(made.fold)
    fold[tested], fold[held] = TEST, HELD
    groups = made.groups
    if groups is not None:  # rows set aside are in no group of the folds
        groups = np.where(made.fold >= -1, groups, -1)
    said.append(clause("held" if time_column is None else "held last" if len(tested) else "held newest", len(held)))
    return replace(made, fold=fold, groups=groups, reason="; ".join([made.reason, *said]))
