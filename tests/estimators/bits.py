"""Writing a fitted estimator and asking it and the graph the same rows: shared by the tests of the tree writers."""

from __future__ import annotations

import numpy as np

from etabli.estimators import Frame, Part, predictor
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.graph.trees import threshold_rows

LARGEST = float(np.finfo(np.float32).max)


def written(estimator, parts=None, width=None):
    """(the answer, the model) of an estimator on one block of numbers, or on parts: (name, width, kind) each."""
    graph = Graph()
    parts = parts or [("X", width or estimator.n_features_in_, "double")]
    frame = Frame(tuple(Part(graph.input(name, kind, (None, wide)), wide, kind) for name, wide, kind in parts))
    answer = predictor(estimator, graph, frame)
    outputs = {"raw": (answer.raw, "double", answer.outputs)}
    if answer.label:
        outputs["label"] = (answer.label, "int64", 1)
    return answer, graph.model(outputs)


def named(answer, made):
    """The labels of an answer: those of the graph where it gives them, else of the largest score."""
    if "label" in made:
        places = made["label"][:, 0]
    elif len(answer.classes) > 2:
        places = made["raw"].argmax(axis=1)
    else:
        places = (made["raw"][:, 0] > (0.5 if answer.link == "probability" else 0.0)).astype(int)
    return np.array(answer.classes)[places]


def assert_same(estimator, x, bound=0.0, probe=True, missing=True, label=None):
    """The graph equals the library on x, on rows at thresholds (with missing values if it takes them), and row by row.

    bound: of the output's scale; 0 asks for the same bits. label: how to ask for the label (`predict` of classifiers).
    """
    answer, model = written(estimator, width=x.shape[1])
    assert answer.exact == (bound == 0)
    rows = [x]
    if probe:
        tried = np.clip(threshold_rows(model, x, 1500, 0), -LARGEST, LARGEST)  # scikit-learn's trees refuse more
        rows.append(tried if missing else np.nan_to_num(tried))
    if label is None and answer.classes and hasattr(estimator, "classes_"):
        label = estimator.predict
    for values in rows:
        made, native = run(model, {"X": values}), answer.native(values)
        assert made["raw"].shape == native.shape == (len(values), answer.outputs)
        if bound:
            assert np.abs(made["raw"] - native).max() <= bound * np.abs(native).max()
        else:
            assert np.array_equal(made["raw"], native)
        if label is not None:
            assert np.array_equal(named(answer, made), label(values))
    for i in range(3):
        assert np.array_equal(run(model, {"X": x[i : i + 1]})["raw"], run(model, {"X": x})["raw"][i : i + 1]) or bound
    return answer
