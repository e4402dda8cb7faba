"""`etabli cluster`: groups where there are some, none where there are none, and a file that says the same of new rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
import etabli.examples
from etabli.cli import main
from etabli.errors import DataError, UsageError
from etabli.judge.stability import adjusted_rand
from etabli.records import Finding
from etabli.structure import belonging
from etabli.structure.aside import running
from etabli.structure.belonging import softmax
from etabli.structure.compare import Candidate, gained, ranked
from etabli.structure.followed import spared
from etabli.structure.pace import Pace
from etabli.structure.run import curable

PENGUINS = Path(etabli.examples.__file__).parent / "penguins.csv"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "cluster.md"
QUICK: dict[str, Any] = {"effort": "glance", "methods": ("kmeans",)}


def silent(*_: Any, **__: Any) -> None:
    """The watch that shows nothing, so that no notebook is looked for."""


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    return etabli.cluster(
        PENGUINS, label="species", ignore=("sex",), out=str(tmp_path_factory.mktemp("cluster") / "run"), watch=silent, **QUICK
    )


def written(path: Path, x: Any) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[f"c{i}" for i in range(x.shape[1])], *x.tolist()])
    return path


def test_penguins_fall_into_their_species(penguins: etabli.Study) -> None:
    result = penguins.result
    assert result["structure"]["found"]
    assert result["structure"]["p"] < 0.001
    assert result["label"]["adjusted_rand"] > 0.6
    assert result["label"]["rows"] == 344
    assert "species" not in result["used"]
    assert sum(one["rows"] for one in result["clusters"]) == 344
    sizes = [one["rows"] for one in result["clusters"]]
    assert sizes == sorted(sizes, reverse=True)
    named = {one["column"] for cluster in result["clusters"] for one in cluster["differs"]}
    assert {"flipper_length_mm", "bill_length_mm"} <= named
    assert not {"species", "sex", "year"} & named


def test_the_file_says_of_rows_what_the_result_says(penguins: etabli.Study) -> None:
    rows = list(csv.DictReader(PENGUINS.read_text().splitlines()))
    answers = penguins.model.predict({name: [row[name] for row in rows] for name in penguins.result["used"]})
    share = np.asarray(answers["probability"])
    assert share.sum(axis=1) == pytest.approx(1, abs=1e-12)
    label = np.asarray(answers["prediction"]).ravel().astype(str)
    assert [int((label == one["label"]).sum()) for one in penguins.result["clusters"]] == [
        one["rows"] for one in penguins.result["clusters"]
    ]
    for i, one in enumerate(penguins.result["clusters"]):
        assert share[label == one["label"], i].mean() == pytest.approx(one["sure"], abs=1e-9)


def test_a_membership_says_how_often_a_row_stays(penguins: etabli.Study) -> None:
    facts = penguins.result["membership"]
    assert facts["off"] < 0.12
    assert facts["kept"][-1] >= facts["kept"][0]


def test_the_same_run_gives_the_same_file_and_a_cut_one_goes_on(penguins: etabli.Study, tmp_path: Path) -> None:
    other = etabli.cluster(PENGUINS, label="species", ignore=("sex",), out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert (other.folder / "model.onnx").read_bytes() == (penguins.folder / "model.onnx").read_bytes()
    (other.folder / "model.onnx").unlink()
    for done in sorted((other.folder / "done").glob("*.json"))[::2]:
        done.unlink()
    again = etabli.cluster(PENGUINS, label="species", ignore=("sex",), out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert (again.folder / "model.onnx").read_bytes() == (penguins.folder / "model.onnx").read_bytes()


def test_an_end_asked_for_keeps_the_best_so_far(tmp_path: Path) -> None:
    study = etabli.cluster(PENGUINS, out=str(tmp_path / "run"), watch=silent, interrupted=lambda: True, **QUICK)
    assert study.result["cut"]
    assert len(study.result["leaderboard"]) == 1
    assert study.model.self_test().passed


@pytest.mark.parametrize("kind", ["normal", "even", "skewed", "heavy"])
def test_where_there_are_no_groups_the_file_says_one(kind: str, tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    made = {"normal": random.normal, "even": random.uniform, "skewed": random.lognormal, "heavy": lambda size: random.standard_t(3, size)}
    study = etabli.cluster(written(tmp_path / "noise.csv", made[kind](size=(150, 3))), out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert not study.result["structure"]["found"]
    assert study.result["winner"]["family"] == "one"
    assert "No groups" in study.result["sentence"]["en"]
    answer = study.model.predict({"c0": ["0", "9"], "c1": ["0", ""], "c2": ["0", "1"]})
    assert np.asarray(answer["prediction"]).ravel().tolist() == ["1", "1"]
    assert np.asarray(answer["probability"]).ravel().tolist() == [1.0, 1.0]


def test_a_number_that_was_asked_for_is_made_and_said_to_be_asked_for(tmp_path: Path) -> None:
    noise = written(tmp_path / "noise.csv", np.random.default_rng(1).normal(size=(120, 3)))
    study = etabli.cluster(noise, clusters=4, out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert len(study.result["clusters"]) == 4
    assert "asked for" in study.result["sentence"]["en"]


def test_no_method_is_offered_more_clusters_than_rows_differ(tmp_path: Path) -> None:
    rows = np.repeat([[0.0, 0.0, 1.0], [5.0, 1.0, 3.0]], 30, axis=0)
    study = etabli.cluster(written(tmp_path / "twice.csv", rows), out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert {entry["clusters"] for entry in study.result["leaderboard"]} == {2}


def test_two_heaps_on_a_line_are_found(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = np.concatenate([random.normal(size=100), random.normal(size=100) + 6])[:, None]
    study = etabli.cluster(written(tmp_path / "line.csv", x), out=str(tmp_path / "run"), watch=silent, **QUICK)
    assert study.result["structure"]["found"]
    assert [one["rows"] for one in study.result["clusters"]] == [100, 100]


@pytest.mark.parametrize("method", ["dbscan", "hdbscan", "kmeans"])
def test_a_row_far_from_all_is_said_to_be_strange(method: str, tmp_path: Path) -> None:
    """By the file: no group where the method knows rows of none, otherwise the nearest; in both cases the novelty, the share of rows as strange, says so."""
    random = np.random.default_rng(5)
    x = np.concatenate([random.normal(size=(60, 2)) + centre for centre in ([0, 0], [12, 0], [0, 12])])
    table = written(tmp_path / "heaps.csv", x)
    study = etabli.cluster(table, out=str(tmp_path / "run"), watch=silent, effort="glance", methods=(method,))
    assert study.result["winner"]["clusters"] == 3
    usual = np.ravel(study.model.predict(str(table))["novelty"])
    answers = study.model.predict({"c0": ["0.1", "90", "-70"], "c1": ["0.1", "90", "0"]})
    label, novelty = np.ravel(answers["prediction"]).tolist(), np.ravel(answers["novelty"])
    assert label[0] in {"1", "2", "3"}
    assert set(label[1:]) <= ({"1", "2", "3"} if method == "kmeans" else {"none"})
    assert novelty[0] > np.quantile(usual, 0.1)
    assert (novelty[1:] <= usual.min()).all()


def test_bookkeeping_is_left_out_and_taken_back(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    lines = ["nr,day,size,tag"]
    lines += [f"{i % 50 + 1},2024-01-{i % 28 + 1:02d},{random.normal():.3f},t{i // 2}" for i in range(150)]
    path = tmp_path / "book.csv"
    path.write_text("\n".join(lines))
    study = etabli.cluster(path, out=str(tmp_path / "a"), watch=silent, **QUICK)
    assert study.result["used"] == ["size"]
    reasons = {column: one["text"]["en"] for one in study.result["warnings"] if one["code"] == "left_out" for column in one["columns"]}
    assert "running number" in reasons["nr"]
    assert "date" in reasons["day"]
    assert "tag" in reasons
    back = etabli.cluster(path, out=str(tmp_path / "b"), watch=silent, kinds={"nr": "number"}, **QUICK)
    assert "nr" in back.result["used"]
    with pytest.raises(DataError):
        etabli.cluster(path, out=str(tmp_path / "c"), watch=silent, ignore=("size",), **QUICK)


def test_running_numbers() -> None:
    assert running(np.tile(np.arange(20.0), 3))
    assert not running(np.random.default_rng(0).permutation(60).astype(float))
    assert not running(np.full(60, np.nan))


def candidate(method: str, clusters: int, stability: float, chance: float) -> Candidate:
    found = np.column_stack([np.full((3, 2), [0.5, 0.3]), stability + np.array([-0.01, 0.01, 0.0]), np.full((3, 2), [-0.5, 0.0])])
    clouds = np.full((2, 3, 5), [0.1, 0.2, chance, -0.6, 0.0])
    return Candidate(method, {"clusters": clusters}, clusters, found, clouds, (0.0, 0.0), None)


def test_a_method_gains_nothing_by_being_unsteady_without_groups() -> None:
    best = ranked([candidate("kmeans", 2, 0.97, 0.9), candidate("mixture", 2, 0.98, 0.1), candidate("kmeans", 3, 0.9, 0.4)])[0]
    assert (best.method, best.clusters) == ("kmeans", 3)


def test_a_method_that_finds_one_group_is_not_chosen_for_it() -> None:
    assert ranked([candidate("kmeans", 2, 0.6, 0.5), candidate("dbscan", 1, 1.0, 0.1)])[0].method == "kmeans"


def test_what_two_halves_agree_on_is_told_before_a_larger_gain_that_they_do_not() -> None:
    loose, steady = candidate("kmeans", 11, 0.9, 0.1), candidate("kmeans", 3, 0.9, 0.6)
    loose.found[:, 0], steady.found[:, 0] = 0.4, 0.7
    made = ranked([loose, steady])
    assert [one.clusters for one in made] == [3, 11] and made[1].gain > made[0].gain
    steady.found[:, 0] = 0.5  # neither is found again: the steadier of those that gain at all
    none = candidate("kmeans", 2, 0.2, 0.9)
    none.found[:, 0] = 0.55
    assert [one.clusters for one in ranked([loose, steady, none])] == [3, 11, 2]


def test_groups_apart_by_density_gain_without_being_round_and_pay_for_rows_left_out() -> None:
    ring = np.array([0.9, 0.1, 0.9, 0.8, 0.0])  # found again, of low silhouette, an empty space between
    null = np.array([0.4, 0.3, 0.4, -0.6, 0.0])
    assert gained(ring, null) == pytest.approx(0.5 + 0.4)
    assert gained(ring * [1, 1, 1, -1, 1], null) == pytest.approx(0.5 - 0.2)
    assert gained(ring + np.array([0, 0, 0, 0, 0.3]), null) == pytest.approx(0.5 + 0.1)


def test_two_rings_are_two_groups(tmp_path: Path) -> None:
    from sklearn.datasets import make_circles

    x, y = make_circles(600, noise=0.05, factor=0.4, random_state=1)
    study = etabli.cluster(
        written(tmp_path / "rings.csv", x), out=str(tmp_path / "run"), watch=silent, effort="glance", methods=("kmeans", "hdbscan")
    )
    assert study.result["winner"] | {"values": 0, "title": 0} == {"family": "hdbscan", "title": 0, "values": 0, "clusters": 2}
    assert study.result["structure"]["found"]
    own = study.model.predict(str(tmp_path / "rings.csv"))["prediction"].ravel()
    assert adjusted_rand(own, y) > 0.95
    (tmp_path / "far.csv").write_text("c0,c1\n30,30\n")
    assert study.model.predict(str(tmp_path / "far.csv"))["prediction"].ravel().tolist() == ["none"]


def test_shares_are_shares() -> None:
    share = softmax(np.array([[1e6, 0.0], [-1e6, 0.0]]), 1e-3)
    assert share.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_every_key_of_the_result_is_documented(penguins: etabli.Study) -> None:
    text = DOCS.read_text()
    result = penguins.result
    keys = set(result) | set(result["structure"]) | set(result["membership"]) | set(result["clusters"][0]) | set(result["leaderboard"][0])
    keys |= set(result["winner"]) | set(result["label"]) | set(result["clusters"][0]["differs"][0]) | set(result["points"])
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["cluster", str(PENGUINS), "--ignore", "species", "--methods", "kmeans", "--effort", "glance", "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["task"] == "cluster"
    assert (tmp_path / "penguins.cluster.etabli" / "model.onnx").exists()
    assert main(["cluster", str(PENGUINS), "--methods", "kmaens"]) == UsageError.status
    assert "kmeans" in capsys.readouterr().err


def test_what_is_said_of_memberships_is_not_said_of_the_rows_that_set_the_temperature() -> None:
    """Where a row went changes the temperature of the other half alone, never its own."""
    random = np.random.default_rng(0)
    score, rows = random.normal(size=(60, 3)), np.arange(60)
    to = score.argmax(axis=1)
    side = np.random.default_rng([3, 5]).permutation(60) % 2
    moved = np.where(side == 0, (to + 1) % 3, to)
    one, two = belonging._unseen(score, rows, to, 3), belonging._unseen(score, rows, moved, 3)
    assert np.array_equal(one[side == 0], two[side == 0])
    assert not np.allclose(one[side == 1], two[side == 1])


def test_what_is_left_is_told_until_the_last_fit(tmp_path: Path) -> None:
    told: dict[str, list[dict[str, Any]]] = {}
    step = [""]

    def watch(event: str, **facts: Any) -> None:
        if event == "step":
            step[0] = facts["name"]["en"]
        elif event == "task":
            told.setdefault(step[0], []).append(facts)

    etabli.cluster(PENGUINS, ignore=("sex", "species"), clusters=3, out=str(tmp_path / "run"), watch=watch, **QUICK)
    for name in ("comparing", "how surely a row stays"):
        assert [one["done"] for one in told[name]] == list(range(1, len(told[name]) + 1)) and told[name][-1]["done"] == told[name][-1][
            "total"
        ]
        assert all(one["left"] is not None for one in told[name])
    assert told["comparing"][-1]["left"] > 0  # the winner is still to be fitted on halves
    assert told["how surely a row stays"][-1]["left"] == 0


def test_a_run_that_goes_on_does_not_take_what_it_read_for_speed() -> None:
    now, told = [0.0], list[Any]()
    pace = Pace(lambda _, **facts: told.append(facts["left"]), [1.0, 1.0, 2.0, 4.0], 2.0, clock=lambda: now[0])
    for after in (1e-4, 1e-4, 3.0):
        now[0] += after
        pace.next("kmeans")
    assert told == [None, None, pytest.approx(9.0)]  # six are left, at 1.5 s each


def test_groups_that_come_out_otherwise_with_other_rows_are_called_loose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from etabli.structure import clustertold

    random = np.random.default_rng(0)
    x = random.normal(size=(90, 2)) + 6 * (np.arange(90) % 2)[:, None]
    codes = []
    for k, bound in enumerate((clustertold.LOOSE, 1.1)):  # these agree wholly: with the bound above that they count as loose
        monkeypatch.setattr(clustertold, "LOOSE", bound)
        asked: dict[str, Any] = {"methods": ("kmeans",), "effort": "glance", "out": str(tmp_path / str(k))}
        result = etabli.cluster({"a": x[:, 0], "b": x[:, 1]}, **asked).result
        assert result["structure"]["found"]
        codes.append([one["code"] for one in result["warnings"]])
    assert "loose_groups" not in codes[0] and "loose_groups" in codes[1]


def test_groups_that_follow_a_category_are_told_so(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    half = np.arange(120) % 2
    table = {
        "a": random.normal(size=120) + 8 * half,
        "b": random.normal(size=120) + 8 * half,
        "sex": np.where(half, "f", "m").tolist(),
        "hand": np.where(random.random(120) < 0.5, "left", "right").tolist(),
    }
    asked: dict[str, Any] = {"methods": ("kmeans",), "effort": "glance", "clusters": 2}
    made = [etabli.cluster(table, ignore=ignore, out=str(tmp_path / str(len(ignore))), **asked).result for ignore in ((), ("sex",))]
    said = [[one for one in result["warnings"] if one["code"] == "follows_category"] for result in made]
    assert [one["columns"] for one in said[0]] == [["sex"]] and "--ignore sex" in said[0][0]["cure"]["en"]
    assert said[1] == []


def test_what_knowing_the_group_spares() -> None:
    own, same, apart = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), np.array([0, 1, 0, 1])
    assert spared(own, same) == (1.0, 1.0, 0.5)
    assert spared(own, apart) == (0.0, 0.5, 0.5)
    assert spared(own, np.zeros(4, int)) == (0.0, 1.0, 1.0)


def test_a_cure_is_one_that_the_command_has() -> None:
    """What is said of splits, weights and marks of missing values names options of `fit`, which these commands do not know."""

    def cured(cure: str) -> str | None:
        made = curable(Finding("c", ("wt",), {"en": "t", "fr": "t"}, {"en": cure, "fr": cure}, "note", {}))
        return made.cure["en"] if made else None

    assert cured("if new rows will bring new values of it: --group studyName") is None
    assert cured("if it says how much a row counts: --weights 'a b'; or --ignore 'a b'") == "if it should not count: --ignore 'a b'"
    assert cured("if so: --missing pdays=999") == "if so, leave the cell empty in the file"
    assert cured("one is enough: --ignore b") == "one is enough: --ignore b"


def test_a_table_without_anything_to_group_is_told_so(tmp_path: Path) -> None:
    """No cure is named that does not help: neither a constant nor an ignored column can be taken back."""
    (tmp_path / "same.csv").write_text("a,b\n" + "1,x\n" * 30, encoding="utf-8")
    with pytest.raises(DataError, match="all alike"):
        etabli.cluster(tmp_path / "same.csv", out=str(tmp_path / "run"), effort="glance")
