"""The run folder keeps what was done whatever happens."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from etabli.errors import EtabliError, UsageError
from etabli.work.journal import Journal, write, write_json

PLAN = {"asked": {"file": "a.csv", "target": "y", "seed": 0}, "fingerprint": "f", "versions": {"etabli": "0"}}


def test_a_plan_is_kept_and_not_written_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.begin(PLAN) is False
    assert journal.begin(PLAN) is True
    with pytest.raises(UsageError, match="holds another run") as caught:
        journal.begin({**PLAN, "asked": {**PLAN["asked"], "seed": 1}})  # type: ignore[dict-item]
    assert "seed" in caught.value.got and "resume" in caught.value.hint


def test_a_folder_that_is_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a run is a folder"):
        Journal(tmp_path).plan()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": 1})

    def fail(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(EtabliError, match="writing") as caught:
        write(tmp_path / "x.json", fail)
    assert "No space left" in caught.value.got
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error_of_three_lines(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EtabliError, match="writing"):
        write_json(tmp_path / "x.json", {})


def test_a_real_full_disk_leaves_nothing(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with pytest.raises(EtabliError, match="writing"), open("/dev/full", "wb", buffering=0) as full:
        write(tmp_path / "x", lambda file: full.write(b"x"))
    assert list(tmp_path.iterdir()) == []


def test_half_a_result_counts_as_missing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.finish("abc", {"settings": ["s"]}, np.ones((2, 1, 1)), {"s": b"graph"})
    assert Journal(tmp_path).result("abc") == {"settings": ["s"]}
    assert journal.scores("abc").shape == (2, 1, 1) and journal.graph("abc", "s") == b"graph"
    (tmp_path / "done" / "abc.json").write_text('{"settings"')
    assert Journal(tmp_path).result("abc") is None


def test_a_new_session_sweeps_and_forgets_what_the_clock_cut(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with Journal(folder).alone():
        journal = Journal(folder)
        write_json(folder / "plan.json", PLAN)
        journal.finish("whole", {"settings": ["s"]}, None, {})
        for name in ("short", "kept"):
            journal.finish(name, {"settings": ["s"], "cut": True}, None, {})
        (folder / "done" / ".x.json.host.1.part").write_text("half")
    (folder / ".data.1.part").mkdir()
    again = Journal(folder)
    with again.alone():
        again.lengthen(["kept"])
        assert again.result("whole") and again.result("kept") and again.result("short") is None
        assert not [path for path in folder.rglob(".*")]


def test_one_driver_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run")
    with journal.alone():
        assert journal.busy()
        with pytest.raises(UsageError, match="one command at a time"), Journal(tmp_path / "run").alone():
            pass
    assert not journal.busy() and not (tmp_path / "run").exists()  # no plan came into it


def test_a_run_of_before_an_option_was_there_goes_on(tmp_path: Path) -> None:
    from etabli.errors import UsageError
    from etabli.study import asked_of
    from etabli.work.asked import Asked

    asked = Asked("a.csv", "y", ignore=("b",)).identity
    (tmp_path / "plan.json").write_text(
        json.dumps({"asked": {key: asked[key] for key in ("file", "target", "effort", "ignore", "missing", "kinds")}, "fingerprint": "f"})
    )
    assert Journal(tmp_path).begin({"asked": asked, "fingerprint": "f"})
    assert asked_of(tmp_path).identity == asked
    with pytest.raises(UsageError) as told:
        Journal(tmp_path).begin({"asked": asked | {"interval": "cqr"}, "fingerprint": "f"})
    assert told.value.got == "different: interval"
