"""The deeper findings: their arithmetic against real libraries, their hard negatives, and the page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from etabli.data import audit as package
from etabli.data.audit import audit, finders
from etabli.data.audit.adds_up import identities
from etabli.data.audit.sparse import few, held_out_r2, pair_r2, scaled
from etabli.data.audit.telling_gaps import _classes, _numbers
from etabli.data.audit.view import View
from etabli.records import Column, Finding, Table, Target

ROOT = Path(__file__).resolve().parents[2]


def table_of(kinds: dict[str, str] | None = None, **cells: object) -> Table:
    """Numbers are numbers, words are categories; `kinds` says otherwise."""
    columns, values, levels = [], {}, {}
    for name, cell in cells.items():
        array = np.asarray(cell)
        if array.dtype.kind in "fiub":
            values[name] = array.astype(float)
            distinct = np.unique(values[name][~np.isnan(values[name])]).size
        else:
            levels[name] = sorted(set(array.tolist()))
            values[name] = np.searchsorted(levels[name], array).astype(np.int32)
            distinct = len(levels[name])
        columns.append(Column(name, (kinds or {}).get(name, "category" if name in levels else "number"), name, distinct=distinct))  # type: ignore[arg-type]
    return Table(tuple(columns), len(next(iter(values.values()))), values, levels)


def heard(finding: str, table: Table, classes: bool = False) -> list[Finding]:
    y = np.asarray(table.values["y"])
    target = Target("y", "binary", y.astype(np.int64), ("no", "yes")) if classes else Target("y", "regression", y)
    return list(finders()[finding](View(table, target)))


# --- arithmetic ----------------------------------------------------------------------------------------------------------------------


def test_all_pairs_at_once_are_the_regressions_one_by_one():
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    x = scaled(np.where(rng.random((300, 6)) < 0.2, np.nan, rng.normal(size=(300, 6)) * 7 + 100))
    y = np.nan_to_num(x[:, 0]) - np.nan_to_num(x[:, 1]) + rng.normal(size=300)
    found = pair_r2(x, y)
    for i in range(6):
        for j in range(6):
            both = ~np.isnan(x[:, [i, j]]).any(1)
            if i != j:
                score = LinearRegression().fit(x[both][:, [i, j]], y[both]).score(x[both][:, [i, j]], y[both])
                assert found[i, j] == pytest.approx(score, abs=1e-10)
    assert np.isnan(np.diag(found)).all() and np.isnan(pair_r2(x[:, [0, 0]], y)).all()


def test_a_total_is_reduced_to_its_parts():
    x = scaled(np.random.default_rng(0).normal(size=(500, 12)))
    y = x[:, 2] - 2 * x[:, 5] + 0.5 * x[:, 9]
    assert sorted(few(x, y, 0.9999)) == [2, 5, 9] and few(x, np.random.default_rng(1).normal(size=500), 0.9999) == []
    assert held_out_r2(x[:, [2, 5, 9]], y)[0] == pytest.approx(1) and held_out_r2(x[:20], y[:20])[0] == -1


def test_gaps_are_tested_as_scipy_does():
    from scipy.stats import chi2_contingency, mannwhitneyu

    rng = np.random.default_rng(0)
    for seed in range(5):
        gap, y = rng.random(200) < 0.3, np.round(rng.normal(size=200) + seed / 3, 1)
        ours, size = _numbers(gap, y)
        theirs = mannwhitneyu(y[gap], y[~gap], method="asymptotic", use_continuity=False)
        assert ours == pytest.approx(theirs.pvalue, rel=1e-9)
        assert size == pytest.approx(abs(theirs.statistic / (gap.sum() * (~gap).sum()) - 0.5))
        label = rng.integers(0, 3, 200)
        counts = np.array([np.bincount(label[gap]), np.bincount(label[~gap])])
        assert _classes(gap, label, 3)[0] == pytest.approx(chi2_contingency(counts, correction=False).pvalue, rel=1e-9)


def test_identities_are_written_out():
    rng = np.random.default_rng(0)
    a, b, c = rng.integers(1, 90, (3, 400)).astype(float)
    table = table_of(air=a, taxi=b, wait=c, elapsed=a + b + c, half=rng.normal(size=400), y=rng.normal(size=400))
    ((total, parts, formula),) = identities(View(table, Target("y", "regression", np.asarray(table.values["y"]))))
    assert total == "elapsed" and set(parts) == {"air", "taxi", "wait"} and formula == "elapsed = air + taxi + wait"
    (after,) = heard("after_event", table)
    assert set(after.columns) == {"elapsed", "air", "taxi", "wait"} and after.level == "note"
    assert after.evidence == {"named": ["elapsed"], "summed": ["air", "taxi", "wait"]}


# --- what must stay quiet --------------------------------------------------------------------------------------------------------------


def test_the_past_is_no_future():
    """Lagged targets, running totals of earlier rows, smooth columns beside a smooth target: all known when the row comes."""
    rng, n = np.random.default_rng(0), 1500
    y = np.convolve(rng.normal(size=n + 30), np.ones(4), "same")[15:-15]
    walk, turn = np.cumsum(rng.normal(size=n)), np.arange(n) / 40
    for target in (y, walk, np.sin(turn) + 0.01 * rng.normal(size=n), np.sin(turn)):
        past = {f"lag{k}": np.append(np.full(k, np.nan), target[:-k]) for k in (1, 2, 7)}
        before = np.append(0, np.cumsum(target)[:-1])
        table = table_of(**past, before=before, other=np.cos(turn), slow=np.cumsum(rng.normal(size=n)), y=target)
        assert heard("future", table) == []
    table = table_of(lead=np.append(walk[3:], [np.nan] * 3), y=walk)
    (found,) = heard("future", table)
    assert found.evidence["rows_ahead"] == 3 and found.evidence["order"] == "" and "the row 3 ahead" in found.text["en"]


def test_the_future_of_each_subject_is_seen():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(80, 12))
    later = np.column_stack([y[:, 1:], np.full(80, np.nan)])
    table = table_of(subject=[f"s{k // 12:02d}" for k in range(960)], later=later.ravel(), y=y.ravel())
    assert [f.columns for f in heard("future", table)] == [("later",)]


def test_balanced_designs_and_true_properties_are_no_means_of_the_target():
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(30.0), 20)
    assert heard("target_mean", table_of(day=day, y=np.tile(np.arange(20.0), 30))) == []  # each day has the same targets
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scale, dose = rng.integers(1, 8, 400).astype(float), rng.choice(np.linspace(0, 1, 12), 400)
        counts = rng.poisson(scale)  # its mean is the column, exactly, in the world, but not in the sample
        alarms += bool(heard("target_mean", table_of(scale=scale, dose=dose, y=counts + 0.0)))
        alarms += bool(heard("target_mean", table_of(scale=scale, dose=dose, y=(rng.random(400) < dose) + 0.0), classes=True))
    assert alarms == 0


def test_distinct_rows_are_no_near_copies():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        line = rng.normal(size=(900, 1)) * rng.normal(size=(1, 6)) + 1e-3 * rng.normal(size=(900, 6))  # all on one line
        clouds = rng.normal(size=(60, 4)).repeat(15, 0) + 0.02 * rng.normal(size=(900, 4))  # tight clouds of 15
        tails = np.exp(2 * rng.normal(size=(900, 5)))
        for x in (line, clouds, tails):
            assert heard("near_copies", table_of(**{f"x{k}": x[:, k] for k in range(x.shape[1])}, y=rng.normal(size=900))) == []


def test_measurements_are_no_identifiers():
    rng, n = np.random.default_rng(0), 2000
    table = table_of(
        wage=np.round(np.exp(rng.normal(11, 0.4, n)), 2),
        grams=np.floor(rng.normal(60_000, 9_000, n)),
        share=rng.random(n),
        age=rng.integers(18, 90, n),
        trend=np.arange(n) + 0.3 * n * rng.normal(size=n),
        place=rng.choice(["north1", "south2", "east33"], n),
        y=rng.normal(size=n),
    )
    assert heard("disguised", table) == [] and heard("weights", table) == [] and heard("sorted_target", table) == []


def test_seasons_and_sorted_columns_have_not_stopped():
    n = 2000
    rng, when = np.random.default_rng(0), np.arange(n) * 86_400.0
    snow = np.where(np.arange(n) % 365 < 90, rng.random(n), 0)
    table = table_of(kinds={"when": "date"}, when=when, snow=snow, phase=np.repeat([1.0, 2.0, 3.0, 4.0], n // 4), y=rng.normal(size=n))
    assert heard("stopped", table) == []
    ended = table_of(kinds={"when": "date"}, when=when, gauge=np.where(when > when[1500], np.nan, rng.random(n)), y=rng.normal(size=n))
    (found,) = heard("stopped", ended)
    assert (found.code, found.level, found.evidence["rows"]) == ("stopped", "warn", {"gauge": 499})


def test_an_honest_pair_of_strong_columns_is_not_asked_about():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 800))
    assert heard("combination", table_of(a=a, b=b, y=a - b + 0.15 * rng.normal(size=800))) == []  # 0.989 of the variance
    (found,) = heard("combination", table_of(a=a, b=b, y=a - b))
    assert found.evidence["formula"] == "a - b" and found.cure["en"].endswith("--ignore a")


# --- the whole -------------------------------------------------------------------------------------------------------------------------


def test_fifty_thousand_rows_take_seconds():
    from time import process_time

    rng, n = np.random.default_rng(0), 50_000
    cells = {f"x{k}": rng.normal(size=n) if k < 30 else np.round(5 * rng.normal(size=n)) for k in range(40)}
    words = {f"w{k}": rng.choice(list("abcdefgh"), n) for k in range(10)}
    table = table_of(**cells, **words, y=cells["x0"] + rng.normal(size=n))
    audit(table_of(x=np.arange(50.0), y=np.arange(50.0) % 7))  # libraries are loaded
    began = process_time()
    assert audit(table, Target("y", "regression", np.asarray(table.values["y"]))) == ()
    assert process_time() - began < 5  # 2.6 s measured


def test_the_page_lists_every_finding():
    """docs/findings.md and the folder name the same codes, with the level that the code gives."""
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", page, re.M))
    source = "".join(path.read_text(encoding="utf-8") for path in Path(package.__path__[0]).glob("*.py"))
    written = set(re.findall(r'Finding\(\s*"(\w+)"', source)) | {
        "stopped",
        "started",
        "placed",
        "chains",
        "family",
        "accelerator",
    }  # the last by work/placed.py, work/chains.py, work/intake.py and work/idle.py
    assert set(listed) == written
    assert all(set(levels.split(", ")) <= {"note", "warn", "refuse"} for levels in listed.values())
    assert '"refuse"' in source and [code for code, levels in listed.items() if "refuse" in levels] == ["nothing_to_learn_from"]
