"""Predicting whole files: the source's cells unchanged, `prediction` first after them, hostile names, nothing half written."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from made import Made, make, table_of

import etabli.model.batch as batch
from etabli.errors import DataError, UsageError
from etabli.model import writers
from etabli.model.batch import predict_file
from etabli.model.load import load

HOSTILE = {
    "<script>alert(1)</script>": "number",
    "=1+1": "category",
    "a\nb": "number",
    "😀 é": "flag",
    "prediction": "number",
    "é,\"'": "date",
}


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_csv_keeps_its_cells_and_gains_the_answers(files: Path, shared: Path, penguins: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_BLOCK", 100)
    source = shared / "penguins_raw.csv"
    summary = predict_file(files / "penguins.onnx", source, files / "out.csv", confidence=0.99)
    got, before = rows_of(files / "out.csv"), rows_of(source)
    width = len(before[0])
    assert [row[:width] for row in got] == before
    labels = [f"probability_{label}" for label in penguins.classes]
    assert got[0][width:] == ["prediction", *labels, "set", "novelty"]
    answers = load(penguins.model).predict(source, 0.99)
    assert [row[width] for row in got[1:]] == answers["prediction"][:, 0].tolist()
    assert np.array_equal(np.array([row[width + 1 : width + 4] for row in got[1:]], float), answers["probability"])
    assert [row[width + 4].split("|") for row in got[1:]] == [
        [c for c, m in zip(penguins.classes, row, strict=True) if m] or [""] for row in answers["set"]
    ]
    assert summary.rows == 344
    assert sorted(path.name for path in files.iterdir()) == ["meteo.onnx", "out.csv", "penguins.onnx"]


def test_numbers_are_written_in_full(files: Path, shared: Path, meteo: Made) -> None:
    predict_file(files / "meteo.onnx", shared / "meteo_orleans.csv", files / "out.csv")
    got = rows_of(files / "out.csv")
    column = got[0].index("prediction")
    assert got[0][column:] == ["prediction", "lower", "upper", "novelty"]
    assert np.array_equal(np.array([float(row[column]) for row in got[1:]]), meteo.native._raw_predict(meteo.x)[:, 0])


def test_parquet_in_and_out_keeps_types(files: Path, shared: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    table = pc.read_csv(shared / "penguins_raw.csv")
    pq.write_table(table, files / "in.parquet")
    summary = predict_file(files / "penguins.onnx", files / "in.parquet", files / "out.parquet")
    made = pq.read_table(files / "out.parquet")
    assert made.select(table.column_names).equals(table)
    assert made.schema.field("prediction").type == pa.string()
    assert summary.rows == 344
    predict_file(files / "penguins.onnx", files / "in.parquet", files / "out.csv")
    predict_file(files / "penguins.onnx", shared / "penguins_raw.csv", files / "again.csv")
    at = len(table.column_names)
    assert [row[at:] for row in rows_of(files / "out.csv")] == [row[at:] for row in rows_of(files / "again.csv")]


def test_what_is_unusual_is_counted(files: Path, shared: Path) -> None:
    lines = (shared / "penguins_raw.csv").read_text().splitlines()
    changed = [lines[0], lines[1].replace("Torgersen", "Elba").replace("39.1", "139.1"), lines[2].replace("186.0", "long")]
    (files / "new.csv").write_text("\n".join(changed) + "\n")
    summary = predict_file(files / "penguins.onnx", files / "new.csv", files / "out.csv")
    told = summary.to_json()
    assert told["unseen"] == {"Island": {"count": 1, "share": 0.5, "examples": ["Elba"]}}
    assert told["outside"]["Culmen Length (mm)"]["highest"] == 139.1
    assert [note["column"] for note in told["notes"] if note["code"] == "unread"] == ["Flipper Length (mm)"]
    for language, word in (("en", "never seen"), ("fr", "jamais vues")):
        assert word in summary.words(language)
    notes = {(note.code, note.column): note for note in load(files / "penguins.onnx").predict(files / "new.csv").notes}
    assert notes["unseen", "Island"].text["en"] == '"Island": 1 cell of levels never seen ("Elba")'
    assert notes["outside", "Culmen Length (mm)"].count == 1
    assert "59.6" in notes["outside", "Culmen Length (mm)"].text["en"]  # the range seen
    assert ("unread", "Flipper Length (mm)") in notes


def test_the_command_says_it_as_json(files: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    from etabli.cli import main

    source = str(shared / "penguins_raw.csv")
    assert main(["predict", str(files / "penguins.onnx"), source, "-o", str(files / "out.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["unseen"], told["outside"]) == (344, {}, {})
    assert main(["predict", str(files / "penguins.onnx"), source, "--json"]) == 2


def test_hostile_names_survive(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    texts = {
        "<script>alert(1)</script>": [repr(float(value)) for value in random.normal(size=200)],
        "=1+1": random.choice(["=cmd|' /C calc'!A0", "<b>", "a|b", "", "😀"], 200).tolist(),
        "a\nb": [str(value) for value in random.integers(0, 9, 200)],
        "😀 é": random.choice(["Yes", "No"], 200).tolist(),
        "prediction": [str(value) for value in random.integers(0, 9, 200)],
        'é,"\'': ["2024-02-29"] * 200,
    }  # fmt: skip
    classes = ["=SUM(A1)", "a|b\n<i>"]
    table = table_of(texts, {name: HOSTILE.get(name, "date") for name in texts})
    # an input must not be named as an output is: the column's name differs from its header
    columns = tuple(dataclasses.replace(c, name="prediction.2") if c.name == "prediction" else c for c in table.columns)
    values = {"prediction.2" if name == "prediction" else name: array for name, array in table.values.items()}
    made = make(dataclasses.replace(table, columns=columns, values=values), random.choice(classes, 200).tolist(), classes, "<target>")
    (tmp_path / "m.onnx").write_bytes(made.model)
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(texts)
        lines.writerows(zip(*texts.values(), strict=True))
    predict_file(tmp_path / "m.onnx", tmp_path / "in.csv", tmp_path / "out.csv")
    got = rows_of(tmp_path / "out.csv")
    assert got[0] == [*texts, "prediction_2", "probability_=SUM(A1)", "probability_a|b\n<i>", "set", "novelty"]
    assert [row[:6] for row in got[1:]] == [list(row) for row in zip(*texts.values(), strict=True)]
    assert {row[6] for row in got[1:]} <= set(classes)
    assert {row[9] for row in got[1:]} <= {"=SUM(A1)", "a\\|b\n<i>", "=SUM(A1)|a\\|b\n<i>", ""}
    assert np.array_equal(load(made.model).predict(texts)["prediction"][:, 0], [row[6] for row in got[1:]])


def test_repeated_and_empty_headers_are_found_by_their_place(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    x = {name: [repr(float(value)) for value in random.normal(size=100)] for name in ("x", "x.2", "column_3")}
    table = table_of(x, dict.fromkeys(x, "number"))
    headers = {"x": "x", "x.2": "x", "column_3": ""}
    table = dataclasses.replace(table, columns=tuple(dataclasses.replace(c, header=headers[c.name]) for c in table.columns))
    made = make(table, [str(float(a) - float(b)) for a, b in zip(x["x"], x["x.2"], strict=True)])
    expected = load(made.model).predict(x)["prediction"]
    body = "".join(",".join(row) + "\n" for row in zip(*x.values(), strict=True))
    for header in ("x,x,", "x,x.1,", " x ,x,column_3"):
        (tmp_path / "in.csv").write_text(header + "\n" + body)
        assert np.array_equal(load(made.model).predict(tmp_path / "in.csv")["prediction"], expected), header


def test_nothing_is_written_when_something_is_wrong(files: Path, shared: Path) -> None:
    source = shared / "penguins_raw.csv"
    (files / "ragged.csv").write_text(source.read_text() + "1,2,3\n")
    (files / "less.csv").write_text("".join(",".join(line.split(",")[:3]) + "\n" for line in source.read_text().splitlines()))
    before = sorted(files.iterdir())
    for data, out, error in (
        ("ragged.csv", "out.csv", DataError),
        ("less.csv", "out.csv", UsageError),
        ("ragged.csv", "ragged.csv", UsageError),
        ("absent.csv", "out.csv", UsageError),
        ("less.csv", "out.xlsx", UsageError),
        ("less.csv", "nowhere/out.csv", UsageError),
    ):
        with pytest.raises(error):
            predict_file(files / "penguins.onnx", files / data, files / out)
        assert sorted(files.iterdir()) == before


def test_the_standard_output_is_csv(files: Path, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predict_file(files / "meteo.onnx", shared / "meteo_orleans.csv", "-")
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith(",prediction,lower,upper,novelty")


def test_unique_titles() -> None:
    assert writers.unique(["a", "a", "a_2", "prediction", "prediction"]) == ["a", "a_3", "a_2", "prediction", "prediction_2"]
