"""A tabular Learner of fastai becomes a file with its own preparation; other Learners, and spaCy's pipelines, are refused by what cannot be written. (Skipped where they are not installed: scripts/matrix.)"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.errors import ProofError
from etabli.estimators import Refused
from etabli.estimators.networks.fastai_learner import held, pipeline

PENGUINS = Path(etabli.__file__).parent / "examples" / "penguins.csv"
CONTINUOUS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", ["species", "body_mass_g"])
def test_a_tabular_learner_and_its_file_answer_alike(target: str, tmp_path: Path) -> None:
    tabular = pytest.importorskip("fastai.tabular.all")
    import pandas

    rows = pandas.read_csv(PENGUINS).dropna(subset=["body_mass_g"]).sample(frac=1, random_state=0).reset_index(drop=True)
    rows.loc[::17, "bill_length_mm"] = np.nan
    procs = [tabular.Categorify, tabular.FillMissing, tabular.Normalize]
    block = tabular.CategoryBlock() if target == "species" else tabular.RegressionBlock()
    told: dict[str, Any] = {"cat_names": ["island", "sex"], "cont_names": list(CONTINUOUS), "y_names": target, "y_block": block, "bs": 32}
    learner = tabular.tabular_learner(tabular.TabularDataLoaders.from_df(rows[:200], procs=procs, **told), layers=[12])
    with learner.no_bar(), learner.no_logging():
        learner.fit(3, 1e-2)
    new = rows[200:].copy()
    new.loc[new.index[3], "island"] = "Atlantis"  # a level it never saw is its unknown one
    study = etabli.adopt(learner, new[["island", "sex", *CONTINUOUS, target]], target, out=tmp_path / "run")
    assert study.result["proof"]["estimator"]["label_mismatches"] == 0
    seen = learner.dls.test_dl(new.copy()).dataset
    z = pipeline(learner)[0].transform(new)
    codes = len(seen.cat_names)
    assert np.array_equal(z[:, :codes] + 1, seen.cats.to_numpy()) and np.allclose(z[:, codes:], seen.conts.to_numpy(), atol=1e-5)
    if target == "species":
        assert study.result["classes"] == list(learner.dls.vocab)
    else:
        with learner.no_bar(), learner.no_logging():
            own = learner.get_preds(dl=learner.dls.test_dl(new.copy()))[0].numpy()
        assert np.allclose(study.model.predict(new)["prediction"], own, atol=1e-3 * np.abs(own).max())
    with pytest.raises(ProofError, match="as the Learner does"):
        held(pipeline(learner), _Halved(learner), new)


class _Halved:
    """A Learner that answers otherwise."""

    def __init__(self, learner: Any) -> None:
        self.learner, self.dls = learner, learner.dls

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner, name)

    def get_preds(self, **words: Any) -> Any:
        return (self.learner.get_preds(**words)[0] * 0.5,)


@pytest.mark.filterwarnings("ignore")
def test_a_learner_of_images_is_refused_by_what_it_does_to_files(tmp_path: Path) -> None:
    pytest.importorskip("fastai.vision")
    try:
        import fastai.vision.all as vision
    except RuntimeError as error:  # a torchvision of another build than PyTorch's
        pytest.skip(f"torchvision does not load: {error}")
    from PIL import Image
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    names = [tmp_path / f"{place}.png" for place in range(20)]
    for name, one in zip(names, pixels, strict=False):
        Image.fromarray((one.reshape(8, 8) * 15).astype("uint8")).save(name)
    loaders = vision.ImageDataLoaders.from_lists(tmp_path, names, [str(digit) for digit in digits[:20]], bs=4, num_workers=0)
    module = vision.nn.Sequential(vision.nn.Flatten(), vision.nn.Linear(192, 10))
    learner = vision.Learner(loaders, module, loss_func=vision.CrossEntropyLossFlat())
    with pytest.raises(Refused, match=r"one of images.*\n.*--inputs NAME=3x28x28"):
        etabli.adopt(learner, pixels, "digit", y=digits, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore")
def test_a_learner_of_texts_is_refused_by_its_tokeniser(tmp_path: Path) -> None:
    text = pytest.importorskip("fastai.text.all")
    import pandas

    rows = pandas.DataFrame({"text": ["a good day", "a bad day", "so good", "so bad"] * 4, "label": ["up", "down"] * 8})
    loaders = text.TextDataLoaders.from_df(rows, text_col="text", label_col="label", bs=4, seq_len=8, num_workers=0)
    learner = text.Learner(loaders, text.nn.Linear(1, 2), loss_func=text.CrossEntropyLossFlat())
    with pytest.raises(Refused, match=r"one of texts.*spaCy's rules.*\n.*etabli fit"):
        etabli.adopt(learner, rows, "label", out=tmp_path / "run")


class Image:
    """An item of a stand-in for a Learner: refusals look at no more than names."""


@pytest.mark.parametrize(("item", "said"), [(Image(), "one of images"), (3.0, "one of float items")])
def test_other_learners_are_refused_by_what_they_hold(item: Any, said: str) -> None:
    with pytest.raises(Refused, match=said):
        pipeline(SimpleNamespace(dls=SimpleNamespace(train_ds=[(item, 1)])))


def test_a_pipeline_of_spacy_is_refused_by_its_tokeniser(tmp_path: Path) -> None:
    spacy = pytest.importorskip("spacy")
    pipeline = spacy.blank("en")
    bow = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1, "no_output_layer": False, "length": 4096}
    kinds = pipeline.add_pipe("textcat", config={"model": bow})
    for label in ("up", "down"):
        kinds.add_label(label)
    with pytest.raises(Refused, match=r"tokeniser.*hash.*\(sparse_linear.*\); its components: textcat \(classes up, down\)\n.*etabli fit"):
        etabli.adopt(pipeline, {"text": ["a", "b"], "y": ["c", "d"]}, "y", out=tmp_path / "run")
