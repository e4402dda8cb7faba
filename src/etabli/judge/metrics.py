"""Metrics, each as a loss of every row whose mean is the metric.

For log-loss, squared or absolute error that is the definition. For AUC, average precision, F1 and MCC, which are not means,
the rows are influence values (the infinitesimal jackknife, Jaeckel 1972; for AUC: DeLong 1988): their mean is the metric
exactly, and the mean of a bootstrap sample of them is the metric of that sample up to a term of order 1/n. So the whole
of judge/ knows one thing only, a table of losses [rows, candidates], lower is better.

AUC and average precision compare rows within a fold only when folds are given: models of different folds have different
scales. A binary score is P(classes[1]) and means classes[1] when it is above one half.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.records import Array, TaskKind, Words

TINY = 1e-15  # probabilities are kept this far from 0, so that a sure mistake costs 34.5 and not infinity
Form = Literal["mean", "root", "complement"]
Rows = Callable[[Array, Array, Array, Array | None], Array]  # y, S, weight with mean 1, fold -> loss [rows]
CLASSES: tuple[TaskKind, ...] = ("binary", "multiclass")
NUMBERS: tuple[TaskKind, ...] = ("regression",)


@dataclass(frozen=True)
class Metric:
    """One metric. title: for people. proper: its best score is the truth, so it may rank. form: how the mean loss becomes the
    value: "mean" as it is, "root" its square root, "complement" one minus it. exact: rows are the definition, not influence."""

    name: str
    title: Words
    tasks: tuple[TaskKind, ...]
    form: Form = "mean"
    proper: bool = False
    exact: bool = True
    loss: Rows = field(default=lambda y, s, weight, fold: y, repr=False)

    @property
    def greater_is_better(self) -> bool:
        """Whether a larger value is better."""
        return self.form == "complement"

    def rows(self, y: Array, S: Array, weight: Array | None = None, fold: Array | None = None) -> Array:
        """Loss of each row [n], lower is better; its mean gives `value`. S: [n, outputs]. weight: any scale."""
        w = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64) * (len(y) / np.sum(weight))
        return np.asarray(self.loss(np.asarray(y), np.asarray(S, np.float64), w, fold), np.float64)

    def value(self, y: Array, S: Array, weight: Array | None = None, fold: Array | None = None) -> float:
        """The metric; NaN where it is not defined (AUC of one class)."""
        return self.report(float(np.mean(self.rows(y, S, weight, fold))))

    def report(self, loss: float) -> float:
        """A mean loss as the value people know."""
        if self.form == "root":
            return float(np.sqrt(max(loss, 0.0)))
        return 1.0 - loss if self.form == "complement" else loss


def table(chosen: Metric, y: Array, S: Array, weight: Array | None = None, fold: Array | None = None) -> Array:
    """The table of losses [n, C] of an out-of-fold table S [n, C, outputs]."""
    return np.stack([chosen.rows(y, S[:, c], weight, fold) for c in range(S.shape[1])], axis=1)


def metric(name: str | None, task: TaskKind) -> Metric:
    """The metric of that name (scikit-learn's names are understood too); None gives the task's default.

    Raises UsageError for an unknown name or one that does not fit the task."""
    if name is None:
        return METRICS[DEFAULTS[task]]
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    key = ALIASES.get(key, key)
    fitting = [known for known, found in METRICS.items() if task in found.tasks]
    if key not in METRICS:
        raise UsageError("the metric must be one that établi knows", name, did_you_mean(name, METRICS) or "one of " + ", ".join(fitting))
    if task not in METRICS[key].tasks:
        raise UsageError(f"the metric must fit the task ({task})", name, "one of " + ", ".join(fitting))
    return METRICS[key]


# classes -------------------------------------------------------------------------------------------------------------


def probabilities(S: Array) -> Array:
    """[n, K] from a score: a binary [n, 1] becomes [1 - p, p]."""
    return np.concatenate([1 - S, S], axis=1) if S.shape[1] == 1 else S


def labels(S: Array) -> Array:
    """The predicted class numbers [n]."""
    return (S[:, 0] > 0.5).astype(np.int64) if S.shape[1] == 1 else S.argmax(axis=1)


def _log_loss(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    return np.asarray(-w * np.log(np.clip(probabilities(S)[np.arange(len(y)), y], TINY, 1.0)))


def _brier(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    if S.shape[1] == 1:
        return np.asarray(w * (S[:, 0] - y) ** 2)
    return np.asarray(w * (S**2).sum(axis=1) + w * (1 - 2 * S[np.arange(len(y)), y]))


def _accuracy(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    return np.asarray(w * (labels(S) != y))


def _balanced(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    sizes = np.bincount(y, w)
    return np.asarray(w * (labels(S) != y) * (len(y) / (np.count_nonzero(sizes) * sizes[y])))


def _ratio(top: float, bottom: float, dtop: Array, dbottom: Array, w: Array) -> Array:
    """Losses whose mean is 1 - top / bottom, from the derivatives of both by a row's multiplicity."""
    if bottom == 0:
        return np.full(len(w), np.nan)
    ratio = top / bottom
    return (1 - ratio) - len(w) * w * (dtop - ratio * dbottom) / bottom


def _by_fold(kernel: Callable[[Array, Array, Array], tuple[float, float, Array, Array]]) -> Rows:
    """A ratio of sums over folds, one class against the rest; for more than two classes the mean over the classes seen."""

    def one(hit: Array, s: Array, w: Array, fold: Array | None) -> Array:
        top, bottom, dtop, dbottom = 0.0, 0.0, np.zeros(len(s)), np.zeros(len(s))
        parts = [np.arange(len(s))] if fold is None else [np.flatnonzero(fold == k) for k in np.unique(fold)]
        for part in parts:
            a, b, dtop[part], dbottom[part] = kernel(hit[part], s[part], w[part])
            top, bottom = top + a, bottom + b
        return _ratio(top, bottom, dtop, dbottom, w)

    def rows(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
        if S.shape[1] == 1:
            return one((y == 1).astype(np.float64), S[:, 0], w, fold)
        return np.asarray(np.mean([one((y == k).astype(np.float64), S[:, k], w, fold) for k in np.unique(y)], axis=0))

    return rows


def _auc(hit: Array, s: Array, w: Array) -> tuple[float, float, Array, Array]:
    """Sum and number of the well ordered pairs, and what each row adds to both. Ties count half."""
    _, level = np.unique(s, return_inverse=True)
    yes, no = np.bincount(level, w * hit), np.bincount(level, w * (1 - hit))
    below, above = np.cumsum(no) - no / 2, yes.sum() - np.cumsum(yes) + yes / 2
    return (
        float(yes @ below),
        float(yes.sum() * no.sum()),
        np.where(hit > 0, below[level], above[level]),
        np.where(hit > 0, no.sum(), yes.sum()),
    )


def _precision(hit: Array, s: Array, w: Array) -> tuple[float, float, Array, Array]:
    """Sum over positives of the precision at their score, and their number; rows of equal score share one threshold."""
    _, level = np.unique(-s, return_inverse=True)
    yes, everything = np.bincount(level, w * hit), np.bincount(level, w)
    seen = np.cumsum(everything)
    precision = np.cumsum(yes) / seen
    later = np.cumsum((yes / seen)[::-1])[::-1]
    weighted = np.cumsum((yes * precision / seen)[::-1])[::-1]
    return float(yes @ precision), float(yes.sum()), hit * (precision + later)[level] - weighted[level], hit


def _f1(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    """F1 of classes[1]; the mean over classes (macro) for more than two."""
    found, parts = labels(S), []
    for k in [1] if S.shape[1] == 1 else np.union1d(np.unique(y), np.unique(found)):
        both, either = (y == k) & (found == k), 1.0 * (y == k) + (found == k)
        bottom = float(w @ either)
        parts.append(_ratio(float(2 * w @ both), bottom, 2.0 * both, either, w) if bottom else np.ones(len(y)))
    return np.asarray(np.mean(parts, axis=0))


def _mcc(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    """Matthews' correlation for any number of classes (Gorodkin 2004)."""
    found, count = labels(S), S.shape[1] + (S.shape[1] == 1)
    right, total = float(w @ (y == found)), float(w.sum())
    p, t = np.bincount(found, w, count), np.bincount(y, w, count)
    top, a, b = right * total - p @ t, total**2 - p @ p, total**2 - t @ t
    if a <= 0 or b <= 0:
        return np.ones(len(y))
    value = top / np.sqrt(a * b)
    change = (total * (y == found) + right - t[found] - p[y]) / np.sqrt(a * b) - value * ((total - p[found]) / a + (total - t[y]) / b)
    return np.asarray((1 - value) - len(y) * w * change)


# numbers -------------------------------------------------------------------------------------------------------------


def _squared(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    return np.asarray(w * (y - S[:, 0]) ** 2)


def _absolute(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    return np.asarray(w * np.abs(y - S[:, 0]))


def _r2(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    spread = float(np.mean(w * (y - np.mean(w * y)) ** 2))
    return np.asarray(w * (y - S[:, 0]) ** 2 / spread if spread > 0 else w * (y != S[:, 0]))


def _logarithmic(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    if (y <= -1).any():
        raise UsageError("the rmsle needs targets above -1", f"a target of {y.min():g}", "take rmse or mae")
    return np.asarray(w * (np.log1p(y) - np.log1p(np.maximum(S[:, 0], 0.0))) ** 2)


def _percentage(y: Array, S: Array, w: Array, fold: Array | None) -> Array:
    """Rows whose target is 0 have no percentage error: they are left out, not counted as enormous."""
    known = y != 0
    if not known.any():
        raise UsageError("the mape needs targets other than 0", "every target is 0", "take mae or rmse")
    return np.asarray(np.where(known, w * np.abs(y - S[:, 0]) / np.where(known, np.abs(y), 1.0), 0.0) * (len(y) / (w @ known)))


METRICS: dict[str, Metric] = {
    found.name: found
    for found in (
        Metric("log_loss", {"en": "log-loss", "fr": "perte logarithmique"}, CLASSES, proper=True, loss=_log_loss),
        Metric("brier", {"en": "Brier score", "fr": "score de Brier"}, CLASSES, proper=True, loss=_brier),
        Metric("accuracy", {"en": "accuracy", "fr": "exactitude"}, CLASSES, "complement", loss=_accuracy),
        Metric("balanced_accuracy", {"en": "balanced accuracy", "fr": "exactitude équilibrée"}, CLASSES, "complement", loss=_balanced),
        Metric("roc_auc", {"en": "AUC", "fr": "AUC"}, CLASSES, "complement", exact=False, loss=_by_fold(_auc)),
        Metric(
            "average_precision",
            {"en": "average precision", "fr": "précision moyenne"},
            CLASSES,
            "complement",
            exact=False,
            loss=_by_fold(_precision),
        ),
        Metric("f1", {"en": "F1", "fr": "F1"}, CLASSES, "complement", exact=False, loss=_f1),
        Metric("mcc", {"en": "Matthews correlation", "fr": "corrélation de Matthews"}, CLASSES, "complement", exact=False, loss=_mcc),
        Metric("rmse", {"en": "root mean squared error", "fr": "erreur quadratique moyenne"}, NUMBERS, "root", proper=True, loss=_squared),
        Metric("mae", {"en": "mean absolute error", "fr": "erreur absolue moyenne"}, NUMBERS, proper=True, loss=_absolute),
        Metric("r2", {"en": "R²", "fr": "R²"}, NUMBERS, "complement", proper=True, loss=_r2),
        Metric(
            "rmsle",
            {"en": "root mean squared log error", "fr": "erreur quadratique moyenne des logarithmes"},
            NUMBERS,
            "root",
            loss=_logarithmic,
        ),
        Metric("mape", {"en": "mean absolute percentage error", "fr": "erreur relative moyenne"}, NUMBERS, loss=_percentage),
    )
}
DEFAULTS: dict[TaskKind, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}
ALIASES = {
    "logloss": "log_loss",
    "neg_log_loss": "log_loss",
    "cross_entropy": "log_loss",
    "brier_score": "brier",
    "neg_brier_score": "brier",
    "auc": "roc_auc",
    "roc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "ap": "average_precision",
    "pr_auc": "average_precision",
    "auc_pr": "average_precision",
    "f1_macro": "f1",
    "matthews_corrcoef": "mcc",
    "matthews": "mcc",
    "neg_root_mean_squared_error": "rmse",
    "root_mean_squared_error": "rmse",
    "neg_mean_absolute_error": "mae",
    "mean_absolute_error": "mae",
    "neg_root_mean_squared_log_error": "rmsle",
    "mean_absolute_percentage_error": "mape",
    "neg_mean_absolute_percentage_error": "mape",
}
