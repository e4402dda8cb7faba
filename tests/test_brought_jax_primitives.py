"""Each primitive of JAX that is read: the file answers as JAX does in double precision, at halves, ties, negative numbers and bounds; what is not read is named."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from etabli.estimators.networks.values import ROWS, Unreadable, Value

jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax
DRAWN = np.random.default_rng(0)
# numbers drawn, whole ones (ties, zeros) and halves
X = np.float32(np.r_[DRAWN.normal(size=(40, 6)) * 3, DRAWN.integers(-4, 5, (40, 6)), DRAWN.integers(-4, 5, (40, 6)) + 0.5]).astype(float)
W, A, T = DRAWN.normal(size=(6, 4)), DRAWN.normal(size=(2, 3, 4)), DRAWN.normal(size=(10, 3))
PLACES = ("NHWC", "HWIO", "NHWC")


@functools.cache
def closed(function: Callable[[Any], Any]) -> Any:
    with jax.enable_x64(True):
        return jax.make_jaxpr(function)(jax.ShapeDtypeStruct((ROWS, 6), np.float64))


def read(function: Callable[[Any], Any]) -> np.ndarray:
    """The answers [rows, ...] of the graph that is read."""
    from etabli.estimators.networks import jax_reader
    from etabli.estimators.networks.maths import Maths
    from etabli.graph.graph import Graph
    from etabli.graph.run import run

    graph = Graph()
    maths = Maths(graph, graph.input("X", "double", (None, 6)))
    (made,) = jax_reader.read(maths, closed(function), [Value((ROWS, 6), "float", tensor=maths.like)])
    assert made.shape[0] == ROWS and not made.known
    width = int(np.prod(made.shape[1:]))
    tensor = maths.tensor(maths.reshape(maths.cast(made, "float"), (ROWS, width)))
    return run(graph.model({"y": (tensor, "double", width)}), {"X": X})["y"]


def joined(*parts: Any) -> Any:
    return jnp.concatenate([part.reshape(len(part), -1).astype(float) for part in parts], 1)


def ones(x):
    z = jnp.abs(x)
    return joined(
        -x, z, jnp.exp(x), jnp.log(z + 1), jnp.sqrt(z), jnp.tanh(x), jnp.sign(x), jnp.floor(x), jnp.ceil(x), jnp.sin(x), jnp.cos(x)
    )


def functions(x):
    small = jnp.sinh(x * 1e-6) * 1e6  # where two powers are nearly equal
    bent = joined(jax.nn.sigmoid(x), lax.erf(x), lax.erfc(x), jnp.expm1(x), jnp.exp2(x), jnp.sinh(x), jnp.cosh(x), small, lax.square(x))
    return joined(bent, jnp.log1p(jnp.abs(x)), lax.rsqrt(jnp.abs(x) + 1), x**5, (x + 0.1) ** -3, x**0 + x, jnp.isfinite(x))


def rounded(x):
    """To even and away from zero at halves; towards zero in a cast; divided with the sign of either."""
    x, y = x[:, :3], jnp.where(x[:, 3:] == 0, 0.5, x[:, 3:])
    whole = joined(jnp.round(x), lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO), x.astype(int), x.astype(bool))
    return joined(whole, x % 1.7, x // 0.5, lax.rem(x, y), lax.rem(x, jnp.full_like(x, jnp.inf)), jnp.floor(x) / (jnp.abs(y) + 1), x - y)


def whole(x):
    """What comes of whole numbers is whole, and is divided as such, by every reader that makes it."""
    i, j = x.astype(int), jnp.maximum(jnp.abs(x).astype(int), 1)
    made = [
        i,
        i**4,
        jnp.abs(i),
        -i,
        i * 3,
        lax.square(i),
        jnp.cumsum(i, 1),
        i @ np.arange(24).reshape(6, 4),
        i.sum(1),
        i.max(1),
        jnp.prod(i[:, :3], 1),
    ]
    made += [
        jnp.pad(i, ((0, 0), (1, 2)), constant_values=7),
        jnp.where(x > 0, i, 5),
        jnp.clip(i, -3, 2),
        jnp.argmax(x, 1),
        jnp.stack([i, i], 1),
    ]
    made += [lax.reduce_window(i, 0, lax.add, (1, 3), (1, 1), "SAME"), jnp.arange(10)[jnp.clip(i, 0, 9)], (x > 0).sum(1)]
    return joined(*(one // 3 for one in made), *(lax.div(one, 3 + 0 * one) for one in made), i % 3, lax.rem(i, j), i / j)


def asked(x):
    p, q = x[:, :3] > 0, x[:, 3:] > 0
    logic = joined(
        p & q, p | q, p ^ q, ~p, jnp.maximum(p, q), jnp.minimum(p, q), p == q, p != q, lax.lt(p, q), lax.ge(p, q), jnp.where(p, q, p)
    )
    more = joined(x == 1, x != 1, x < 1, x <= 1, x > 1, x >= 1, (x > -3).all(1), (x > 3).any(1), p @ (W[:3] > 0))
    return joined(
        logic, more, jnp.argmax(x > 1, 1), lax.pad(p, True, ((0, 0, 0), (1, 1, 0))), jnp.asarray(T[:, 0] > 0)[jnp.clip(x, 0, 9).astype(int)]
    )


def chosen(x):
    which = jnp.clip(jnp.abs(x).astype(int), 0, 2)
    picked = joined(
        jnp.where(x > 0, x, -2 * x), lax.select_n(which, x, 2 * x, 3 * x), lax.clamp(-1.0, x, 2.0), lax.clamp(x[:, :2], x[:, 2:4], x[:, 4:])
    )
    ties = joined(*(f(one, 1) for f in (jnp.argmax, jnp.argmin) for one in (jnp.floor(x / 4), x, x.reshape(-1, 2, 3))))
    return joined(
        picked, ties, jnp.maximum(x, 0.5), jnp.minimum(x[:, :3], x[:, 3:]), jnp.abs(x) ** 1.5, (jnp.abs(x[:, :3]) + 0.5) ** x[:, 3:]
    )


def shapes(x):
    z, wide = x.reshape(-1, 2, 3), jnp.broadcast_to(x[:, None], (len(x), 2, 6))
    turned = joined(z.transpose(0, 2, 1), lax.rev(z, (1, 2)), x[:, ::-2], x[:, 4:1:-1], x[:, ::3], lax.squeeze(x[:, :1], (1,)), wide)
    padded = [lax.pad(x, 5.0, ((0, 0, 0), one)) for one in ((1, 2, 0), (-1, -2, 0), (1, 1, 2), (-2, -1, 2), (-2, 3, 1))]
    parts = [*lax.split(x, (2, 0, 4), 1), *jnp.unstack(x, axis=1), jnp.tile(x, (1, 2)), jnp.tile(z, (1, 2, 3)), jnp.stack([x, 2 * x], 2)]
    cut = [lax.dynamic_slice(x, (0, 9), (len(x), 3)), *(lax.dynamic_update_slice(x, 9 * x[:, :2], (0, at)) for at in (0, 3, 5, -2))]
    into = lax.dynamic_update_slice(jnp.zeros((len(x), 6)), x[:, :2], (0, 1))
    return joined(turned, *padded, *parts, *cut, into, x * lax.broadcasted_iota(float, (len(x), 6), 1), x[:, :0].prod(1) + x[:, 0])


def along(x):
    z = x.reshape(-1, 2, 3)
    sums = joined(
        x.sum(1), z.sum((1, 2)), x.max(1), z.min((1, 2)), z.prod((1, 2)), x.var(1), lax.reduce_sum_p.bind(x, axes=(), out_sharding=None)
    )
    return joined(sums, jnp.cumsum(x, 1), lax.cumsum(z, 1, reverse=True), jax.nn.logsumexp(x, 1), jax.nn.softmax(x))


def products(x):
    z, left = x.reshape(-1, 2, 3), jnp.einsum("j,ri->jri", W[0], x).transpose(1, 0, 2)
    weights = joined(
        x @ W, (W.T @ x.T).T, jnp.tensordot(z, A, ((1, 2), (0, 1))), jnp.tensordot(A, z, ((0, 1), (1, 2))).T, W[:, 0] @ x.T, left
    )
    batched = joined(
        jnp.einsum("rij,rkj->rik", z, z), jnp.einsum("rbj,bji->rbi", z, A), jnp.einsum("ri,ri->r", x, x), x[:, :, None] * x[:, None]
    )
    known = lax.dot_general(A, z, (((1,), (2,)), ((0,), (1,)))).transpose(2, 0, 1)  # what is known on the left, with a batch axis
    return joined(weights, batched, known, jax.vmap(lambda row: W.T @ row)(x), (x > 0) @ W)


def images(x):
    z, kernel = x.reshape(-1, 1, 3, 2).repeat(3, 1) * np.arange(1, 4)[None, :, None, None], T[:4].reshape(2, 3, 2, 1).repeat(4, 3) * W[0]

    def conv(strides=(1, 1), padding="SAME", weights=kernel, places=PLACES, **more):
        return lax.conv_general_dilated(z, weights, strides, padding, dimension_numbers=places, **more)

    made = [conv((1, 2)), conv(padding="VALID"), conv(padding=((1, 1), (1, 1)), lhs_dilation=(2, 2)), conv(rhs_dilation=(1, 2))]
    made += [conv(padding=((-1, 1), (0, -1))), conv(weights=kernel[:, :, :1], feature_group_count=2), conv(places=("NHWC", "HWIO", "NCHW"))]

    def pool(start, function, window=(1, 2, 2, 1), strides=(1, 1, 2, 1), padding="SAME", **more):
        return lax.reduce_window(z, start, function, window, strides, padding, **more)

    made += [pool(-jnp.inf, lax.max), pool(jnp.inf, lax.min, padding="VALID"), pool(0.0, lax.add), pool(-jnp.inf, lax.max, (1, 1, 1, 2))]
    return joined(
        *made, pool(0.0, lax.add, strides=(1, 1, 1, 1), padding="VALID", window_dilation=(1, 1, 2, 1)), pool(-jnp.inf, lax.max, (1,) * 4)
    )


def looked_up(x):
    z, places = x.reshape(-1, 2, 3), jnp.round(x * 4).astype(int)  # some of them outside
    within = jnp.clip(places, 0, 9)
    modes = [
        jnp.take(T, places, axis=0, mode="clip"),
        jnp.take(T, places, axis=0, mode="wrap"),
        jnp.take(T, places, axis=0, mode="fill", fill_value=7.0),
    ]
    gone = jnp.nan_to_num(jnp.take(T, places, axis=0, mode="fill"), nan=99.0)
    fixed = [x[:, jnp.array([3, 1, -1])], x[:, jnp.array([[3, 1], [0, 2]])], z[:, jnp.array([0, 1]), jnp.array([2, 0])]]
    held = x.at[:, jnp.array([3, 40])].get(mode="clip")
    return joined(*modes, gone, *fixed, held, jnp.asarray(T)[within], jnp.take(T, jnp.clip(within, 0, 2), axis=1).transpose(1, 0, 2))


def controlled(x):
    steps = x.reshape(-1, 3, 2).transpose(1, 0, 2)
    end, each = lax.scan(lambda h, a: (h * 0.5 + a, h), jnp.zeros((len(x), 2)), steps)
    back = lax.scan(lambda h, a: (h + a, h), jnp.zeros((len(x), 2)), steps, reverse=True)[1]
    none, empty = lax.scan(lambda h, _: (h * 1.1, h), x, None, length=0)
    counted = lax.scan(lambda h, _: (h + 1, h * x), 0, None, length=3)[1].sum(0)
    loops = joined(
        lax.fori_loop(0, 4, lambda i, h: h * i + x, jnp.zeros_like(x)),
        lax.while_loop(lambda c: c[0] < 1.0, lambda c: (c[0] + 0.25, c[1] * 2), (0.0, x))[1],
    )
    never = lax.while_loop(lambda c: c[0] < 0, lambda c: (c[0] + 1, c[1] * 2), (0, x))[1]
    long = lax.scan(lambda h, _: (h * 1.001, None), 1.0, None, length=3_000)[0]  # of weights alone: JAX goes round itself
    known = long * lax.cond(W[0, 0] > 9, lambda z: z * 2, lambda z: z * 3, x) + lax.switch(7, [lambda z: z, lambda z: z * 5], x)
    each_row = jax.vmap(lambda row: lax.switch(jnp.abs(row[0]).astype(int), [lambda z: z, lambda z: z * 2, lambda z: z * 3], row))(x)
    return joined(end, each.transpose(1, 0, 2), back.transpose(1, 0, 2), none + empty.sum(0), counted, loops, never, known, each_row)


def handed_on(x):
    from jax.ad_checkpoint import checkpoint_name

    twice = jax.custom_vjp(lambda y: y * 2)
    twice.defvjp(lambda y: (y * 2, None), lambda _, g: (g * 2,))
    called = joined(twice(x), lax.composite(lambda y: y * 3, "own.thrice")(x), jnp.square(x))
    same = joined(
        called, lax.stop_gradient(x), lax.optimization_barrier(x), checkpoint_name(x, "a"), jax.device_put(x), jnp.copy(x), jax.nn.relu(x)
    )
    found = jnp.searchsorted(jnp.array([0.0, 1.0, 2.0]), x)  # asks in the total order
    return joined(same, jax.checkpoint(jnp.sin)(x), jax.vmap(jax.grad(lambda r: (r * r + jnp.sin(r)).sum()))(x), found)


ALL = (ones, functions, rounded, whole, asked, chosen, shapes, along, products, images, looked_up, controlled, handed_on)


@pytest.mark.parametrize("function", ALL)
def test_primitives_are_read_as_jax_computes_them(function: Callable[[Any], Any]) -> None:
    with np.errstate(all="ignore"):
        ours = read(function)
    with jax.enable_x64(True):
        theirs = np.asarray(jax.jit(function)(X))
    assert ours.shape == theirs.shape and np.isfinite(theirs).all()
    # a column is held to its own scale, so that a large one does not hide another
    off = np.abs(ours - theirs).max(axis=0) / np.maximum(np.abs(theirs).max(axis=0), 1e-300)
    assert off.max() <= 1e-13, f"column {off.argmax()}: {off.max():.2g}"


def test_the_double_precision_that_files_are_held_to_is_jax_s_own() -> None:
    from etabli.estimators.networks.jax_double import computed

    for function in (controlled, looked_up):
        with jax.enable_x64(True):
            program = jax.make_jaxpr(function)(X.astype(np.float32))  # float32 is written into it
            made = np.asarray(jax.jit(lambda x, program=program: computed(program.jaxpr, program.consts, [x])[0])(X))
            own = np.asarray(jax.jit(function)(X))
        assert np.abs(made - own).max() <= 1e-12 * np.abs(own).max()


def test_what_weights_alone_make_is_computed_in_double_precision() -> None:
    """Weights of float32: JAX's own solver holds a program in float32 within it, and the sign is read off the bits of a float32."""
    square = np.float32(W[:4] + 3 * np.eye(4))
    ours = read(lambda x: x[:, :4] @ jnp.linalg.inv(jnp.asarray(square)) * (1 + jnp.signbit(jnp.float32(-2.0))))
    theirs = 2 * X[:, :4] @ np.linalg.inv(square.astype(float))
    assert np.abs(ours - theirs).max() <= 1e-13 * np.abs(theirs).max()


def short(x):
    """Numbers of few digits: the weights keep those they have, what is computed is no longer cut."""
    z = x.astype(jnp.bfloat16) @ jnp.asarray(W, jnp.bfloat16) * 1.5
    return lax.reduce_precision(z.astype(jnp.float16).astype(jnp.float32), 8, 7)


def test_half_precision_is_computed_in_double() -> None:
    theirs = X @ np.asarray(jnp.asarray(W, jnp.bfloat16)).astype(float) * 1.5
    assert np.abs(read(short) - theirs).max() <= 1e-13 * np.abs(theirs).max()
    off = np.abs(np.asarray(short(jnp.asarray(X, jnp.float32))) - theirs).max()
    assert 1e-4 * np.abs(theirs).max() < off < 0.05 * np.abs(theirs).max()  # which is not what JAX itself answers in them


OLDER = {
    "lt_to",
    "eq_to",
    "le_to",
    "copy_p",
    "sharding_constraint",
    "pvary",
    "reduce_precision",
}  # names of other versions, or of no single machine


def test_every_primitive_that_has_a_reader_is_tried() -> None:
    from etabli.estimators.networks import jax_primitives, jax_windows  # noqa: F401
    from etabli.estimators.networks.jax_double import names
    from etabli.estimators.networks.jax_reader import READS

    tried = {name for function in (*ALL, short) for name in names(closed(function).jaxpr)}
    assert set(READS) - tried - OLDER == set()
    assert {"scan", "while", "cond"} <= tried


@pytest.mark.parametrize(
    ("function", "answers"),
    [
        (lambda x: jnp.nan_to_num(x) @ W, True),  # it knows what to do
        (lambda x: jax.nn.softplus(x) @ W, False),  # it asks, and hands it on
        (lambda x: x @ W, False),
    ],
)
def test_whether_a_row_with_a_missing_cell_has_an_answer(function: Callable[[Any], Any], answers: bool) -> None:
    from etabli.estimators.networks.jax_source import JaxSource
    from etabli.estimators.networks.maths import Maths
    from etabli.graph.graph import Graph

    graph = Graph()
    maths = Maths(graph, graph.input("X", "double", (None, 6)))
    JaxSource("f", function, (6,)).read(maths, {"x": Value((ROWS, 6), "float", tensor=maths.like)})
    assert maths.asks_missing is answers


def test_of_very_many_cells_some_are_asked_for_a_missing_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from etabli.estimators.networks.jax_source import CELLS, JaxSource

    source, seen = JaxSource("f", lambda x: x.sum((1, 2, 3)), (40, 40, 3)), []
    own = source.ask
    monkeypatch.setattr(source, "ask", lambda feeds: seen.append(feeds["x"]) or own(feeds))
    assert source._drops_missing()
    (rows,) = seen
    gone = np.isnan(rows.reshape(len(rows), -1))
    assert rows.shape == (CELLS, 40, 40, 3) and (gone.sum(axis=1) == 1).all() and gone.any(axis=0).sum() == CELLS
    assert gone[0, 0] and gone[-1, -1]  # from the first to the last


NAMED = {
    "sort": lambda x: jnp.sort(x, 1),
    "top_k": lambda x: lax.top_k(x, 2)[0],
    "atan2": lambda x: jnp.arctan2(x, 1.0),
    "cumprod": lambda x: jnp.cumprod(x, 1),
    "scatter": lambda x: x.at[:, 3].set(0.0),
    "bitcast_convert_type": jnp.signbit,
    "fft": lambda x: jnp.abs(jnp.fft.fft(x)),
    "shift_left: it is not read": lambda x: x.astype(int) << 1,
    "and: the bits of whole numbers": lambda x: x.astype(int) & 3,
    "reduce_window: it is not read": lambda x: lax.reduce_window(x, 1.0, lax.mul, (1, 2), (1, 1), "SAME"),
    "reduce_window_sum: a window over the rows": lambda x: lax.reduce_window(x, 0.0, lax.add, (2, 1), (1, 1), "SAME"),
    "gather: it looks up numbers of the data": lambda x: jnp.take_along_axis(x, jnp.argmax(x, 1)[:, None], 1),
    "gather: a look-up along more than one axis": lambda x: jnp.asarray(T)[x[:, 0].astype(int), x[:, 1].astype(int)],
    "gather: it looks up rows of the data by number": lambda x: x[jnp.array([0, 1])],
    "rev: it picks some of the rows": lambda x: lax.rev(x, (0,)),
    "tile: it puts more rows behind the rows": lambda x: jnp.tile(x, (2, 1)),
    "argmax: it takes a sum": lambda x: jnp.argmax(x, 0) + x,
    "cumsum: it sums along the rows": lambda x: jnp.cumsum(x, 0),
    "reduce_prod: a product over the rows": lambda x: x.prod(0) + x,
    "dot_general: a product over the rows": lambda x: x @ (x.T @ x),
    "conv_general_dilated: it puts more rows": lambda x: lax.conv_general_dilated(
        x[None, :, :, None], W[:2, :2, None, None], (1, 1), "SAME", dimension_numbers=PLACES
    ),
    "scan: it goes through the rows": lambda x: lax.scan(lambda h, t: (h + t, h), jnp.zeros(6), x)[1],
    "scan: a loop of 300 rounds": lambda x: lax.scan(lambda h, _: (h * 1.001, None), x, None, length=300)[0],
    "while: a loop of more than 200 rounds": lambda x: lax.while_loop(lambda c: c[0] < 1e9, lambda c: (c[0] + 1, c[1] * 2), (0, x))[1],
    "pure_callback": lambda x: jax.pure_callback(np.negative, jax.ShapeDtypeStruct(x.shape, x.dtype), x),
}


@pytest.mark.parametrize("said", NAMED)
def test_what_is_not_read_is_refused_by_its_name(said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(NAMED[said])
    assert refused.value.what.startswith(f"primitive {said}")
