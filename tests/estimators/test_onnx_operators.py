"""Every ONNX operator that is read answers as onnxruntime does, alone, on rows that were not there when it was read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest

from etabli.estimators.networks import onnx_layers, onnx_operators  # noqa: F401 (they register what they read)
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import READS, read
from etabli.estimators.networks.values import ROWS, Value
from etabli.graph.graph import Graph
from etabli.graph.run import run

WIDTH = 24
UNARY = "Abs Ceil Cos Erf Exp Floor Identity Neg Relu Round Sigmoid Sign Sin Softplus Softsign Tanh Celu Elu Selu Mish HardSwish Gelu LeakyRelu HardSigmoid Shrink ThresholdedRelu"
SOFT = "Softmax LogSoftmax"
BINARY = "Add Sub Mul Div Max Min Mean Sum"
ASKS = "Equal Greater GreaterOrEqual Less LessOrEqual"
FOLDS = "ReduceL1 ReduceL2 ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare"
# What stands between A [rows, 4, 6] (or B [rows, 2, 4, 3], P positive) and Y; w, v, s: constants.
CASES = {
    **{op: f"Y = {op}(A)" for op in UNARY.split()},
    **{op: f"Y = {op}<axis = 1>(A)" for op in SOFT.split()},
    **{op: f"Y = {op}(A, w)" for op in BINARY.split()},
    **{op: f"T = {op}(A, zero) Y = Cast<to = 1>(T)" for op in ASKS.split()},
    **{op: f"Y = {op}<keepdims = 1>(A, axis)" for op in FOLDS.split()},
    "And": "T = Greater(A, zero) U = Less(A, w) V = And(T, U) Y = Cast<to = 1>(V)",
    "Or": "T = Greater(A, zero) U = Less(A, w) V = Or(T, U) Y = Cast<to = 1>(V)",
    "Not": "T = Greater(A, zero) U = Not(T) Y = Cast<to = 1>(U)",
    "IsNaN": "T = IsNaN(A) Y = Cast<to = 1>(T)",
    "Log": "Y = Log(P)",
    "Sqrt": "Y = Sqrt(P)",
    "Reciprocal": "Y = Reciprocal(P)",
    "Pow": "Y = Pow(P, w)",
    "Clip": "Y = Clip(A, zero, two)",
    "PRelu": "Y = PRelu(A, w)",
    "Cast": "T = Cast<to = 7>(A) Y = Cast<to = 1>(T)",
    "CastLike": "T = Cast<to = 7>(A) Y = CastLike(T, zero)",
    "Concat": "Y = Concat<axis = 2>(A, P)",
    "Constant": "c = Constant<value_floats = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]>() Y = Add(A, c)",
    "ConstantOfShape": "c = ConstantOfShape(shape) Y = Add(A, c)",
    "Dropout": "Y = Dropout(A)",
    "Einsum": 'Y = Einsum<equation = "bij,kj->bik">(A, v)',
    "Einsum ": 'Y = Einsum<equation = "bij,bkj->bik">(A, P)',
    "Expand": "T = ReduceSum<keepdims = 1>(A, axis) S = Shape(A) Y = Expand(T, S)",
    "Flatten": "Y = Flatten<axis = 1>(A)",
    "Gather": "Y = Gather<axis = 1>(A, picked)",
    "Gemm": "F = Flatten<axis = 1>(A) Y = Gemm<alpha = 0.5, beta = 2.0, transB = 1>(F, wide, three)",
    "MatMul": "Y = MatMul(A, vt)",
    "GlobalAveragePool": "Y = GlobalAveragePool(B)",
    "GlobalMaxPool": "Y = GlobalMaxPool(B)",
    "AveragePool": "Y = AveragePool<kernel_shape = [2, 2], strides = [1, 1], pads = [1, 0, 1, 0]>(B)",
    "MaxPool": "Y = MaxPool<kernel_shape = [2, 2], strides = [2, 1]>(B)",
    "Conv": "Y = Conv<pads = [1, 1, 1, 1]>(B, kernel)",
    "BatchNormalization": "Y = BatchNormalization(A, pos4, four, four, pos4)",
    "InstanceNormalization": "Y = InstanceNormalization(A, pos4, four)",
    "GroupNormalization": "Y = GroupNormalization<num_groups = 2>(A, pos4, four)",
    "LayerNormalization": "Y = LayerNormalization<axis = -1>(A, w, w)",
    "Pad": "Y = Pad(A, pads)",
    "Reshape": "Y = Reshape(A, shape2)",
    "Shape": "S = Shape(A) T = Cast<to = 1>(S) U = ReduceMax<keepdims = 0>(T) V = Div(U, U) Y = Mul(A, V)",
    "Size": "S = Size(w) T = Cast<to = 1>(S) Y = Mul(A, T)",
    "Range": "T = Cast<to = 1>(numbers) Y = Add(A, T)",
    "Slice": "Y = Slice(A, starts, ends, axes2, steps)",
    "Split": "Y, Z = Split<axis = 2>(A, halves)",
    "Squeeze": "T = ReduceSum<keepdims = 1>(A, axis) Y = Squeeze(T, axis)",
    "Trilu": "T = Trilu(A, onei) c = Trilu<upper = 0>(vt) U = MatMul(A, c) S = ReduceSum<keepdims = 1>(U, axis2) Y = Add(T, S)",
    "Unsqueeze": "Y = Unsqueeze(A, axis)",
    "Tile": "Y = Tile(A, repeats)",
    "Transpose": "Y = Transpose<perm = [0, 2, 1]>(A)",
    "Where": "T = Greater(A, zero) Y = Where(T, A, w)",
}  # fmt: skip
CASES["Equal"] = "R = Round(A) " + CASES["Equal"].replace("A,", "R,")
CASES["ReduceProd"] = "c = ReduceProd<keepdims = 0>(w, axis0) Y = Mul(A, c)"  # of what is known before there are rows, as of a shape
CASES["Mod"] = "c = Mod(sixi, fouri) d = Cast<to = 1>(c) Y = Mul(A, d)"  # the same
CASES["Range"] = "numbers = Range(zeroi, sixi, onei) " + CASES["Range"]
# Held elsewhere, or in no release of onnxruntime under this name.
ELSEWHERE = {"GRU", "LSTM", "RNN", "QuickGelu", "RMSNormalization", "SimplifiedLayerNormalization", "Swish"}

CONSTANTS = {
    "w": ("float[6]", [0.5, -1.0, 2.0, 0.3, 1.5, -0.2]),
    "v": ("float[2,6]", [0.1 * k - 0.5 for k in range(12)]),
    "vt": ("float[6,2]", [0.1 * k - 0.5 for k in range(12)]),
    "wide": ("float[3,24]", [0.02 * k - 0.7 for k in range(72)]),
    "three": ("float[3]", [1.0, -1.0, 0.5]),
    "four": ("float[4]", [0.1, -0.4, 0.2, 0.3]),
    "pos4": ("float[4]", [0.5, 1.5, 2.0, 1.0]),
    "kernel": ("float[3,2,3,3]", [0.05 * (k % 11) - 0.2 for k in range(54)]),
    "zero": ("float", [0.0]),
    "two": ("float", [2.0]),
    "axis": ("int64[1]", [1]),
    "picked": ("int64[3]", [2, 0, 3]),
    "shape": ("int64[1]", [6]),
    "shape2": ("int64[3]", [-1, 8, 3]),
    "into3": ("int64[3]", [-1, 4, 6]),
    "into4": ("int64[4]", [-1, 2, 4, 3]),
    "pads": ("int64[6]", [0, 1, 0, 0, 0, 2]),
    "starts": ("int64[2]", [3, 0]),
    "ends": ("int64[2]", [-5, 5]),
    "axes2": ("int64[2]", [1, 2]),
    "steps": ("int64[2]", [-1, 2]),
    "halves": ("int64[2]", [2, 4]),
    "repeats": ("int64[3]", [1, 2, 1]),
    "axis2": ("int64[1]", [2]),
    "axis0": ("int64[1]", [0]),
    "fouri": ("int64", [4]),
    "zeroi": ("int64", [0]),
    "sixi": ("int64", [6]),
    "onei": ("int64", [1]),
}


def model(body: str) -> onnx.ModelProto:
    """The operator between rows of 24 numbers and whatever it gives, laid flat."""
    used = {name for name in CONSTANTS if re.search(rf"\b{name}\b", body)} | {"into3", "into4"}
    stored = ", ".join(f"{CONSTANTS[n][0]} {n} = {{{', '.join(map(str, CONSTANTS[n][1]))}}}" for n in sorted(used))
    steps = body.replace(") ", ")\n")
    text = f"""<ir_version: 10, opset_import: ["" : 21]>
    agraph (float[N,24] X) => (float[N,M] OUT) <{stored}> {{
        A = Reshape(X, into3)
        B = Reshape(X, into4)
        E = Abs(A)
        P = Exp(E)
        {steps}
        OUT = Flatten<axis = 1>(Y)
    }}"""
    return onnx.parser.parse_model(text)


@pytest.mark.parametrize("op", sorted(CASES))
def test_it_answers_as_onnxruntime(op: str) -> None:
    made = model(CASES[op])
    x = np.random.default_rng(0).normal(size=(7, WIDTH)).round(3).astype(np.float32)
    if op == "IsNaN":
        x[2, 5] = np.nan
    right = run(made, {"X": x})["OUT"]
    graph = Graph()
    given = graph.input("X", "double", (None, WIDTH))
    maths = Maths(graph, given)
    out = read(maths, made, {"X": Value((ROWS, WIDTH), "float", tensor=given)})["OUT"]
    assert out.shape == (ROWS, right.shape[1])
    got = run(graph.model({"OUT": (maths.tensor(maths.cast(out, "float")), "double", right.shape[1])}), {"X": x.astype(np.float64)})["OUT"]
    assert np.allclose(got, right, rtol=2e-5, atol=2e-6, equal_nan=True)
    assert np.ptp(right) > 0


def test_every_operator_that_is_read_is_tried_and_named_in_the_page() -> None:
    assert set(READS) == {op.strip() for op in CASES} | ELSEWHERE
    page = (Path(__file__).parents[2] / "docs" / "adopt.md").read_text(encoding="utf-8")
    listed = re.search(r"<!-- operators -->\n(.*?)\n\n", page, re.DOTALL)
    assert listed is not None and sorted(re.findall(r"\w+", listed[1])) == sorted(READS)
