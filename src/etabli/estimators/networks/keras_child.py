"""The process beside ours that opens a Keras file on the JAX back end: a back end is chosen once for a whole process, and the user's may be another.

    python -m etabli.estimators.networks.keras_child FILE TRUSTED [CLASSES]

One line of JSON in, one out: {"do": "open", "width": 64} -> {"shape", "whole", "single", "title"}; {"do": "ask" | "exact", "rows": FILE.npy, "to": FILE.npy};
{"do": "read", "to": FILE.onnx} -> {"layers", "share", "missing"}: the network in the closed operators. What goes wrong: {"error": words, "kind": ...}.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(path: str, trusted: bool, classes: str = "") -> None:
    """Answers until its input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the libraries print is not for our reader
    held: dict[str, Any] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            made = _answer(asked, path, trusted, classes, held)
        except Exception as error:  # whatever it is, the other side tells it
            from etabli.errors import EtabliError

            made = {"kind": type(error).__name__, "error": " ".join(str(error).split())[:1500]}
            if isinstance(error, EtabliError):
                made |= {"rule": error.rule, "got": error.got, "hint": error.hint}
        out.write(json.dumps(made) + "\n")
        out.flush()


def _answer(asked: dict[str, Any], path: str, trusted: bool, classes: str, held: dict[str, Any]) -> dict[str, Any]:
    from etabli.estimators.networks import keras_function

    if asked["do"] == "open":
        import keras

        with keras.saving.custom_object_scope(_classes(classes)):
            model = keras.saving.load_model(path, compile=False, safe_mode=not trusted)
        held["source"] = keras_function.source(model, asked["width"])
        (one,) = held["source"].inputs()
        if classes:  # whether they compute on this back end at all
            held["source"].ask({"x": np.zeros((2, *(one.shape or ())), np.int64 if one.whole else np.float32)})
        return {
            "shape": list(one.shape or ()),
            "whole": one.whole,
            "single": one.single,
            "title": held["source"].title,
            "version": keras.__version__,
        }
    if asked["do"] in ("ask", "exact"):
        np.save(asked["to"], getattr(held["source"], asked["do"])({"x": np.load(asked["rows"])}))
        return {}
    return _written(held["source"], Path(asked["to"]))


def _classes(file: str) -> dict[str, Any]:
    """What keras_classes.py packed on the other side."""
    import pickle

    return dict(pickle.loads(Path(file).read_bytes())) if file else {}


def _written(source: Any, to: Path) -> dict[str, Any]:
    from dataclasses import asdict

    from etabli.estimators.networks.maths import Maths
    from etabli.estimators.networks.values import ROWS, Value
    from etabli.graph.graph import Graph

    (one,) = source.inputs()
    graph = Graph()
    x = graph.input("x", shape=(None, *one.shape))
    maths = Maths(graph, x)
    made = source.read(maths, {"x": Value((ROWS, *one.shape), "int" if one.whole else "float", tensor=x)})
    y = maths.tensor(maths.cast(made, "float"))
    to.write_bytes(graph.model({"answer": (y, "double", 0)}).SerializeToString())
    return {"layers": [asdict(layer) for layer in maths.layers()], "share": made.tensor in maths.shares, "missing": maths.asks_missing}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] == "trusted", *sys.argv[3:])
