"""Every setting of the network for tables is written as it is trained; the conformance test tries the first alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families.conformance import answers, facts, sample
from etabli.families.tabm import Tabm
from etabli.families.trained import thinned
from etabli.nets.layers import moved
from etabli.records import Data, Feature

SETTINGS = Tabm().settings(facts(sample("regression")))


@pytest.mark.parametrize("place", range(1, len(SETTINGS)), ids=[setting.origin.split(" (")[0].split(":")[0] for setting in SETTINGS[1:]])
def test_a_setting_is_written_as_it_is_trained(place: int) -> None:
    setting = replace(SETTINGS[place], values={**SETTINGS[place].values, "width": 16})
    fitted = Tabm().fit(setting, sample("regression", wants=setting.wants), lambda: True)
    _, graph, native = answers(Tabm(), fitted, sample("regression", 50, 1, setting.wants).x)
    assert np.abs(graph - native).max() <= 1e-13 * np.abs(native).max()
    assert np.ptp(native) > 0


@pytest.mark.parametrize("place", [0, 4, 1], ids=["tabm", "residual", "waves"])
def test_it_tells_how_it_was_trained_and_what_it_is_made_of(place: int) -> None:
    setting = replace(SETTINGS[place], values={**SETTINGS[place].values, "width": 16})
    epochs = iter([False, False, True])
    data = sample("regression", wants=setting.wants)
    fitted = Tabm().fit(setting, data, lambda: next(epochs))
    told = Tabm().trained(fitted)
    assert told.held.shape == told.learning.shape == (3,) and told.best == 1 + int(np.argmin(told.held))
    weights = sum(value.size for name, value in fitted.arrays.items() if name.startswith("net.") and "fixed_" not in name)
    assert sum(one.weights for one in told.layers) == weights  # every weight is in a block
    assert told.layers[-1].shape == (int(setting.values["members"]), 1)
    assert told.sees is not None and told.sees.shape == (data.x.shape[1], 16) and told.sees.max() > 0
    still = data.x.std(axis=0) == 0
    assert (told.sees[still] == 0).all()  # a column that never moves moves nothing
    kept = told.to_json([f"c{j}" for j in range(data.x.shape[1])])
    assert kept["epochs"] == [1, 2, 3] and len(kept["sees"]["units"]) == len(kept["sees"]["features"])


def test_where_much_comes_in_the_members_part_behind_the_first_layer(shared: Path) -> None:
    table = pq.read_table(shared / "tissue_genes.parquet").to_pandas()
    order = np.random.default_rng(0).permutation(len(table))
    x, y = table.drop(columns="y").to_numpy(float)[order], np.unique(table["y"], return_inverse=True)[1][order]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    features = tuple(Feature(name, (name,), 0) for name in table.columns[:-1])
    setting = replace(SETTINGS[0], values={**SETTINGS[0].values, "width": 16})
    epochs = iter([*[False] * 20, True])
    fitted = Tabm().fit(setting, Data(x[:150], y[:150], features, "multiclass", 7, None, 0, 1), lambda: next(epochs))
    assert {name: value.shape for name, value in fitted.arrays.items() if name in ("net.1.weight", "net.2.sign", "net.5.weight")} == {
        "net.1.weight": (8_000, 16),
        "net.2.sign": (8, 16),
        "net.5.weight": (16, 16),
    }
    _, graph, native = answers(Tabm(), fitted, x[150:])
    assert np.abs(graph - native).max() <= 1e-13
    assert -np.log(native[np.arange(39), y[150:]]).mean() < 1.3  # 1.84 for who knows nothing
    told = Tabm().trained(fitted)
    assert told.sees is not None and told.sees.shape == (500, 16)
    kinds = [one.block for one in told.layers]
    assert kinds == ["columns", "dense", "members", "relu", "dense", "relu", "dense", "relu", "heads"]


@settings(deadline=None)
@given(st.integers(1, 1000), st.data())
def test_a_long_curve_is_thinned_and_keeps_its_best(epochs: int, data: st.DataObject) -> None:
    best = data.draw(st.integers(1, epochs))
    kept = thinned(epochs, best)
    assert {0, best - 1, epochs - 1} <= set(kept.tolist()) and len(kept) <= 101 and (np.diff(kept) > 0).all()


def test_what_the_first_layer_sees_is_how_far_a_column_moves_it() -> None:
    random = np.random.default_rng(0)
    x, weight, owners = random.normal(size=(200, 5)), random.normal(size=(5, 3)), np.array([1, 0, 1, 2, 2])
    for column in range(3):
        mine = owners == column
        assert np.allclose(moved(x, weight, owners, 4)[column], (x[:, mine] @ weight[mine]).std(axis=0))
    assert (moved(x, weight, owners, 4)[3] == 0).all()
