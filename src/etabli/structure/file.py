"""One proven file without a target: raw columns in; the space, a head with the answers, novelty.

The same file as that of `fit` in all but the answers: the card, the self-test, the closed set of operators, the proof on rows and probes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.data.feeds import feeds
from etabli.errors import EtabliError
from etabli.graph.graph import Graph
from etabli.graph.run import run as run_graph
from etabli.graph.run import session
from etabli.judge.novelty import Novelty
from etabli.judge.novelty import fit as fit_novelty
from etabli.model.card import SCHEMA, dumps, lines, self_test
from etabli.records import Array, Column, Table
from etabli.structure.run import Run
from etabli.structure.space import Space
from etabli.work.asked import versions
from etabli.work.card import described_columns
from etabli.work.file import PROBES, PROOF_ROWS, SELF_TEST_ROWS, inputs
from etabli.work.journal import write, write_json
from etabli.work.result import finite

POINTS = 2_000  # rows of a picture
Outputs = dict[str, tuple[str, str, int]]  # output -> (tensor, type, width)


class Head(ABC):
    """The answers of a file, from the coordinates. classes: labels in the order of `probability`, () for none."""

    classes: tuple[str, ...] = ()

    @abstractmethod
    def write(self, graph: Graph, x: str) -> Outputs:
        """Adds the nodes from the coordinates x [rows, d] on."""

    @abstractmethod
    def apply(self, x: Array) -> dict[str, Array]:
        """The same outputs in numpy."""


@dataclass(frozen=True)
class Whole:
    """Everything that goes into the file."""

    columns: tuple[Column, ...]
    levels: Mapping[str, Sequence[str]]
    space: Space
    head: Head
    novelty: Novelty

    def model(self) -> Any:
        """The ONNX model."""
        graph = Graph(self.columns, self.levels)
        plain, x = self.space.write(graph)
        outputs = self.head.write(graph, x) | {"novelty": (self.novelty.write(graph, plain), "double", 1)}
        return graph.model(outputs)

    def answer(self, table: Table, rows: Array) -> dict[str, Array]:
        """The same outputs, part by part: the coded preparation, numpy from there."""
        plain = self.space.plain(table, rows)
        return self.head.apply(self.space.turn(plain)) | {"novelty": self.novelty.apply(plain)}


def whole(table: Table, space: Space, head: Head, rows: Array, seed: int) -> Whole:
    """Joins the parts. rows: the training rows, on which novelty is learned."""
    plain = space.plain(table, rows)
    fold = np.random.default_rng(seed).permutation(np.arange(len(rows)) % 5)
    names = {column.name for column in space.columns}
    levels = {name: values for name, values in table.levels.items() if name in names}
    return Whole(space.columns, levels, space, head, fit_novelty(plain, fold, seed))


def drawn(made: Whole, table: Table, rows: Array, seed: int) -> dict[str, Any]:
    """At most POINTS rows for a picture: their places on the two leading principal components of the coordinates, their labels where the file
    gives some, and the share of the spread that the two hold. row: from 0."""
    some = rows if len(rows) <= POINTS else np.sort(np.random.default_rng(seed).choice(rows, POINTS, replace=False))
    x = made.space.apply(table, some)
    x = x - x.mean(axis=0)
    _, values, axes = np.linalg.svd(x, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    at = np.zeros((len(some), 2))
    at[:, : len(axes)] = x @ axes.T
    total = float((values**2).sum())
    told = {
        "row": some.tolist(),
        "x": at[:, 0].tolist(),
        "y": at[:, 1].tolist(),
        "share": float((values[:2] ** 2).sum()) / total if total else 0.0,
    }
    answer = made.answer(table, some).get("prediction")
    return told | ({"label": answer[:, 0].astype(str).tolist()} if answer is not None and answer.dtype == object else {})


def written(run: Run, table: Table, made: Whole, result: dict[str, Any], rows: Array) -> dict[str, Any]:
    """Proves the file against its parts on `rows`, writes model.onnx, card.json and result.json; gives the result with its proof.
    ProofError when the file misses its bound: then nothing is written."""
    from onnx import helper

    from etabli.model.load import load
    from etabli.model.prove import prove

    folder, model = run.journal.folder, made.model()
    some = rows[:: max(1, len(rows) // PROOF_ROWS)][:PROOF_ROWS]
    proof = prove(
        model.SerializeToString(deterministic=True), table, some, made.answer, columns=made.columns, probes=PROBES, seed=run.question.seed
    )
    if "points" not in result:
        result = result | {"points": drawn(made, table, rows, run.question.seed)}
    result = result | {"report": str(folder / "report.html")}
    result = finite(result | {"proof": proof.to_json() | {"held_out": False}, "versions": versions(), "fingerprint": table.fingerprint})
    ready, picked = session(model), rows[:: max(1, len(rows) // SELF_TEST_ROWS)][:SELF_TEST_ROWS]
    fed = feeds(table, made.columns, picked)
    fed = {value.name: fed[value.name] for value in ready.get_inputs() if value.name in fed}
    answers = run_graph(ready, fed)
    kept = ("task", "rows", "seed", "fingerprint", "versions", "proof", "sentence", "command", "citations")
    labels = result["points"].get("label") or []
    known = {str(one["label"]): float(one["share"]) for one in result.get("clusters") or ()}
    share = [known.get(name, labels.count(name) / max(1, len(labels))) for name in made.head.classes] if labels else []
    card = {
        "schema": SCHEMA,
        "etabli": result["versions"]["etabli"],
        **{key: result[key] for key in kept if key in result},
        "classes": list(made.head.classes),
        "columns": described_columns(table, {column.name for column in made.columns}),
        "inputs": inputs(model, made.columns),
        "outputs": list(answers),
        "members": [result["winner"]],
        **({"shares": {"labels": list(made.head.classes), "share": share, "rows": len(rows) if known else len(labels)}} if share else {}),
        "licence": "the model belongs to whoever made it; this file needs onnxruntime alone",
    }
    helper.set_model_props(model, {"etabli.card": dumps(card), "etabli.selftest": self_test(fed, answers)})
    write(folder / "model.onnx", lambda file: file.write(model.SerializeToString(deterministic=True)))
    tested = load(folder / "model.onnx").self_test()
    if not tested.passed:
        (folder / "model.onnx").unlink()
        raise EtabliError(
            "the written file must pass its own self-test", str(tested), "this is a fault of ours: please report it with the run folder"
        )
    write(folder / "card.json", lambda file: file.write(lines(card).encode()))
    write_json(folder / "result.json", result)
    return result
