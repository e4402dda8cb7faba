"""Networks of the libraries that end in JAX (Keras 3 has it as one of its back ends): what each is called, and its source for so many columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from etabli.errors import UsageError
from etabli.estimators.networks.jax_brought import called
from etabli.estimators.networks.source import Source


def elsewhere(given: Any) -> tuple[str, Callable[[int], Source]] | None:
    """(title, source for so many columns) of a JAX function, a Flax or Equinox module or a Keras model; None for anything else."""
    if any(kind.__module__.startswith("keras.") and kind.__qualname__ == "Model" for kind in type(given).__mro__):
        return f"Keras's {type(given).__name__}", partial(_keras, given)
    found = called(given)
    return None if found is None else (found[0], partial(_jax, *found))


def kept(path: Path, trusted: bool) -> tuple[str, Callable[[int], Source]]:
    """The same of a file that Keras saved. trusted: code in it may be run."""

    def made(width: int) -> Source:
        from etabli.estimators.networks.keras_source import KerasSource

        return KerasSource(path, width, trusted)

    return f"Keras's {path.stem}", made


def _keras(model: Any, width: int) -> Source:
    import keras

    if keras.config.backend() == "jax":
        from etabli.estimators.networks.keras_function import source

        return source(model, width)
    from etabli.estimators.networks.keras_classes import own
    from etabli.estimators.networks.keras_function import row
    from etabli.estimators.networks.keras_source import KerasSource

    shape, whole = row(model, width)  # what it refuses needs no other process
    try:
        return KerasSource(None, width, model=model)
    except UsageError as error:
        if not own(model):
            raise
        from etabli.estimators.networks.keras_native import native

        try:
            return native(model, shape, whole, f"Keras's {type(model).__name__}")
        except UsageError as lacking:
            raise UsageError(error.rule, error.got, f"{error.hint}; or {lacking.hint}") from None


def _jax(title: str, call: Callable[[Any], Any], width: int) -> Source:
    try:
        import jax  # noqa: F401
    except ImportError:
        raise UsageError("a JAX function is read with JAX", "it is not installed", "pip install 'etabli[nets]'") from None
    from etabli.estimators.networks.jax_source import JaxSource

    return JaxSource(title, call, (width,))
