"""Shares of right answers: accuracy, balanced accuracy, and the truth among the k most probable classes.

Where costs are stated, the answer is the one of least expected cost (judge/costs.py), and its accuracy is what is counted.
Balanced accuracy is the mean over classes of the share found of each. A class's share is a ratio, hit rows over rows, and in a new sample
both change: with the rows left as weighted misses the standard error on 400 rows, a tenth of them of the rare class, came out as 0.049, and the
true bootstrap gave 0.041. So its rows are influence values. Among equal probabilities the class with the smaller number comes first, as in the file's
answers (scikit-learn's top-k takes the larger).
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import CLASSES, Given, Kind, Metric, Objection, seen, two_classes
from etabli.records import Array

ANSWERS = {
    "en": "It looks at the answers alone: 0.51 and 0.99 are the same to it, and a rare class hardly counts.",
    "fr": "Elle ne voit que les réponses : 0,51 et 0,99 lui sont égaux, et une classe rare ne compte guère.",
}


def _missed(given: Given) -> Array:
    return np.asarray(given.answers != given.y, np.float64)


def _balanced(given: Given) -> Array:
    y, w, missed = given.y, given.w, given.answers != given.y
    sizes = np.bincount(y, w)
    known = np.flatnonzero(sizes)
    share = np.bincount(y, w * missed, len(sizes)) / np.where(sizes > 0, sizes, 1.0)
    return np.asarray(share[known].mean() + w * (missed - share[y]) * len(y) / (len(known) * np.where(sizes > 0, sizes, 1.0)[y]))


def top(k: float) -> Metric:
    """Top-k accuracy."""
    count = int(k)

    def loss(given: Given) -> Array:
        probability = given.P
        true = probability[np.arange(len(given.y)), given.y][:, None]
        smaller = np.arange(probability.shape[1]) < given.y[:, None]
        before = (probability > true) | ((probability == true) & smaller)
        return np.asarray(before.sum(axis=1) >= count, np.float64)

    def check(y: Array, fold: Array | None) -> Objection | None:
        if seen(y) > count:
            return None
        return Objection(
            f"the truth among the first {count} needs more than {count} classes",
            f"{seen(y)} classes: every answer would be right",
            f"top{max(1, seen(y) - 1)}, or log_loss",
        )

    return Metric(
        f"top{count}",
        {"en": f"top-{count} accuracy", "fr": f"exactitude des {count} premières"},
        ("multiclass",),
        "complement",
        loss=loss,
        check=check,
        doc={
            "en": f"The share of rows whose true class is among the {count} most probable.",
            "fr": f"La part des lignes dont la vraie classe est parmi les {count} plus probables.",
        },
        caution={
            "en": "It looks at the order of the classes alone, not at how probable they are.",
            "fr": "Elle ne voit que l'ordre des classes, non leur probabilité.",
        },
    )


METRICS = (
    Metric(
        "accuracy",
        {"en": "accuracy", "fr": "exactitude"},
        CLASSES,
        "complement",
        loss=_missed,
        doc={"en": "The share of right answers.", "fr": "La part des réponses justes."},
        aliases=("accuracy_score", "acc", "f1_micro", "precision_micro", "recall_micro"),
        caution=ANSWERS,
    ),
    Metric(
        "balanced_accuracy",
        {"en": "balanced accuracy", "fr": "exactitude équilibrée"},
        CLASSES,
        "complement",
        exact=False,
        loss=_balanced,
        check=two_classes,
        doc={
            "en": "The mean over classes of the share of each that is found; one half for two classes is what a constant answer has.",
            "fr": "La moyenne sur les classes de la part trouvée de chacune ; une réponse constante a un demi avec deux classes.",
        },
        aliases=("balanced_accuracy_score", "recall_macro", "macro_recall"),
        caution={
            "en": "It counts every class alike, however rare, and looks at the answers alone; with unequal mistakes state --cost instead.",
            "fr": "Elle compte toutes les classes autant, même rares, et ne voit que les réponses ; si les erreurs diffèrent, donnez --cost.",
        },
    ),
)
KINDS = (
    Kind("top", top, 2, 1000, 3, "how many classes are looked at", ("top_k_accuracy", "top_k", "top_k_accuracy_score", "topk"), whole=True),
)
