"""Labels and values that may be wrong: the result's key `doubtful`, a finding when they are more than honest chance explains, and
`doubtful.csv` in the run folder for a person to look at. Nothing is removed.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.audit.words import words
from etabli.judge import doubt
from etabli.judge.answers import probabilities
from etabli.judge.noise import suspects
from etabli.model.by import day
from etabli.records import Array, Column, Finding, Table, Words
from etabli.work.journal import write
from etabli.work.material import Material
from etabli.work.verdict import Verdict

ASKED = 6  # candidates as good as the winner that are asked
SHOWN, CELLS, COLUMNS = 50, 10, 12  # rows in the result; of these with cells; columns of cells
FILE = "doubtful.csv"


def doubtful(material: Material, verdict: Verdict, folder: Path) -> tuple[dict[str, Any], list[Finding]]:
    """(the result's entry, the finding or none). Writes the file of rows when there is a finding."""
    entry, rows, said = _numbers(material, verdict) if material.target.task == "regression" else _classes(material, verdict)
    if not entry["found"]:
        (folder / FILE).unlink(missing_ok=True)
        return entry, []
    table = material.table
    shown = [column.name for column in table.columns if column.name != material.target.name]
    for one in entry["rows"][:CELLS]:
        one["cells"] = {name: _cell(table, table.column(name), one["row"] - 1) for name in (*material.used, *shown)[:COLUMNS]}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "given", "suggested", "probability" if material.target.classes else "times_usual", *shown])
    for one in rows:
        last = one["probability"] if material.target.classes else one["times"]
        cells = [_cell(table, table.column(name), one["row"] - 1) for name in shown]
        writer.writerow([one["row"], one["given"], one["suggested"], f"{last:.4g}", *cells])
    write(folder / FILE, lambda file: file.write(text.getvalue().encode("utf-8", "replace")))
    bins = entry.pop("bins")
    picture = (
        {"kind": "line", "x": [x for x, _ in bins], "y": [y for _, y in bins], "of": "contradicted", "label": ""}
        if material.target.classes
        else {"kind": "spike", "x": list(range(1, len(bins) + 1)), "y": bins, "of": "times", "label": ""}
    )
    evidence = {"share": entry["share"], "rows": entry["count"], "picture": picture}
    cure = {
        "en": f"look at the rows of {FILE} in the run folder; correct the file and fit again, or leave them: nothing was removed",
        "fr": f"regarder les lignes de {FILE} dans le dossier de l'étude ; corriger le fichier et recommencer, ou les laisser : rien n'a été retiré",
    }
    return entry, [Finding("doubtful_labels", (material.target.name,), said, cure, "warn" if material.target.classes else "note", evidence)]


def _classes(material: Material, verdict: Verdict) -> tuple[dict[str, Any], list[dict[str, Any]], Words]:
    table, classes = verdict.table, material.target.classes
    tied = [place for place, setting in enumerate(table.settings) if setting.name in verdict.tied][:ASKED]
    kept = {setting.hash: place for place, setting in enumerate(table.settings)}
    asked = list(dict.fromkeys([*(kept[member.setting.hash] for member in verdict.members), *tied]))
    floors = [doubt.floor(table.y, table.raw[:, place]) for place in asked]  # who has learned the floor is silent: ask those as good
    best = max(range(len(asked)), key=lambda i: floors[i].gain)
    floor, raw = floors[best], table.raw[:, asked[best]]
    found = suspects(table.y, verdict.scores, table.fold)
    P = probabilities(verdict.scores)
    rows = [
        {
            "row": int(table.rows[i]) + 1,
            "given": classes[int(a)],
            "suggested": classes[int(b)],
            "probability": float(P[i, b]),
        }
        for i, a, b in zip(found.rows, found.given, found.suggested, strict=True)
    ][: max(SHOWN, round(2 * floor.share * len(table.y)))]
    entry = {
        "found": floor.found,
        "share": floor.share,
        "low": floor.low,
        "high": floor.high,
        "count": len(rows),
        "file": FILE if floor.found else None,
        "rows": [dict(row) for row in rows[:SHOWN]],
        "bins": _fall(raw, table.y),
    }
    said = words(
        "about {s} % of the labels of {t} ({a} to {b} %) contradict the models however sure these are, which honest overlap of classes does not do: some may be wrong",
        "environ {s} % des étiquettes de {t} ({a} à {b} %) contredisent les modèles, si sûrs qu'ils soient, ce que ne fait pas un recouvrement honnête des classes : certaines sont peut-être fausses",
        t=[material.target.name],
        s=round(100 * floor.share, 1),
        a=round(100 * floor.low, 1),
        b=round(100 * floor.high, 1),
    )
    return entry, rows, said


def _fall(raw: Array, y: Array, parts: int = 12) -> list[list[float]]:
    """[confidence, share of contradicted rows] of parts of equal count, by the model's own confidence: it should fall towards 0."""
    P = probabilities(raw)
    answer = P.argmax(axis=1)
    sure, wrong = P[np.arange(len(y)), answer], answer != y
    order = np.array_split(np.argsort(sure, kind="stable"), parts)
    return [[float(sure[part].mean()), float(wrong[part].mean())] for part in order if len(part)]


def _numbers(material: Material, verdict: Verdict) -> tuple[dict[str, Any], list[dict[str, Any]], Words]:
    table, p = verdict.table, verdict.scores[:, 0]
    places, times = doubt.outliers(np.asarray(table.y - p, np.float64), p)
    rows = [
        {"row": int(table.rows[i]) + 1, "given": float(table.y[i]), "suggested": float(p[i]), "times": float(size)}
        for i, size in zip(places, times, strict=True)
    ]
    sizes = np.sort(times)[::-1]
    entry = {
        "found": bool(rows),
        "share": len(rows) / max(1, len(table.y)),
        "low": None,
        "high": None,
        "count": len(rows),
        "file": FILE if rows else None,
        "rows": [dict(row) for row in rows[:SHOWN]],
        "bins": [float(size) for size in sizes[:24]],
    }
    said = words(
        "{n} values of {t} are farther from the prediction than the tail of the others allows (up to {m} times the usual): a slip, another unit, or a rare event",
        "{n} valeurs de {t} sont plus loin de la prédiction que la queue des autres ne le permet (jusqu'à {m} fois l'écart habituel) : une faute, une autre unité, ou un cas rare",
        t=[material.target.name],
        n=len(rows),
        m=round(float(times.max(initial=0.0))),
    )
    return entry, rows, said


def _cell(table: Table, column: Column, row: int) -> str:
    value = table.values[column.name][row]
    if not column.is_double:
        return "" if value < 0 else str(table.levels[column.name][int(value)])
    if np.isnan(value):
        return ""
    return day(float(value)) if column.kind == "date" else f"{float(value):.10g}"
