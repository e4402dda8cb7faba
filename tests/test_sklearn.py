"""`etabli.Classifier` and `etabli.Regressor` as scikit-learn wants its estimators: its own checks, and the tools that people put around them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import etabli
import etabli.examples

WEIGHTS = (
    "rows of weight 2 and rows given twice are dealt to other folds, and the check's 9 rows are fewer than the 10 that etabli learns from"
)
UNMET = {
    "Classifier": {
        "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
        "check_class_weight_classifiers": "class weights bend the fit; calibration undoes them, so that probabilities stay true. Labels move by `cost`",
    },
    "Regressor": {"check_sample_weight_equivalence_on_dense_data": WEIGHTS},
}
SMALL: dict[str, Any] = {"effort": "glance"}


@parametrize_with_checks(
    [etabli.Classifier(families=("naivebayes",), **SMALL), etabli.Regressor(families=("ols",), **SMALL)],
    expected_failed_checks=lambda estimator: UNMET[type(estimator).__name__],
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore")  # the checks warn on purpose, and ask for what warns
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_what_does_not_hold_is_in_the_documentation() -> None:
    page = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
    said = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `check_")}
    assert said == {name for names in UNMET.values() for name in names}


@pytest.fixture(scope="module")
def penguins() -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.read_csv(etabli.examples.path("penguins.csv")).dropna(subset=["body_mass_g"]).set_index("year", drop=False)


@pytest.fixture(scope="module")
def species(penguins: Any) -> Any:
    return etabli.Classifier(families=("lda",), **SMALL).fit(penguins.drop(columns="species"), penguins["species"])


def test_a_classifier_answers_in_the_words_it_was_given(penguins: Any, species: Any) -> None:
    X = penguins.drop(columns="species")
    assert species.classes_.tolist() == ["Adelie", "Chinstrap", "Gentoo"] and species.score(X, penguins["species"]) > 0.97
    proba, sets = species.predict_proba(X), species.predict_set(X, confidence=0.95)
    assert np.allclose(proba.sum(1), 1) and (species.classes_[proba.argmax(1)] == species.predict(X)).all()
    assert type(sets) is type(X) and sets.index.equals(X.index) and list(sets) == species.classes_.tolist()
    truth = sets.to_numpy()[np.arange(len(X)), np.searchsorted(species.classes_, penguins["species"])]
    assert truth.mean() > 0.93 and species.novelty(X.assign(bill_length_mm=500.0)).max() < 0.01
    assert species.study_.result["target"] == "species" and species.study_.leaderboard and Path(species.study_.folder).is_dir()
    polars = pytest.importorskip("polars")
    assert isinstance(species.predict_set(polars.from_pandas(X).lazy()), polars.DataFrame)


def test_it_is_pickled_as_its_file_and_its_folder_goes_with_it(penguins: Any, tmp_path: Path) -> None:
    X = penguins[["bill_length_mm", "sex"]]
    made = etabli.Regressor(families=("ridge",), **SMALL).fit(X, penguins["body_mass_g"])
    folder, held = made.study_.folder, pickle.dumps(made)
    assert b"sklearn.linear_model" not in held and len(held) < 2 * len(made._onnx) + 100_000
    again = pickle.loads(held)
    assert np.array_equal(again.predict(X), made.predict(X)) and str(again.study_) == str(made.study_)
    assert etabli.load(made.save(tmp_path / "mass.onnx")).predict(X)["prediction"][:, 0].tolist() == made.predict(X).tolist()
    ends = made.predict_interval(X, confidence=0.8)
    assert list(ends) == ["lower", "upper"] and ends.index.equals(X.index) and (ends["lower"] < made.predict(X)).all()
    assert not clone(made).__sklearn_is_fitted__() and folder.is_dir()
    del made
    assert not folder.exists()


@pytest.mark.parametrize(
    "labels",
    [[False, True], [0.5, 1.5], ["NA", "?"], ["yes", "no"], ["01", "1"], [-1, 7], ["a b", " a b"], ["class_1", "class_0"], ["é>ü", "x|y"]],
    ids=repr,
)
def test_any_labels_come_back(labels: list[Any]) -> None:
    rng = np.random.default_rng(0)
    y = np.array(labels)[rng.permutation(np.arange(60) % 2)]
    X = np.column_stack([(y == labels[0]) + rng.normal(0, 0.2, 60), rng.normal(size=60)])
    if y.dtype.kind == "f":
        with pytest.raises(ValueError, match="Unknown label type"):
            etabli.Classifier(**SMALL).fit(X, y)
        return
    made = etabli.Classifier(families=("naivebayes",), cost={(labels[0], labels[1]): 1, (labels[1], labels[0]): 2}, **SMALL).fit(X, y)
    assert made.predict(X).dtype == y.dtype and (made.predict(X) == y).mean() > 0.9
    assert (made.classes_ == np.unique(y)).all() and (made.predict_proba(X).argmax(1) == np.searchsorted(made.classes_, y)).mean() > 0.9


def test_scikit_learns_tools_drive_it(penguins: Any) -> None:
    X, y = penguins.drop(columns=["species"]), penguins["species"]
    groups = penguins["island"] + penguins["year"].astype(str)
    piped = make_pipeline(FunctionTransformer(lambda frame: frame.drop(columns="year")), etabli.Classifier(families=("lda",), **SMALL))
    found = cross_validate(piped, X, y, groups=groups, cv=GroupKFold(2), scoring="accuracy", error_score="raise")
    assert found["test_score"].min() > 0.9
    search = GridSearchCV(etabli.Classifier(**SMALL), {"families": [("naivebayes",), ("lda",)]}, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ > 0.9 and search.best_params_["families"] in [("naivebayes",), ("lda",)]


def test_groups_and_weights_reach_the_run(penguins: Any, tmp_path: Path) -> None:
    X, weight = penguins[["bill_length_mm", "sex"]], np.where(penguins["year"] == 2007, 0.0, 2.0)
    made = etabli.Regressor(families=("ridge",), out=str(tmp_path / "kept.etabli"), **SMALL)
    made.fit(X, penguins["body_mass_g"], sample_weight=weight, groups=penguins["island"])
    assert made.study_.result["split"]["kind"] == "grouped" and made.study_.result["rows"] == int((weight > 0).sum())
    assert (tmp_path / "kept.etabli" / "report.html").exists()
    with config_context(enable_metadata_routing=True):
        routed = (
            etabli.Regressor(families=("ridge",), **SMALL)
            .set_fit_request(groups=True, sample_weight=True)
            .set_score_request(sample_weight=True)
        )
        params = {"groups": penguins["island"], "sample_weight": weight}
        found = cross_validate(routed, X, penguins["body_mass_g"], params=params, cv=2, error_score="raise", return_estimator=True)
    assert {one.study_.result["split"]["kind"] for one in found["estimator"]} == {"grouped"}


def test_refusals_are_value_errors_with_our_words(penguins: Any, species: Any) -> None:
    X = penguins.drop(columns="species")
    with pytest.raises(ValueError, match="famil") as caught:
        etabli.Classifier(families=("ldaa",), **SMALL).fit(X, penguins["species"])
    assert isinstance(caught.value, etabli.errors.EtabliError) and 'did you mean "lda"' in str(caught.value)
    with pytest.raises(ValueError, match="feature names"):
        species.predict(X.rename(columns={"sex": "gender"}))
    with pytest.raises(ValueError, match="names of their own"):
        species.fit(penguins[["sex", "sex"]], penguins["species"])


def test_places_and_groups_of_the_rows_are_features_where_asked(tmp_path: Path) -> None:
    """Two circles: no weighted sum of the columns tells them apart, distances to groups do."""
    random = np.random.default_rng(0)
    angle, inner = random.uniform(0, 2 * np.pi, 300), np.arange(300) % 2
    x = np.column_stack([np.cos(angle), np.sin(angle)]) * np.where(inner, 1, 3)[:, None] + 0.1 * random.normal(size=(300, 2))
    plain = etabli.Classifier(families=("logistic",), effort="glance").fit(x[:200], inner[:200])
    grouped = etabli.Classifier(families=("logistic",), effort="glance", with_clusters=8, out=str(tmp_path / "run")).fit(
        x[:200], inner[:200]
    )
    assert grouped.score(x[200:], inner[200:]) > 0.95 > plain.score(x[200:], inner[200:])
    assert "--with-clusters 8" in json.loads((tmp_path / "run" / "result.json").read_text())["command"]
