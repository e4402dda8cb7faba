"""The manual page: what the parser says, as man and mandoc take it, and where man finds it."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import etabli
from etabli.arguments import parser
from etabli.cli import ACTS, main
from etabli.faces.manual import FILES, STATUSES, plain, roff

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = Path(etabli.__file__).parent / "etabli.1"


def test_the_page_that_is_shipped_is_the_parser_s() -> None:
    assert KEPT.read_text(encoding="ascii") == roff(parser(ACTS)), "etabli man --roff > src/etabli/etabli.1"


def test_it_is_installed_where_man_looks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["data-files"] == {"share/man/man1": ["src/etabli/etabli.1"]}


def test_it_has_every_command_option_and_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 130 and "\\" not in text.replace("\\ ", "")
    for name, command in next(a for a in parser(ACTS)._actions if a.dest == "command").choices.items():
        part = text[text.index(f"   etabli {name}\n") :]
        for action in command._actions:
            assert all(option in ("-h", "--help", "--lang") or option in part for option in action.option_strings), (name, action)
    assert all(f"       {status}\n" in text for status, _ in STATUSES)
    assert all(file in text for file, _ in FILES)


@pytest.mark.parametrize(
    ("program", "arguments"), [("mandoc", ["-T", "lint", "-W", "warning"]), ("groff", ["-man", "-ww", "-Tascii", "-z"])]
)
def test_it_is_roff_without_a_warning(program: str, arguments: list[str]) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    done = subprocess.run([program, *arguments, str(KEPT)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_words_that_roff_would_take_for_its_own() -> None:
    odd = argparse.ArgumentParser(prog="etabli")
    commands = odd.add_subparsers(dest="command")
    one = commands.add_parser("odd", help=".SH is no request here, 'nor' this: \\fB \\n(.s")
    one.add_argument("--naïve", metavar="A≤B", help="'quoted' \"twice\", -1 to ~ ^")
    page = roff(odd)
    assert not [line for line in page.splitlines() if re.match(r"['.](?!TH|SH|SS|TP|PP|nf|fi|nh|ad)", line)]
    assert page.isascii() and r"\[u2264]" in page and r"\efB" in page
    assert "etabli odd" in plain(odd)
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page, capture_output=True, text=True, timeout=60)
        assert done.stderr == "" and ".SH is no request here, 'nor' this: \\fB \\n(.s" in re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
