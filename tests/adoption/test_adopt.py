"""`etabli.adopt` as a user meets it: a fitted pipeline and rows it never saw become a proven file that predicts as the pipeline does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
import etabli.examples
from etabli.errors import DataError, ProofError, UsageError
from etabli.estimators import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def penguins() -> Any:
    table = pandas.read_csv(etabli.examples.path("penguins.csv")).dropna(subset=["body_mass_g", "sex"])
    return table.sample(frac=1, random_state=0).reset_index(drop=True)


def pipeline(model: Any) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
    words = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(ColumnTransformer([("n", SimpleImputer(), numbers), ("w", words, ["species", "island"])]), model)


@pytest.fixture(scope="module")
def regression(penguins: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, etabli.Study]:
    from sklearn.ensemble import RandomForestRegressor

    model = pipeline(RandomForestRegressor(30, random_state=0, n_jobs=1)).fit(penguins[:180], penguins.body_mass_g[:180])
    new = penguins[180:]
    study = etabli.adopt(model, new, "body_mass_g", out=tmp_path_factory.mktemp("adopted") / "forest.etabli")
    return model, new, study


def test_a_pipeline_of_numbers_becomes_a_file_with_intervals(regression: tuple[Any, Any, etabli.Study]) -> None:
    model, new, study = regression
    answers = study.model.predict(new)
    expected = model.predict(new)
    assert np.abs(answers["prediction"][:, 0] - expected).max() <= 1e-13 * np.abs(expected).max()
    inside = (answers["lower"][:, 0] <= new.body_mass_g) & (new.body_mass_g <= answers["upper"][:, 0])
    assert inside.mean() >= 0.85
    result = study.result
    error = float(np.sqrt(np.mean((expected - new.body_mass_g) ** 2)))
    assert result["honest"]["value"] == pytest.approx(error, rel=1e-9)
    assert result["honest"]["low"] < error < result["honest"]["high"] < result["baseline"]["value"]
    assert result["proof"]["estimator"]["max_difference"] <= 1e-13 * result["proof"]["estimator"]["scale"]
    assert "by your word" in str(study)


def test_the_folder_is_that_of_a_run(regression: tuple[Any, Any, etabli.Study]) -> None:
    _, _, study = regression
    assert {"model.onnx", "card.json", "result.json", "report.html"} <= {path.name for path in study.folder.iterdir()}
    card = json.loads((study.folder / "card.json").read_text(encoding="utf-8"))
    assert card["adopted"]["estimator"] == "scikit-learn's RandomForestRegressor" and "scikit-learn" in card["versions"]
    assert str(study.folder.parent) not in json.dumps(card)
    assert study.model.self_test().passed
    assert "RandomForestRegressor" in study.report.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["sex", "year"])
def test_classes_keep_their_labels_and_probabilities(penguins: Any, tmp_path: Path, target: str) -> None:
    from sklearn.ensemble import ExtraTreesClassifier

    model = pipeline(ExtraTreesClassifier(20, random_state=0)).fit(penguins[:200], penguins[target][:200])
    new = penguins[200:]
    study = etabli.adopt(model, new, target, out=tmp_path / "a.etabli")
    answers = study.model.predict(new)
    assert list(study.model.classes) == [str(label) for label in model.classes_]
    if study.result["calibration"]["method"] == "raw":
        assert (answers["prediction"][:, 0] == model.predict(new).astype(str)).all()
        assert np.abs(answers["probability"] - model.predict_proba(new)).max() < 1e-13
    else:  # calibration may move a label where two classes were nearly even
        assert (answers["prediction"][:, 0] == model.predict(new).astype(str)).mean() > 0.9
    assert answers["set"][np.arange(len(new)), [list(model.classes_).index(label) for label in new[target]]].mean() >= 0.85


def test_rows_of_the_fit_are_recognised_and_refused(penguins: Any, tmp_path: Path) -> None:
    import lightgbm
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeRegressor

    numbers = penguins[["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]]
    old, new = numbers[:250], numbers[250:]
    x = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
    models = [LinearRegression(), Ridge(3.0), KNeighborsRegressor(), DecisionTreeRegressor(min_samples_leaf=5, random_state=0)]
    models += [make_pipeline(StandardScaler(), Ridge()), lightgbm.LGBMRegressor(n_estimators=5, verbose=-1)]
    for model in models:
        model.fit(old[x], old.body_mass_g)
        with pytest.raises(DataError, match="not fitted on"):
            etabli.adopt(model, old[[*x, "body_mass_g"]], "body_mass_g", out=tmp_path / "no.etabli")
        assert not (tmp_path / "no.etabli").exists()
        etabli.adopt(model, new[[*x, "body_mass_g"]], "body_mass_g", out=tmp_path / "yes.etabli")
    label = make_pipeline(StandardScaler(), LogisticRegression()).fit(old[x], old.sex)
    with pytest.raises(DataError, match="not fitted on"):
        etabli.adopt(label, old[[*x, "sex"]], "sex", out=tmp_path / "no.etabli")


def test_one_may_insist_but_then_no_score_and_no_interval_is_claimed(penguins: Any, tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    table = penguins[["bill_length_mm", "flipper_length_mm", "body_mass_g"]]
    model = LinearRegression().fit(table[["bill_length_mm", "flipper_length_mm"]], table.body_mass_g)
    study = etabli.adopt(model, table, "body_mass_g", out=tmp_path / "a.etabli", seen=True)
    assert study.result["honest"] is None and study.result["coverage"] == []
    assert study.result["warnings"][0]["code"] == "rows-of-the-fit"
    assert set(study.model.outputs) == {"prediction", "novelty"}


def test_a_transformer_and_a_cluster_need_no_target(penguins: Any, tmp_path: Path) -> None:
    from sklearn.preprocessing import StandardScaler

    table = penguins[["bill_length_mm", "flipper_length_mm"]]
    model = StandardScaler().fit(table)
    study = etabli.adopt(model, table, out=tmp_path / "a.etabli")
    assert np.abs(study.model.predict(table)["values"] - model.transform(table)).max() < 1e-12
    assert not (tmp_path / "a.etabli" / "report.html").exists()


def test_boosters_come_as_saved_files_on_the_command_line(penguins: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import lightgbm
    import xgboost

    from etabli.cli import main

    x = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
    old, new = penguins[:200], penguins[200:]
    new[[*x, "body_mass_g"]].to_csv(tmp_path / "new.csv", index=False)
    xgboost.XGBRegressor(n_estimators=10, n_jobs=1).fit(old[x], old.body_mass_g).save_model(tmp_path / "b.ubj")
    lightgbm.LGBMRegressor(n_estimators=10, verbose=-1).fit(old[x], old.body_mass_g).booster_.save_model(tmp_path / "b.txt")
    for name in ("b.ubj", "b.txt"):
        words = [
            "adopt",
            str(tmp_path / name),
            "--data",
            str(tmp_path / "new.csv"),
            "-t",
            "body_mass_g",
            "-q",
            "-o",
            str(tmp_path / name) + ".etabli",
        ]
        assert main(words) == 0
        assert Path(capsys.readouterr().out.strip()).is_file()


def test_an_object_of_a_python_file(penguins: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from etabli.cli import main

    penguins[["bill_length_mm", "flipper_length_mm"]].to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nfrom sklearn.preprocessing import StandardScaler\n"
        "import pandas\nscaler = StandardScaler().fit(pandas.DataFrame({'bill_length_mm': [1.0, 2.0], 'flipper_length_mm': [3.0, 5.0]}))\n"
    )
    assert main(["adopt", f"{tmp_path}/mine.py:scaler", "--data", f"{tmp_path}/new.csv", "-q", "-o", f"{tmp_path}/s.etabli", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["outputs"] == ["values"]
    assert main(["adopt", f"{tmp_path}/mine.py:scalar", "--data", f"{tmp_path}/new.csv", "-q"]) == 2
    assert 'did you mean "scaler"' in capsys.readouterr().err


def test_what_goes_wrong_in_the_users_own_code_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from etabli.cli import main

    (tmp_path / "new.csv").write_text("x,k\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(30)))
    for name, code, line, said in (
        ("raises", "import json\nfitted = {}['model']\n", "line 2: fitted = {}['model']: KeyError: 'model'", "the Python code runs"),
        ("library", "import json\nx = 1\nfitted = json.loads('{')\n", "line 3: fitted = json.loads('{'): JSONDecodeError", "code runs"),
        ("syntax", "fitted = (\n", "line 1: SyntaxError", "the Python code runs"),
        ("absent", "import nothing_of_this_name\n", "line 1: import nothing_of_this_name: ModuleNotFoundError", "the Python code runs"),
        ("file", "fitted = open('/nowhere/model.bin')\n", "line 1: fitted = open('/nowhere/model.bin'): FileNotFoundError", "code runs"),
        ("leaves", "raise SystemExit(3)\n", "line 1: raise SystemExit(3): SystemExit: 3", "the Python code runs"),
        ("makes", "def fitted():\n    return 1 / 0\n", "line 2: return 1 / 0: ZeroDivisionError", "the Python code runs"),
        (
            "strict",
            "import pandas\nfrom sklearn.preprocessing import OneHotEncoder\n"
            "fitted = OneHotEncoder(sparse_output=False).fit(pandas.DataFrame({'k': ['a', 'c']}))\n",
            "OneHotEncoder: ValueError: Found unknown categories",
            "the model answers the rows it is given",
        ),
    ):
        (tmp_path / f"{name}.py").write_text(code)
        assert main(["adopt", f"{tmp_path}/{name}.py:fitted", "--data", f"{tmp_path}/new.csv", "-q", "-o", f"{tmp_path}/o"]) in (2, 3)
        told = capsys.readouterr().err
        assert line in told and said in told and "fault of ours" not in told, told
        assert not (tmp_path / "o").exists()


def test_what_cannot_be_read_teaches(penguins: Any, tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    from etabli.adoption.loading import loaded

    x = ["bill_length_mm", "flipper_length_mm"]
    model = LinearRegression().fit(penguins[x], penguins.body_mass_g)
    with pytest.raises(UsageError, match="columns that the model was fitted with") as told:
        etabli.adopt(model, penguins[["bill_length_mm", "body_mass_g"]], "body_mass_g", out=tmp_path / "a")
    assert "flipper_length_mm" in told.value.got
    with pytest.raises(UsageError, match="--target takes a column"):
        etabli.adopt(model, penguins, "body_mass", out=tmp_path / "a")
    (tmp_path / "m.pkl").write_bytes(b"x")
    with pytest.raises(UsageError, match="runs whatever code"):
        loaded(str(tmp_path / "m.pkl"))
    with pytest.raises(UsageError, match="opens with the libraries"):
        loaded(str(tmp_path / "m.pkl"), trusted=True)
    (tmp_path / "m.txt").write_text("nothing")
    with pytest.raises(UsageError, match="LightGBM saved"):
        loaded(str(tmp_path / "m.txt"))
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(UsageError):
        loaded(str(tmp_path / "m.json"))


def test_weights_without_code_and_a_name_that_is_not_there_teach(tmp_path: Path) -> None:
    from etabli.adoption.loading import loaded

    (tmp_path / "net.pt").write_bytes(b"PK")
    with pytest.raises(UsageError, match="come with the code of its module") as told:
        loaded(str(tmp_path / "net.pt"))
    assert "load_state_dict" in str(told.value.hint)
    (tmp_path / "kept_here.py").write_text("import json\nscore = 3\nclass Net: pass\nmodel = Net()\n", encoding="utf-8")
    with pytest.raises(UsageError) as told:
        loaded(f"{tmp_path / 'kept_here.py'}:nothing")
    assert told.value.hint == "it has: score, model"


def test_labels_the_model_does_not_know_are_named(penguins: Any, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    x = ["bill_length_mm", "flipper_length_mm"]
    some = penguins[penguins.species != "Gentoo"]
    model = LogisticRegression().fit(some[x], some.species)
    with pytest.raises(DataError, match="one the model knows") as told:
        etabli.adopt(model, penguins, "species", out=tmp_path / "a")
    assert "Gentoo" in told.value.got and not (tmp_path / "a").exists()


class Half:
    """An estimator of a package of one's own."""

    n_features_in_ = 2

    def predict(self, x: Any) -> Any:
        return np.asarray(x)[:, 0] / 2


class Lying(Half):
    """Its writer is wrong by a little."""


@writes(f"{__name__}.Half")
def _half(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    raw = graph.op("Div", frame.take(graph, [0]).matrix(graph, estimator), graph.const(2.0))
    return Answer(raw, "identity", lambda x: estimator.predict(x)[:, None])


@writes(f"{__name__}.Lying")
def _lying(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    raw = graph.op("Div", frame.take(graph, [0]).matrix(graph, estimator), graph.const(2.0000001))
    return Answer(raw, "identity", lambda x: estimator.predict(x)[:, None])


def test_other_packages_add_their_own_and_a_wrong_writer_is_stopped(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(100, 2))
    study = etabli.adopt(Half(), x, "y", y=x[:, 0], out=tmp_path / "a")
    assert study.model.predict(x)["prediction"][:, 0] == pytest.approx(x[:, 0] / 2)
    with pytest.raises(ProofError, match="not written") as told:
        etabli.adopt(Lying(), x, "y", y=x[:, 0], out=tmp_path / "b")
    assert "row" in told.value.got and not (tmp_path / "b").exists()
    with pytest.raises(Refused, match="only when the file can equal it"):
        etabli.adopt(object(), x, out=tmp_path / "c")


def test_a_fit_of_a_family_is_adopted_too(tmp_path: Path) -> None:
    from etabli.families.conformance import sample
    from etabli.families.ridge import Ridge
    from etabli.records import Facts, Wants

    data = sample("regression", wants=Wants(filled=True, categories="one-hot"))
    family = Ridge()
    fitted = family.fit(family.settings(Facts("regression", 0, 160, 7))[0], data, lambda: False)
    study = etabli.adopt(fitted, data.x, out=tmp_path / "a")
    assert study.model.predict(data.x)["score"] == pytest.approx(fitted.native(data.x))


def test_a_label_that_is_not_the_largest_score_is_kept(tmp_path: Path) -> None:
    """libsvm votes: its label need not be the class of the largest decision."""
    from sklearn.svm import SVC

    random = np.random.default_rng(1)
    x = random.normal(size=(900, 3))
    y = np.digitize(x[:, 0] + 0.8 * random.normal(size=900), [-0.7, 0.0, 0.7])
    model = SVC(break_ties=False, gamma=3.0).fit(x[:500], y[:500])
    study = etabli.adopt(model, x[500:], "y", y=y[500:], out=tmp_path / "a")
    answers = study.model.predict(x[500:])
    if study.result["calibration"]["method"] == "raw":
        assert (answers["prediction"][:, 0] == model.predict(x[500:]).astype(str)).all()
    assert study.result["proof"]["estimator"]["label_mismatches"] == 0


def test_files_without_a_target_are_written_out_too(penguins: Any, tmp_path: Path) -> None:
    from sklearn.preprocessing import StandardScaler

    from etabli.model.load import predict_file

    table = penguins[["bill_length_mm", "flipper_length_mm"]]
    etabli.adopt(StandardScaler().fit(table), table, out=tmp_path / "a.etabli")
    table.to_csv(tmp_path / "new.csv", index=False)
    predict_file(tmp_path / "a.etabli", tmp_path / "new.csv", tmp_path / "out.csv")
    made = pandas.read_csv(tmp_path / "out.csv")
    assert list(made.columns) == ["bill_length_mm", "flipper_length_mm", "values_1", "values_2"]
    assert made["values_1"].mean() == pytest.approx(0, abs=1e-9)
