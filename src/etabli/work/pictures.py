"""What the report draws of the out-of-fold table: calibration and confusion for classes, residuals for numbers, how the target lies."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.judge import costs, draws
from etabli.judge.curves import FALLOUT, RECALL, curves
from etabli.judge.metrics import labels, probabilities
from etabli.records import Array
from etabli.work.material import Material
from etabli.work.verdict import Verdict

BINS, STEPS = 10, 30
CURVES = 6  # classes with curves, of more than two


def pictures(material: Material, verdict: Verdict) -> dict[str, Any]:
    """What the report draws: calibration and confusion for classes, residuals for numbers."""
    y, scores, target = verdict.table.y, verdict.scores, material.target
    if target.task == "regression":
        residual = y - scores[:, 0]
        picked = np.random.default_rng(0).choice(len(y), min(500, len(y)), replace=False)
        quantiles = {f"{q:g}": float(np.quantile(residual, q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)}
        return {
            "outcome": lying(y),
            "calibration": None,
            "confusion": None,
            "curves": None,
            "residuals": {
                "points": [[float(scores[i, 0]), float(residual[i])] for i in picked],
                "quantiles": quantiles,
                "along": along(scores[:, 0], residual),
                "spread": lying(residual),
            },
        }
    p = probabilities(scores)
    if target.task == "binary":
        score, hit = p[:, 1], (y == 1).astype(float)
    else:
        score, hit = p.max(1), (labels(scores) == y).astype(float)
    guess = costs.decide(scores, material.cost)
    count = len(target.classes)
    counts = np.zeros((count, count), int)
    np.add.at(counts, (y, guess), 1)
    name = "+".join(
        dict.fromkeys([*(member.calibration.calibrator.name for member in verdict.members), verdict.calibration.calibrator.name])
    )
    bins, error, null = reliability(score, hit)
    return {
        "outcome": {"rows": len(y), "counts": counts.sum(1).tolist(), "edges": None, "outside": 0},
        "calibration": {"method": name, "bins": bins, "ece": error, "ece_null": null},
        "confusion": {"classes": list(target.classes), "counts": counts.tolist()} if count <= 40 else None,
        "curves": ordered(material, verdict),
        "residuals": None,
    }


def lying(y: Array) -> dict[str, Any]:
    """How numbers lie: counts between equal edges. Where the outermost hundredth takes most of the range, it is counted as outside."""
    low, high = float(y.min()), float(y.max())
    inner = [float(v) for v in np.quantile(y, [0.005, 0.995])]
    if high - low > 3 * (inner[1] - inner[0]) > 0:
        low, high = inner
    counts, edges = np.histogram(y, STEPS, (low, high) if high > low else (low - 0.5, low + 0.5))
    return {"rows": len(y), "counts": counts.tolist(), "edges": edges.tolist(), "outside": int(len(y) - counts.sum())}


def reliability(score: Array, hit: Array, seed: int = 0) -> tuple[list[dict[str, float]], float, float]:
    """Bins of equal count (predicted, observed, Wilson interval, rows), the expected calibration error, and the one that a
    perfectly calibrated model would show on these scores (mean of 200 draws)."""
    order = np.array_split(np.argsort(score, kind="stable"), max(1, min(BINS, len(score) // 20)))

    def error(outcome: Array) -> float:
        return float(sum(abs(score[part].mean() - outcome[part].mean()) * len(part) for part in order) / len(score))

    bins = []
    for part in order:
        n, share = len(part), float(hit[part].mean())
        z = 1.96
        centre, half = (
            (share + z * z / (2 * n)) / (1 + z * z / n),
            z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n),
        )
        bins.append(
            {
                "predicted": float(score[part].mean()),
                "observed": share,
                "low": float(centre - half),
                "high": float(centre + half),
                "rows": n,
            }
        )
    rng = np.random.default_rng(seed)
    null = float(np.mean([error((rng.random(len(score)) < score).astype(float)) for _ in range(200)]))
    return bins, error(hit), null


def along(answer: Array, residual: Array) -> list[dict[str, float]]:
    """Quantiles of the residuals in ten parts of equal count, by the answer: where errors are wide, and where they lean to one side."""
    parts = np.array_split(np.argsort(answer, kind="stable"), max(1, min(BINS, len(answer) // 30)))
    made = []
    for part in parts:
        low, middle, high = (float(q) for q in np.quantile(residual[part], [0.05, 0.5, 0.95]))
        made.append({"prediction": float(answer[part].mean()), "low": low, "middle": middle, "high": high, "rows": len(part)})
    return made


def ordered(material: Material, verdict: Verdict) -> list[dict[str, Any]]:
    """ROC and precision-recall curves: of the positive class, or of the commonest classes, each against the rest."""
    table, classes = verdict.table, material.target.classes
    p = probabilities(verdict.scores)
    chosen = [1] if len(classes) == 2 else np.argsort(-np.bincount(table.y, minlength=len(classes)), kind="stable")[:CURVES].tolist()
    groups = draws.blocks(len(table.y)) if table.forward and table.groups is None else table.groups
    made = []
    for k in chosen:
        found = curves(table.y == k, p[:, k], table.weight, groups)
        if found is not None:
            made.append(
                {
                    "class": classes[k],
                    "rows": found.hits,
                    "share": found.share,
                    "auc": float(found.auc.value[0]),
                    "auc_low": float(found.auc.low[0]),
                    "auc_high": float(found.auc.high[0]),
                    "ap": float(found.ap.value[0]),
                    "ap_low": float(found.ap.low[0]),
                    "ap_high": float(found.ap.high[0]),
                    "fallout": FALLOUT.round(6).tolist(),
                    "recall": RECALL.round(6).tolist(),
                    **{
                        name + end: getattr(band, key).round(5).tolist()
                        for name, band in (("tpr", found.tpr), ("precision", found.precision))
                        for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
                    },
                }
            )
    return made
