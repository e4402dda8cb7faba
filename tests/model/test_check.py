"""A check on honest rows is calm, on changed rows it says what changed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import METEO
from made import Made, make, read

from etabli.errors import DataError, UsageError
from etabli.model import card as cards
from etabli.model.check import calibration, check, share
from etabli.model.load import load


@pytest.fixture(scope="module")
def weather(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """A model of the odd days of Orléans, whose card promises what it does on the even ones."""
    table, texts = read(shared / "meteo_orleans.csv", METEO)
    odd = np.arange(1, table.rows, 2)
    half = dataclasses.replace(table, rows=len(odd), values={name: values[odd] for name, values in table.values.items()})
    made = make(half, [texts["MAX_TEMPERATURE_C"][i] for i in odd], name="MAX_TEMPERATURE_C")
    even = {name: column[::2] for name, column in texts.items()}
    error = load(made.model).predict(even)["prediction"][:, 0] - np.array(even["MAX_TEMPERATURE_C"], float)
    value = float(np.sqrt(np.mean(error**2)))
    made = make(
        half,
        [texts["MAX_TEMPERATURE_C"][i] for i in odd],
        name="MAX_TEMPERATURE_C",
        metric="rmse",
        honest={"value": value, "low": 0.95 * value, "high": 1.05 * value},
    )
    path = tmp_path_factory.mktemp("weather") / "weather.onnx"
    path.write_bytes(made.model)
    return path, even


def test_alone(files: Path) -> None:
    seen = check(files / "penguins.onnx")
    assert seen.verdict == "sound"
    assert seen.self_test is not None
    assert seen.self_test.equal
    assert seen.operators["TreeEnsemble"] == 1
    assert "sain" in seen.words["fr"]


def test_a_foreign_operator_or_another_answer_is_broken(tmp_path: Path, penguins: Made) -> None:
    model = onnx.load_from_string(penguins.model)
    next(node for node in model.graph.node if node.op_type == "Neg").op_type = "Cos"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    seen = check(tmp_path / "m.onnx")
    assert (seen.verdict, seen.foreign) == ("broken", ("Cos",))


def test_on_rows_like_those_promised(weather: tuple[Path, dict[str, list[str]]]) -> None:
    path, even = weather
    seen = check(path, even)
    main = seen.scores[0]
    error = np.array(even["MAX_TEMPERATURE_C"], float)
    assert main.metric == "rmse"
    assert main.promised is not None
    assert main.value == pytest.approx(main.promised["value"], rel=1e-12)
    assert main.low < main.value < main.high
    assert {score.metric for score in seen.scores} == {"rmse", "mae", "r2"}
    r2 = next(score.value for score in seen.scores if score.metric == "r2")
    assert r2 == pytest.approx(1 - main.value**2 / error.var())
    assert not any(drift.changed for drift in seen.drift)
    assert seen.verdict in ("as promised", "changed")  # the half-widths of this toy interval are wider than asked
    told = json.loads(json.dumps(seen.to_json(), allow_nan=False))
    assert told["scores"]["rmse"] == main.value
    assert told["intervals"][0]["promised"] == main.promised
    assert (seen.text("fr"), seen.text()) == (seen.words["fr"], seen.words["en"])


def test_amounts_are_told_without_exponents(weather: tuple[Path, dict[str, list[str]]]) -> None:
    from etabli.model.told import told

    path, even = weather
    seen = check(path, even)
    assert "e+" not in seen.text()
    prices = dataclasses.replace(
        seen.scores[0], value=61093.2, low=1999.96, high=632710.0, promised={"value": 0.71, "low": 0.5, "high": 1e20}
    )
    dear = dataclasses.replace(seen, scores=(prices,))
    assert "61,090 (2000 to 632,700), promised 0.71 (0.5 to 1e+20)." in told(dear, "en")
    assert "61\u202f090 (2000 à 632\u202f700), annoncé 0,71" in told(dear, "fr")


def test_worse_and_better(weather: tuple[Path, dict[str, list[str]]]) -> None:
    path, even = weather
    shuffled = {**even, "MAX_TEMPERATURE_C": even["MAX_TEMPERATURE_C"][::-1]}
    seen = check(path, shuffled)
    assert seen.verdict == "worse"
    assert "fait moins bien" in seen.words["fr"]
    flattered = {**even, "MAX_TEMPERATURE_C": load(path).predict(even)["prediction"][:, 0] + 0.01}
    assert check(path, flattered).verdict == "better"


def test_changed_columns_are_named(weather: tuple[Path, dict[str, list[str]]]) -> None:
    path, even = weather
    rows = len(even["DATE"])
    moved = {
        **even,
        "PRESSURE_MAX_MB": ["2000"] * (rows // 10) + even["PRESSURE_MAX_MB"][rows // 10 :],
        "OPINION": ["", "nouveau"] * (rows // 2) + [""] * (rows % 2),
    }
    changed = {drift.column: drift for drift in check(path, moved).drift if drift.changed}
    assert set(changed) == {"PRESSURE_MAX_MB", "OPINION"}
    assert changed["PRESSURE_MAX_MB"].outside == pytest.approx(0.1, abs=0.01)
    assert changed["OPINION"].unseen == pytest.approx(0.5, abs=0.01)


def test_shapes_that_move(meteo: Made, tmp_path: Path, shared: Path) -> None:
    card = {**meteo.card, "columns": [dict(column) for column in meteo.card["columns"]]}
    values = meteo.table.values["MIN_TEMPERATURE_C"]
    next(column for column in card["columns"] if column["name"] == "MIN_TEMPERATURE_C").update(cards.shape(values))

    model = onnx.load_from_string(meteo.model)
    props = {prop.key: prop.value for prop in model.metadata_props}
    onnx.helper.set_model_props(model, {**props, cards.CARD: cards.dumps(card)})
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    texts = read(shared / "meteo_orleans.csv", METEO)[1]
    calm = {drift.column: drift for drift in check(tmp_path / "m.onnx", texts).drift}["MIN_TEMPERATURE_C"]
    assert calm.psi == pytest.approx(0, abs=1e-12)
    assert not calm.changed
    summer = {
        name: [cell for cell, day in zip(column, texts["DATE"], strict=True) if day[5:7] in ("06", "07", "08")]
        for name, column in texts.items()
    }
    hot = {drift.column: drift for drift in check(tmp_path / "m.onnx", summer).drift}["MIN_TEMPERATURE_C"]
    assert hot.changed
    assert hot.psi is not None
    assert hot.psi > 1


def test_classes_by_their_labels(files: Path, shared: Path) -> None:
    texts = read(shared / "penguins_raw.csv", {"Island": "category"})[1]
    seen = check(files / "penguins.onnx", {**texts, "Species": [cell.upper() for cell in texts["Species"][:-2]] + ["", "Dodo"]})
    assert (seen.rows, seen.left_out) == (342, 2)
    assert next(score.value for score in seen.scores if score.metric == "accuracy") > 0.99
    with pytest.raises(UsageError, match='did you mean "species_"'):
        check(
            files / "penguins.onnx", {**{name: column for name, column in texts.items() if name != "Species"}, "species_": texts["Species"]}
        )
    with pytest.raises(DataError, match="labels that the model knows"):
        check(files / "penguins.onnx", {**texts, "Species": ["Dodo"] * 344})
    renamed = {name: column for name, column in texts.items() if name != "Species"} | {"what": texts["Species"]}
    assert check(files / "penguins.onnx", renamed, target="what").rows == 344


def test_bands_hold_what_chance_allows() -> None:
    """In 200 honest repetitions the band of calibration is left about one time in twenty, and that of a share too."""
    random = np.random.default_rng(0)
    left = 0
    for seed in range(100):
        p = random.beta(2, 2, 400)
        y = (random.random(400) < p).astype(int)
        left += not calibration(y, np.column_stack([1 - p, p]), seed).kept
    assert left <= 12
    p = random.beta(2, 2, 2000)
    assert not calibration((random.random(2000) < p**2).astype(int), np.column_stack([1 - p, p])).kept
    kept = 0
    for seed in range(100):  # conformal: the threshold is a quantile of 300 other rows
        threshold = np.sort(random.normal(size=300))[int(np.ceil(0.9 * 301)) - 1]
        kept += share(random.normal(size=500) <= threshold, 0.9, 300, seed).kept
    assert 88 <= kept <= 100
    assert not share(random.random(500) < 0.8, 0.9, 300).kept


def test_the_training_rows_are_recognised(tmp_path: Path, shared: Path, penguins: Made) -> None:
    import hashlib

    source = shared / "penguins_raw.csv"
    card = {**penguins.card, "fingerprint": hashlib.sha256(source.read_bytes()).hexdigest()}
    model = onnx.load_from_string(penguins.model)
    props = {prop.key: prop.value for prop in model.metadata_props}
    onnx.helper.set_model_props(model, {**props, cards.CARD: cards.dumps(card)})
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    seen = check(tmp_path / "m.onnx", source)
    assert seen.learned
    assert "flatter" in seen.text("en")
    (tmp_path / "less.csv").write_bytes(source.read_bytes().rsplit(b"\n", 2)[0])
    assert not check(tmp_path / "m.onnx", tmp_path / "less.csv").learned


def test_rows_without_labels_are_compared(weather: tuple[Path, dict[str, list[str]]], shared: Path, tmp_path: Path) -> None:
    path, even = weather
    unlabelled = {name: even[name] for name in METEO}
    seen = check(path, unlabelled)
    assert (seen.verdict, seen.fine, seen.rows, seen.new_rows) == ("alike", True, 0, len(even["DATE"]))
    assert seen.shift is None and seen.worth is None  # the file holds no training row
    blank = {**even, "MAX_TEMPERATURE_C": [""] * len(even["DATE"])}
    assert check(path, blank).to_json() | {"notes": []} == seen.to_json() | {"notes": []}
    odd = {name: column[1::2] for name, column in read(shared / "meteo_orleans.csv", METEO)[1].items()}
    alike = check(path, unlabelled, training=odd)
    assert alike.shift is not None and alike.verdict == "alike"
    assert (alike.shift.rows, alike.shift.source, alike.shift.left_out) == (len(odd["DATE"]), "file", ("DATE",))
    assert alike.shift.auc < 0.52 and not alike.shift.differs  # below 0.5: each day lies between two of the other file
    assert not any(drift.changed for drift in alike.drift) and all(drift.p is not None for drift in alike.drift)
    summer = {
        name: [c for c, day in zip(column, even["DATE"], strict=True) if day[5:7] in ("06", "07", "08")]
        for name, column in unlabelled.items()
    }
    hot = check(path, summer, training=odd)
    assert hot.shift is not None and hot.shift.differs and hot.shift.warns
    assert hot.shift.columns[0]["column"] == "MIN_TEMPERATURE_C" == hot.drift[0].column
    assert hot.shift.effective < 0.6 * hot.shift.rows
    assert "Carried by" in hot.text("en") and "Porté par" in hot.text("fr")
    assert json.loads(json.dumps(hot.to_json(), allow_nan=False))["shift"]["word"] == hot.shift.word
    with pytest.raises(UsageError, match="without rows"):
        check(path, {name: [] for name in unlabelled})


def test_the_old_score_is_reweighed_where_the_run_is_at_hand(tmp_path: Path) -> None:
    import csv

    import etabli
    import etabli.examples

    with open(etabli.examples.path("penguins.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows = [rows[i] for i in np.random.default_rng(0).permutation(len(rows)) if rows[i]["body_mass_g"] not in ("", "NA")]
    learned, new = tmp_path / "learned.csv", [row for k, row in enumerate(rows[180:]) if row["island"] != "Biscoe" or k % 10 == 0]
    with learned.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, rows[0])
        lines.writeheader()
        lines.writerows(rows[:180])
    study = etabli.fit(learned, "body_mass_g", effort="glance", families=("ridge",), out=tmp_path / "r.etabli", seed=1)
    table = {name: [row[name] for row in new] for name in rows[0]}
    seen = check(study.folder / "model.onnx", table)
    assert seen.shift is not None and seen.worth is not None
    assert seen.shift.source == "run" and seen.shift.rows == 180
    assert seen.shift.differs and seen.shift.effective < seen.shift.rows and seen.foretold is not None
    assert seen.worth.plain == pytest.approx(study.result["honest"]["value"])  # what the leaderboard flatters is taken off
    assert seen.worth.low < seen.worth.value < seen.worth.high
    by = check(study.folder, table, by=["sex", "bill_length_mm"]).by
    assert [entry["cuts"] for entry in by] == ["rows", "training"]
    assert all(sum(level["rows"] for level in entry["levels"]) == len(new) for entry in by)
    fifths = np.quantile([float(row["bill_length_mm"]) for row in rows[:180] if row["bill_length_mm"]], 0.2, method="lower")
    first = sum(row["bill_length_mm"] != "" and float(row["bill_length_mm"]) <= fifths for row in new)
    assert by[1]["levels"][0]["rows"] == first  # a level is the same rows then and now
    del table["body_mass_g"]
    with pytest.raises(UsageError, match="outcome is known"):
        check(study.folder, table, by=["sex"])
    unlabelled = check(study.folder, table)
    assert unlabelled.worth == seen.worth and unlabelled.foretold is None
    (study.folder / "model.onnx").rename(tmp_path / "alone.onnx")
    assert check(tmp_path / "alone.onnx", table).shift is None


def test_by_group_on_new_rows(weather: tuple[Path, dict[str, list[str]]]) -> None:
    path, even = weather
    rows = len(even["DATE"])
    first = [k < rows // 2 for k in range(rows)]
    y = np.array(even["MAX_TEMPERATURE_C"], float)
    moved = {**even, "MAX_TEMPERATURE_C": np.where(first, y, y + 4), "half": ["=a" if one else "b\x1b" for one in first], "one": [3] * rows}
    seen = check(path, moved, by=["half", "one", "half", "OPINION"])
    half, one, opinion = seen.by  # each column once
    assert half["kind"] == "category" and one["kind"] == "number" and [level["rows"] for level in one["levels"]] == [rows]
    worse = {level["level"]["en"]: level["measures"] for level in half["levels"]}
    assert worse["b\x1b"]["gap"]["apart"] and worse["b\x1b"]["gap"]["value"] > 3
    assert worse["=a"]["score"]["value"] < worse["b\x1b"]["score"]["value"]
    error = y - load(path).predict(even)["prediction"][:, 0]
    assert worse["=a"]["score"]["value"] == pytest.approx(np.sqrt(np.mean(error[: rows // 2] ** 2)))
    assert sum(level["rows"] for level in opinion["levels"]) == rows
    assert "beyond chance" in seen.text("en") and "au-delà du hasard" in seen.text("fr") and "\x1b" not in seen.text("en")
    assert json.loads(json.dumps(seen.to_json(), allow_nan=False))["by"][0]["column"] == "half"
    with pytest.raises(UsageError, match="must have that column") as caught:
        check(path, even, by=["OPINON"])
    assert "OPINION" in str(caught.value)
    with pytest.raises(UsageError, match="the target itself"):
        check(path, even, by=["MAX_TEMPERATURE_C"])
    with pytest.raises(UsageError, match="new rows"):
        check(path, by=["OPINION"])


def test_rates_and_weighed_rows_are_scored_as_they_were_promised(tmp_path: Path) -> None:
    import etabli

    random = np.random.default_rng(4)
    rows = 400
    x, years = random.normal(size=rows), random.uniform(0.2, 4.0, rows).round(2)
    counts = random.poisson(years * np.exp(0.5 * x))
    for name, kept in (("old", slice(0, 250)), ("new", slice(250, None))):
        lines = [f"{a},{b},{n},{w}" for a, b, n, w in zip(x[kept], years[kept], counts[kept], years[kept], strict=True)]
        (tmp_path / f"{name}.csv").write_text("x,years,visits,size\n" + "\n".join(lines))
    asked = {"effort": "glance", "families": ("ridge",), "ignore": ("size",), "test": str(tmp_path / "new.csv")}
    study = etabli.fit(tmp_path / "old.csv", "visits", exposure="years", out=str(tmp_path / "rate"), **asked)
    checked = check(tmp_path / "rate" / "model.onnx", tmp_path / "new.csv")
    answers = study.model.predict({"x": x[250:], "years": years[250:]})["prediction"][:, 0]
    by_hand = np.sqrt(np.average(((counts[250:] - answers) / years[250:]) ** 2, weights=years[250:]))
    assert checked.scores[0].value == pytest.approx(by_hand, rel=1e-9)
    assert study.result["test"]["rmse"] == pytest.approx(by_hand, rel=1e-9)  # an own test file is judged alike
    by = check(tmp_path / "rate" / "model.onnx", tmp_path / "new.csv", by=["x", "years"]).by
    assert by[0]["overall"]["score"] == pytest.approx(by_hand, rel=1e-9)
    assert checked.verdict != "worse" and 'per unit of "years"' in checked.text("en")
    asked["ignore"] = ()
    study = etabli.fit(tmp_path / "old.csv", "visits", weights="size", out=str(tmp_path / "weighed"), **asked)
    checked = check(tmp_path / "weighed" / "model.onnx", tmp_path / "new.csv")
    answers = study.model.predict({"x": x[250:], "years": years[250:]})["prediction"][:, 0]
    assert checked.scores[0].value == pytest.approx(np.sqrt(np.average((counts[250:] - answers) ** 2, weights=years[250:])), rel=1e-9)
    without = check(tmp_path / "weighed" / "model.onnx", {"x": x[250:], "years": years[250:], "visits": counts[250:]})
    assert "counts the same" in without.text("en") and "compte autant" in without.text("fr")
