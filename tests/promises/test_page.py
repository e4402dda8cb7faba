"""The page of figures names a promise that was missed."""

from __future__ import annotations

from benchmarks.promises_page import page

SEEN = {"metric": "roc_auc", "n": 200, "weighted": False, "seeds": 200, "excludes": 0.01, "claims": 0.0, "error": 0.002, "naive": 0.07}
SEEN |= {"holds": 0.97, "width": 0.2, "truth": 0.5, "cpu": 20.0}


def test_a_missed_promise_is_called_missed() -> None:
    kept = page({"noise": {"full": True, "rows": [SEEN | {"bias": 0.004}]}})
    assert "**missed**" not in kept and "+0.0040 (0.0020)" in kept
    assert page({"noise": {"full": True, "rows": [SEEN | {"bias": 0.02}]}}).count("**missed**") == 1
    assert page({"noise": {"full": True, "rows": [SEEN | {"bias": 0.0, "claims": 0.25}]}}).count("**missed**") == 1
    assert page({"signal": {"full": True, "rows": [SEEN | {"bias": 0.0, "holds": 0.85}]}}).count("**missed**") == 1
