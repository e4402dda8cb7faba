"""A Keras model with classes written in the own functions of its back end (torch.relu, tf.nn.relu), which no other back end computes.

On PyTorch such a model is a torch.nn.Module, and PyTorch's exporter reads it; on TensorFlow tf2onnx does. Keras rounds to float32 at every layer, whatever the
weights are: there is no copy in double precision, and the file is held to the model's own answers.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping
from typing import Any

from etabli.errors import EtabliError, UsageError
from etabli.estimators.networks.keras_function import predicted
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import read
from etabli.estimators.networks.source import Feeds, Input, Source, single_output
from etabli.estimators.networks.torch_source import OPSET, TorchSource
from etabli.estimators.networks.values import Unreadable, Value
from etabli.records import Array

INSTALL = "pip install 'etabli[tensorflow]'"


class KerasTorchSource(TorchSource):
    """shape: of one row. whole: it takes whole numbers (None: asked)."""

    library = "keras"

    def __init__(self, model: Any, shape: tuple[int, ...], whole: bool | None, title: str) -> None:
        self.title, self.module = title, _quiet(model)
        self.shapes = {"x": shape}
        self.floats = None
        self._known = whole

    def inputs(self) -> list[Input]:
        """One matrix, in the shape of the model's input."""
        return [Input("x", self.shapes["x"], bool(self._known), True)] if self._known is not None else super().inputs()

    def exact(self, feeds: Feeds) -> Array | None:
        """None: see above."""
        return None


class KerasTensorFlowSource(Source):
    """shape: of one row. whole: it takes whole numbers."""

    library = "keras"

    def __init__(self, model: Any, shape: tuple[int, ...], whole: bool | None, title: str) -> None:
        if importlib.util.find_spec("tf2onnx") is None:
            raise UsageError(
                "a Keras model with classes in TensorFlow's own functions is read by tf2onnx", f"{title}: it is not installed", INSTALL
            )
        self.model, self.shape, self.whole, self.title = model, shape, bool(whole), title

    def inputs(self) -> list[Input]:
        """One matrix, in the shape of the model's input."""
        return [Input("x", self.shape, self.whole, True)]

    def ask(self, feeds: Feeds) -> Array:
        """By the model's own `predict`."""
        return predicted(self.title, self.model, feeds["x"])

    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """What tf2onnx makes of the model in inference."""
        import logging

        import tensorflow
        import tf2onnx

        given = (getattr(self.model, "inputs", None) or [None])[0]
        kind = str(given.dtype) if given is not None else "float32"
        spec = [tensorflow.TensorSpec((None, *self.shape), kind, name="x")]
        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call = tensorflow.function(lambda x: single_output(self.title, self.model(x, training=False)), input_signature=spec)
                made, _ = tf2onnx.convert.from_function(call, input_signature=spec, opset=OPSET)
                _kept(made, call.get_concrete_function())
        except EtabliError:
            raise
        except Exception as error:  # it raises what it likes
            raise Unreadable(
                f"{self.title}: tf2onnx refuses it ({type(error).__name__}: {' '.join(str(error).split()):.300})", ""
            ) from None
        return next(iter(read(maths, made, values).values()))


def _kept(made: Any, concrete: Any) -> None:
    """Constants that a function captured (what a Normalization subtracts), which tf2onnx leaves as inputs, into the network."""
    import onnx

    held = {inside.name: outside for outside, inside in concrete.graph.captures if outside.dtype.name != "resource"}
    for one in [one for one in made.graph.input if one.name in held]:
        made.graph.initializer.append(onnx.numpy_helper.from_array(held[one.name].numpy(), one.name))
        made.graph.input.remove(one)


def native(model: Any, shape: tuple[int, ...], whole: bool | None, title: str) -> Source:
    """The source for the back end that Keras is on."""
    import keras

    kind = KerasTorchSource if keras.config.backend() == "torch" else KerasTensorFlowSource
    return kind(model, shape, whole, title)


def _quiet(model: Any) -> Any:
    """The model in inference, as a module of its own (Keras makes copies from what it saves, and cannot of classes it does not know)."""
    import torch

    class Quiet(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: Any) -> Any:
            return self.model(x, training=False)

    return Quiet()
