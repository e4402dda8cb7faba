"""p0 and p1 of two classes in the file, with whatever calibrator; a calibrator that is asked for is taken and told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2))
    y = np.where(random.random(400) < 1 / (1 + np.exp(-2 * x[:, 0])), "yes", "no")
    (folder / "d.csv").write_text("a,b,y\n" + "\n".join(f"{a},{b},{c}" for (a, b), c in zip(x, y, strict=True)) + "\n")
    return folder / "d.csv"


@pytest.mark.parametrize("name", ["raw", "venn_abers"])
def test_in_the_file(data: Path, name: str) -> None:
    study = etabli.fit(data, "y", effort="glance", families=("logistic",), calibration=name, out=str(data.parent / name))
    got = study.model.predict(data)
    assert (got["p0"] <= got["p1"] + 1e-12).all() and got["p0"].shape == (400, 1)
    if name == "venn_abers":
        assert np.allclose(got["probability"][:, 1:], got["p1"] / (1 - got["p0"] + got["p1"]), atol=1e-12)
    assert study.model.self_test().passed
    assert study.result["bounds"]["gap"] > 0
    assert f"--calibration {name}" in study.result["command"] and name in study.result["calibration"]["method"]


def test_several_members_are_calibrated_as_asked(data: Path) -> None:
    study = etabli.fit(data, "y", effort="glance", families=("logistic", "naivebayes"), calibration="isotonic", out=str(data.parent / "i"))
    assert set(study.result["calibration"]["method"].split("+")) - {"raw"} == {"isotonic"}


@pytest.mark.parametrize(
    ("options", "word"),
    [({"calibration": "plat"}, "platt"), ({"calibration": "temperature_bias"}, "fits the task"), ({"distribution": True}, "is a number")],
)
def test_what_does_not_fit(data: Path, options: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        etabli.fit(data, "y", effort="glance", out=str(data.parent / "no"), **options)
