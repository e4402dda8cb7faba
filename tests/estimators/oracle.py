"""Writes an estimator, runs it, and compares with the library's own answers: what every test of a dense estimator does."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.estimators import Answer, Frame, Part, write
from etabli.graph.graph import Graph
from etabli.graph.links import link
from etabli.graph.run import run


def ran(estimator: Any, x: np.ndarray) -> tuple[Frame | Answer, dict[str, np.ndarray]]:
    """What was written, and its tensors on x: raw, score, label, values of an Answer; values of a Frame."""
    graph = Graph()
    made = write(estimator, graph, Frame((Part(graph.input("X", "double", (None, x.shape[1])), x.shape[1]),)))
    if isinstance(made, Frame):
        outputs = {"values": (made.matrix(graph), "double", made.width)}
    else:
        outputs = {"raw": (made.raw, "double", made.outputs), "score": (link(graph, made.raw, made.link), "double", made.outputs)}
        if made.label:
            outputs["label"] = (made.label, "int64", 1)
        if made.values is not None:
            outputs["values"] = (made.values.tensor, "double", made.values.width)
    model = graph.model(outputs)
    found = run(model, {"X": x})
    single = run(model, {"X": x[:1]})
    for name, array in found.items():
        assert array.shape == (len(x), outputs[name][2]), name
        assert np.allclose(single[name], array[:1], rtol=1e-9, atol=1e-9, equal_nan=True), f"{name}: one row alone differs"
    return made, found


def near(ours: np.ndarray, theirs: Any, bound: float = 1e-13) -> None:
    """Equal within the bound (1e-13 unless the answer says otherwise) times the largest number of theirs; NaN where theirs has NaN."""
    theirs = np.asarray(theirs, np.float64).reshape(len(ours), -1)
    assert ours.shape == theirs.shape
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    error, scale = np.nanmax(np.abs(ours - theirs), initial=0.0), np.nanmax(np.abs(theirs), initial=0.0)
    assert error <= bound * scale, f"{error:.2e} of scale {scale:.2e}"


def agrees(estimator: Any, x: np.ndarray) -> Frame | Answer:
    """The written estimator answers as the library does: raw, probabilities, labels, transform or decision."""
    made, found = ran(estimator, x)
    if isinstance(made, Frame):
        near(found["values"], estimator.transform(x))
        return made
    bound = made.bound
    near(found["raw"], made.native(x), bound)
    if made.values is not None:
        asked = [getattr(estimator, name) for name in ("transform", "decision_function") if hasattr(estimator, name)]
        near(found["values"], asked[0](x) if asked else made.native(x), bound)
    if not made.classes:
        near(np.exp(found["raw"]) if made.link == "exp" else found["raw"], estimator.predict(x), bound)
        return made
    classes = np.array(made.classes)
    if hasattr(estimator, "predict_proba"):
        shares = np.hstack([1 - found["score"], found["score"]]) if len(classes) == 2 else found["score"]
        near(shares, estimator.predict_proba(x), bound)
        place = shares.argmax(axis=1)
    clear = np.ones(len(x), bool)
    if "label" in found:
        place = found["label"][:, 0]
    else:  # the largest score decides; two that are equal within the bound may fall either way
        most = np.sort(shares, axis=1)
        clear = most[:, -1] - most[:, -2] > 2 * bound
    assert np.array_equal(classes[place][clear], np.asarray(estimator.predict(x))[clear])
    return made


def data(rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns of unlike scales, rounded ones among them (x), a number (y), two classes, three classes."""
    random = np.random.default_rng(seed)
    z = random.normal(size=(rows, 5))
    x = z * [1, 10, 0.1, 1, 3] + [0, 50, 0, 3, -20]
    x[:, 3] = np.round(x[:, 3])
    y = z[:, 0] + 0.5 * z[:, 1] * z[:, 2] + np.sin(2 * z[:, 4]) + 0.2 * random.normal(size=rows)
    return x, y, (y > 0.2).astype(int), np.array(["low", "mid", "top"])[np.digitize(y, [-0.6, 0.7])]
