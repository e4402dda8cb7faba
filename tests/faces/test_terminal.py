"""The terminal: plain where it is no terminal, colours only where wanted, odd names and odd streams borne."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from etabli.errors import UsageError
from etabli.faces.terminal import Progress, error, has_colour, is_live, summary
from etabli.records import Finding

HERE = Path(__file__).parent
EXAMPLES: dict[str, Any] = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
EVIL = "\x1b[31m[bold]{x}\n\u202e\ud800"


class Stream(io.StringIO):
    def __init__(self, tty: bool = False) -> None:
        super().__init__()
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def work(watch: Progress, clock: Clock | None = None) -> None:
    watch("step", name={"en": "Looking", "fr": "Lecture"})
    watch("audit", finding="identifier", done=1, total=14)
    watch("finding", finding=Finding("id", ("a",), {"en": "a names rows", "fr": "a nomme"}, {"en": "--ignore a", "fr": "--ignore a"}))
    watch("finding", finding=Finding("note", (), {"en": "only a note", "fr": "une note"}, level="note"))
    watch("step", name={"en": "Comparing", "fr": "Comparaison"})
    for done in range(10):
        best = "logistic C=1" if done < 5 else "lightgbm num_leaves=31"
        watch("task", done=done, total=40, running=["ridge alpha=1"], best=best, metric="log_loss", score=0.3, left=30.0)
        if clock is not None:
            clock.now += 1.0
    watch("dropped", name="x", reason="")
    watch("aside", name=EVIL, reason={"en": "needs 19 GB", "fr": "demande 19 Go"})
    watch("cut")
    watch("nonsense", whatever=1)
    watch("task")


def test_plain_lines_come_on_change_or_every_five_seconds():
    stream, clock = Stream(), Clock()
    with Progress("en", stream=stream, clock=clock) as watch:
        work(watch, clock)
    said = stream.getvalue()
    assert "\x1b" not in said and "\r" not in said
    tasks = [line for line in said.splitlines() if " of 40" in line]
    assert [line.split("] ")[1].split(" ")[0] for line in tasks] == ["0", "5"]
    assert "logistic regression C=1" in tasks[0] and "LightGBM num_leaves=31" in tasks[1] and "30\u00a0s left" in tasks[0]
    assert "a names rows → --ignore a" in said and "only a note" not in said and "needs 19 GB" in said
    assert "[bold]{x}" in said


def test_it_speaks_french():
    stream = Stream()
    with Progress("fr", stream=stream, clock=Clock()) as watch:
        work(watch)
    assert "Comparaison" in stream.getvalue() and "meilleur jusqu’ici" in stream.getvalue()


def test_live_lines_are_redrawn_and_taken_away(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    stream = Stream(tty=True)
    with Progress("en", stream=stream) as watch:
        work(watch)
        assert watch._live is not None
        watch("task", done=5, total=40, training=[{"epoch": 3, "epochs": 200, "held": [0.9, 0.5, 0.25]}])
        watch._live.refresh()
    said = stream.getvalue()
    assert "epoch 3 of at most 200, loss 0.250 █▄▁" in said
    assert "\x1b[2K" in said and "\x1b[31m[bold]" not in said and "LightGBM" in said
    assert watch._live is None


def test_no_color_has_no_colours_and_dumb_is_not_live(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = Stream(tty=True)
    with Progress("en", stream=stream) as watch:
        work(watch)
    assert not [part for part in stream.getvalue().split("\x1b[")[1:] if part.lstrip("0123456789;").startswith("m")]
    monkeypatch.setenv("TERM", "dumb")
    stream = Stream(tty=True)
    with Progress("en", stream=stream) as watch:
        work(watch)
    assert "\x1b" not in stream.getvalue() and "Comparing" in stream.getvalue()


@pytest.mark.parametrize(
    ("tty", "environ", "live", "colour"),
    [
        (True, {"TERM": "xterm"}, True, True),
        (True, {"TERM": "dumb"}, False, False),
        (False, {}, False, False),
        (False, {"FORCE_COLOR": "1"}, False, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (True, {"NO_COLOR": ""}, True, True),
    ],
)
def test_where_lines_live_and_colours_go(tty, environ, live, colour):
    assert (is_live(Stream(tty), environ), has_colour(Stream(tty), environ)) == (live, colour)


def test_quiet_says_nothing():
    stream = Stream(tty=True)
    with Progress("en", quiet=True, stream=stream) as watch:
        work(watch)
    assert stream.getvalue() == ""


def test_threads_may_call_it():
    stream = Stream()
    with Progress("en", stream=stream) as watch:
        threads = [Thread(target=work, args=(watch,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert stream.getvalue().count("] Comparing") == 4


def test_a_closed_or_poor_stream_stops_nothing():
    closed = Stream()
    closed.close()
    with Progress("en", stream=closed) as watch:
        work(watch)
    raw = io.BytesIO()
    poor = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    with Progress("fr", stream=poor) as watch:
        work(watch)
    error(UsageError("règle", "é", "…"), "fr", poor)
    assert b"Comparaison" in raw.getvalue() and b"..." in raw.getvalue()


@pytest.mark.parametrize("name", [*EXAMPLES, "hostile"])
@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [60, 100])
def test_the_summary_fits_its_width(name, lang, width):
    result = EXAMPLES.get(name, HOSTILE)
    said = summary(result, lang, width)
    assert "\x1b" not in said and "\u202e" not in said
    assert max(map(len, said.splitlines())) <= width


def test_the_summary_says_what_matters():
    said = summary(EXAMPLES["binary"], "en", 110)
    for expected in (
        "ensemble of 4",
        "class shares",
        "asked 90\u00a0%, got 89.8\u00a0%",
        "equal: 2,000 rows, 0 labels differ",
        "census.onnx",
        "census.etabli/report.html",
        "28 more",
    ):
        assert expected in said, expected
    assert sum(line.startswith(("●", "○", "■ class")) for line in said.splitlines()) == 8
    assert "temps permis" in summary(EXAMPLES["regression"], "fr", 110)


@pytest.mark.parametrize("width", [60, 80, 110])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_plot_stands_where_its_numbers_say(lang, width):
    result = EXAMPLES["binary"]
    lines = summary(result, lang, width).splitlines()
    first, last = (next(place for place, line in enumerate(lines) if mark in line) for mark in ("◆", "┴"))
    rows = lines[first:last]
    honest, winner, base = rows[0], rows[1], next(line for line in rows if line.startswith("■"))
    assert honest.startswith("◆") and "─◆" in honest and "◆─" in honest[2:]
    assert winner.startswith("●") and "─" not in winner.split("●", 2)[2]  # a bar is a difference to the winner: it has none
    dashed = {line.rindex("┆") for line in rows if "┆" in line}
    assert len(dashed) == 1 and base.rindex("■") in dashed  # one dashed line, the baseline on it
    places = [line.rindex("○") for line in rows if line.startswith("○")]
    assert places == sorted(places)  # best first, and less is better
    assert winner.rindex("●") <= places[0] < min(dashed)
    assert "┆" in "".join(lines[last:])  # and its words


def test_a_baseline_near_by_needs_no_break_and_an_outlier_is_an_arrow():
    from etabli.faces import plot
    from etabli.faces.figures import Dot

    dots = [Dot("h", 1.0, 0.9, 1.1, "honest"), Dot("w", 1.0, None, None, "tied"), Dot("far", 9.0, 8.0, 9.5, "apart")]
    scale = plot.Scale(dots, 40, 1.15)
    assert scale.far == 0 and scale.dashed == scale.cell(1.15)
    assert plot.line(dots[2], scale).plain.endswith(">")
    assert plot.Scale(dots, 40, 3.0).far == 1 and plot.Scale(dots, 40, -3.0).far == -1
    left = plot.Scale(dots, 40, -3.0)
    assert plot.line(Dot("b", -3.0, look="base"), left).plain[0] == "■" and left.dashed == 0
    rule, numbers = plot.axis(left, lambda v: f"{v:g}")
    assert len(rule.plain) == len(numbers.plain) == 40 and numbers.plain.split()[0] == "-3"
    assert plot.Scale([Dot("none", None)], 12, None).dashed is None


def test_the_summary_bears_an_empty_result_and_colours_only_where_wanted(monkeypatch):
    for key in EXAMPLES["binary"]:
        summary({**EXAMPLES["binary"], key: None})
    summary({})
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in summary(EXAMPLES["binary"])
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in summary(EXAMPLES["binary"])


def test_an_error_is_three_short_lines():
    stream = Stream()
    error(UsageError("no such column", f"incme {EVIL}", "did you mean income?"), "en", stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3 and lines[0] == "error: no such column" and lines[2] == "  hint: did you mean income?"
    assert "\x1b" not in stream.getvalue()
    stream = Stream()
    error(UsageError("only the rule"), "fr", stream)
    assert stream.getvalue() == "erreur\u00a0: only the rule\n"


def test_importing_the_faces_loads_nothing_heavy():
    code = (
        "import sys, etabli.faces.terminal, etabli.faces.summary, etabli.faces.report, etabli.faces.words;"
        "print([m for m in ('rich','jinja2','markupsafe','numpy','onnx','onnxruntime','sklearn','scipy') if m in sys.modules and m != 'numpy'])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("got", "said"), [(0.85, "outside what chance allows"), (0.9, "within what chance allows"), (0.97, "more than asked")]
)
def test_coverage_is_judged_by_its_band(got, said):
    assert said in summary({"coverage": [{"level": 0.9, "got": got, "band": [0.88, 0.92]}]}, "en", 110)


def test_rounds_are_told_when_there_was_more_than_one() -> None:
    for kind, there in (("binary", True), ("regression", False)):
        said = " ".join(summary(EXAMPLES[kind], "en").split())
        assert ("2 rounds, 36 candidates: the honest score counts all of them." in said) is there and ("rounds" in said) is there
    assert "2 tours, 36 candidats" in " ".join(summary(EXAMPLES["binary"], "fr").split())
