"""One conformance test for every place where tasks run: what is submitted ends in the folder, what dies is said to be lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import etabli.examples
from etabli.data import splits
from etabli.data.preparation import usable
from etabli.data.sources import read
from etabli.data.target import target as make_target
from etabli.errors import UsageError
from etabli.families import families
from etabli.work import spare
from etabli.work.executors import executor, executors
from etabli.work.executors.executor import Executor
from etabli.work.journal import Journal
from etabli.work.material import Material, facts_of, load_material, save_material
from etabli.work.portfolio import portfolio
from etabli.work.sample import split_name
from etabli.work.tasks import Task


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a table, a target and a split."""
    folder = tmp_path_factory.mktemp("run")
    table = read(etabli.examples.path("penguins.csv"), folder / "data")
    target, _ = make_target(table, "species")
    save_material(folder, Material(table, target, usable(table, target)))
    split = splits.split(table, target, 0)
    Journal(folder).save_split(split_name(split), split)
    return folder


@pytest.fixture(params=sorted(executors()))
def place(request: pytest.FixtureRequest, run: Path) -> Iterator[Executor]:
    opened = executor(request.param, run)
    yield opened
    opened.close()


def _tasks(run: Path, seed: int) -> list[Task]:
    material = load_material(run)
    name = next((run / "data").glob("split-*.npz")).stem.removeprefix("split-")
    offers = portfolio(families(), facts_of(material, 344), 1)
    return [Task(name, 0, offer.path[:1], seed) for offer in offers if offer.family in ("baseline", "tree")]


def _wait(place: Executor, names: set[str]) -> dict[str, str]:
    ended: dict[str, str] = {}
    until = time.monotonic() + 60
    while names - set(ended) and time.monotonic() < until:
        ended |= {name: state for name, state in place.poll(1.0).items() if state in ("ended", "lost")}
    return ended


def test_what_is_submitted_ends_in_the_folder(place: Executor, run: Path) -> None:
    tasks = _tasks(run, 0)
    assert place.resources().slots >= 1 and place.resources().threads >= 1 and place.resources().memory > 0
    place.submit(tasks)
    assert set(_wait(place, {task.hash for task in tasks}).values()) == {"ended"}
    for task in tasks:
        result = Journal(run).result(task.hash)
        assert result is not None and "error" not in result
        assert Journal(run).scores(task.hash).shape[1:] == (1, 3)


def test_a_cancelled_task_leaves_no_result_and_the_place_goes_on(place: Executor, run: Path) -> None:
    first, second = _tasks(run, 1)
    place.submit([first])
    place.cancel([first.hash])
    place.submit([second])
    assert _wait(place, {second.hash}) == {second.hash: "ended"}


def test_a_local_worker_that_is_killed_is_started_again(run: Path) -> None:
    place = executor("local", run)
    try:
        tasks = _tasks(run, 2)
        os.kill(place._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
        place.submit(tasks)
        assert set(_wait(place, {task.hash for task in tasks}).values()) == {"lost"}
        place.submit(tasks)
        assert set(_wait(place, {task.hash for task in tasks}).values()) == {"ended"}
    finally:
        place.close()


def test_a_worker_that_is_kept_serves_the_next_run(run: Path, tmp_path: Path) -> None:
    """Its log is the new run's; what still ran is ended; a dead one is replaced; unasked for, it ends by itself."""
    first = executor("local?keep=60", run)
    pid, (one, two) = first._process.pid, _tasks(run, 3)  # type: ignore[attr-defined]
    first.submit([one])
    first.close()
    again = executor("local?keep=60", run)
    assert again._process.pid == pid  # type: ignore[attr-defined]
    again.submit([two])
    assert _wait(again, {two.hash}) == {two.hash: "ended"}
    again.close()
    elsewhere = executor("local?keep=60", tmp_path)
    assert elsewhere._process.pid == pid and (tmp_path / "worker.log").exists()  # type: ignore[attr-defined]
    elsewhere.close()
    os.kill(pid, signal.SIGKILL)
    fresh = executor("local?keep=1", run)
    assert fresh._process.pid != pid  # type: ignore[attr-defined]
    fresh.close()
    assert fresh._process.wait(30) == 0  # type: ignore[attr-defined]
    later = executor("local?keep=1", run)
    assert later._process.pid != fresh._process.pid  # type: ignore[attr-defined]
    spare.end(later._process)  # type: ignore[attr-defined]


def test_an_unknown_place_is_a_usage_error(run: Path) -> None:
    with pytest.raises(UsageError, match="--where") as caught:
        executor("locale", run)
    assert '"local"' in caught.value.hint
    for wrong in ("local?cores=2", "local?keep=long", "local?workers=0"):
        with pytest.raises(UsageError, match="workers=N"):
            executor(wrong, run)
