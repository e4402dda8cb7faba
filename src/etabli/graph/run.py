"""Running a graph in onnxruntime while we build and prove: one thread, blocks of rows.

One intra-op thread keeps tree sums in their order (bit for bit the same at any batch size).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from etabli.records import Array

CELLS = 2**18  # a network makes some hundred numbers of each


def session(model: Any) -> Any:
    """An onnxruntime session of a ModelProto or its bytes, one thread."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    data = model if isinstance(model, bytes) else model.SerializeToString()
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def run(model: Any, feeds: Mapping[str, Array], block: int = 0) -> dict[str, Array]:
    """All outputs by name, rows in blocks of `block`, by default of 64 to 4 000 rows and some CELLS. feeds: arrays with rows first; 0-d and 1-d arrays are passed whole."""
    ready = session(model) if not hasattr(model, "run") else model
    names = [value.name for value in ready.get_outputs()]
    wanted = {value.name for value in (*ready.get_inputs(), *ready.get_overridable_initializers())}
    feeds = {name: array for name, array in feeds.items() if name in wanted}
    rows = max((len(array) for array in feeds.values() if array.ndim > 1), default=1)
    wide = sum(array[0].size for array in feeds.values() if array.ndim > 1 and len(array))
    block = block or max(64, min(4_000, CELLS // max(1, wide)))
    parts: list[list[Array]] = []
    for start in range(0, max(rows, 1), block):
        cut = {name: array if array.ndim < 2 else np.ascontiguousarray(array[start : start + block]) for name, array in feeds.items()}
        parts.append(ready.run(names, cut))
    return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)}
