"""Lines in letters that the stream has, folded at terminals alone, and the same commands in another age's terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.cli import main
from etabli.faces.events import Events
from etabli.faces.lines import bear, folded, plainer
from etabli.faces.small import spark
from etabli.faces.standing import status
from etabli.faces.terminal import summary
from etabli.records import Finding

HERE = Path(__file__).parent
EXAMPLES = json.loads((HERE / "example.json").read_text(encoding="utf-8"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text(), st.sampled_from(["ascii", "latin-1", "cp437", "utf-8"]))
def test_every_text_can_be_written(text: str, encoding: str) -> None:
    made = plainer(text, encoding)
    made.encode(encoding)
    assert made == text or any(letter not in made for letter in text)


def test_likenesses() -> None:
    assert plainer("“été” ≤ 5 × 10⁻¹⁶ → ● naïve œuvre\u00a0日", "ascii") == '"ete" <= 5 x 10-16 -> * naive oeuvre ?'
    assert plainer("été ≤ 5", "latin-1") == "été <= 5"


def test_a_stream_bears_every_letter() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    bear(stream, None)
    print("été → ≤ 日", file=stream, flush=True)
    assert raw.getvalue() == b"ete -> <= ?\n"


def test_lines_are_folded_at_a_terminal_alone() -> None:
    text = "  a line " + "that goes on " * 9 + "\nshort"
    assert folded(text, io.StringIO(), environ={"COLUMNS": "40"}) == text
    lines = folded(text, Terminal(), environ={"COLUMNS": "40"}).splitlines()
    assert max(map(len, lines)) <= 40 and lines[1].startswith("    goes") and lines[-1] == "short"
    assert " ".join(" ".join(lines).split()) == " ".join(text.split())


def test_a_row_of_a_table_is_cut_and_a_text_beside_its_name_hangs_there() -> None:
    table, named = (
        "species            category        -         3  Adelie, Gentoo, Chinstrap",
        "  done   one two three four five six seven eight",
    )
    lines = folded(f"{table}\n{named}", Terminal(), environ={"COLUMNS": "40"}).splitlines()
    assert lines[0] == "species            category        -…"
    assert lines[1:] == ["  done   one two three four five six", "         seven eight"]


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("width", [40, 47, 60, 80, 110])
def test_the_plots_fit_every_width(kind: str, width: int) -> None:
    said = summary(EXAMPLES[kind], "en", width, every=True)
    assert max(map(len, said.splitlines())) <= width
    board = said[said.index("◆") : said.index("worse")].splitlines()
    assert all(line[0] in "◆●○■× " for line in board) and "◆ Honest score" in board[0]
    assert board[0].rstrip().endswith(tuple("0123456789"))  # the score is whole


def test_in_a_pipe_a_sentence_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    said = summary(EXAMPLES["binary"], "en", stream=io.StringIO(), every=True)
    assert EXAMPLES["binary"]["sentence"]["en"] in said.splitlines()
    assert "\x1b" not in said


def test_the_curve_the_size_of_a_word() -> None:
    assert spark([3, 2, 1]) == "█▄▁" or spark([3, 2, 1]) == "█▅▁"
    assert spark([1]) == spark([]) == "" and spark([2, 2]) == "▁▁"


def test_status_in_both_languages() -> None:
    facts = {
        "run": "x.etabli", "running": False, "finished": False, "cut": True, "seconds": 61.0, "tasks_done": 3, "models_done": 1200, "model": "x.etabli/model.onnx",
        "asked": {"file": "x.csv", "target": "y", "effort": "glance", "seed": 0}, "set_aside": [{"family": "knn", "reason": "too slow"}],
        "rounds": [{"round": 1, "families": [], "effort": "glance", "tried": 9, "best": {"name": "ridge alpha=1", "score": 0.25}}, {"round": 2, "families": ["lda"], "effort": "glance", "tried": 2, "best": None}],
    }  # fmt: skip
    english, french = status(facts, "en"), status(facts, "fr")
    assert (
        "etabli resume x.etabli" in english
        and "1,200 models" in english
        and "round 2" in english
        and "nearest neighbours: too slow" in english
    )
    assert "interrompu" in french and "tour 2" in french and "1\u202f200 modèles" in french
    assert len(english.splitlines()) == len(french.splitlines()) == 7
    assert status({"run": "x", "running": True, "finished": False}, "fr").startswith("x\u00a0: lecture")


def test_json_is_escaped_and_words_are_plainer_where_letters_lack(tmp_path: Path) -> None:
    (tmp_path / "données.csv").write_text("âge,prix\n" + "".join(f"{k},{k * 2}\n" for k in range(60)), encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "LANG": "C"}
    for words in (["--json"], ["--text", "--lang", "fr"]):
        command = [sys.executable, "-m", "etabli", "explore", "données.csv", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode("latin-1")
        assert (json.loads(text)["columns"][0]["name"] if words == ["--json"] else text.split()[5:9] and "âge") == "âge"


def test_words_follow_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    run = tmp_path / "x.etabli"
    run.mkdir()
    (run / "result.json").write_text(json.dumps(EXAMPLES["binary"]))
    assert main(["report", str(run), "--text"]) == 0
    assert "Score honnête" in capsys.readouterr().out


def test_events_as_lines_of_json() -> None:
    stream, now = io.StringIO(), iter([0.0, 1.5, 2.0, 3.0])
    with Events(stream, lambda: next(now)) as watch:
        watch("task", done=1, total=3, running=("a",), score=float("nan"), left=2.5)
        watch("finding", finding=Finding("id", ("é",), {"en": "a", "fr": "b"}))
        watch("odd", thing=object)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0] == {"event": "task", "seconds": 1.5, "done": 1, "total": 3, "running": ["a"], "score": None, "left": 2.5}
    assert lines[1]["finding"] == {"code": "id", "level": "warn", "columns": ["é"], "text": {"en": "a", "fr": "b"}, "cure": {}}
    assert stream.getvalue().isascii() and lines[2]["event"] == "odd"
    gone = io.StringIO()
    gone.close()
    Events(gone)("step", name="x")  # a reader that went away stops no fit
