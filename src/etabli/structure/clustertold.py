"""What is told of a clustering: the result (docs/cluster.md says what each key is), and the sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.judge.stability import adjusted_rand
from etabli.records import Array, Finding, Table, Words
from etabli.structure.asked import Question
from etabli.structure.begins import begins
from etabli.structure.belonging import NONE, Membership, Sure
from etabli.structure.cards import cards, cells
from etabli.structure.colours import colours, first
from etabli.structure.compare import DENSITY, LEFT, LOOSE, Candidate
from etabli.structure.file import Whole
from etabli.structure.followed import followed
from etabli.structure.methods import clusterings

if TYPE_CHECKING:
    from etabli.structure.cluster import Structure

POINTS = 2_000
SURE = ("temperature", "says", "kept", "off")


def told(
    question: Question,
    table: Table,
    made: Whole,
    candidates: Sequence[Candidate],
    structure: Structure,
    sure: Sure,
    findings: Sequence[Finding],
    rows: Array,
    cut: bool,
) -> dict[str, Any]:
    """The result of the run. rows: those that the clusters were learned from."""
    head = made.head
    assert isinstance(head, Membership)
    best, known = candidates[0], clusterings()
    x = made.space.apply(table, rows)
    share = head.shares(x)
    clusters = len(head.classes) - (NONE in head.classes)
    label = compared_with(question, table, share.argmax(axis=1), rows)
    begun = begins(question, table, (column.name for column in made.columns), len(rows), findings)
    if clusters > 1 and structure.found and sure.stability < LOOSE:
        begun["warnings"].append(_loose(sure.stability))
    cut_by = followed(table, [column.name for column in made.columns], rows, share.argmax(axis=1)) if clusters > 1 else None
    if cut_by is not None:
        begun["warnings"].append(cut_by)
    names = [column.name for column in made.columns]
    return {
        **begun,
        "compared_on": min(len(rows), candidates_rows(question)),
        "components": None if made.space.turned is None else made.space.turned.shape[1],
        "effort": question.effort,
        "cut": cut,
        "winner": {
            "family": head.method.name,
            "title": head.method.title,
            "values": dict(head.found.values),
            "clusters": clusters,
        },
        "structure": {
            "found": structure.found,
            "p": structure.p,
            "valley": structure.valley,
            "gain": structure.gain,
            "stability": sure.stability,
            "error": sure.error,
            "null": best.null[0],
            "chosen": best.stability,
        },
        "membership": {key: getattr(sure, key) for key in SURE},
        "clusters": cards(
            cells(table, names, rows),
            share,
            head.classes,
            sure.stays,
            [(one, one.present(table, rows)) for one in made.space.texts],
        ),
        "label": label,
        "leaderboard": [_ranked(one, known[one.method].title) for one in candidates],
        "points": points(question, table, names, x, rows, share.argmax(axis=1), head.classes),
        "sentence": sentence(question, head, structure, sure, clusters, label),
        "citations": sorted({known[c.method].citation for c in candidates}),
    }


def _ranked(one: Candidate, title: str) -> dict[str, Any]:
    """A row of the leaderboard."""
    return {
        "name": one.method,
        "title": title,
        "values": dict(one.values),
        "clusters": one.clusters,
        "gain": one.gain,
        "error": one.error,
        "stability": one.stability,
        "null": one.null[0],
        "each": one.found[:, 0].tolist(),
        "strength": one.strength,
        "null_strength": one.null[2],
        "silhouette": one.silhouette,
        "null_silhouette": one.null[1],
        "density": float(one.found[:, DENSITY].mean()),
        "null_density": one.null[DENSITY],
        "left_out": float(one.found[:, LEFT].mean()),
        "gap": one.gap[0],
        "gap_error": one.gap[1],
        "bic": one.bic,
    }


def _loose(stability: float) -> dict[str, Any]:
    """Groups that are more than chance, and yet come out otherwise with other rows."""
    again = f"{stability:.2f}"
    text = {
        "en": f"Two halves of the rows agree on these groups by {again} only: that there is structure is sure, where one group ends and the next begins is not. "
        "With other rows the borders would lie elsewhere.",
        "fr": f"Deux moitiés des lignes ne s'accordent sur ces groupes qu'à {again.replace('.', ',')} : qu'il y a une structure est sûr, où un groupe finit et où l'autre commence ne "
        "l'est pas. Avec d'autres lignes, les limites seraient ailleurs.",
    }
    cure = {
        "en": "read the cards as tendencies, trust memberships near 1 alone; fewer groups: --clusters 3; a picture without groups: etabli map",
        "fr": "lire les cartes comme des tendances, ne se fier qu'aux appartenances proches de 1 ; moins de groupes : --clusters 3 ; une image sans groupes : etabli map",
    }
    return {"code": "loose_groups", "level": "warn", "columns": [], "text": text, "cure": cure}


def candidates_rows(question: Question) -> int:
    """At most so many rows are compared on."""
    from etabli.structure.compare import PLANS

    return PLANS[question.effort].rows


def compared_with(question: Question, table: Table, own: Array, rows: Array) -> Mapping[str, Any] | None:
    """How far the clusters agree with a known grouping, on the rows that have one."""
    if question.label is None:
        return None
    values = np.asarray(table.values[question.label][rows])
    known = values >= 0 if not table.column(question.label).is_double else ~np.isnan(values)
    return {"column": question.label, "adjusted_rand": adjusted_rand(own[known], values[known]), "rows": int(known.sum())}


def points(
    question: Question, table: Table, used: Sequence[str], x: Array, rows: Array, own: Array, classes: Sequence[str]
) -> dict[str, Any]:
    """At most POINTS rows on the two leading axes, for a picture, with the cells that it may be coloured by."""
    some = np.linspace(0, len(x) - 1, min(len(x), POINTS)).astype(int)
    centred = x[some] - x[some].mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    z = centred @ axes.T
    z = np.hstack([z, np.zeros((len(z), 2 - z.shape[1]))])
    return {
        "row": rows[some].tolist(),
        "x": z[:, 0].round(4).tolist(),
        "y": z[:, 1].round(4).tolist(),
        "label": [classes[i] for i in own[some]],
        "colour": question.colour,
        **colours(table, rows[some], z, used, first(question.colour, question.label)),
    }


def sentence(
    question: Question, head: Membership, structure: Structure, sure: Sure, clusters: int, label: Mapping[str, Any] | None
) -> Words:
    """The result in words."""
    title, p = head.method.title, chance_text(structure.p)
    if clusters == 1 and not structure.found:
        return {
            "en": f"No groups: the rows are not told from one cloud without any ({p['en']}). The file puts every row into one group.",
            "fr": f"Pas de groupes : rien ne distingue les lignes d'un seul nuage ({p['fr']}). Le fichier met toutes les lignes dans un groupe.",
        }
    again = f"{sure.stability:.2f}", f"{sure.stability:.2f}".replace(".", ",")
    made = {
        "en": f"{clusters} groups, by {title}: two halves of the rows agree on them by {again[0]} (1: wholly, 0: by chance; fresh halves).",
        "fr": f"{clusters} groupes, par {title} : deux moitiés des lignes s'accordent à {again[1]} (1 : tout à fait, 0 : au hasard ; moitiés neuves).",
    }
    made["en"] += (
        f" That there are groups: {p['en']}."
        if structure.found
        else f" But there is no sign of groups ({p['en']}): so many were asked for."
    )
    made["fr"] += (
        f" Qu'il y a des groupes : {p['fr']}."
        if structure.found
        else f" Mais rien n'indique des groupes ({p['fr']}) : ce nombre était demandé."
    )
    if sure.stability < LOOSE:
        made["en"] += " They are loose: other rows would give other ones."
        made["fr"] += " Ils sont lâches : d'autres lignes en donneraient d'autres."
    if label is not None:
        made["en"] += f" With {label['column']} they agree by {label['adjusted_rand']:.2f}."
        made["fr"] += f" Avec {label['column']} ils s'accordent à {label['adjusted_rand']:.2f}.".replace(
            f"{label['adjusted_rand']:.2f}", f"{label['adjusted_rand']:.2f}".replace(".", ",")
        )
    return made


def chance_text(p: float) -> Words:
    """A p-value in words."""
    text = "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"
    return {"en": f"p {text}", "fr": f"p {text.replace('.', ',')}"}
