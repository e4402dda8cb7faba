"""A tabular Learner of fastai, as a pipeline of scikit-learn with a network at its end: both have writers already.

What fastai does to the columns (FillMissing, Categorify, Normalize) are constants in its `procs`; they are put into transformers that do the same, and the module gets both of its inputs
from one matrix. The file's answers are held to those of the pipeline by the proof, and the pipeline to `Learner.get_preds` here (`held`): fastai counts in float32, so to 1e-4 of the scale.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.errors import ProofError, UsageError
from etabli.estimators.networks.source import asked
from etabli.estimators.writing import Refused

TITLE = "fastai's TabularLearner"
NEAR = 1e-4
KNOWN = ("FillMissing", "Categorify", "Categorize", "RegressionSetup", "Normalize")


def pipeline(learner: Any) -> Any:
    """The Learner as a scikit-learn pipeline. Refused where it is none of tables, or does something else to its columns."""
    data = learner.dls.train_ds
    if not hasattr(data, "cont_names"):
        raise _otherwise(learner)
    procs = {type(step).__name__: step for step in data.procs}
    if strange := [name for name in procs if name not in KNOWN]:
        raise Refused(TITLE, f"its step {strange[0]} is not written", f"those that are: {', '.join(KNOWN)}")
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    from etabli.estimators.networks.network import Network

    filled = dict(procs["FillMissing"].na_dict) if "FillMissing" in procs else {}
    flags = {f"{name}_na": name for name in filled if procs["FillMissing"].add_col}
    codes, numbers = list(data.cat_names), list(data.cont_names)
    classes = {name: list(procs["Categorify"].classes[name])[1:] for name in codes}
    steps: list[tuple[str, Any, list[str]]] = []
    for name in codes:
        steps.append((name, _gap(flags[name]) if name in flags else _levels(name, classes[name]), [flags.get(name, name)]))
    for name in numbers:
        steps.append((f"number {name}", _scaled(name, filled.get(name), procs.get("Normalize")), [name]))
    columns = ColumnTransformer(steps)
    raw = list(dict.fromkeys(column for _, _, names in steps for column in names))
    columns.transformers_, columns.feature_names_in_, columns.n_features_in_ = [*steps], np.array(raw, object), len(raw)
    columns._columns, columns._remainder, columns.sparse_output_ = [names for _, _, names in steps], ("remainder", "drop", []), False
    columns._name_to_fitted_passthrough, columns._n_features, columns.output_indices_ = {}, len(raw), {}
    columns._transformer_to_input_indices = {name: [raw.index(column) for column in names] for name, _, names in steps}
    columns.output_indices_ = {name: slice(k, k + 1) for k, (name, _, _) in enumerate(steps)} | {"remainder": slice(0, 0)}
    network = Network(TITLE, module=_joined(learner.model, len(codes)))
    network.labels = tuple(map(str, getattr(learner.dls, "vocab", None) or ())) if "Categorize" in procs else ()
    network.gives = "logits" if network.labels else "number"
    made = Pipeline([("columns", columns), ("network", network)])
    made.held = lambda frame: held(made, learner, frame)
    return made


def _otherwise(learner: Any) -> Refused:
    """What to raise of a Learner of images, texts or anything else that is no table."""
    first = learner.dls.train_ds[0] if len(learner.dls.train_ds) else ()
    item = first[0] if isinstance(first, tuple) and first else first
    kinds = {kind.__name__ for kind in type(item).__mro__}
    if kinds & {"Image", "TensorImage", "PILBase"}:
        what, part = "images", "opens, crops and scales image files"
        hint = (
            "adopt its module (learner.model.eval()) on columns that are its pixels, as dls.after_batch leaves them: --inputs NAME=3x28x28"
        )
    elif kinds & {"TensorText", "LMTensorText", "Numericalize"}:
        what, part = "texts", "cuts texts into words by spaCy's rules"
        hint = "fit the texts here instead, words are weighed inside the file: etabli fit texts.csv --target label"
    else:
        what, part = f"{type(item).__name__} items", "makes numbers of them in Python"
        hint = "adopt its module (learner.model.eval()) on columns that are its numbers"
    return Refused("fastai's Learner", f"it is one of {what}, not of tables: it {part}, which no operator does", hint)


def _levels(name: str, known: list[Any]) -> Any:
    """Codes from 0; -1 of what is missing or unknown (fastai's code less one)."""
    import pandas
    from sklearn.preprocessing import OrdinalEncoder

    kept = [level for level in known if level == level]
    encoder = OrdinalEncoder(categories=[kept], handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return encoder.fit(pandas.DataFrame({name: kept}))


def _gap(name: str) -> Any:
    import pandas
    from sklearn.impute import MissingIndicator

    return MissingIndicator(features="all").fit(pandas.DataFrame({name: [0.0, np.nan]}))


def _scaled(name: str, fill: Any, normalize: Any) -> Any:
    import pandas
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    middle, spread = (float(normalize.means[name]), float(normalize.stds[name])) if normalize is not None else (0.0, 1.0)
    made = make_pipeline(SimpleImputer(), StandardScaler()).fit(pandas.DataFrame({name: [middle - spread, middle + spread]}))
    made[0].statistics_ = np.array([middle if fill is None else float(fill)])
    made[1].mean_, made[1].scale_, made[1].var_ = np.array([middle]), np.array([spread]), np.array([spread**2])
    return made


def _joined(model: Any, codes: int) -> Any:
    """The module with both of its inputs in one matrix: codes first, less one."""
    import torch

    class Joined(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Any) -> Any:
            return self.model(x[:, :codes].round().long() + 1, x[:, codes:])

    return Joined().cpu().eval()


def held(made: Any, learner: Any, frame: Any) -> None:
    """ProofError where the pipeline answers otherwise than the Learner on those rows."""
    import pandas

    if not isinstance(frame, pandas.DataFrame):
        raise UsageError("a Learner is asked with a data frame", type(frame).__name__, "pip install pandas")

    def ask() -> Any:
        with learner.no_bar(), learner.no_logging():
            return learner.get_preds(dl=learner.dls.test_dl(frame.copy()))[0]

    own = np.asarray(asked(TITLE, ask), np.float64)  # it raises where a column has its first gap, and says so
    network = made[-1]
    raw = network.answer(np.asarray(made[0].transform(frame), np.float64))
    if network.labels:
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        raw = powers / powers.sum(axis=1, keepdims=True)
    off, scale = float(np.nanmax(np.abs(raw - own.reshape(raw.shape)))), max(1.0, float(np.abs(own).max()))
    if not off <= NEAR * scale:
        raise ProofError("the pipeline answers as the Learner does", f"largest difference {off:.3g} at a scale of {scale:.3g}")
