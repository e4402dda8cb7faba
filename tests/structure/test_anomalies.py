"""`etabli anomalies`: the story, its file, and what is said of odd rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
import etabli.examples
from etabli.cli import main
from etabli.errors import DataError, UsageError
from etabli.faces.report import odd
from etabli.faces.terminal import summary
from etabli.structure.anomalies import Candidate, joining
from etabli.structure.labelled import Labels, compared, precisions

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
    said = planted.result["sentence"]["en"]
    assert said.index("are usual rows. That share is an assumption") < said.index("Joined are")
    assert found["flagged"] <= 8
    assert rows[998][0] == rows[999][0] == "age"
    assert set(rows[996][:2]) == {"height", "weight"}
    said = next(row for row in found["rows"] if row["row"] == 998)["columns"][0]
    assert said["text"]["en"].startswith("age 40 (nine rows in ten: ")
    assert said["usual"][0] < said["usual"][1] < said["value"]


def test_the_page_draws_the_scores_with_their_bound_and_each_rows_columns(planted: etabli.Study) -> None:
    facts = planted.result["anomalies"]["scores"]
    assert sum(facts["counts"]) == 1000 and len(facts["edges"]) == len(facts["counts"]) + 1
    found = planted.result["anomalies"]["rows"]
    assert facts["bound"] == min(row["score"] for row in found if row["odd"])
    drawn = odd.scores(planted.result, "en", 800)
    assert drawn.count('class="dash"') == 1 and drawn.count('class="below"') >= 1
    bars = odd.columns(planted.result, "en", 800)
    assert all(f">{row['row']}</text>" in bars for row in found if row["odd"])
    assert odd.scores({}, "en", 800) == odd.columns({}, "en", 800) == ""


def test_a_phone_shows_what_makes_a_row_odd_without_scrolling_sideways(planted: etabli.Study, tab: Callable[..., Any]) -> None:
    seen = tab(width=390).open(planted.folder / "report.html")
    wide, room = seen.page.evaluate("(e => [e.scrollWidth, e.clientWidth])(document.querySelector('#flagged .scroll'))")
    assert wide <= room
    seen.fine()


def test_the_file_answers_new_rows(planted: etabli.Study) -> None:
    answers = planted.model.predict({"height": ["0", "3"], "weight": ["0", "-3"], "age": ["0", "0"], "place": ["here", "here"]})
    assert set(answers) == {"prediction", "score", "p_value", "novelty"}
    assert np.ravel(answers["prediction"]).tolist() == ["usual", "odd"]
    assert answers["p_value"][0, 0] > 0.2
    assert answers["p_value"][1, 0] <= planted.result["anomalies"]["threshold"]


def test_every_listed_row_has_its_expected_share_of_usual_rows(planted: etabli.Study) -> None:
    rows = planted.result["anomalies"]["rows"]
    assert len(rows) == 20  # also those that are not flagged
    assert [row["q"] for row in rows] == sorted(row["q"] for row in rows)
    assert {row["row"] for row in rows if row["odd"]} == {row["row"] for row in rows if row["q"] <= 0.1}
    assert "assumption" in planted.result["anomalies"]["promise"]["en"]


@pytest.fixture(scope="module")
def referred(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, etabli.Study]:
    """3 000 usual rows, and a file of 500 of which the last 20 are odd; one level and one column are its own."""
    folder, random = tmp_path_factory.mktemp("usual"), np.random.default_rng(3)

    def write(name: str, count: int, odd: int, more: str) -> None:
        x = random.normal(size=(count, 3))
        x[count - odd :, 1] += 9
        place = np.where(np.arange(count) == 0, more, "here")
        rows = [[*map(str, line), place[i], i] for i, line in enumerate(x)]
        with (folder / name).open("w", newline="") as out:
            csv.writer(out).writerows([["a", "b", "c", "place", "own"][: 5 if odd else 4], *(row[: 5 if odd else 4] for row in rows)])

    write("usual.csv", 3000, 0, "there")
    write("asked.csv", 500, 20, "nowhere")
    return folder, etabli.anomalies(
        folder / "asked.csv", usual=folder / "usual.csv", methods=("tails",), effort="glance", out=str(folder / "run"), ignore=("own",)
    )


def test_rows_are_held_against_a_file_of_usual_ones(referred: tuple[Path, etabli.Study]) -> None:
    folder, study = referred
    facts = study.result["anomalies"]
    assert "theorem" in facts["promise"]["en"]
    assert facts["reference"] | {"fingerprint": ""} == {
        "file": str(folder / "usual.csv"), "rows": 3000, "learned": 1500, "calibrated": 1500, "fingerprint": ""
    }  # fmt: skip
    assert set(range(480, 500)) <= {row["row"] for row in facts["rows"] if row["odd"]}
    assert facts["flagged"] <= 27
    assert all(row["columns"][0]["column"] == "b" for row in facts["rows"] if row["row"] >= 480)
    further = [column for row in facts["rows"] for column in row["columns"][1:]]
    assert all(one["share"] >= (0.1 if "usual by itself" in one["text"]["en"] else 0.02) for one in further)
    p = np.ravel(study.model.predict(folder / "asked.csv")["p_value"])
    assert p[480:].max() == pytest.approx(1 / 1501)
    assert abs((p[:480] <= 0.5).mean() - 0.5) < 0.1


def test_where_nothing_can_be_flagged_the_last_words_say_why_and_what_to_do(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    usual = [[int(170 + 9 * x), "here" if i % 2 else "there", f"19{i % 80 + 10}-03-01"] for i, x in enumerate(random.normal(size=200))]
    asked = [list(row) for row in usual]
    asked[7][0], asked[9][1] = 1654, "nowhere"
    for name, rows in (("usual.csv", usual), ("asked.csv", asked)):
        with (tmp_path / name).open("w", newline="") as out:
            csv.writer(out).writerows([["height", "place", "born"], *rows])
    study = etabli.anomalies(
        tmp_path / "asked.csv", usual=tmp_path / "usual.csv", methods=("mahalanobis", "tails"), effort="glance", out=str(tmp_path / "run")
    )
    facts = study.result["anomalies"]
    assert not facts["flagged"] and facts["rows"][0]["row"] == 7
    said = " ".join(summary(study.result, "en", width=80).split())
    assert "--rate SHARE" in said and "rows counted from 0" in said and "cannot be flagged" in said
    texts = [column["text"]["en"] for row in facts["rows"] for column in row["columns"] if row["row"] == 9]
    assert texts and texts[0].startswith("place nowhere (in no usual row; mostly ")
    assert "lignes comptées à partir de 0" in " ".join(summary(study.result, "fr", width=80).split())
    left = next(one for one in study.result["warnings"] if one["code"] == "left_out" and one["columns"] == ["born"])
    assert left["cure"]["en"] == "--kind born=date takes it back."
    back = etabli.anomalies(tmp_path / "asked.csv", kinds={"born": "date"}, methods=("tails",), effort="glance", out=str(tmp_path / "back"))
    assert not any("born" in one["columns"] for one in back.result["warnings"] if one["code"] == "left_out")


def test_a_column_nearly_always_the_same_has_one_usual_value(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    rows = "".join(f"{x:.3f},{3.5 if i == 11 else 0}\n" for i, x in enumerate(random.normal(size=200)))
    (tmp_path / "snow.csv").write_text("cold,snow\n" + rows)
    study = etabli.anomalies(
        tmp_path / "snow.csv", kinds={"snow": "number"}, methods=("mahalanobis",), effort="glance", out=str(tmp_path / "run")
    )
    first = study.result["anomalies"]["rows"][0]
    assert first["row"] == 11
    assert first["columns"][0]["text"] == {"en": "snow 3.5 (nine rows in ten: 0)", "fr": "snow 3,5 (neuf lignes sur dix : 0)"}


def test_a_file_of_usual_rows_must_fit(referred: tuple[Path, etabli.Study], tmp_path: Path) -> None:
    folder, _ = referred
    with pytest.raises(UsageError, match="the file of --usual must exist"):
        etabli.anomalies(folder / "asked.csv", usual=folder / "usal.csv")
    (tmp_path / "few.csv").write_text("a,b,c,place\n" + "1,2,3,here\n" * 20)
    with pytest.raises(DataError, match="at least 50 rows"):
        etabli.anomalies(folder / "asked.csv", usual=tmp_path / "few.csv", out=str(tmp_path / "one"))
    (tmp_path / "other.csv").write_text("a,bee\n" + "".join(f"{i},{i * i}\n" for i in range(80)))
    (tmp_path / "kinds.csv").write_text("a,b,c,place\n" + "1.5,tall,2.5,here\n2.5,small,1.5,there\n" * 40)
    with pytest.raises(DataError, match='no cell of "b" is a number'):
        etabli.anomalies(tmp_path / "kinds.csv", usual=folder / "usual.csv", methods=("tails",), out=str(tmp_path / "three"))
    with pytest.raises(UsageError, match='lacks "bee"'):
        etabli.anomalies(folder / "asked.csv", usual=tmp_path / "other.csv", out=str(tmp_path / "two"))


def test_all_detectors_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["anomalies", str(PENGUINS), "--effort", "glance", "--ignore", "species", "--json", "-q", "-o", str(tmp_path / "run")]
    assert main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in result["leaderboard"]} == {
        "mahalanobis",
        "tails",
        "relations",
        "iforest",
        "knn",
        "density",
        "lof",
        "svm",
        "together",
    }
    assert all(set(one["planted"]) == {"far", "mixed", "rare"} for one in result["leaderboard"])
    assert result["proof"]["label_mismatches"] == 0


def test_a_rate_that_is_no_share_is_refused() -> None:
    with pytest.raises(UsageError, match="--rate is a share"):
        etabli.anomalies(PENGUINS, rate=2.0)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    """Breast cancer: the benign rows and forty malignant ones, of a fifth of the rows nothing is known."""
    from sklearn.datasets import load_breast_cancer

    data, folder = load_breast_cancer(), tmp_path_factory.mktemp("known")
    keep = np.concatenate([np.flatnonzero(data.target == 1), np.flatnonzero(data.target == 0)[:40]])
    state = ["" if n % 5 == 4 else ("benign" if data.target[i] else "malignant") for n, i in enumerate(keep)]
    rows = [[*data.data[i], said] for i, said in zip(keep, state, strict=True)]
    with (folder / "cancer.csv").open("w", newline="") as out:
        csv.writer(out).writerows([[*(name.replace(" ", "_") for name in data.feature_names), "state"], *rows])
    words = {"methods": ("mahalanobis", "tails", "iforest"), "effort": "glance", "out": str(folder / "run")}
    return etabli.anomalies(folder / "cancer.csv", label="state", **words)


def test_labels_choose_the_detector_on_rows_that_it_did_not_learn_from(known: etabli.Study) -> None:
    label, board = known.result["label"], known.result["leaderboard"]
    assert (label["odd"], label["usual"], label["how"]) == ("malignant", "benign", "rarer")
    assert label["rows"] == {"odd": 32, "usual": 286, "unknown": 79}
    assert label["chosen_by"] == "labels" and label["calibrated"]
    assert label["base"] == pytest.approx(32 / 318)
    assert label["honest"]["low"] > label["base"]
    assert board[0]["name"] == known.result["winner"]["family"]
    assert all(one["low"] <= one["aucpr"] <= one["high"] and one["behind"]["low"] <= one["behind"]["value"] for one in board)
    assert "state" not in known.result["used"] and known.result["sampled"] == 365
    assert "state = malignant" in known.result["sentence"]["en"]


def test_the_honest_figure_is_that_of_the_rule_that_chose() -> None:
    """The simple detector is behind by less than a standard error: it is taken, and the figure on rows left out is near its own, not the other's."""
    random = np.random.default_rng(3)
    truth = np.repeat([1, 0], [30, 300])
    found = Labels("y", "1", "0", "named", truth)
    noise = random.normal(size=(2, len(truth)))
    score = {"simple": 1.6 * truth + noise[0], "other": 1.8 * truth + noise[0] + 0.5 * noise[1]}
    usual, half = np.ones(300, bool), np.arange(300) % 2 == 0
    others = [np.flatnonzero(half), np.flatnonzero(~half)]
    answers = {name: [{"rows": line[30:], "label": line[:30]}] * 2 for name, line in score.items()}
    seen = compared(found, answers, others, usual, 0)
    assert seen.as_good() == ["simple", "other"]
    alone = compared(found, {"simple": answers["simple"]}, others, usual, 0)
    bold = compared(found, {"other": answers["other"]}, others, usual, 0)
    best = max(("simple", "other"), key=lambda name: seen.value(name)["value"])
    assert best == "other" and abs(seen.honest[0] - alone.honest[0]) < abs(seen.honest[0] - bold.honest[0])


def test_average_precision_of_draws_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score

    random = np.random.default_rng(0)
    truth, score = random.integers(0, 2, 300), random.integers(0, 40, 300).astype(float)  # many equal scores
    weights = random.integers(0, 3, (5, 300)).astype(float)
    assert precisions(truth, score, weights) == pytest.approx([average_precision_score(truth, score, sample_weight=w) for w in weights])


def test_too_few_labels_choose_nothing_and_say_so(tmp_path: Path) -> None:
    lines = PENGUINS.read_text().splitlines()
    marked = [lines[0] + ",fraud", *(f"{line},{'true' if n < 5 else 'false'}" for n, line in enumerate(lines[1:]))]
    (tmp_path / "marked.csv").write_text("\n".join(marked))
    words = {"methods": ("mahalanobis", "tails"), "effort": "glance"}
    result = etabli.anomalies(tmp_path / "marked.csv", label="fraud", out=str(tmp_path / "run"), **words).result
    assert (result["label"]["how"], result["label"]["odd"], result["label"]["chosen_by"]) == ("named", "true", "planted")
    assert "few_labels" in {one["code"] for one in result["warnings"]}
    assert not any("aucpr" in one for one in result["leaderboard"])
    other = etabli.anomalies(tmp_path / "marked.csv", label="fraud", odd="false", out=str(tmp_path / "other"), **words).result
    assert other["label"]["rows"] == {"odd": len(lines) - 6, "usual": 5, "unknown": 0}
    for wrong, said in (
        (("species", None), "two values"),
        (("fraud", "maybe"), "is a value of the --label"),
        ((None, "true"), "names a value"),
    ):
        with pytest.raises(UsageError, match=said):
            etabli.anomalies(tmp_path / "marked.csv", label=wrong[0], odd=wrong[1], out=str(tmp_path / f"no{said[:2]}"), **words)


@pytest.mark.parametrize("job", ["anomalies", "map"])
def test_what_is_remembered_rests_on_the_kinds_of_columns(job: str, tmp_path: Path) -> None:
    """A folder of which the plan was lost, asked again with another kind: as if it were new."""
    ask = getattr(etabli, job)
    words = {"methods": ("tails",) if job == "anomalies" else ("pca",), "effort": "glance"}
    ask(PENGUINS, out=str(tmp_path / "run"), **words)
    before = len(list((tmp_path / "run" / "done").glob("*.json")))
    (tmp_path / "run" / "plan.json").unlink()
    kinds = {"bill_length_mm": "category"}
    again = ask(PENGUINS, out=str(tmp_path / "run"), kinds=kinds, **words)
    assert len(list((tmp_path / "run" / "done").glob("*.json"))) > before
    fresh = ask(PENGUINS, out=str(tmp_path / "fresh"), kinds=kinds, **words)
    assert _told(again) == _told(fresh)


def _told(study: etabli.Study) -> list[dict[str, object]]:
    return [{key: value for key, value in one.items() if key != "seconds"} for one in study.result["leaderboard"]]


def test_the_card_beside_the_file_is_the_card_in_it_a_line_a_column(planted: etabli.Study) -> None:
    text = (planted.folder / "card.json").read_text(encoding="utf-8")
    kept = planted.model.card
    assert json.loads(text)["columns"] == json.loads(json.dumps(kept["columns"]))
    assert sum(line.startswith('  {"name":') for line in text.splitlines()) == len(kept["columns"])
    assert all(len(str(abs(edge)).split(".")[-1]) <= 5 for column in kept["columns"] for edge in column.get("edges", ()))


def test_joined_are_those_that_find_planted_rows_a_quarter_as_well_as_the_best() -> None:
    made = [Candidate(name, score, (score,), {}, 0.0) for name, score in (("tails", 0.1), ("knn", 0.4), ("lof", 0.09))]
    assert joining(made) == ("tails", "knn")
    assert joining([Candidate("tails", 0.0, (0.0,), {}, 0.0)]) == ()
