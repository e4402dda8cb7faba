"""JAX functions become the same proven file, or are refused by the name of their primitive."""

import subprocess
import sys

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError
from etabli.estimators import Refused

jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax
DRAWN = np.random.default_rng(0)


def _weights(*shape):
    return jnp.asarray(DRAWN.standard_normal(shape) / np.sqrt(shape[0]), jnp.float32)


W, B, K, G, U, T, V = (_weights(*s) for s in ((64, 10), (10,), (3, 3, 1, 4), (3, 3, 2, 4), (4, 10), (17, 4), (256, 10)))


def _digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x[:300].astype(float), y[:300]


def dense(x):
    return jax.nn.softmax(jax.nn.gelu(x / 16 @ W + B) @ _square() + B)


def _square():
    return W[:10]


def convolutions(x):
    places = ("NHWC", "HWIO", "NHWC")
    z = jax.nn.relu(lax.conv_general_dilated(x.reshape(-1, 8, 8, 1) / 16, K, (1, 1), "SAME", dimension_numbers=places))
    z = lax.reduce_window(z, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")
    z = lax.conv_general_dilated(z, G, (1, 1), "VALID", rhs_dilation=(1, 1), feature_group_count=2, dimension_numbers=places)
    return lax.reduce_window(z, 0.0, lax.add, (1, 2, 2, 1), (1, 1, 1, 1), "SAME").mean((1, 2)) @ U


def recurrent(x):
    along = x.reshape(-1, 8, 8).transpose(1, 0, 2) / 16
    start = jnp.zeros((len(x), 4), jnp.float32)  # a state in float32 does not go on in doubles
    end, each = lax.scan(lambda h, a: ((jnp.tanh(h @ T[:4] + a @ T[4:12])).astype(jnp.float32),) * 2, start, along, reverse=True)
    end = lax.fori_loop(0, 3, lambda i, h: h + each[i], end)
    return lax.while_loop(lambda c: c[0] < 4, lambda c: (c[0] + 1, c[1] * 1.1), (0, end))[1] @ U


def embedded(x):
    return jnp.take(T, x.astype(int), axis=0).reshape(len(x), -1) @ V


def odds(x):
    z = jnp.cumsum(jnp.pad(x / 16, ((0, 0), (1, 2)))[:, ::-1][:, 1:60:2], axis=1)
    z = jnp.concatenate([z[:, jnp.array([3, 1, 2, 20, 5])], jnp.argmax(x, 1)[:, None] * 1.0], 1)
    z = jnp.where(z > 1, jnp.clip(z, 0, 3) ** 1.5, jnp.sin(z) + jnp.log1p(jnp.abs(z)))
    spread = z.max(1, keepdims=True) - z.min(1, keepdims=True)
    z = z + 0.1 * jnp.searchsorted(jnp.array([0.2, 0.5, 1.0]), z)  # bins, as Keras's Discretization finds them
    z = z / (1 + spread) + jax.scipy.special.erfc(z) * lax.rsqrt(1 + z * z)
    return jnp.concatenate([z, jax.nn.softplus(z[:, :4]) + jnp.round(x[:, :4] * 3)], 1)


@pytest.mark.parametrize("function", [dense, convolutions, recurrent, embedded, odds])
def test_a_function_and_its_file_answer_alike(function, tmp_path):
    x, y = _digits()
    result = etabli.adopt(function, x, "digit", y=y, out=tmp_path / "run").result
    proof = result["proof"]["estimator"]
    assert proof["rows"] == len(x) and proof["probe_rows"] > 0 and proof["label_mismatches"] == 0
    assert proof["max_difference"] <= 1e-12 * proof["scale"]  # held to JAX in double precision
    assert function.__name__ in result["winner"]["name"]


def test_a_function_with_its_weights_and_a_share_at_the_end(tmp_path):
    x, y = _digits()
    made = etabli.adopt((lambda p, x: jax.nn.sigmoid(x / 16 @ p["w"])[:, 0], {"w": W[:, :1]}), x, "odd", y=y % 2, out=tmp_path / "run")
    assert made.result["task"] == "binary"
    layers = made.result["network"]["layers"]
    assert [one["block"] for one in layers] == ["dense", "sigmoid"] and layers[0]["weights"] == 64


REFUSED = {
    r"primitive lu: it is not read": lambda x: jnp.linalg.det(x.reshape(-1, 8, 8)),
    r"reduce_sum: .* over the rows": lambda x: x - x.mean(0),
    r"through the rows one after another": lambda x: lax.map(lambda row: row[:10], x),
    r"two functions": (lambda key, shape: 0, lambda p, x: x),
    r"takes p, x": lambda p, x: x,
    r"gives 2": lambda x: (x, x),
    r"jax.numpy": lambda x: np.exp(np.asarray(x)),
    r"dot_general requires": lambda x: x @ W[:60],
    r"off its own arithmetic": lambda x: (x[:, 2:3] * 1e9 + x[:, 3:4] / 7) - x[:, 2:3] * 1e9,
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_equalled_is_refused_by_name(said, tmp_path):
    with pytest.raises((Refused, UsageError), match=said):
        etabli.adopt(REFUSED[said], _digits()[0], out=tmp_path / "run")
    assert not (tmp_path / "run" / "model.onnx").exists()


def test_a_function_on_the_command_line_and_one_that_makes_an_estimator(tmp_path):
    x, y = _digits()
    code = """
import jax.numpy as jnp
import numpy as np
from sklearn.linear_model import LinearRegression

def predict(x):
    return jnp.tanh(x / 16).sum(axis=1)

def make():
    return LinearRegression().fit(np.eye(64), np.arange(64.0))
"""
    (tmp_path / "train.py").write_text(code)
    names = ",".join([*(f"p{i}" for i in range(64)), "digit"])
    np.savetxt(tmp_path / "held_out.csv", np.c_[x, y], fmt="%g", delimiter=",", header=names, comments="")
    for name, task in (("predict", "regression"), ("make", "regression")):
        run = tmp_path / name
        words = ["adopt", f"{tmp_path}/train.py:{name}", "--data", str(tmp_path / "held_out.csv"), "--target", "digit", "-o", str(run)]
        done = subprocess.run([sys.executable, "-m", "etabli", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f'"task": "{task}"' in (run / "result.json").read_text()


def two(codes, sizes):
    return jnp.concatenate([T[codes[:, 0]], sizes / 16], 1) @ W[:7]


def test_a_function_of_several_inputs_is_told_which_columns_each_takes(tmp_path):
    x, y = _digits()
    named = {"p9": x[:, 9], "last": x[:, 60], "code": x[:, 10], "p11": x[:, 11], "unused": x[:, 12]}
    with pytest.raises(UsageError, match=r"--inputs codes=COLUMN,\.\.\. --inputs sizes="):
        etabli.adopt(two, named, "digit", y=y, out=tmp_path / "no")
    inputs = {"sizes": ["p9", "p11", "last"], "codes": "code"}
    study = etabli.adopt(two, named, "digit", y=y, inputs=inputs, out=tmp_path / "run")
    proof = study.result["proof"]["estimator"]
    assert proof["rows"] == len(x) and proof["label_mismatches"] == 0 and proof["max_difference"] <= 1e-12 * proof["scale"]
    own = np.asarray(two(x[:, 10:11].astype(int), jnp.asarray(x[:, [9, 11, 60]]))).argmax(1)
    assert np.array_equal(study.model.predict(named)["prediction"][:, 0].astype(int), own)


def test_a_network_that_mixes_up_its_columns_is_said_to_be_worse_than_nothing(tmp_path):
    import pandas as pd

    x, y = _digits()
    rows = pd.DataFrame(x, columns=[f"p{i}" for i in range(64)]).assign(y=y)
    w = np.linalg.lstsq(x, y, rcond=None)[0].astype(np.float32)
    right = etabli.adopt(lambda x: x @ w, rows, "y", out=tmp_path / "right.etabli").result["sentence"]
    wrong = etabli.adopt(lambda x: x[:, ::-1] @ w + 50, rows, "y", out=tmp_path / "wrong.etabli").result["sentence"]
    assert "worse than knowing nothing" not in right["en"] and "pire que" not in right["fr"]
    assert "columns in this order" in wrong["en"] and "dans cet ordre" in wrong["fr"]
    assert wrong["en"].startswith("A JAX function was adopted")


@pytest.mark.filterwarnings("error")
def test_answers_that_are_no_numbers_are_refused_and_counted(tmp_path):
    import pandas as pd

    x, y = _digits()
    rows = pd.DataFrame(x, columns=[f"p{i}" for i in range(64)]).assign(y=y)
    with pytest.raises(Refused, match="rows asked have an answer that is infinite or no number"):
        etabli.adopt(lambda x: jnp.log(-1 - jnp.abs(x)).sum(1), rows, "y", out=tmp_path / "none.etabli")
