"""Non-negative factors: every row is a sum of parts, each present or absent, never taken away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from etabli.graph.graph import Graph
from etabli.records import Array, Cost
from etabli.structure.linear import Linear, counts, origin
from etabli.structure.method import Found, Stop, Values

ROWS = 20_000  # learned from; more are thinned by chance
ROUNDS = 300
PARALLEL = 1e-2  # directions of the parts below this share of the largest are not divided by
STEPS = 40  # of the descent that places a row


@final
class NonNegative(Linear):
    """Parts by coordinate descent (scikit-learn). A row is placed on them by non-negative least squares: STEPS of accelerated projected
    gradients (Nesterov 1983) from the least squares without that bound, the same in the file and here, so that training rows and new rows are placed alike."""

    name, title, needs, citation, rank = "nmf", "non-negative factors", ("scikit-learn",), "Lee & Seung 1999; Cichocki & Phan 2009", 3
    doc = (
        "Rows as sums of parts with weights that are never negative: amounts, counts, spectra, words; coordinates read as how much of each."
    )
    grounded = amounts = True

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten."""
        return counts(rows, columns)

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Each round passes over the matrix once for each part."""
        seen = min(rows, ROWS)
        return Cost(work=2e-10 * ROUNDS * seen * columns * int(values["components"]) + 1e-4, memory=32.0 * seen * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Arrays as `Linear` (axes: where a row's placing begins), and step [components, components], pull [columns, components]: a step is
        z step + x pull, cut at zero."""
        from sklearn.decomposition import NMF
        from sklearn.exceptions import ConvergenceWarning

        zero = origin(values, x)
        amounts = np.maximum(x - zero, 0.0)
        if len(amounts) > ROWS:
            amounts = amounts[np.sort(np.random.default_rng(seed).choice(len(amounts), ROWS, replace=False))]
        count = min(int(values["components"]), *amounts.shape)
        parts = np.eye(count, x.shape[1])
        if amounts.any():
            made: Any = NMF(count, init="nndsvda", max_iter=ROUNDS, random_state=seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                weights = made.fit_transform(amounts)
            parts = made.components_
            parts = parts[np.argsort(-(weights**2).sum(axis=0) * (parts**2).sum(axis=1), kind="stable")]
        length = np.linalg.norm(parts, axis=1, keepdims=True)
        parts = parts / np.where(length > 0, length, 1.0)
        product = parts @ parts.T
        top = float(np.linalg.eigvalsh(product)[-1]) or 1.0
        step = np.eye(count) - product / top
        begin = np.ascontiguousarray(np.linalg.pinv(parts, rcond=PARALLEL))
        pull = np.ascontiguousarray(parts.T / top)
        return Found(self.name, values, {"centre": zero, "axes": begin, "back": parts, "step": step, "pull": pull})

    def apply(self, found: Found, x: Array) -> Array:
        """Weights of the parts, none negative."""
        centred, step = x - found.arrays["centre"], found.arrays["step"]
        pulled = centred @ found.arrays["pull"]
        before = now = np.maximum(centred @ found.arrays["axes"], 0.0)
        for k in range(1, STEPS):
            ahead = now * (1 + k / (k + 3)) - before * (k / (k + 3))
            before, now = now, np.maximum(ahead @ step + pulled, 0.0)
        return np.asarray(now)

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """The same steps, one after the other."""
        centred = graph.op("Sub", x, graph.const(found.arrays["centre"][None]))
        pulled, step = graph.op("MatMul", centred, graph.const(found.arrays["pull"])), graph.const(found.arrays["step"])
        before = now = graph.op("Relu", graph.op("MatMul", centred, graph.const(found.arrays["axes"])))
        for k in range(1, STEPS):
            past = graph.op("Mul", before, graph.const(k / (k + 3), np.float64))
            ahead = graph.op("Sub", graph.op("Mul", now, graph.const(1 + k / (k + 3), np.float64)), past)
            before, now = now, graph.op("Relu", graph.op("Add", graph.op("MatMul", ahead, step), pulled))
        return now
