"""Model files of earlier releases, kept as they were written: every later release reads, checks and predicts with them.

Never write these again: a new release adds its own beside them (penguins, one family, `--effort glance`).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import etabli.examples
from etabli.model.check import check
from etabli.model.load import load

KEPT = sorted((Path(__file__).parent / "kept").glob("*.onnx"))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_file_is_read_checked_and_answers(path: Path) -> None:
    assert path.stat().st_size < 50_000
    alone = check(path)
    assert alone.verdict == "sound" and alone.self_test is not None and alone.self_test.passed
    rows = etabli.examples.path("penguins.csv")
    model = load(path)
    answers = model.predict(rows)
    assert len(answers["prediction"]) == 344 and not np.isnan(answers["novelty"]).any()
    seen = check(path, rows)
    assert seen.verdict in ("as promised", "better", "changed") and seen.fine and seen.learned
    assert seen.shift is None and seen.novelty is not None  # no run folder lies around it
    with_rows = check(path, rows, training=rows)
    assert with_rows.shift is not None and not with_rows.shift.differs
    assert json.loads(json.dumps(seen.to_json(), allow_nan=False))["fine"]
    assert "honest score" in model._repr_html_()


def test_some_are_kept() -> None:
    assert {path.stem for path in KEPT} >= {"binary-0.1.0", "regression-0.1.0"}
