"""The 146 models that `adopt` is measured on: every kind that people bring, on awkward data.

Rounded numbers (values sit on thresholds), very different scales, missing cells, categories nobody saw in training, texts with accents.
A case is fitted once and then written by établi and by the converters people use today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TRAIN, TEST, COLUMNS = 2_000, 10_000, 10
SCALE = np.array([1, 10, 100, 0.1, 1, 5, 1, 1000, 1, 1])
SHIFT = np.array([0, 50, 0, 0, 3, 0, 0, 5000, 0, 0])
WORDS = "the quick brown fox jumps over lazy dog alpha beta gamma delta re-run 3.5kg été naïve Straße a I".split()


@dataclass(frozen=True)
class Case:
    """model: not fitted yet. x, y: to fit on (y None: no target). held: rows it never saw. fit: further arguments of `fit`.
    trees: whether the raw score is a sum of trees, which must be equal bit for bit."""

    name: str
    group: str
    model: Any
    x: Any
    y: Any
    held: Any
    fit: dict[str, Any] = field(default_factory=dict)
    trees: bool = False


class Ground:
    """The data of all cases, made once from a seed."""

    def __init__(self, held: int = TEST, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.x, self.held = self._rows(TRAIN), self._rows(held)
        self.y = self._target(self.x)
        self.two, self.three = (self.y > 0.2).astype(int), np.digitize(self.y, [-0.6, 0.7])
        self.positive = np.exp(self.y / 3)
        self.gaps, self.held_gaps = self._gaps(self.x), self._gaps(self.held)
        self.coded, self.held_coded = self._coded(self.x, self.gaps), self._coded(self.held, self.held_gaps)
        whole = np.nan_to_num(self.coded)
        self.coded_y = self.y + 0.8 * np.isin(whole[:, 8], [1, 5, 7, 11, 19]) - 0.7 * np.isin(whole[:, 9], np.arange(0, 70, 3))
        self.coded_two = (self.coded_y > 0.2).astype(int)
        self.frame, self.held_frame = self._frame(self.x, self.gaps), self._frame(self.held, self.held_gaps)
        self.held_frame.loc[::97, "c"] = "unseen"

    def _rows(self, count: int) -> Any:
        x = self.random.normal(size=(count, COLUMNS)) * SCALE + SHIFT
        x[:, :4] = np.round(x[:, :4], 2)
        x[:, 4] = np.round(x[:, 4])
        return x

    def _target(self, x: Any) -> Any:
        z = (x - SHIFT) / SCALE
        noise = 0.2 * self.random.normal(size=len(x))
        return z[:, 0] + 0.5 * z[:, 1] * z[:, 2] + np.sin(3 * z[:, 3]) + 0.3 * z[:, 4] + noise

    def _gaps(self, x: Any) -> Any:
        made = x.copy()
        made[self.random.random(x.shape) < 0.1] = np.nan
        return made

    def _coded(self, x: Any, gaps: Any) -> Any:
        """Columns 8 and 9 are category numbers; the others have gaps, and column 8 too."""
        made = gaps.copy()
        made[:, 8] = np.floor(np.abs(x[:, 8]) * 12) % 24
        made[:, 9] = np.floor(np.abs(x[:, 9]) * 40) % 70
        made[self.random.random(len(x)) < 0.05, 8] = np.nan
        return made

    def _frame(self, x: Any, gaps: Any) -> Any:
        import pandas

        colours, codes = np.array(["red", "green", "blue", "Ü", "violet"]), np.array([f"z{i}" for i in range(40)])
        texts = [" ".join(np.random.default_rng(i).choice(WORDS, 6)) for i in range(len(x))]
        return pandas.DataFrame(
            {
                "a": x[:, 0],
                "b": x[:, 1],
                "m": gaps[:, 2],
                "k": x[:, 7],
                "c": colours[np.abs(x[:, 5] * 3).astype(int) % 5],
                "d": codes[np.abs(x[:, 6] * 20).astype(int) % 40],
                "t": texts,
            }
        )

    def texts(self, x: Any) -> Any:
        """CatBoost's categories: texts in columns f8 and f9."""
        import pandas

        made = pandas.DataFrame(x)
        for column in (8, 9):
            made[column] = made[column].fillna(-1).astype(int).astype(str)
        made.columns = [f"f{column}" for column in range(COLUMNS)]
        return made


def cases(held: int = TEST) -> Iterator[Case]:
    """All 146, group by group. held: rows to compare on."""
    ground = Ground(held)
    for group in (
        _linear,
        _vectors,
        _neighbours,
        _trees,
        _without_target,
        _networks,
        _meta,
        _preparation,
        _frames,
        _lightgbm,
        _xgboost,
        _catboost,
    ):
        yield from group(ground)


def _scaled(model: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model)


def _linear(g: Ground) -> Iterator[Case]:
    from sklearn import linear_model as lm
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import LinearSVC

    numbers = {
        "LinearRegression": lm.LinearRegression(),
        "Ridge": lm.Ridge(),
        "Lasso": lm.Lasso(0.01),
        "ElasticNet": lm.ElasticNet(0.01),
        "BayesianRidge": lm.BayesianRidge(),
        "Huber": lm.HuberRegressor(max_iter=500),
        "SGDRegressor": lm.SGDRegressor(random_state=0),
        "Quantile": lm.QuantileRegressor(alpha=0.01),
    }
    for name, model in numbers.items():
        yield Case(name, "linear", _scaled(model), g.x, g.y, g.held)
    yield Case("Poisson", "linear", _scaled(lm.PoissonRegressor()), g.x, g.positive, g.held)
    yield Case("PLSRegression", "linear", PLSRegression(3), g.x, g.y, g.held)
    yield Case("LogisticBin", "linear", _scaled(lm.LogisticRegression()), g.x, g.two, g.held)
    classes = {
        "LogisticMulti": lm.LogisticRegression(),
        "SGDClassifier": lm.SGDClassifier(loss="log_loss", random_state=0),
        "LinearSVC": LinearSVC(random_state=0),
        "RidgeClassifier": lm.RidgeClassifier(),
        "LDA": LinearDiscriminantAnalysis(),
        "QDA": QuadraticDiscriminantAnalysis(),
        "GaussianNB": GaussianNB(),
    }
    for name, model in classes.items():
        yield Case(name, "linear", _scaled(model), g.x, g.three, g.held)


def _vectors(g: Ground) -> Iterator[Case]:
    from sklearn import svm

    few, group = slice(1500), "support vectors"
    yield Case("SVC_rbf_bin", group, _scaled(svm.SVC()), g.x[few], g.two[few], g.held)
    yield Case("SVC_rbf_multi", group, _scaled(svm.SVC()), g.x[few], g.three[few], g.held)
    yield Case("SVC_rbf_proba", group, _scaled(svm.SVC(probability=True, random_state=0)), g.x[few], g.three[few], g.held)
    yield Case("NuSVC", group, _scaled(svm.NuSVC(nu=0.3)), g.x[few], g.two[few], g.held)
    yield Case("SVR", group, _scaled(svm.SVR()), g.x[few], g.y[few], g.held)
    yield Case("NuSVR", group, _scaled(svm.NuSVR()), g.x[few], g.y[few], g.held)
    yield Case("LinearSVR", group, _scaled(svm.LinearSVR(random_state=0)), g.x, g.y, g.held)
    yield Case("OneClassSVM", group, _scaled(svm.OneClassSVM()), g.x[few], None, g.held)


def _neighbours(g: Ground) -> Iterator[Case]:
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    yield Case("kNN_clf", "neighbours", _scaled(KNeighborsClassifier()), g.x, g.three, g.held)
    yield Case("kNN_reg", "neighbours", _scaled(KNeighborsRegressor()), g.x, g.y, g.held)
    yield Case("kNN_reg_dist", "neighbours", _scaled(KNeighborsRegressor(weights="distance")), g.x, g.y, g.held)


def _trees(g: Ground) -> Iterator[Case]:
    from sklearn import ensemble as en
    from sklearn import tree

    def case(name: str, model: Any, y: Any = None, gaps: bool = False, exact: bool = True) -> Case:
        x, held = (g.gaps, g.held_gaps) if gaps else (g.x, g.held)
        return Case(name, "trees", model, x, g.y if y is None else y, held, trees=exact)

    yield case("DecisionTree_reg", tree.DecisionTreeRegressor(random_state=0))
    yield case("DecisionTree_clf", tree.DecisionTreeClassifier(random_state=0), g.three)
    yield case("DecisionTree_missing", tree.DecisionTreeRegressor(random_state=0), gaps=True)
    yield case("RF_reg", en.RandomForestRegressor(20, random_state=0, n_jobs=1))
    yield case("RF_clf", en.RandomForestClassifier(20, random_state=0, n_jobs=1), g.three)
    yield case("RF_missing", en.RandomForestClassifier(20, random_state=0, n_jobs=1), g.three, gaps=True)
    yield case("ExtraTrees_clf", en.ExtraTreesClassifier(20, random_state=0), g.three)
    yield case("ExtraTrees_reg", en.ExtraTreesRegressor(20, random_state=0))
    yield case("GB_reg", en.GradientBoostingRegressor(random_state=0))
    yield case("GB_clf3", en.GradientBoostingClassifier(random_state=0), g.three)
    yield case("AdaBoost_clf", en.AdaBoostClassifier(random_state=0), g.two, exact=False)
    yield case("Bagging_reg", en.BaggingRegressor(random_state=0), exact=False)
    yield case("HGB_reg", en.HistGradientBoostingRegressor(random_state=0))
    yield case("HGB_clf3", en.HistGradientBoostingClassifier(random_state=0), g.three)
    yield case("HGB_missing", en.HistGradientBoostingRegressor(random_state=0), gaps=True)
    number = en.HistGradientBoostingRegressor(random_state=0, categorical_features=[8, 9])
    yield Case("HGB_cat", "trees", number, g.coded, g.coded_y, g.held_coded, trees=True)
    label = en.HistGradientBoostingClassifier(random_state=0, categorical_features=[8, 9])
    yield Case("HGB_cat_clf", "trees", label, g.coded, g.coded_two, g.held_coded, trees=True)
    yield case("HGB_poisson", en.HistGradientBoostingRegressor(loss="poisson", random_state=0), g.positive)
    yield case("HGB_quantile", en.HistGradientBoostingRegressor(loss="quantile", quantile=0.9, random_state=0))


def _without_target(g: Ground) -> Iterator[Case]:
    from sklearn import cluster, decomposition, mixture
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    models = {
        "IsolationForest": IsolationForest(random_state=0),
        "LOF_novelty": _scaled(LocalOutlierFactor(novelty=True)),
        "KMeans": _scaled(cluster.KMeans(8, random_state=0, n_init=2)),
        "MiniBatchKMeans": _scaled(cluster.MiniBatchKMeans(8, random_state=0)),
        "GMM": _scaled(mixture.GaussianMixture(4, random_state=0)),
        "BGMM": _scaled(mixture.BayesianGaussianMixture(n_components=4, random_state=0)),
        "Birch": _scaled(cluster.Birch(n_clusters=5)),
        "DBSCAN": cluster.DBSCAN(eps=50),
        "MeanShift": _scaled(cluster.MeanShift(bandwidth=3, bin_seeding=True)),
        "PCA": _scaled(decomposition.PCA(5)),
        "TruncatedSVD": _scaled(decomposition.TruncatedSVD(5, random_state=0)),
        "NMF": make_pipeline(MinMaxScaler(clip=True), decomposition.NMF(4, init="nndsvda", max_iter=500)),
        "FastICA": _scaled(decomposition.FastICA(4, random_state=0)),
        "IncrementalPCA": _scaled(decomposition.IncrementalPCA(4)),
        "FactorAnalysis": _scaled(decomposition.FactorAnalysis(3)),
    }
    for name, model in models.items():
        yield Case(name, "without a target", model, g.x, None, g.held)
    yield Case("KernelPCA", "without a target", _scaled(decomposition.KernelPCA(4, kernel="rbf")), g.x[:800], None, g.held)


def _networks(g: Ground) -> Iterator[Case]:
    from sklearn import gaussian_process as gp
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    size = {"hidden_layer_sizes": (64, 32), "max_iter": 60, "random_state": 0}
    yield Case("MLPClassifier", "networks and processes", _scaled(MLPClassifier(**size)), g.x, g.three, g.held)
    yield Case("MLPRegressor", "networks and processes", _scaled(MLPRegressor(**size)), g.x, g.y, g.held)
    number = gp.GaussianProcessRegressor(ConstantKernel() * RBF() + WhiteKernel(), random_state=0)
    yield Case("GPR", "networks and processes", _scaled(number), g.x[:300], g.y[:300], g.held)
    label = gp.GaussianProcessClassifier(random_state=0)
    yield Case("GPC", "networks and processes", _scaled(label), g.x[:300], g.two[:300], g.held)


def _meta(g: Ground) -> Iterator[Case]:
    from sklearn import ensemble as en
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.svm import LinearSVC

    labels = [("l", _scaled(LogisticRegression())), ("r", en.RandomForestClassifier(30, random_state=0))]
    numbers = [("l", _scaled(Ridge())), ("r", en.RandomForestRegressor(30, random_state=0))]
    hist = en.HistGradientBoostingClassifier(max_iter=30, random_state=0)
    forest = en.RandomForestClassifier(30, random_state=0)
    made = {
        "Voting_clf": (en.VotingClassifier(labels, voting="soft"), g.three),
        "Voting_reg": (en.VotingRegressor(numbers), g.y),
        "Stacking_clf": (en.StackingClassifier(labels), g.three),
        "Stacking_reg": (en.StackingRegressor(numbers), g.y),
        "Calib_sigmoid_svc": (CalibratedClassifierCV(_scaled(LinearSVC(random_state=0)), method="sigmoid", cv=3), g.two),
        "Calib_isotonic_rf": (CalibratedClassifierCV(forest, method="isotonic", cv=3), g.three),
        "Calib_isotonic_hgb": (CalibratedClassifierCV(hist, method="isotonic", cv=3), g.two),
        "Calib_temperature": (CalibratedClassifierCV(_scaled(LogisticRegression()), method="temperature", cv=3), g.three),
        "TransformedTarget": (TransformedTargetRegressor(_scaled(Ridge()), func=np.log1p, inverse_func=np.expm1), g.positive),
        "OneVsRest": (OneVsRestClassifier(_scaled(LogisticRegression())), g.three),
        "MultiOutput_hgb": (MultiOutputRegressor(en.HistGradientBoostingRegressor(max_iter=20)), np.c_[g.y, -g.y]),
    }
    for name, (model, y) in made.items():
        yield Case(name, "meta-estimators", model, g.x, y, g.held)
    yield Case("Isotonic", "meta-estimators", IsotonicRegression(out_of_bounds="clip"), g.x[:, :1], g.y, g.held[:, :1])


def _preparation(g: Ground) -> Iterator[Case]:
    from sklearn import preprocessing as pp
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
    from sklearn.impute import KNNImputer, SimpleImputer
    from sklearn.pipeline import make_pipeline

    group = "preparation"
    models = {
        "MinMaxScaler": pp.MinMaxScaler(),
        "RobustScaler": pp.RobustScaler(),
        "MaxAbs": pp.MaxAbsScaler(),
        "Normalizer": pp.Normalizer(),
        "KBins_onehot": pp.KBinsDiscretizer(5, quantile_method="linear"),
        "KBins_ordinal": pp.KBinsDiscretizer(5, encode="ordinal", quantile_method="linear"),
        "PowerYJ": pp.PowerTransformer(),
        "PowerBoxCox": make_pipeline(pp.MinMaxScaler((1, 2)), pp.PowerTransformer("box-cox")),
        "Quantile_unif": pp.QuantileTransformer(n_quantiles=100),
        "Quantile_norm": pp.QuantileTransformer(n_quantiles=100, output_distribution="normal"),
        "Spline": pp.SplineTransformer(5),
        "Poly": pp.PolynomialFeatures(2),
        "SelectKBest": SelectKBest(f_regression, k=4),
        "VarThr": VarianceThreshold(),
        "Binarizer": pp.Binarizer(threshold=0.5),
        "FunctionLog": pp.FunctionTransformer(np.abs),
    }
    for name, model in models.items():
        yield Case(f"pp_{name}", group, model, g.x, g.y, g.held)
    yield Case("pp_SimpleImputer", group, SimpleImputer(add_indicator=True), g.gaps, g.y, g.held_gaps)
    yield Case("pp_KNNImputer", group, KNNImputer(), g.gaps[:500], g.y[:500], g.held_gaps)


def _frames(g: Ground) -> Iterator[Case]:
    from sklearn import preprocessing as pp
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.feature_extraction import text
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import Pipeline, make_pipeline

    numbers, words = ["a", "b", "k"], ["c", "d"]
    scaled = ("n", pp.StandardScaler(), numbers)
    rare = pp.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=60)
    unknown = pp.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    filled = make_pipeline(SimpleImputer(strategy="most_frequent"), pp.OneHotEncoder(handle_unknown="ignore"))
    steps: dict[str, list[Any]] = {
        "OneHot": [scaled, ("c", pp.OneHotEncoder(handle_unknown="ignore"), words)],
        "OneHot_infreq": [scaled, ("c", rare, words)],
        "Ordinal": [scaled, ("c", unknown, words)],
        "Target": [scaled, ("c", pp.TargetEncoder(random_state=0), words)],
        "ImputeCat": [("n", SimpleImputer(), ["a", "m"]), ("c", filled, words)],
        "KBins": [("n", pp.KBinsDiscretizer(8, quantile_method="linear"), numbers)],
        "Power": [("n", pp.PowerTransformer(), numbers)],
        "QuantileT": [("n", pp.QuantileTransformer(n_quantiles=100), numbers)],
        "Spline": [("n", pp.SplineTransformer(), numbers)],
        "Tfidf": [scaled, ("t", text.TfidfVectorizer(), "t")],
        "Tfidf_char": [("t", text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)), "t")],
        "Tfidf_accents": [("t", text.TfidfVectorizer(strip_accents="unicode", ngram_range=(1, 2), sublinear_tf=True), "t")],
        "Count": [("t", text.CountVectorizer(), "t")],
        "Hashing": [("t", text.HashingVectorizer(n_features=256), "t")],
    }

    def case(name: str, parts: list[Any], model: Any, y: Any) -> Case:
        used = [column for _, _, columns in parts for column in ([columns] if isinstance(columns, str) else columns)]
        return Case(name, "frames", Pipeline([("ct", ColumnTransformer(parts)), ("m", model)]), g.frame[used], y, g.held_frame[used])

    for name, parts in steps.items():
        yield case(f"df_{name}", parts, Ridge(), g.y)
    yield case("df_OneHot_RF", steps["OneHot"], RandomForestClassifier(50, random_state=0), g.three)
    yield case("df_Target_HGB", steps["Target"], HistGradientBoostingRegressor(random_state=0), g.y)


def _lightgbm(g: Ground) -> Iterator[Case]:
    import lightgbm as lgb

    base = {"n_estimators": 100, "num_leaves": 31, "verbose": -1, "n_jobs": 1}
    numbers: dict[str, dict[str, Any]] = {
        "reg": {},
        "linear_tree": {"linear_tree": True},
        "dart": {"boosting_type": "dart"},
        "rf": {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        "quantile": {"objective": "quantile", "alpha": 0.9},
    }
    for name, more in numbers.items():
        yield Case(f"LGBM_{name}", "LightGBM", lgb.LGBMRegressor(**base, **more), g.x, g.y, g.held, trees=name != "linear_tree")
    group, known = "LightGBM", {"categorical_feature": [8, 9]}
    yield Case("LGBM_poisson", group, lgb.LGBMRegressor(objective="poisson", **base), g.x, g.positive, g.held, trees=True)
    yield Case("LGBM_clf3", group, lgb.LGBMClassifier(**base), g.x, g.three, g.held, trees=True)
    yield Case("LGBM_bin", group, lgb.LGBMClassifier(**base), g.x, g.two, g.held, trees=True)
    yield Case("LGBM_missing", group, lgb.LGBMRegressor(**base), g.gaps, g.y, g.held_gaps, trees=True)
    zeros = lgb.LGBMRegressor(zero_as_missing=True, **base)
    yield Case("LGBM_zero_as_missing", group, zeros, np.nan_to_num(g.gaps), g.y, np.nan_to_num(g.held_gaps), trees=True)
    yield Case("LGBM_cat", group, lgb.LGBMRegressor(**base), g.coded, g.coded_y, g.held_coded, known, trees=True)
    yield Case("LGBM_cat_bin", group, lgb.LGBMClassifier(**base), g.coded, g.coded_two, g.held_coded, known, trees=True)
    yield Case("LGBM_ranker", group, lgb.LGBMRanker(**base), g.x, g.three, g.held, {"group": [100] * 20}, trees=True)


def _xgboost(g: Ground) -> Iterator[Case]:
    import xgboost as xgb

    base: dict[str, Any] = {"n_estimators": 100, "max_depth": 6, "n_jobs": 1}
    group = "XGBoost"
    yield Case("XGB_reg", group, xgb.XGBRegressor(**base), g.x, g.y, g.held, trees=True)
    yield Case("XGB_bin", group, xgb.XGBClassifier(**base), g.x, g.two, g.held, trees=True)
    yield Case("XGB_clf3", group, xgb.XGBClassifier(**base), g.x, g.three, g.held, trees=True)
    yield Case("XGB_missing", group, xgb.XGBRegressor(**base), g.gaps, g.y, g.held_gaps, trees=True)
    yield Case("XGB_poisson", group, xgb.XGBRegressor(objective="count:poisson", **base), g.x, g.positive, g.held, trees=True)
    yield Case("XGB_dart", group, xgb.XGBRegressor(booster="dart", **base), g.x, g.y, g.held, trees=True)
    yield Case("XGB_gblinear", group, xgb.XGBRegressor(booster="gblinear", n_estimators=50, n_jobs=1), g.x, g.y, g.held)
    native = xgb.XGBRegressor(enable_categorical=True, feature_types=["q"] * 8 + ["c"] * 2, max_cat_to_onehot=1, **base)
    yield Case("XGB_cat", group, native, g.coded, g.coded_y, g.held_coded, trees=True)
    quantiles = xgb.XGBRegressor(objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9], **base)
    yield Case("XGB_quantile", group, quantiles, g.x, g.y, g.held, trees=True)
    together = xgb.XGBRegressor(multi_strategy="multi_output_tree", **base)
    yield Case("XGB_multi_output", group, together, g.x, np.c_[g.y, -g.y], g.held, trees=True)
    queries = {"qid": np.repeat(np.arange(20), 100)}
    yield Case("XGB_ranker", group, xgb.XGBRanker(**base), g.x, g.three, g.held, queries, trees=True)


def _catboost(g: Ground) -> Iterator[Case]:
    import catboost as cb

    base: dict[str, Any] = {"iterations": 100, "verbose": 0, "thread_count": 1, "allow_writing_files": False}
    group = "CatBoost"
    yield Case("CatB_reg", group, cb.CatBoostRegressor(**base), g.x, g.y, g.held, trees=True)
    yield Case("CatB_bin", group, cb.CatBoostClassifier(**base), g.x, g.two, g.held, trees=True)
    yield Case("CatB_clf3", group, cb.CatBoostClassifier(**base), g.x, g.three, g.held, trees=True)
    yield Case("CatB_missing", group, cb.CatBoostRegressor(**base), g.gaps, g.y, g.held_gaps, trees=True)
    yield Case("CatB_lossguide", group, cb.CatBoostRegressor(grow_policy="Lossguide", **base), g.x, g.y, g.held, trees=True)
    unsure = cb.CatBoostRegressor(loss_function="RMSEWithUncertainty", **base)
    yield Case("CatB_uncertainty", group, unsure, g.x, g.y, g.held)
    words = ["f8", "f9"]
    texts, held = g.texts(g.coded), g.texts(g.held_coded)
    yield Case("CatB_cat", group, cb.CatBoostRegressor(cat_features=words, **base), texts, g.coded_y, held, trees=True)
    one_hot = cb.CatBoostRegressor(cat_features=words, one_hot_max_size=255, **base)
    yield Case("CatB_cat_onehot", group, one_hot, texts, g.coded_y, held, trees=True)
