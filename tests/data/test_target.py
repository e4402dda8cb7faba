"""The target: tasks, classes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from etabli.data import sources
from etabli.data.target import target
from etabli.errors import DataError, UsageError
from etabli.records import Column, Table


def numbers(values: list[float] | np.ndarray, kind: str = "number", parse: str = "number") -> Table:
    y = np.asarray(values, float)
    column = Column("y", kind, "y", {"parse": parse, "as": "double", "words": ["FALSE", "TRUE"]}, distinct=len(np.unique(y[~np.isnan(y)])))  # type: ignore[arg-type]
    return Table((column,), len(y), {"y": y}, {})


def words(labels: list[str]) -> Table:
    levels = sorted({label for label in labels if label})
    codes = np.array([levels.index(label) if label else -1 for label in labels], np.int32)
    return Table((Column("y", "category", "y", {"parse": "text"}, distinct=len(levels)),), len(labels), {"y": codes}, {"y": levels})


RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (RNG.normal(size=200), "regression"),
        (RNG.integers(0, 2, 200), "binary"),
        (RNG.integers(1, 4, 300), "multiclass"),
        (RNG.integers(0, 10, 500), "multiclass"),
        (np.minimum(RNG.poisson(0.6, 500), 5), "regression"),
        (RNG.integers(0, 11, 500), "regression"),
        (RNG.choice([20, 30, 60], 200), "regression"),
        (RNG.choice([5.0, 9.0], 200), "binary"),
        (RNG.choice([0.5, 1.5, 2.5], 200), "regression"),
    ],
)
def test_tasks(values: np.ndarray, task: str) -> None:
    made, said = target(numbers(values), "y")
    assert made.task == task
    few = len(np.unique(values)) in range(3, 11) and (values == np.floor(values)).all()
    assert [f.code for f in said] == (["task-guessed"] if few else [])
    if task == "regression":
        np.testing.assert_array_equal(made.y, values)
        assert target(numbers(values), "y", "multiclass")[0].task == "multiclass" if few else True
    else:
        assert [made.classes[k] for k in made.y] == [f"{v:g}" for v in values]
        assert target(numbers(values), "y", "regression")[0].task == "regression"


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["yes", "no"], ("no", "yes")),
        (["oui", "non"], ("non", "oui")),
        (["<=50K", ">50K"], ("<=50K", ">50K")),
        (["No", "Yes"], ("No", "Yes")),
        (["b", "a", "a"], ("a", "b")),
        (["spam", "ham"], ("ham", "spam")),
    ],
)
def test_the_positive_class(labels: list[str], classes: tuple[str, str]) -> None:
    table = words(labels * 10)
    made, said = target(table, "y")
    assert (made.task, made.classes, said) == ("binary", classes, ())
    assert [made.classes[k] for k in made.y] == labels * 10
    flipped, _ = target(table, "y", positive=classes[0])
    assert flipped.classes == classes[::-1] and (flipped.y == 1 - made.y).all()
    with pytest.raises(UsageError, match=classes[0]):
        target(table, "y", positive="maybe")


def test_rows_without_a_target_are_left_out() -> None:
    made, said = target(words(["yes", "", "no", "no"] * 10), "y")
    assert (made.y == -1).sum() == 10 and [f.code for f in said] == ["target-missing"] and said[0].evidence["rows"] == 10
    made, said = target(numbers([np.nan, *RNG.normal(size=30)]), "y")
    assert np.isnan(made.y[0]) and made.y[1:].std() > 0


def test_flags_keep_their_words() -> None:
    made, _ = target(numbers([0, 1, 1, 0] * 5, "flag", "flag"), "y")
    assert made.classes == ("FALSE", "TRUE") and made.y[:2].tolist() == [0, 1]


def test_rare_classes() -> None:
    made, said = target(words(["a"] * 20 + ["b"] * 20 + ["c"] * 3 + ["d"]), "y")
    assert made.classes == ("a", "b", "c") and made.y[-1] == -1 and (made.y >= 0).sum() == 43
    assert [f.code for f in said] == ["single-row-class"]
    assert '"d"' in said[0].text["en"]
    made, said = target(words(["a"] * 20 + ["b"] * 20 + ["d"]), "y", "multiclass")
    assert made.task == "binary"  # two classes are left
    with pytest.raises(DataError):
        target(words(["a"] * 20 + ["d"]), "y")


@pytest.mark.parametrize(
    ("table", "words_"),
    [
        (words(["a"] * 20), ['"a"', "20"]),
        (words([""] * 20), ["empty", "20"]),
        (numbers([3.0] * 20), ['"3"', "20"]),
        (numbers([1.0, 2.0, 3.5]), ["3"]),
        (numbers(np.arange(50), "identifier"), ["identifier"]),
        (numbers(np.arange(50) * 86400.0, "date", "date"), ["dates"]),
    ],
)
def test_refusals(table: Table, words_: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        target(table, "y")
    if words_ != ["identifier"]:
        assert all(word in str(caught.value) for word in words_)


def test_wrong_questions() -> None:
    table = words(["a", "b", "c"] * 10)
    for name, task, word in (
        ("why", None, '"y"'),
        ("y", "regressions", "regression"),
        ("y", "regression", "multiclass"),
        ("y", "binary", "multiclass"),
    ):
        with pytest.raises(UsageError, match=word):
            target(table, name, task)


@pytest.mark.parametrize(
    ("file", "name", "task", "classes"),
    [
        ("adult_income.csv", "income", "binary", ("<=50K", ">50K")),
        ("telco_churn.csv", "Churn", "binary", ("No", "Yes")),
        ("shoppers_intention.csv", "Revenue", "binary", ("FALSE", "TRUE")),
        ("bank_marketing.parquet", "y", "binary", ("no", "yes")),
        ("motor_claims.parquet", "claim", "binary", ("0", "1")),
        ("horse_colic.csv", "outcome", "multiclass", ("1", "2", "3")),
        ("storm_status.csv", "status", "multiclass", None),
        ("letters.parquet", "lettr", "multiclass", None),
        ("california_housing.csv", "median_house_value", "regression", ()),
        ("doctor_visits.parquet", "docvis", "regression", ()),
        ("ames_housing.parquet", "price", "regression", ()),
    ],
)
def test_real_targets(shared: Path, file: str, name: str, task: str, classes: tuple[str, ...] | None) -> None:
    made, _ = target(sources.read(shared / file), name)
    assert made.task == task and (classes is None or made.classes == classes)
