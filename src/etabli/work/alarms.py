"""Do the simplest models' residuals say that rows belong together? Then the split must respect it (anchors: permutation
tests on out-of-fold residuals find what comparing random with grouped folds misses four times in five).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from etabli.data.audit.group import candidate_groups, subjects
from etabli.data.audit.time_order import candidate_times, is_time
from etabli.data.forward import times
from etabli.judge import alarms
from etabli.judge.metrics import metric
from etabli.records import Array, Finding
from etabli.work.compare import Ground
from etabli.work.material import Material
from etabli.work.race import Standing
from etabli.work.verdict import Verdict

LEVEL = 0.01
PARTS = 24  # of a picture
FEW = 20  # levels below which a column is a factor and not a set of subjects


def tested(
    ground: Ground, standing: Standing, group: str | None, moment: str | None, ignore: Sequence[str] = ()
) -> tuple[list[Finding], str | None, str | None]:
    """(findings, the group column to split by, the time column to split by). group, moment: what the user said; not None: not
    tested."""
    if not standing.finished:
        return [], None, None
    scores, material = ground.scores, ground.material
    best = min(standing.finished, key=lambda setting: scores.loss(setting, standing))
    folds = scores.folds_of(best.hash, standing)
    rows = scores.rows(folds)
    residual = alarms.residuals(material.target.y[rows], scores.column(best.hash, standing, folds)[0], material.target.task)
    found: list[Finding] = []
    by = when = None
    names: list[str] = []
    sure = subjects(material.table, material.target, tuple(ignore))
    if group is None:
        names = [
            name for name in candidate_groups(material.table, material.target, tuple(ignore)) if material.table.column(name).distinct >= FEW
        ]
        for name in names:
            values = np.asarray(material.table.values[name])[rows]
            alarm = alarms.grouped(residual, values, ground.seed, level=LEVEL / len(names))
            if alarm.rings and name in sure:
                by = name
                found.append(_pictured(_grouped(name, alarm), spread(residual, values)))
                break
            if alarm.rings:
                found.append(_pictured(_alike(name, alarm), spread(residual, values)))
    if moment is None:
        times = candidate_times(material.table, material.target, tuple(ignore))
        for name in times:
            order = np.argsort(np.asarray(material.table.values[name])[rows], kind="stable")
            alarm = alarms.serial(residual[order], ground.seed, level=LEVEL / len(times))
            if alarm.rings and is_time(material.table, name):
                when = name
                found.append(_pictured(_timed(name, alarm), along(residual[order])))
                break
    if when is None:
        order = np.argsort(rows)
        if by is None:  # rows of a group may follow each other without sharing a mean error
            for name in filter(sure.__contains__, names):
                alarm = alarms.bounded(residual[order], np.asarray(material.table.values[name])[rows][order], LEVEL / len(names))
                if alarm.rings:
                    by = name
                    found.append(_pictured(_grouped(name, alarm), along(residual[order])))
                    break
        if by is None and moment is None:
            alarm = alarms.serial(residual[order], ground.seed, level=LEVEL)
            if alarm.rings:
                found.append(_pictured(_ordered(alarm), along(residual[order])))
    return found, by, when


def harder(material: Material, verdict: Verdict, seed: int, ignore: Sequence[str] = ()) -> list[Finding]:
    """Whether the winner is worse on the latest rows, by the first column of dates where it is: folds at random do not ask that."""
    table, task = verdict.table, material.target.task
    loss = metric(None, task).rows(table.y, verdict.scores, table.weight)
    names = [name for name in candidate_times(material.table, material.target, tuple(ignore)) if is_time(material.table, name)]
    for name in names:
        when = times(material.table, name)[table.rows]
        order = np.argsort(when, kind="stable")[: int((~np.isnan(when)).sum())]
        alarm = alarms.later(loss[order], seed, level=LEVEL / len(names))
        if alarm.rings:
            return [_pictured(_harder(name, alarm), along(loss[order], "loss"))]
    return []


def along(values: Array, of: str = "residual") -> dict[str, Any]:
    """The picture of means of equal stretches of rows in order. values: [n] or [n, m], of which the column that varies most is drawn."""
    parts = np.array_split(_most(values), min(PARTS, max(1, len(values) // 5)))
    return {"kind": "line", "x": list(range(len(parts))), "y": [float(part.mean()) for part in parts], "of": of, "label": ""}


def spread(residual: Array, groups: Array) -> dict[str, Any]:
    """The picture of how far apart the groups' mean residuals lie: a histogram of groups."""
    _, of = np.unique(groups, return_inverse=True)
    counts, edges = np.histogram(np.bincount(of, _most(residual)) / np.bincount(of), PARTS)
    return {"kind": "spike", "x": ((edges[:-1] + edges[1:]) / 2).tolist(), "y": counts.tolist(), "of": "groups", "label": ""}


def _most(values: Array) -> Array:
    """The column of [n, m] that varies most; of [n], itself."""
    values = np.asarray(values, np.float64)
    return values if values.ndim == 1 else np.asarray(values[:, int(values.var(axis=0).argmax())])


def _pictured(finding: Finding, picture: dict[str, Any]) -> Finding:
    """The finding with the few numbers that draw it, where there are enough."""
    return replace(finding, evidence={**finding.evidence, "picture": picture}) if len(picture["y"]) > 1 else finding


def unanswered(findings: Sequence[Finding], found: Sequence[Finding]) -> list[Finding]:
    """Findings and alarms together, without the suspicions that an alarm has settled."""
    settled = {"group-alarm": ("group",), "time-alarm": ("time", "time_order", "row_number"), "time-harder": ("time",)}
    known = {(code, alarm.columns) for alarm in found for code in settled.get(alarm.code, ())}
    return [*(finding for finding in findings if (finding.code, finding.columns) not in known), *found]


def _french(p: float) -> str:
    return f"{p:.2g}".replace(".", ",")


def _grouped(name: str, alarm: alarms.Alarm) -> Finding:
    return Finding(
        "group-alarm",
        (name,),
        {
            "en": f'rows with the same "{name}" err together (p = {alarm.p:.2g}): the split keeps them on one side, so the score is for a new {name}',
            "fr": f"les lignes de même « {name} » se trompent ensemble (p = {_french(alarm.p)}) : le partage les garde du même côté, le score vaut donc pour un nouveau {name}",
        },
        {
            "en": f"--group {name} says so from the start; --group none if new rows will have known values of {name}",
            "fr": f"--group {name} le dit d'emblée ; --group none si les nouvelles lignes auront des valeurs connues de {name}",
        },
        evidence={"p": alarm.p, "effect": alarm.effect},
    )


def _alike(name: str, alarm: alarms.Alarm) -> Finding:
    return Finding(
        "group-alike",
        (name,),
        {
            "en": f'rows with the same "{name}" err together (p = {alarm.p:.2g}): the score is for known values of {name}, and flatters for new ones',
            "fr": f"les lignes de même « {name} » se trompent ensemble (p = {_french(alarm.p)}) : le score vaut pour des valeurs connues de {name} et flatte pour de nouvelles",
        },
        {
            "en": f"--group {name} if new rows will bring new values of {name}",
            "fr": f"--group {name} si les nouvelles lignes apporteront de nouvelles valeurs de {name}",
        },
        "note",
        {"p": alarm.p, "effect": alarm.effect},
    )


def _timed(name: str, alarm: alarms.Alarm) -> Finding:
    return Finding(
        "time-alarm",
        (name,),
        {
            "en": f'neighbours in "{name}" err together (p = {alarm.p:.2g}): models learn from the past and are scored on what came later',
            "fr": f"les voisins dans « {name} » se trompent ensemble (p = {_french(alarm.p)}) : les modèles apprennent du passé et sont notés sur la suite",
        },
        {
            "en": f"--time-column {name} says so from the start; --time-column none if new rows come from the same period",
            "fr": f"--time-column {name} le dit d'emblée ; --time-column none si les nouvelles lignes viennent de la même période",
        },
        evidence={"p": alarm.p, "effect": alarm.effect},
    )


def _harder(name: str, alarm: alarms.Alarm) -> Finding:
    return Finding(
        "time-harder",
        (name,),
        {
            "en": f'the latest fifth of the rows by "{name}" is harder: the winner\'s loss there is {alarm.effect:.0%} above that of all rows (p = {alarm.p:.2g}). New rows come later still, so the score may flatter',
            "fr": f"le dernier cinquième des lignes selon « {name} » est plus difficile : la perte du gagnant y dépasse de {alarm.effect:.0%} celle de toutes (p = {_french(alarm.p)}). De nouvelles lignes viendront plus tard encore : le score est peut-être flatteur".replace(
                "%", "\u202f%"
            ),
        },
        {
            "en": f"--time-column {name} learns from the past and is scored on what came later",
            "fr": f"--time-column {name} apprend du passé et note sur la suite",
        },
        evidence={"p": alarm.p, "effect": alarm.effect},
    )


def _ordered(alarm: alarms.Alarm) -> Finding:
    return Finding(
        "order-alarm",
        (),
        {
            "en": f"neighbouring rows of the file err together (p = {alarm.p:.2g}): if the file is in order of time, place or subject, this score flatters for new times, places or subjects",
            "fr": f"les lignes voisines du fichier se trompent ensemble (p = {_french(alarm.p)}) : si le fichier est dans l'ordre du temps, des lieux ou des sujets, ce score est flatteur pour de nouveaux temps, lieux ou sujets",
        },
        {
            "en": "--time-column COL or --group COL, if there is such a column",
            "fr": "--time-column COL ou --group COL, s'il existe une telle colonne",
        },
        evidence={"p": alarm.p, "effect": alarm.effect},
    )
