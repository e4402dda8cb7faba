"""A model file as a JAX function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from etabli.model.tensors.arrays import Numpy
from etabli.model.tensors.forest import Forest
from etabli.model.tensors.operators import run
from etabli.model.tensors.translated import Translation, translation

if TYPE_CHECKING:
    from etabli.model.load import Model

LEAVES = ".leaves"
Array = np.ndarray[Any, np.dtype[Any]]


@final
@dataclass(frozen=True)
class Function:
    """The file as a function of its numbers. params: name -> array, everything that was learned and is no whole number; of a sum of trees its leaves, as "<name>.leaves". precision: of
    the arithmetic.

    `function(inputs)` answers with the file's own numbers; `function.apply(params, inputs)` is pure: `jax.grad`, `jax.vmap` and `jax.jit` go through it. In double precision a call of
    your own transformation stands inside `with jax.enable_x64(True)`.
    """

    params: Mapping[str, Array]
    precision: Literal["double", "single"]
    _made: Translation
    _model: Model

    def inputs(self, data: Any) -> dict[str, Array]:
        """What `apply` takes, from what `Model.predict` takes: the numbers of the table, and what the texts come to."""
        return self._made.inputs(self._model, data)

    def apply(self, params: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs by name, of those that are numbers."""
        import jax.numpy as xp

        real = xp.float64 if self.precision == "double" else xp.float32
        arrays, inputs = Numpy(xp, real), self._made.held(inputs)
        values: dict[str, Any] = {name: value for name, value in self._made.constants.items() if name not in params}
        leaves = {name: f"{name}{LEAVES}" for name in self._made.forests}
        values |= {name: xp.asarray(value, real) for name, value in params.items() if name not in leaves.values()}
        values |= {
            name: xp.asarray(value, real) if np.asarray(value).dtype.kind == "f" else xp.asarray(value)
            for name, value in self._made.defaults.items()
        }
        values |= {name: xp.asarray(value, real) if "float" in str(value.dtype) else xp.asarray(value) for name, value in inputs.items()}
        forests = {name: _ready(replace(trees, weight=params[leaves[name]]), xp, real) for name, trees in self._made.forests.items()}
        found = run(arrays, self._made.plan.nodes, values, forests)
        return {name: found[tensor] for name, tensor in self._made.plan.outputs.items()}

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The same with the learned numbers, compiled at the first call with so many rows."""
        import jax

        with jax.enable_x64(self.precision == "double"):
            return dict(self._compiled(self.params, self._made.held(inputs)))

    @cached_property
    def _compiled(self) -> Any:
        """Kept: JAX knows a program by the function it was made of, and a method is a new one each time it is asked for."""
        import jax

        return jax.jit(self.apply)

    def __repr__(self) -> str:
        return f"Function({self._made.told(self.precision)})"


def function(model: Model, precision: Literal["double", "single"] = "double") -> Function:
    """See `Model.to_jax`."""
    if find_spec("jax") is None:
        raise ImportError("to_jax needs JAX, which is not installed: pip install 'etabli[nets]'")
    made = translation(model, precision)
    leaves = {f"{name}{LEAVES}": trees.weight for name, trees in made.forests.items()}
    return Function({name: made.constants[name] for name in made.learned} | leaves, precision, made, model)


def _ready(trees: Forest, xp: Any, real: Any) -> Forest:
    changed = {f.name: getattr(trees, f.name) for f in fields(trees) if f.name != "depth"}
    return replace(
        trees, **{name: xp.asarray(value, real) if value.dtype == np.float64 else xp.asarray(value) for name, value in changed.items()}
    )
