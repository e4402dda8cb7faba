"""Model files made by hand for the tests: real rows, scikit-learn's trees, the graph builder, a card written out.

Small and apart from the real pipeline on purpose: the trees are fitted by scikit-learn and their native answers are the reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data import cells, dialect
from etabli.data.feeds import feeds
from etabli.graph import links, trees
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.model import card as cards
from etabli.records import Array, Column, Table

READINGS: Mapping[str, Mapping[str, Any]] = {
    "number": {"parse": "number", "decimal": ".", "group": "", "affixes": []},
    "flag": {"parse": "flag", "words": ["No", "Yes"]},
    "date": {"parse": "date", "order": "dmy"},
    "category": {"parse": "text", "keep": []},
}


@dataclass(repr=False)
class Made:
    """A model file and what it was made from. answer(table, rows): the outputs, computed outside the file."""

    model: bytes
    card: dict[str, Any]
    table: Table
    columns: tuple[Column, ...]
    target: list[str]
    native: Any
    x: Array
    classes: tuple[str, ...]
    scale: float

    def matrix(self, table: Table) -> Array:
        return matrix(table, self.columns)

    def answer(self, table: Table, rows: Array) -> dict[str, Array]:
        x = self.matrix(table)[rows]
        raw = np.asarray(self.native._raw_predict(x), np.float64)
        novelty = table.values[next(c.name for c in self.columns if c.kind == "number")][rows]
        outputs = {"novelty": np.exp(-np.abs(np.where(np.isnan(novelty), 0.0, novelty)) / 1000.0)[:, None]}
        if not self.classes:
            return {"prediction": raw, "lower": raw - 0.9 * self.scale, "upper": raw + 0.9 * self.scale, **outputs}
        score = links.apply(raw, "sigmoid" if len(self.classes) == 2 else "softmax")
        score = np.hstack([1 - score, score]) if len(self.classes) == 2 else score
        labels = np.array(self.classes, object)[score.argmax(1)][:, None]
        return {"prediction": labels, "probability": score, "set": score > (1 - 0.9) / 2, **outputs}


def read(path: Path, kinds: Mapping[str, str], rows: int | None = None) -> tuple[Table, dict[str, list[str]]]:
    """A table of some columns of a CSV, and every column's texts by header."""
    spoken = dialect.sniff(path)
    lines = list(dialect.rows(path, spoken))[:rows]
    texts = dict(zip(spoken.headers, (list(column) for column in zip(*lines, strict=True)), strict=True))
    return table_of({name: texts[name] for name in kinds}, kinds), texts


def table_of(texts: Mapping[str, Sequence[str]], kinds: Mapping[str, str]) -> Table:
    columns, values, levels = [], {}, {}
    for name, kind in kinds.items():
        reading = READINGS[kind]
        if kind == "category":
            cleaned = cells.texts(texts[name], reading)
            levels[name] = sorted(set(cleaned) - {""})
            code = {level: number for number, level in enumerate(levels[name])}
            values[name] = np.array([code.get(cell, -1) for cell in cleaned], np.int32)
            missing, low, high = int((values[name] < 0).sum()), None, None
        else:
            values[name], unread = cells.values(texts[name], reading)
            assert not unread
            missing, low, high = int(np.isnan(values[name]).sum()), float(np.nanmin(values[name])), float(np.nanmax(values[name]))
        columns.append(Column(name, kind, name, reading, missing_count=missing, low=low, high=high))
    return Table(tuple(columns), len(next(iter(values.values()))), values, levels)


def matrix(table: Table, columns: Sequence[Column]) -> Array:
    doubles = [c for c in columns if c.is_double]
    others = [c for c in columns if not c.is_double]
    parts = [np.where(np.isinf(table.values[c.name]), np.nan, table.values[c.name]) for c in doubles]
    parts += [np.where(table.values[c.name] < 0, np.nan, table.values[c.name]) for c in others]
    return np.column_stack(parts).astype(np.float64)


def make(
    table: Table,
    target: Sequence[str],
    classes: Sequence[str] = (),
    name: str = "y",
    trees_count: int = 12,
    spoil: float = 0.0,
    **card: Any,
) -> Made:
    """A fitted model as a file. spoil: added to every split, to make a wrong file."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    columns = table.columns
    x = matrix(table, columns)
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    y = np.array([list(classes).index(label) for label in target]) if classes else np.array(target, np.float64)
    native = kind(max_iter=trees_count, max_leaf_nodes=8, early_stopping=False, random_state=0).fit(x, y)
    graph = Graph(columns, table.levels)
    doubles = [c.name for c in columns if c.is_double]
    lookups = [graph.lookup(c.name, np.arange(len(table.levels[c.name])), np.nan, np.nan) for c in columns if not c.is_double]
    parts = [graph.numbers(doubles), *lookups] if doubles else lookups
    matrix_name = graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    raw = trees.write(graph, matrix_name, _trees(native, spoil), native._baseline_prediction.shape[1])
    first = graph.numbers([next(c.name for c in columns if c.kind == "number")])
    blank = graph.op("Where", graph.op("IsNaN", first), graph.const(0.0), first)
    novelty = graph.op("Exp", graph.op("Neg", graph.op("Div", graph.op("Abs", blank), graph.const(1000.0))))
    confidence = graph.parameter("confidence", 0.9)
    scale = 1.0 if classes else float(np.std(y))
    outputs: dict[str, tuple[str, str, int | None]]
    if classes:
        score = links.link(graph, raw, "sigmoid" if len(classes) == 2 else "softmax")
        if len(classes) == 2:
            score = graph.op("Concat", graph.op("Sub", graph.const(1.0), score), score, axis=1)
        label = graph.op("Gather", graph.const(list(classes)), graph.op("ArgMax", score, axis=1, keepdims=1), axis=0)
        bound = graph.op("Div", graph.op("Sub", graph.const(1.0), confidence), graph.const(2.0))
        member = graph.op("Greater", score, bound)
        outputs = {
            "prediction": (label, "string", 1),
            "probability": (score, "double", len(classes)),
            "set": (member, "bool", len(classes)),
        }
    else:
        half = graph.op("Mul", confidence, graph.const(scale))
        outputs = {
            "prediction": (raw, "double", 1),
            "lower": (graph.op("Sub", raw, half), "double", 1),
            "upper": (graph.op("Add", raw, half), "double", 1),
        }
    outputs["novelty"] = (novelty, "double", 1)
    bare = graph.model(outputs).SerializeToString()
    told = write_card(table, columns, graph, name, classes, **card)
    picked = np.linspace(0, table.rows - 1, 20).astype(int)
    fed = feeds(table, columns, picked)
    test = cards.self_test(fed, run(bare, fed))
    model = graph.model(outputs, {cards.CARD: cards.dumps(told), cards.SELFTEST: test}).SerializeToString()
    return Made(model, told, table, columns, list(target), native, x, tuple(classes), scale)


def write_card(table: Table, columns: Sequence[Column], graph: Graph, name: str, classes: Sequence[str], **more: Any) -> dict[str, Any]:
    inputs = []
    if graph.block:
        inputs.append({"input": graph.block, "columns": list(graph.doubles), "type": "double"})
    for column in columns:
        if not (column.is_double and graph.block):
            inputs.append({"input": column.name, "columns": [column.name], "type": "double" if column.is_double else "string"})
    described = [
        {
            "name": c.name, "header": c.header, "kind": c.kind, "reading": dict(c.reading), "missing": list(c.missing), "missing_count": c.missing_count,
            "low": c.low, "high": c.high, "levels": list(table.levels.get(c.name, ()))[:50], "used": True,
        }
        for c in columns
    ]  # fmt: skip
    task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    card = {
        "schema": 1, "etabli": "0.1.0", "task": task, "target": name, "classes": list(classes), "columns": described, "inputs": inputs,
        "outputs": ["prediction"], "metric": "rmse" if not classes else "log_loss", "rows": table.rows,
    }  # fmt: skip
    return json.loads(cards.dumps({**card, **more}))


def _trees(native: Any, spoil: float) -> dict[str, Array]:
    made = trees.Trees()
    for target, value in enumerate(native._baseline_prediction.ravel()):
        made.constant(float(value), target)
    for iteration in native._predictors:
        for target, predictor in enumerate(iteration):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            number = np.where(leaf, ~(np.cumsum(leaf) - 1), np.cumsum(~leaf) - 1)
            inner = nodes[~leaf]
            made.add(
                inner["feature_idx"], inner["num_threshold"] + spoil, number[inner["left"]], number[inner["right"]], nodes["value"][leaf],
                nan_true=inner["missing_go_to_left"], target=target,
            )  # fmt: skip
    return made.arrays()
