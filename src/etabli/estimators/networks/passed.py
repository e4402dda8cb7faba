"""The layers a network passes through as it is read, for the picture of it: what people call a layer, not every operator.

An operator that is a layer's name opens one; weights that come by others (a bias added, a scale multiplied) belong to the layer before.
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
    "InstanceNormalization": "instancenorm",
    "GroupNormalization": "groupnorm",
    "MaxPool": "pool",
    "AveragePool": "pool",
    "GlobalMaxPool": "pool",
    "GlobalAveragePool": "pool",
    "Erf": "gelu",
    **{op: op.lower() for op in ("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "Sigmoid", "HardSigmoid", "HardSwish")},
    **{op: op.lower() for op in ("Softplus", "Softsign", "Tanh", "Mish", "Softmax", "LogSoftmax")},
}
MEETING = {"MatMul": "attention", "Add": "residual"}  # where neither side is weights


@dataclass(frozen=True)
class Layer:
    """block: what it is. shape: of one row behind it. weights: numbers it holds."""

    block: str
    shape: Shape
    weights: int


def passed(layers: Sequence[Layer], op: str, given: Sequence[Value | None], made: Value) -> list[Layer]:
    """The layers after one more operator."""
    if made.known:
        return list(layers)
    there = [value for value in given if value is not None]
    held = [value.array for value in there if value.array is not None and value.kind == "float" and ROWS not in value.shape]
    weights = sum(int(array.size) for array in held if array.size > 1)
    moving = sum(not value.known for value in there)
    name = MEETING.get(op, "") if moving > 1 else NAMES.get(op, "")
    if (op in ("Gather", "MatMul") and moving == 1 and not weights) or (op == "Add" and name and len({v.shape for v in there}) > 1):
        name = ""
    shape = tuple(size // ROWS if size % ROWS == 0 else size for size in made.shape if size != ROWS)
    if name:
        return [*layers, Layer(name, shape, weights)]
    if weights and layers:
        last = layers[-1]
        return [*layers[:-1], Layer(last.block, last.shape, last.weights + weights)]
    return list(layers)
