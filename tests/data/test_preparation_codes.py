"""Coordinates of an autoencoder beside the columns: learned from the training rows, the same alone or among many, more telling than chance."""

from __future__ import annotations

import numpy as np
import pytest

from etabli.data.preparation import matrix, prepare
from etabli.errors import UsageError
from etabli.records import Wants
from etabli.work import asked as question
from tests.data.tables import table_of

pytest.importorskip("jax")


def curve(rows: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Points along a bent line in five columns, one of them with missing cells, and where along it they lie."""
    random = np.random.default_rng(0)
    t = random.uniform(0, 1, rows)
    x = np.column_stack([np.cos(3 * t), np.sin(3 * t), t, t**2, 1 - t]) + 0.02 * random.normal(size=(rows, 5))
    x[::50, 3] = np.nan
    return {f"x{j}": x[:, j] * 10.0**j for j in range(5)}, t


def test_they_are_columns_learned_from_the_training_rows_alone() -> None:
    cells, t = curve(300)
    table, train = table_of(cells), np.arange(200)
    prepared = prepare(table, None, Wants(codes=1), train, 0)
    assert prepared.features[-1].name == "autoencoder 1" and prepared.features[-1].source == tuple(cells)
    code = matrix(prepared, table, np.arange(300))[:, -1]
    order = lambda values: np.argsort(np.argsort(values))  # noqa: E731
    assert abs(np.corrcoef(order(code[200:]), order(t[200:]))[0, 1]) > 0.9  # rows it never saw lie where they belong
    others = {name: np.where(np.arange(300) < 200, column, -9.0) for name, column in cells.items()}
    again = prepare(table_of(others), None, Wants(codes=1), train, 0)
    assert np.array_equal(matrix(again, table, np.arange(300))[:, -1], code)
    one_by_one = np.array([matrix(prepared, table, np.array([row]))[0, -1] for row in range(40)])
    assert np.array_equal(one_by_one, code[:40])  # to the bit, as a tree needs it
    assert np.array_equal(code * 2**16, np.round(code * 2**16))


def test_without_jax_the_option_is_refused_and_the_same_question_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    (tmp_path / "d.csv").write_text("a,b,y\n1,2,3\n", encoding="utf-8")
    asked = question.asked(tmp_path / "d.csv", "y", with_autoencoder=2)
    assert "--with-autoencoder 2" in asked.command
    monkeypatch.setattr(question, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="with-autoencoder trains a network"):
        question.asked(tmp_path / "d.csv", "y", with_autoencoder=2)
