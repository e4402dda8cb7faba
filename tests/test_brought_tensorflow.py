"""What is TensorFlow's beside Keras 3: SavedModels, modules, functions, models of tf_keras and the distributions of TensorFlow Probability (scripts/matrix tensorflow)."""

import os

import numpy as np
import pytest

import etabli
from etabli.adoption.loading import loaded
from etabli.errors import EtabliError, UsageError
from tests.test_brought_jax import _digits

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")
pytest.importorskip("tf2onnx")
pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's own


class Module(tf.Module):
    def __init__(self):
        super().__init__()
        drawn = np.random.default_rng(0)
        self.pixels, self.sizes = (tf.Variable(drawn.standard_normal((n, 10)).astype("float32") / 8) for n in (64, 2))

    @tf.function(input_signature=[tf.TensorSpec((None, 64), name="pixels"), tf.TensorSpec((None, 2), name="sizes")])
    def both(self, pixels, sizes):
        return tf.tanh(pixels @ self.pixels) + sizes @ self.sizes

    @tf.function
    def __call__(self, x):
        return tf.tanh(x @ self.pixels)


def _proof(network, rows, tmp_path, **more):
    study = etabli.adopt(network, rows, "digit", y=_digits()[1], out=tmp_path / "run", **more)
    proof = study.result["proof"]["estimator"]
    assert proof["label_mismatches"] == 0 and proof["max_difference"] <= 1e-5 * proof["scale"]
    return study


def test_a_module_and_its_function(tmp_path):
    x, module = _digits()[0] / 16, Module()
    study = _proof(module, x, tmp_path)
    own = np.asarray(module(tf.constant(x, tf.float32))).argmax(1)
    assert np.array_equal(study.model.predict(x)["prediction"][:, 0].astype(int), own)


def test_a_saved_model_is_a_program_and_its_inputs_have_no_order(tmp_path):
    module, x = Module(), _digits()[0] / 16
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.both)
    with pytest.raises(UsageError, match="--trust-pickle"):
        loaded(str(tmp_path / "saved"))
    columns = {f"p{at}": x[:, at] for at in range(64)} | {"tall": x[:, 3] * 2, "wide": x[:, 9] * 3}
    with pytest.raises(UsageError, match="--inputs"):
        etabli.adopt(loaded(str(tmp_path / "saved"), trusted=True), columns, "digit", y=_digits()[1], out=tmp_path / "run")
    told = {"sizes": ["wide", "tall"], "pixels": [f"p{at}" for at in range(64)]}
    study = _proof(loaded(str(tmp_path / "saved"), trusted=True), columns, tmp_path, inputs=told)
    own = np.asarray(module.both(tf.constant(x, tf.float32), tf.constant(np.c_[x[:, 9] * 3, x[:, 3] * 2], tf.float32))).argmax(1)
    assert np.array_equal(study.model.predict(columns)["prediction"][:, 0].astype(int), own)


def test_a_distribution_gives_its_mean_and_its_deviation(tmp_path):
    keras2, tfp = pytest.importorskip("tf_keras"), pytest.importorskip("tensorflow_probability")
    keras2.utils.set_random_seed(0)
    normal = tfp.layers.DistributionLambda(lambda t: tfp.distributions.Normal(t[..., :1], 1e-3 + tf.math.softplus(t[..., 1:])))
    model = keras2.Sequential([keras2.layers.Input((64,)), keras2.layers.Dense(4, activation="tanh"), keras2.layers.Dense(2), normal])
    x = _digits()[0] / 16
    study = etabli.adopt(model, x, "ink", y=x.sum(axis=1), out=tmp_path / "run")
    answers, own = study.model.predict(x), model(tf.constant(x, tf.float32))
    assert np.allclose(answers["deviation"], np.asarray(own.stddev()), atol=1e-5) and study.result["task"] == "regression"
    assert study.result["proof"]["estimator"]["max_difference"] <= 1e-5
    flipped = keras2.Sequential([keras2.layers.Input((64,)), tfp.layers.DenseFlipout(1)])
    with pytest.raises(EtabliError, match="drawn by chance"):
        etabli.adopt(flipped, x, "ink", y=x.sum(axis=1), out=tmp_path / "other")
    coin = tfp.layers.DistributionLambda(lambda t: tfp.distributions.Bernoulli(logits=t))
    with pytest.raises(EtabliError, match="distribution of classes"):
        etabli.adopt(
            keras2.Sequential([keras2.layers.Input((64,)), keras2.layers.Dense(1), coin]), x, "ink", y=x[:, 0], out=tmp_path / "coin"
        )
