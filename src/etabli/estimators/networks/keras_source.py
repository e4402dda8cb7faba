"""A Keras 3 model of any back end: by a process beside ours on the JAX back end (keras_child.py), from the file that Keras saves.

In memory on the TensorFlow or the PyTorch back end, the model's own `predict` gives its own answers, so that the two back ends are held to each other as
well; a file is asked on the JAX back end. A model in memory on the JAX back end needs no other process (keras_function.py).
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.estimators.networks.keras_classes import lacking, layers, packed
from etabli.estimators.networks.keras_function import predicted
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import read
from etabli.estimators.networks.passed import Layer
from etabli.estimators.networks.source import Feeds, Input, Source, asked
from etabli.estimators.networks.values import Unreadable, Value
from etabli.records import Array

INSTALL = "pip install 'etabli[keras]'"
OWN = "classes of your own are written with keras.ops; or choose KERAS_BACKEND=jax in the Python file that makes the model, and give file.py:model"


class KerasSource(Source):
    """path: a .keras file. trusted: code in it may be run. model: the same in memory, on another back end."""

    library = "keras"

    def __init__(self, path: Path | None, width: int, trusted: bool = False, model: Any = None) -> None:
        lacking = [name for name in ("keras", "jax") if importlib.util.find_spec(name) is None]
        if lacking:
            raise UsageError("a Keras model is read by Keras on its JAX back end", f"{lacking[0]} is not installed", INSTALL)
        self.folder = tempfile.TemporaryDirectory(prefix="etabli-keras-")
        self.classes_file = ""
        self.model, self.path, self.trusted = model, path, trusted or model is not None
        self.title = f"Keras's {type(model).__name__}" if model is not None else "the Keras model"
        if model is not None:
            self.path = Path(self.folder.name) / "model.keras"
            asked(self.title, lambda: model.save(self.path))
            try:
                self.classes_file = self._classes(model)
            except UsageError:
                self.folder.cleanup()
                raise
        environment = os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
        with open(Path(self.folder.name) / "said", "wb") as said:
            self.child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    __name__.replace("keras_source", "keras_child"),
                    str(self.path),
                    "trusted" if self.trusted else "safe",
                    self.classes_file,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment,
                encoding="utf-8",
            )
        end = weakref.finalize(self, _ended, self.child, self.folder)
        try:
            told = self._told({"do": "open", "width": width})
        except Exception:
            end()
            raise
        self.title = self.title if model is not None else told["title"]
        self.input = Input("x", tuple(told["shape"]), bool(told["whole"]), bool(told["single"]))

    def _classes(self, model: Any) -> str:
        to = Path(self.folder.name) / "classes.pickle"
        try:
            return str(to) if packed(model, to) else ""
        except Exception as error:  # a class that holds what cannot be taken along: an open file, a lock
            raise UsageError(
                "classes of your own in a Keras model are taken along to Keras on its JAX back end",
                f"{self.title}: {layers(model)}: {type(error).__name__}: {' '.join(str(error).split()):.240}",
                OWN,
            ) from error

    def _told(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        assert self.child.stdin is not None and self.child.stdout is not None
        try:
            self.child.stdin.write(json.dumps(wanted) + "\n")
            self.child.stdin.flush()
            line = self.child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            last = (Path(self.folder.name) / "said").read_text("utf-8", "replace").strip().splitlines()[-1:]
            raise UsageError("Keras opens the model on its JAX back end", f"{self.title}: {' '.join(last) or 'it ended'}", INSTALL)
        told = dict(json.loads(line))
        if "error" in told:
            raise self._error(told)
        return told

    def _error(self, told: Mapping[str, Any]) -> Exception:
        said = f"{told['kind']}: {told['error']}"
        if told["kind"] == "Unreadable":
            among = f"; among its layers: {found}" if self.model is not None and (found := layers(self.model)) else ""
            return Unreadable(f"{told['got']}{among}", told["hint"])
        if "rule" in told:
            return UsageError(told["rule"], told["got"], told["hint"])
        if not self.trusted and ("safe_mode" in said or "unsafe" in said.lower()):
            return UsageError(
                "a Lambda layer in a .keras file is code, which runs when the file is opened",
                f"{self.path}",
                "if you trust where it comes from: --trust-pickle; or load it in a Python file and give file.py:model",
            )
        if self.model is None and self.path is not None and (found := lacking(self.path)):
            return UsageError(
                "a .keras file holds no code of classes of your own, and Keras does not find them",
                f"{self.path}: {found}: {said:.120}",
                "make or load the model in a Python file that has them, and give file.py:model",
            )
        named = f"{found}: " if self.model is not None and (found := layers(self.model)) else ""
        return UsageError(
            "Keras opens the model on its JAX back end",
            f"{self.title}: {named}{said:.400}",
            OWN,
        )

    def inputs(self) -> list[Input]:
        """One matrix, in the shape of the model's input."""
        return [self.input]

    def _asked(self, how: str, feeds: Feeds) -> Array:
        rows, to = (str(Path(self.folder.name) / name) for name in ("rows.npy", "answers.npy"))
        np.save(rows, feeds["x"])
        self._told({"do": how, "rows": rows, "to": to})
        return np.asarray(np.load(to))

    def ask(self, feeds: Feeds) -> Array:
        """By the model's own `predict` where it is in memory."""
        if self.model is None:
            return self._asked("ask", feeds)
        return predicted(self.title, self.model, feeds["x"])

    def exact(self, feeds: Feeds) -> Array | None:
        """By JAX, in double precision."""
        return self._asked("exact", feeds)

    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """The graph that the other process wrote, once more into ours."""
        import onnx

        to = Path(self.folder.name) / "network.onnx"
        told = self._told({"do": "read", "to": str(to)})
        (made,) = read(maths, onnx.load(to), values).values()
        maths.told = [Layer(one["block"], tuple(one["shape"]), one["weights"]) for one in told["layers"]]
        maths.asks_missing = told["missing"]
        maths.shares = (made.tensor,) if told["share"] else ()
        return made


def _ended(child: subprocess.Popen[str], folder: tempfile.TemporaryDirectory[str]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    child.wait()
    folder.cleanup()
