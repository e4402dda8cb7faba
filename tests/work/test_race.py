"""The race is a pure function of what is done: any order of arrival, any cut and resume, gives the same decisions."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.records import Setting, Split, Wants
from etabli.work.compare import complete
from etabli.work.portfolio import Offer, paths
from etabli.work.race import Rules, Stage, Standing, race
from etabli.work.table import Scores
from etabli.work.tasks import Task

STAGES = (Stage((0, 1)), Stage((2, 3, 4)))


def _setting(family: str, number: int, path: str = "") -> Setting:
    return Setting(family, {"number": number}, Wants(), path)


def _order(count: int, width: int) -> list[tuple[Setting, ...]]:
    return [tuple(_setting(f"f{i}", j, "p") for j in range(width)) for i in range(count)]


def _play(
    order: list[tuple[Setting, ...]], quality: dict[str, float], seed: int, patience: int = 100, failing: frozenset[str] = frozenset()
) -> Standing:
    """Plays to the end, finishing the wanted tasks in a random order with random delays."""
    done: dict[str, dict[str, Any]] = {}
    pick = random.Random(seed)

    def loss(setting: Setting, standing: Standing) -> float:
        return quality[setting.hash]

    def lose(candidates: Any, standing: Standing, stage: Stage, finished: Any) -> dict[str, str]:
        if not candidates:
            return {}
        leader = min([quality[s.hash] for s in finished] + [quality[s.hash] for s in candidates])
        return {s.hash: "far behind" for s in candidates if quality[s.hash] > leader + 0.5}

    rules = Rules(STAGES, batch=2, patience=patience)
    for _ in range(10_000):
        standing = race([Offer(path, 0, 1.0 + i, "one kin") for i, path in enumerate(order)], "s", 0, rules, done.get, lose, loss)
        if not standing.wanted:
            return standing
        for task in pick.sample(standing.wanted, pick.randint(1, len(standing.wanted))):
            fails = task.settings[0].family in failing
            done[task.hash] = {"settings": [s.hash for s in task.settings], **({"error": "broken"} if fails else {})}
    raise AssertionError("the race does not end")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 7), st.integers(1, 3), st.integers(0, 10_000), st.integers(1, 8), st.data())
def test_decisions_do_not_depend_on_the_order_of_arrival(count: int, width: int, seed: int, patience: int, data: st.DataObject) -> None:
    order = _order(count, width)
    quality = {s.hash: data.draw(st.floats(0, 2, allow_nan=False)) for path in order for s in path}
    failing = frozenset(data.draw(st.sets(st.sampled_from([path[0].family for path in order]), max_size=2)))
    one, two = (_play(order, quality, s, patience, failing) for s in (seed, seed + 1))
    assert [s.hash for s in one.finished] == [s.hash for s in two.finished]
    assert one.dropped == two.dropped and one.aside == two.aside and one.tried == two.tried and one.ended == two.ended
    for setting in one.finished:
        assert {fold for fold, _ in one.places[setting.hash]} == {0, 1, 2, 3, 4}
    assert all(s.family not in failing for s in one.finished)


def test_patience_ends_the_race() -> None:
    order = _order(12, 1)
    quality = {path[0].hash: (0.1 if i == 0 else 0.2) for i, path in enumerate(order)}
    standing = _play(order, quality, 0, patience=4)
    assert standing.ended.startswith("no gain")
    assert standing.tried == 6  # the first batch sets the mark, two more bring nothing


def test_a_dropped_candidate_runs_no_further_fold() -> None:
    order = _order(2, 1)
    quality = {order[0][0].hash: 0.1, order[1][0].hash: 1.9}
    standing = _play(order, quality, 0)
    assert [s.family for s in standing.finished] == ["f0"]
    assert set(standing.places[order[1][0].hash]) == {(0, 1.0), (1, 1.0)}


def test_paths_group_settings_and_tasks_are_named_by_what_they_do() -> None:
    grouped = paths([_setting("a", 1, "p"), _setting("b", 1), _setting("a", 2, "p"), _setting("b", 2)])
    assert [len(path) for path in grouped] == [2, 1, 1]
    task = Task("s", 0, grouped[0], 7)
    assert Task.from_json(task.to_json()) == task
    assert len({task.hash, Task("s", 1, grouped[0], 7).hash, Task("s", 0, grouped[0], 8).hash, Task("s", 0, grouped[0], 7, 0.5).hash}) == 4


def test_what_was_refused_ahead_of_the_decisions_has_a_name() -> None:
    """The race looks ahead so that no core is idle; the cap may refuse a path that it only looked at."""
    order = _order(6, 1)
    offers = [Offer(path, 0, 1.0 + i, "one kin") for i, path in enumerate(order)]
    rules = Rules((Stage((0,)),), batch=1, lookahead=4)
    ahead = race(offers, "s", 0, rules, lambda name: None, lambda *_: {}, lambda *_: 0.0)
    refused = {task.hash for task in ahead.wanted[1:]}
    standing = race(offers, "s", 0, rules, lambda name: None, lambda *_: {}, lambda *_: 0.0, refused)
    assert standing.dropped and set(standing.dropped) <= set(standing.settings)


def test_a_cut_counts_what_is_complete_though_its_batch_was_not() -> None:
    """As when the simplest models, fitted on all folds before the race, share a batch with a slow one."""
    split = Split("plain", np.arange(10) % 5, 5)
    slow, quick, broken, half = (path for path in _order(4, 1))
    done: dict[str, dict[str, Any]] = {}
    for path, folds in ((slow, (0,)), (quick, range(5)), (broken, range(5)), (half, (0, 1, 2, 3))):
        for fold in folds:
            done[Task("s", fold, path, 0).hash] = {"settings": [path[0].hash], **({"error": "broken"} if path is broken else {})}
    offers = [Offer(path, 0, 1.0, "one kin") for path in (slow, quick, broken, half)]
    standing = race(offers, "s", 0, Rules(STAGES, batch=4), done.get, lambda *facts: {}, lambda setting, standing: 1.0)
    assert not standing.finished and standing.wanted
    scores = SimpleNamespace(split=split, folds_of=lambda name, standing: Scores.folds_of(None, name, standing))  # type: ignore[arg-type]
    ground: Any = SimpleNamespace(split="s", seed=0, journal=SimpleNamespace(result=done.get), scores=scores)
    complete(standing, ground, offers)
    assert standing.finished == [quick[0]]
