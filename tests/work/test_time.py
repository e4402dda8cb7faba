"""Time through the whole of a run: a gap is kept, told and resumed; rows of folds at random whose latest are harder are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.cli import main
from etabli.errors import UsageError
from etabli.work.asked import Asked
from etabli.work.intake import _looks_back
from etabli.work.journal import Journal
from tests.data.tables import table_of


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 rows, one every six hours, a hundred patients who come back; the last fifth is noisier."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("time") / "visits.csv"
    when = np.datetime64("2024-01-01T00") + np.arange(400) * np.timedelta64(6, "h")
    x = rng.normal(size=(400, 2))
    y = x[:, 0] + 0.5 * x[:, 1] + np.where(np.arange(400) < 320, 0.3, 1.0) * rng.normal(size=400)
    patient = np.minimum(np.arange(400) // 4 + rng.integers(0, 4, 400), 99)
    order = rng.permutation(400)
    lines = [f"{when[i]}:00:00,p{patient[i]},{x[i, 0]:.4f},{x[i, 1]:.4f},{y[i]:.4f}" for i in order]
    path.write_text("\n".join(["when,patient,a,b,y", *lines]) + "\n")
    return path


def test_a_gap_is_kept_told_and_resumed(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = ["--group", "patient", "--time-column", "when", "--gap", "3d", "--effort", "glance", "--families", "ridge"]
    assert main(["fit", str(file), "-t", "y", *words, "-o", str(out), "--json", "-q"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert result["split"]["kind"] == "grouped forward" and result["split"]["gap"] == "3d"
    assert "a gap of 3d" in result["split"]["reason"]["en"] and "un écart de 3j" in result["split"]["reason"]["fr"]
    assert "--time-column when --gap 3d" in result["command"] and "gap='3d'" in result["python_call"]
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert card["split"]["gap"] == "3d" and "--gap 3d" in card["command"]
    assert json.loads((out / "plan.json").read_text(encoding="utf-8"))["asked"]["gap"] == "3d"
    names = [path.stem.removeprefix("split-") for path in (out / "data").glob("split-*.npz")]
    for made in map(Journal(out).load_split, names):
        assert made.when is not None and made.groups is not None
        for k in range(made.folds):
            learned, scored = made.train(k), made.valid(k)
            assert made.when[learned].max() <= made.when[scored].min() - 3 * 86_400
            assert not np.intersect1d(made.groups[learned], made.groups[scored]).size
    before = (out / "model.onnx").read_bytes()
    assert etabli.resume(out).result["split"] == result["split"] and (out / "model.onnx").read_bytes() == before
    assert not [warning for warning in result["warnings"] if warning["code"] == "looks-back"]
    with pytest.raises(UsageError, match="new ideas") as caught:
        etabli.fit(file, "y", group="patient", time_column="when", gap="2d", effort="glance", families=("ridge",), out=str(out))
    assert "gap" in caught.value.got


def test_the_latest_rows_are_harder_and_that_is_told(file: Path, tmp_path: Path) -> None:
    found = etabli.fit(file, "y", group="none", effort="glance", families=("ridge",), out=str(tmp_path / "run")).result
    assert found["split"]["kind"] != "forward"
    told = [warning for warning in found["warnings"] if warning["code"] == "time-harder"]
    assert len(told) == 1 and told[0]["columns"] == ["when"] and "--time-column when" in told[0]["cure"]["en"]
    assert "latest fifth" in told[0]["text"]["en"] and "plus difficile" in told[0]["text"]["fr"]


def test_columns_named_after_earlier_rows_are_noted_without_a_gap() -> None:
    table = table_of(
        {name: np.arange(5.0) for name in ("day", "y", "sales_lag_7", "rolling mean", "flag", "plage", "movingHouse", "price")}
    )
    for options, names in (({}, ("sales_lag_7", "rolling mean")), ({"gap": "7"}, ()), ({"ignore": ("sales_lag_7",)}, ("rolling mean",))):
        found = _looks_back(Asked("f", "y", time_column="day", **options), table)  # type: ignore[arg-type]
        assert [one.columns for one in found] == [names] * bool(names)
    assert _looks_back(Asked("f", "y"), table) == []
