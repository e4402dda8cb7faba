"""A JAX function, primitive by primitive, as values of ours.

The function is traced for ROWS rows, and its jaxpr is what is read: calls are inlined, loops of a known length written out. What depends on weights and shapes
alone JAX computes itself, in double precision, so that only the primitives that rows go through need a reader. One that has none is refused by its name.

A value that is spread over a shape (broadcast_in_dim) is spread only where a primitive is in need of it: one number at a time, the closed operators spread by
themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.errors import EtabliError
from etabli.estimators.networks.jax_double import done, inner, opened
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.recurrent import LONGEST, stacked
from etabli.estimators.networks.values import ROWS, Kind, Shape, Unreadable, Value, known

Reads = Callable[[Maths, "Equation", list[Value]], Value | Sequence[Value]]
READS: dict[str, Reads] = {}
SPREADS: set[str] = set()  # primitives of one number at a time
LAYERS = {  # the name of the layer that a primitive or a function of JAX stands for (passed.NAMES)
    "dot_general": "MatMul",
    "conv_general_dilated": "Conv",
    "reduce_window_max": "MaxPool",
    "reduce_window_sum": "AveragePool",
    "gather": "Gather",
    "add": "Add",
    "add_any": "Add",
    "erf": "Erf",
    "erfc": "Erf",
    "tanh": "Tanh",
    "logistic": "Sigmoid",
    "scan": "RNN",
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "selu": "Selu",
    "gelu": "Gelu",
    "silu": "Silu",
    "swish": "Silu",
    "celu": "Celu",
    "hard_sigmoid": "HardSigmoid",
    "hard_swish": "HardSwish",
    "mish": "Mish",
    "softplus": "Softplus",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}


@dataclass(frozen=True)
class Equation:
    """A primitive's name, its parameters, the shapes it gives and their kinds of numbers."""

    name: str
    params: Mapping[str, Any]
    shapes: tuple[Shape, ...]
    kinds: tuple[str, ...]


def reads(*primitives: str, spreads: bool = False) -> Callable[[Reads], Reads]:
    """Registers a function for primitives. spreads: it takes one number at a time, so that shapes of 1 may stay."""

    def register(function: Reads) -> Reads:
        READS.update(dict.fromkeys(primitives, function))
        SPREADS.update(primitives if spreads else ())
        return function

    return register


def read(maths: Maths, closed: Any, inputs: Sequence[Value]) -> list[Value]:
    """The outputs of a closed jaxpr that was traced for ROWS rows. Unreadable names the primitive."""
    from etabli.estimators.networks import jax_primitives, jax_windows  # noqa: F401 (they register what they read)

    program, constants = opened(closed)
    return _program(maths, program, [held(one) for one in constants], inputs)


def _program(maths: Maths, program: Any, constants: Sequence[Value], given: Sequence[Value]) -> list[Value]:
    values: dict[Any, Value] = dict(zip((*program.constvars, *program.invars), (*constants, *given), strict=True))

    def value(atom: Any) -> Value:
        return held(atom.val) if hasattr(atom, "val") else values[atom]

    for equation in program.eqns:
        made = _equation(maths, equation, [value(atom) for atom in equation.invars])
        values.update(zip(equation.outvars, made, strict=True))
    return [maths.expand(value(atom), atom.aval.shape) for atom in program.outvars]


def _equation(maths: Maths, equation: Any, given: list[Value]) -> Sequence[Value]:
    name, called = equation.primitive.name, inner(equation)
    try:
        before, begun = len(maths.steps), len(maths.graph.nodes)
        if called is not None:
            program, constants = called
            title = str(equation.params.get("name", ""))
            made: Sequence[Value] = _program(maths, program, [held(one) for one in constants], given)
            if title in LAYERS and made:
                del maths.steps[before:]
                maths.passed(LAYERS[title], [one for one in given if not one.known], made[0], begun)
            return made
        if name in ("scan", "while", "cond") and not all(one.known for one in given):
            made = _controlled(maths, equation, given)
            if name == "scan" and made and not all(one.known for one in made):
                del maths.steps[before:]
                maths.passed(LAYERS[name], given, next(one for one in made if not one.known), begun)
            return made
        found = READS.get(name)
        drawn = any(_random(atom.aval.dtype) for atom in equation.invars)
        if all(one.known for one in given) and (drawn or name not in ("broadcast_in_dim", "reshape", "squeeze", "iota")):
            return _folded(equation, given)
        if found is None:
            raise Unreadable("it is not read", f"write that step with those that are: {', '.join(sorted(READS))}")
        outs = [out.aval for out in equation.outvars]
        shapes = tuple(tuple(out.shape) for out in outs)
        one = Equation(name, equation.params, shapes, tuple(out.dtype.name for out in outs))
        if name not in SPREADS:
            given = [maths.expand(value, atom.aval.shape) for value, atom in zip(given, equation.invars, strict=True)]
        answer = found(maths, one, given)
        many = [answer] if isinstance(answer, Value) else answer
        made = [_typed(maths, value, kind_of(name)) for value, name in zip(many, one.kinds, strict=True)]
        if made:
            maths.passed(LAYERS.get(name, ""), given, made[0], begun)
        return made
    except Unreadable as error:
        if error.what.startswith("primitive "):
            raise
        raise Unreadable(f"primitive {name}{_where(equation)}: {error.what}", error.advice) from None


def kind_of(dtype: str) -> Kind:
    """Our kind of numbers for the name of a type of JAX's."""
    return "bool" if dtype == "bool" else "int" if "int" in dtype else "float"


def _typed(maths: Maths, value: Value, kind: Kind) -> Value:
    """The value as of that kind: whole numbers travel as doubles, so that between the two nothing is written."""
    if value.known or "bool" in (value.kind, kind):
        return maths.cast(value, kind)
    return replace(value, kind=kind)


def _where(equation: Any) -> str:
    """Where in the user's code, as far as JAX knows."""
    stack = str(getattr(equation.source_info, "name_stack", "") or "")
    return f" of {stack}" if stack else ""


def held(array: Any) -> Value:
    """Numbers known already; a key of random numbers is held as JAX holds it."""
    return Value(array.shape, "int", array) if _random(getattr(array, "dtype", None)) else known(np.asarray(array))


def _random(kind: Any) -> bool:
    import jax

    return kind is not None and bool(jax.dtypes.issubdtype(kind, jax.dtypes.extended))


def _folded(equation: Any, given: Sequence[Value]) -> list[Value]:
    import jax

    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        arrays = []
        for value, atom in zip(given, equation.invars, strict=True):
            kind = atom.aval.dtype
            if _random(kind):
                arrays.append(value.array)
                continue
            array = np.broadcast_to(value.numbers(), atom.aval.shape)
            arrays.append(array if value.kind == "float" else array.astype(kind))
        try:
            return [held(one) for one in done(equation, arrays)]
        except EtabliError:
            raise
        except Exception as error:  # a primitive that holds a program in float32 within it
            told = " ".join(str(error).split())
            raise Unreadable(f"JAX does not compute it in double precision ({type(error).__name__}: {told:.120})") from error


def _controlled(maths: Maths, equation: Any, given: list[Value]) -> list[Value]:
    name, params = equation.primitive.name, equation.params
    if name == "cond":
        if not given[0].known:
            raise Unreadable("which branch it takes depends on the data", "jnp.where takes both")
        branches = params["branches"]
        chosen = min(max(given[0].ints()[0], 0), len(branches) - 1)
        return _closed(maths, branches[chosen], given[1:])
    if name == "while":
        asks, works = params["cond_nconsts"], params["body_nconsts"]
        first, second, state = given[:asks], given[asks : asks + works], list(given[asks + works :])
        for _ in range(LONGEST + 1):
            asked = _closed(maths, params["cond_jaxpr"], [*first, *state])[0]
            if not asked.known:
                raise Unreadable("how often it goes round depends on the data", "a loop of a known length")
            if not bool(asked.numbers()):
                return state
            state = _closed(maths, params["body_jaxpr"], [*second, *state])
        raise Unreadable(f"a loop of more than {LONGEST} rounds, which are written out one by one")
    fixed, carried, length = params["num_consts"], params["num_carry"], params["length"]
    if length and length % ROWS == 0:
        raise Unreadable("it goes through the rows one after another", "jax.vmap takes them at once")
    if length > LONGEST:
        raise Unreadable(f"a loop of {length} rounds, which are written out one by one", f"at most {LONGEST}")
    constants, state, along = given[:fixed], list(given[fixed : fixed + carried]), given[fixed + carried :]
    each: list[list[Value]] = []
    places = range(length - 1, -1, -1) if params["reverse"] else range(length)
    for place in places:
        made = _closed(maths, params["jaxpr"], [*constants, *state, *(maths.picked(x, np.array(place), 0) for x in along)])
        state = made[:carried]
        each.append(made[carried:])
    if params["reverse"]:
        each.reverse()
    if not each:  # no round at all
        return [*state, *(known(np.zeros(out.aval.shape)) for out in equation.outvars[carried:])]
    return [*state, *(stacked(maths, list(along), 0) for along in zip(*each, strict=True))]


def _closed(maths: Maths, closed: Any, given: Sequence[Value]) -> list[Value]:
    program, constants = opened(closed)
    return _program(maths, program, [held(one) for one in constants], given)
