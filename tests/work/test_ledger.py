"""The ledger: more ideas join the same table, every candidate of every round counts, a kill changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etabli
from etabli import examples
from etabli.errors import DataError, UsageError
from etabli.faces.standing import status as status_text
from etabli.judge.honesty import bbc
from etabli.records import Setting, Wants
from etabli.work.journal import Journal
from etabli.work.ledger import NAME, append, end, enter, remarks, rounds, settled, told
from etabli.work.portfolio import Offer
from etabli.work.race import LATE, Rules, Stage, Standing, race
from etabli.work.status import status

PLAN = {
    "asked": {"file": "a.csv", "target": "y", "seed": 0, "families": [], "effort": "glance"},
    "fingerprint": "f",
    "versions": {"etabli": "1"},
}
THERE = ("baseline", "ridge", "tree")


def _enter(folder: Path, *among: str, effort: str = "glance", version: str = "1", resumed: bool = False, there: Any = THERE) -> Any:
    plan = {**PLAN, "asked": {**PLAN["asked"], "families": list(among), "effort": effort}, "versions": {"etabli": version}}  # type: ignore[dict-item]
    return enter(Journal(folder), plan, ("baseline", *among), there, "etabli fit", resumed)


def _ended(folder: Path, cut: bool = False) -> None:
    standing = Standing(ended="cap" if cut else "every candidate was tried")
    end(folder, rounds(folder)[-1], "table", Standing(), standing, {"name": "x", "score": 1.0, "honest": 1.0})


# the lines -------------------------------------------------------------------------------------------------------------


def test_a_torn_last_line_counts_as_not_written_and_is_completed(tmp_path: Path) -> None:
    _enter(tmp_path, "ridge")
    whole = (tmp_path / NAME).read_bytes()
    with open(tmp_path / NAME, "ab") as file:
        file.write(b'{"entry":"ended","round":1,"wh')
    assert [one.ended for one in rounds(tmp_path)] == [None]
    _ended(tmp_path)
    assert rounds(tmp_path)[0].done
    lines = (tmp_path / NAME).read_bytes().splitlines(keepends=True)
    assert len(lines) == 2 and lines[0] == whole and lines[1].endswith(b"\n")


def test_a_line_that_cannot_be_read_is_said_by_number(tmp_path: Path) -> None:
    _enter(tmp_path, "ridge")
    with open(tmp_path / NAME, "ab") as file:
        file.write(b"half of it\n")
    append(tmp_path, {"entry": "asked", "round": 2})
    with pytest.raises(DataError, match="ledger must be readable") as caught:
        rounds(tmp_path)
    assert "line 2" in caught.value.got


def test_the_same_end_again_adds_no_line(tmp_path: Path) -> None:
    _enter(tmp_path, "ridge")
    _ended(tmp_path, cut=True)
    size = (tmp_path / NAME).stat().st_size
    _ended(tmp_path, cut=True)
    assert (tmp_path / NAME).stat().st_size == size and not rounds(tmp_path)[0].done
    _ended(tmp_path)
    assert rounds(tmp_path)[0].done and len(rounds(tmp_path)) == 1


# which round -----------------------------------------------------------------------------------------------------------


def test_other_ideas_are_another_round_and_the_same_are_not(tmp_path: Path) -> None:
    assert [one.number for one in _enter(tmp_path, "ridge")] == [1]
    assert len(_enter(tmp_path, "ridge")) == 1  # killed and asked again
    _ended(tmp_path)
    assert len(_enter(tmp_path, "ridge")) == 1
    assert len(_enter(tmp_path, "tree")) == 2
    _ended(tmp_path)
    assert len(_enter(tmp_path, "ridge")) == 2  # asked before, and done: the table as it stands
    assert len(_enter(tmp_path, "ridge", effort="standard")) == 3
    _ended(tmp_path, cut=True)
    assert len(_enter(tmp_path, "tree", resumed=True)) == 3  # resume goes on with the last
    assert len(_enter(tmp_path, "ridge")) == 4  # the last is not done: this is something else
    assert [one.effort for one in rounds(tmp_path)] == ["glance", "glance", "standard", "glance"]


def test_what_decides_the_table_is_refused_by_name(tmp_path: Path) -> None:
    _enter(tmp_path, "ridge")
    journal = Journal(tmp_path)
    for change, named in (({"seed": 1}, "seed"), ({"target": "z"}, "target")):
        with pytest.raises(UsageError, match="takes new ideas") as caught:
            enter(journal, {**PLAN, "asked": {**PLAN["asked"], **change}}, ("ridge",), THERE, "")  # type: ignore[dict-item]
        assert named in caught.value.got and "-o" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        enter(journal, {**PLAN, "fingerprint": "g"}, ("ridge",), THERE, "")
    assert "the data" in caught.value.got
    assert len(rounds(tmp_path)) == 1


def test_other_versions_are_another_round_but_do_not_finish_one(tmp_path: Path) -> None:
    _enter(tmp_path, "ridge")
    with pytest.raises(UsageError, match="versions it began with") as caught:
        _enter(tmp_path, "ridge", version="2", resumed=True)
    assert "etabli 1 -> 2" in caught.value.got
    _ended(tmp_path)
    known = _enter(tmp_path, "ridge", version="2")
    assert len(known) == 2
    assert {finding.code for finding in remarks(known, tested=True)} == {"test-again", "versions"}
    assert remarks(known[:1], tested=True) == [] and [f.code for f in remarks(known, tested=False)] == ["versions"]


def test_a_family_that_is_gone_is_named(tmp_path: Path) -> None:
    _enter(tmp_path, "ridge", "tree")
    with pytest.raises(UsageError, match="must be installed") as caught:
        _enter(tmp_path, resumed=True, there=("baseline", "ridge"))
    assert caught.value.got == "tree"


# the race ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(0, 5), st.integers(1, 3), st.data())
def test_a_later_round_runs_nothing_twice_and_counts_everyone(first: int, second: int, width: int, data: st.DataObject) -> None:
    every = [tuple(Setting(f"f{i}", {"n": j}, Wants(), "p") for j in range(width)) for i in range(first + second)]
    quality = {s.hash: data.draw(st.floats(0, 2, allow_nan=False)) for path in every for s in path}
    done: dict[str, Any] = {}

    def play(paths: Any, before: Standing | None) -> tuple[Standing, set[str]]:
        ran: set[str] = set()
        while True:
            standing = race(
                [Offer(path, 0, 1.0 + i) for i, path in enumerate(paths)],
                "s",
                0,
                Rules((Stage((0, 1)), Stage((2,))), patience=100),
                done.get,
                lambda c, st, stage, finished: {s.hash: "behind" for s in c if quality[s.hash] > 1},
                lambda s, st: quality[s.hash],
                before=before,
            )
            if not standing.wanted:
                return standing, ran
            for task in standing.wanted:
                assert task.hash not in done
                done[task.hash] = {"settings": [s.hash for s in task.settings]}
                ran |= {s.hash for s in task.settings}

    one, ran = play(every[:first], None)
    two, more = play(every, one)  # the first ones are asked for again
    assert not ran & more and ran | more == set(quality)
    assert two.begun == set(quality) and two.tried == len(quality)
    assert two.finished[: len(one.finished)] == one.finished
    assert {s.hash for s in two.finished} == {name for name, value in quality.items() if value <= 1}
    whole, _ = play(every, None)
    assert {s.hash for s in whole.finished} == {s.hash for s in two.finished}


def test_what_the_cap_left_undone_may_be_tried_later(tmp_path: Path) -> None:
    a, b, c = (Setting("ridge", {"n": n}, Wants()) for n in range(3))
    one = Standing(finished=[a], dropped={b.hash: LATE[0]}, aside={c.hash: "broken"}, ended="cap")
    one.settings = {s.hash: s for s in (a, b, c)}
    one.places = {a.hash: {(0, 1.0): ("t", 0)}, b.hash: {(0, 1.0): ("t", 1)}}
    one.begun = set(one.settings)
    known = _enter(tmp_path, "ridge")
    end(tmp_path, known[-1], "table", Standing(), one, None)
    Journal(tmp_path).finish("t", {"settings": [a.hash, b.hash]}, None, {})
    before = settled(rounds(tmp_path), Journal(tmp_path))
    assert before.finished == [a] and set(before.settings) == {a.hash, c.hash} and before.tried == 3
    assert before.places == {a.hash: {(0, 1.0): ("t", 0)}} and before.aside == {c.hash: "broken"}
    (tmp_path / "done" / "t.json").unlink()
    with pytest.raises(DataError, match="ledger names"):
        settled(rounds(tmp_path), Journal(tmp_path))


# the whole -----------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a run in the middle."""


def _fit(out: Path, *names: str, watch: Any = lambda event, **facts: None, effort: str = "glance") -> etabli.Study:
    return etabli.fit(examples.path("penguins.csv"), "species", effort=effort, families=names, out=str(out), watch=watch)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any], dict[str, Any]]:
    """(a folder after one round, the same after two, both results)."""
    one = tmp_path_factory.mktemp("one") / "run"
    first = _fit(one, "logistic").result
    two = tmp_path_factory.mktemp("two") / "run"
    shutil.copytree(one, two)
    return one, two, dict(first), dict(_fit(two, "lda", effort="standard").result)


def test_ideas_join_the_table(twice: tuple[Path, Path, dict[str, Any], dict[str, Any]]) -> None:
    one, two, first, second = twice
    assert [entry["round"] for entry in second["rounds"]] == [1, 2]
    assert [entry["effort"] for entry in second["rounds"]] == ["glance", "standard"]
    assert second["tried"] == sum(entry["tried"] for entry in second["rounds"]) > first["tried"] == second["rounds"][0]["tried"]
    assert {row["name"] for row in first["leaderboard"]} - {"combination"} <= {row["name"] for row in second["leaderboard"]}
    assert {row["family"] for row in second["leaderboard"]} >= {"logistic", "lda", "baseline"}
    assert second["split"] == first["split"]  # more effort tries more; the folds are those of the first round
    before = {path.name: path.read_bytes() for path in (one / "done").iterdir()}
    assert before == {name: (two / "done" / name).read_bytes() for name in before}  # nothing was fitted twice
    assert (two / "plan.json").read_bytes() == (one / "plan.json").read_bytes()
    assert (two / NAME).read_bytes().startswith((one / NAME).read_bytes())
    names = [row["name"] for row in second["leaderboard"]]
    assert len(names) == len(set(names))
    assert second["rounds"] == told(rounds(two)) == status(two)["rounds"]
    assert "round 2" in status_text(status(two), "en") and "2 rounds" in (two / "report.html").read_text(encoding="utf-8")
    page = (one / "report.html").read_text(encoding="utf-8")
    assert "rounds" not in page.split("<body")[1]


def test_a_killed_round_resumes_to_the_same_file(twice: tuple[Path, Path, dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    one, two, _, _ = twice
    run = tmp_path / "run"
    shutil.copytree(one, run)

    def kill(event: str, **facts: Any) -> None:
        if event == "task" and facts["done"] > 80:
            raise Killed

    with pytest.raises(Killed):
        _fit(run, "lda", watch=kill, effort="standard")
    assert len(rounds(run)) == 2 and rounds(run)[1].ended is None
    assert (run / "model.onnx").read_bytes() == (one / "model.onnx").read_bytes()  # the old one is good until the round is done
    assert not status(run)["finished"]
    etabli.resume(run)
    assert (run / "model.onnx").read_bytes() == (two / "model.onnx").read_bytes()
    assert status(run)["finished"]
    ends = [[{k: v for k, v in (one.ended or {}).items() if k != "when"} for one in rounds(folder)] for folder in (run, two)]
    assert ends[0] == ends[1]
    etabli.resume(run)  # again: nothing new
    assert len((run / NAME).read_bytes().splitlines()) == len((two / NAME).read_bytes().splitlines())


def test_an_abandoned_round_still_counts(twice: tuple[Path, Path, dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(twice[0], run)

    def kill(event: str, **facts: Any) -> None:
        if event == "step" and facts["name"]["en"].startswith("composing"):
            raise Killed

    with pytest.raises(Killed):
        _fit(run, "tree", watch=kill)
    lines = (run / NAME).read_bytes().splitlines(keepends=True)
    (run / NAME).write_bytes(b"".join(lines[:-1]))  # killed just before its end was noted
    found = _fit(run, "naivebayes").result
    assert [entry["round"] for entry in found["rounds"]] == [1, 2, 3]
    assert found["rounds"][1]["tried"] > 0 and found["rounds"][1]["best"] is None
    known = rounds(run)[1].ended or {}
    assert {setting["family"] for setting in known["settings"]} == {"tree"} and known["tried"]
    assert found["tried"] == sum(entry["tried"] for entry in found["rounds"])


def test_a_table_of_other_rows_is_refused_whole(twice: tuple[Path, Path, dict[str, Any], dict[str, Any]]) -> None:
    folder = twice[0]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="takes new ideas"):
        etabli.fit(examples.path("penguins.csv"), "species", effort="glance", families=("tree",), out=str(folder), ignore=("island",))
    with pytest.raises(UsageError, match="fits the task"):
        _fit(folder, "ols")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


# why -----------------------------------------------------------------------------------------------------------------------


def test_forgetting_earlier_rounds_flatters_and_counting_them_does_not() -> None:
    """Someone comes back with ten useless ideas until a round looks good, five rounds at most. The honest score of that round alone
    believes in it; that of the whole table does not."""
    forgot, counted, truth = [], [], 0.5
    for seed in range(60):
        rng = np.random.default_rng(seed)
        wrong = (rng.random((100, 50)) < truth).astype(float)  # each candidate guesses
        alone = [bbc(wrong[:, start : start + 10], seed=seed, draws=200).value for start in range(0, 50, 10)]
        forgot.append(min(alone))
        counted.append(bbc(wrong, seed=seed, draws=200).value)
    error = np.std(counted) / np.sqrt(len(counted))
    assert np.mean(forgot) < truth - 0.02  # two points better than the truth
    assert abs(np.mean(counted) - truth) < 3 * error + 0.01
