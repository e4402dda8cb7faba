"""`--html`: one file that opens anywhere, asks nobody anything and leads nowhere that is not in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import etabli.examples
from etabli.errors import UsageError
from etabli.faces.explore import static

PENGUINS = str(etabli.examples.path("penguins.csv"))


def test_one_file_that_leads_nowhere_else(look: Any, tmp_path: Path) -> None:
    path = static.write(look(PENGUINS, "species"), tmp_path / "out.html")
    text = path.read_text("utf-8")
    assert "<script" not in text and "<form" not in text and 'href="/' not in text and len(text) < 3_000_000
    assert all(f'id="{place}"' in text for place in re.findall(r'href="#([^"]+)"', text)) and "Torgersen" in text
    assert [file.name for file in tmp_path.iterdir() if file.name != "cache"] == ["out.html"]
    assert "lignes" in static.page(look(PENGUINS, "species", lang="fr"))


def test_only_a_file_that_ends_in_html(look: Any, tmp_path: Path) -> None:
    for name in ("penguins.csv", "."):
        with pytest.raises(UsageError, match="html"):
            static.write(look(PENGUINS), tmp_path / name)


def test_it_opens_without_a_server(tab: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    done = subprocess.run(
        [sys.executable, "-m", "etabli", "explore", PENGUINS, "-t", "species", "--html", str(out)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(out)), done.stderr
    for width, dark in ((1100, False), (390, True)):
        seen = tab(width=width, dark=dark).open(out)
        seen.fine()
        seen.fits()
        seen.accessible()
        seen.kept(f"explore-static-{width}")
