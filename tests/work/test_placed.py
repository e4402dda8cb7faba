"""--with-map and --with-clusters: each candidate is tried with and without, and what helps wins."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from etabli.errors import UsageError
from etabli.study import establish
from etabli.work.asked import asked


def planted(path: Path, rows: int = 400) -> Path:
    """Which of nine clouds in two columns a row belongs to decides the answer, which no straight line follows."""
    random = np.random.default_rng(2)
    cloud = random.integers(0, 9, rows)
    x = np.stack([cloud % 3, cloud // 3], axis=1) * 4.0 + random.normal(size=(rows, 2)) * 0.5
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "kind"])
        writer.writerows([f"{a:.4f}", f"{b:.4f}", "even" if c % 2 else "odd"] for (a, b), c in zip(x, cloud, strict=True))
    return path


def test_distances_to_clusters_win_where_clusters_decide(tmp_path: Path) -> None:
    file = planted(tmp_path / "clouds.csv")
    question = asked(file, "kind", families=("baseline", "logistic"), effort="glance", with_clusters=9, out=str(tmp_path / "run"))
    result = establish(question).result
    assert "9 clusters" in result["winner"]["name"]
    (note,) = [finding for finding in result["warnings"] if finding["code"] == "placed"]
    assert "they help" in note["text"]["en"]
    assert result["proof"]["label_mismatches"] == 0
    names = [one["name"] for one in result["leaderboard"]]
    plain = [name for name in names if "clusters" not in name and name != "baseline"]
    assert plain
    assert "--with-clusters 9" in question.command


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    file = planted(tmp_path / "clouds.csv", 60)
    with pytest.raises(UsageError, match="--with-map takes a whole number"):
        asked(file, "kind", with_map=-1)
    for options, said in (({"ignore": ("b",)}, "two columns"), ({"increasing": ("a",)}, "mix the columns")):
        with pytest.raises(UsageError, match=said):
            establish(asked(file, "kind", effort="glance", with_map=2, out=str(tmp_path / said), **options))
