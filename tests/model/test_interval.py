"""`--interval` and `--sets`: the kind asked for is in the file; CQR fits its two models like any other, or says that it could not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    random = np.random.default_rng(0)
    x, c = random.normal(size=(500, 2)), random.choice(["u", "v"], 500)
    y = x[:, 0] + np.where(c == "u", 0.3, 2.0) * random.normal(size=500)
    label = np.where(random.random(500) < 0.1, "rare", np.where(y > 0, "yes", "no"))
    rows = "\n".join(f"{a},{b},{k},{t},{one}" for (a, b), k, t, one in zip(x, c, y, label, strict=True))
    (folder / "d.csv").write_text("a,b,c,y,label\n" + rows + "\n")
    return folder / "d.csv"


def test_cqr(data: Path) -> None:
    options = {"effort": "glance", "families": ("ols",), "ignore": ("label",)}
    study = etabli.fit(data, "y", interval="cqr", guarantee="split", out=str(data.parent / "q"), **options)
    assert study.result["interval"]["kind"] == "cqr" and study.result["guarantee"]["by"] == "rows"
    two = study.model.predict([{"a": 0.0, "b": 0.0, "c": c} for c in "uv"])
    width = (two["upper"] - two["lower"])[:, 0]
    assert width[1] > 2 * width[0]  # the category that is noisy
    wide = study.model.predict([{"a": 0.0, "b": 0.0, "c": "u"}], confidence=0.97)
    assert wide["upper"][0, 0] > two["upper"][0, 0] and wide["lower"][0, 0] < two["lower"][0, 0]
    assert study.model.self_test().passed and "--interval cqr" in study.result["command"]


@pytest.mark.parametrize("kind", ["mondrian", "normalised"])
def test_the_kind_asked_for(data: Path, kind: str) -> None:
    study = etabli.fit(data, "y", effort="glance", families=("ols",), ignore=("label",), interval=kind, out=str(data.parent / kind))
    assert study.result["interval"]["kind"] == kind


@pytest.mark.parametrize(("sets", "kind"), [("marginal", "one for all"), ("class", "by class")])
def test_sets(data: Path, sets: str, kind: str) -> None:
    study = etabli.fit(data, "label", effort="glance", families=("logistic",), sets=sets, out=str(data.parent / sets))
    assert study.result["interval"]["kind"] == kind


@pytest.mark.parametrize(
    ("target", "options", "word"),
    [("y", {"interval": "cqrr"}, "cqr"), ("y", {"sets": "class"}, "a class"), ("label", {"interval": "cqr"}, "a number")],
)
def test_what_does_not_fit(data: Path, target: str, options: dict[str, str], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        etabli.fit(data, target, effort="glance", out=str(data.parent / "no"), **options)


def test_cqr_without_the_time_for_it_is_said(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etabli.work.ends.affordable", lambda ground, tasks: False)
    study = etabli.fit(data, "y", effort="glance", families=("ols",), ignore=("label",), interval="cqr", out=str(data.parent / "late"))
    assert study.result["interval"]["kind"] in ("constant", "mondrian", "normalised")
    (said,) = [one for one in study.result["warnings"] if one["code"] == "interval"]
    assert "two quantile models" in said["text"]["en"] and said["cure"]["fr"]
