"""What a wrong answer costs, and the answer that costs least.

A classifier gives probabilities; which label to answer is another question, and the most probable one is right only where all mistakes
cost the same. With costs the answer is the label of least expected cost (Elkan 2001), decided from calibrated probabilities:
no reweighting of rows, no shifted threshold to tune, and the probabilities themselves stay true.

    --cost "sick>healthy=50" --cost "healthy>sick=1"      what it costs to answer "healthy" where the truth is "sick", and the reverse
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.judge.answers import probabilities
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

FORM = 'for instance: --cost "sick>healthy=50" (the truth > the answer = what it costs)'


def matrix(given: Mapping[str, float], classes: Sequence[str]) -> Array | None:
    """[K, K] cost of the answer (column) where the truth is the row; None when none is given. A right answer costs nothing, a wrong
    one that is not named costs 1. UsageError for a class that is not there, or a cost below zero."""
    if not given:
        return None
    made = 1.0 - np.eye(len(classes))
    for pair, cost in given.items():
        truth, sign, answer = pair.partition(">")
        truth, answer = truth.strip(), answer.strip()
        if not sign:
            raise UsageError("--cost takes TRUTH>ANSWER=COST", f'"{pair}"', FORM)
        for label in (truth, answer):
            if label not in classes:
                raise UsageError(
                    "--cost names two classes of the target",
                    f'"{label}"',
                    did_you_mean(label, classes) or "classes: " + ", ".join(classes[:20]),
                )
        if not (np.isfinite(cost) and cost >= 0):
            raise UsageError("a cost is a number of at least 0", f"{pair}={cost:g}", FORM)
        made[classes.index(truth), classes.index(answer)] = cost
    return made


def decide(S: Array, cost: Array | None) -> Array:
    """Class numbers [n]: of least expected cost, or the most probable. S: [n, 1] (binary) or [n, K]. Among equals the first."""
    P = probabilities(S)
    return np.asarray(P.argmax(axis=1) if cost is None else (P @ cost).argmin(axis=1))


def write(graph: Graph, probability: str, cost: Array | None) -> str:
    """The same in the graph: [rows, K] double -> int64 [rows, 1]."""
    if cost is None:
        return graph.op("ArgMax", probability, axis=1, keepdims=1)
    expected = graph.op("MatMul", probability, graph.const(cost, np.float64))
    return graph.op("ArgMax", graph.op("Neg", expected), axis=1, keepdims=1)


def rows(y: Array, S: Array, cost: Array) -> Array:
    """What each row's answer cost [n]."""
    return np.asarray(cost[y, decide(S, cost)])


def constant(y: Array, cost: Array) -> float:
    """Mean cost of the best answer that is the same for every row."""
    return float(cost[y].mean(axis=0).min())
