"""Every family, ours or a plug-in's, keeps the contract; and the checks notice families that do not."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from etabli.errors import UsageError
from etabli.families import families
from etabli.families.baseline import Baseline
from etabli.families.conformance import CHECKS, check_package, conform, described
from etabli.families.family import Family
from etabli.families.ridge import Ridge
from etabli.records import Wants
from scripts import family_pages as pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "families"
CASES = [(family, task, check) for family in families().values() for task in family.tasks for check in CHECKS]


@pytest.mark.parametrize(("family", "task", "check"), CASES, ids=[f"{f.name}-{t}-{c.__name__}" for f, t, c in CASES])
def test_family_conforms(family, task, check):
    assert list(check(family, task)) == []


@pytest.mark.parametrize("family", families().values(), ids=list(families()))
def test_family_is_described_and_has_a_page(family):
    ours = type(family).__module__.startswith("etabli.")
    assert list(described(family, DOCS if ours else None)) == []


OURS = [family for family in families().values() if type(family).__module__.startswith("etabli.")]


@pytest.mark.parametrize("family", OURS, ids=[family.name for family in OURS])
def test_a_page_is_what_the_family_says_of_itself(family):
    """Made again by `python scripts/family_pages.py`; the picture is there, but not compared: its curve is learned."""
    assert (DOCS / f"{family.name}.md").read_text(encoding="utf-8") == pages.page(family)
    assert "<svg" in (DOCS / f"{family.name}.svg").read_text(encoding="utf-8")
    assert (DOCS / "README.md").read_text(encoding="utf-8") == pages.index()


# the checks can fail -------------------------------------------------------------------------------------------------


def broken(**changes):
    """Ridge with methods replaced, as a plug-in's author might get them wrong."""
    body = {
        name: Ridge.__dict__[name]
        for name in ("name", "title", "tasks", "citation", "rank", "doc", "settings", "cost", "fit", "fit_path", "write")
    }
    made = type("Broken", (Family,), {**body, **changes})()
    return {breach.check for breach in conform(made)}


def off_by_little(self, fitted, graph, x):
    return graph.op("Add", Ridge.write(self, fitted, graph, x), graph.const(1e-6, np.float64))


def random_fit(self, settings, data, stop):
    return Ridge.fit_path(self, settings, replace(data, y=data.y + np.random.default_rng().normal(size=len(data.y))), stop)


def deaf(self, settings, data, stop):
    return Ridge.fit_path(self, settings, replace(data, weight=None), stop)


def wrong_link(self, settings, data, stop):
    return [replace(fitted, link="sigmoid") for fitted in Ridge.fit_path(self, settings, data, stop)]


def crash_on_few(self, settings, data, stop):
    if len(data.y) < 5:
        raise ZeroDivisionError("n - p")
    return Ridge.fit_path(self, settings, data, stop)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"write": off_by_little}, "graph_equals_native"),
        ({"fit_path": random_fit}, "same_bits"),
        ({"fit_path": deaf}, "weights_matter"),
        ({"fit_path": wrong_link}, "output_is_a_score"),
        ({"fit_path": crash_on_few}, "few_rows"),
        ({"settings": lambda self, facts: 2 * list(Ridge.settings(self, facts))}, "settings_are_data"),
        (
            {"settings": lambda self, facts: [replace(s, values={"penalty": (1, 2)}) for s in Ridge.settings(self, facts)]},
            "settings_are_data",
        ),
        ({"cost": lambda self, setting, facts: replace(Ridge.cost(self, setting, facts), work=1 / facts.rows)}, "cost_is_sane"),
        ({"citation": ""}, "described"),
        ({"needs": ("scikit-learn",), "__module__": "sklearn.linear_model"}, "library_is_lazy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_checks_notice_a_broken_family(changes, check):
    assert check in broken(**changes)


def test_sound_families_have_no_breach():
    assert broken() == set()
    assert list(conform(Baseline(), DOCS)) == []


# adding one ------------------------------------------------------------------------------------------------------------


def test_page_on_adding_a_family_runs(tmp_path, monkeypatch):
    """The example of docs/adding-a-family.md, installed as a plug-in, keeps the contract."""
    page = (ROOT / "docs" / "adding-a-family.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.S)[0]
    (tmp_path / "robust_family.py").write_text(code, encoding="utf-8")
    info = tmp_path / "etabli_robust-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: etabli-robust\nVersion: 1.0\n", encoding="utf-8")
    entry = re.findall(r'\[project\.entry-points\."etabli\.families"\]\n(\w+) = "([\w:.]+)"', page)[0]
    (info / "entry_points.txt").write_text(f"[etabli.families]\n{entry[0]} = {entry[1]}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    families.cache_clear()
    try:
        assert "robust" in families()
        assert check_package("etabli_robust") == ["robust: fine (regression)"]
    finally:
        families.cache_clear()
        sys.modules.pop("robust_family", None)


def test_unknown_package_is_told():
    with pytest.raises(UsageError, match="entry point"):
        check_package("no-such-package")


def test_wants_that_are_equal_share_a_hash():
    assert Wants().hash == Wants(crosses=0).hash != Wants(crosses=8).hash
