"""Columns of free text in `etabli cluster`, `map` and `anomalies`: as coordinates, in the file, in words; and left out where they say nothing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.errors import DataError
from etabli.judge.stability import adjusted_rand
from etabli.structure.owners import tilt

ROWS, FEW = 2_500, 700
QUICK: dict[str, Any] = {"effort": "glance", "kinds": {"text": "text"}}


def silent(*_: Any, **__: Any) -> None:
    """The watch that shows nothing."""


@pytest.fixture(scope="module")
def tweets(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tweets to airlines with the airline, two numbers without any bearing on them, and some texts missing."""
    random = np.random.default_rng(3)
    with (shared / "airline_tweets.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    path = tmp_path_factory.mktemp("tweets") / "tweets.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["airline", "text", "one", "two"])
        for i in np.sort(random.choice(len(rows), ROWS, replace=False)):
            text = "" if i % 40 == 0 else rows[i]["text"]
            writer.writerow([rows[i]["airline"], text, round(float(random.normal()), 3), round(float(random.gamma(2)), 3)])
    return path


@pytest.fixture(scope="module")
def grouped(tweets: Path, tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    return etabli.cluster(
        tweets,
        label="airline",
        ignore=("one", "two"),
        clusters=6,
        methods=("kmeans",),
        out=str(tmp_path_factory.mktemp("grouped") / "run"),
        watch=silent,
        **QUICK,
    )


def test_texts_fall_into_whom_they_are_about(grouped: etabli.Study, tweets: Path) -> None:
    """The label was never learned from; the file, given the texts alone, says the same of every row."""
    result = grouped.result
    assert result["used"] == ["text"]
    assert result["label"]["adjusted_rand"] > 0.4
    with tweets.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answer = np.ravel(grouped.model.predict({"text": [row["text"] for row in rows]})["prediction"]).tolist()
    assert [answer[i] for i in result["points"]["row"]] == result["points"]["label"]
    _, own = np.unique(answer, return_inverse=True)
    assert adjusted_rand(own, np.unique([row["airline"] for row in rows], return_inverse=True)[1]) > 0.4


def test_a_card_names_the_words_of_a_group(grouped: etabli.Study) -> None:
    named = {word for card in grouped.result["clusters"] for one in card["differs"] for word in one["words"]}
    assert {"united", "usairways"} <= named
    first = grouped.result["clusters"][0]["differs"][0]
    assert first["column"] == "text"
    assert "often" in first["text"]["en"] and "souvent «" in first["text"]["fr"]


def test_a_text_weighs_as_one_column_and_its_words_are_told(tweets: Path, tmp_path: Path) -> None:
    """Of three columns each bears a third of the spread; the coordinates of a text are read by its words."""
    study = etabli.map(tweets, ignore=("airline",), methods=("pca",), components=3, out=str(tmp_path / "run"), watch=silent, **QUICK)
    told = study.result["map"]["loadings"]
    assert study.result["used"] == ["text", "one", "two"]
    assert {one["feature"] for coordinate in told[:2] for one in coordinate["columns"][:2]} == {"one", "two"}
    assert told[2]["columns"][0]["feature"].startswith('text: "')
    assert study.result["map"]["components"]["variances"][2] < 0.5 * study.result["map"]["components"]["variances"][0]
    missing, united = (study.model.predict({"text": [text], "one": [""], "two": [""]}) for text in ("", "@united late again"))
    assert np.isfinite(missing["coordinates"]).all()
    assert np.abs(missing["coordinates"] - united["coordinates"]).max() > 1e-3


def test_truncated_singular_values_of_a_text_alone_are_its_leading_axes(tweets: Path, tmp_path: Path) -> None:
    """No word lies at zero, so the method is offered; parts that add up are not."""
    study = etabli.map(
        tweets, ignore=("airline", "one", "two"), methods=("svd", "nmf"), components=2, out=str(tmp_path / "run"), watch=silent, **QUICK
    )
    assert study.result["winner"]["family"] == "svd"
    assert [one["name"] for one in study.result["dropped"]] == ["nmf"]
    unknown = study.model.predict({"text": ["xyzzy"]})
    assert np.isfinite(unknown["coordinates"]).all()
    assert "axes of the text's words" in study.result["map"]["components"]["text"]["en"]


def test_odd_rows_of_a_table_with_text(tweets: Path, tmp_path: Path) -> None:
    """A number far beyond all others is found beside the many axes of the text, and no text is told whole."""
    with tweets.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[: FEW + 1]
    path = tmp_path / "odd.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([*rows, ["Delta", "@united my flight is late", "40", "1"]])
    study = etabli.anomalies(path, ignore=("airline",), methods=("tails", "relations"), out=str(tmp_path / "run"), watch=silent, **QUICK)
    found = study.result["anomalies"]["rows"][0]
    assert found["row"] == FEW
    assert found["columns"][0]["column"] == "one"
    texts = [one for row in study.result["anomalies"]["rows"] for one in row["columns"] if one["column"] == "text"]
    assert all(one["value"] is None or one["value"].count(", ") <= 3 for one in texts)


@pytest.mark.parametrize("kind", ["dealt", "different", "few", "one word"])
def test_a_text_that_says_nothing_is_left_out(kind: str, tmp_path: Path) -> None:
    """Words dealt by chance (of texts of unequal length), words that never come twice, few texts, one word."""
    random = np.random.default_rng(8)
    share = 1 / np.arange(1, 401)
    make = {
        "dealt": lambda i: " ".join(f"w{k}" for k in random.choice(400, 3 + int(random.gamma(2, 6)), p=share / share.sum())),
        "different": lambda i: " ".join(f"{random.integers(10**12):x}" for _ in range(6)),
        "few": lambda i: f"hello there number {i} and more words" if i < 20 else "",
        "one word": lambda i: "word" if i % 2 else "",
    }[kind]
    path = tmp_path / "table.csv"
    path.write_text("text,x\n" + "\n".join(f"{make(i)},{random.normal():.3f}" for i in range(300)), encoding="utf-8")
    study = etabli.cluster(path, methods=("kmeans",), out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert study.result["used"] == ["x"]
    said = [one for one in study.result["warnings"] if one["columns"] == ["text"] and one["code"] in ("left_out", "constant")]
    assert said and said[0]["text"]["fr"]
    with pytest.raises(DataError):
        etabli.cluster(path, ignore=("x",), out=str(tmp_path / "none"), watch=silent, **QUICK)


def test_the_axes_of_a_text_count_together_as_one() -> None:
    weight = np.exp(tilt(np.array([1, 1, 4, 4, 4, 4]))["tilt"])
    assert weight[2:].sum() == pytest.approx(weight[0])
    assert weight.sum() == pytest.approx(6)
    assert tilt(np.ones(3)) == {}
