"""The models' own standard deviation goes into the file when all members of the winner have one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import etabli
import etabli.examples


@pytest.mark.parametrize("family", ["bayesridge", "bayesridge gp"])
def test_the_file_gives_it_beside_the_interval(tmp_path: Path, family: str) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(-3, 3, (300, 2))
    y = x[:, 0] + 0.5 * random.normal(size=300)
    rows = "\n".join(f"{a},{b},{c}" for (a, b), c in zip(x, y, strict=True))
    (tmp_path / "d.csv").write_text("a,b,y\n" + rows + "\n")
    study = etabli.fit(tmp_path / "d.csv", "y", effort="glance", families=family.split(), out=str(tmp_path / "r.etabli"))
    near, far = study.model.predict([{"a": 0.0, "b": 0.0}, {"a": 30.0, "b": -30.0}])["deviation"][:, 0]
    assert near == pytest.approx(0.5, rel=0.15) and far > 1.05 * near
    own = study.result["own_interval"]
    assert own["rows"] == 300 and 0.85 <= own["got"] <= 0.95
    assert own["width"] == pytest.approx(2 * 1.645 * 0.5, rel=0.15)
    page = (tmp_path / "r.etabli" / "report.html").read_text(encoding="utf-8")
    assert "1.645 of its own deviations" in page
    other = etabli.fit(tmp_path / "d.csv", "y", effort="glance", families=("ols",), out=str(tmp_path / "o.etabli"))
    assert other.result["own_interval"] is None
    assert "deviation" not in other.model.outputs
