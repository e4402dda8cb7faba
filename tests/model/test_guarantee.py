"""`--guarantee split` from the table to the file: only the rows held back set the quantiles, and the promise is told with its bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import etabli
from etabli.errors import DataError, UsageError


def written(folder: Path, rows: int, classes: bool, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 2))
    y = 3 * x[:, 0] + random.standard_t(3, size=rows)
    cells = np.where(y > 0, "yes", "no") if classes else y
    path = folder / f"{rows}.{classes}.{seed}.csv"
    path.write_text("a,b,y\n" + "\n".join(f"{a},{b},{c}" for (a, b), c in zip(x, cells, strict=True)) + "\n")
    return path


def test_numbers(tmp_path: Path) -> None:
    test = written(tmp_path, 1_000, False, 9)
    study = etabli.fit(
        written(tmp_path, 400, False),
        "y",
        effort="glance",
        families=("ols",),
        guarantee="split",
        test=str(test),
        distribution=True,
        out=str(tmp_path / "r"),
    )
    told = study.result["guarantee"]
    assert told["rows"] == pytest.approx(100, abs=3) and told["low"] == 0.9
    assert told["high"] == pytest.approx(0.9 + (2 if study.result["interval"]["kind"] == "normalised" else 1) / (told["cell"] + 1))
    assert "--guarantee split" in study.result["command"] and "90" in told["text"]["en"] and told["text"]["fr"]
    assert study.model.card["guarantee"]["most"] == told["most"]
    with pytest.raises(UsageError, match="carry"):
        study.model.predict(test, confidence=0.9999)
    got = study.model.predict(test)
    y = np.loadtxt(test, delimiter=",", skiprows=1)[:, 2]
    covered = float(np.mean((y >= got["lower"][:, 0]) & (y <= got["upper"][:, 0])))
    assert 0.82 < covered < 0.97  # a hundred rows: a deviation of three points
    assert study.result["split"]["reason"]["en"].count("held back") == 1 and study.model.self_test().passed


def test_classes(tmp_path: Path) -> None:
    study = etabli.fit(
        written(tmp_path, 420, True), "y", effort="glance", families=("logistic",), guarantee="split", out=str(tmp_path / "r")
    )
    told = study.result["guarantee"]
    assert told["high"] is None and told["by"] in ("rows", "class")
    assert [one["level"] for one in study.result["coverage"]] == [0.8, 0.9, 0.95]


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 20 rows"):
        etabli.fit(written(tmp_path, 36, False), "y", effort="glance", guarantee="split", out=str(tmp_path / "r"))
    with pytest.raises(UsageError, match="takes split"):
        etabli.fit(written(tmp_path, 36, False), "y", guarantee="jackknife", out=str(tmp_path / "s"))
