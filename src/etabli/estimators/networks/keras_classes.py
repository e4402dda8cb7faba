"""Classes of a user's own in a Keras model, taken along to the process beside ours: by their code (joblib's cloudpickle), so that the file they stand in, which may
train the model, is not run once more. A class written with `keras.ops` computes alike on every back end; one written with its back end's own functions does not
trace on JAX, and the model is then read by its own back end where that can be (keras_native.py), else the refusal names the layer.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from etabli.errors import UsageError

LIBRARIES = ("keras", "keras_hub", "tensorflow", "torch", "jax", "builtins", "typing", "abc", "collections")


def own(model: Any) -> dict[str, type]:
    """The classes that are no library's, by the names that Keras saves them under."""
    import keras

    made: dict[str, type] = {}
    for part in [model, *_parts(model)]:
        kind = type(part)
        if _library(kind) not in LIBRARIES:
            made[keras.saving.get_registered_name(kind)] = kind
    return made


def layers(model: Any) -> str:
    """ "layer 'halved' (Halved), ..." of the layers of such classes; "" where there are none."""
    return ", ".join(f"layer {part.name!r} ({type(part).__name__})" for part in _parts(model) if _library(type(part)) not in LIBRARIES)


def lacking(path: Path) -> str:
    """The same of a .keras file, which holds such classes by their names alone."""
    try:
        with zipfile.ZipFile(path) as file:
            waiting = [json.loads(file.read("config.json"))]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""
    found: dict[str, None] = {}
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict):
            if {"class_name", "config", "registered_name"} <= set(one) and str(one.get("module") or "").partition(".")[0] not in LIBRARIES:
                name = one["config"].get("name") if isinstance(one["config"], dict) else None
                found[f"layer {name!r} ({one['class_name']})" if name else str(one["class_name"])] = None
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return ", ".join(found)


def whole(path: Path, trusted: bool) -> None:
    """UsageError for an .h5 file that holds no model, or code in it (a Lambda layer) that may not run: older Keras runs it whatever it is told."""
    try:
        import h5py
    except ImportError:
        raise UsageError(
            "a Keras model is read by Keras on its JAX back end", "keras is not installed", "pip install 'etabli[keras]'"
        ) from None
    try:
        with h5py.File(path) as file:
            config = file.attrs.get("model_config")
    except OSError as error:
        raise UsageError("an .h5 file is a model that Keras saved", f"{path}: {error}", "") from None
    if config is None:
        raise UsageError(
            "an .h5 file is a model that Keras saved whole",
            f"{path}: it holds weights, or what is not of Keras",
            "make the model and load its weights in a Python file, and give file.py:model",
        )
    if '"Lambda"' in (config.decode() if isinstance(config, bytes) else str(config)) and not trusted:
        raise UsageError(
            "a Lambda layer in a file of Keras is code, which runs when the file is opened",
            str(path),
            "if you trust where it comes from: --trust-pickle; or load it in a Python file and give file.py:model",
        )


def packed(model: Any, to: Path) -> bool:
    """Writes its own classes, and what else was registered with Keras, to a file; False where there is nothing. Whatever cloudpickle raises where it cannot."""
    import keras

    try:
        import cloudpickle  # joblib's; joblib before 1.6 has it within
    except ImportError:
        from joblib.externals import cloudpickle

    taken: dict[str, Any] = own(model)
    taken |= {name: one for name, one in keras.saving.get_custom_objects().items() if _library(one) not in LIBRARIES}
    if not taken:
        return False
    homes = {kind.__module__ for one in taken.values() for kind in getattr(one, "__mro__", (one,)) if _library(kind) not in LIBRARIES}
    marked = [sys.modules[home] for home in homes if home in sys.modules and home != "__main__"]
    for home in marked:
        cloudpickle.register_pickle_by_value(home)
    try:
        to.write_bytes(cloudpickle.dumps(taken))
    finally:
        for home in marked:
            cloudpickle.unregister_pickle_by_value(home)
    return True


def _parts(model: Any) -> list[Any]:
    """Every layer, also those within others."""
    return list(model._flatten_layers(include_self=False)) if hasattr(model, "_flatten_layers") else list(getattr(model, "layers", ()))


def _library(thing: Any) -> str:
    return str(getattr(thing, "__module__", "") or "").partition(".")[0]
