"""A fit called from Python: one output that is updated, Ctrl-C that keeps the best so far, a logger that hears the rest."""

from __future__ import annotations

import logging
import os
import signal
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import etabli
import etabli.examples
from etabli.errors import EtabliWarning
from etabli.faces.live import Display, Stop, attended, in_notebook
from etabli.records import Finding


@pytest.fixture(autouse=True)
def at_a_terminal() -> Iterator[None]:
    """Python's own handling of Ctrl-C, which a job in the background of a shell lacks."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """What a kernel would show: a list an output, of the pictures it had."""
    outputs: list[list[Any]] = []

    class Handle:
        def __init__(self, first: Any) -> None:
            self.pictures = [first]
            outputs.append(self.pictures)

        def update(self, picture: Any) -> None:
            self.pictures.append(picture)

    display = types.ModuleType("IPython.display")
    display.display = lambda picture, display_id: Handle(picture)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    sys.modules["IPython"].get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    return outputs


def test_one_output_is_updated_and_a_line_stays(shown: list[list[Any]]) -> None:
    assert in_notebook()
    moment = [0.0]
    watch = Display("en", clock=lambda: moment[0])
    watch("step", name={"en": "reading <the> data", "fr": "lecture"})
    for done in range(200):
        moment[0] += 0.01
        watch(
            "task",
            done=done,
            total=200,
            best="ridge penalty=0.1",
            metric="rmse",
            score=0.5,
            left=30.0,
            training=[{"epoch": 2, "epochs": 9, "held": [1.0, 0.5]}],
        )
    watch("step", name={"en": "proving it"})
    watch.close()
    (pictures,) = shown
    assert 8 < len(pictures) < 15  # four a second
    said = [repr(picture).replace("\u00a0", " ") for picture in pictures]
    assert said[0] == "reading <the> data · 0.0 s" and "&lt;the&gt;" in pictures[0]._repr_html_()
    assert all(
        words in said[5]
        for words in ("best so far: RMSE 0.5000 (ridge", "30 s left", "of 200 models fitted", "network: epoch 2 of at most 9")
    )
    assert "width:" in pictures[5]._repr_html_() and "<script" not in pictures[5]._repr_html_()
    assert said[-1] == "done in 2.0 s · 199 models fitted" and "width:" not in pictures[-1]._repr_html_().split("</style>")[1]


def test_a_fit_in_a_notebook_shows_one_output(shown: list[list[Any]], tmp_path: Path) -> None:
    etabli.fit(etabli.examples.path("penguins.csv"), "species", effort="glance", families=("naivebayes",), out=tmp_path / "a.etabli")
    assert len(shown) == 1 and repr(shown[0][-1]).startswith("done in")


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    """Pressed in the middle of a comparison, as a terminal or a kernel sends it; the same call then goes on."""
    asked: dict[str, Any] = {"effort": "glance", "families": ("lda", "logistic", "tree"), "out": tmp_path / "a.etabli"}
    pressed = []

    def watch(event: str, **facts: Any) -> None:
        if event == "task" and facts.get("best") and facts["done"] > 6 and not pressed:
            pressed.append(facts["done"])
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.warns(EtabliWarning, match="interrupted: this is the best so far"):
        study = etabli.fit(etabli.examples.path("penguins.csv"), "species", watch=watch, **asked)
    assert pressed and study.result["cut"] and study.result["ended"] == "interrupted" and len(study.model.classes) == 3
    assert signal.getsignal(signal.SIGINT) is before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = etabli.fit(etabli.examples.path("penguins.csv"), "species", **asked)
    assert not whole.result["cut"] and len(whole.leaderboard) > len(study.leaderboard)


def test_the_second_ctrl_c_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Stop("fr") as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        os.kill(os.getpid(), signal.SIGINT)
    assert "meilleur jusqu" in capsys.readouterr().err and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_host_that_handles_signals_keeps_doing_so() -> None:
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with Stop("en") as stop:
            os.kill(os.getpid(), signal.SIGINT)
        assert heard == [1] and not stop()
    finally:
        signal.signal(signal.SIGINT, before)


def test_elsewhere_the_logger_hears(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "etabli"), attended(None, None) as (watch, stop):
        watch("step", name={"en": "comparing", "fr": "comparaison"})
        watch("finding", finding=Finding("leak", ("x",), {"en": "x tells"}, level="warn"))
        watch("finding", finding=Finding("blank", (), {"en": "small"}, level="note"))
        watch("task", done=1, total=2)
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("INFO", "comparing"),
        ("WARNING", "x tells"),
        ("INFO", "small"),
    ] and not stop()
