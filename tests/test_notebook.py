"""The notebook of the documentation is executed, in a process of its own, and its kept outputs are of the shape that comes out today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "docs" / "notebook.ipynb"


def shape(book: Any) -> list[list[tuple[str, ...]]]:
    """What each code cell gives: the kinds of its outputs, with the stream or the formats."""
    return [
        [(one.output_type, *([one.name] if one.output_type == "stream" else sorted(one.get("data", ())))) for one in cell.outputs]
        for cell in book.cells
        if cell.cell_type == "code"
    ]


def test_the_notebook_runs_as_it_is_shown(tmp_path: Path) -> None:
    made = tmp_path / "made.ipynb"
    done = subprocess.run(
        ["bash", str(ROOT / "scripts" / "notebook"), str(made)],
        env=os.environ | {"PYTHON": sys.executable, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    kept, fresh = nbformat.read(KEPT, as_version=4), nbformat.read(made, as_version=4)
    assert [cell.source for cell in fresh.cells] == [cell.source for cell in kept.cells]
    assert shape(fresh) == shape(kept)
    assert all(kinds and all(kind[0] != "error" and kind[-1] != "stderr" for kind in kinds) for kinds in shape(kept))
    shown = [cell for cell in fresh.cells if cell.source.startswith("study = etabli.fit")]
    said = ["".join(one.data["text/plain"] for one in cell.outputs) for cell in shown]
    assert said and all(
        text.count("\n") < 6 and "Expect log-loss" in text for text in said
    )  # one display that was updated, not a scroll of lines


def test_the_notebook_is_small_and_static() -> None:
    text = KEPT.read_text(encoding="utf-8")
    assert len(text.encode()) < 400_000 and "<script" not in text
    nbformat.validate(nbformat.read(KEPT, as_version=4))
