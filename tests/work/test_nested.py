"""Repeats and the nested audit of a real small run: what they say hangs together, and a resumed run says the same."""

from __future__ import annotations

import html
import json
from pathlib import Path

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError
from etabli.records import Setting, Split, Wants
from etabli.work.nested import demanded
from etabli.work.tasks import Task, rows_of

FAMILIES = ("ridge", "knn")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> etabli.Study:
    folder = tmp_path_factory.mktemp("audit")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 3))
    y = x[:, 0] + 0.5 * x[:, 1] ** 2 + 0.5 * rng.normal(size=150)
    lines = ["a,b,c,y", *(",".join(f"{v:.4f}" for v in (*row, value)) for row, value in zip(x, y, strict=True))]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = {"families": FAMILIES, "group": "none", "time_column": "none", "audit": "nested", "out": str(folder / "run")}
    return etabli.fit(folder / "t.csv", "y", **options)


def test_the_best_are_repeated(study: etabli.Study) -> None:
    result = study.result
    repeats, board = result["repeats"], result["leaderboard"]
    assert repeats["times"] == 3 and "3 partitions" in repeats["reason"]["en"]
    again = [row for row in board if row["repeats"] == 3]
    assert len([row for row in again if row["family"] != "combination"]) == repeats["candidates"] >= 3  # two and the constant
    assert board[0]["repeats"] == 3 and any(row["family"] == "baseline" for row in again)
    for row in board:
        assert (row["corrected"] is None) == (row["repeats"] == 1)
        if row["corrected"]:
            assert (
                row["corrected"]["low"] <= row["difference"]["value"] + 0.05
                and row["corrected"]["high"] >= row["difference"]["value"] - 0.05
            )
    assert [row["difference"]["value"] for row in board] == sorted(row["difference"]["value"] for row in board)


def test_the_audit_stands_beside_the_honest_score(study: etabli.Study) -> None:
    result = study.result
    found, names = result["nested"], {row["name"] for row in result["leaderboard"]}
    assert found["low"] < found["value"] < found["high"] and len(found["choices"]) == 5
    assert set(found["choices"]) <= names | {"combination"} and found["fits"] % 10 == 0
    assert found["agrees"] == (found["low"] <= found["bootstrap"]["value"] <= found["high"])
    assert result["honest"] == (found["bootstrap"] if found["agrees"] else {key: found[key] for key in ("value", "low", "high")})
    assert "--audit nested" in result["command"]
    assert found["text"]["en"] in study.report.read_text(encoding="utf-8")


def test_a_resumed_audit_says_the_same(study: etabli.Study) -> None:
    done = study.folder / "done"
    pairs = [path for path in sorted(done.glob("*.json")) if "without" in json.loads(path.read_text(encoding="utf-8"))["task"]]
    assert len(pairs) == study.result["nested"]["fits"]
    for path in pairs[::7]:
        path.unlink()
    before = (study.folder / "model.onnx").read_bytes()
    again = etabli.study.resume(study.folder)
    assert (
        again.result["nested"] == study.result["nested"]
        and again.result["leaderboard"][0]["score"] == study.result["leaderboard"][0]["score"]
    )
    assert len((study.folder / "model.onnx").read_bytes()) == pytest.approx(len(before), rel=0.01)


def test_a_task_without_a_pair_of_folds() -> None:
    split = Split("plain", np.arange(20) % 4, 4)
    path = (Setting("a", {}, Wants()),)
    task = Task("s", 1, path, 0, without=(3,))
    train, held = rows_of(task, split)
    assert set(split.fold[train]) == {0, 2} and list(split.fold[held]) == [1] * 5 + [3] * 5
    assert Task.from_json(task.to_json()) == task
    assert len({task.hash, Task("s", 1, path, 0).hash}) == 2 and "without" not in Task("s", 1, path, 0).to_json()


def test_where_there_can_be_no_audit_it_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="up to 50,000 rows"):
        demanded(Split("plain", np.arange(60_000) % 5, 5))
    with pytest.raises(UsageError, match="at least 3"):
        demanded(Split("plain", np.arange(60) % 2, 2))
    (tmp_path / "t.csv").write_text("a,y\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="--audit takes nested"):
        etabli.fit(tmp_path / "t.csv", "y", audit="twice", out=str(tmp_path / "run"))


def test_where_the_audit_disagrees_its_score_is_the_one_that_is_told(
    study: etabli.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from etabli.faces.terminal import summary
    from etabli.work import stages

    judged = stages.judged

    def flattered(*given: object) -> object:
        made = judged(*given)  # type: ignore[arg-type]
        return replace(made, honest=replace(made.honest, value=made.honest.value / 4, low=made.honest.low / 4, high=made.honest.high / 4))

    monkeypatch.setattr(stages, "judged", flattered)
    options = {"effort": "glance", "families": ("ridge",), "audit": "nested", "out": str(tmp_path / "run"), "by": ("c", "one")}
    text = (study.folder.parent / "t.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "t.csv").write_text("\n".join(line + (",one" if not at else ",1") for at, line in enumerate(text)) + "\n", encoding="utf-8")
    other = etabli.fit(tmp_path / "t.csv", "y", **options)
    found, result = other.result["nested"], other.result
    assert not found["agrees"] and found["bootstrap"]["value"] < found["low"]
    assert result["honest"] == {key: found[key] for key in ("value", "low", "high")}
    card = json.loads((other.folder / "card.json").read_text(encoding="utf-8"))
    assert card["honest"] == result["honest"]  # what `check` holds new rows to
    value = f"{found['value']:.1f}"
    assert value in result["sentence"]["en"] and value in found["text"]["en"] and "believe this one" in found["text"]["en"]
    assert "croyez celui-ci" in found["text"]["fr"] and found["text"]["en"] in html.unescape(other.report.read_text(encoding="utf-8"))
    assert "believe this" in " ".join(summary(result, "en").split())
    # a column with one level compares nothing, and that is not "no difference"
    assert "nothing to compare" in result["by"][1]["words"]["en"] and "rien à comparer" in result["by"][1]["words"]["fr"]
    assert "no difference" in result["by"][0]["words"]["en"] or "beyond chance" in result["by"][0]["words"]["en"]
