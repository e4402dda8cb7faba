"""Repeats of small tables: who is repeated, how the partitions become one table of losses, and when there are none."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.records import Setting, Split, Wants
from etabli.work.repeats import PATHS, SETTINGS, needed, survivors
from etabli.work.table import OutOfFold
from etabli.work.verdict import _averaged


def setting(family: str, number: int, path: str = "") -> Setting:
    return Setting(family, {"number": number}, Wants(), path)


def test_the_repeated_are_a_beginning_of_the_order() -> None:
    order = [setting("a", 0, "p"), setting("b", 0), setting("a", 1, "p"), setting("dear", 0), setting("c", 0)]
    work = {s.hash: 10.0 if s.family == "dear" else 1.0 for s in order}
    assert survivors(order, work, 2.5) == order[:3]  # the path of "a" counts once; what comes after the dear one stays out
    assert survivors(order, work, 13.5) == order
    assert survivors(order, work, 0.5) == []
    many = [setting("x", i) for i in range(50)]
    assert len(survivors(many, dict.fromkeys((s.hash for s in many), 0.0), 1.0)) == PATHS
    along = [setting("x", i, "p") for i in range(50)]
    assert len(survivors(along, dict.fromkeys((s.hash for s in along), 1.0), 1.0)) == SETTINGS


@pytest.mark.parametrize(
    ("rows", "effort", "forward", "code"),
    [
        (999, "standard", False, ""),
        (1_000, "thorough", False, "rows"),
        (300, "glance", False, "glance"),
        (300, "standard", True, "forward"),
    ],
)
def test_when_there_are_none(rows: int, effort: str, forward: bool, code: str) -> None:
    assert needed(Split("plain", np.arange(rows) % 5, 5, forward), effort) == code


def table(rows: np.ndarray, fold: np.ndarray) -> OutOfFold:
    empty = np.empty((len(rows), 0, 1))
    return OutOfFold((), rows, fold, np.zeros(len(rows)), empty, empty, empty[:, :, 0], None, None)


def test_losses_are_averaged_row_by_row_whatever_the_order_of_the_partitions() -> None:
    rng = np.random.default_rng(0)
    rows, loss = rng.permutation(np.arange(10, 40)), rng.random((3, 30, 4))  # by partition, row and candidate
    tables, parts = [], []
    for number in range(3):
        order = rng.permutation(30)
        tables.append(table(rows[order], np.arange(30) % 5))
        parts.append(loss[number][order][:, :2] if number else loss[number][order])
    losses, best = _averaged(tables, parts, [0, 1])
    back = np.argsort(tables[0].rows)
    true = loss[:, np.argsort(rows)]
    assert losses[back][:, :2] == pytest.approx(true[:, :, :2].mean(axis=0))
    assert best == true[:, :, :2].mean(axis=(0, 1)).argmin()
    difference = losses[:, 2:].mean(axis=0) - losses[:, best].mean()  # fitted once: compared on the partition that both have
    assert difference == pytest.approx(true[0][:, 2:].mean(axis=0) - true[0][:, best].mean())
    assert np.array_equal(_averaged(tables[:1], parts[:1], [0, 1, 2, 3])[0], parts[0])
