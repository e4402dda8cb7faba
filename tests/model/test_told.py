"""The sentences of a check that rest on a share or an AUC: which side of chance they are on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etabli.model.check import Checked
from etabli.model.shift import Novel, Shift
from etabli.model.told import told

SEEN = Checked("alike", {}, None, {}, (), new_rows=60, target=False)
SHIFT = Shift(0.5, 0.44, 0.56, 0.56, False, (), 60, 60.0, 1.0, 0.0, (), "run", "expected")


@pytest.mark.parametrize(("share", "stranger"), [(0.0, False), (0.1, False), (0.3, True)])
def test_rows_are_stranger_only_above_the_share_expected(share: float, stranger: bool) -> None:
    seen = replace(SEEN, novelty=Novel({"0.01": 0.0, "0.05": 0.0, "0.1": share}, 0.3, 4e-5))
    assert ("stranger" in told(seen, "en")) == ("étranges" in told(seen, "fr")) == stranger


@pytest.mark.parametrize(("auc", "low", "high", "below"), [(0.14, 0.1, 0.18, True), (0.5, 0.44, 0.56, False), (0.46, 0.4, 0.52, False)])
def test_an_auc_wholly_below_one_half_is_not_chance(auc: float, low: float, high: float, below: bool) -> None:
    text = told(replace(SEEN, shift=replace(SHIFT, auc=auc, low=low, high=high)), "en")
    assert ("copies of them are among the training rows" in text) == below
    assert ("no more than chance" in text) == (not below)
    assert ("sous 0,5" in told(replace(SEEN, shift=replace(SHIFT, auc=auc, low=low, high=high)), "fr")) == below
