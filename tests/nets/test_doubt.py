"""How sure networks are of a number: noise and factor against what they were drawn from, the file against numpy, settings of one member too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from etabli.data.feeds import feeds
from etabli.data.preparation import matrix, prepare
from etabli.data.sources import read
from etabli.data.target import target
from etabli.families.conformance import facts, sample
from etabli.families.tabm import Tabm, rebuilt
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.judge import novelty
from etabli.judge.calibrators.raw import Raw
from etabli.model.compose import Composition, Member, Part
from etabli.nets import doubt, laplace
from etabli.nets.block import inner
from etabli.records import Data, Facts
from etabli.work.heads import UNLIKE
from etabli.work.proof import proven

SETTINGS = Tabm().settings(facts(sample("regression")))
NAMES = [setting.origin.split(" (")[0].split(":")[0] for setting in SETTINGS]


def narrow(place):
    return replace(SETTINGS[place], values={**SETTINGS[place].values, "width": 16})


@pytest.mark.parametrize(("noise", "factor"), [(0.5, 8.0), (0.05, 1.5)])
def test_noise_and_factor_are_found(noise: float, factor: float) -> None:
    random = np.random.default_rng(0)
    says = random.exponential(0.2, 4000)
    square = (noise + factor * says) * random.normal(size=4000) ** 2
    assert doubt.fitted(square, says, np.ones(4000)) == (pytest.approx(noise, rel=0.25), pytest.approx(factor, rel=0.25))
    twice = doubt.fitted(np.append(square, square[:9]), np.append(says, says[:9]), np.append(np.ones(4000), np.zeros(9)))
    assert twice == pytest.approx(doubt.fitted(square, says, np.ones(4000)))  # rows of no weight


def test_a_factor_must_pay_for_itself_and_is_never_below_one() -> None:
    random = np.random.default_rng(0)
    for rows in (30, 1000):
        says, square = random.exponential(0.02, rows), random.normal(size=rows) ** 2
        noise, factor = doubt.fitted(square, says, np.ones(rows))
        assert factor == 1 and noise == pytest.approx(square.mean() - says.mean())
    assert doubt.fitted(np.full(50, 0.1), np.full(50, 2.0), np.ones(50)) == (
        pytest.approx(0.025),
        1.0,
    )  # doubt beyond the errors: noise stays
    assert doubt.fitted(np.zeros(5), np.zeros(5), np.ones(5)) == (0.0, 1.0)


@pytest.mark.parametrize("place", range(len(SETTINGS)), ids=NAMES)
def test_every_setting_has_a_deviation_and_the_graph_equals_numpy(place: int) -> None:
    setting = narrow(place)
    data = sample("regression", wants=setting.wants)
    data = replace(data, weight=np.where(np.arange(160) % 3 == 0, 3.0, 0.5))
    fitted = Tabm().fit(setting, data, lambda: True)
    x = sample("regression", 50, 1, setting.wants).x
    graph = Graph()
    name = Tabm().deviation(fitted, graph, graph.input("X", "double", (None, x.shape[1])))
    found = run(graph.model({"d": (name, "double", 1)}), {"X": x})["d"]
    arrays = fitted.arrays
    ours = doubt.deviation(rebuilt(setting.values, arrays), inner(arrays, "net."), inner(arrays, "doubt."), x) * arrays["spread"]
    assert found.shape == (50, 1) and np.allclose(found, ours, rtol=1e-9)
    assert len(np.unique(found.round(6))) > 40  # its own for every row, with one member too


def test_classes_have_none() -> None:
    setting = narrow(2)
    fitted = Tabm().fit(setting, sample("binary", wants=setting.wants), lambda: True)
    graph = Graph()
    assert Tabm().deviation(fitted, graph, graph.input("X", "double", (None, 7))) == ""


def test_a_file_of_one_member_networks_gives_it(shared: Path) -> None:
    table = read(shared / "california_housing.csv")
    wanted, _ = target(table, "median_house_value")
    family = Tabm()
    setting = family.settings(Facts("regression", 0, 400, len(table.columns)))[3]
    assert setting.values["members"] == 1
    parts = []
    for rows in (np.arange(0, 6000, 15), np.arange(7, 6000, 15)):  # two folds
        ready = prepare(table, wanted, setting.wants, rows, 0)
        data = Data(matrix(ready, table, rows) if ready.train is None else ready.train, wanted.y[rows], ready.features, "regression")
        epochs = iter(range(12))
        fitted = family.fit(setting, data, lambda epochs=epochs: next(epochs) == 10)
        (made,) = proven(family, [fitted], matrix(ready, table, rows[:50] + 1), 0)
        parts.append(Part(ready.raw, ready.coded, made.graph, fitted.link, data.x.shape[1]))
    used = [column for column in table.columns if column.name != wanted.name]
    odd = prepare(table, wanted, UNLIKE, rows, 0, columns=[column.name for column in used])
    file = Composition(
        columns=tuple(used),
        levels=table.levels,
        target=wanted,
        members=(Member("tabm", "tabm", 1, tuple(parts), Raw()),),
        calibrator=Raw(),
        interval=None,
        novelty=novelty.fit(matrix(odd, table, rows), np.arange(len(rows)) % 5, 0),
        novelty_raw=odd.raw,
        novelty_coded=odd.coded,
    )
    asked = np.arange(1, 20_000, 50)
    answers = run(file.model(), feeds(table, used, asked))
    assert np.allclose(answers["deviation"], file.answer(table, asked)["deviation"], rtol=1e-9)
    deviation, error = answers["deviation"][:, 0], np.abs(answers["prediction"][:, 0] - wanted.y[asked])
    assert len(np.unique(deviation)) > 390
    assert 0.8 < (error <= 1.645 * deviation).mean() < 0.99
    worse = deviation > np.median(deviation)
    assert error[worse].mean() > error[~worse].mean()


def test_the_posterior_of_the_first_member_is_the_same_alone_and_among_all() -> None:
    setting = narrow(0)
    data = sample("regression", wants=setting.wants)
    fitted = Tabm().fit(setting, data, lambda: True)
    chain, weights = rebuilt(setting.values, fitted.arrays), inner(fitted.arrays, "net.")
    one, all_ = (doubt.posterior(chain, weights, data.x, np.ones(160), "regression", 0.5, members) for members in (1, 8))
    features = doubt.parts(chain, weights, data.x)[1]
    assert np.allclose(one["prior"], all_["prior"][:1], rtol=1e-7)
    ratio = laplace.variance(one, features[:, :1]) / laplace.variance(all_, features)[:, :1]
    assert ((ratio > 1 - 1e-7) & (ratio < 1.01)).all()  # among all more directions may be kept, each worth a hundredth at most
