"""`adopt`: a model fitted elsewhere becomes the same proven file, with calibration and intervals learned on the data given.

    rows -> graph of the estimator -> equal to the estimator? -> calibrated -> intervals, novelty -> one file -> proven

Nothing is fitted but what says how sure the model is. Nothing is written before the graph is proven equal to the estimator's own
methods on the rows given and on rows at its thresholds; what cannot be written is refused by name. Calibration and intervals need
rows the model was not fitted on: rows that can be recognised as those of the fit are refused (or, when the user insists, the file
goes without intervals and says so); for the rest the user's word is taken, and the card says that it was.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etabli.adoption.equal import Equal, labelled, written
from etabli.adoption.given import Given, given
from etabli.adoption.seen import seen as looked_for
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.records import Array, Finding, Setting, Target, Watch, Words, quiet

LEAST = 20  # rows with a target below which neither calibration nor intervals can be learned
PARTS = 5  # parts for cross-fitting
WANTS = "adopted"


@dataclass(frozen=True)
class Asked:
    """What `adopt` was asked. where: how the estimator was named; out: the run folder; insisted: rows of the fit are accepted. classes, gives: what a network's outputs are; inputs: of a network with several, the shape of a row of each, or its columns."""

    where: str
    data: str
    target: str | None
    out: Path
    insisted: bool = False
    seed: int = 0
    classes: tuple[str, ...] = ()
    gives: str = ""
    inputs: tuple[tuple[str, tuple[int | str, ...]], ...] = ()

    @property
    def command(self) -> str:
        """The command line that asks the same."""
        words = ["etabli", "adopt", self.where, "--data", self.data]
        words += ["--target", self.target] if self.target else []
        words += ["--classes", ",".join(self.classes)] if self.classes else []
        words += ["--gives", self.gives] if self.gives else []
        shapes = [f"{name}={'x'.join(map(str, taken))}" for name, taken in self.inputs if isinstance(taken[-1], int)]
        words += ["--inputs", ",".join(shapes)] if shapes else []
        for name, taken in self.inputs:
            sizes, named = ([str(one) for one in taken if isinstance(one, kind)] for kind in (int, str))
            words += ["--inputs", f"{name}={'x'.join(sizes)}{':' if sizes else ''}{','.join(named)}"] if named else []
        words += ["--seen"] if self.insisted else []
        return shlex.join([*words, "--seed", str(self.seed), "-o", str(self.out)])


def adopted(estimator: Any, data: Any, asked: Asked, y: Sequence[Any] | None = None, watch: Watch = quiet) -> dict[str, Any]:
    """Adopts a fitted estimator and writes model.onnx, card.json and result.json into `asked.out`; returns the result.

    data: rows with the estimator's columns (and the target). y: the target itself, where data are an array. Errors: Refused (a type that
    is not written), UsageError (columns), DataError (labels, rows of the fit), ProofError (graph and estimator differ).
    """
    from etabli.adoption.file import bare, established

    if (asked.out / "plan.json").exists():
        raise UsageError("an adopted model has a folder of its own", f"{asked.out} holds a run of fit", "name another: -o FOLDER")
    from etabli.estimators.networks.network import Network, brought

    estimator = brought(estimator)
    if asked.classes or asked.gives or asked.inputs:
        _told(estimator, asked)
    watch("step", name={"en": "reading the data", "fr": "lecture des données"})
    if y is not None and asked.target is None:
        raise UsageError("a target given as values has a name", "target values without a name")
    rows = given(data, estimator, asked.target if y is None else None)
    watch("step", name={"en": "writing the model as a graph", "fr": "écriture du modèle en graphe"})
    equal = written(estimator, rows, asked.seed, judged=asked.target is not None)
    if asked.target is None or equal.task is None:
        if asked.target is not None:
            raise UsageError(
                "a model is judged on a target when it predicts one number or classes",
                f"{type(estimator).__name__} gives {equal.width} values",
                "leave --target out: the file is then written without intervals",
            )
        return bare(equal, rows, asked, estimator)
    if hasattr(estimator, "held"):  # its library computes it otherwise than what is written
        estimator.held(rows.native())
    target, usable = aimed(equal, rows, asked.target, y, estimator.title if isinstance(estimator, Network) and not asked.classes else "")
    if isinstance(estimator, Network) and equal.task == "regression" and not asked.gives and set(np.unique(target.y[usable])) == {0.0, 1.0}:
        raise UsageError(
            "of a network with one output and a target of 0 and 1 it must be said what the output is",
            f'{estimator.title}, "{asked.target}"',
            "--gives logits (log-odds of 1), shares (its probability) or number; --classes no,yes names the two",
        )
    if getattr(estimator, "skips_missing", False):  # a network has no answer where a cell is missing
        whole = np.logical_and.reduce([np.isfinite(np.asarray(rows.table.values[name], np.float64)) for name in rows.columns])
        usable = usable[whole[usable]]
        _enough(usable, asked.target)
    reason = looked_for(estimator, rows.native(rows=usable), target.y[usable], len(target.classes))
    if reason and not asked.insisted:
        raise DataError(
            "calibration and intervals are learned on rows that the model was not fitted on",
            f"{asked.data}: {reason}",
            "give rows it never saw; or --seen (seen=True) for a file without score, calibration and intervals",
        )
    watch("step", name={"en": "learning how sure it is", "fr": "apprentissage de sa certitude"})
    return established(equal, rows, target, usable, asked, estimator, reason or ("you said so" if asked.insisted else ""), watch)


def _told(estimator: Any, asked: Asked) -> None:
    """Notes what the user says of a network's outputs. UsageError for other models, and for what cannot be."""
    from etabli.estimators.networks.network import GIVES, Network

    if not isinstance(estimator, Network):
        raise UsageError(
            "--classes, --gives and --inputs are of networks", f"{title(estimator)} knows its own classes and columns", "leave them out"
        )
    if asked.gives not in ("", *GIVES):
        raise UsageError(f"--gives is {', '.join(GIVES)}", f'"{asked.gives}"', did_you_mean(asked.gives, GIVES))
    if twice := sorted({label for label in asked.classes if asked.classes.count(label) > 1}):
        raise UsageError("--classes names each class once", f"{', '.join(twice)} twice", "")
    if len(asked.classes) == 1:
        raise UsageError("--classes names two classes or more", asked.classes[0], "--classes no,yes")
    estimator.labels, estimator.gives, estimator.told = asked.classes, asked.gives, dict(asked.inputs)


def aimed(equal: Equal, rows: Given, name: str, y: Sequence[Any] | None, unnamed: str = "") -> tuple[Target, Array]:
    """The target in the estimator's own classes, and the rows that have one. unnamed: the network of which these are numbers of outputs, to which the user may give names.
    DataError for labels the estimator does not know."""
    cells: Any = y
    if cells is None:
        values = rows.table.values[name]
        column = rows.table.column(name)
        cells = values if column.is_double else [rows.table.levels[name][code] if code >= 0 else None for code in values]
    if len(cells) != rows.table.rows:
        raise UsageError("the target has one value a row", f"{len(cells)} values, {rows.table.rows} rows")
    if equal.task == "regression":
        try:
            goal = np.array([np.nan if value is None else float(value) for value in cells], np.float64)
        except (TypeError, ValueError):
            more = f"--classes {_listed(cells)} where its one output is about two classes (in its order: the first is 0)" if unnamed else ""
            raise DataError("the target of a regression is numbers", f'"{name}"', more) from None
        usable = np.flatnonzero(np.isfinite(goal))
        _enough(usable, name)
        return Target(name, "regression", goal), usable
    number = labelled(equal, list(cells))
    strange = sorted({str(value) for value, code in zip(cells, number, strict=True) if code < 0 and value is not None and value == value})
    if strange and unnamed and (many := len(_texts(cells))) > len(equal.classes):
        raise DataError(
            "a network of several outputs has one for each class of the target",
            f'"{name}": {many} different values; {unnamed} has {len(equal.classes)} outputs',
            "where the target is a number, bring a network that gives that number alone (of a mean and a variance, the mean: net(x)[:, :1])",
        )
    if strange:
        raise DataError(
            "every label of the target is one the model knows",
            f'"{name}": {", ".join(strange[:5])}',
            f"name its classes in the order of its outputs, which only you know: --classes {_listed(cells)}"
            if unnamed
            else "the model's classes: " + ", ".join(map(str, equal.classes[:12])),
        )
    usable = np.flatnonzero(number >= 0)
    _enough(usable, name)
    assert equal.task is not None
    return Target(name, equal.task, number, tuple(map(str, np.asarray(equal.classes).tolist()))), usable


def _texts(cells: Sequence[Any]) -> set[str]:
    """What differs among those that are not missing."""
    return {str(cell) for cell in cells if cell is not None and cell == cell}


def _listed(cells: Sequence[Any]) -> str:
    return ",".join(sorted(_texts(cells), key=lambda text: (len(text) if text.isdigit() else 0, text))[:12])


def _enough(usable: Array, name: str) -> None:
    if len(usable) < LEAST:
        raise DataError(
            f"calibration and intervals need at least {LEAST} rows with a target", f'"{name}": {len(usable)}', "or leave --target out"
        )


def title(estimator: Any) -> str:
    """What people call it: "scikit-learn's RandomForestClassifier"."""
    inner = estimator
    while hasattr(inner, "steps") and inner.steps:
        inner = inner.steps[-1][1]
    if type(inner).__module__ == "etabli.estimators.networks.network":
        return str(inner.title)
    library = type(inner).__module__.partition(".")[0]
    people = {"sklearn": "scikit-learn", "lightgbm": "LightGBM", "xgboost": "XGBoost", "catboost": "CatBoost"}
    return f"{people.get(library, library)}'s {type(inner).__name__}"


def named(estimator: Any) -> str:
    """A short name for a folder: "randomforestclassifier"."""
    return title(estimator).rpartition(" ")[2].lower()


def setting(estimator: Any) -> Setting:
    """The adopted model as a candidate."""
    from etabli.records import Wants

    return Setting(WANTS, {}, Wants(), title=title(estimator))


def finding(code: str, text: Words, cure: Words | None = None) -> Finding:
    """Something to say of the rows."""
    return Finding(code, (), text, cure or {})
