"""A jaxpr computed by JAX itself, in double precision, whatever precision was written into it.

Libraries above JAX write float32 into their programs (Keras casts its inputs, Flax starts a recurrent state in it), so that asking the function with doubles is
not enough. Here each primitive is bound again on doubles: the operations are JAX's own, independent of how we read them, and the proof is held to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

# Calls that mean what is in them: the parameter that holds the program.
CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "remat": "jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "composite": "jaxpr",
}
SMALL = ("float32", "float16", "bfloat16")
TYPES = ("new_dtype", "preferred_element_type", "dtype", "out_dtype", "accumulation_type")


def inner(equation: Any) -> tuple[Any, Sequence[Any]] | None:
    """(program, its constants) of a call that is inlined; None for any other primitive."""
    name = CALLS.get(equation.primitive.name)
    held = equation.params.get(name) or equation.params.get("call_jaxpr") if name else None
    return None if held is None else opened(held)


def opened(held: Any) -> tuple[Any, Sequence[Any]]:
    """(program, constants) of a closed jaxpr or of a bare one."""
    return (held.jaxpr, held.consts) if hasattr(held, "consts") else (held, ())


def names(program: Any) -> Iterator[str]:
    """The primitives of a jaxpr and of those within it."""
    for equation in program.eqns:
        yield equation.primitive.name
        for held in equation.params.values():
            for one in held if isinstance(held, tuple) else (held,):
                if hasattr(one, "eqns") or hasattr(one, "jaxpr"):
                    yield from names(getattr(one, "jaxpr", one))


def computed(program: Any, constants: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """The outputs of a jaxpr on arrays, floats as doubles. Call it with 64-bit types enabled."""
    values: dict[Any, Any] = {}

    def value(atom: Any) -> Any:
        return _double(atom.val) if hasattr(atom, "val") else values[atom]

    for place, array in zip((*program.constvars, *program.invars), (*constants, *given), strict=True):
        values[place] = _double(array)
    for equation in program.eqns:
        made = done(equation, [value(atom) for atom in equation.invars])
        values.update({place: array for place, array in zip(equation.outvars, made, strict=True) if type(place).__name__ != "DropVar"})
    return [value(atom) for atom in program.outvars]


def done(equation: Any, given: Sequence[Any]) -> list[Any]:
    """One equation on arrays."""
    held = inner(equation)
    if held is not None:
        return computed(held[0], held[1], given)
    name, params = equation.primitive.name, equation.params
    if name in ("scan", "while", "cond"):
        return _controlled(name, params, given)
    if name == "reduce_precision":  # as with bfloat16: the precision that was asked for is not kept
        return list(given)
    if name == "custom_linear_solve":
        return _solved(params, given)
    if name == "bitcast_convert_type":  # the bits are those of what was written
        given = [array.astype(atom.aval.dtype) for array, atom in zip(given, equation.invars, strict=True)]
    else:
        params = {key: _wide(value) if key in TYPES else value for key, value in params.items()}
    made = equation.primitive.bind(*given, **params)
    return [_double(one) for one in (made if equation.primitive.multiple_results else [made])]


def _controlled(name: str, params: Any, given: Sequence[Any]) -> list[Any]:
    from jax import lax

    if name == "cond":
        index, *rest = given
        branches = [_tupled(*opened(branch)) for branch in params["branches"]]
        return list(lax.switch(index, branches, *rest))
    if name == "while":
        asks, works = params["cond_nconsts"], params["body_nconsts"]
        first, second, start = given[:asks], given[asks : asks + works], given[asks + works :]
        asked, worked = opened(params["cond_jaxpr"]), opened(params["body_jaxpr"])
        return list(
            lax.while_loop(lambda c: computed(*asked, [*first, *c])[0], lambda c: tuple(computed(*worked, [*second, *c])), tuple(start))
        )
    fixed, carried = params["num_consts"], params["num_carry"]
    program = opened(params["jaxpr"])

    def step(carry: Any, x: Any) -> Any:
        made = computed(*program, [*given[:fixed], *carry, *x])
        return tuple(made[:carried]), tuple(made[carried:])

    start, along = tuple(given[fixed : fixed + carried]), tuple(given[fixed + carried :])
    end, each = lax.scan(step, start, along, length=params["length"], reverse=params["reverse"])
    return [*end, *each]


def _solved(params: Any, given: Sequence[Any]) -> list[Any]:
    """By its program for the solution; those for products and for gradients are left aside."""
    lengths = params["const_lengths"]
    start = lengths.matvec + lengths.vecmat
    return computed(*opened(params["jaxprs"].solve), [*given[start : start + lengths.solve], *given[sum(lengths) :]])


def _tupled(program: Any, constants: Sequence[Any]) -> Callable[..., tuple[Any, ...]]:
    return lambda *given: tuple(computed(program, constants, given))


def _wide(kind: Any) -> Any:
    return np.dtype("float64") if kind is not None and getattr(kind, "name", str(kind)) in SMALL else kind


def _double(array: Any) -> Any:
    kind = getattr(array, "dtype", None)
    if kind is None:
        array = np.asarray(array)
        kind = array.dtype
    return array.astype("float64") if kind.name in SMALL else array
