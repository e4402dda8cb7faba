"""Modules of Flax and Equinox become the same proven file (where those libraries are there: scripts/matrix)."""

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError
from tests.test_brought_jax import _digits

jax = pytest.importorskip("jax")
jnp = jax.numpy


def _proven(model, tmp_path):
    x, y = _digits()
    proof = etabli.adopt(model, x, "digit", y=y, out=tmp_path / "run").result["proof"]["estimator"]
    assert proof["rows"] == len(x) and proof["label_mismatches"] == 0
    assert proof["max_difference"] <= 1e-12 * proof["scale"]


@pytest.mark.parametrize("kind", ["convolutions", "GRUCell", "LSTMCell", "attention"])
def test_a_module_of_nnx(kind, tmp_path):
    nnx = pytest.importorskip("flax.nnx")

    class Net(nnx.Module):
        def __init__(self, rngs):
            if kind == "convolutions":
                self.first, self.norm, self.drop = (
                    nnx.Conv(1, 6, (3, 3), rngs=rngs),
                    nnx.BatchNorm(6, rngs=rngs),
                    nnx.Dropout(0.3, rngs=rngs),
                )
            elif kind == "attention":
                self.first, self.norm = nnx.MultiHeadAttention(2, 8, rngs=rngs, decode=False), nnx.LayerNorm(8, rngs=rngs)
            else:
                self.first = nnx.RNN(getattr(nnx, kind)(8, 6, rngs=rngs))
            self.last = nnx.Linear({"convolutions": 96, "attention": 8}.get(kind, 6), 10, rngs=rngs)

        def __call__(self, x):
            z = x.reshape(-1, 8, 8) / 16
            if kind == "convolutions":
                z = nnx.max_pool(nnx.relu(self.norm(self.first(z[..., None]))), (2, 2), strides=(2, 2))
                return self.last(self.drop(z.reshape(len(x), -1)))
            return self.last(self.norm(z + self.first(z)).mean(1) if kind == "attention" else self.first(z)[:, -1])

    module = Net(nnx.Rngs(0))
    if kind == "convolutions":
        module.train()
        module(jnp.asarray(_digits()[0], jnp.float32))  # so that the norm of batches has numbers of its own
    _proven(module, tmp_path)


def test_a_module_of_linen_with_its_variables(tmp_path):
    linen = pytest.importorskip("flax.linen")

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x, train):
            z = linen.BatchNorm(use_running_average=not train)(linen.Conv(4, (3, 3))(x.reshape(-1, 8, 8, 1) / 16))
            z = linen.Dropout(0.2, deterministic=not train)(linen.avg_pool(linen.relu(z), (2, 2), (2, 2), "SAME"))
            return linen.softmax(linen.Dense(10)(z.reshape(len(x), -1)))

    variables = Net().init(jax.random.key(0), jnp.zeros((2, 64)), False)
    _proven((Net(), variables), tmp_path)
    with pytest.raises(UsageError, match="batch_stats among them"):
        etabli.adopt((Net(), variables["params"]), _digits()[0], out=tmp_path / "other")


@pytest.mark.parametrize("kind", ["dense", "convolutions", "GRUCell", "LSTMCell", "attention"])
def test_a_module_of_equinox(kind, tmp_path):
    equinox = pytest.importorskip("equinox")
    nn, key = equinox.nn, jax.random.key(0)

    class Net(equinox.Module):
        first: equinox.Module
        last: equinox.Module
        drop: equinox.Module

        def __init__(self):
            if kind == "convolutions":
                self.first = nn.Sequential([nn.Conv2d(1, 4, 3, padding=1, key=key), nn.MaxPool2d(2, 2)])
            else:
                self.first = nn.MultiheadAttention(2, 8, key=key) if kind == "attention" else getattr(nn, kind)(8, 6, key=key)
            self.last = nn.Linear({"convolutions": 64, "attention": 8}.get(kind, 6), 10, key=key)
            self.drop = nn.Dropout(0.2)

        def __call__(self, x):
            z = x.reshape(8, 8) / 16
            if kind == "convolutions":
                return self.last(self.drop(self.first(z[None]).ravel()))
            if kind == "attention":
                return self.last(self.first(z, z, z).mean(0))
            start = jnp.zeros(6) if kind == "GRUCell" else (jnp.zeros(6), jnp.zeros(6))
            end, _ = jax.lax.scan(lambda h, a: (self.first(a, h), None), start, z)
            return self.last(jax.tree.leaves(end)[0])

    _proven(nn.MLP(64, 10, 16, 2, key=key) if kind == "dense" else Net(), tmp_path)


def test_what_comes_without_its_state_its_shape_or_as_a_class_is_told_the_next_step(tmp_path):
    equinox = pytest.importorskip("equinox")

    class Normed(equinox.Module):
        norm: object

        def __init__(self):
            self.norm = equinox.nn.BatchNorm(64, "batch", mode="batch")

        def __call__(self, x, state):
            return self.norm(x, state)

    class Keyed(equinox.Module):
        def __call__(self, x, key):
            return x

    pictures = equinox.nn.Conv2d(1, 2, 8, key=jax.random.key(0))
    refused = {r"pair \(module, state\)": Normed(), "key=None": Keyed(), "--inputs x=1x8x8": pictures, "Keyed is a class": Keyed}
    for said, module in refused.items():
        with pytest.raises(UsageError, match=said):
            etabli.adopt(module, _digits()[0], out=tmp_path / "run")


def test_a_module_of_equinox_with_a_state(tmp_path):
    equinox = pytest.importorskip("equinox")

    class Net(equinox.Module):
        norm: equinox.nn.BatchNorm
        last: equinox.nn.Linear

        def __init__(self):
            self.norm, self.last = equinox.nn.BatchNorm(64, "rows", mode="batch"), equinox.nn.Linear(64, 10, key=jax.random.key(0))

        def __call__(self, x, state):
            z, state = self.norm(x, state)
            return self.last(z), state

    module, state = equinox.nn.make_with_state(Net)()
    rows = jnp.asarray(np.asarray(_digits()[0]), jnp.float32)
    _, state = jax.vmap(module, in_axes=(0, None), out_axes=(0, None), axis_name="rows")(rows, state)
    _proven((module, state), tmp_path)
