"""Areas under curves: AUC of the ROC (Hanley & McNeil 1982), and average precision, that of precision over recall.

Both ask how well scores order the rows. AUC is the share of pairs (one row of the class, one of the rest) that are ordered well, ties one half;
its influence values are DeLong's. Average precision is the mean, over rows of the class, of the precision at their score; rows of equal
score share one threshold, as in scikit-learn.

Rows are compared within a fold only when folds are given: models of different folds have different scales. A fold with one class
has no pairs and says nothing. More than two classes: each against the rest, then the plain mean over classes ("macro"), or the mean
by their share of the rows ("weighted"), whose influence counts that shares are chance too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from etabli.judge.metrics.metric import CLASSES, Given, Loss, Metric, Objection, by_share, ratio, two_classes
from etabli.records import Array, Words

Kernel = Callable[[Array, Array, Array], tuple[float, float, Array, Array]]  # hit, s, w -> top, bottom and what each row adds to both
ORDER: Words = {
    "en": "It looks at the order of the rows alone: probabilities that are all too high score the same.",
    "fr": "Elle ne voit que l'ordre des lignes : des probabilités toutes trop hautes lui sont égales.",
}


def _auc(hit: Array, s: Array, w: Array) -> tuple[float, float, Array, Array]:
    """Sum and number of the badly ordered pairs, and what each row adds to both. Ties count half."""
    _, level = np.unique(s, return_inverse=True)
    yes, no = np.bincount(level, w * hit), np.bincount(level, w * (1 - hit))
    above, below = no.sum() - np.cumsum(no) + no / 2, np.cumsum(yes) - yes / 2
    return (
        float(yes @ above),
        float(yes.sum() * no.sum()),
        np.where(hit > 0, above[level], below[level]),
        np.where(hit > 0, no.sum(), yes.sum()),
    )


def _imprecision(hit: Array, s: Array, w: Array) -> tuple[float, float, Array, Array]:
    """Sum over rows of the class of one minus the precision at their score, and their number."""
    _, level = np.unique(-s, return_inverse=True)
    yes, everything = np.bincount(level, w * hit), np.bincount(level, w)
    reached = np.cumsum(everything)
    reached = np.where(reached > 0, reached, 1.0)  # rows of weight 0 at the top: no precision yet
    precision = np.cumsum(yes) / reached
    later = np.cumsum((yes / reached)[::-1])[::-1]
    weighted = np.cumsum((yes * precision / reached)[::-1])[::-1]
    return float(yes @ (1 - precision)), float(yes.sum()), hit * (1 - (precision + later)[level]) + weighted[level], hit


def _one(kernel: Kernel, given: Given, k: int) -> Array:
    """Influence rows of class k against the rest, over the folds."""
    hit, s = (given.y == k).astype(np.float64), given.S[:, 0] if given.S.shape[1] == 1 else given.S[:, k]
    top, bottom, dtop, dbottom = 0.0, 0.0, np.zeros(len(s)), np.zeros(len(s))
    parts = [np.arange(len(s))] if given.fold is None else [np.flatnonzero(given.fold == f) for f in np.unique(given.fold)]
    for part in parts:
        a, b, dtop[part], dbottom[part] = kernel(hit[part], s[part], given.w[part])
        top, bottom = top + a, bottom + b
    return ratio(top, bottom, dtop, dbottom, given.w)


def _macro(kernel: Kernel) -> Loss:
    def loss(given: Given) -> Array:
        if given.S.shape[1] == 1:
            return _one(kernel, given, 1)
        return np.asarray(np.mean([_one(kernel, given, int(k)) for k in np.unique(given.y)], axis=0))

    return loss


def _weighted(kernel: Kernel) -> Loss:
    def loss(given: Given) -> Array:
        return by_share(given, lambda k: _one(kernel, given, k))

    return loss


def _pairs(y: Array, fold: Array | None) -> Objection | None:
    """Each class must meet the rest in one fold at least."""
    alone = two_classes(y, fold)
    if alone is not None or fold is None:
        return alone
    for k in np.unique(y):
        mixed = [f for f in np.unique(fold) if 0 < np.mean(y[fold == f] == k) < 1]
        if not mixed:
            return Objection(
                "this metric compares rows within a fold, and each class must meet another there",
                f"class number {int(k)} has {int(np.sum(y == k))} rows, and every fold with them has no other class",
                "take log_loss, or other folds (--group, --time-column)",
            )
    return None


METRICS = (
    Metric(
        "roc_auc",
        {"en": "AUC", "fr": "AUC"},
        CLASSES,
        "complement",
        exact=False,
        loss=_macro(_auc),
        check=_pairs,
        doc={
            "en": "The probability that a row of the class scores higher than a row of another; with several classes the mean of each against the rest.",
            "fr": "La probabilité qu'une ligne de la classe ait un score plus haut qu'une autre ; la moyenne de chacune contre le reste s'il y en a plusieurs.",
        },
        aliases=("auc", "roc", "roc_auc_score", "roc_auc_ovr", "auroc", "area_under_curve"),
        caution=ORDER,
    ),
    Metric(
        "roc_auc_weighted",
        {"en": "AUC by share of the classes", "fr": "AUC selon la part des classes"},
        ("multiclass",),
        "complement",
        exact=False,
        loss=_weighted(_auc),
        check=_pairs,
        doc={
            "en": "The AUC of each class against the rest, averaged by how common the classes are.",
            "fr": "L'AUC de chaque classe contre le reste, en moyenne selon leur fréquence.",
        },
        aliases=("roc_auc_ovr_weighted",),
        caution=ORDER,
    ),
    Metric(
        "average_precision",
        {"en": "average precision", "fr": "précision moyenne"},
        CLASSES,
        "complement",
        exact=False,
        loss=_macro(_imprecision),
        check=_pairs,
        doc={
            "en": "The area under precision over recall: the precision met on the way to each row of the class; by chance it is the class's share.",
            "fr": "L'aire sous la précision selon le rappel : la précision en atteignant chaque ligne de la classe ; au hasard, la part de la classe.",
        },
        aliases=("ap", "pr_auc", "auc_pr", "auprc", "average_precision_score"),
        caution=ORDER,
    ),
)
