"""The closed operator set: what an établi file may contain, and nothing else.

Small on purpose: an evaluator of a few hundred lines runs every établi file in a browser, in R or in Julia.
`Graph.op` refuses anything that is not here; `docs/operators.md` lists the same names and a test compares them.
"""

from __future__ import annotations

OPSET, ML_OPSET, IR_VERSION = 20, 5, 9  # 20 is where StringSplit and StringConcat begin
ML = "ai.onnx.ml"

PLAIN = frozenset(
    "Abs Add And ArgMax Cast Ceil Clip Concat Div Equal Exp Expand Floor Gather GatherElements Greater GreaterOrEqual Identity IsInf IsNaN Less LessOrEqual Log "
    "MatMul Max Min Mul Neg Not Or Pow ReduceMax ReduceMin ReduceSum Relu Reshape Round Shape Sign Sin Slice Softmax Split Sqrt Squeeze "
    "StringConcat StringSplit Sub Tanh TfIdfVectorizer TopK Transpose Unsqueeze Where".split()
)
ML_OPERATORS = frozenset({"TreeEnsemble", "LabelEncoder"})


def domain_of(op: str) -> str:
    """The domain of an operator of the set; ValueError for any other."""
    if op in PLAIN:
        return ""
    if op in ML_OPERATORS:
        return ML
    raise ValueError(f"{op} is not in the closed operator set (docs/operators.md)")
