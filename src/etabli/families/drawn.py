"""A posterior in the file: draws of all weights, and what follows from them for a row.

The answer to a number is the mean of the draws' answers, its deviation is theirs with the errors added; the probability of a class is the mean of the
draws' probabilities, so it is nearer to even where the weights are in doubt (the posterior predictive). A level without training rows gets draws of its
own, 0 on average, as far apart as levels are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from etabli.families import pooled
from etabli.families.family import Stop
from etabli.graph.graph import Graph
from etabli.graph.links import link
from etabli.records import Array, Data, Fitted, Setting

DRAWS = 200
ROWS = 512


def fitted(setting: Setting, data: Data, stop: Stop) -> Fitted:
    """values of the setting: method ("nuts" or "laplace"), errors ("normal", "student"), slopes."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the same bits on any number of cores
        kept = _learned(setting.values, data, stop)
    kind = "identity" if data.task == "regression" else "probability"
    return Fitted(setting, kept, kind, lambda x: answer(x, kept))  # type: ignore[arg-type]


def _learned(values: Mapping[str, Any], data: Data, stop: Stop) -> dict[str, Array]:
    """`pooled.layout`, and: weights [columns, outputs, draws], the intercepts last; table: those of the levels of each block, its unseen level last;
    noise: the errors' variance; rhat: of the chains (nan where there were none). In the target's units."""
    kept = pooled.layout(data, int(values.get("slopes", 0)))
    y, weight, centre, spread = pooled.standardised(data)
    outputs = data.classes if data.task == "multiclass" else 1
    found = pooled.posterior(data, kept, y, weight, outputs, stop)
    made, noise, rhat = None, found.noise, np.nan
    if values["method"] == "nuts" and not stop():
        from etabli.families.nuts import sample

        x, block = pooled.matrix(data.x, kept), pooled.shared(kept)
        made = sample(x, y, weight, found, block, data.task, str(values.get("errors", "normal")), DRAWS, data.seed, stop)
    if made is None:
        weights, tau = pooled.draws(found, DRAWS, data.seed)
    else:
        weights, tau, noise, rhat = made["weights"], made["tau"], float(made["noise"].mean()), float(made["rhat"])
    weights = weights * spread
    weights[-1] += centre
    strange = pooled.unseen(tau * spread, outputs, data.seed)
    plain, tables = len(kept["plain"]) + len(kept["gaps"]), []
    at = plain
    for place, (group, _) in enumerate(kept["blocks"]):
        count = int(kept["counts"][group])
        tables += [weights[at : at + count], strange[None, 1 + place]]
        at += count
    return kept | {
        "weights": np.concatenate([weights[:plain], weights[-1:]]),
        "table": np.concatenate(tables) if tables else np.zeros((0, outputs, DRAWS)),
        "noise": np.array(noise * spread**2),
        "rhat": np.array(rhat),
        "number": np.array(data.task == "regression"),
    }


def sums(x: Array, kept: Mapping[str, Array], weights: Array, table: Array) -> Array:
    """[rows, outputs]: weighted sums. weights [columns + 1, q], table [levels, q]."""
    plain = np.hstack([np.nan_to_num(x[:, kept["plain"]]), np.isnan(x[:, kept["gaps"]]).astype(np.float64)])
    made = plain @ weights[:-1] + weights[-1]
    level, start = pooled.spots(x, kept), 0
    for group, factor in kept["blocks"]:
        part = table[start + level[:, group]]
        made = made + (part if factor == pooled.NONE else part * np.nan_to_num(x[:, [factor]]))
        start += int(kept["counts"][group]) + 1
    return np.asarray(made)


def answer(x: Array, kept: Mapping[str, Array]) -> Array:
    """[rows, outputs]: the values, or the probabilities of the posterior predictive."""
    if kept["number"]:
        return sums(x, kept, *_means(kept))
    parts = [np.zeros((0, kept["weights"].shape[1]))]
    for start in range(0, len(x), ROWS):
        some = x[start : start + ROWS]
        raw = sums(some, kept, *_flat(kept)).reshape(len(some), -1, DRAWS)
        if raw.shape[1] == 1:
            p = 1 / (1 + np.exp(-raw))
        else:
            p = np.exp(raw - raw.max(axis=1, keepdims=True))
            p = p / p.sum(axis=1, keepdims=True)
        parts.append(p.sum(axis=2) / DRAWS)
    return np.concatenate(parts)


def deviation(x: Array, kept: Mapping[str, Array]) -> Array:
    """[rows, 1]: the standard deviation of a new value at each row, of the draws and the errors together."""
    away = sums(x, kept, *_away(kept))
    return np.asarray(np.sqrt((away**2).sum(axis=1, keepdims=True) / DRAWS + kept["noise"]))


def _flat(kept: Mapping[str, Array]) -> tuple[Array, Array]:
    width = int(np.prod(kept["weights"].shape[1:]))
    return kept["weights"].reshape(-1, width), kept["table"].reshape(-1, width)


def _means(kept: Mapping[str, Array]) -> tuple[Array, Array]:
    return kept["weights"].mean(axis=2), kept["table"].mean(axis=2)


def _away(kept: Mapping[str, Array]) -> tuple[Array, Array]:
    """Draws less their mean."""
    weights, table = _flat(kept)
    return weights - weights.mean(axis=1, keepdims=True), table - table.mean(axis=1, keepdims=True)


def write(graph: Graph, x: str, kept: Mapping[str, Array]) -> str:
    """The nodes of `answer`."""
    if kept["number"]:
        return write_sums(graph, x, kept, *_means(kept))
    raw = write_sums(graph, x, kept, *_flat(kept))
    outputs = kept["weights"].shape[1]
    last, total = graph.const([1 if outputs == 1 else 2], np.int64), graph.const(float(DRAWS), np.float64)
    if outputs == 1:
        return graph.op("Div", graph.op("ReduceSum", link(graph, raw, "sigmoid"), last, keepdims=1), total)
    raw = graph.op("Reshape", raw, graph.const([0, outputs, DRAWS], np.int64))
    middle = graph.const([1], np.int64)
    powers = graph.op("Exp", graph.op("Sub", raw, graph.op("ReduceMax", raw, middle, keepdims=1)))
    p = graph.op("Div", powers, graph.op("ReduceSum", powers, middle, keepdims=1))
    return graph.op("Div", graph.op("ReduceSum", p, last, keepdims=0), total)


def write_deviation(graph: Graph, x: str, kept: Mapping[str, Array]) -> str:
    """The nodes of `deviation`."""
    away = write_sums(graph, x, kept, *_away(kept))
    squares = graph.op("ReduceSum", graph.op("Mul", away, away), graph.const([1], np.int64), keepdims=1)
    doubt = graph.op("Div", squares, graph.const(float(DRAWS), np.float64))
    return graph.op("Sqrt", graph.op("Add", doubt, graph.const(kept["noise"], np.float64)))


def write_sums(graph: Graph, x: str, kept: Mapping[str, Array], weights: Array, table: Array) -> str:
    """The nodes of `sums`: a product, and a look-up a block."""
    from onnx import numpy_helper

    def pick(columns: Any) -> str:
        return graph.op("Gather", x, graph.const(np.asarray(columns, np.int64)), axis=1)

    def known(part: str) -> str:
        return graph.op("Where", graph.op("IsNaN", part), graph.const(0.0, np.float64), part)

    made = graph.const(weights[-1:])
    if len(kept["plain"]):
        part = known(pick(kept["plain"]))
        if len(kept["gaps"]):
            gone = graph.op("Cast", graph.op("IsNaN", pick(kept["gaps"])), to=11)
            part = graph.op("Concat", part, gone, axis=1)
        made = graph.op("Add", graph.op("MatMul", part, graph.const(weights[:-1])), made)
    ends, places = np.cumsum(kept["counts"]), {}
    for group, (j, end, count) in enumerate(zip(kept["groups"], ends, kept["counts"], strict=True)):
        keys = kept["known"][end - count : end]
        numbers = np.arange(float(count))
        places[group] = graph.op(
            "LabelEncoder",
            graph.op("Gather", x, graph.const(int(j), np.int64), axis=1),
            keys_tensor=numpy_helper.from_array(keys, "keys"),
            values_tensor=numpy_helper.from_array(numbers, "values"),
            default_tensor=numpy_helper.from_array(np.array([float(count)]), "default"),
        )
    start = 0
    for group, factor in kept["blocks"]:
        size = int(kept["counts"][group]) + 1
        place = graph.op("Cast", places[int(group)], to=7)
        part = graph.op("Gather", graph.const(table[start : start + size]), place, axis=0)
        made = graph.op("Add", made, part if factor == pooled.NONE else graph.op("Mul", part, known(pick([factor]))))
        start += size
    if not len(kept["plain"]) and not len(kept["blocks"]):
        zero = graph.op("ReduceSum", graph.op("Mul", known(x), graph.const(0.0, np.float64)), graph.const([1], np.int64), keepdims=1)
        made = graph.op("Add", zero, made)
    return made
