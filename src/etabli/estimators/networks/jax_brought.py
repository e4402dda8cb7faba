"""What people bring from JAX's libraries: functions, Flax and Equinox modules, with their weights. Each becomes one function of a matrix of rows.

Modules are told by the names of their classes, so that no library is imported to look.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
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


def called(given: Any) -> tuple[str, Callable[[Any], Any]] | None:
    """(title, function of [rows, columns]) for what JAX's libraries make; None for anything else."""
    if isinstance(given, tuple) and len(given) == 2:
        return _pair(*given)
    found = of_flax(given)
    if found == "nnx":
        return f"Flax's {type(given).__name__}", _nnx(given)
    if found == "linen":
        if getattr(given, "scope", None) is None:
            raise UsageError("a Flax linen module comes with its weights", type(given).__name__, "give the pair (module, variables)")
        module, variables = given.unbind()
        return f"Flax's {type(given).__name__}", _linen(module, variables)
    if "equinox.Module" in kinds(given):
        return f"Equinox's {type(given).__name__}", _equinox(given)
    apply = getattr(given, "apply_fn", None)  # a TrainState
    if callable(apply) and hasattr(given, "params"):
        more = {name: getattr(given, name) for name in ("batch_stats",) if getattr(given, name, None) is not None}
        module = getattr(apply, "__self__", None)
        if module is not None and of_flax(module) == "linen":
            return f"Flax's {type(module).__name__}", _linen(module, {"params": given.params, **more})
        return "the JAX function", lambda x: apply({"params": given.params, **more}, x)
    apply = getattr(given, "apply", None)
    if callable(apply) and hasattr(given, "params") and not hasattr(given, "predict"):
        return "the JAX function", lambda x: apply(given.params, x)
    if is_function(given) and required(given):
        if len(required(given)) > 1:
            raise UsageError(
                "a function that is adopted takes one matrix of rows",
                f"{getattr(given, '__name__', 'a function')} takes {', '.join(required(given))}",
                "its weights come with it: the pair (function, params), or functools.partial(function, params)",
            )
        return _named(given), given
    return None


def _named(function: Any) -> str:
    name = getattr(function, "__name__", "") or getattr(getattr(function, "func", None), "__name__", "")
    return "a JAX function" if name in ("", "<lambda>") else f"the JAX function {name}"


def _pair(first: Any, second: Any) -> tuple[str, Callable[[Any], Any]] | None:
    if of_flax(first) == "linen":
        return f"Flax's {type(first).__name__}", _linen(first, second)
    if "equinox.Module" in kinds(first):
        return f"Equinox's {type(first).__name__}", _equinox(first, second)
    if is_function(first):
        return _named(first), lambda x: first(second, x)
    return None


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


def _linen(module: Any, variables: Any) -> Callable[[Any], Any]:
    held = variables if isinstance(variables, Mapping) and "params" in variables else {"params": variables}
    modes = _modes(type(module).__call__)
    return lambda x: module.apply(held, x, **modes)


def _nnx(module: Any) -> Callable[[Any], Any]:
    """In evaluation mode, on a copy: the user's own module keeps its mode."""
    import jax
    from flax import nnx

    copy = nnx.merge(*nnx.split(module))
    copy.eval()
    graph, state = nnx.split(copy)
    modes = _modes(type(module).__call__)
    inside = jax.jit(lambda held, x: nnx.merge(graph, held)(x, **modes))  # where its counters of random numbers may be counted on
    return lambda x: inside(state, x)


def _equinox(module: Any, state: Any = None) -> Callable[[Any], Any]:
    """Row by row (jax.vmap), since Equinox's modules take one; in inference mode."""
    import equinox
    import jax

    quiet = equinox.nn.inference_mode(module)
    if state is None:
        return lambda x: jax.vmap(quiet)(x)
    return lambda x: jax.vmap(lambda one: quiet(one, state)[0])(x)
