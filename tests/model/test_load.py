"""Loading and predicting: every kind of frame gives the same bits, what is odd is noted, what is wrong is taught."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PENGUINS
from hypothesis import given, settings
from hypothesis import strategies as st
from made import Made, read

import etabli.model.load as loading
from etabli.errors import DataError, UsageError
from etabli.model import card as cards
from etabli.model.load import load


@pytest.fixture(scope="module")
def texts(shared: Path) -> dict[str, list[str]]:
    return read(shared / "penguins_raw.csv", PENGUINS)[1]


def same(got: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(got) == list(expected)
    for name, values in expected.items():
        assert np.array_equal(got[name], values), name


def test_the_file_answers_as_the_library_that_fitted_it(penguins: Made, shared: Path) -> None:
    got = load(penguins.model).predict(shared / "penguins_raw.csv")
    want = penguins.answer(penguins.table, np.arange(penguins.table.rows))
    assert got["prediction"].tolist() == want["prediction"].tolist()
    assert np.abs(got["probability"] - want["probability"]).max() < 1e-15


def test_regression_is_bit_for_bit_the_native_model(meteo: Made, shared: Path) -> None:
    got = load(meteo.model).predict(str(shared / "meteo_orleans.csv"))["prediction"]
    assert np.array_equal(got, meteo.native._raw_predict(meteo.x))


def test_every_frame_gives_the_same_answers(penguins: Made, shared: Path, texts: dict[str, list[str]]) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc

    model = load(penguins.model)
    expected = model.predict(shared / "penguins_raw.csv")
    columns = {name: texts[name] for name in PENGUINS}
    same(model.predict(columns), expected)
    same(model.predict([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]), expected)
    same(model.predict(pa.table(columns)), expected)
    typed = pc.read_csv(shared / "penguins_raw.csv")
    assert typed.schema.field("Date Egg").type == pa.date32()
    same(model.predict(typed), expected)
    values = penguins.table.values
    numbers = {
        name: values[name] if kind != "category" else [penguins.table.levels[name][code] if code >= 0 else None for code in values[name]]
        for name, kind in PENGUINS.items()
    }
    same(model.predict(numbers), expected)
    dates = [datetime.datetime.fromisoformat(text) for text in texts["Date Egg"]]
    same(model.predict({**numbers, "Date Egg": dates}), expected)
    same(model.predict({**numbers, "Date Egg": np.array(texts["Date Egg"], "datetime64[ns]")}), expected)


def test_one_row_in_a_hurry_is_the_row_among_many(penguins: Made, texts: dict[str, list[str]]) -> None:
    model = load(penguins.model)
    names = [name for name in PENGUINS]
    for row in (0, 3, 200, 343):  # row 3 has missing cells
        cells: dict[str, Any] = {
            name: penguins.table.values[name][row] if PENGUINS[name] != "category" else texts[name][row] for name in names
        }
        assert model._row(cells) is not None
        quick = model.predict(cells)
        same(quick, model.predict([{name: texts[name][row] for name in names}]))
        assert quick["prediction"].shape == (1, 1)


def test_many_rows_are_the_same_bits_on_any_number_of_cores(meteo: Made, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "BLOCK", 333)
    one, many = load(meteo.model, threads=1), load(meteo.model, threads=4)
    first = one.predict(shared / "meteo_orleans.csv")
    same(many.predict(shared / "meteo_orleans.csv"), first)
    assert np.array_equal(first["prediction"], meteo.native._raw_predict(meteo.x))


def test_no_rows_give_no_answers(penguins: Made) -> None:
    got = load(penguins.model).predict({name: [] for name in PENGUINS})
    assert got["prediction"].shape == (0, 1)
    assert got["probability"].shape == (0, 3)


def test_confidence_is_asked_of_the_same_file(meteo: Made, shared: Path) -> None:
    model = load(meteo.model)
    wide, narrow = (model.predict(shared / "meteo_orleans.csv", level) for level in (0.99, 0.5))
    assert np.all(wide["upper"] - wide["lower"] > narrow["upper"] - narrow["lower"])
    for level, hint in ((90, "0.9"), (0, "usual"), (1.0, "usual")):
        with pytest.raises(UsageError, match=hint):
            model.predict(shared / "meteo_orleans.csv", level)


def test_absent_columns(penguins: Made, texts: dict[str, list[str]]) -> None:
    model = load(penguins.model)
    columns = {name: texts[name] for name in PENGUINS if name != "Sex"}  # Sex was missing in training
    got = model.predict(columns)
    assert [(note.code, note.column) for note in got.notes] == [("absent", "Sex")]
    same(got, model.predict({**columns, "Sex": [None] * 344}))
    del columns["Island"]
    with pytest.raises(UsageError, match='did you mean "island_"'):
        model.predict({**columns, "island_": texts["Island"]})


def test_rows_without_any_of_the_models_columns_are_no_rows_of_its(tmp_path: Path) -> None:
    import etabli

    random = np.random.default_rng(2)
    a = random.normal(size=120)
    lines = [f"{'' if gap else round(x, 3)},{'yes' if x > 0 else 'no'}" for x, gap in zip(a, random.random(120) < 0.1, strict=True)]
    (tmp_path / "gaps.csv").write_text("a,y\n" + "\n".join(lines))
    model = etabli.fit(tmp_path / "gaps.csv", "y", effort="glance", families=("logistic",), out=str(tmp_path / "r")).model
    with pytest.raises(UsageError, match="at least one of the model's columns") as told:
        model.predict({"foo": [1.0, 2.0]})
    assert '"foo"' in told.value.got and '"a"' in told.value.hint


def test_unread_and_unknown_are_noted(penguins: Made, texts: dict[str, list[str]]) -> None:
    model = load(penguins.model)
    columns: dict[str, Any] = {name: list(texts[name]) for name in PENGUINS}
    columns["Body Mass (g)"][:3] = ["heavy", "heavy", "3 kg"]
    columns["weather"] = ["fine"] * 344
    got = model.predict(columns)
    assert [(note.code, note.column, note.count) for note in got.notes] == [("extra", "weather", 344), ("unread", "Body Mass (g)", 3)]
    assert "'heavy'" in got.notes[1].text["en"]
    columns["Body Mass (g)"][:3] = ["", "NA", "?"]
    same(got, model.predict(columns))


def test_a_number_for_a_flag_or_a_category_is_its_text(penguins: Made, texts: dict[str, list[str]]) -> None:
    model = load(penguins.model)
    columns: dict[str, Any] = {name: texts[name][:2] for name in PENGUINS}
    same(model.predict({**columns, "Clutch Completion": [True, False]}), model.predict({**columns, "Clutch Completion": ["Yes", "no "]}))
    same(model.predict({**columns, "Island": [1.0, np.int64(2)]}), model.predict({**columns, "Island": ["1", "2"]}))


def test_text_that_is_no_utf8_is_an_unseen_level(penguins: Made, texts: dict[str, list[str]]) -> None:
    model = load(penguins.model)
    columns: dict[str, Any] = {name: texts[name][:2] for name in PENGUINS}
    same(model.predict({**columns, "Island": ["\udce9", "\0"]}), model.predict({**columns, "Island": ["x", "y"]}))


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(
        st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.decimals(), st.binary()),
        min_size=8,
        max_size=8,
    )
)
def test_any_cell_is_answered(penguins: Made, cells: list[Any]) -> None:
    got = load(penguins.model).predict(dict(zip(PENGUINS, ([cell] for cell in cells), strict=True)))
    assert abs(got["probability"].sum() - 1) < 1e-12
    assert got["prediction"][0, 0] in penguins.classes


@pytest.mark.parametrize("data", [3, "absent.csv", [1, 2], {"a": [1, 2], "b": [1]}, np.zeros((2, 3)), object()])
def test_what_is_no_table_is_taught(penguins: Made, data: Any) -> None:
    with pytest.raises(UsageError) as told:
        load(penguins.model).predict(data)
    assert told.value.got


def test_files_that_are_no_model(tmp_path: Path, penguins: Made, shared: Path) -> None:
    import onnx

    (tmp_path / "penguins.onnx").write_bytes(penguins.model)
    with pytest.raises(UsageError, match=r"penguins\.onnx"):
        load(tmp_path / "pinguins.onnx")
    with pytest.raises(DataError, match="ONNX model"):
        load(shared / "penguins_raw.csv")
    with pytest.raises(DataError, match="ONNX model"):
        load(penguins.model[: len(penguins.model) // 2])
    for card, wanted in ((None, "has no card"), ('{"schema": 2}', "up to schema 1"), ("{", "card cannot be read")):
        model = onnx.load_from_string(penguins.model)
        del model.metadata_props[:]
        if card:
            onnx.helper.set_model_props(model, {cards.CARD: card})
        with pytest.raises(DataError, match=wanted):
            load(model.SerializeToString())


def test_the_self_test_fails_when_an_answer_is_another(penguins: Made) -> None:
    import json

    import onnx

    assert load(penguins.model).self_test() == loading.SelfTest(20, 0.0, 0, True)
    model = onnx.load_from_string(penguins.model)
    props = {prop.key: prop.value for prop in model.metadata_props}
    kept = json.loads(props[cards.SELFTEST])
    kept["outputs"]["probability"][3][1] += 1e-6
    onnx.helper.set_model_props(model, {**props, cards.SELFTEST: cards.dumps(kept)})
    tested = load(model.SerializeToString()).self_test()
    assert not tested.passed
    assert 0.9e-6 < tested.difference < 1.1e-6
    kept["outputs"]["prediction"][0][0] = "Dodo"
    onnx.helper.set_model_props(model, {**props, cards.SELFTEST: cards.dumps(kept)})
    assert load(model.SerializeToString()).self_test().labels == 1


@given(st.lists(st.floats(), max_size=5))
def test_the_card_keeps_every_double(values: list[float]) -> None:
    import json

    array = np.array(values, np.float64)
    assert np.array_equal(cards.array(json.loads(cards.dumps(array)), "double"), array, equal_nan=True)
