"""A Keras model with classes written in the own functions of its back end (torch.relu, tf.nn.relu), which no other back end computes.

On PyTorch such a model is a torch.nn.Module, and PyTorch's exporter reads it; on TensorFlow tf2onnx does. Keras rounds to float32 at every layer, whatever the
weights are: there is no copy in double precision, and the file is held to the model's own answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etabli.estimators.networks.keras_function import Part, call, predicted
from etabli.estimators.networks.source import Feeds, Input, Source, single_output
from etabli.estimators.networks.tensorflow_given import TensorFlowSource
from etabli.estimators.networks.torch_source import TorchSource
from etabli.records import Array


class KerasTorchSource(TorchSource):
    """parts: its inputs."""

    library = "keras"

    def __init__(self, model: Any, parts: Sequence[Part], title: str) -> None:
        self.title, self.module = title, _quiet(model)
        self.shapes = {one.name: one.shape for one in parts}
        self.floats = None
        self._known = {one.name: one.whole for one in parts}

    def inputs(self) -> list[Input]:
        """In the shapes of the model's inputs."""
        if any(whole is None for whole in self._known.values()):
            return super().inputs()
        return [Input(name, shape, bool(self._known[name]), True) for name, shape in self.shapes.items()]

    def exact(self, feeds: Feeds) -> Array | None:
        """None: see above."""
        return None


class KerasTensorFlowSource(TensorFlowSource):
    """parts: its inputs."""

    library = "keras"

    def __init__(self, model: Any, parts: Sequence[Part], title: str) -> None:
        given = [Input(one.name, one.shape, bool(one.whole), True) for one in parts]
        super().__init__(title, lambda *tensors: single_output(title, call(model, tensors)), given, [one.kind for one in parts])
        self.model = model

    def ask(self, feeds: Feeds) -> Array:
        """By the model's own `predict`."""
        flat = [feeds[one.name].reshape(len(feeds[one.name]), -1) for one in self.parts]
        return predicted(self.title, self.model, feeds[self.parts[0].name] if len(flat) == 1 else np.concatenate(flat, axis=1))


def native(model: Any, parts: Sequence[Part], title: str) -> Source:
    """The source for the back end that Keras is on."""
    import keras

    kind = KerasTorchSource if keras.config.backend() == "torch" else KerasTensorFlowSource
    return kind(model, parts, title)


def _quiet(model: Any) -> Any:
    """The model in inference, as a module of its own (Keras makes copies from what it saves, and cannot of classes it does not know)."""
    import torch

    class Quiet(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *given: Any) -> Any:
            return call(self.model, given)

    return Quiet()
