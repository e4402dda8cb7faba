"""A frame handed over in Python: every library's frame says the same, the caller's is left alone, and what is no table is refused with its cure."""

from __future__ import annotations

import datetime
import decimal
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import etabli
import etabli.examples
from etabli.data.sources import read
from etabli.errors import DataError, EtabliError, UsageError
from etabli.work.handed import arrow, declared, stored

duckdb, pandas, polars, pyarrow = (pytest.importorskip(name) for name in ("duckdb", "pandas", "polars", "pyarrow"))

cells = {
    "number": st.one_of(st.none(), st.floats(-1e6, 1e6)),
    "whole": st.one_of(st.none(), st.integers(-(2**53), 2**53)),
    "flag": st.one_of(st.none(), st.booleans()),
    "word": st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)),
    "date": st.one_of(st.none(), st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2100, 1, 1))),
}


@st.composite
def columns(draw: st.DrawFn) -> dict[str, list[Any]]:
    rows = draw(st.integers(1, 8))
    kinds = draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=5))
    return {f"{kind} {i}": draw(st.lists(cells[kind], min_size=rows, max_size=rows)) for i, kind in enumerate(kinds)}


def in_pandas(table: Any, index: bool) -> Any:
    nullable = {"int64": pandas.Int64Dtype(), "bool": pandas.BooleanDtype()}
    frame = pandas.DataFrame(
        {name: pandas.array(table[name].to_pylist(), nullable.get(str(table[name].type))) for name in table.column_names}
    )
    return frame.set_index(pandas.Index([f"r{i}" for i in range(len(frame))])) if index else frame


def plain(table: Any) -> dict[str, list[Any]]:
    """Cells as Python has them; every way of missing is None."""
    found = {name: table[name].to_pylist() for name in table.column_names}
    return {name: [None if cell is None or cell != cell else cell for cell in column] for name, column in found.items()}


@given(columns(), st.booleans())
def test_every_library_says_the_same(made: dict[str, list[Any]], index: bool) -> None:
    table = pyarrow.table({name: pyarrow.array(column) for name, column in made.items()})
    frames = {
        "pandas": in_pandas(table, index), "polars": polars.from_arrow(table), "lazy": polars.from_arrow(table).lazy(), "pyarrow": table,
        "dict": made, "arrays": {name: np.array(column, object) for name, column in made.items()}, "rows": table.to_pylist(),
        "duckdb": duckdb.from_arrow(table),
    }  # fmt: skip
    before = frames["pandas"].copy(deep=True)
    for kind, frame in frames.items():
        assert plain(arrow(frame)) == plain(table), kind
    pandas.testing.assert_frame_equal(frames["pandas"], before)


@given(made=columns())
def test_what_is_stored_is_read_back(made: dict[str, list[Any]], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("stored") / "frame.parquet"
    stored(arrow(made), path)
    table = read(path)
    assert table.rows == len(next(iter(made.values()))) and [c.header for c in table.columns] == list(made)
    for name, column in made.items():
        if name.startswith(("number", "whole")) and any(cell is not None for cell in column):
            wanted = np.array([np.nan if cell is None else float(cell) for cell in column])
            got = table.values[name]
            assert table.column(name).kind == "flag" or np.array_equal(got, wanted, equal_nan=True)


def test_types_that_only_frames_have() -> None:
    frame = pandas.DataFrame(
        {
            "codes": pandas.Categorical([10, 20, 10]), "words": pandas.Categorical(["a", None, "b"]),
            "when": pandas.date_range("2024-01-01", periods=3, tz="Europe/Paris"), "price": [decimal.Decimal("1.50"), None, decimal.Decimal("2")],
            "mixed": pandas.Series([1, "a", None], dtype=object), "day": [datetime.date(2024, 1, 1)] * 3,
        }
    )  # fmt: skip
    table = arrow(frame)
    assert declared(table) == {"codes": "category"} and table["mixed"].to_pylist() == ["1", "a", None]
    other = arrow(
        polars.DataFrame(
            {"e": polars.Series(["x", None], dtype=polars.Enum(["x", "y"])), "d": polars.Series(["1.5", "2"]).cast(polars.Decimal(9, 2))}
        )
    )
    assert other["e"].to_pylist() == ["x", None] and declared(other) == {}
    found = {column["name"]: column["kind"] for column in etabli.explore(pandas.concat([frame] * 5, ignore_index=True))[1]["columns"]}
    assert found["codes"] == "category" and found["words"] == "category" and found["when"] == "date" and found["price"] == "number"


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), UsageError, 'more than one is called "a"'),
        (pyarrow.table([[1], [2]], names=["a", "a"]), UsageError, 'more than one is called "a"'),
        (pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "b"), ("a", "c")])), UsageError, "2 levels of names"),
        (pandas.DataFrame({"a": []}), DataError, "0 rows"),
        (polars.DataFrame(), DataError, "0 columns"),
        ({}, DataError, "0 columns"),
        ({"a": [1], "b": [1, 2]}, UsageError, "same number of rows"),
        (np.zeros(3), UsageError, "shape (3,)"),
        (np.zeros((2, 2), complex), UsageError, 'column "x0"'),
        (pandas.DataFrame({"a": [object()]}), UsageError, 'column "a"'),
        (pandas.Series([1, 2]), UsageError, "dicts, one a row"),
        (3, UsageError, "got:  int"),
        (None, UsageError, "got:  NoneType"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_table_is_refused(data: Any, error: type[EtabliError], said: str) -> None:
    with pytest.raises(error) as caught:
        arrow(data)
    assert said in str(caught.value)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: Any) -> tuple[Any, Any]:
    """(penguins as pandas, a study fitted on them as polars with a test set as pyarrow)."""
    frame = pandas.read_csv(etabli.examples.path("penguins.csv"))
    folder = tmp_path_factory.mktemp("frames")
    rest = frame.sample(frac=0.25, random_state=0)
    study = etabli.fit(
        polars.from_pandas(frame.drop(rest.index)), "body_mass_g", effort="glance", families=("ridge",), out=folder / "mass.etabli",
        test=pyarrow.Table.from_pandas(rest, preserve_index=False),
    )  # fmt: skip
    return frame, study


def test_a_study_of_a_frame_holds_it(fitted: tuple[Any, Any]) -> None:
    frame, study = fitted
    assert {"frame.parquet", "test.parquet", "model.onnx", "report.html"} <= set(os.listdir(study.folder))
    command = study.result["command"]
    assert f"fit {study.folder}/frame.parquet --target body_mass_g" in command and f"--test {study.folder}/test.parquet" in command
    again = etabli.fit(pyarrow.parquet.read_table(study.folder / "frame.parquet"), "body_mass_g", effort="glance", families=("ridge",),
                       out=study.folder, test=pyarrow.parquet.read_table(study.folder / "test.parquet"))  # fmt: skip
    assert again.result["honest"] == study.result["honest"]
    held = (study.folder / "frame.parquet").read_bytes()
    with pytest.raises(UsageError, match="different: the data"):
        etabli.fit(frame, "body_mass_g", effort="glance", families=("ridge",), out=study.folder)
    assert (study.folder / "frame.parquet").read_bytes() == held


def test_a_refused_frame_leaves_nothing(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"a": range(30), "b": [1.0] * 30})
    with pytest.raises(EtabliError):
        etabli.fit(frame, "c", out=tmp_path / "new.etabli")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="new, empty, or a run already"):
        etabli.fit(frame, "b", out=tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["letter.txt", "mine"]


def test_the_same_kind_comes_out(fitted: tuple[Any, Any]) -> None:
    frame, study = fitted
    model, rows = study.model, frame.head(40).set_index(pandas.Index([f"r{i}" for i in range(40)]))
    before = rows.copy(deep=True)
    answers = model.predict(rows)
    made = answers.frame
    assert isinstance(made, pandas.DataFrame) and made.index.equals(rows.index) and next(iter(made.columns)) == "prediction"
    assert np.array_equal(made["lower"], answers["lower"][:, 0])
    pandas.testing.assert_frame_equal(rows, before)
    lazy = model.predict(polars.from_pandas(rows).lazy()).frame
    assert isinstance(lazy, polars.DataFrame) and lazy["prediction"].to_list() == made["prediction"].to_list()
    table = pyarrow.Table.from_pandas(rows, preserve_index=False)
    for given_ in (table, duckdb.from_arrow(table)):
        answered = model.predict(given_).frame
        assert isinstance(answered, pyarrow.Table) and answered["upper"].to_pylist() == made["upper"].tolist()
    plain_ = model.predict({name: table[name].to_pylist() for name in table.column_names}).frame
    assert isinstance(plain_, dict) and plain_["prediction"].tolist() == made["prediction"].tolist()
    one = model.predict(rows.iloc[0].to_dict()).frame
    assert one["prediction"].tolist() == made["prediction"].tolist()[:1]
