"""The result of a run as one JSON-able mapping: what `fit --json` prints, the report draws and the file's card is cut from.

Documented in docs/result.md; `schema` is raised when a key changes its meaning.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.splits import split_words
from etabli.families.family import Family
from etabli.job.hardware import hardware
from etabli.judge import costs, sentence, ties
from etabli.judge.coverage import Coverage
from etabli.judge.distribution import QUANTILES
from etabli.judge.draws import means
from etabli.judge.honesty import interval
from etabli.judge.metrics import METRICS, Metric
from etabli.records import Array, Column, Finding, Split, Words
from etabli.work import by
from etabli.work.asked import Asked, versions
from etabli.work.assemble import Assembled
from etabli.work.journal import Journal
from etabli.work.material import Material
from etabli.work.parts import by_parts
from etabli.work.pictures import pictures
from etabli.work.race import LATE, Standing
from etabli.work.verdict import COMBINATION, Verdict

SCHEMA = 1


@dataclass(frozen=True)
class Tested:
    """The outer test, opened once: values by metric, the interval of the ranking metric, rows."""

    values: Mapping[str, float]
    low: float
    high: float
    rows: int


def tested(material: Material, verdict: Verdict, scores: Array, rows: Array) -> Tested:
    """Scores the composition's answers [rows, outputs] on the outer test."""
    y = material.target.y[rows]
    weight = None if material.weight is None else material.weight[rows]
    names = {
        "regression": ("rmse", "mae", "r2"),
        "binary": ("log_loss", "roc_auc", "accuracy", "brier"),
        "multiclass": ("log_loss", "accuracy", "balanced_accuracy"),
    }
    chosen = {one.name: one for one in (verdict.metric, *(METRICS[name].priced(material.cost) for name in names[material.target.task]))}
    values = {name: one.value(y, scores, weight) for name, one in chosen.items()}
    found = interval(verdict.metric, y, scores, weight)
    return Tested(values, found.low, found.high, len(rows))


def result(
    asked: Asked,
    journal: Journal,
    material: Material,
    split: Split,
    standing: Standing,
    verdict: Verdict,
    assembled: Assembled,
    findings: Sequence[Finding],
    families: Mapping[str, Family],
    proof: Mapping[str, Any],
    test: Tested | None,
    seconds: float,
    latency: float | None,
    rounds: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The whole mapping; paths are relative to the working folder as -o was."""
    said = replace(_said(verdict, families), alone=_alone(verdict, standing, families))
    members = assembled.composition.members
    seen = by.rows(material, verdict, assembled)
    return {
        "schema": SCHEMA,
        **_files(asked.folder),
        **_question(material, split),
        **_scores(asked, material, verdict, test),
        "winner": _winner(verdict, assembled),
        **_field(verdict, standing, journal, rounds),
        **_promises(assembled),
        **pictures(material, verdict),
        "cost": _cost(material, verdict),
        "by": by.by(asked.by, material, verdict, seen, asked.seed),
        **by_parts(material, verdict.table.rows, seen),
        **_heads(assembled),
        "proof": dict(proof),
        "warnings": [_warning(finding) for finding in (*findings, *verdict.notes)],
        "sentence": sentence.sentence(said),
        "evidence": bool(said.evidence),
        **_call(asked, standing, seconds),
        "versions": versions(),
        "fingerprint": material.table.fingerprint,
        "hardware": {"cores": hardware().cores, "memory": hardware().memory, "description": hardware().description},
        "latency": None if latency is None else {"row_us": latency},
        "citations": list(dict.fromkeys(families[member.family].citation for member in members)),
    }


def _said(verdict: Verdict, families: Mapping[str, Family]) -> sentence.Verdict:
    """What the sentence is made of."""
    honest = verdict.honest
    constants = [row for row in verdict.leaderboard if row.family != COMBINATION and families[row.family].rank == 0]
    return sentence.Verdict(
        verdict.metric,
        honest.value,
        honest.low,
        honest.high,
        honest.leaderboard,
        verdict.tried,
        len(verdict.tied) - 1,
        verdict.baseline,
        "" if verdict.simplest == verdict.winner else _people(verdict.simplest, families),
        beaten=bool(constants) and all(not row.tied and ties.beats(row.difference, row.low) for row in constants),
    )


def _alone(verdict: Verdict, standing: Standing, families: Mapping[str, Family]) -> bool:
    """Whether the constant had no rival because the time ended, and none was beaten."""
    ranks = [families[row.family].rank for row in verdict.leaderboard if row.family != COMBINATION]
    return bool(standing.dropped) and not any(ranks) and set(LATE).issuperset(standing.dropped.values())


def _files(folder: Path) -> dict[str, str]:
    return {"run": str(folder), "model": str(folder / "model.onnx"), "report": str(folder / "report.html")}


def _question(material: Material, split: Split) -> dict[str, Any]:
    """What is predicted, from which columns, and how the rows were parted."""
    target = material.target
    return {
        "task": target.task,
        "target": target.name,
        "classes": list(target.classes),
        "rows": material.table.rows,
        "columns": [described(column, material) for column in material.table.columns],
        "split": {
            "kind": split.kind,
            "folds": split.folds,
            "gap": split.gap or None,
            "reason": dict(split_words(split)),
            "test_rows": len(split.test),
        },
    }


def _scores(asked: Asked, material: Material, verdict: Verdict, test: Tested | None) -> dict[str, Any]:
    """How good it is: honestly, nested, beside knowing nothing, and on the outer test."""
    honest = verdict.honest
    return {
        "metric": verdict.metric.name,
        "greater_is_better": verdict.metric.greater_is_better,
        "exposure": material.exposure or None,
        "weights": asked.weights,
        "honest": {"value": honest.value, "low": honest.low, "high": honest.high},
        "nested": None if verdict.nested is None else {key: list(v) if isinstance(v, tuple) else v for key, v in verdict.nested.items()},
        "baseline": {"name": "baseline", "value": verdict.baseline},
        "test": None if test is None else dict(test.values),
        "test_interval": None if test is None else {"low": test.low, "high": test.high},
    }


def _winner(verdict: Verdict, assembled: Assembled) -> dict[str, Any]:
    members = assembled.composition.members
    total = sum(member.count for member in members)
    return {
        "name": verdict.winner if verdict.winner != COMBINATION else f"combination of {len(members)}",
        "members": [{"name": member.name, "family": member.family, "weight": member.count / total} for member in members],
        "final": assembled.final,
    }


def _field(verdict: Verdict, standing: Standing, journal: Journal, rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Who was compared: who ties with the winner, who was dropped or failed."""
    repeats = verdict.repeats
    return {
        "tied": list(verdict.tied),
        "simplest": verdict.simplest,
        "tried": verdict.tried,
        "rounds": list(rounds),
        "repeats": {
            "times": repeats.times,
            "candidates": len(repeats.settings),
            "reason": dict(repeats.reason) if repeats.parts or repeats.code else {},
        },
        "leaderboard": _board(verdict, standing, journal),
        "dropped": [
            {"name": standing.settings[name].name, "reason": reason, "late": reason in LATE} for name, reason in standing.dropped.items()
        ],
        "set_aside": _aside(standing),
    }


def _promises(assembled: Assembled) -> dict[str, Any]:
    """The coverage of intervals or sets, and the kind and width of intervals."""
    interval, covered = assembled.composition.interval, assembled.coverage
    kind = "by class" if getattr(interval, "by_class", False) else "one for all"
    return {
        "coverage": [measured(one) | {"windows": [asdict(window) for window in one.windows]} for one in covered],
        "interval": {"kind": getattr(interval, "kind", kind), "width": next((one.size for one in covered if one.level == 0.9), None)},
    }


def measured(one: Coverage) -> dict[str, Any]:
    """A level's coverage as the result tells it."""
    return {
        "level": one.level,
        "got": one.got,
        "low": one.low,
        "high": one.high,
        "band": [one.low, one.high],
        "worst": None if one.worst is None else {"group": one.worst_group, "got": one.worst, "low": one.worst_low},
        "size": one.size,
    }


def _heads(assembled: Assembled) -> dict[str, Any]:
    """What else the file answers, and how well."""
    return {
        "inside": assembled.inside,
        "crps": None if assembled.crps is None else asdict(assembled.crps),
        "quantiles": list(QUANTILES) if assembled.composition.distribution is not None else None,
        "bounds": None if assembled.gap is None else {"gap": assembled.gap},
        "own_interval": None if assembled.own is None else asdict(assembled.own),
        "guarantee": None if assembled.guarantee is None else asdict(assembled.guarantee),
        "novelty": {"flagged_share": assembled.novelty_flagged},
    }


def _warning(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "columns": list(finding.columns),
        "text": dict(finding.text),
        "cure": dict(finding.cure),
        "level": finding.level,
        "picture": finding.evidence.get("picture"),
    }


def _call(asked: Asked, standing: Standing, seconds: float) -> dict[str, Any]:
    """How it was asked for, how long it took, why it ended, and how to go on."""
    cut = standing.ended in ("cap", "interrupted")
    return {
        "seconds": seconds,
        "cut": cut,
        "ended": standing.ended,
        "budget": {"effort": asked.effort, "time": asked.time, "cut": cut},
        "seed": asked.seed,
        "command": asked.command,
        "python_call": asked.call,
        "predict_command": shlex.join(["etabli", "predict", str(asked.folder / "model.onnx"), "new.csv", "-o", "out.csv"]),
    }


def _cost(material: Material, verdict: Verdict) -> dict[str, Any] | None:
    """What the answers cost a row, out of fold, with the constant answer's cost; None without declared costs."""
    if material.cost is None:
        return None
    y, weight = verdict.table.y, verdict.table.weight
    paid = costs.rows(y, verdict.scores, material.cost) * (1.0 if weight is None else weight * len(weight) / weight.sum())
    low, high = np.quantile(means(paid[:, None], verdict.table.groups)[0], [0.025, 0.975])
    return {
        "matrix": material.cost.tolist(),
        "value": float(paid.mean()),
        "low": float(low),
        "high": float(high),
        "constant": costs.constant(y, material.cost),
    }


def _aside(standing: Standing) -> list[dict[str, str]]:
    """What went wrong: a setting by its name, a family that could not even say its settings by its own."""
    names = {key: setting.name for key, setting in standing.settings.items()}
    return [{"name": names.get(key, key), "reason": reason} for key, reason in standing.aside.items()]


def _people(name: str, families: Mapping[str, Family]) -> Words:
    """A candidate's name in a sentence, as the tables write it."""
    head, blank, rest = name.partition(" ")
    title = families[head].title if head in families else head
    english = (title if title[1:2].isupper() else title[:1].lower() + title[1:]) + blank + rest
    return {"en": english.replace("_", " "), "fr": name.replace("_", " ")}


def described(column: Column, material: Material) -> dict[str, Any]:
    """A column as the result tells it."""
    return {
        "name": column.name,
        "kind": column.kind,
        "reason": column.reason,
        "sure": column.sure,
        "missing": column.missing_count,
        "distinct": column.distinct,
        "used": column.name in material.used,
    }


def _board(verdict: Verdict, standing: Standing, journal: Journal) -> list[dict[str, Any]]:
    """The leaderboard: score with the band of its paired difference to the winner, in the metric's own unit."""
    best = next(row for row in verdict.leaderboard if row.name == verdict.winner)
    metric = verdict.metric
    base = best.score**2 if metric.form == "root" else (1 - best.score if metric.form == "complement" else best.score)
    rows = []
    for row in verdict.leaderboard:
        ends = sorted(metric.report(base + change) for change in (row.low, row.high))
        places = standing.places.get(row.setting.hash, {}) if row.setting else {}
        rows.append(
            {
                "name": row.name,
                "family": row.family,
                "values": dict(row.setting.values) if row.setting else {},
                "score": row.score,
                "low": ends[0],
                "high": ends[1],
                "seconds": _seconds(places, journal) if places else None,
                "folds": len(places) or None,
                "difference": {"value": row.score - best.score, "low": ends[0] - best.score, "high": ends[1] - best.score},
                "corrected": None if row.corrected is None else _ends(metric, base, best.score, row.corrected),
                "repeats": row.repeats,
                "tied": row.tied,
                "dropped": False,
            }
        )
    return rows


def _ends(metric: Metric, base: float, score: float, ends: tuple[float, float]) -> dict[str, float]:
    """Two differences of mean loss as differences of score, the lower first."""
    low, high = sorted(metric.report(base + change) - score for change in ends)
    return {"low": low, "high": high}


def _seconds(places: Mapping[Any, tuple[str, int]], journal: Journal) -> float:
    """What a candidate cost: its share of each task's seconds."""
    done = [result for task, _ in places.values() if (result := journal.result(task)) is not None]
    return float(sum(result["seconds"] / max(1, len(result["settings"])) for result in done))


def finite(value: Any) -> Any:
    """The same with None for every number that is not finite: JSON has no name for them."""
    if isinstance(value, Mapping):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
