"""Completion as it is met: in a real bash, zsh and fish (those that are installed), at a terminal, with the Tab key."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import etabli.examples
from etabli.arguments import parser
from etabli.cli import ACTS, main
from etabli.faces.candidates import candidates
from etabli.faces.completion import SCRIPTS, answer, split

COMMAND = Path(sys.executable).parent / "etabli"
START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i", "--features", "no-query-term"],
}
FIRST = {
    "bash": 'bind "set bell-style none"; PS1="> "; eval "$(etabli completion bash)"',
    "zsh": 'PS1="> "; unsetopt beep; autoload -Uz compinit; compinit -u -D; eval "$(etabli completion zsh)"',
    "fish": 'function fish_prompt; echo "> "; end; function fish_right_prompt; end; etabli completion fish | source',
}


def own_terminal() -> None:
    """Makes the standard input the terminal of the session, as a terminal window does."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        environment = {
            "PATH": f"{COMMAND.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "HOME": str(folder),
            "TERM": "dumb" if name != "fish" else "xterm",
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "COLUMNS": "200",
        }
        self.end, end = pty.openpty()
        self.process = subprocess.Popen(
            START[name], stdin=end, stdout=end, stderr=end, cwd=folder, env=environment, start_new_session=True, preexec_fn=own_terminal
        )
        os.close(end)
        self.said(3 if name == "fish" else 1)
        self.type(FIRST[name] + "\n")
        self.type("echo re''ady\n")
        self.until("ready")

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def said(self, wait: float) -> str:
        """What comes until it has been silent for a while."""
        text = b""
        while select.select([self.end], [], [], wait)[0]:
            try:
                text += os.read(self.end, 65536)
            except OSError:
                break
            if b"\x1b[c" in text or b"\x1b[0c" in text:  # a question to the terminal: which are you?
                os.write(self.end, b"\x1b[?1;2c")
                text = text.replace(b"\x1b[c", b"").replace(b"\x1b[0c", b"")
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\][^\x07]*\x07|\x1b\(B", "", text.decode("utf-8", "replace"))

    def until(self, word: str, seconds: float = 20) -> str:
        text, end = "", time.monotonic() + seconds
        while word not in text and time.monotonic() < end:
            text += self.said(0.3)
        return text

    def line(self, typed: str, seconds: float = 20) -> list[str]:
        """The words of a line after Tab was pressed at its end, as the shell would give them to a program."""
        mark = f"<{time.monotonic_ns()}>"
        self.type(typed + "\t")  # the shell reads on only when it has completed
        self.type(f"\x01printf '[%s]' '{mark[:4]}''{mark[4:]}' \n")
        text = self.until(mark, seconds)
        return re.findall(r"\[([^\]]*)\]", text[text.rindex(mark) - 1 :])[1:]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.end)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as users have them: data, a run, a file that is no data."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copy(etabli.examples.path("penguins.csv"), folder)
    (folder / "odd names.csv").write_text('"two words","a $x","naïf","b(c)"\n1,2,3,4\n')
    (folder / "notes.md").write_text("no data")
    run = folder / "penguins.etabli"
    run.mkdir()
    (run / "plan.json").write_text('{"asked": {"file": "penguins.csv"}}')
    (run / "model.onnx").write_bytes(b"")
    return folder


@pytest.fixture(scope="module", params=sorted(SCRIPTS))
def shell(request: pytest.FixtureRequest, place: Path) -> Iterator[Shell]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed here")
    made = Shell(request.param, place)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("etabli fami", ["etabli", "families"]),
        ("etabli fit penguins.c", ["etabli", "fit", "penguins.csv"]),
        ("etabli fit penguins.csv --targ", ["etabli", "fit", "penguins.csv", "--target"]),
        ("etabli fit penguins.csv --target spec", ["etabli", "fit", "penguins.csv", "--target", "species"]),
        ("etabli fit penguins.csv --target=spec", ["etabli", "fit", "penguins.csv", "--target=species"]),
        ("etabli fit penguins.csv --kind sex=fl", ["etabli", "fit", "penguins.csv", "--kind", "sex=flag"]),
        ("etabli fit penguins.csv --effort gl", ["etabli", "fit", "penguins.csv", "--effort", "glance"]),
        ("etabli fit odd\\ names.csv --target tw", ["etabli", "fit", "odd names.csv", "--target", "two words"]),
        ("etabli fit odd\\ names.csv --target b", ["etabli", "fit", "odd names.csv", "--target", "b(c)"]),
        ("etabli report pen", ["etabli", "report", "penguins.etabli"]),
        ("etabli predict penguins.etabli/mo", ["etabli", "predict", "penguins.etabli/model.onnx"]),
    ],
)
def test_tab(shell: Shell, typed: str, words: list[str]) -> None:
    assert shell.line(typed) == words


def offered(line: str) -> list[str]:
    return [text for text, _ in candidates(split(line)[1:], parser(ACTS)).words]


def test_every_command_and_option_is_offered() -> None:
    assert offered("etabli ") == list(ACTS)
    for name, command in next(a for a in parser(ACTS)._actions if a.dest == "command").choices.items():
        known = {option for action in command._actions for option in action.option_strings if option.startswith("--")}
        assert set(offered(f"etabli {name} --")) == known


def test_what_must_be_given_comes_first_and_nothing_comes_twice() -> None:
    assert offered("etabli fit penguins.csv ")[0] == "--target"
    assert "--effort" not in offered("etabli fit penguins.csv --effort glance --")
    assert "--ignore" in offered("etabli fit penguins.csv --ignore sex --")  # may be repeated


def test_tables_of_a_database_and_their_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.closing(sqlite3.connect("zoo.db")) as connection:
        connection.execute('CREATE TABLE penguins (species, "body mass")')
        connection.execute("CREATE TABLE keepers (name)")
    assert offered("etabli explore zoo.db") == ["zoo.db::penguins", "zoo.db::keepers"]
    assert offered("etabli fit zoo.db::pe") == ["zoo.db::penguins"]
    assert offered("etabli fit zoo.db::penguins --target ") == ["species", "body mass"]
    assert offered("etabli fit zoo.db --target ") == []  # two tables, none named
    assert ".db" in candidates(["publish", ""], parser(ACTS)).files and ".db" not in candidates(["predict", "m", ""], parser(ACTS)).files
    assert candidates(["publish", "x", "-o", ""], parser(ACTS)).files == (".db", ".sqlite", ".sqlite3")


def test_values_of_every_kind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    header = ["species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex", "year"]
    for line in (
        "fit penguins.csv --target ",
        "fit penguins.csv -t ",
        "explore penguins.etabli --ignore ",
        "adopt m.py:m --data penguins.csv -t ",
    ):
        assert offered(f"etabli {line}") == header
    assert offered("etabli fit penguins.csv --group ") == [*header, "none"]
    assert offered("etabli penguins.csv --target is") == ["island"]  # no verb
    assert offered("etabli fit penguins.csv --metric r2") == ["r2"]
    assert "log_loss" in offered("etabli fit penguins.csv --metric ")
    assert offered("etabli fit penguins.csv --families logistic,sp") == ["logistic,spline"]
    assert "logistic,logistic" not in offered("etabli fit penguins.csv --families logistic,")
    assert "calibration" in offered("etabli report penguins.etabli --only ")
    assert offered("etabli fit x --calibration pl") == ["platt"]
    assert offered("etabli report penguins.etabli --figures ") == ["pdf", "png", "svg"]
    assert offered("etabli fit penguins.csv --lang ") == ["en", "fr"]
    assert offered("etabli status pen") == ["penguins.etabli"]
    assert offered(f"etabli status {place}/pen") == [f"{place}/penguins.etabli"]
    assert candidates(["predict", "m.onnx", ""], parser(ACTS)).files[0] == ".csv"


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"PAR1 broken", b"\x1f\x8b broken", b"\xff\xfe", b'"never closed'])
def test_a_file_that_cannot_be_read_offers_nothing_and_says_nothing(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    assert main(["completion", "words", "zsh", "fit", str(tmp_path / "x.csv"), "--target", "q"]) == 0
    seen = capsys.readouterr()
    assert seen.out.strip() == seen.err == ""


def test_headers_as_they_come(tmp_path: Path) -> None:
    for content, names in (
        ("# made by hand\na;b;c\n1,5;2;3\n", ["a", "b", "c"]),
        ("\ufeffune;é\n1;2\n", ["une", "é"]),
        ("a\tb\n1\t2\n", ["a", "b"]),
        ("a,a,\n1,2,3\n", ["a", "a.2", "column_3"]),
    ):
        (tmp_path / "x.csv").write_text(content, encoding="utf-8")
        assert offered(f"etabli fit {tmp_path}/x.csv --target ") == names
    import pyarrow as pa
    from pyarrow.parquet import write_table

    write_table(pa.table({"one": [1], "prediction": [2]}), tmp_path / "x.parquet")
    assert offered(f"etabli fit {tmp_path}/x.parquet --target ") == ["one", "prediction.2"]


@given(st.lists(st.text(st.sampled_from("abc \"'\\=:é"), min_size=1, max_size=6), min_size=1, max_size=4))
def test_a_line_is_split_as_a_shell_splits_it(words: list[str]) -> None:
    import shlex

    assert split(shlex.join(words)) == words
    assert split(shlex.join(words) + " ") == [*words, ""]


def test_bash_gets_what_follows_its_own_cuts() -> None:
    lines = answer(["bash", "etabli fit penguins.csv --kind=zip=nu"], parser(ACTS)).splitlines()
    assert [line.partition("\t")[0] for line in lines[1:]] == ["number"]


def test_a_key_press_is_cheap() -> None:
    """Columns of a CSV file are offered without numpy, pyarrow or any other library."""
    file = str(etabli.examples.path("penguins.csv"))
    code = [sys.executable, "-X", "importtime", "-m", "etabli", "completion", "words", "zsh", "fit", file, "--target", "bill"]
    done = subprocess.run(code, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["bill_length_mm", "bill_depth_mm"]
    names = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert names & {"numpy", "pyarrow", "sklearn", "rich", "scipy", "duckdb"} == set()


def test_a_file_without_a_verb_is_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(etabli.examples.path("penguins.csv"), tmp_path)
    assert main(["penguins.csv"]) == 2
    assert "--target" in capsys.readouterr().err
    assert main(["penguins.csv", "--target", "specis"]) == 2
    assert 'did you mean "species"' in capsys.readouterr().err  # the file was read, as `fit` does
    assert main(["nothing.csv", "--target", "species"]) == 2
