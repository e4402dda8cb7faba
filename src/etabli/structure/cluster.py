"""The story of `etabli cluster`: which rows belong together, how many groups there are, and whether there are any.

read -> audited -> the space -> every method on every number of clusters, found again in other halves? -> the best -> named -> one file -> proven
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.graph.graph import Graph
from etabli.judge.stability import adjusted_rand, halves
from etabli.records import Array, Table, Watch
from etabli.structure import file, run
from etabli.structure.asked import Question
from etabli.structure.method import Clustering, Found
from etabli.structure.methods import chosen, clusterings
from etabli.structure.space import Space, learned

TIMES = 5
NONE = "none"  # the label of rows that belong to no cluster


@dataclass(frozen=True)
class Membership(file.Head):
    """The label of the nearest cluster and the membership of all: the softmax of the method's scores over a temperature."""

    method: Clustering
    found: Found
    temperature: float
    classes: tuple[str, ...]

    def write(self, graph: Graph, x: str) -> file.Outputs:
        """prediction (text) and probability [rows, clusters]."""
        score = self.method.write(self.found, graph, x)
        share = graph.op("Softmax", graph.op("Div", score, graph.const(self.temperature, np.float64)), axis=1)
        label = graph.op("Gather", graph.const(list(self.classes)), graph.op("ArgMax", share, axis=1, keepdims=0), axis=0)
        label = graph.op("Unsqueeze", label, graph.const([1], np.int64))
        return {"prediction": (label, "string", 1), "probability": (share, "double", len(self.classes))}

    def apply(self, x: Array) -> dict[str, Array]:
        """The same in numpy."""
        score = self.method.apply(self.found, x) / self.temperature
        share = np.exp(score - score.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return {"prediction": np.array(self.classes, object)[share.argmax(axis=1)][:, None], "probability": share}


@dataclass(frozen=True)
class Candidate:
    """One method with one setting. stability: the mean adjusted Rand index of halves; each: that of every pair."""

    method: str
    values: Mapping[str, Any]
    stability: float
    each: tuple[float, ...]


def cluster(question: Question, watch: Watch, interrupted: Callable[[], bool], began: float) -> dict[str, Any]:
    """The whole story; gives the result."""
    with run.opened(question, watch, interrupted, began) as one:
        watch("step", name={"en": "reading the data", "fr": "lecture des données"})
        table = run.read(one)
        watch("step", name={"en": "looking for what may go wrong", "fr": "recherche de ce qui peut mal tourner"})
        findings = run.audited(one, table)
        rows = np.arange(table.rows)
        space = learned(table, run.used(question, table), rows, question.seed)
        x = space.apply(table, rows)
        watch("step", name={"en": "comparing", "fr": "comparaison"})
        candidates = compared(one, x)
        best = candidates[0]
        watch("step", name={"en": "composing one file", "fr": "composition d'un seul fichier"})
        method = clusterings()[best.method]
        found = method.fit(best.values, x, question.seed, one.over)
        head = membership(method, found, x)
        made = file.whole(table, space, head, rows, question.seed)
        watch("step", name={"en": "proving it", "fr": "preuve"})
        return file.written(one, table, made, told(one, table, space, candidates, found, head, findings), rows)


def compared(one: run.Run, x: Array) -> list[Candidate]:
    """Every method and setting, the most stable first."""
    pairs, made = halves(len(x), TIMES, one.question.seed), []
    for name, method in chosen(clusterings(), one.question.methods).items():
        for values in method.settings(len(x), x.shape[1]):
            if one.question.clusters is not None and values.get("clusters", one.question.clusters) != one.question.clusters:
                continue
            each = [_agreement(method, values, x, pair, one.question.seed, one.over) for pair in pairs]
            made.append(Candidate(name, values, float(np.mean(each)), tuple(each)))
            one.watch("task", name=name, done=len(made), total=len(made))
    return sorted(made, key=lambda candidate: -candidate.stability)


def _agreement(
    method: Clustering, values: Mapping[str, Any], x: Array, pair: tuple[Array, Array], seed: int, stop: Callable[[], bool]
) -> float:
    labels = []
    for half in pair:
        found = method.fit(values, x[half], seed, stop)
        labels.append(method.apply(found, x).argmax(axis=1))
    return adjusted_rand(*labels)


def membership(method: Clustering, found: Found, x: Array) -> Membership:
    """The head of the best."""
    clusters = method.apply(found, x[:1]).shape[1] - method.noise
    names = tuple(str(i + 1) for i in range(clusters)) + ((NONE,) if method.noise else ())
    return Membership(method, found, 1.0, names)


def told(
    one: run.Run, table: Table, space: Space, candidates: list[Candidate], found: Found, head: Membership, findings: list[Any]
) -> dict[str, Any]:
    """The result of the run."""
    best, question = candidates[0], one.question
    clusters = len(head.classes) - (NONE in head.classes)
    sentence = {
        "en": f"{clusters} groups of rows, found by {clusterings()[best.method].title}; two halves of the rows agree on them by {best.stability:.2f} (1: wholly, 0: by chance).",
        "fr": f"{clusters} groupes de lignes, trouvés par {clusterings()[best.method].title} ; deux moitiés des lignes s'accordent à {best.stability:.2f} (1 : tout à fait, 0 : au hasard).",
    }
    return {
        "schema": 1,
        "task": "cluster",
        "run": str(question.folder),
        "model": str(question.folder / "model.onnx"),
        "file": question.file,
        "rows": table.rows,
        "columns": [{"name": column.name, "kind": column.kind} for column in table.columns],
        "used": [column.name for column in space.columns],
        "seed": question.seed,
        "command": question.command,
        "winner": {"family": best.method, "values": dict(best.values)},
        "leaderboard": [{"name": c.method, "values": dict(c.values), "stability": c.stability} for c in candidates],
        "sentence": sentence,
        "warnings": [
            {"code": f.code, "level": f.level, "columns": list(f.columns), "text": dict(f.text), "cure": dict(f.cure)} for f in findings
        ],
    }
