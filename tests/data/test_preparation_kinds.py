"""What each kind of column becomes, against numpy and scikit-learn on real tables."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.data.preparation import matrix, prepare, statistics
from etabli.data.preparation.scaling import moments, quantile_knots
from etabli.data.preparation.text import term_of
from etabli.errors import UsageError
from etabli.graph.run import session
from etabli.records import Column, Table, Target, Wants
from tests.data.tables import RECIPES, column_of, halves, raw_matrix, real, same, table_of


@pytest.fixture(scope="module")
def adult(shared):
    return real(shared, "adult_income")


@pytest.fixture(scope="module")
def california(shared):
    return real(shared, "california_housing")


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
    slack = 1e-12 * max(map(abs, values))
    assert min(values) - slack <= mean <= max(values) + slack


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
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 if distinct <= 200 else 0.08)
        if distinct > 200:
            np.testing.assert_allclose(got[np.abs(want) < 3], want[np.abs(want) < 3], rtol=0, atol=0.05)
            theirs = QuantileTransformer(n_quantiles=1000, output_distribution="normal", subsample=None).fit(cells[train][:, None])
            inner = np.abs(want) < 2.5  # beyond their outer quantile (0.1 %, 3.1) they stretch the ends to 5.2 standard deviations
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
        lines = [text]
        for mark in words.cuts:
            lines = [piece for part in lines for piece in part.split(mark)]
        cut = [piece for line in lines for piece in [*line.split(" "), ""]]  # no pair of words across a line end
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
    assert {names[i] for i in np.flatnonzero(x[2])} == {'t: "hello"', 't: "world"', 't: "again"'}
    assert {names[i] for i in np.flatnonzero(x[3])} == {'t: "hello"', 't: "world"', 't: "again"', 't: "hello world"', 't: "world again"'}
    known = np.array([["CASH nothing"], ["\U0001f600"], [" now!"]], object)
    assert [row.sum() for row in session(made.raw).run(None, {"t": known})[0]] == [1, 0, 1]
    # how far a row is padded depends on the others, its answer does not
    lines = ["hello\nworld", "free\ncash now", "free cash\tagain hello", "\n\n", "now \n again", "hello\tworld\nagain " * 3]
    together = session(made.raw).run(None, {"t": np.array(lines, object)[:, None]})[0]
    alone = [session(made.raw).run(None, {"t": np.array([[line]], object)})[0][0] for line in lines]
    assert same(together, np.stack(alone)) and together[0][names.index('t: "hello world"')] == 0
    assert (
        prepare(table_of({"t": texts, "x": np.arange(32.0)}, {"t": "text"}), None, Wants(text="none"), np.arange(32), 0).features[0].name
        == "x"
    )


def test_terms():
    assert [term_of(piece) for piece in ("Free!", "FREE", "“free”", ":-)", "straße", "don't", "")] == [
        "free", "free", "free", ":-)", "strasse", "don't", "",
    ]  # fmt: skip
