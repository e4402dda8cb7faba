"""Every setting of the network for tables is written as it is trained; the conformance test tries the first alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from etabli.families.conformance import answers, facts, sample
from etabli.families.tabm import Tabm

SETTINGS = Tabm().settings(facts(sample("regression")))


@pytest.mark.parametrize("place", range(1, len(SETTINGS)), ids=[setting.origin.split(" (")[0].split(":")[0] for setting in SETTINGS[1:]])
def test_a_setting_is_written_as_it_is_trained(place: int) -> None:
    setting = replace(SETTINGS[place], values={**SETTINGS[place].values, "width": 16})
    fitted = Tabm().fit(setting, sample("regression", wants=setting.wants), lambda: True)
    _, graph, native = answers(Tabm(), fitted, sample("regression", 50, 1, setting.wants).x)
    assert np.abs(graph - native).max() <= 1e-13 * np.abs(native).max()
    assert np.ptp(native) > 0
