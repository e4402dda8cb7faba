"""The evaluator in the page answers as onnxruntime does: every operator of the closed set, every family, whole files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from etabli.faces.report.trying import shipped, squeezed
from etabli.families import families
from etabli.families.conformance import fit, strange, written
from etabli.graph.graph import Graph
from etabli.graph.operators import IR_VERSION, ML, ML_OPERATORS, ML_OPSET, OPSET, PLAIN, domain_of
from etabli.model.probes import probe_feeds
from etabli.records import Array

sys.path.insert(0, str(Path(__file__).parent))
from evaluated import Evaluator, onnxruntime, rows_of, unequal

KEPT = Path(__file__).parents[1] / "model" / "kept"
NAN, INF = np.nan, np.inf
ODD = np.array([[NAN, 1.0, -0.0], [1.0, NAN, 2.5], [-INF, INF, 0.5], [-2.5, 1.5, 3.0]])
TEXTS = np.array([["a  b"], [""], [" b a "], ["é☃ a"]], object)
INTS = np.array([[3, -1, 2], [0, 7, -2]])
Case = tuple[str, list[Array], dict[str, Any], int]


@pytest.fixture(scope="module")
def evaluator(browser: Any) -> Iterator[Evaluator]:
    page = browser.new_page()
    yield Evaluator(page)
    page.close()


def whole(*numbers: int) -> Array:
    return np.array(numbers, np.int64)


def mask(*truths: int) -> Array:
    return np.array(truths, bool)


def cases() -> Iterator[Case]:
    one, two = np.array([[2.0, -1.5, NAN]]), np.array([[0.5], [-INF], [3.0], [NAN]])
    cube = np.arange(24.0).reshape(2, 3, 4)
    for op in "Abs Ceil Floor Neg Relu Round Sign Sin Tanh Exp".split():
        yield op, [ODD], {}, 1
        yield op, [np.linspace(-3, 3, 41).astype(np.float32)], {}, 1
    for op in ("Log", "Sqrt"):
        yield op, [np.array([0.0, 1e-300, 2.0, INF, NAN, 1e300])], {}, 1
    yield "Round", [np.array([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 4503599627370497.5])], {}, 1
    for op in "Add Sub Mul Div".split():
        yield op, [one, two], {}, 1
        yield op, [cube, np.arange(1.0, 5.0)], {}, 1
        yield op, [np.array(2.0), ODD], {}, 1
        yield op, [ODD.astype(np.float32), np.array([[0.1]], np.float32)], {}, 1
        yield op, [INTS, whole(2, -3, 5)], {}, 1
    yield "Pow", [np.array([1, 1, -1, -8, 0, 0, NAN, 2, INF, 2.5]), np.array([NAN, INF, INF, 1 / 3, 0, -1, 0, NAN, -1, 3])], {}, 1
    for op in ("Max", "Min"):
        yield op, [one, two, np.array(0.25)], {}, 1
        yield op, [INTS, whole(2)], {}, 1
        yield op, [ODD], {}, 1
    yield "Clip", [ODD, np.array(-1.0), np.array(1.0)], {}, 1
    yield "Clip", [ODD, np.array(0.0)], {}, 1
    yield "Clip", [ODD.astype(np.float32), np.array(-1, np.float32), np.array(1, np.float32)], {}, 1
    for op in ("And", "Or"):
        yield op, [mask(1, 1, 0, 0), mask(1, 0, 1, 0)], {}, 1
    yield "Not", [mask(1, 0)], {}, 1
    for op in "Equal Greater GreaterOrEqual Less LessOrEqual".split():
        yield op, [one, two], {}, 1
        yield op, [INTS, whole(2)], {}, 1
    yield "Equal", [TEXTS, np.array([""], object)], {}, 1
    yield "IsNaN", [ODD], {}, 1
    yield "IsInf", [ODD], {}, 1
    yield "IsInf", [ODD], {"detect_negative": 0}, 1
    yield "Where", [mask(1, 0, 1), one, two], {}, 1
    yield "Where", [mask(1, 0)[:, None], np.array("x", object), np.array([["a"], ["b"]], object)], {}, 1
    yield "StringConcat", [TEXTS, np.array([" ", "."], object)], {}, 1
    for value, to in ((ODD, 7), (ODD, 9), (ODD, 1), (INTS, 11), (INTS, 1), (mask(1, 0), 11), (mask(1, 0), 7), (INTS, 8), (INTS, 9)):
        yield "Cast", [value], {"to": to}, 1
    yield "Cast", [np.array([1e300, 2.9, -2.9, 0.1, 1e-50])], {"to": 1}, 1
    yield "Cast", [np.array([1.5, 1, 1e20, 1e-7, 1.25e-5, NAN, INF, -INF, 0.1, 123456789.123, 12345678, 1e-4])], {"to": 8}, 1
    yield "Cast", [np.array(["1.5", " 2", "inf", "-INF", "nan", "1e3", "-7 "], object)], {"to": 11}, 1
    yield "Identity", [TEXTS], {}, 1
    for op in "ReduceSum ReduceMax ReduceMin".split():
        yield op, [cube, whole(1)], {"keepdims": 1}, 1
        yield op, [cube, whole(-1, 0)], {"keepdims": 0}, 1
        yield op, [cube], {"keepdims": 0}, 1
        yield op, [ODD[2:], whole(1)], {"keepdims": 1}, 1
        yield op, [INTS, whole(0)], {"keepdims": 0}, 1
    yield "ReduceSum", [np.zeros((2, 0)), whole(1)], {"keepdims": 1}, 1
    yield "ArgMax", [np.array([[1.0, 2, NAN], [NAN, 3, 1], [2, 2, 1]])], {"axis": 1, "keepdims": 1}, 1
    yield "ArgMax", [cube], {"axis": -2, "keepdims": 0}, 1
    ties = np.array([[3.0, 1, 2, 2, 2, 1, 5, 5, 5, 1], [NAN, 0.0, -0.0, 4, NAN, 1, 1, -INF, INF, 2]])
    for largest in (0, 1):
        yield "TopK", [ties, whole(4)], {"axis": 1, "largest": largest, "sorted": 1}, 2
        yield "TopK", [cube, whole(2)], {"axis": 1, "largest": largest, "sorted": 1}, 2
    yield "Softmax", [np.array([[700.0, -700, 0], [1, 2, 3], [NAN, 1, 2]])], {"axis": 1}, 1
    yield "Softmax", [cube.astype(np.float32)], {"axis": 1}, 1
    yield "MatMul", [ODD, np.array([[0.5], [1.0], [-2.0]])], {}, 1
    yield "MatMul", [cube, cube[:, :2].transpose(0, 2, 1)], {}, 1
    yield "MatMul", [cube[0], np.arange(4.0)], {}, 1
    yield "MatMul", [np.arange(3.0), cube], {}, 1
    yield "MatMul", [ODD[3:].astype(np.float32), np.ones((3, 2), np.float32)], {}, 1
    yield "Concat", [cube, cube[:, :1], cube[:, 1:]], {"axis": 1}, 1
    yield "Concat", [TEXTS, TEXTS], {"axis": -1}, 1
    yield "Slice", [cube, whole(0), whole(1)], {}, 1
    yield "Slice", [cube, whole(-2, 3), whole(99, -99), whole(1, 2), whole(1, -2)], {}, 1
    yield "Split", [cube, whole(1, 3)], {"axis": 2}, 2
    yield "Split", [cube], {"axis": 1, "num_outputs": 2}, 2
    yield "Gather", [cube, whole(-1, 0)[:, None]], {"axis": 1}, 1
    yield "Gather", [np.array(["no", "yes"], object), whole(1, 0, 1)[:, None]], {"axis": 0}, 1
    yield "Gather", [cube, whole(1).reshape(())], {"axis": 2}, 1
    yield "GatherElements", [cube[0], np.array([[0, -1], [3, 1], [2, 2]])], {"axis": 1}, 1
    yield "GatherElements", [TEXTS, whole(3, -1)[:, None]], {"axis": 0}, 1
    yield "Expand", [np.array([[1.0], [2.0]]), whole(3, 1, 4)], {}, 1
    yield "Expand", [np.array(["a"], object), whole(2, 3)], {}, 1
    yield "Expand", [cube, whole(1)], {}, 1
    yield "Reshape", [cube, whole(0, -1)], {}, 1
    yield "Reshape", [TEXTS, whole(2, 2)], {}, 1
    yield "Reshape", [np.zeros((2, 1, 0)), whole(0, -1)], {}, 1
    yield "Shape", [cube], {}, 1
    yield "Shape", [cube], {"start": -2, "end": 2}, 1
    yield "Squeeze", [cube[:1, :, :1], whole(-1)], {}, 1
    yield "Squeeze", [cube[:1, :, :1]], {}, 1
    yield "Unsqueeze", [cube, whole(0, -1)], {}, 1
    yield "Transpose", [cube], {"perm": [1, 2, 0]}, 1
    yield "Transpose", [cube], {}, 1
    yield "StringSplit", [TEXTS], {"delimiter": " "}, 2
    yield "StringSplit", [TEXTS], {}, 2
    yield "StringSplit", [TEXTS[1:2]], {"delimiter": " "}, 2
    yield "StringSplit", [TEXTS[:, 0]], {"delimiter": " ", "maxsplit": 1}, 2
    words = np.array([["a", "x", "b", "a", "b"], ["b", "b", "", "a", "b"]], object)
    grams = {"ngram_counts": [0, 3], "ngram_indexes": [0, 1, 1, 2, 3], "pool_strings": ["a", "b", "c", "a", "b", "b", "b"], "mode": "TF"}
    for least, most, skip in ((1, 2, 0), (2, 2, 0), (1, 1, 0), (1, 2, 3)):
        yield "TfIdfVectorizer", [words], {**grams, "min_gram_length": least, "max_gram_length": most, "max_skip_count": skip}, 1
    yield "TfIdfVectorizer", [words[0]], {**grams, "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 0}, 1
    yield "LabelEncoder", [TEXTS], _table(np.array(["a  b", "é☃ a"], object), np.array([1.5, NAN]), np.array([-1.0])), 1
    yield "LabelEncoder", [np.array([NAN, 1, 2, -0.0, INF])], _table(np.array([NAN, 1, 0.0]), whole(7, 8, 9), whole(-1)), 1
    yield "LabelEncoder", [whole(3, 4)[:, None]], _table(whole(3), np.array(["three"], object), np.array(["other"], object)), 1
    for kind in (np.float64, np.float32):
        yield "TreeEnsemble", [np.array([[0.5, 1], [0.6, 3], [NAN, 2], [-INF, NAN], [INF, 9]], kind)], _trees(kind), 1


def _tensor(values: Array) -> TensorProto:
    if values.dtype == object:
        return helper.make_tensor("t", TensorProto.STRING, values.shape, [text.encode() for text in values])
    return numpy_helper.from_array(values)


def _table(keys: Array, values: Array, other: Array) -> dict[str, Any]:
    return {"keys_tensor": _tensor(keys), "values_tensor": _tensor(values), "default_tensor": _tensor(other)}


def _trees(kind: Any) -> dict[str, Any]:
    """Every way of asking, two outputs, a set, a track for missing values."""
    modes = np.array([0, 1, 2, 3, 4, 5, 6], np.uint8)
    return {
        "tree_roots": list(range(7)), "n_targets": 2, "aggregate_function": 1, "post_transform": 0,
        "nodes_featureids": [0, 0, 0, 0, 1, 1, 1], "nodes_splits": _tensor(np.array([0.5, 0.5, 0.5, 0.5, 3, 3, 0], kind)), "nodes_modes": _tensor(modes),
        "nodes_truenodeids": [0, 2, 4, 6, 8, 10, 12], "nodes_falsenodeids": [1, 3, 5, 7, 9, 11, 13], "nodes_trueleafs": [1] * 7, "nodes_falseleafs": [1] * 7,
        "nodes_missing_value_tracks_true": [0, 1, 0, 1, 0, 0, 1], "leaf_targetids": [0, 1] * 7, "leaf_weights": _tensor((0.1 * 1.7 ** np.arange(14)).astype(kind)),
        "membership_values": _tensor(np.array([1, 3, NAN], kind)),
    }  # fmt: skip


def model_of(op: str, inputs: list[Array], attributes: dict[str, Any], outputs: int) -> tuple[bytes, dict[str, Array]]:
    feeds = {f"x{i}": value for i, value in enumerate(inputs)}
    kinds = {
        name: helper.np_dtype_to_tensor_dtype(value.dtype) if value.dtype != object else TensorProto.STRING for name, value in feeds.items()
    }
    made = [f"y{i}" for i in range(outputs)]
    taken = [helper.make_tensor_value_info(name, kinds[name], value.shape) for name, value in feeds.items()]
    given = [onnx_value(name) for name in made]
    graph = helper.make_graph([helper.make_node(op, list(feeds), made, domain=domain_of(op), **attributes)], "g", taken, given)
    sets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    return helper.make_model(graph, opset_imports=sets, ir_version=IR_VERSION).SerializeToString(), feeds


def onnx_value(name: str) -> Any:
    from onnx import ValueInfoProto

    return ValueInfoProto(name=name)


CASES = list(cases())


def test_every_operator_of_the_closed_set_is_tried() -> None:
    assert {op for op, *_ in CASES} == PLAIN | ML_OPERATORS


@pytest.mark.parametrize("op", sorted(PLAIN | ML_OPERATORS))
def test_an_operator_answers_as_onnxruntime_does(op: str, evaluator: Evaluator) -> None:
    for case in (case for case in CASES if case[0] == op):
        model, feeds = model_of(*case)
        single = any(value.dtype == np.float32 for value in feeds.values())
        assert unequal(evaluator.answers(model, feeds), onnxruntime(model, feeds), 1e-6 if single else 1e-15) == [], case


ALL = [(family, task) for family in families().values() for task in family.tasks]


@pytest.mark.parametrize(("family", "task"), ALL, ids=[f"{family.name}-{task}" for family, task in ALL])
def test_a_family_answers_as_in_onnxruntime(family: Any, task: Any, evaluator: Evaluator) -> None:
    fitted, data = fit(family, task)
    model = written(family, fitted, data.x.shape[1])
    rows = strange(model, fitted.setting.wants, task)
    made = model.SerializeToString()
    assert unequal(evaluator.answers(made, {"X": rows}), onnxruntime(made, {"X": rows}), 1e-9) == []


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.onnx")), ids=lambda path: path.stem)
def test_a_whole_file_answers_missing_unseen_and_endless_cells(path: Path, evaluator: Evaluator) -> None:
    """Every stored row as it is, then with cells that no training row had."""
    model = path.read_bytes()
    rows = rows_of(model)
    assert unequal(evaluator.answers(model, rows), onnxruntime(model, rows), 1e-12) == []
    for seed in range(3):
        odd = probe_feeds(rows, seed)
        assert unequal(evaluator.answers(model, odd), onnxruntime(model, odd), 1e-9) == []
    told = {**{name: values[:7] for name, values in rows.items()}, "confidence": np.array(0.7)}
    assert unequal(evaluator.answers(model, told), onnxruntime(model, told), 1e-12) == []


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(alphabet="aB \té☃\x00", max_size=12), min_size=1, max_size=5))
def test_odd_texts_are_cut_and_counted_alike(texts: list[str], evaluator: Evaluator) -> None:
    graph = Graph()
    cut = graph.ops("StringSplit", graph.op("StringConcat", graph.input("x", "string"), graph.const([" "])), count=2, delimiter=" ")[0]
    flat = graph.op("Reshape", cut, graph.const([0, -1], np.int64))
    how = {
        "mode": "TF",
        "min_gram_length": 1,
        "max_gram_length": 2,
        "max_skip_count": 0,
        "ngram_counts": [0, 3],
        "ngram_indexes": [2, 0, 1, 3],
    }
    counted = graph.op("TfIdfVectorizer", flat, pool_strings=["", "a", "é", "a", "B"], **how)
    model = graph.model({"cut": (flat, "string", 0), "counted": (counted, "float", 4)}).SerializeToString()
    feeds = {"x": np.array(texts, object)[:, None]}
    feeds["x"][:, 0] = [text.replace("\x00", "") for text in texts]  # onnxruntime's own texts end at a zero
    assert unequal(evaluator.answers(model, feeds), onnxruntime(model, feeds)) == []


def test_what_is_no_model_is_refused(evaluator: Evaluator) -> None:
    assert "no ONNX file" in evaluator.refusal(b"\x3a\x7f\x01", {})
    graph = Graph()
    model = graph.model({"y": (graph.op("Neg", graph.input("x")), "double", 1)}).SerializeToString()
    assert 'no input "x"' in evaluator.refusal(model, {})
    assert "shapes" in evaluator.refusal(
        *model_of("Add", [np.zeros((2, 3)), np.zeros((2, 3))], {}, 1)[:1], {"x0": np.zeros((2, 3)), "x1": np.zeros(2)}
    )


def test_the_evaluator_stays_small() -> None:
    assert len(shipped("evaluator.js").encode()) <= 15_000


def test_squeezing_leaves_texts_and_meaning() -> None:
    source = 'const a = 1; // a note with "quotes"\nlet text = "a  //  b ;}";  return a in b ?\n  `x  ${a + +b}` : a - -b;\nfunction f() { return 1; }\n'
    assert squeezed(source).startswith('const a=1;let text="a  //  b ;}";return a in b?`x  ${a + +b}`:a- -b;')
