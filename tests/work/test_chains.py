"""What is said of a posterior that was sampled: that its chains agree, or that they do not, of the fold where they agree least."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from etabli.work.chains import agreeing


@pytest.mark.parametrize(("rhats", "level"), [([1.0, 1.01], "note"), ([1.0, 1.3], "warn"), ([None, None], "")])
def test_the_fold_where_they_agree_least_is_told(rhats: list[float | None], level: str) -> None:
    results: dict[str, Any] = {f"t{k}": {"rhat": [9.0, value]} for k, value in enumerate(rhats)}
    setting = SimpleNamespace(hash="s", name="bayeslinear method=nuts")
    ground: Any = SimpleNamespace(journal=SimpleNamespace(result=results.get))
    verdict: Any = SimpleNamespace(members=[SimpleNamespace(setting=setting)])
    standing: Any = SimpleNamespace(places={"s": {(k, 1.0): (f"t{k}", 1) for k in range(len(rhats))} | {(9, 1.0): ("lost", 0)}})
    found = agreeing(ground, verdict, standing)
    assert [one.level for one in found] == [level] * bool(level)
    if level:
        assert f"{max(filter(None, rhats)):.3f}" in found[0].text["en"] and bool(found[0].cure) == (level == "warn")
