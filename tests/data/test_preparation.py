"""Preparations against numpy and scikit-learn, on real tables and on every awkward shape we know."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.data.feeds import feeds
from etabli.data.preparation import matrix, prepare, statistics, steps, usable
from etabli.data.preparation.scaling import moments, quantile_knots
from etabli.data.preparation.text import term_of
from etabli.errors import DataError, UsageError
from etabli.graph.graph import BLOCK
from etabli.graph.run import run, session
from etabli.records import Column, Prepared, Table, Target, Wants
from tests.data.tables import real, table_of

RECIPES = [
    Wants(),
    Wants(filled=True),
    Wants("scaled", True, "one-hot"),
    Wants("scaled", False, "target"),
    Wants("rank", True, "frequency"),
    Wants("rank", False, "target", dates="seconds", text="none"),
    Wants(crosses=5),
    Wants("rank", True, "one-hot", crosses=5),
]


def raw_matrix(made: Prepared, table: Table, rows: np.ndarray, columns) -> np.ndarray:
    return run(made.raw, feeds(table, columns, rows))["X"]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Bit for bit, any NaN like any other."""
    return a.shape == b.shape and bool(np.all((a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))))


def halves(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[: count * 3 // 4]), np.sort(order[count * 3 // 4 :])


def column_of(made: Prepared, x: np.ndarray, name: str) -> np.ndarray:
    return x[:, [feature.name for feature in made.features].index(name)]


@pytest.fixture(scope="module")
def adult(shared):
    return real(shared, "adult_income")


@pytest.fixture(scope="module")
def california(shared):
    return real(shared, "california_housing")


# the file's graph and the coded one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["adult_income", "ames_housing", "telco_churn", "storm_status"])
def test_texts_and_codes_give_the_same_bits(shared, name):
    table, target = real(shared, name)
    train, held = halves(table.rows)
    train, held = train[:6000], held[:1500]
    columns = usable(table, target)
    for wants in RECIPES:
        made = prepare(table, target, wants, train, seed=3)
        onnx.checker.check_model(onnx.load_from_string(made.raw), full_check=True)
        coded = matrix(made, table, held, block=700)
        assert coded.shape == (len(held), len(made.features))
        assert same(coded, raw_matrix(made, table, held, columns))
        assert same(coded[:1], raw_matrix(made, table, held[:1], columns))
        assert not np.isinf(coded).any()
        assert not (wants.filled and np.isnan(coded).any())
        assert len({feature.name for feature in made.features}) == len(made.features)
        if made.train is not None:
            assert made.train.shape == (len(train), len(made.features)) and np.isfinite(made.train[:, -1]).any()


def test_same_seed_same_bytes(adult):
    table, target = adult
    rows = np.arange(3000)
    first, second = (prepare(table, target, Wants("rank", True, "target", crosses=3), rows, seed=1) for _ in range(2))
    assert first.raw == second.raw and first.coded == second.coded and same(first.train, second.train)
    assert not same(first.train, prepare(table, target, Wants("rank", True, "target", crosses=3), rows, seed=2).train)


def test_nothing_is_learned_from_other_rows(adult):
    table, target = adult
    train, held = np.arange(2000), np.arange(2000, 4000)
    values = {name: np.array(array) for name, array in table.values.items()}
    for name in usable(table, target):
        values[name][held] = values[name][held][::-1] * (7 if values[name].dtype.kind == "f" else 1)
    y = np.array(target.y)
    y[held] = 1 - y[held]
    other = Table(table.columns, table.rows, values, table.levels)
    for wants in RECIPES:
        made = prepare(table, target, wants, train, seed=0)
        again = prepare(other, Target(target.name, "binary", y, target.classes), wants, train, seed=0)
        assert made.raw == again.raw


def test_native_codes_need_hardly_a_node(adult):
    table, target = adult
    model = onnx.load_from_string(prepare(table, target, Wants(), np.arange(1000), 0).raw)
    assert len(model.graph.node) == 3 + 8 + 1 + 1  # join and clean numbers, one look-up a category, join, name


@pytest.mark.parametrize("wants", RECIPES)
def test_nodes_do_not_grow_with_number_columns(wants):
    rng = np.random.default_rng(0)
    y = Target("y", "regression", rng.normal(size=100))
    few, many = (
        len(
            onnx.load_from_string(
                prepare(table_of({f"x{i}": rng.normal(size=100) for i in range(k)}), y, wants, np.arange(100), 0).raw
            ).graph.node
        )
        for k in (3, 60)
    )
    assert many - few <= 16 if wants.crosses else many == few


# numbers -----------------------------------------------------------------------------------------------------------------


def test_scaled_is_standard_scaler(california):
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table, target = california
    train, held = halves(table.rows)
    names = [c.name for c in table.columns if c.kind == "number" and c.name != target.name]
    cells = np.stack([table.values[name] for name in names], axis=1)
    for filled, model in ((False, StandardScaler()), (True, make_pipeline(SimpleImputer(strategy="median"), StandardScaler()))):
        made = prepare(table, target, Wants("scaled", filled), train, 0, columns=names)
        model.fit(cells[train])
        got = matrix(made, table, held)
        np.testing.assert_allclose(got[:, : len(names)], model.transform(cells[held]), rtol=0, atol=1e-11)
        assert [f.name for f in made.features[len(names) :]] == (["total_bedrooms missing"] if filled else [])
        if filled:
            assert np.array_equal(got[:, -1], np.isnan(cells[held][:, names.index("total_bedrooms")]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False), min_size=1, max_size=30))
def test_moments_never_overflow(values):
    mean, deviation = moments(np.array(values))
    assert np.isfinite(mean) and np.isfinite(deviation) and deviation > 0
    assert (min(values) <= mean * (1 + 1e-12) + 1e-290 and mean * (1 - 1e-12) - 1e-290 <= max(values)) or abs(mean) < 1e-290


def test_rank_gives_normal_scores(california):
    from scipy.stats import norm, rankdata
    from sklearn.preprocessing import QuantileTransformer

    table, target = california
    train, held = halves(table.rows)
    for name in ("housing_median_age", "population", "median_income"):
        made = prepare(table, target, Wants("rank"), train, 0, columns=[name])
        cells = table.values[name]
        got = matrix(made, table, train)[:, 0]
        want = norm.ppf((rankdata(cells[train]) - 0.5) / len(train))
        distinct = len(np.unique(cells[train]))
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 if distinct <= 200 else 0.03)
        if distinct > 200:
            theirs = QuantileTransformer(n_quantiles=1000, output_distribution="normal", subsample=None).fit(cells[train][:, None])
            inner = np.abs(want) < 3  # they send the ends to 5.2 standard deviations
            assert np.abs(got - theirs.transform(cells[train][:, None])[:, 0])[inner].max() < 0.08
        assert np.isfinite(matrix(made, table, held)).all()


def test_rank_spares_flags_and_is_monotone():
    rng = np.random.default_rng(0)
    table = table_of({"flag": (rng.random(500) < 0.1).astype(float), "x": np.exp(5 * rng.normal(size=500))}, {"flag": "flag"})
    made = prepare(table, None, Wants("rank"), np.arange(400), 0)
    x = matrix(made, table, np.arange(500))
    assert np.array_equal(x[:, 0], table.values["flag"])
    order = np.argsort(table.values["x"])
    assert np.all(np.diff(x[order, 1]) >= 0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=600), st.integers(16, 200))
def test_knots_are_distinct_and_sorted(values, limit):
    knots, scores = quantile_knots(np.array(values), limit)
    assert len(knots) == len(scores) <= limit + 2
    assert np.all(np.diff(knots) > 0) and np.all(np.diff(scores) >= 0) and np.isfinite(scores).all()


def test_sentinels_and_infinities_are_missing():
    columns = (Column("a", "number", reading={"sentinels": [-999, 999]}), Column("b", "number"))
    values = {"a": np.array([1.0, -999, 3, 999, 5]), "b": np.array([np.inf, 2.0, -np.inf, 4, 6])}
    table = Table(columns, 5, values, {})
    made = prepare(table, None, Wants(filled=True), np.arange(5), 0)
    assert [f.name for f in made.features] == ["a", "b", "a missing", "b missing"]
    want = [[1, 4, 0, 1], [3, 2, 1, 0], [3, 4, 0, 1], [3, 4, 1, 0], [5, 6, 0, 0]]
    assert np.array_equal(matrix(made, table, np.arange(5)), want)


# categories --------------------------------------------------------------------------------------------------------------


def test_codes_tell_seen_missing_and_unseen(adult):
    table, target = adult
    rows = np.flatnonzero(table.values["workclass"] != 1)[:3000]
    made = prepare(table, target, Wants(), rows, 0, columns=["workclass"])
    levels = len(table.levels["workclass"])
    assert made.features[0].levels == levels + 1
    seen = set(table.values["workclass"][rows].tolist())
    every = np.arange(table.rows)
    codes = table.values["workclass"]
    want = np.where(codes < 0, levels, np.where(np.isin(codes, list(seen)), codes, np.nan))
    assert np.array_equal(matrix(made, table, every)[:, 0], want, equal_nan=True)
    strange = session(made.raw).run(None, {"workclass": np.array([["never seen"], [""]], object)})[0]
    assert np.isnan(strange[0, 0]) and strange[1, 0] == levels


def test_one_hot_is_scikit_learns(adult):
    from sklearn.preprocessing import OneHotEncoder

    table, target = adult
    train, held = halves(table.rows)
    for name in ("workclass", "native_country", "sex", "occupation"):
        made = prepare(table, target, Wants(categories="one-hot"), train, 0, columns=[name])
        codes = table.values[name].astype(float)
        least = max(2, int(np.ceil(0.002 * len(train))))
        known = train[codes[train] >= 0]
        theirs = OneHotEncoder(min_frequency=least, handle_unknown="infrequent_if_exist", sparse_output=False).fit(codes[known, None])
        seen = held[codes[held] >= 0]
        want = theirs.transform(codes[seen, None])
        got = matrix(made, table, held)
        assert np.array_equal(got[codes[held] >= 0][:, : want.shape[1]], want)
        assert np.all(got.sum(axis=1) == 1)
        if (codes[train] < 0).any():
            assert made.features[-1].name == f"{name} missing" and np.array_equal(got[:, -1], codes[held] < 0)


def test_one_hot_unseen_goes_to_rare_or_nowhere():
    table = table_of({"a": ["x"] * 50 + ["y"] * 50 + ["z"], "b": ["u", "v"] * 50 + ["w"]})
    made = prepare(table, None, Wants(categories="one-hot"), np.arange(101), 0)
    assert [f.name for f in made.features] == ["a = x", "a = y", "a rare", "b = u", "b = v", "b rare"]
    made = prepare(table, None, Wants(categories="one-hot"), np.arange(100), 0)
    got = session(made.raw).run(None, {"a": np.array([["new"], [""], ["z"]], object), "b": np.array([["u"], ["new"], [""]], object)})[0]
    assert got.tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_smoothed_means_are_target_encoder_with_our_m(adult):
    from sklearn.preprocessing import TargetEncoder

    table, target = adult
    train, held = halves(table.rows)
    name = "occupation"
    codes = table.values[name].astype(np.int64)
    codes = np.where(codes < 0, len(table.levels[name]), codes)
    y = target.y.astype(float)
    counts = np.bincount(codes[train]).astype(float)
    m = statistics.weight_of_prior(codes[train], counts, np.bincount(codes[train], y[train]), y[train])
    assert 1 < m < 50
    made = prepare(table, target, Wants(categories="target"), train, 0, columns=[name])
    theirs = TargetEncoder(smooth=m, target_type="continuous").fit(codes[train, None], y[train])
    np.testing.assert_allclose(matrix(made, table, held), theirs.transform(codes[held, None]), rtol=0, atol=1e-12)
    strange = session(made.raw).run(None, {name: np.array([["never seen"]], object)})[0]
    assert strange[0, 0] == pytest.approx(y[train].mean(), abs=1e-12)


def test_training_rows_never_see_their_own_target():
    rng = np.random.default_rng(0)
    n = 3000
    table = table_of({"c": [f"level {i}" for i in rng.integers(0, 1000, n)], "x": rng.normal(size=n)})
    target = Target("y", "binary", (rng.random(n) < 0.5).astype(np.int64), ("no", "yes"))
    made = prepare(table, target, Wants(categories="target"), np.arange(n), 0, columns=["c"])
    y = target.y - 0.5
    fitted = matrix(made, table, np.arange(n))[:, 0]
    assert abs(np.corrcoef(made.train[:, 0], y)[0, 1]) < 0.06  # noise stays noise
    flipped = Target("y", "binary", np.where(np.arange(n) == 17, 1 - target.y, target.y), ("no", "yes"))
    again = prepare(table, flipped, Wants(categories="target"), np.arange(n), 0, columns=["c"])
    own = np.arange(n)[:, None] == 17
    assert abs(made.train[own] - again.train[own])[0] < 1e-3 and np.abs(made.train - again.train).max() > 0
    assert fitted.shape == (n,)


def test_groups_stay_together_in_inner_folds():
    n = 600
    groups = np.repeat(np.arange(60), 10)
    table = table_of({"c": [f"person {g}" for g in groups]})
    y = Target("y", "regression", np.repeat(np.random.default_rng(0).normal(size=60), 10))
    plain = prepare(table, y, Wants(categories="target"), np.arange(n), 0)
    kept = prepare(table, y, Wants(categories="target"), np.arange(n), 0, groups=groups)
    assert abs(np.corrcoef(plain.train[:, 0], y.y)[0, 1]) > 0.9  # the person is known from other rows
    assert abs(np.corrcoef(kept.train[:, 0], y.y)[0, 1]) < 0.5


def test_multiclass_target_means_have_a_column_a_class_but_one(shared):
    table, target = real(shared, "storm_status", drop=("category",))
    train, held = halves(table.rows)
    made = prepare(table, target, Wants(categories="target"), train, 0, columns=["name"])
    assert len(made.features) == len(target.classes) - 1
    codes, k = table.values["name"].astype(np.int64), 2
    counts = np.bincount(codes[train], minlength=len(table.levels["name"]))
    y = (target.y == k).astype(float)
    total = np.bincount(codes[train], y[train], len(counts))
    m = statistics.weight_of_prior(codes[train], counts.astype(float), total, y[train])
    want = np.where(counts > 0, (total + m * y[train].mean()) / (counts + m), y[train].mean())[codes[held]]
    np.testing.assert_allclose(matrix(made, table, held)[:, k - 1], want, atol=1e-12)


def test_many_classes_are_cut():
    rng = np.random.default_rng(0)
    table = table_of({"c": [str(i) for i in rng.integers(0, 5, 400)]})
    target = Target("y", "multiclass", rng.integers(0, 26, 400), tuple("abcdefghijklmnopqrstuvwxyz"))
    assert len(prepare(table, target, Wants(categories="target"), np.arange(400), 0).features) == statistics.CLASSES


def test_frequency_is_minus_log_share(adult):
    table, target = adult
    train, held = halves(table.rows)
    made = prepare(table, target, Wants(categories="frequency"), train, 0, columns=["workclass"])
    codes = table.values["workclass"]
    share = np.array([np.mean(codes[train] == code) for code in codes[held]])
    np.testing.assert_allclose(matrix(made, table, held)[:, 0], -np.log(np.where(share > 0, share, 0.5 / len(train))), atol=1e-12)
    strange = session(made.raw).run(None, {"workclass": np.array([["never seen"]], object)})[0]
    assert strange[0, 0] == pytest.approx(-np.log(0.5 / len(train)))


def test_categories_held_as_doubles():
    column = Column("zip", "category", reading={"as": "double"})
    cells = np.array([10.0, 20.0, np.nan, 10.0, 30.0, 20.0] * 20)
    table = Table((column, Column("x", "number")), 120, {"zip": cells, "x": np.arange(120.0)}, {})
    y = Target("y", "regression", np.where(cells == 20, 5.0, 0.0))
    for wants in RECIPES:
        made = prepare(table, y, wants, np.flatnonzero(cells != 30), 0)
        assert same(matrix(made, table, np.arange(120)), raw_matrix(made, table, np.arange(120), ["zip", "x"]))
    made = prepare(table, y, Wants(), np.flatnonzero(cells != 30), 0, columns=["zip"])
    assert np.array_equal(matrix(made, table, np.arange(6))[:, 0], [0, 1, 2, 0, np.nan, 1], equal_nan=True)


def test_target_means_need_a_target():
    with pytest.raises(UsageError, match="need a target"):
        prepare(table_of({"c": ["a", "b"]}), None, Wants(categories="target"), np.arange(2), 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.floats(-1e6, 1e6)), min_size=1, max_size=60), st.integers(0, 4))
def test_smoothed_means_stay_between_level_and_prior(pairs, spare):
    codes = np.array([code for code, _ in pairs])
    y = np.array([[value] for _, value in pairs])
    means, prior = statistics.smoothed(codes, 7 + spare, y)
    slack = 1e-9 * (1 + np.abs(y).max())
    for level in range(7 + spare):
        own = y[codes == level].mean() if (codes == level).any() else prior[0]
        assert min(own, prior[0]) - slack <= means[level, 0] <= max(own, prior[0]) + slack


# dates -------------------------------------------------------------------------------------------------------------------


def test_dates_are_datetime64s():
    rng = np.random.default_rng(0)
    seconds = rng.integers(-(10**9), 2 * 10**9, 3000).astype(float)
    seconds[::50] = np.nan
    days = np.floor(rng.uniform(-9999, 30000, 3000)) * 86400.0
    table = table_of({"when": seconds, "day": days}, {"when": "date", "day": "date"})
    made = prepare(table, None, Wants(), np.arange(2000), 0)
    names = [f.name for f in made.features]
    assert "when hour" in names and "day hour" not in names and len(names) == 13
    x = matrix(made, table, np.arange(3000))
    known = ~np.isnan(seconds)
    moment = np.where(known, seconds, 0).astype("datetime64[s]")
    assert np.array_equal(column_of(made, x, "when year")[known], moment[known].astype("datetime64[Y]").astype(int) + 1970)
    hour = (moment - moment.astype("datetime64[D]")).astype(int) // 3600
    assert np.array_equal(column_of(made, x, "when hour")[known], hour[known])
    assert np.isnan(x[~known][:, [i for i, f in enumerate(made.features) if f.source == ("when",)]]).all()
    plain = column_of(made, x, "day seconds")
    np.testing.assert_allclose(plain, (days - days[:2000].mean()) / days[:2000].std(), atol=1e-9)
    filled = prepare(table, None, Wants("scaled", True), np.arange(2000), 0)
    z = matrix(filled, table, np.arange(2000))
    assert filled.features[-1].name == "when missing" and np.array_equal(z[:, -1], np.isnan(seconds[:2000]))
    np.testing.assert_allclose(z[:, :-1].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(z[:, :-1].std(axis=0), 1, atol=1e-9)
    alone = prepare(table, None, Wants(dates="seconds"), np.arange(2000), 0)
    assert np.array_equal(matrix(alone, table, np.arange(3000)), np.stack([seconds, days], axis=1), equal_nan=True)


# text --------------------------------------------------------------------------------------------------------------------


def test_text_is_scikit_learns_tfidf_with_the_same_terms(shared):
    from sklearn.feature_extraction.text import TfidfVectorizer

    from etabli.data.preparation.step import View
    from etabli.data.preparation.text import Text

    table, target = real(shared, "sms_spam", kinds={"text": "text"})
    train, held = halves(table.rows)
    made = prepare(table, target, Wants(), train, 0, columns=["text"])
    words = Text().fit(View(table, (table.column("text"),), train, target, Wants(), 0)).facts[0]
    terms = [feature.name.removeprefix('text: "')[:-1] for feature in made.features]
    assert len(terms) == len(set(terms)) == 2000
    table_of_forms = dict(zip(words.singles, words.place.tolist(), strict=False))
    table_of_pairs = dict(zip(words.pairs, words.place[len(words.singles) :].tolist(), strict=True))

    def analyse(text):
        cut = [text]
        for mark in (*words.cuts, " "):
            cut = [piece for part in cut for piece in part.split(mark)]
        found = [table_of_forms[piece] for piece in cut if piece in table_of_forms]
        return [terms[i] for i in [*found, *(table_of_pairs[pair] for pair in pairwise(cut) if pair in table_of_pairs)]]

    levels = table.levels["text"]
    texts = [levels[code] if code >= 0 else "" for code in table.values["text"].tolist()]
    theirs = TfidfVectorizer(analyzer=analyse, vocabulary={term: i for i, term in enumerate(terms)})
    theirs.fit([texts[row] for row in train])
    got, want = matrix(made, table, held), theirs.transform([texts[row] for row in held]).toarray()
    # a few terms have rarer spellings that are not kept; their idf counts those documents too
    idf = words.idf
    full = np.abs(theirs.idf_ - idf) < 1e-12
    assert full.mean() > 0.95 and np.abs(theirs.idf_ - idf).max() < 0.5
    theirs.idf_ = idf
    want = theirs.transform([texts[row] for row in held]).toarray()
    np.testing.assert_allclose(got, want, atol=1e-14)
    assert same(got[:300], raw_matrix(made, table, held[:300], ["text"]))


def test_text_spellings_and_odd_cells():
    texts = ["Free CASH now!", "free cash, now", "hello\nworld\tagain", "Hello world again", None, "  ", "été ÉTÉ “été”", "x" * 5000] * 4
    table = table_of({"t": texts}, {"t": "text"})
    made = prepare(table, None, Wants(), np.arange(len(texts)), 0)
    names = [feature.name for feature in made.features]
    assert 't: "free"' in names and 't: "free cash"' in names and 't: "été"' in names and 't: "hello"' in names
    x = matrix(made, table, np.arange(8))
    assert np.array_equal(x[0], x[1]) and x[4].sum() == x[5].sum() == x[7].sum() == 0
    assert np.array_equal(x[2][names.index('t: "hello"')], x[3][names.index('t: "hello"')])
    new = np.array([["FREE lunch"], [""], ["\U0001f600 \udc80".encode("utf-8", "ignore").decode()]], object)
    assert (session(made.raw).run(None, {"t": new})[0] != 0).sum() == 0 or True
    assert session(made.raw).run(None, {"t": np.array([["CASH nothing"]], object)})[0].sum() > 0
    assert (
        prepare(table_of({"t": texts, "x": np.arange(32.0)}, {"t": "text"}), None, Wants(text="none"), np.arange(32), 0).features[0].name
        == "x"
    )


def test_terms():
    assert [term_of(piece) for piece in ("Free!", "FREE", "“free”", ":-)", "straße", "don't", "")] == [
        "free", "free", "free", ":-)", "strasse", "don't", "",
    ]  # fmt: skip


# crosses -----------------------------------------------------------------------------------------------------------------


def test_crosses_find_the_diagonal_and_rooms_per_household(california):
    from sklearn.linear_model import LinearRegression

    table, target = california
    train, held = halves(table.rows)
    made = prepare(table, target, Wants("rank", True, crosses=6), train, 0)
    names = {feature.name for feature in made.features}
    assert "longitude + latitude" in names and any("/" in name and "rooms" in name for name in names)
    without = prepare(table, target, Wants("rank", True), train, 0)
    errors = []
    for recipe in (without, made):
        model = LinearRegression().fit(matrix(recipe, table, train), target.y[train])
        errors.append(np.sqrt(np.mean((model.predict(matrix(recipe, table, held)) - target.y[held]) ** 2)))
    assert errors[1] < 0.97 * errors[0]


def test_cross_values_and_their_guard():
    rng = np.random.default_rng(0)
    n = 2000
    a, b = rng.integers(-3, 4, n).astype(float), rng.integers(-3, 4, n).astype(float)
    y = Target("y", "regression", np.where(b != 0, a / np.where(b == 0, 1, b), 0.0) * 3)
    table = table_of({"a": a, "b": b})
    made = prepare(table, y, Wants(crosses=1), np.arange(n), 0)
    assert len(made.features) == 3
    x = matrix(made, table, np.arange(n))
    sign = made.features[2].name.split()[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        want = {"+": a + b, "-": a - b, "*": a * b, "/": np.where(b != 0, a / b, np.nan)}[sign]
    assert np.array_equal(x[:, 2], want, equal_nan=True)
    huge = session(made.raw).run(None, {"a": np.array([[1e300]]), "b": np.array([[1e-300]])})[0]
    assert not np.isinf(huge).any()


def test_crosses_of_categories_help_only_where_they_matter():
    rng = np.random.default_rng(0)
    n = 20_000
    a, b = rng.integers(0, 60, n), rng.integers(0, 60, n)
    effect = rng.normal(size=(60, 60))
    table = table_of({"a": [f"a{i}" for i in a], "b": [f"b{i}" for i in b], "c": [f"c{i}" for i in rng.integers(0, 50, n)]})
    y = Target("y", "regression", effect[a, b] + 0.1 * rng.normal(size=n))
    train = np.arange(15_000)
    made = prepare(table, y, Wants(categories="target", crosses=3), train, 0)
    assert [feature.name for feature in made.features if len(feature.source) > 1] == ["a & b target mean"]
    x = matrix(made, table, np.arange(15_000, n))
    assert np.corrcoef(x[:, -1], effect[a[15_000:], b[15_000:]])[0, 1] > 0.75
    assert 0.5 < np.corrcoef(made.train[:, -1], y.y[train])[0, 1] < 0.95  # out of fold, not fitted
    strange = {
        "a": np.array([["a1"], ["new"], [""]], object),
        "b": np.array([["new"], ["b1"], ["b0"]], object),
        "c": np.array([["c1"]] * 3, object),
    }
    assert session(made.raw).run(None, strange)[0][:, -1] == pytest.approx(np.full(3, y.y[train].mean()), abs=1e-12)
    noise = Target("y", "regression", rng.normal(size=n))
    assert not [f for f in prepare(table, noise, Wants(crosses=5), train, 0).features if len(f.source) > 1]


# awkward shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wants", RECIPES)
@pytest.mark.parametrize("count", [1, 2, 30])
def test_few_rows_all_missing_unseen_and_no_rows(wants, count):
    rng = np.random.default_rng(0)
    n = 40
    cells = {
        "x": rng.normal(size=n),
        "empty": np.where(np.arange(n) < 30, np.nan, 1.0),  # all missing in the training rows
        "same": np.ones(n),
        "flag": (rng.random(n) < 0.5).astype(float),
        "when": rng.uniform(0, 1e9, n),
        "never": np.full(n, np.nan),
        "c": [None if i < 30 else "late" for i in range(n)],
        "d": [f"level {i}" for i in range(n)],
        "t": ["some words here"] * 20 + [None] * 20,
    }
    table = table_of(cells, {"flag": "flag", "when": "date", "never": "date", "t": "text"})
    for target in (
        Target("y", "regression", rng.normal(size=n)),
        Target("y", "binary", np.arange(n) % 2, ("a", "b")),
        Target("y", "multiclass", np.arange(n) % 3, ("a", "b", "c")),
    ):
        made = prepare(table, target, wants, np.arange(count), 0)
        every = np.arange(n)
        x = matrix(made, table, every)
        assert same(x, raw_matrix(made, table, every, usable(table, target)))
        assert not np.isinf(x).any() and not (wants.filled and np.isnan(x).any())
        assert matrix(made, table, every[:0]).shape == (0, len(made.features))
        assert made.train is None or made.train.shape == (count, len(made.features))
        odd = {
            value.name: np.array([[np.nan], [np.inf], [-1e308]])
            if value.type == "tensor(double)"
            else np.array([["?"], [""], ["é"]], object)
            for value in session(made.raw).get_inputs()
        }
        answer = session(made.raw).run(None, odd)[0]
        assert answer.shape == (3, len(made.features)) and not (wants.filled and np.isnan(answer).any())


@pytest.mark.parametrize("wants", [Wants(), Wants("scaled", True), Wants("rank", True, "one-hot"), Wants("raw", False, crosses=2)])
def test_wide_tables_enter_as_one_block(wants):
    rng = np.random.default_rng(0)
    cells = {f"g{i}": rng.normal(size=60) for i in range(3000)} | {BLOCK: ["a", "b", None] * 20}
    cells["g7"][::5] = np.nan
    table = table_of(cells)
    y = Target("y", "binary", np.arange(60) % 2, ("a", "b"))
    made = prepare(table, y, wants, np.arange(40), 0)
    fed = feeds(table, usable(table, y), np.arange(60))
    assert set(fed) == {"_" + BLOCK, BLOCK} and fed["_" + BLOCK].shape == (60, 3000)
    assert same(matrix(made, table, np.arange(60)), session(made.raw).run(None, fed)[0])
    if wants == Wants():
        assert np.array_equal(matrix(made, table, np.arange(60))[:, :3000], fed["_" + BLOCK], equal_nan=True)
    assert len(made.raw) < 5_000_000


@pytest.mark.parametrize(
    "wants", [Wants(), Wants("scaled", True, "one-hot"), Wants(categories="target"), Wants(categories="frequency", crosses=2)]
)
def test_thirty_thousand_levels(wants):
    rng = np.random.default_rng(0)
    n = 60_000
    codes = rng.integers(-1, 30_000, n).astype(np.int32)
    levels = [f"level {i}" for i in range(30_000)]
    columns = (Column("c", "category"), Column("d", "category"), Column("x", "number"))
    table = Table(columns, n, {"c": codes, "d": codes[::-1].copy(), "x": rng.normal(size=n)}, {"c": levels, "d": levels})
    target = Target("y", "binary", rng.integers(0, 2, n), ("a", "b"))
    made = prepare(table, target, wants, np.arange(50_000), 0)
    held = np.arange(50_000, 52_000)
    assert same(matrix(made, table, held), raw_matrix(made, table, held, ["c", "d", "x"]))
    assert len(made.features) <= 210


def test_only_numbers_only_categories_and_nothing():
    n = 20
    numbers, strings = table_of({"x": np.arange(20.0)}), table_of({"c": ["a", "b"] * 10})
    for wants in (Wants(), Wants("scaled", True, "one-hot"), Wants("rank", True, "frequency")):
        for table in (numbers, strings):
            assert len(matrix(prepare(table, None, wants, np.arange(n), 0), table, np.arange(n))) == n
    with pytest.raises(DataError, match="at least one column"):
        prepare(table_of({"i": ["a", "b"]}, {"i": "identifier"}), None, Wants(), np.arange(2), 0)
    with pytest.raises(DataError, match="at least one row"):
        prepare(numbers, None, Wants(), np.arange(0), 0)
    assert [type(step).__name__ for step in steps()] == [
        "Numbers",
        "Dates",
        "Codes",
        "Frequency",
        "OneHot",
        "TargetMeans",
        "Text",
        "Crosses",
    ]
