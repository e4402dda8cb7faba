"""Folds that share a process give what they give alone, bit for bit; a fold that fails takes no other with it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli.examples
import etabli.families as doors
from etabli.data import splits
from etabli.data.preparation import usable
from etabli.data.sources import read
from etabli.data.target import target as make_target
from etabli.families import families
from etabli.families.family import Family
from etabli.families.lasso import Lasso
from etabli.graph.run import run as answers
from etabli.records import Data, Facts, Fitted, Setting
from etabli.work import proof, tasks
from etabli.work.journal import Journal
from etabli.work.material import Material, facts_of, load_material, save_material
from etabli.work.portfolio import portfolio
from etabli.work.sample import split_name
from etabli.work.tasks import Task, run_tasks


@pytest.fixture
def run(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, str]:
    """A run folder with a table, a target and a split; and the name of the split."""
    folder = tmp_path / "run"
    table = read(etabli.examples.path("penguins.csv"), folder / "data")
    target, _ = make_target(table, getattr(request, "param", "body_mass_g"))
    save_material(folder, Material(table, target, usable(table, target)))
    split = splits.split(table, target, 0)
    Journal(folder).save_split(split_name(split), split)
    return folder, split_name(split)


def path_of(folder: Path, family: str) -> tuple[Setting, ...]:
    return next(o.path for o in portfolio(families(), facts_of(load_material(folder), 344), 9) if o.family == family)


@pytest.mark.parametrize(
    ("run", "family"),
    [("body_mass_g", "ridge"), ("body_mass_g", "lasso"), ("species", "logistic"), ("sex", "logistic"), ("sex", "tree")],
    indirect=["run"],
)
def test_together_as_alone(run: tuple[Path, str], family: str, tmp_path: Path) -> None:
    folder, split = run
    alone = tmp_path / "alone"
    shutil.copytree(folder, alone)
    path = path_of(folder, family)
    folds = [Task(split, k, path, 0) for k in range(3)]
    run_tasks(folder, folds, load_material(folder))
    for task in folds[::-1]:
        run_tasks(alone, [task], load_material(alone))
    for task in folds:
        one, other = Journal(folder).result(task.hash), Journal(alone).result(task.hash)
        assert one is not None and other is not None and "error" not in one
        clocks = {"seconds", "cpu", "fit_cpu"}
        assert {k: v for k, v in one.items() if k not in clocks} == {k: v for k, v in other.items() if k not in clocks}
        assert np.array_equal(Journal(folder).scores(task.hash), Journal(alone).scores(task.hash))
        for setting in path:
            assert Journal(folder).graph(task.hash, setting.hash) == Journal(alone).graph(task.hash, setting.hash)


@pytest.mark.parametrize(("run", "family"), [("body_mass_g", "elasticnet"), ("species", "logistic")], indirect=["run"])
def test_a_models_own_graph_gives_the_bits_of_the_paths(run: tuple[Path, str], family: str) -> None:
    folder, split = run
    task = Task(split, 0, path_of(folder, family), 0)
    run_tasks(folder, [task], load_material(folder))
    journal = Journal(folder)
    held = tasks.prepared(folder, task, load_material(folder), journal.load_split(split)).held
    for place, setting in enumerate(task.settings):
        assert np.array_equal(answers(journal.graph(task.hash, setting.hash), {"X": held})["score"], journal.scores(task.hash)[:, place])


class Moody(Family):
    """The lasso, but it does not like the fold of that many rows; or its graph is not what it says."""

    name, title, tasks, citation, rank, doc = "moody", "Moody", ("regression",), "nobody", 1, "It breaks."
    hated: int = 0
    wrong: float = 0.0

    def settings(self, facts: Any) -> Sequence[Setting]:
        return [Setting("moody", {"penalty": p}, Lasso().settings(facts)[0].wants, "p") for p in (0.1, 0.01)]

    def cost(self, setting: Setting, facts: Any) -> Any:
        return Lasso().cost(setting, facts)

    def fit(self, setting: Setting, data: Data, stop: Any) -> Fitted:
        if len(data.y) == self.hated:
            raise ValueError("not this one")
        return Lasso().fit(setting, data, stop)

    def write(self, fitted: Fitted, graph: Any, x: str) -> str:
        return str(graph.op("Add", Lasso().write(fitted, graph, x), graph.const(self.wrong, np.float64)))


def test_a_fold_that_fails_takes_no_other_with_it(run: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, name = run
    split = Journal(folder).load_split(name)
    moody = Moody()
    monkeypatch.setattr(doors, "family", lambda name: moody)
    path = tuple(moody.settings(facts_of(load_material(folder), 344)))
    folds = [Task(name, k, path, 0) for k in range(3)]
    sizes = [len(split.train(k)) for k in range(3)]
    moody.hated = min(sizes)
    run_tasks(folder, folds, load_material(folder))
    for task, size in zip(folds, sizes, strict=True):
        result = Journal(folder).result(task.hash)
        assert result is not None
        assert (result.get("error") == "ValueError: not this one") == (size == moody.hated)
    assert sizes.count(moody.hated) < len(sizes)


def test_a_wrong_graph_is_set_aside(run: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, name = run
    moody = Moody()
    moody.wrong = 1e-6
    monkeypatch.setattr(doors, "family", lambda name: moody)
    task = Task(name, 0, tuple(moody.settings(facts_of(load_material(folder), 344))), 0)
    run_tasks(folder, [task], load_material(folder))
    result = Journal(folder).result(task.hash)
    assert result is not None and result["error"].startswith("ProofError: the graph must equal the fitted model")


def test_every_model_of_a_path_is_compared() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 3))
    lasso = Lasso()
    path = [setting for setting in lasso.settings(Facts("regression", 0, 50, 3)) if setting.values["penalty"] in (0.1, 0.01, 0.001)][:3]
    fitted = lasso.fit_path(path, Data(x, x @ random.normal(size=3), (), "regression"), lambda: False)
    made = proof.proven(lasso, fitted, random.normal(size=(40, 3)), 0)
    assert [one.proof["rows"] > 0 for one in made] == [True] * 3
    assert [one.scores.shape for one in made] == [(40, 1)] * 3
