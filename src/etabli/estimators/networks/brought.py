"""Networks of the libraries that end in JAX: what each is called, and its source for so many columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from etabli.errors import UsageError
from etabli.estimators.networks.jax_brought import called
from etabli.estimators.networks.source import Source


def elsewhere(given: Any) -> tuple[str, Callable[[int], Source]] | None:
    """(title, source for so many columns) of a JAX function or a Flax or Equinox module; None for anything else."""
    found = called(given)
    return None if found is None else (found[0], partial(_jax, *found))


def _jax(title: str, call: Callable[[Any], Any], width: int) -> Source:
    try:
        import jax  # noqa: F401
    except ImportError:
        raise UsageError("a JAX function is read with JAX", "it is not installed", "pip install 'etabli[nets]'") from None
    from etabli.estimators.networks.jax_source import JaxSource

    return JaxSource(title, call, (width,))
