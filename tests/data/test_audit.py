"""The audit: known faults are named, clean tables stay quiet, and every finding can stand any table."""

from __future__ import annotations

import importlib
import json
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etabli.data import audit as package
from etabli.data.audit import audit, candidate_groups, candidate_times, finders
from etabli.data.audit.group import hinted, subjects
from etabli.data.audit.measure import BINS, cells
from etabli.data.audit.time_order import is_time
from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import words
from etabli.errors import UsageError
from etabli.records import Column, Finding, Table, Target

FLAGS = ("--ignore", "--group", "--time-column", "--weights", "--kind", "--missing")


def table_of(kinds: dict[str, str] | None = None, **columns: object) -> Table:
    """A table by hand: floats are numbers, lists of words (None: missing) are categories; `kinds` says otherwise."""
    made, values, levels, rows = [], {}, {}, 0
    for name, column in columns.items():
        array = np.asarray(column)
        rows = array.size
        if array.dtype.kind in "fiub":
            values[name] = array.astype(float)
            present = values[name][~np.isnan(values[name])]
            kind = "number"
        else:
            levels[name] = sorted({str(c) for c in array if c is not None})
            at = {level: code for code, level in enumerate(levels[name])}
            values[name] = np.array([-1 if c is None else at[str(c)] for c in array], np.int32)
            present = values[name][values[name] >= 0]
            kind = "category"
        distinct = np.unique(present).size
        kind = (kinds or {}).get(name, kind if distinct > 1 else "constant")
        ends = (float(present.min()), float(present.max())) if name not in levels and present.size else (None, None)
        made.append(Column(name, kind, name, {}, (), rows - present.size, distinct, *ends))  # type: ignore[arg-type]
    return Table(tuple(made), rows, values, levels)


def target_of(table: Table, name: str, task: str = "") -> Target:
    values = np.asarray(table.values[name])
    if task == "regression":
        return Target(name, "regression", values)
    if values.dtype.kind == "f":
        known = np.unique(values[~np.isnan(values)])
        y, labels = np.where(np.isnan(values), -1, np.searchsorted(known, values)).astype(np.int64), tuple(f"{v:g}" for v in known)
    else:
        y, labels = values.astype(np.int64), tuple(table.levels[name])
    return Target(name, "binary" if len(labels) == 2 else "multiclass", y, labels)


def said(findings: tuple[Finding, ...], level: str = "") -> set[tuple[str, str]]:
    """(code, column) pairs; a finding without a column counts once with ''. Each has its evidence: no finding is exempt."""
    assert all(f.evidence for f in findings), [f.code for f in findings if not f.evidence]
    return {(f.code, c) for f in findings if not level or f.level == level for c in (f.columns or ("",))}


def clean(rows: int = 1500, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    risk = x[:, 0] - 0.8 * x[:, 1] + rng.normal(size=rows)
    return table_of(
        age=np.floor(20 + 60 * rng.random(rows)),
        income=np.round(np.exp(10 + 0.5 * x[:, 0])),
        visits=rng.poisson(2, rows),
        weight=70 + 10 * x[:, 1],
        city=rng.choice(["Lyon", "Paris", "Nice", "Brest"], rows),
        smoker=(rng.random(rows) < 0.3),
        cholesterol=np.where(rng.random(rows) < 0.1, np.nan, x[:, 2]),
        ill=np.where(risk > 0.5, "yes", "no"),
        risk=risk,
    )


# --- every finding, ours and an outsider's ------------------------------------------------------------------------------------------


def tables() -> list[tuple[str, Table, Target | None]]:
    usual, rng = clean(60), np.random.default_rng(1)
    nothing = table_of(a=np.full(30, np.nan), b=[None] * 30, y=np.arange(30) % 2)
    wide = table_of(**{f"gene_{k}": rng.normal(size=25) for k in range(80)}, y=np.arange(25) % 3)
    hostile = table_of(**{'{n}"; rm -rf\n</b> {c}': np.arange(40.0), "": ["?"] * 20 + ["x"] * 20, "y": np.arange(40) % 2})
    untargeted = replace(target_of(usual, "risk", "regression"), y=np.full(60, np.nan))
    return [
        ("empty", table_of(a=np.empty(0), y=np.empty(0)), None),
        ("empty with target", table_of(a=np.empty(0), y=np.empty(0)), Target("y", "regression", np.empty(0))),
        ("one row", (one := table_of(a=np.ones(1), b=["x"], y=np.zeros(1))), Target("y", "binary", np.zeros(1, np.int64), ("0", "1"))),
        ("one row, number", one, target_of(one, "y", "regression")),
        ("all missing", nothing, target_of(nothing, "y")),
        ("no row has a target", usual, untargeted),
        ("no target", usual, None),
        ("classes", usual, target_of(usual, "ill")),
        ("numbers", usual, target_of(usual, "risk", "regression")),
        ("some targets", usual, replace(target_of(usual, "ill"), y=np.where(np.arange(60) % 3, target_of(usual, "ill").y, -1))),
        ("one class", usual, Target("ill", "binary", np.zeros(60, np.int64), ("no", "yes"))),
        ("wide", wide, target_of(wide, "y")),
        ("hostile names", hostile, target_of(hostile, "y")),
    ]


@pytest.mark.parametrize("name", sorted(finders()))
def test_every_finding_stands_any_table_and_speaks_plainly(name):
    """The conformance test of findings: it does not fail, does not write, speaks both languages, names real columns and flags."""
    find = finders()[name]
    assert importlib.import_module(f"etabli.data.audit.{name}").__doc__
    for what, table, target in tables():
        before = {key: value.copy() for key, value in table.values.items()}
        for finding in find(View(table, target)):
            assert finding.code.isidentifier() and finding.level in ("note", "warn", "refuse"), what
            assert set(finding.columns) <= {column.name for column in table.columns}
            assert set(finding.text) == {"en", "fr"} and finding.text["en"] != finding.text["fr"]
            for text in (*finding.text.values(), *finding.cure.values()):
                plain = text.replace("\u00a0", " ").replace("\u202f", " ")
                assert text and plain.isprintable() and not text.rstrip().endswith((".", ":")), (what, text)
            shown = (
                [part for part in shlex.split(finding.cure.get("en", "").replace("'", '"')) if part.startswith("--")]
                if what != "hostile names"
                else []
            )
            assert all(part.rstrip(",;:") in FLAGS for part in shown), shown
            assert finding.evidence and json.dumps(finding.evidence), (what, finding.code)
        assert all(np.array_equal(table.values[key], before[key], equal_nan=True) for key in before if before[key].dtype.kind == "f")


def test_every_finding_is_given_evidence():
    """Each that the audit can make, those too that no table here calls forth."""
    import ast
    from pathlib import Path

    import etabli.data.audit

    for path in Path(etabli.data.audit.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                given = [*node.args[5:6], *(word.value for word in node.keywords if word.arg == "evidence")]
                assert given and not (isinstance(given[0], ast.Dict) and not given[0].keys), (path.name, node.lineno)


def test_an_outsider_joins_by_entry_point(monkeypatch):
    def outsider(view: View) -> list[Finding]:
        return [Finding("rows", (), words("{n} rows", "{n} lignes", n=view.table.rows), {}, "refuse")]

    def broken(view: View) -> list[Finding]:
        raise ZeroDivisionError("oops")

    def missing() -> None:
        raise ImportError("no module named nothing")

    seen: list[str] = []

    for point, rule in (
        (SimpleNamespace(name="rows", load=lambda: outsider, dist=None), ""),
        (SimpleNamespace(name="broken", load=lambda: broken, dist=None), "must not fail"),
        (SimpleNamespace(name="absent", load=missing, dist=SimpleNamespace(name="pack")), "must import"),
        (SimpleNamespace(name="constant", load=lambda: outsider, dist=None), "share a name"),
    ):
        monkeypatch.setattr(package, "entry_points", lambda group, point=point: [point] if group == "etabli.findings" else [])
        finders.cache_clear()
        if rule:
            with pytest.raises(UsageError, match=rule):
                audit(clean(50))
        else:
            first = audit(clean(50), watch=lambda event, **facts: seen.append(facts["finding"]))[0]
            assert first.code == "rows" and first.text["fr"] == "50 lignes" and "rows" in seen
    monkeypatch.undo()
    finders.cache_clear()


# --- quiet where nothing is wrong, on where something is -------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [40, 300, 1500, 25_000])
def test_clean_tables_are_quiet(rows):
    for seed in range(4):
        table = clean(rows, seed)
        for target, other in (("ill", "risk"), ("risk", "ill")):
            findings = audit(table, target_of(table, target, "regression" if target == "risk" else ""), ignore=(other,))
            loud = said(findings) - {("rare_class", "ill"), ("small_class", "ill")} if rows < 200 else said(findings)
            assert not loud, (rows, seed, [f.text["en"] for f in findings])


def test_planted_faults_are_found():
    rng, n = np.random.default_rng(3), 1200
    y = rng.normal(size=n)
    person = np.repeat(np.arange(n // 4), 4)
    table = table_of(
        kinds={"code": "identifier"},
        code=[f"k{i:05d}" for i in rng.permutation(n)],
        row=np.arange(n),
        patient_id=rng.permutation(1000)[person].astype(float),
        nothing=np.full(n, np.nan),
        always=np.ones(n),
        celsius=(c := rng.normal(10, 3, n)),
        fahrenheit=np.round(32 + 1.8 * c, 3),
        grade=(g := rng.integers(0, 4, n)),
        letter=np.array(list("CADB"))[g],
        height=np.where(rng.random(n) < 0.02, -999, rng.normal(170, 9, n)),
        pulse=np.where(rng.random(n) < 0.01, 0, np.round(rng.normal(70, 9, n))),
        state=np.where(rng.random(n) < 0.1, "unknown", rng.choice(["a", "b"], n)),
        cap=np.minimum(np.round(rng.exponential(3, n), 2), 6.0),
        survey_weight=rng.random(n),
        echo=np.exp(y / 2) + 0.001 * rng.normal(size=n),
        late=np.where(y > 0.5, 1.0, np.nan) * rng.random(n),
        y=y,
    )
    findings = audit(table, target_of(table, "y", "regression"))
    assert said(findings, "warn") == {
        ("row_number", "row"),
        ("group", "patient_id"),
        ("empty", "nothing"),
        ("hidden_missing", "height"),
        ("hidden_missing", "pulse"),
        ("near_perfect", "echo"),
    }
    assert {
        ("identifier", "code"),
        ("constant", "always"),
        ("same", "celsius"),
        ("same", "fahrenheit"),
        ("same", "grade"),
        ("same", "letter"),
        ("missing_level", "state"),
        ("capped", "cap"),
        ("weights", "survey_weight"),
    } <= said(findings, "note")
    cures = {f.code: f.cure["en"] for f in findings if f.columns[:1] not in (("pulse",),)}
    assert "--missing height=-999" in cures["hidden_missing"] and "--group patient_id" in cures["group"]
    assert "--weights survey_weight" in cures["weights"] and "--ignore echo" in cures["near_perfect"]
    # what the user left out is in no sentence but the target's
    assert not {c for _, c in said(audit(table, target_of(table, "y", "regression"), ignore=[c.name for c in table.columns]))} & set(
        table.values
    ) - {"y"}


def test_a_leak_may_hide_in_what_is_missing():
    rng, n = np.random.default_rng(0), 3000
    y = rng.integers(0, 3, n)
    label = np.array(["negative", "neutral", "positive"])[y]
    gold = [label[i] if i % 100 == 0 else None for i in range(n)]
    reason = [rng.choice(["late", "rude"]) if y[i] == 0 else None for i in range(n)]
    few = ["late" if y[i] == 0 and i % 30 == 0 else None for i in range(n)]
    table = table_of(kinds={"few": "category"}, gold=gold, reason=reason, few=few, x=rng.normal(size=n), y=label)
    found = {f.columns[0]: f for f in audit(table, target_of(table, "y")) if f.code == "near_perfect"}
    assert set(found) == {"gold", "reason", "few"}
    assert {name: f.evidence["look"] for name, f in found.items()} == {"gold": "copy", "reason": "filled", "few": "one class"}
    assert all(f.text["en"].endswith("is it known before the outcome?") for f in found.values())


def test_rare_amounts_in_a_sea_of_zeros_are_seen():
    """The shape of motor_claims: 1 % claims, their cost known only afterwards; a quantile bin must not hide it."""
    rng, n = np.random.default_rng(0), 30_000
    claim = rng.random(n) < 0.01
    table = table_of(cost=np.where(claim, np.round(rng.lognormal(8, 1, n)), 0.0), x=rng.normal(size=n), claim=np.where(claim, "yes", "no"))
    assert said(audit(table, target_of(table, "claim")), "warn") == {("near_perfect", "cost")}


def test_a_common_value_has_a_cell_of_its_own():
    values = np.sort(np.concatenate([np.arange(400.0), np.full(600, 200.5)]))
    codes = np.unique(values, return_inverse=True)[1]
    cell = cells(np.append(codes, -1), True)
    assert np.unique(cell[:-1][values == 200.5]).size == 1 and cell[-1] == 0 and 0 not in cell[:-1]
    assert not set(cell[:-1][values == 200.5]) & set(cell[:-1][values != 200.5]) and cell.max() <= 2 * BINS
    assert (np.diff(cell[:-1]) >= 0).all()


def test_chance_makes_no_alarm_in_wide_tables():
    """3,000 columns of noise and 50 rows: no column is called a leak, the width is."""
    rng = np.random.default_rng(0)
    table = table_of(**{f"x{k}": rng.normal(size=50) for k in range(3000)}, y=np.arange(50) % 2)
    assert said(audit(table, target_of(table, "y")), "warn") == {("wide", "")}


def test_stand_ins_are_told_from_measurements():
    rng, n = np.random.default_rng(0), 2000
    spike = rng.random(n) < 0.05
    columns = {
        "pdays": np.where(rng.random(n) < 0.96, 999, rng.integers(0, 28, n)),
        "depth": np.where(spike, 0, 3 + rng.random(n) * 5),
        "score": np.where(spike, -1, rng.integers(0, 50, n)),
        "fill": np.where(spike, 9.969209968386869e36, rng.normal(size=n)),
        "both": np.where(spike, -99, np.where(rng.random(n) < 0.05, -9999, rng.random(n) * 50)),
    }
    honest = {
        "capital_gain": np.where(rng.random(n) < 0.9, 0, np.where(spike, 99_999, rng.integers(114, 41_311, n))),
        "count": rng.poisson(1, n),
        "dose": rng.choice([0, 10, 20, 30], n),
        "temperature": rng.normal(0, 10, n).round(),
        "code": rng.choice([-1, 0, 1, 2], n),
        "age_group": rng.choice([1, 9], n),
        "pool_area": np.where(rng.random(n) < 0.97, 0, rng.normal(500, 80, n)),
        "percent": rng.integers(0, 100, n),
    }
    found = {(f.columns[0], f.evidence["value"]) for f in audit(table_of(**columns, **honest)) if f.code == "hidden_missing"}
    assert found == {("pdays", 999), ("depth", 0), ("score", -1), ("fill", 9.969209968386869e36), ("both", -99), ("both", -9999)}


def test_copies_are_told_from_coarse_rows():
    rng = np.random.default_rng(0)
    x, other = np.repeat(rng.normal(size=30), 6), np.repeat(rng.integers(0, 9, 30), 6)
    copied = table_of(x=x, other=other, y=np.where(x > 0, "a", "b"))
    (finding,) = [f for f in audit(copied, target_of(copied, "y")) if f.code == "duplicates"]
    assert finding.level == "warn" and finding.evidence["rows"] == 150 and finding.evidence["most"] == 6
    coarse = table_of(seat=rng.integers(0, 4, 2201), sex=rng.choice(["f", "m"], 2201), survived=rng.choice(["no", "yes"], 2201))
    findings = {f.code: f for f in audit(coarse, target_of(coarse, "survived"))}
    assert findings["duplicates"].level == "note"
    sizes = np.zeros((8, 2))
    cell = coarse.values["seat"].astype(int) * 2 + coarse.values["sex"]
    np.add.at(sizes, (cell, coarse.values["survived"]), 1)
    assert findings["noise_floor"].evidence == {"rows": 2201, "wrong": int(sizes.min(1).sum())}


def test_a_row_number_is_a_time_when_the_calendar_follows_it():
    hours = np.arange(0, 24 * 400, 5)
    parts = {"year": 2010 + hours // 8760, "month": hours % 8760 // 731 + 1, "hour": hours // 5}
    table = table_of(No=np.arange(hours.size), when=hours * 3600.0, kinds={"when": "date"}, **parts)
    assert is_time(table, "No") and is_time(table, "when")
    mixed = table_of(No=np.arange(hours.size), **{name: np.random.default_rng(0).permutation(values) for name, values in parts.items()})
    assert not is_time(mixed, "No") and not is_time(table_of(No=np.arange(50), year=np.arange(50)), "No")  # a year alone may be the place


def test_months_and_hours_are_no_groups():
    rng = np.random.default_rng(0)
    table = table_of(month=np.repeat(np.arange(1, 13), 50), DayofMonth=np.repeat(np.arange(30), 20), y=rng.normal(size=600))
    assert candidate_groups(table, target_of(table, "y", "regression")) == ()


def test_candidates_for_the_residual_tests():
    rng, n = np.random.default_rng(0), 900
    table = table_of(
        kinds={"when": "date", "day": "date", "text": "text"},
        age=rng.integers(20, 80, n),  # whole numbers that follow no order are no group
        batch=rng.integers(0, 3, n),
        plate=np.repeat(np.arange(90), 10),  # no telling name, but rows stand together
        colour=rng.choice(["r", "g", "b", "w", "k", "y"], n),
        sex=rng.choice(["f", "m"], n),
        x=rng.normal(size=n).round(1),
        text=rng.choice(["hello there", "bye"], n),
        tick=np.sort(rng.random(n)),
        when=np.sort(rng.integers(0, 300, n)) * 86_400.0,
        day=rng.integers(0, 300, n) * 86_400.0,
        y=rng.normal(size=n),
    )
    target = target_of(table, "y", "regression")
    assert candidate_groups(table, target) == ("plate", "batch", "colour") or candidate_groups(table, target) == (
        "batch",
        "colour",
        "plate",
    )
    assert candidate_times(table, target) == ("when", "day", "tick")
    assert candidate_groups(table, target, ("batch",))[0] != "batch"
    assert set(subjects(table, target)) == {"batch", "plate"}  # a colour is a property until someone says otherwise
    assert hinted("hospital_number") and hinted("studyName") and hinted("Individual ID") and hinted("patient")
    assert not hinted("Lot.Area") and not hinted("education_num") and not hinted("households") and not hinted("FlightNum")
    assert tokens("customerID") == ["customer", "id"] and tokens("Date Egg_2") == ["date", "egg", "2"]


def test_time_is_a_warning_only_where_neighbours_are_alike():
    rng, n = np.random.default_rng(0), 1000
    when = np.arange(n) * 3600.0
    walk = np.cumsum(rng.normal(size=n))
    noise = rng.normal(size=n)
    for y, level, code in ((walk, "warn", "time_order"), (noise, "note", "time")):
        shuffled = rng.permutation(n)
        table = table_of(kinds={"when": "date"}, when=when[shuffled], x=rng.normal(size=n), y=y[shuffled])
        assert (code, "when") in said(audit(table, target_of(table, "y", "regression")), level)
    unnamed = table_of(x=rng.normal(size=n), y=walk)
    assert ("file_order", "") in said(audit(unnamed, target_of(unnamed, "y", "regression")), "note")
    alarms = 0
    for seed in range(200):  # noise is not called ordered more often than promised
        table = table_of(kinds={"when": "date"}, when=when[:200], y=np.random.default_rng(seed).normal(size=200))
        alarms += ("time_order", "when") in said(tuple(finders()["time_order"](View(table, target_of(table, "y", "regression")))))
    assert alarms == 0


def test_rare_classes_are_named():
    y = np.array(["a"] * 5000 + ["b"] * 120 + ["c"] * 30 + ["d"] * 4)
    table = table_of(x=np.random.default_rng(0).normal(size=y.size), y=y)
    findings = {f.code: f for f in audit(table, target_of(table, "y"))}
    assert "“d” (4" in findings["rare_class"].text["en"] and findings["rare_class"].level == "warn"
    assert findings["small_class"].evidence == {"rows": {"c": 30}} and set(findings["imbalance"].evidence["rows"]) == {"b", "c"}


# --- real files ------------------------------------------------------------------------------------------------------------------


def real(path: Path) -> Table:
    sources = pytest.importorskip("etabli.data.sources")
    return sources.read(path)


def test_known_faults_of_the_shared_sets_are_named(shared):
    """Every fault that datasets.json tells of and that data can show (bank's duration and the flight times cannot)."""
    sets = {entry["name"]: entry for entry in json.loads((shared / "datasets.json").read_text())}
    expected = {
        "telco_churn": {("identifier", "customerID")},
        "storm_status": {("near_perfect", "category"), ("group", "name")},
        "doctor_visits": {("group", "id")},
        "motor_claims": {("near_perfect", "skadkost")},
        "beijing_pm25": {("time_order", "No")},
        "horse_colic": {("identifier", "hospital_number")},
        "bank_marketing": {("hidden_missing", "pdays")},
        "ames_housing": {("identifier", "Order"), ("identifier", "PID")},
        "airline_tweets": {("identifier", "tweet_id"), ("time", "tweet_created")}
        | {("near_perfect", c) for c in ("negativereason", "airline_sentiment_gold", "negativereason_gold", "negativereason_confidence")},
        "adult_income": {("same", "education"), ("weights", "fnlwgt"), ("duplicates", "")},
        "diamonds": {("hidden_missing", "x"), ("hidden_missing", "y"), ("duplicates", "")},
    }
    for name, faults in expected.items():
        entry = sets[name]
        table = real(shared / entry["file"])
        findings = audit(table, target_of(table, entry["target"], entry["task"]))
        assert faults <= said(findings), (name, faults - said(findings))
        assert len([f for f in findings if f.level == "warn"]) <= 5, name  # the reader is not drowned
    adult = real(shared / "adult_income.csv")
    assert not said(audit(adult, target_of(adult, "income")), "warn")


@pytest.mark.parametrize(
    ("file", "target", "expected"),
    [
        ("target_in_disguise.csv", "bought", ("near_perfect", "answer")),
        ("repeated_rows.csv", "bought", ("duplicates", "")),
        ("very_wide.csv.gz", "group", ("wide", "")),
        ("all_missing_column.csv", "bought", ("empty", "phone")),
        ("class_with_one_row.csv", "bought", ("rare_class", "bought")),
    ],
)
def test_broken_files_get_the_one_warning_they_deserve(shared, file, target, expected):
    table = real(shared / "broken" / file)
    warned = said(audit(table, target_of(table, target)), "warn")
    assert expected in warned and {code for code, _ in warned} == {expected[0]}


def test_copies_are_said_to_be_kept_in_one_fold_only_where_there_is_a_target() -> None:
    table = table_of(a=[1.0, 2.0, 3.0] * 20, y=[0.5, 1.5, 2.5, 3.5] * 15)
    (scored,) = [f for f in audit(table, target_of(table, "y")) if f.code == "duplicates"]
    (plain,) = [f for f in audit(table, None) if f.code == "duplicates"]
    assert "fold" in scored.text["en"] and "pli" in scored.text["fr"]
    assert "fold" not in plain.text["en"] and "pli" not in plain.text["fr"]
