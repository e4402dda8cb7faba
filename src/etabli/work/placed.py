"""`fit --with-map N`, `--with-clusters K` and `--with-autoencoder N`: every candidate is tried a second time, with what is learned of all numbers at once beside its columns.

The twin comes right after the candidate, on the same folds, and is judged as any other: it wins only where the extra columns help. Axes,
centres and networks are learned inside each fold (`data/preparation/places.py`, `codes.py`), so that no row is placed by a map that knew it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from etabli.errors import UsageError
from etabli.families.family import Family
from etabli.records import Finding, Setting
from etabli.work.asked import Asked
from etabli.work.material import Material
from etabli.work.portfolio import Offer
from etabli.work.race import Standing
from etabli.work.table import Scores

NETWORK = 3.0  # seconds of work that an autoencoder takes, about


def twins(offers: Sequence[Offer], families: Mapping[str, Family], question: Asked, material: Material) -> list[Offer]:
    """The offers, each followed by its twin; unchanged where nothing of this was asked. UsageError where the table has fewer than two
    columns to place a row by, or where the user said which columns may act together."""
    extra = question.with_map + question.with_clusters + question.with_autoencoder
    if not extra:
        return list(offers)
    numbers = [name for name in material.used if material.table.column(name).kind in ("number", "flag")]
    if len(numbers) < 2:
        raise UsageError(
            "--with-map, --with-clusters and --with-autoencoder need two columns of numbers or flags",
            f"{len(numbers)}: {', '.join(numbers)}",
            "leave them out",
        )
    if material.bound:
        raise UsageError(
            "--with-map, --with-clusters and --with-autoencoder mix the columns, so a column keeps no direction and no company of its own",
            "--increasing, --decreasing or --together beside them",
            "choose one or the other",
        )
    made = []
    for offer in offers:
        made.append(offer)
        if families[offer.family].rank:  # the constant has no use for columns
            path = tuple(
                replace(
                    setting,
                    wants=replace(setting.wants, map=question.with_map, clusters=question.with_clusters, codes=question.with_autoencoder),
                )
                for setting in offer.path
            )
            cost = offer.cost * (1 + extra / len(material.used)) + (NETWORK if question.with_autoencoder else 0.0)
            made.append(replace(offer, path=path, cost=cost, head=False))
    return made


def _has(setting: Setting) -> bool:
    return bool(setting.wants.map or setting.wants.clusters or setting.wants.codes)


def helped(scores: Scores, standing: Standing) -> list[Finding]:
    """What the extra columns brought: the best candidate with them held against the best without, row by row. Both are the best of many, so
    the interval is a little too sure of itself; the honest score is not. Nothing where either is missing."""
    placed = [setting for setting in standing.finished if _has(setting)]
    plain = [setting for setting in standing.finished if not _has(setting)]
    if not placed or not plain:
        return []
    one, other = (min(group, key=lambda setting: scores.loss(setting, standing)) for group in (placed, plain))
    folds = scores.folds_of(one.hash, standing)
    if folds != scores.folds_of(other.hash, standing):
        return []
    gain = scores.column(other.hash, standing, folds)[1] - scores.column(one.hash, standing, folds)[1]
    value, reach = float(gain.mean()), 1.96 * float(gain.std()) / float(np.sqrt(len(gain)))
    low, high = value - reach, value + reach
    said, dit = (
        ("they help", "elles aident")
        if low > 0
        else ("they hurt", "elles nuisent")
        if high < 0
        else ("chance explains the difference", "le hasard explique la différence")
    )
    sizes = f"{value:.3g} ({low:.3g} to {high:.3g})", f"{value:.3g} ({low:.3g} à {high:.3g})".replace(".", ",")
    text = {
        "en": f"Columns learned from all numbers (--with-map, --with-clusters, --with-autoencoder) lower the best loss by {sizes[0]}: {said}. "
        f"With: {one.name}; without: {other.name}.",
        "fr": f"Les colonnes apprises de tous les nombres (--with-map, --with-clusters, --with-autoencoder) abaissent la meilleure perte de {sizes[1]} : {dit}. "
        f"Avec : {one.name} ; sans : {other.name}.",
    }
    return [Finding("placed", (), text, level="note")]
