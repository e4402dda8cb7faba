"""`etabli anomalies`: the story, its file, and what is said of odd rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import etabli
import etabli.examples
from etabli.cli import main
from etabli.errors import UsageError

PENGUINS = Path(etabli.examples.__file__).parent / "penguins.csv"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    """A table of related numbers and a category; the last four rows are odd in one, or in how two go together."""
    folder, random = tmp_path_factory.mktemp("odd"), np.random.default_rng(1)
    height = random.normal(size=1000)
    weight = height + 0.1 * random.normal(size=1000)
    age = random.normal(size=1000)
    height[-4:], weight[-4:], age[-4:] = [2.5, -2.5, 0, 0], [-2.5, 2.5, 0, 0], [0, 0, 40, -40]
    with (folder / "table.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["height", "weight", "age", "place"], *zip(height, weight, age, ["here", "there"] * 500, strict=True)])
    return etabli.anomalies(folder / "table.csv", methods=("mahalanobis", "tails"), effort="glance", out=str(folder / "run"))


def test_planted_rows_are_flagged_with_the_columns_that_make_them_odd(planted: etabli.Study) -> None:
    found = planted.result["anomalies"]
    rows = {row["row"]: [column["column"] for column in row["columns"]] for row in found["rows"]}
    assert {996, 997, 998, 999} <= rows.keys()
    assert found["flagged"] <= 8
    assert rows[998][0] == rows[999][0] == "age"
    assert set(rows[996][:2]) == {"height", "weight"}
    said = next(row for row in found["rows"] if row["row"] == 998)["columns"][0]
    assert said["text"]["en"].startswith("age 40 (nine rows in ten: ")
    assert said["usual"][0] < said["usual"][1] < said["value"]


def test_the_file_answers_new_rows(planted: etabli.Study) -> None:
    answers = planted.model.predict({"height": ["0", "3"], "weight": ["0", "-3"], "age": ["0", "0"], "place": ["here", "here"]})
    assert set(answers) == {"prediction", "score", "p_value", "novelty"}
    assert np.ravel(answers["prediction"]).tolist() == ["usual", "odd"]
    assert answers["p_value"][0, 0] > 0.2
    assert answers["p_value"][1, 0] <= planted.result["anomalies"]["threshold"]


def test_all_detectors_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["anomalies", str(PENGUINS), "--effort", "glance", "--ignore", "species", "--json", "-q", "-o", str(tmp_path / "run")]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in result["leaderboard"]} == {"mahalanobis", "tails", "iforest", "knn", "density", "lof", "svm", "together"}
    assert all(set(one["planted"]) == {"far", "mixed", "rare"} for one in result["leaderboard"])
    assert result["proof"]["label_mismatches"] == 0


def test_a_rate_that_is_no_share_is_refused() -> None:
    with pytest.raises(UsageError, match="--rate is a share"):
        etabli.anomalies(PENGUINS, rate=2.0)
