"""Support vector machines and their margins, against scikit-learn; what keeps a file's last digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.families import coupling, kernel, margins, svm
from etabli.families.conformance import answers
from etabli.families.hinge import minimise
from etabli.families.linearsvm import LinearSVM
from etabli.families.logistic import Logistic
from etabli.families.randomfeatures import RandomFeatures
from etabli.families.ridge import recipes
from etabli.graph.links import apply
from etabli.records import Data, Facts, Setting

SCALED = recipes(Facts("binary", 2, 100, 5))[0]


def never():
    return False


def made(rows=200, columns=6, classes=3, seed=0, task="multiclass", curved=False):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    seen = np.hstack([x, x**2 - 1]) if curved else x
    z = 2 * seen @ random.normal(size=(seen.shape[1], classes)) + random.gumbel(size=(rows, classes))
    y = 1e3 + 50 * z[:, 0] if task == "regression" else z.argmax(axis=1)
    return Data(x, y, (), task, 0 if task == "regression" else classes), random.integers(1, 4, rows).astype(float)


def setting(name="svm", **values):
    return Setting(name, values, SCALED)


def log_loss(fitted, data):
    score = apply(fitted.native(data.x), fitted.link)
    share = np.where(data.y == 1, score[:, 0], 1 - score[:, 0]) if data.task == "binary" else score[np.arange(len(data.y)), data.y]
    return -np.log(share).mean()


# the linear machines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_squared_hinge_equals_scikit_learn(weighted):
    from sklearn.svm import LinearSVC

    data, weight = made(classes=2)
    weight = weight if weighted else np.ones(len(weight))
    penalties = np.array([1e-3, 1e-1])
    shares = np.repeat((weight / weight.sum())[:, None], 2, 1)
    w = minimise(data.x, np.repeat(2.0 * data.y[:, None] - 1, 2, 1), shares, penalties, None, never)
    for i, penalty in enumerate(penalties):
        theirs = LinearSVC(C=1 / (penalty * weight.sum()), tol=1e-10, max_iter=1_000_000, intercept_scaling=30.0, random_state=0)
        theirs.fit(data.x, data.y, sample_weight=weight)
        assert np.abs(data.x @ w[:-1, i] + w[-1, i] - theirs.decision_function(data.x)).max() < 2e-3  # their intercept is shrunk a little


def test_squared_insensitive_loss_equals_scikit_learn():
    from sklearn.svm import LinearSVR

    data, _ = made(task="regression")
    y, share = (data.y - data.y.mean()) / data.y.std(), np.full((len(data.y), 1), 1 / len(data.y))
    w = minimise(data.x, y[:, None], share, np.array([1e-2]), 0.1, never)
    theirs = LinearSVR(
        epsilon=0.1,
        loss="squared_epsilon_insensitive",
        C=1 / (1e-2 * len(y)),
        tol=1e-10,
        max_iter=1_000_000,
        intercept_scaling=30.0,
        random_state=0,
    ).fit(data.x, y)
    assert np.abs(data.x @ w[:-1, 0] + w[-1, 0] - theirs.predict(data.x)).max() < 1e-3


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_hinge_gradient_vanishes_and_weights_are_repeated_rows(seed, numbers):
    data, weight = made(rows=50, columns=4, classes=2, seed=seed)
    hard = np.column_stack([data.x, data.x[:, 0], np.full(50, 3.0)])
    repeated = np.repeat(np.arange(50), weight.astype(int))
    t, width, penalty = (hard[:, :1] * 2 + data.y[:, None], 0.1, 1e-3) if numbers else (2.0 * data.y[:, None] - 1, None, 1e-3)
    one = minimise(hard, t, (weight / weight.sum())[:, None], np.array([penalty]), width, never)
    two = minimise(hard[repeated], t[repeated], np.full((len(repeated), 1), 1 / len(repeated)), np.array([penalty]), width, never)
    assert np.abs(hard @ (one - two)[:-1] + (one - two)[-1]).max() < 1e-4
    z = hard @ one[:-1] + one[-1]
    slope = -2 * t * np.maximum(1 - t * z, 0) if width is None else 2 * np.sign(z - t) * np.maximum(np.abs(z - t) - width, 0)
    gradient = hard.T @ (slope * weight[:, None] / weight.sum()) + penalty * one[:-1]
    assert np.abs(gradient).max() < 1e-8


def test_blocks_give_the_same(monkeypatch):
    from etabli.families import hinge

    data, _ = made(classes=4)
    path = [setting("linearsvm", penalty=p) for p in (1e-3, 1e-1)]
    whole = LinearSVM().fit_path(path, data, never)
    monkeypatch.setattr(hinge, "BLOCK", 500)
    monkeypatch.setattr(hinge, "EIGEN_COLUMNS", 2)
    for one, other in zip(whole, LinearSVM().fit_path(path, data, never), strict=True):
        assert np.abs(one.native(data.x) - other.native(data.x)).max() < 1e-5


def test_inner_margins_of_unseen_rows_scale_better_than_training_margins(monkeypatch):
    """Forty columns for eighty rows: training margins look sure of themselves."""
    data, test = made(rows=80, columns=40, classes=2, task="binary")[0], made(rows=2000, columns=40, classes=2, task="binary")[0]
    random = np.random.default_rng(7)
    truth = random.normal(size=40) / 4
    data, test = (
        replace(d, y=(d.x @ truth + random.logistic(size=len(d.y)) > 0).astype(np.int64))
        for d in (data, replace(test, x=random.normal(size=test.x.shape)))
    )
    crossed = LinearSVM().fit(setting("linearsvm", penalty=0.01), data, never)
    monkeypatch.setattr("etabli.families.linearsvm.ENOUGH", 0)
    trained = LinearSVM().fit(setting("linearsvm", penalty=0.01), data, never)
    assert log_loss(crossed, test) < log_loss(trained, test) - 0.2


# margins to log-odds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 4])
def test_scale_is_a_likelihood_s_maximum(classes):
    """No slope or level near the one found has a higher likelihood of the softened targets."""
    data, weight = made(classes=classes)
    z = np.random.default_rng(1).normal(size=(200, 1 if classes == 2 else classes)) + 2.0 * (
        data.y[:, None] == np.arange(classes)[-1 if classes == 2 else 0 :]
    )
    slope, levels = margins.scale(z, data.y, weight)

    def value(slope, levels):
        raw = slope * z + levels
        p = np.hstack([1 - apply(raw, "sigmoid"), apply(raw, "sigmoid")]) if classes == 2 else apply(raw, "softmax")
        hot = data.y[:, None] == np.arange(classes)
        soft = 1 / (weight * len(data.y) / weight.sum() @ hot + 2)
        wanted = np.where(hot, 1 - soft[data.y][:, None], soft[data.y][:, None] / (classes - 1))
        return -(weight @ (wanted * np.log(p)).sum(axis=1))

    best = value(slope, levels)
    assert slope > 0
    for step in (1e-3, -1e-3):
        assert value(slope + step, levels) > best
        for k in range(len(levels)):
            assert value(slope, levels + step * (np.arange(len(levels)) == k)) > best


@settings(max_examples=20, deadline=None)
@given(st.floats(1e-6, 1e6), st.integers(0, 1000))
def test_scale_does_not_mind_the_unit_of_margins(unit, seed):
    data, _ = made(rows=60, classes=2, seed=seed)
    z = np.random.default_rng(seed).normal(size=(60, 1)) + data.y[:, None]
    slope, levels = margins.scale(z, data.y, None)
    scaled, same = margins.scale(unit * z, data.y, None)
    assert np.allclose(scaled * unit, slope, rtol=1e-4) and np.allclose(levels, same, rtol=1e-3, atol=1e-5)


def test_scale_of_separable_and_of_misleading_margins():
    y = np.repeat([0, 1], 50)
    slope, levels = margins.scale(2.0 * y[:, None] - 1, y, None)
    assert np.allclose(apply(slope * np.array([[-1.0], [1.0]]) + levels, "sigmoid")[:, 0], [1 / 52, 51 / 52])  # Platt's targets, reached
    slope, levels = margins.scale(1 - 2.0 * y[:, None], y, None)
    assert slope == 0 and np.allclose(levels, 0)


def test_parts_deal_every_class():
    y = np.array([0] * 10 + [1] * 4 + [2])
    split = margins.parts(y, 0)
    assert all(np.ptp(np.bincount(split[y == k], minlength=3)) <= 1 for k in range(3))
    assert np.array_equal(split, margins.parts(y, 0)) and not np.array_equal(split, margins.parts(y, 1))


# kernel machines -------------------------------------------------------------------------------------------------------


def test_the_kernel_is_scikit_learn_s():
    from sklearn.metrics.pairwise import rbf_kernel

    x = kernel.clipped(3 * np.random.default_rng(0).normal(size=(50, 5)))
    assert np.abs(x).max() == kernel.CLIP
    assert np.abs(kernel.gaussian(x, x[:20], 0.3) - rbf_kernel(x, x[:20], 0.3)).max() < 1e-13


@pytest.mark.parametrize("constant", [1.0, 10.0])
def test_regression_is_the_library_s(constant):
    from sklearn.svm import SVR

    data, weight = made(task="regression", curved=True)
    data = replace(data, weight=weight)
    fitted = svm.SVM().fit(setting(C=constant, gamma=0.5), data, never)
    weight = weight / weight.mean()  # as the family does it: another last digit is another path of libsvm to the same tolerance
    x, share = kernel.clipped(data.x), weight / weight.sum()
    mean = share @ data.y
    spread = np.sqrt(share @ (data.y - mean) ** 2)
    theirs = SVR(C=constant, gamma=0.5 / x.var(axis=0).sum(), epsilon=0.1).fit(x, (data.y - mean) / spread, weight)
    assert np.abs(fitted.native(data.x)[:, 0] - theirs.predict(x) * spread - mean).max() < 1e-10 * np.abs(data.y).max()


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_classes_are_the_library_s_margins_scaled(classes):
    """Two classes: a slope and a level of the decision function. More: its pairs of classes, each with a slope and a level, coupled."""
    from sklearn.svm import SVC

    data, _ = made(rows=400, classes=classes, task="binary" if classes == 2 else "multiclass", curved=True)
    fitted = svm.SVM().fit(setting(C=10.0, gamma=0.5), data, never)
    x = kernel.clipped(data.x)
    theirs = SVC(C=10.0, gamma=0.5 / x.var(axis=0).sum(), decision_function_shape="ovo").fit(x, data.y)
    m = theirs.decision_function(x).reshape(len(x), -1)
    raw = fitted.native(data.x)
    if classes == 2:
        line = np.polynomial.Polynomial.fit(m[:, 0], raw[:, 0], 1)
        assert line.convert().coef[1] > 0 and np.abs(line(m[:, 0]) - raw[:, 0]).max() < 1e-10
    else:
        kept = fitted.arrays
        pairs = kept["slopes"] * (m - theirs.intercept_) + kept["levels"]
        assert np.abs(coupling.scores(pairs, classes) @ kept["spread"] + kept["bias"] - raw).max() < 1e-10
        assert np.abs(raw.sum(axis=1)).max() < 1e-12
        assert (kept["slopes"] > 0).all() and (raw.argmax(axis=1) == data.y).mean() > (theirs.predict(x) == data.y).mean() - 0.03
    assert np.abs(answers(svm.SVM(), fitted, data.x)[1] - raw).max() < 1e-13 * max(1, np.abs(raw).max())


def test_coupling_by_hand():
    u = np.array([[0.3, -1.0, 2.0]])  # 0 against 1, 0 against 2, 1 against 2
    lost = lambda v: np.log(1 + np.exp(-v))  # noqa: E731
    wanted = [-lost(0.3) - lost(-1.0), -lost(-0.3) - lost(2.0), -lost(1.0) - lost(-2.0)]
    assert np.allclose(coupling.scores(u, 3)[0], wanted, rtol=1e-14)


def test_a_class_missing_from_an_inner_part_and_one_from_all():
    data, _ = made(rows=60, classes=3)
    rare = replace(data, y=np.where(np.arange(60) == 0, 2, data.y % 2), classes=4)
    for family in (svm.SVM(), LinearSVM(), RandomFeatures()):
        one = next(s for s in family.settings(Facts("multiclass", 4, 60, 6)))
        share = apply(family.fit(one, rare, never).native(rare.x), "softmax")
        assert np.isfinite(share).all() and 0 < share[:, 3].mean() < 0.1 and share[:, 2].mean() < 0.2


def test_alternating_sums_stay_small_and_keep_digits():
    random = np.random.default_rng(0)
    coefficients = np.concatenate([random.uniform(0, 10, 1500), -random.uniform(0, 10, 1400)])
    order = kernel.alternating(coefficients)
    assert np.array_equal(np.sort(order), np.arange(2900))
    assert np.abs(np.cumsum(coefficients[order])[:2500]).max() <= 10 and np.abs(np.cumsum(coefficients)).max() > 5000
    points = random.normal(size=(2900, 8))
    x = random.normal(size=(200, 8))
    gamma, off = 0.02, []
    near = np.exp(-np.longdouble(gamma) * ((x[:, None].astype(np.longdouble) - points) ** 2).sum(axis=2))
    exact = near @ coefficients[:, None]
    fitted = svm.SVM().fit(setting(C=1.0, gamma=1.0), made(task="regression", columns=8)[0], never)
    for rows in (np.arange(2900), order):
        kept = kernel.arrays(points[rows], coefficients[rows, None], np.zeros(1), gamma)
        off.append(np.abs(answers(svm.SVM(), replace(fitted, arrays=kept), x)[1] - exact).max())
    assert off[1] < off[0] / 3


def test_too_many_rows_are_drawn_from(monkeypatch):
    monkeypatch.setattr(svm, "ROWS", 100)
    monkeypatch.setattr(svm, "LEAST_ROWS", 50)
    data, _ = made(rows=1000, classes=2, task="binary", curved=True)
    fitted = svm.SVM().fit(setting(C=1.0, gamma=1.0), data, never)
    assert len(fitted.arrays["points"]) <= 100
    assert np.array_equal(fitted.native(data.x), svm.SVM().fit(setting(C=1.0, gamma=1.0), data, never).native(data.x))
    wide = Facts("binary", 2, 10_000, 100_000)
    assert (
        svm.SVM().cost(svm.SVM().settings(wide)[0], wide).work == svm.SVM().cost(svm.SVM().settings(wide)[0], replace(wide, rows=50)).work
    )


@pytest.mark.parametrize("family", [svm.SVM(), RandomFeatures()])
def test_skewed_targets_are_tried_by_their_logarithm(family):
    data, _ = made(rows=300, task="regression")
    data = replace(data, y=np.exp((data.y - 1e3) / 100))
    facts = Facts("regression", 0, 300, 6, range="positive", skewed=True)
    logs = [s for s in family.settings(facts) if s.values.get("target") == "log"]
    assert logs and not [s for s in family.settings(replace(facts, range="nonnegative")) if "target" in s.values]
    fitted = family.fit(logs[0], data, never)
    value = apply(answers(family, fitted, data.x)[1], fitted.link)
    assert fitted.link == "exp" and value.min() > 0 and np.corrcoef(np.log(value[:, 0]), np.log(data.y))[0, 1] > 0.9


# random features -------------------------------------------------------------------------------------------------------


def test_all_rows_as_landmarks_are_kernel_ridge():
    """scikit-learn's kernel ridge has no intercept: both are given a centred kernel and target by their predictions' differences."""
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.preprocessing import KernelCenterer

    data, _ = made(rows=150, task="regression", curved=True)
    fitted = RandomFeatures().fit(setting("randomfeatures", gamma=2.0, features=150, penalty=1e-3), data, never)
    x = kernel.clipped(data.x)
    near = KernelCenterer().fit_transform(kernel.gaussian(x, x, 2.0 / x.var(axis=0).sum()))
    theirs = KernelRidge(alpha=1e-3 * 150, kernel="precomputed").fit(near, data.y - data.y.mean())
    assert np.abs(theirs.predict(near) + data.y.mean() - fitted.native(data.x)[:, 0]).max() < 1e-4 * data.y.std()


def test_more_rows_more_features_until_they_cost_too_much():
    from etabli.families import head

    counts = [head.count(Facts("regression", 0, rows, 10)) for rows in (100, 1_000, 10_000, 30_000)]
    assert counts == sorted(counts) and counts[0] == head.LEAST and counts[-1] == head.MOST
    assert head.count(Facts("regression", 0, 1_000_000, 10)) == head.LEAST
    assert head.count(Facts("multiclass", 26, 16_000, 16)) < head.count(Facts("binary", 2, 16_000, 16))


# real data -------------------------------------------------------------------------------------------------------------


def test_kernels_beat_lines_on_letters(shared):
    import pyarrow.parquet as parquet

    table = parquet.read_table(shared / "letters.parquet").slice(0, 2500).to_pandas()
    x = table.drop(columns="lettr").to_numpy(np.float64)
    x = (x - x[:1000].mean(axis=0)) / x[:1000].std(axis=0)
    y = np.unique(table["lettr"], return_inverse=True)[1].astype(np.int64)
    train, test = (Data(np.ascontiguousarray(x[rows]), y[rows], (), "multiclass", 26) for rows in (slice(0, 1000), slice(1000, None)))
    line = Logistic().fit(setting("logistic", penalty=1e-3), train, never)
    best = {
        family.name: family.fit(one, train, never)
        for family, one in (
            (svm.SVM(), setting(C=10.0, gamma=1.0)),
            (RandomFeatures(), setting("randomfeatures", gamma=1.0, features=300, penalty=1e-5)),
        )
    }
    for fitted in best.values():
        assert log_loss(fitted, test) < log_loss(line, test) - 0.1
