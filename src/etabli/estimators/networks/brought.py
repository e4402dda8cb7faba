"""Networks of the libraries that end in JAX (Keras 3 has it as one of its back ends): what each is called, and its source for so many columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from etabli.errors import UsageError
from etabli.estimators.networks.jax_brought import Called, called
from etabli.estimators.networks.source import Source

Shapes = Mapping[str, tuple[int, ...]]
Made = Callable[[int, Shapes], Source]
Takes = Callable[[], Mapping[str, int | None]]


@dataclass(frozen=True)
class Elsewhere:
    """title: as people say it. made: its source for so many columns, and shapes of inputs by name. takes: its inputs, and how many columns each takes, in its order."""

    title: str
    made: Made
    takes: Takes


def elsewhere(given: Any) -> Elsewhere | None:
    """A JAX function, a Flax or Equinox module or a Keras model; None for anything else."""
    if any(kind.__module__.startswith("keras.") and kind.__qualname__ == "Model" for kind in type(given).__mro__):
        from etabli.estimators.networks.keras_function import takes

        return Elsewhere(f"Keras's {type(given).__name__}", partial(_keras, given), partial(takes, given))
    if type(given).__module__.startswith(("tensorflow.", "tf_keras.")) or any(
        kind.__module__.startswith(("tensorflow.python", "tf_keras.")) for kind in type(given).__mro__
    ):
        from etabli.estimators.networks.tensorflow_given import held, source

        if (tensors := held(given)) is not None:
            return Elsewhere(tensors.title, partial(source, tensors), lambda: {one.name: one.width for one in tensors.taken})
    found = called(given)
    return None if found is None else Elsewhere(found.title, partial(_jax, found), partial(dict.fromkeys, found.names))


def kept(path: Path, trusted: bool) -> Elsewhere:
    """The same of a file that Keras saved. trusted: code in it may be run."""

    def takes() -> Mapping[str, int | None]:
        raise UsageError(
            "the inputs of a .keras file get the columns in their order", str(path), "load it in a Python file, and give file.py:model"
        )

    def made(width: int, shapes: Shapes) -> Source:
        from etabli.estimators.networks.keras_source import KerasSource

        if path.suffix.lower() != ".keras":
            from etabli.estimators.networks.keras_classes import whole

            whole(path, trusted)
        return KerasSource(path, width, trusted)

    return Elsewhere(f"Keras's {path.stem}", made, takes)


def _keras(model: Any, width: int, shapes: Shapes) -> Source:
    import keras

    if keras.config.backend() == "jax":
        from etabli.estimators.networks.keras_function import source

        return source(model, width)
    from etabli.estimators.networks.keras_classes import own
    from etabli.estimators.networks.keras_function import rows
    from etabli.estimators.networks.keras_source import KerasSource

    parts = rows(model, width)  # what it refuses needs no other process
    try:
        return KerasSource(None, width, model=model)
    except UsageError as error:
        if not own(model):
            raise
        from etabli.estimators.networks.keras_native import native

        try:
            return native(model, parts, f"Keras's {type(model).__name__}")
        except UsageError as lacking:
            raise UsageError(error.rule, error.got, f"{error.hint}; or {lacking.hint}") from None


def _advice(found: Called) -> str:
    """What to do about a function of several arguments: some are no rows."""
    if "state" in found.names:
        return "what batch norms have learned comes along: give the pair (module, state)"
    if "key" in found.names:
        return "a key is no column, and what predicts draws nothing: give it a default (key=None)"
    return f"--inputs {' --inputs '.join(f'{name}=COLUMN,...' for name in found.names)}; if some are weights, the pair (function, params)"


def _jax(found: Called, width: int, shapes: Shapes) -> Source:
    try:
        import jax  # noqa: F401
    except ImportError:
        raise UsageError("a JAX function is read with JAX", "it is not installed", "pip install 'etabli[nets]'") from None
    from etabli.estimators.networks.jax_source import JaxSource

    if len(found.names) == 1:
        return JaxSource(found.title, found.call, shapes.get(found.names[0], (width,)))
    if not shapes:
        raise UsageError(
            "a function that is adopted takes one matrix of rows, or is told what each of several is",
            f"{found.title} takes {', '.join(found.names)}",
            _advice(found),
        )
    from etabli.estimators.networks.jax_several import joined

    return JaxSource(found.title, joined(found.title, found.call, [shapes[name] for name in found.names]), (width,), whole=False)
