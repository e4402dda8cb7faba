"""What people bring from JAX's libraries: functions, Flax and Equinox modules, with their weights. Each becomes one function of a matrix of rows.

Modules are told by the names of their classes, so that no library is imported to look.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from etabli.errors import UsageError

MODES: Mapping[str, bool] = {
    "train": False,
    "training": False,
    "is_training": False,
    "deterministic": True,
    "use_running_average": True,
    "inference": True,
}


def kinds(given: Any) -> set[str]:
    """The classes that it is of, as "library.Class" (the folder between them is the library's own matter)."""
    return {f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}" for kind in type(given).__mro__}


def of_flax(given: Any) -> str:
    """ "linen", "nnx" or ""."""
    for kind in type(given).__mro__:
        if kind.__qualname__ == "Module" and kind.__module__.startswith("flax."):
            return "linen" if ".linen" in kind.__module__ else "nnx" if ".nnx" in kind.__module__ else ""
    return ""


@dataclass(frozen=True)
class Called:
    """title: as people say it. call: of one matrix [rows, columns] for each of its names."""

    title: str
    call: Callable[..., Any]
    names: tuple[str, ...] = ("x",)


def called(given: Any) -> Called | None:
    """What JAX's libraries make, as a function of matrices; None for anything else."""
    if isinstance(given, tuple) and len(given) == 2:
        return _pair(*given)
    found = of_flax(given)
    if found == "nnx":
        return Called(f"Flax's {type(given).__name__}", _nnx(given), _names(given))
    if found == "linen":
        if getattr(given, "scope", None) is None:
            raise UsageError("a Flax linen module comes with its weights", type(given).__name__, "give the pair (module, variables)")
        module, variables = given.unbind()
        return Called(f"Flax's {type(given).__name__}", _linen(module, variables), _names(module))
    if "equinox.Module" in kinds(given):
        return Called(f"Equinox's {type(given).__name__}", _equinox(given), _names(given))
    apply = getattr(given, "apply_fn", None)  # a TrainState
    if callable(apply) and hasattr(given, "params"):
        more = {name: getattr(given, name) for name in ("batch_stats",) if getattr(given, name, None) is not None}
        module = getattr(apply, "__self__", None)
        if module is not None and of_flax(module) == "linen":
            return Called(f"Flax's {type(module).__name__}", _linen(module, {"params": given.params, **more}), _names(module))
        return Called("the JAX function", lambda x: apply({"params": given.params, **more}, x))
    bound = getattr(given, "apply", None)
    if callable(bound) and hasattr(given, "params") and not hasattr(given, "predict"):
        return Called("the JAX function", lambda x: bound(given.params, x))
    if is_function(given) and required(given):
        return Called(_named(given), given, tuple(required(given)))
    return None


def _named(function: Any) -> str:
    name = getattr(function, "__name__", "") or getattr(getattr(function, "func", None), "__name__", "")
    return "a JAX function" if name in ("", "<lambda>") else f"the JAX function {name}"


def _pair(first: Any, second: Any) -> Called | None:
    if of_flax(first) == "linen":
        return Called(f"Flax's {type(first).__name__}", _linen(first, second), _names(first))
    if "equinox.Module" in kinds(first):
        return Called(f"Equinox's {type(first).__name__}", _equinox(first, second))
    if is_function(first) and is_function(second):  # Haiku's Transformed, a layer of stax
        raise UsageError("a pair is a function and its parameters", "two functions", "give the pair (apply, parameters)")
    if is_function(first):
        return Called(_named(first), lambda *xs: first(second, *xs), tuple(required(first)[1:]) or ("x",))
    return None


def _names(module: Any) -> tuple[str, ...]:
    """What a module's call must be given of rows."""
    names = required(type(module).__call__)[1:]
    return tuple(name for name in names if name not in MODES) or ("x",)


def is_function(given: Any) -> bool:
    """A function, a method, a part of one, or what jax.jit makes of one."""
    if isinstance(given, functools.partial) or inspect.isfunction(given) or inspect.ismethod(given):
        return True
    return callable(given) and type(given).__name__ == "PjitFunction"


def required(function: Callable[..., Any]) -> list[str]:
    """The names of what a function must be given."""
    try:
        given = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one.name for one in given if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]


def _modes(function: Any) -> dict[str, bool]:
    """What tells a module that it is not being trained, of what its call takes."""
    return {name: MODES[name] for name in inspect.signature(function).parameters if name in MODES}


def _linen(module: Any, variables: Any) -> Callable[..., Any]:
    held = variables if isinstance(variables, Mapping) and "params" in variables else {"params": variables}
    modes = _modes(type(module).__call__)

    def call(*xs: Any) -> Any:
        try:
            return module.apply(held, *xs, **modes)
        except Exception as error:
            if type(error).__name__ != "ScopeCollectionNotFound":
                raise
            raise UsageError(
                "a Flax linen module comes with all its variables",
                f"{type(module).__name__}: of {', '.join(held)} alone it cannot answer: {' '.join(str(error).split()):.160}",
                "give the pair (module, variables) with every collection, batch_stats among them",
            ) from error

    return call


def _nnx(module: Any) -> Callable[..., Any]:
    """In evaluation mode, on a copy: the user's own module keeps its mode."""
    import jax
    from flax import nnx

    copy = nnx.merge(*nnx.split(module))
    copy.eval()
    graph, state = nnx.split(copy)
    modes = _modes(type(module).__call__)
    inside = jax.jit(lambda held, *xs: nnx.merge(graph, held)(*xs, **modes))  # where its counters of random numbers may be counted on
    return lambda *xs: inside(state, *xs)


def _equinox(module: Any, state: Any = None) -> Callable[..., Any]:
    """Row by row (jax.vmap), since Equinox's modules take one; in inference mode."""
    import equinox
    import jax

    quiet = equinox.nn.inference_mode(module)
    if state is None:
        return lambda *xs: jax.vmap(quiet)(*xs)
    return lambda x: jax.vmap(lambda one: quiet(one, state)[0])(x)
