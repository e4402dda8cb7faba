"""Splits: every row in one place, nothing that belongs together apart, and no glance at the future."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.data.dealing import fill, row_hashes
from etabli.data.splits import split, split_words
from etabli.errors import DataError, EtabliError, UsageError
from etabli.records import NO_TARGET, TEST, Column, Split, Table, Target


def table_of(**columns: np.ndarray) -> Table:
    """A table of numbers (float arrays), texts (object arrays) and dates (names that begin with "when")."""
    made, values, levels = [], {}, {}
    for name, cells in columns.items():
        if cells.dtype.kind in "fiu":
            values[name] = cells.astype(float)
            made.append(Column(name, "date" if name.startswith("when") else "number"))
        else:
            known = sorted({str(c) for c in cells if c is not None})
            values[name] = np.array([-1 if c is None else known.index(str(c)) for c in cells], np.int32)
            levels[name] = known
            made.append(Column(name, "category"))
    return Table(tuple(made), len(next(iter(columns.values()))), values, levels)


def classes(y: np.ndarray, name: str = "y") -> Target:
    labels = tuple(f"c{k}" for k in range(max(int(y.max()) + 1, 2)))
    return Target(name, "binary" if len(labels) == 2 else "multiclass", y.astype(np.int64), labels)


def numbers(y: np.ndarray) -> Target:
    return Target("y", "regression", y.astype(float))


def whole(result: Split, target: Target) -> None:
    """Every row with a target is in exactly one place, every fold has rows to learn from and to be scored on."""
    has = ~np.isnan(target.y) if target.task == "regression" else target.y >= 0
    assert (result.fold[~has] == NO_TARGET).all()
    if not result.forward:
        assert (result.fold[has] != NO_TARGET).all()
    assert 1 <= result.folds <= result.fold.max() + 1
    for k in range(result.folds):
        learned, scored = result.train(k), result.valid(k)
        assert learned.size and scored.size and not np.intersect1d(learned, scored).size
        assert not np.intersect1d(np.concatenate([learned, scored]), result.test).size


def straddling(result: Split, ids: np.ndarray) -> int:
    """How many ids have rows in more than one place, rows without a target set aside."""
    used = result.fold != NO_TARGET
    pairs = np.unique(np.column_stack([ids[used], result.fold[used]]), axis=0)[:, 0]
    return int((np.bincount(np.unique(pairs, return_inverse=True)[1]) > 1).sum())


def speaks(result: Split, hostile: str = "") -> None:
    words = split_words(result)
    assert result.reason and words["en"].casefold() == result.reason.casefold() + "."
    assert words["fr"] and words["fr"] != words["en"]
    for word in (" folds", " rows", " because ", " the "):
        assert word not in words["fr"] or word in hostile


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(12, 250),
    kinds=st.sampled_from([0, 2, 3, 7]),
    grid=st.sampled_from([0, 3, 40]),
    lost=st.booleans(),
    groups=st.sampled_from([0, 2, 6, 60]),
    test=st.sampled_from([None, 0.0, 0.2]),
    folds=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_random_splits_hold_their_promises(rows, kinds, grid, lost, groups, test, folds, seed):
    rng = np.random.default_rng([seed, rows])
    x = rng.normal(size=(rows, 3)) if grid == 0 else rng.integers(0, grid, (rows, 3)) + 0.5
    copied = rng.integers(0, rows, rows // 6)
    x[rng.permutation(rows)[: copied.size]] = x[copied]
    x[rng.random(rows) < 0.1, 0] = np.nan
    g = rng.integers(0, max(groups, 1), rows)
    g[:2] = 0, max(groups, 1) - 1
    y = rng.normal(size=rows) if kinds == 0 else rng.integers(0, kinds, rows).astype(float)
    if lost:
        y[4::7] = np.nan if kinds == 0 else -1
    target = numbers(y) if kinds == 0 else classes(y)
    table = table_of(a=x[:, 0], b=x[:, 1], c=np.array([f"t{v:g}" for v in x[:, 2]], object), g=g.astype(float))
    name = "g" if groups else None
    try:
        result = split(table, target, seed, group=name, folds=folds, test=test, ignore=("g",))
    except DataError:
        assert groups == 2  # two groups, tied by a shared copy or one of them in the test
        return
    whole(result, target)
    speaks(result)
    assert result.folds <= folds and (result.folds == folds or "fewer folds" in result.reason or test or groups)
    if groups:
        assert straddling(result, g) == 0 and result.kind == "grouped" and '"g"' in result.reason
    hashes = row_hashes(table, ["a", "b", "c"])
    if "equal rows" not in result.reason:  # said when equal rows are plainly no copies
        assert straddling(result, hashes) == 0
    if test == 0.0:
        assert not result.test.size
    again = split(
        Table(table.columns[::-1], rows, dict(reversed(table.values.items())), table.levels), target, seed, name, None, folds, test, ("g",)
    )
    assert (again.fold == result.fold).all() and again.reason == result.reason


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(12, 250),
    moments=st.sampled_from([2, 4, 30, 10_000]),
    lasting=st.sampled_from([0, 0.02, 0.3]),
    lost=st.booleans(),
    test=st.sampled_from([None, 0.0, 0.2]),
    folds=st.integers(2, 6),
    seed=st.integers(0, 99),
)
def test_forward_splits_never_see_the_future(rows, moments, lasting, lost, test, folds, seed):
    rng = np.random.default_rng([seed, rows, 1])
    when = np.floor(rng.random(rows) * moments)
    when[:2] = 0, moments - 1
    g = np.floor((when / moments + lasting * rng.random(rows)) * 20)  # groups come and go
    if lost:
        when[5::9] = np.nan
    y = rng.normal(size=rows)
    table, target = table_of(when=when, g=g, x=rng.normal(size=rows)), numbers(y)
    name = "g" if lasting else None
    try:
        result = split(table, target, seed, group=name, time_column="when", folds=folds, test=test)
    except DataError:
        assert lasting or moments == 2
        return
    whole(result, target)
    speaks(result)
    assert result.forward and result.kind == ("grouped forward" if lasting else "forward")
    assert (result.fold[np.isnan(when)] == NO_TARGET).all()
    for k in range(result.folds):
        learned, scored = result.train(k), result.valid(k)
        assert when[learned].max() < when[scored].min()
        assert not lasting or not np.intersect1d(g[learned], g[scored]).size
    if result.test.size:
        assert when[result.development].max() < when[result.test].min()
        assert not lasting or not np.intersect1d(g[result.development], g[result.test]).size
    assert straddling(result, np.where(np.isnan(when), -1, when)) == 0


def test_classes_values_and_sizes_are_balanced():
    rng = np.random.default_rng(0)
    y = rng.choice(4, 6000, p=[0.7, 0.25, 0.04, 0.01])
    g = rng.integers(0, 700, 6000).astype(float)
    table = table_of(x=rng.normal(size=6000), g=g)
    for name, slack in ((None, 1), ("g", 3)):
        result = split(table, classes(y), 1, group=name)
        counts = np.array([np.bincount(y[result.valid(k)], minlength=4) for k in range(5)])
        assert np.ptp(counts, axis=0).max() <= slack, counts
        assert np.ptp(counts.sum(1)) <= 2 * slack
    values = np.exp(3 * rng.normal(size=6000))
    result = split(table, numbers(values), 1)
    counts = np.array(
        [np.histogram(np.log(values[result.valid(k)]), bins=np.quantile(np.log(values), np.linspace(0, 1, 11)))[0] for k in range(5)]
    )
    assert np.ptp(counts, axis=0).max() <= 2, counts
    # a seed changes the folds, the balance stays
    assert (split(table, numbers(values), 2).fold != result.fold).mean() > 0.6


def test_outer_test_from_ten_thousand_rows_on():
    rng = np.random.default_rng(0)
    for rows, expected in ((9_999, 0), (10_000, 1_000)):
        table, target = table_of(x=rng.normal(size=rows)), classes(rng.choice(2, rows, p=[0.97, 0.03]))
        result = split(table, target, 0)
        assert abs(result.test.size - expected) <= 1
        if expected:
            assert target.y[result.test].mean() == pytest.approx(target.y.mean(), abs=1e-3)
            assert "set aside" in result.reason
    told = split(table, target, 0, test=0.25)
    assert told.test.size == pytest.approx(2_500, abs=1) and split(table, target, 0, test=0).test.size == 0
    later = split(table_of(when=rng.permutation(10_000).astype(float)), target, 0, time_column="when")
    assert later.test.size == 1_000 and np.bincount(later.fold[later.fold >= -1] + 1).tolist() == [1500] * 6


def test_copies_share_a_fold_but_a_coarse_table_is_not_a_table_of_copies():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=30), 6)  # 30 rows, six times each
    result = split(table_of(x=x), classes((x > 0).astype(int)), 0)
    assert straddling(result, np.repeat(np.arange(30), 6)) == 0
    assert result.groups is not None and np.unique(result.groups).size == 30 and "150 exact copies" in result.reason
    # survival by class and sex: 2,201 rows, few different ones, whose outcomes differ
    seat, sex = rng.integers(0, 4, 2201).astype(float), rng.integers(0, 2, 2201).astype(float)
    coarse = split(table_of(seat=seat, sex=sex), classes(rng.integers(0, 2, 2201)), 0)
    assert coarse.groups is None and "no copies" in coarse.reason and coarse.folds == 5
    # no feature tells rows apart, and no feature at all
    flat = split(table_of(x=np.ones(40)), classes(np.arange(40) % 2), 0)
    assert np.bincount(flat.fold).tolist() == [8] * 5
    bare = split(table_of(y=np.arange(40.0)), numbers(np.arange(40.0)), 0)
    assert np.bincount(bare.fold).tolist() == [8] * 5
    # a copy in the same moment is a copy; a row that comes again later is another row
    assert split(table_of(x=x, when=np.arange(180.0)), numbers(x), 0, time_column="when").groups is None


def test_groups_tied_by_copies_share_a_fold_unless_they_lump():
    rng = np.random.default_rng(0)
    x, g = rng.normal(size=400), np.repeat(np.arange(80.0), 5)
    x[0] = x[5] = x[10]  # groups 0, 1, 2 hold the same row
    result = split(table_of(x=x, g=g), numbers(rng.normal(size=400)), 0, group="g")
    assert np.unique(result.fold[:15]).size == 1 and "2 exact copies" in result.reason
    lumped = split(table_of(x=np.floor(x), g=g), numbers(rng.normal(size=400)), 0, group="g")
    assert straddling(lumped, g) == 0 and lumped.folds == 5 and "into one" in lumped.reason


def test_fewer_folds_are_said():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    few = split(table_of(x=x), classes(np.append(np.zeros(57), [1, 1, 1])), 0)
    assert few.folds == 3 and "rarest class has only 3" in few.reason
    lone = split(table_of(x=x), classes(np.append(np.arange(59) % 3, [3])), 0)  # one row of a fourth class costs three folds at most
    assert lone.folds == 3
    grouped = split(table_of(x=x, g=np.arange(60.0) % 4), numbers(x), 0, group="g")
    assert grouped.folds == 4 and "only 4 groups" in grouped.reason
    years = split(table_of(x=x, when=np.arange(60.0) // 20), numbers(x), 0, time_column="when")
    assert years.folds == 2 and years.train(0).size == 20
    holes = np.where(np.arange(60) < 5, None, [f"s{k}" for k in np.arange(60) // 10])
    assert "5 rows without a group" in split(table_of(x=x, g=holes), numbers(x), 0, group="g").reason
    assert split(table_of(x=x[:2]), numbers(x[:2]), 0).folds == 2


def test_words_survive_hostile_names():
    name = '"; {n} folds forward in time by "x\n</b>'
    table = table_of(**{name: np.arange(40.0) // 2, "x": np.arange(40.0)})
    for result in (split(table, numbers(np.arange(40.0)), 0, group=name), split(table, numbers(np.arange(40.0)), 0, time_column=name)):
        assert f"«\u00a0{name}\u00a0»" in split_words(result)["fr"]
        speaks(result, name)
    assert split_words(Split("plain", np.zeros(3), 1, reason="someone else's reason"))["fr"] == "Someone else's reason."
    assert split_words(Split("plain", np.zeros(3), 1))["en"] == "No folds."


def test_refusals_teach():
    x = np.arange(30.0)
    table, target = (
        table_of(x=x, one=np.ones(30), word=np.array(["a", "b"] * 15, object), year=np.array(["2011", "2012"] * 15, object)),
        numbers(x),
    )
    for arguments, error, hint in (
        ({"group": "X"}, UsageError, '"x"'),
        ({"time_column": "years"}, UsageError, '"year"'),
        ({"folds": 1}, UsageError, "5"),
        ({"test": 3.0}, UsageError, "default"),
        ({"group": "one"}, DataError, "another"),
        ({"time_column": "one"}, DataError, "another"),
        ({"time_column": "word"}, DataError, "--kind"),
        ({"time_column": "x", "group": "word"}, DataError, "alone"),
    ):
        with pytest.raises(EtabliError) as caught:
            split(table, target, 0, **arguments)
        assert isinstance(caught.value, error) and hint in caught.value.hint, str(caught.value)
    assert split(table, target, 0, time_column="year").folds == 1
    with pytest.raises(DataError):
        split(table, numbers(np.full(30, np.nan)), 0)


def test_half_a_million_rows_take_a_second_or_two():
    rng = np.random.default_rng(0)
    n = 500_000
    table = table_of(**{f"x{k}": rng.integers(0, 500, n).astype(float) for k in range(3)}, g=rng.integers(0, 200_000, n).astype(float))
    start = time.process_time()
    result = split(table, classes((rng.random(n) < 0.02).astype(int)), 0)
    grouped = split(table, classes((rng.random(n) < 0.02).astype(int)), 0, group="g")
    seconds = time.process_time() - start
    assert (result.fold == TEST).sum() == pytest.approx(n / 10, rel=1e-3) and straddling(grouped, table.values["g"]) == 0
    assert np.ptp(np.bincount(grouped.fold[grouped.fold >= 0])) < 100
    assert seconds < 6, f"{seconds:.1f} s for 2 x {n:,} rows"


def test_row_hashes_know_columns_and_every_kind_of_nothing():
    odd = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]  # another NaN
    table = table_of(a=np.array([1.0, 2.0, np.nan, odd, 0.0, -0.0]), b=np.array([2.0, 1.0, 5.0, 5.0, 1.0, 1.0]))
    first, swapped, nan, other, zero, minus = row_hashes(table, ["a", "b"])
    assert first != swapped and nan == other and zero == minus and len({first, swapped, nan, zero}) == 4
    assert (row_hashes(table, ["b", "a"]) == row_hashes(table, ["a", "b"])).all()


def test_whole_rows_go_where_the_larger_part_of_them_belongs():
    shares = np.array([0.1, 0.3, 0.3, 0.3])
    assert fill(np.zeros(4), np.zeros(4), 3, shares).tolist() == [0, 1, 1, 1]
    assert fill(np.array([0, 9.0, 0, 0]), np.zeros(4), 21, shares).tolist() == [3, 0, 9, 9]  # poured until level with what is there
    assert fill(np.zeros(4), np.array([0, 5.0, 9.0, 1.0]), 1, shares).tolist() == [0, 0, 0, 1]  # equal lack: the emptier part
