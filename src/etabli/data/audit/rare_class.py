"""Classes with too few rows to be learned, scored, or given sets with a promise of their own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import words
from etabli.records import Finding

FEW, PROMISE, IMBALANCE = 20, 50, 0.05


def find(view: View) -> Iterable[Finding]:
    """A warning below 20 rows a class, notes below 50 and below 5 % of the rows."""
    if view.target is None or view.y is None or view.target.task == "regression":
        return
    counts = np.bincount(view.y, minlength=len(view.target.classes))
    size = {label: int(count) for label, count in zip(view.target.classes, counts, strict=True) if count}
    few = sorted((label for label in size if size[label] < FEW), key=lambda label: size[label])
    if few:
        yield Finding(
            "rare_class",
            (view.target.name,),
            words(
                "{t} has classes with fewer than {f} rows: {c} ({n} in the smallest); they can hardly be learned, nor their score be trusted",
                "{t} a des classes de moins de {f} lignes : {c} ({n} pour la plus petite) ; on ne peut guère les apprendre ni se fier à leur score",
                t=[view.target.name],
                f=FEW,
                c=few,
                n=size[few[0]],
            ),
            words("add rows, or merge such classes in the file", "ajouter des lignes, ou réunir ces classes dans le fichier"),
            "warn",
            {"rows": {label: size[label] for label in few}},
        )
    uneven = [label for label in size if size[label] < IMBALANCE * view.rows.size and label not in few]
    if uneven and len(size) <= 10:
        least = min(uneven, key=lambda label: size[label])
        yield Finding(
            "imbalance",
            (view.target.name,),
            words(
                "the class {c} of {t} has {n} rows ({p} %): accuracy says little here, log-loss and precision-recall say more",
                "la classe {c} de {t} a {n} lignes ({p} %) : l'exactitude en dit peu, la log-vraisemblance et précision-rappel en disent plus",
                c=[least],
                t=[view.target.name],
                n=size[least],
                p=round(100 * size[least] / view.rows.size, 2),
            ),
            words(
                "nothing to do: rows are not resampled, which would spoil the probabilities",
                "rien à faire : pas de rééchantillonnage, il fausserait les probabilités",
            ),
            "note",
            {"rows": {label: size[label] for label in uneven}},
        )
    small = [label for label in size if FEW <= size[label] < PROMISE]
    if small:
        yield Finding(
            "small_class",
            (view.target.name,),
            words(
                "{t} has classes with fewer than {f} rows: {c}; prediction sets cannot promise a coverage for each class",
                "{t} a des classes de moins de {f} lignes : {c} ; les ensembles prédits ne peuvent promettre une couverture par classe",
                t=[view.target.name],
                f=PROMISE,
                c=small,
            ),
            words("nothing to do, or add rows", "rien à faire, ou ajouter des lignes"),
            "note",
            {"rows": {label: size[label] for label in small}},
        )
