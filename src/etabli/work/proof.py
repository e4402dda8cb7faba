"""Fitted models become graphs X -> raw, score; the graphs predict the held-out rows, and are compared with the fitting library.

Opening a session takes a millisecond or two, for a weighted sum far longer than all of its answers. So the models of a path that promise
no bits (`exact`) are written into one graph, which answers for all of them in one run; each one's own graph, which is what ships, is
that part of it which its outputs need: the same nodes. Trees keep a session each: theirs are large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import ProofError
from etabli.families.family import Family
from etabli.records import Array, Fitted

if TYPE_CHECKING:
    import onnx

PROOF_ROWS = 2_000  # held-out rows on which a model is compared with its library
FEWER = 4  # of a path the last is compared on all of them (its trees are the others' too), the others on one in so many


@dataclass(frozen=True)
class Proven:
    """A model's own graph, its scores of the held-out rows [rows, outputs], and how the comparison went."""

    graph: bytes
    scores: Array
    proof: Mapping[str, Any]


def proven(member: Family, fitted: Sequence[Fitted], held: Array, seed: int) -> list[Proven]:
    """One a model of a path. held: prepared rows [rows, features] that the models did not see. ProofError when a graph differs from
    its library's answers, on those rows or on rows made of its thresholds."""
    made: list[Proven] = []
    alone = len(fitted) == 1 or any(model.exact for model in fitted)
    for group in [[model] for model in fitted] if alone else [list(fitted)]:
        made += _answered(member, group, held, seed, len(made) + len(group) == len(fitted))
    return made


def _answered(member: Family, models: Sequence[Fitted], held: Array, seed: int, last: bool) -> list[Proven]:
    """All of one graph. last: the last of these is the last of the path."""
    from etabli.graph.run import run, session
    from etabli.graph.trees import threshold_rows

    whole, singles = _graphs(member, models, held.shape[1])
    ready = session(whole)
    trees = any(node.op_type.startswith("TreeEnsemble") for node in whole.graph.node)  # nothing else has thresholds to be tried
    answers = run(ready, {"X": held})
    rows = PROOF_ROWS if last else PROOF_ROWS // FEWER
    step = max(1, len(held) // rows)
    tried = np.array(held[::step])
    probes = threshold_rows(whole, tried, rows // 2, seed) if len(tried) and trees else tried[:0]
    probed = run(ready, {"X": probes}) if len(probes) else {}
    made = []
    for number, (model, single) in enumerate(zip(models, singles, strict=True)):
        raw, score = _names(number)
        thin = 1 if number + 1 == len(models) else FEWER
        parts = [(tried[::thin], answers[raw][::step][::thin])] + ([(probes[::thin], probed[raw][::thin])] if probed else [])
        made.append(Proven(single.SerializeToString(deterministic=True), answers[score], _compared(model, parts)))
    return made


def _names(number: int) -> tuple[str, str]:
    return f"raw {number}", f"score {number}"


def _graphs(member: Family, models: Sequence[Fitted], width: int) -> tuple[onnx.ModelProto, list[onnx.ModelProto]]:
    """(the graph of all models, each model's own part of it)."""
    from etabli.graph.graph import Graph
    from etabli.graph.links import link

    graph = Graph()
    x = graph.input("X", "double", (None, width))
    outputs: dict[str, tuple[str, str, int | None]] = {}
    singles = []
    for number, model in enumerate(models):
        raw = member.write(model, graph, x)
        score = link(graph, raw, model.link)
        outputs |= dict(zip(_names(number), ((raw, "double", 0), (score, "double", 0)), strict=True))
        own: dict[str, tuple[str, str, int | None]] = {"raw": (raw, "double", 0), "score": (score, "double", 0)}
        if spread := member.deviation(model, graph, x):
            own["deviation"] = (spread, "double", 1)
        singles.append(graph.model(own))
    return graph.model(outputs), singles


def _compared(model: Fitted, parts: Sequence[tuple[Array, Array]]) -> dict[str, Any]:
    """Pairs of rows and the graph's raw answers against the library's own."""
    worst, equal, rows = 0.0, 0, 0
    for part, given in parts:
        if not len(part):
            continue
        native = np.asarray(model.native(part), np.float64).reshape(given.shape)
        scale = max(1.0, float(np.nanmax(np.abs(native), initial=0.0)))
        difference = np.abs(native - given)
        bad = ~(difference <= (0.0 if model.exact else 1e-13 * scale)) & ~((native == given) | (np.isnan(native) & np.isnan(given)))
        if bad.any():
            row = int(np.flatnonzero(bad.any(1))[0])
            raise ProofError(
                "the graph must equal the fitted model",
                f"{model.setting.name}, row {row}: the library says {native[row].tolist()}, the graph {given[row].tolist()}; {int(bad.any(1).sum())} of {len(part)} rows differ",
            )
        worst = max(worst, float(np.nanmax(difference / scale, initial=0.0)))
        equal += int((native == given).all(1).sum())
        rows += len(part)
    return {"rows": rows, "equal": equal, "max_difference": worst, "exact": model.exact}
