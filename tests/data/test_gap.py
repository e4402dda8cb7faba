"""A gap between the past that is learned from and what is scored, with groups and without: never overstepped, said, refused with a cure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.data.gap import gap, read
from etabli.data.holding import hold
from etabli.data.splits import split, split_words
from etabli.errors import DataError, EtabliError, UsageError
from etabli.records import NO_FOLD, Column, Split, Target
from etabli.work.asked import asked
from etabli.work.journal import Journal
from etabli.work.sample import sampled, split_name
from tests.data.tables import table_of


def numbers(y: np.ndarray) -> Target:
    return Target("y", "regression", y.astype(float))


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(30, 300),
    moments=st.integers(10, 200),
    grouped=st.booleans(),
    length=st.floats(0, 0.35),
    counted=st.booleans(),
    test=st.sampled_from([0.0, 0.1, 0.3]),
    folds=st.integers(2, 8),
    seed=st.integers(0, 99),
)
def test_no_row_of_the_gap_or_of_a_group_is_learned_from(
    rows: int, moments: int, grouped: bool, length: float, counted: bool, test: float, folds: int, seed: int
) -> None:
    rng = np.random.default_rng([seed, rows])
    when = np.floor(rng.random(rows) * moments)
    g = np.floor((when / moments + 0.1 * rng.random(rows)) * 30)
    table, target = table_of({"when": when, "g": g, "x": rng.normal(size=rows)}), numbers(rng.normal(size=rows))
    amount = max(1, int(length * (rows if counted else moments)))
    text = f"{amount}rows" if counted else str(amount)
    try:
        result = split(table, target, seed, group="g" if grouped else None, time_column="when", folds=folds, test=test, gap=text)
    except DataError as error:
        assert length > 0.1 or grouped or rows < 100, error
        return
    assert result.gap == text and text in split_words(result)["en"]
    known = result.fold >= NO_FOLD
    for k in range(result.folds):
        learned, scored = result.train(k), result.valid(k)
        assert learned.size and scored.size and known[learned].all()
        _clear(when, learned, scored, amount, counted)
        assert not grouped or not np.intersect1d(g[learned], g[scored]).size
    assert sum(result.valid(k).size for k in range(result.folds)) == (result.fold >= 0).sum()  # each row is predicted at most once
    if result.test.size:
        _clear(when, result.development, result.test, amount, counted)
        assert not grouped or not np.intersect1d(g[result.development], g[result.test]).size
    plain = replace(result, when=None, until=(), gap="")
    assert split_name(plain) != split_name(result) and all(set(result.train(k)) <= set(plain.train(k)) for k in range(result.folds))
    some = sampled(result, max(10, rows // 2), seed)
    for k in range(some.folds):
        assert set(some.train(k)) <= set(result.train(k))


def _clear(when: np.ndarray, learned: np.ndarray, scored: np.ndarray, amount: int, counted: bool) -> None:
    start = when[scored].min()
    if not counted:
        assert when[learned].max() <= start - amount
    else:  # so many rows lie between
        assert ((when > when[learned].max()) & (when < start)).sum() >= amount


def test_a_split_with_a_gap_is_kept_and_read_again(tmp_path: Path) -> None:
    when = np.arange(100.0) // 2
    table, target = table_of({"when": when, "x": when}), numbers(when)
    made = split(table, target, 0, time_column="when", gap="4")
    (tmp_path / "data").mkdir()
    Journal(tmp_path).save_split("s", made)
    back: Split = Journal(tmp_path).load_split("s")
    assert split_name(back) == split_name(made) and split_words(back) == split_words(made) and back.gap == "4"
    assert all((back.train(k) == made.train(k)).all() for k in range(made.folds))
    assert all(when[made.train(k)].max() == when[made.valid(k)].min() - 4 for k in range(made.folds))


def test_dates_take_times_and_numbers_take_numbers() -> None:
    days = 86_400.0 * (np.arange(400.0) // 4)
    table, target = table_of({"when": days, "x": days}, {"when": "date"}), numbers(days)
    for text, length in (("7d", 7.0), ("1w", 7.0), ("36h", 1.5)):
        made = split(table, target, 0, time_column="when", gap=text)
        assert all(days[made.train(k)].max() <= days[made.valid(k)].min() - 86_400 * length for k in range(made.folds))
    made = split(table, target, 0, time_column="when", gap="10 rows", test=0.2)
    assert "rows" not in split_words(made)["fr"] and "10rows" in split_words(made)["en"] and "lignes" in split_words(made)["fr"]
    assert "7j" in split_words(split(table, target, 0, time_column="when", gap="7d"))["fr"]
    number, date = Column("t", "number"), Column("t", "date")
    assert read(None, date) is None
    for text, column, hint in (
        ("7d", number, "--kind"),
        ("30", date, "30d"),
        ("7 parsecs", date, "units"),
        ("0d", date, "none"),
        ("", date, ""),
    ):
        with pytest.raises(UsageError) as caught:
            read(text, column)
        assert hint in caught.value.hint
    assert gap("100 rows").text == "100rows" and gap("1h30m").amount == 5400


def test_a_gap_too_long_or_without_time_is_refused(tmp_path: Path) -> None:
    when = np.arange(200.0)
    table, target = table_of({"when": when, "x": when}), numbers(when)
    short = split(table, target, 0, time_column="when", gap="60")
    assert short.folds < 5 and "the gap leaves" in short.reason
    for text in ("150", "150rows"):
        with pytest.raises(DataError, match="tenth") as caught:
            split(table, target, 0, time_column="when", gap=text)
        assert "200 rows" in caught.value.got or "span 199" in caught.value.got
    assert "no outer test" in split(table, target, 0, time_column="when", gap="45rows", test=0.6).reason
    (tmp_path / "a.csv").write_text("a\n")
    for column in (None, "none"):
        with pytest.raises(EtabliError, match="past") as caught:
            asked(tmp_path / "a.csv", "y", gap="7d", time_column=column)
        assert "--time-column" in caught.value.hint
    question = asked(tmp_path / "a.csv", "y", gap=7, time_column="t")
    assert question.gap == "7" and "--time-column t --gap 7" in question.command and "gap='7'" in question.call


def test_held_rows_have_the_gap_before_them_too() -> None:
    when = np.arange(400.0)
    made = hold(table_of({"when": when, "x": when}), numbers(when), 0, None, "when", 5, 0.1, (), "20")
    for learned, scored in (
        (made.development, made.held),
        (made.held, made.test),
        *((made.train(k), made.valid(k)) for k in range(made.folds)),
    ):
        assert when[learned].max() <= when[scored].min() - 20
