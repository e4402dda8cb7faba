"""The steps a network passes through as it is read: what people call a layer (an operator or a function of that name opens one), and what stands between two.

Which of them are shown is decided once all are known (named.py), since most libraries write norms, gelu and silu as arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etabli.estimators.networks.values import ROWS, Shape, Value

NAMES = {
    "Conv": "convolution",
    "ConvTranspose": "convolution",
    "Gemm": "dense",
    "MatMul": "dense",
    "LSTM": "recurrent",
    "GRU": "recurrent",
    "RNN": "recurrent",
    "Gather": "embed",
    "BatchNormalization": "batchnorm",
    "LayerNormalization": "layernorm",
    "RMSNormalization": "rmsnorm",
    "SimplifiedLayerNormalization": "rmsnorm",
    "InstanceNormalization": "instancenorm",
    "GroupNormalization": "groupnorm",
    "MaxPool": "pool",
    "AveragePool": "pool",
    "GlobalMaxPool": "pool",
    "GlobalAveragePool": "pool",
    "Erf": "erf",
    "Swish": "silu",
    **{op: op.lower() for op in ("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "Sigmoid", "HardSigmoid", "HardSwish")},
    **{op: op.lower() for op in ("Silu", "Softplus", "Softsign", "Tanh", "Mish", "Softmax", "LogSoftmax")},
}
MEETING = {"MatMul": "attention", "Add": "residual"}  # where neither side is weights


@dataclass(frozen=True)
class Layer:
    """block: what it is. shape: of one row behind it. weights: numbers it holds."""

    block: str
    shape: Shape
    weights: int


@dataclass(frozen=True)
class Step:
    """One operator, primitive or function that rows went through. layer: as it is known by its name alone, block "" where it has none. given: the tensors it took that
    depend on the rows; made: the one it gave. span: the nodes that it wrote (from, before)."""

    layer: Layer
    given: tuple[str, ...]
    made: str
    span: tuple[int, int]


def step(op: str, given: Sequence[Value | None], made: Value, span: tuple[int, int]) -> Step | None:
    """None where what is made depends on no row."""
    if made.known:
        return None
    there = [value for value in given if value is not None]
    held = [value.array for value in there if value.array is not None and value.kind == "float" and ROWS not in value.shape]
    new = span[1] > span[0]  # else the same was written before, and its numbers are held there
    weights = sum(int(array.size) for array in held if array.size > 1 and new)
    moving = [value for value in there if not value.known]
    name = MEETING.get(op, "") if len(moving) > 1 else NAMES.get(op, "")
    alone = op in ("Gather", "MatMul") and len(moving) == 1 and not weights
    if alone or (op == "Add" and name and len({value.shape for value in there}) > 1):
        name = ""
    shape = tuple(size // ROWS if size % ROWS == 0 else size for size in made.shape if size != ROWS)
    return Step(Layer(name, shape, weights), tuple(value.tensor for value in moving), made.tensor, span)
