"""The faces of a run without a target that are no page: terminal, notebook, status, resume, check, explain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

import etabli
import etabli.examples
from etabli.cli import main
from etabli.errors import UsageError
from etabli.faces.terminal import summary
from etabli.model.apart import parts
from etabli.model.check import check
from etabli.study import Study, load_study

PENGUINS = etabli.examples.path("penguins.csv")


@pytest.fixture(scope="session")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A real run, once."""
    folder = tmp_path_factory.mktemp("faces") / "penguins.cluster.etabli"
    return etabli.cluster(PENGUINS, methods=("kmeans",), effort="glance", out=folder, lang="en")


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A real run, once."""
    return etabli.map(PENGUINS, methods=("pca",), effort="glance", out=tmp_path_factory.mktemp("faces") / "map.etabli", lang="en")


def rows() -> pa.Table:
    """The rows as a frame."""
    return pyarrow.csv.read_csv(PENGUINS, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))


def test_the_last_words_say_what_was_found(grouped: Study, mapped: Study) -> None:
    details = {
        "clusters": [
            {"label": "1", "rows": 9, "share": 0.03, "differs": [{"column": "x", "text": {"en": "long bills", "fr": "longs becs"}}]},
            {"label": "2", "rows": 335, "share": 0.97, "differs": []},
        ]
    }
    english, french = (summary({**grouped.result, **details}, lang, width=80) for lang in ("en", "fr"))
    assert "long bills" in english and "longs becs" in french and "k-means" in english
    assert max(map(len, english.splitlines())) <= 80 or "/" in max(english.splitlines(), key=len)
    assert "honest" not in english
    assert "x1" in summary(mapped.result, "en", width=80)
    odd = {
        **grouped.result,
        "task": "anomalies",
        "anomalies": {"rate": 0.1, "rows": [{"row": 7, "p": 0.0001, "q": 0.0001, "odd": True, "columns": [{"column": "year"}]}]},
    }
    assert "year" in summary(odd, "en", width=80) and "<\u00a00.001" in summary(odd, "en", width=80)


def test_a_notebook_shows_rows_methods_and_findings(grouped: Study, mapped: Study) -> None:
    for study in (grouped, mapped):
        page = study._repr_html_()
        assert 'class="point' in page and "<script" not in page and len(page) < 60_000
        assert str(study.result["sentence"]["en"]) in repr(study)
    assert "k-means" in repr(grouped.leaderboard) and "<table>" in grouped.leaderboard._repr_html_()  # type: ignore[attr-defined]
    assert "the group of a row" in grouped.model._repr_html_() and "no target" in repr(grouped.model)


def test_it_stands_goes_on_and_is_read_again(grouped: Study, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(grouped.folder)]) == 0
    assert "Groups of rows" in capsys.readouterr().out
    again = etabli.resume(grouped.folder)
    assert again.result["sentence"] == grouped.result["sentence"] and again.result["points"] == grouped.result["points"]
    assert main(["report", str(grouped.folder), "--lang", "fr"]) == 0
    assert "Ce qui a été trouvé" in load_study(grouped.folder).report.read_text()


def test_new_rows_are_checked_against_the_groups(grouped: Study, mapped: Study, tmp_path: Path) -> None:
    table = rows()
    assert check(grouped.folder).verdict == "sound"
    alike = check(grouped.folder, table)
    assert alike.verdict == "alike" and alike.groups is not None and not alike.groups.changed
    told = grouped.model.predict(table)["prediction"][:, 0]
    apart = check(grouped.folder, table.filter(pa.array(told == told[0])))
    assert apart.groups is not None and apart.groups.changed and apart.verdict != "alike"
    assert apart.groups.every[list(grouped.model.classes).index(told[0])].got == 1
    assert "Groupe « 1 »" in apart.text("fr") and "label" not in apart.text("en") and "score" not in apart.text("en")
    assert check(mapped.folder, table).verdict == "alike"
    with pytest.raises(UsageError, match="with a target"):
        check(grouped.folder, table, by=["sex"])


def test_shares_that_come_about_alike_seldom_raise_an_alarm() -> None:
    random, share = np.random.default_rng(3), [0.6, 0.3, 0.09, 0.01]
    alarms = 0
    for seed in range(100):
        old = random.multinomial(300, share) / 300
        card = {"shares": {"labels": list("abcd"), "share": list(old), "rows": 300}}
        found = parts(card, random.choice(list("abcd"), 120, p=share), seed)
        assert found is not None and all(one.low <= one.high for one in found.every)
        alarms += found.changed
    assert alarms <= 5
    other = parts(card, np.array(["d"] * 20 + ["a"] * 100))
    assert other is not None and other.changed


def test_what_cannot_be_explained_says_why(mapped: Study, grouped: Study, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one answer"):
        mapped.model.explain(rows().slice(0, 1))
    assert grouped.model.explain(rows().slice(0, 1)).labels[0] in grouped.model.classes
    with pytest.raises(UsageError, match="its part of the result"):
        grouped.figures("svg", tmp_path, only=["calibration"])
    assert {"rowmap.svg", "captions.md"} <= {path.name for path in grouped.figures("svg", tmp_path, colour="species")}
    assert not (tmp_path / "leaderboard.svg").exists()  # which is of models with a target
    assert "species" in (tmp_path / "captions.md").read_text(encoding="utf-8")
