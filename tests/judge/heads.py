"""Running a head alone: its inputs as graph inputs, its outputs by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from etabli.graph.graph import Graph
from etabli.graph.run import session

Written = Mapping[str, tuple[str, str, int | None]]


def run_head(write: Callable[[Graph], Written], **feeds: np.ndarray) -> tuple[dict[str, np.ndarray], int]:
    """(outputs by name, number of nodes without the outputs' own). feeds: scores [rows, k] or scalars, float64."""
    graph = Graph()
    for name, array in feeds.items():
        graph.input(name, "double", () if array.ndim == 0 else (None, array.shape[1]))
    outputs = write(graph)
    model = graph.model(outputs)
    ready = session(model)
    wanted = {value.name for value in ready.get_inputs()}
    names = [value.name for value in ready.get_outputs()]
    answers = ready.run(names, {name: array for name, array in feeds.items() if name in wanted})
    return dict(zip(names, answers, strict=True)), len(model.graph.node) - len(outputs)
