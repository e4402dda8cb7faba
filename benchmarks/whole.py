"""The whole command on made tables: a file of noise, or of a known signal, through `etabli.fit`, and its model on 10 000 fresh rows.

Half a minute a table: a handful of seeds, not two hundred. What it adds to the simulations of tests/promises is the families, the
calibration and the combination that a user gets.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from etabli.judge.metrics import METRICS
from tests.promises.made import FRESH, rows

NAMES = [f"x{i}" for i in range(20)]


def _written(path: Path, X: np.ndarray[Any, Any], y: np.ndarray[Any, Any], binary: bool) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([*NAMES, "y"])
        for row, value in zip(X, y, strict=True):
            out.writerow([*row, ("no", "yes")[int(value)] if binary else value])


def one(job: tuple[str, int, bool, int]) -> dict[str, Any]:
    """honest, low, high, leaderboard, truth and baseline of one table. job: metric, rows, signal, seed."""
    import etabli

    metric, n, signal, seed = job
    binary, rng = metric != "rmse", np.random.default_rng([seed, n, int(signal), 7])
    X, y = rows(binary, n, signal, rng)
    Z, t = rows(binary, FRESH, signal, rng)
    with TemporaryDirectory() as folder:
        _written(Path(folder) / "made.csv", X, y, binary)
        etabli.fit(Path(folder) / "made.csv", "y", metric=metric, effort="glance", out=str(Path(folder) / "made.etabli"))
        told = json.loads((Path(folder) / "made.etabli" / "result.json").read_text(encoding="utf-8"))
        answer = etabli.load(Path(folder) / "made.etabli" / "model.onnx").predict(dict(zip(NAMES, Z.T, strict=True)))
    S = np.asarray(answer["probability"][:, 1] if binary else answer["prediction"], np.float64).reshape(-1, 1)
    truth = METRICS[metric].value(t, S)
    honest = told["honest"]
    return {"metric": metric, "n": n, "signal": signal, "truth": truth, "leaderboard": told["leaderboard"][0]["score"]} | {
        "value": honest["value"],
        "holds": honest["low"] <= truth <= honest["high"],
        "evidence": told["evidence"],
    }
