"""The layers of a brought network have the names people give them, however its library writes them: norms, gelu, silu, residual connections, attention."""

import numpy as np
import pytest

from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.values import ROWS, Value
from etabli.graph.graph import Graph

PLACES, WIDTH = 8, 8


def _read(source, shape):
    """(block, numbers it holds) of the layers of a source."""
    graph = Graph()
    x = graph.input("x", shape=(None, *shape))
    maths = Maths(graph, x)
    source.read(maths, {"x": Value((ROWS, *shape), "float", tensor=x)})
    return [(one.block, one.weights) for one in maths.layers()]


def _of_jax(function, shape=(PLACES, WIDTH)):
    from etabli.estimators.networks.jax_source import JaxSource

    return _read(JaxSource("it", function, shape), shape)


@pytest.fixture(scope="module")
def jnp():
    return pytest.importorskip("jax").numpy


def _weights(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).standard_normal(shape).astype(np.float32)


S, B, M, V = 1 + _weights(WIDTH), _weights(WIDTH), _weights(WIDTH), 1 + _weights(WIDTH) ** 2
UP, DOWN, TABLE = _weights(WIDTH, 16), _weights(16, WIDTH), _weights(WIDTH, WIDTH)


def _jax():
    import jax

    return jax


def _mean(z):
    return z.mean(-1, keepdims=True)


NORMS = {  # as they are written by hand, by Flax, by Equinox, and by Keras
    "layernorm": [
        lambda jnp, z: (z - _mean(z)) / jnp.sqrt(z.var(-1, keepdims=True) + 1e-5) * S + B,
        lambda jnp, z: (z - _mean(z)) * ((1 / jnp.sqrt(jnp.maximum(0.0, _mean(z * z) - _mean(z) ** 2) + 1e-6)) * S) + B,
        lambda jnp, z: (
            z * (S / jnp.sqrt(z.var(-1, keepdims=True) + 1e-5)) + (B - _mean(z) * (S / jnp.sqrt(z.var(-1, keepdims=True) + 1e-5)))
        ),
    ],
    "rmsnorm": [lambda jnp, z: z / jnp.sqrt(_mean(z * z) + 1e-6) * S],
    "batchnorm": [
        lambda jnp, z: (z - M) * (S / np.sqrt(V + 1e-5)) + B,
        lambda jnp, z: (z - M) / np.sqrt(V + 1e-5) * S + B,
        lambda jnp, z: z * (S / np.sqrt(V + 1e-5)) + B,
    ],
}


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in NORMS.items() for way in range(len(ways))])
def test_norms_of_plain_jax(jnp, name, way):
    made = _of_jax(lambda x: NORMS[name][way](jnp, x @ TABLE) @ UP)
    assert [block for block, _ in made] == ["dense", name, "dense"]
    assert made[0][1] == WIDTH * WIDTH and made[1][1] >= WIDTH and made[2][1] == WIDTH * 16


def test_a_column_that_is_scaled_or_a_length_that_is_taken_is_no_norm(jnp):
    assert _of_jax(lambda x: ((x - M) / V + B) @ UP) == [("dense", WIDTH * 16)]  # the columns as they come in
    assert [block for block, _ in _of_jax(lambda x: (x @ TABLE) / jnp.sqrt((x * x).sum(-1, keepdims=True)) @ UP)] == ["dense", "dense"]


BENT = {
    "gelu": [
        lambda jnp, z: 0.5 * z * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
        lambda jnp, z: z * (0.5 * (1 + jnp.tanh(0.7978845608 * z * (1 + 0.044715 * z * z)))),
        lambda jnp, z: z * 0.5 * (1 + _jax().lax.erf(z / np.sqrt(2))),
        lambda jnp, z: z * _jax().lax.erfc(-z * np.sqrt(0.5)) / 2,
        lambda jnp, z: z * _jax().lax.logistic(1.702 * z),
        lambda jnp, z: _jax().nn.gelu(z),
    ],
    "silu": [lambda jnp, z: z * _jax().lax.logistic(z), lambda jnp, z: z / (1 + jnp.exp(-z)), lambda jnp, z: __import__("jax").nn.silu(z)],
    "tanh": [lambda jnp, z: jnp.tanh(z), lambda jnp, z: z * (1 + jnp.tanh(z))],
    "sigmoid": [lambda jnp, z: _jax().nn.sigmoid(z) * TABLE[0, 0]],
}


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in BENT.items() for way in range(len(ways))])
def test_functions_of_plain_jax(jnp, name, way):
    made = _of_jax(lambda x: BENT[name][way](jnp, x @ UP) @ DOWN)
    assert [block for block, _ in made] == ["dense", name, "dense"] and sum(held for _, held in made) == UP.size + DOWN.size


def _encoder(jnp, x):
    def attention(z):
        ask, key, value = ((z @ table).reshape(-1, PLACES, 2, 4) for table in (TABLE, TABLE.T, TABLE + 1))
        power = jnp.exp(jnp.einsum("rqhs,rkhs->rhqk", ask, key) / 2)
        return jnp.einsum("rhqk,rkhs->rqhs", power / power.sum(-1, keepdims=True), value).reshape(-1, PLACES, WIDTH) @ TABLE

    norm, gelu = NORMS["layernorm"][0], BENT["gelu"][0]
    z = x + attention(norm(jnp, x))
    return z + gelu(jnp, norm(jnp, z) @ UP) @ DOWN


def test_a_layer_of_a_transformer_in_plain_jax(jnp):
    made = [block for block, _ in _of_jax(lambda x: _encoder(jnp, x))]
    assert made == [
        "layernorm",
        "dense",
        "dense",
        "dense",
        "attention",
        "dense",
        "residual",
        "layernorm",
        "dense",
        "gelu",
        "dense",
        "residual",
    ]


def test_a_sum_of_two_ways_is_a_residual_only_where_one_goes_round_the_other(jnp):
    def blocks(function):
        return [block for block, _ in _of_jax(function)]

    assert blocks(lambda x: x @ TABLE + x @ TABLE.T) == ["dense", "dense"]
    assert blocks(lambda x: x + x * x) == []
    assert blocks(lambda x: x @ TABLE + jnp.tanh(x @ UP) @ DOWN) == ["dense", "dense", "tanh", "dense", "residual"]


def test_a_layer_of_a_transformer_in_pytorch():
    torch = pytest.importorskip("torch")
    from etabli.estimators.networks.torch_source import TorchSource

    nn = torch.nn

    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.up, self.down = nn.RMSNorm(WIDTH), nn.Linear(WIDTH, 16), nn.Linear(16, WIDTH)
            self.scale = nn.Parameter(torch.ones(WIDTH))

        def forward(self, x):
            z = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.scale
            return x + self.down(nn.functional.silu(self.up(self.norm(z))))

    layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, batch_first=True, activation=nn.GELU("tanh"), norm_first=True)
    made = _read(TorchSource(nn.Sequential(layer, Gated()), {"x": (PLACES, WIDTH)}), (PLACES, WIDTH))
    first = ["layernorm", "dense", "attention", "dense", "residual", "layernorm", "dense", "gelu", "dense", "residual"]
    assert [block for block, _ in made] == [*first, "rmsnorm", "rmsnorm", "dense", "silu", "dense", "residual"]
    assert sum(held for _, held in made) == sum(p.numel() for p in nn.Sequential(layer, Gated()).parameters())


def test_a_group_norm_and_a_way_with_a_layer_of_its_own_in_pytorch():
    torch = pytest.importorskip("torch")
    from etabli.estimators.networks.torch_source import TorchSource

    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.beside = nn.Conv1d(8, 4, 3, padding=1), nn.Conv1d(4, 4, 3, padding=1), nn.Conv1d(8, 4, 1)
            self.norm = nn.GroupNorm(2, 4)

        def forward(self, x):
            return torch.relu(self.norm(self.second(torch.relu(self.first(x)))) + self.beside(x))

    made = _read(TorchSource(Net(), {"x": (PLACES, WIDTH)}), (PLACES, WIDTH))
    assert [block for block, _ in made] == ["convolution", "relu", "convolution", "groupnorm", "convolution", "residual", "relu"]
    assert made[3][1] == 8


@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm", "BatchNorm", "GroupNorm"])
def test_norms_of_flax(kind):
    nnx = pytest.importorskip("flax.nnx")
    from etabli.estimators.networks.jax_brought import called

    class Net(nnx.Module):
        def __init__(self, rngs):
            self.first, self.last = nnx.Linear(WIDTH, WIDTH, rngs=rngs), nnx.Linear(WIDTH, 4, rngs=rngs)
            self.norm = getattr(nnx, kind)(WIDTH, rngs=rngs, **({"num_groups": 2} if kind == "GroupNorm" else {}))

        def __call__(self, x):
            return self.last(nnx.gelu(x + self.norm(self.first(x))))

    _, function = called(Net(nnx.Rngs(0)))
    assert [block for block, _ in _of_jax(function)] == ["dense", kind.lower(), "residual", "gelu", "dense"]


@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm"])
def test_norms_of_equinox(kind):
    equinox = pytest.importorskip("equinox")
    jax = pytest.importorskip("jax")
    from etabli.estimators.networks.jax_brought import called

    keys = jax.random.split(jax.random.key(0))
    layers = [equinox.nn.Linear(WIDTH, WIDTH, key=keys[0]), getattr(equinox.nn, kind)(WIDTH), equinox.nn.Lambda(jax.nn.gelu)]
    _, function = called(equinox.nn.Sequential([*layers, equinox.nn.Linear(WIDTH, 4, key=keys[1])]))
    assert [block for block, _ in _of_jax(function, (WIDTH,))] == ["dense", kind.lower(), "gelu", "dense"]
