"""A file with a distribution, from the table to the answers: levels, values, one row, many rows, the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import etabli
from etabli.cli import main
from etabli.errors import UsageError
from etabli.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("spread")
    random = np.random.default_rng(0)
    x, noise = random.uniform(0, 4, 600), random.exponential(size=600) - 1
    rows = "\n".join(f"{a},{h},{(3 * a + (1 + a) * e) * h}" for a, e, h in zip(x, noise, random.choice([1.0, 2.0], 600), strict=True))
    (folder / "d.csv").write_text("a,hours,y\n" + rows + "\n")
    return etabli.fit(
        folder / "d.csv", "y", effort="glance", families=("ols",), exposure="hours", distribution=True, out=str(folder / "r.etabli")
    )


def test_quantiles_and_probabilities_are_one_table(study: Study) -> None:
    model = study.model
    rows = [{"a": a, "hours": h} for a in (0.5, 2.0, 3.5) for h in (1.0, 2.0)]
    got = model.predict(rows, quantiles=[0.2, 0.5, 0.9])
    assert got["quantile"].shape == (6, 3) and "cdf" not in got
    assert (np.diff(got["quantile"], axis=1) > 0).all()
    for level, place in ((0.2, 0), (0.9, 2)):
        assert model.predict(rows, quantiles=[level], at=got["quantile"][:, place])["cdf"] == pytest.approx(level, abs=1e-6)
    assert np.allclose(got["quantile"][1], 2 * got["quantile"][0])  # twice the exposure
    assert model.predict(rows)["quantile"].shape == (6, 5) == (6, len(model.quantiles))
    one = model.predict(rows[2], at=5)
    assert one["cdf"][0, 0] == model.predict(rows, at=5)["cdf"][2, 0]
    many = model.predict({"a": np.linspace(0, 4, 4_500), "hours": np.ones(4_500)}, at=np.linspace(0, 9, 4_500))
    assert many["cdf"].shape == (4_500, 1) and many["cdf"][4_321] == model.predict(
        {"a": 4 * 4321 / 4499, "hours": 1.0}, at=9 * 4321 / 4499
    )["cdf"][0] == pytest.approx(many["cdf"][4_321, 0])
    assert model.self_test().passed


def test_it_is_told(study: Study) -> None:
    told = study.result["crps"]
    assert told["low"] < told["value"] < told["high"] < told["baseline"]
    assert study.model.card["quantiles"] == list(study.model.quantiles) and "quantile" in study.model.card["outputs"]
    assert study.result["proof"]["verdict"]


def test_on_the_command_line(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    data = study.folder.parent / "d.csv"
    assert main(["predict", str(study.folder), str(data), "--quantiles", "0.1,0.9", "--at", "4", "-q"]) == 0
    head = capsys.readouterr().out.splitlines()[0].split(",")
    assert head[3:] == ["prediction", "lower", "upper", "cdf", "novelty", "quantile_0.1", "quantile_0.9"]
    assert main(["predict", str(study.folder), str(data), "--quantiles", "0.1;0.9"]) == 2
    assert "for instance 0.1,0.5,0.9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "word"), [({"quantiles": [1.5]}, "between 0 and 1"), ({"at": np.inf}, "finite"), ({"at": [1, 2, 3]}, "one a row")]
)
def test_what_cannot_be_asked(study: Study, asked: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        study.model.predict([{"a": 1.0, "hours": 1.0}] * 2, **asked)


def test_a_file_without_one_says_so(files: Path) -> None:
    with pytest.raises(UsageError, match="no predictive distribution"):
        etabli.load(files / "meteo.onnx").run({}, 1, at=1.0)
