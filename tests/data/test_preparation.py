"""Every recipe: the two graphs agree bit for bit, learn from the training rows alone, and bear every awkward shape we know."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from etabli.data.feeds import feeds
from etabli.data.preparation import matrix, prepare, steps, usable
from etabli.errors import DataError
from etabli.graph.graph import BLOCK
from etabli.graph.run import session
from etabli.records import Column, Table, Target, Wants
from tests.data.tables import RECIPES, halves, raw_matrix, real, same, table_of


@pytest.fixture(scope="module")
def adult(shared):
    return real(shared, "adult_income")


@pytest.fixture(scope="module")
def california(shared):
    return real(shared, "california_housing")


# the file's graph and the coded one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adult_income", "ames_housing", "telco_churn", "storm_status"])
def test_texts_and_codes_give_the_same_bits(shared, name):
    table, target = real(shared, name)
    train, held = halves(table.rows)
    train, held = train[:3000], held[:1000]
    columns = usable(table, target)
    for wants in RECIPES:
        made = prepare(table, target, wants, train, seed=3)
        onnx.checker.check_model(onnx.load_from_string(made.raw), full_check=True)
        coded = matrix(made, table, held, block=700)
        assert coded.shape == (len(held), len(made.features))
        assert same(coded, raw_matrix(made, table, held, columns))
        assert same(coded[:1], raw_matrix(made, table, held[:1], columns))
        assert not np.isinf(coded).any()
        assert not (wants.filled and np.isnan(coded).any())
        assert len({feature.name for feature in made.features}) == len(made.features)
        if made.train is not None:
            assert made.train.shape == (len(train), len(made.features)) and np.isfinite(made.train[:, -1]).any()


def test_same_seed_same_bytes(adult):
    table, target = adult
    rows = np.arange(3000)
    first, second = (prepare(table, target, Wants("rank", True, "target", crosses=3), rows, seed=1) for _ in range(2))
    assert first.raw == second.raw and first.coded == second.coded and same(first.train, second.train)
    assert not same(first.train, prepare(table, target, Wants("rank", True, "target", crosses=3), rows, seed=2).train)


def test_nothing_is_learned_from_other_rows(adult):
    table, target = adult
    train, held = np.arange(2000), np.arange(2000, 4000)
    values = {name: np.array(array) for name, array in table.values.items()}
    for name in usable(table, target):
        values[name][held] = values[name][held][::-1] * (7 if values[name].dtype.kind == "f" else 1)
    y = np.array(target.y)
    y[held] = 1 - y[held]
    other = Table(table.columns, table.rows, values, table.levels)
    for wants in RECIPES:
        made = prepare(table, target, wants, train, seed=0)
        again = prepare(other, Target(target.name, "binary", y, target.classes), wants, train, seed=0)
        assert made.raw == again.raw


def test_native_codes_need_hardly_a_node(adult):
    table, target = adult
    model = onnx.load_from_string(prepare(table, target, Wants(), np.arange(1000), 0).raw)
    assert len(model.graph.node) == 3 + 8 + 1 + 1  # join and clean numbers, one look-up a category, join, name


@pytest.mark.parametrize("wants", RECIPES)
def test_nodes_do_not_grow_with_number_columns(wants):
    rng = np.random.default_rng(0)
    y = Target("y", "regression", rng.normal(size=100))
    few, many = (
        len(
            onnx.load_from_string(
                prepare(table_of({f"x{i}": rng.normal(size=100) for i in range(k)}), y, wants, np.arange(100), 0).raw
            ).graph.node
        )
        for k in (3, 60)
    )
    assert many - few <= 16 if wants.crosses else many == few


# awkward shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wants", RECIPES)
@pytest.mark.parametrize("count", [1, 2, 30])
def test_few_rows_all_missing_unseen_and_no_rows(wants, count):
    rng = np.random.default_rng(0)
    n = 40
    cells = {
        "x": rng.normal(size=n),
        "empty": np.where(np.arange(n) < 30, np.nan, 1.0),  # all missing in the training rows
        "same": np.ones(n),
        "flag": (rng.random(n) < 0.5).astype(float),
        "when": rng.uniform(0, 1e9, n),
        "never": np.full(n, np.nan),
        "c": [None if i < 30 else "late" for i in range(n)],
        "d": [f"level {i}" for i in range(n)],
        "t": ["some words here"] * 20 + [None] * 20,
    }
    table = table_of(cells, {"flag": "flag", "when": "date", "never": "date", "t": "text"})
    for target in (
        Target("y", "regression", rng.normal(size=n)),
        Target("y", "binary", np.arange(n) % 2, ("a", "b")),
        Target("y", "multiclass", np.arange(n) % 3, ("a", "b", "c")),
    ):
        made = prepare(table, target, wants, np.arange(count), 0)
        every = np.arange(n)
        x = matrix(made, table, every)
        assert same(x, raw_matrix(made, table, every, usable(table, target)))
        assert not np.isinf(x).any() and not (wants.filled and np.isnan(x).any())
        assert matrix(made, table, every[:0]).shape == (0, len(made.features))
        assert made.train is None or made.train.shape == (count, len(made.features))
        odd = {
            value.name: np.array([[np.nan], [np.inf], [-1e308]])
            if value.type == "tensor(double)"
            else np.array([["?"], [""], ["é"]], object)
            for value in session(made.raw).get_inputs()
        }
        answer = session(made.raw).run(None, odd)[0]
        assert answer.shape == (3, len(made.features)) and not (wants.filled and np.isnan(answer).any())


@pytest.mark.parametrize("wants", [Wants(), Wants("rank", True, "one-hot"), Wants("scaled", True, crosses=2)])
def test_wide_tables_enter_as_one_block(wants):
    rng = np.random.default_rng(0)
    cells = {f"g{i}": rng.normal(size=60) for i in range(3000)} | {BLOCK: ["a", "b", None] * 20}
    cells["g7"][::5] = np.nan
    table = table_of(cells)
    y = Target("y", "binary", np.arange(60) % 2, ("a", "b"))
    made = prepare(table, y, wants, np.arange(40), 0)
    fed = feeds(table, usable(table, y), np.arange(60))
    assert set(fed) == {"_" + BLOCK, BLOCK} and fed["_" + BLOCK].shape == (60, 3000)
    assert same(matrix(made, table, np.arange(60)), session(made.raw).run(None, fed)[0])
    if wants == Wants():
        assert np.array_equal(matrix(made, table, np.arange(60))[:, :3000], fed["_" + BLOCK], equal_nan=True)
    assert len(made.raw) < 5_000_000


@pytest.mark.parametrize(
    "wants", [Wants(), Wants("scaled", True, "one-hot"), Wants(categories="target"), Wants(categories="frequency", crosses=2)]
)
def test_thirty_thousand_levels(wants):
    rng = np.random.default_rng(0)
    n = 60_000
    codes = rng.integers(-1, 30_000, n).astype(np.int32)
    levels = [f"level {i}" for i in range(30_000)]
    columns = (Column("c", "category"), Column("d", "category"), Column("x", "number"))
    table = Table(columns, n, {"c": codes, "d": codes[::-1].copy(), "x": rng.normal(size=n)}, {"c": levels, "d": levels})
    target = Target("y", "binary", rng.integers(0, 2, n), ("a", "b"))
    made = prepare(table, target, wants, np.arange(50_000), 0)
    held = np.arange(50_000, 52_000)
    assert same(matrix(made, table, held), raw_matrix(made, table, held, ["c", "d", "x"]))
    assert len(made.features) <= 210


def test_only_numbers_only_categories_and_nothing():
    n = 20
    numbers, strings = table_of({"x": np.arange(20.0)}), table_of({"c": ["a", "b"] * 10})
    for wants in (Wants(), Wants("scaled", True, "one-hot"), Wants("rank", True, "frequency")):
        for table in (numbers, strings):
            assert len(matrix(prepare(table, None, wants, np.arange(n), 0), table, np.arange(n))) == n
    with pytest.raises(DataError, match="at least one column"):
        prepare(table_of({"i": ["a", "b"]}, {"i": "identifier"}), None, Wants(), np.arange(2), 0)
    with pytest.raises(DataError, match="at least one row"):
        prepare(numbers, None, Wants(), np.arange(0), 0)
    assert [type(step).__name__ for step in steps()] == [
        "Numbers",
        "Dates",
        "Codes",
        "Frequency",
        "OneHot",
        "TargetMeans",
        "Text",
        "Crosses",
        "Coordinates",
        "Encoded",
    ]
