"""The pictures of residual alarms: few numbers, of what the words say."""

from __future__ import annotations

import json

import numpy as np
import pytest

from etabli.work.alarms import PARTS, along, spread


def test_pictures_hold_means_in_order_and_count_every_group() -> None:
    rng = np.random.default_rng(0)
    residual, groups = rng.normal(size=(480, 3)), rng.integers(0, 40, 480)
    residual[:, 1] = 5 * np.sin(np.arange(480) / 30)  # the class that varies most is drawn
    line = along(residual)
    assert line["kind"] == "line" and len(line["x"]) == len(line["y"]) == PARTS
    assert line["y"][0] == pytest.approx(residual[:20, 1].mean())
    bars = spread(residual[:, :1], groups)
    assert bars["kind"] == "spike" and sum(bars["y"]) == 40 and len(bars["x"]) == len(bars["y"]) == PARTS
    assert bars["x"] == sorted(bars["x"]) and json.dumps([line, bars])
