"""The page of figures names a promise that was missed."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import promises
from benchmarks.promises_page import WRITERS, page

FOLDER = Path(promises.__file__).parent

SEEN = {"metric": "roc_auc", "n": 200, "weighted": False, "seeds": 200, "excludes": 0.01, "claims": 0.0, "error": 0.002, "naive": 0.07}
SEEN |= {"holds": 0.97, "width": 0.2, "truth": 0.5, "cpu": 20.0}


def test_a_missed_promise_is_called_missed() -> None:
    kept = page({"noise": {"full": True, "rows": [SEEN | {"bias": 0.004}]}})
    assert "**missed**" not in kept and "+0.0040 (0.0020)" in kept
    assert page({"noise": {"full": True, "rows": [SEEN | {"bias": 0.02}]}}).count("**missed**") == 1
    assert page({"noise": {"full": True, "rows": [SEEN | {"bias": 0.0, "claims": 0.25}]}}).count("**missed**") == 1
    assert page({"signal": {"full": True, "rows": [SEEN | {"bias": 0.0, "holds": 0.85}]}}).count("**missed**") == 1


def test_the_page_says_what_was_measured_of_every_part() -> None:
    """Nothing on it is written by hand, and nothing that the issue asks for is missing."""
    parts = json.loads((FOLDER / "promises.json").read_text(encoding="utf-8"))
    assert set(parts) == set(WRITERS) == set(promises.PARTS)
    assert page(parts) == (FOLDER / "promises.md").read_text(encoding="utf-8")


def test_labels_and_faults_that_miss_are_called_missed() -> None:
    table = {"table": "linear", "overlap": "clear", "n": 1_000, "tables": 20, "share": 0.02, "right": 0.0, "caught": 0.0}
    assert page({"doubt": {"full": True, "rows": [table | {"planted": 0.0, "found": 0.3}]}}).count("**missed**") == 1
    assert "**missed**" not in page({"doubt": {"full": True, "rows": [table | {"planted": 0.0, "found": 0.05}]}})
    rows = [
        {"kind": "fault", "name": "a hash", "tables": 20, "first": 0, "share": 0.9},
        {"kind": "clean", "name": "usual", "tables": 20, "first": 0, "share": 0.9},
        {"kind": "known", "name": "adult", "columns": ["a", "b"], "silent": ["b"]},
    ]
    assert page({"audit": {"full": True, "rows": rows}}).count("**missed**") == 3
