"""Keras models become the same proven file, on whichever back end they are (KERAS_BACKEND; scripts/matrix runs all three)."""

import os
import subprocess
import sys

import numpy as np
import pytest

import etabli
from etabli.adoption.loading import loaded
from etabli.errors import UsageError
from etabli.estimators import Refused
from tests.test_brought_jax import _digits

pytest.importorskip("jax")
os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
layers, Input = keras.layers, keras.Input

pytestmark = pytest.mark.filterwarnings("ignore")  # the back ends' own


def _dense():
    scaled = layers.Normalization()
    scaled.adapt(_digits()[0])
    parts = [scaled, layers.Dense(16, activation="gelu"), layers.BatchNormalization(), layers.Dropout(0.2)]
    return keras.Sequential([Input((64,)), *parts, layers.Dense(10, activation="softmax")])


def _convolutions():
    parts = [layers.Conv2D(6, 3, padding="same", activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2)]
    parts += [layers.SeparableConv2D(6, 3, strides=2, padding="same", activation="elu"), layers.AveragePooling2D(2), layers.Flatten()]
    return keras.Sequential([Input((8, 8, 1)), *parts, layers.Dense(10, activation="softmax")])


def _gru():
    return keras.Sequential([Input((8, 8)), layers.GRU(6), layers.Dense(10, activation="softmax")])


def _lstm():
    return keras.Sequential([Input((8, 8)), layers.Bidirectional(layers.LSTM(6)), layers.Dense(10, activation="softmax")])


def _attention():
    given = Input((64,))
    z = layers.Reshape((8, 8))(given)
    z = layers.Dense(8, activation="gelu")(layers.LayerNormalization()(z + layers.MultiHeadAttention(2, 4)(z, z)))
    return keras.Model(given, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling1D()(z)))


def _embedded():
    return keras.Sequential([Input((64,), dtype="int32"), layers.Embedding(17, 4), layers.GlobalAveragePooling1D(), layers.Dense(10)])


@pytest.mark.parametrize("make", [_dense, _convolutions, _gru, _lstm, _attention, _embedded])
def test_a_model_and_its_file_answer_alike(make, tmp_path):
    keras.utils.set_random_seed(0)
    model, (x, y) = make(), _digits()
    if make not in (_dense, _embedded):
        x = x / 16
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=make is _embedded))
    model.fit(x.reshape(-1, *model.input_shape[1:]), y, verbose=0)
    result = etabli.adopt(model, x, "digit", y=y, out=tmp_path / "run").result
    proof = result["proof"]["estimator"]
    assert proof["rows"] == len(x) and proof["label_mismatches"] == 0
    assert proof["max_difference"] <= 1e-12 * proof["scale"]
    assert result["network"]["layers"][-1]["shape"] == [10]


class Gated(layers.Layer):
    """A layer of one's own, for every back end."""

    def __init__(self, units, **more):
        super().__init__(**more)
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), initializer="glorot_uniform", name="kernel")

    def call(self, x):
        z = keras.ops.matmul(x, self.kernel)
        return z * keras.ops.sigmoid(z)


class Native(layers.Layer):
    """A layer in its back end's own functions."""

    def call(self, x):
        if keras.backend.backend() == "torch":
            import torch

            return torch.relu(x) - 0.5 * x
        if keras.backend.backend() == "tensorflow":
            import tensorflow

            return tensorflow.nn.relu(x) - 0.5 * x
        import jax

        return jax.nn.relu(x) - 0.5 * x


class Torchy(layers.Layer):
    """One that knows its back end alone."""

    def call(self, x):
        import torch

        return torch.relu(x) - 0.5 * x


class Tensory(layers.Layer):
    """Another."""

    def call(self, x):
        import tensorflow

        return tensorflow.nn.relu(x) - 0.5 * x


@pytest.mark.parametrize("own", [lambda: Gated(12), Native])
def test_classes_of_ones_own_go_along(own, tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([Input((64,)), own(), layers.Dense(10, activation="softmax")])
    x, y = _digits()
    proof = etabli.adopt(model, x / 16, "digit", y=y, out=tmp_path / "run").result["proof"]["estimator"]
    assert proof["label_mismatches"] == 0 and proof["max_difference"] <= 1e-12 * proof["scale"]


def test_classes_that_know_their_own_back_end_alone(tmp_path):
    here = keras.backend.backend()
    if here == "jax":
        pytest.skip("every class computes on the back end that is read")
    keras.utils.set_random_seed(0)
    own = {"torch": Torchy, "tensorflow": Tensory}[here](name="mine")
    scaled = layers.Normalization(mean=0.3, variance=0.1)  # constants that are no variables
    model = keras.Sequential([Input((64,)), scaled, own, layers.Dense(10, activation="softmax")])
    x, y = _digits()
    result = etabli.adopt(model, x / 16, "digit", y=y, out=tmp_path / "run").result
    proof = result["proof"]["estimator"]
    assert proof["label_mismatches"] == 0 and proof["max_difference"] <= 1e-5 * proof["scale"]


def test_classes_that_know_their_own_back_end_alone_with_several_inputs(tmp_path):
    here = keras.backend.backend()
    if here == "jax":
        pytest.skip("every class computes on the back end that is read")
    keras.utils.set_random_seed(0)
    code, sizes = Input((1,), dtype="int32", name="code"), Input((3,), name="sizes")
    z = layers.Concatenate()([layers.Flatten()(layers.Embedding(17, 4)(code)), {"torch": Torchy, "tensorflow": Tensory}[here]()(sizes)])
    model = keras.Model([code, sizes], layers.Dense(10)(z))
    x, y = _digits()
    study = etabli.adopt(model, x[:, 10:14], "digit", y=y, out=tmp_path / "run")
    own = model.predict([x[:, 10:11].astype("int32"), x[:, 11:14].astype("float32")], verbose=0)
    assert np.array_equal(study.model.predict(x[:, 10:14])["prediction"][:, 0].astype(int), own.argmax(1))


def test_a_model_by_subclassing_with_a_class_that_keras_cannot_make_again(tmp_path):
    class Whole(keras.Model):
        def __init__(self):  # takes nothing of what Keras saves
            super().__init__()
            self.last = layers.Dense(10, activation="softmax")

        def call(self, x):
            return self.last(x)

    model, (x, y) = Whole(), _digits()
    model(x[:2])
    assert etabli.adopt(model, x, "digit", y=y, out=tmp_path / "run").result["proof"]["estimator"]["label_mismatches"] == 0


def test_layers_in_half_precision_are_named(tmp_path):
    model = keras.Sequential([Input((64,)), layers.Dense(10, dtype="mixed_bfloat16", name="short")])
    with pytest.raises(UsageError, match=r"layer 'short' \(Dense\) counts in bfloat16"):
        etabli.adopt(model, _digits()[0], out=tmp_path / "run")


def test_a_class_that_computes_nowhere_else_is_named(tmp_path):
    if keras.backend.backend() == "jax":
        pytest.skip("every class computes on the back end that is read")

    class Sorted(layers.Layer):
        def call(self, x):
            return keras.ops.sort(x, axis=1)

    model = keras.Sequential([Input((64,)), Sorted(name="mine"), layers.Dense(10)])
    with pytest.raises((UsageError, Refused), match=r"sort.*layer 'mine' \(Sorted\)"):
        etabli.adopt(model, _digits()[0], out=tmp_path / "run")


def _ran(path, tmp_path, *more):
    x, y = _digits()
    names = ",".join([*(f"p{i}" for i in range(64)), "digit"])
    np.savetxt(tmp_path / "held_out.csv", np.c_[x, y], fmt="%g", delimiter=",", header=names, comments="")
    words = ["adopt", str(path), "--data", str(tmp_path / "held_out.csv"), "--target", "digit", "-o", str(tmp_path / "run"), *more]
    return subprocess.run([sys.executable, "-m", "etabli", *words], capture_output=True, text=True)


def test_a_file_on_the_command_line_and_code_in_it(tmp_path):
    double = layers.Lambda(lambda x: x * 2)
    keras.Sequential([Input((64,)), double, layers.Dense(10, activation="softmax")]).save(tmp_path / "net.keras")
    refused = _ran(tmp_path / "net.keras", tmp_path)
    assert refused.returncode == 2 and "--trust-pickle" in refused.stderr and "Traceback" not in refused.stderr
    assert not (tmp_path / "run" / "model.onnx").exists()
    with pytest.raises(UsageError, match="--trust-pickle"):
        keras.saving.load_model(tmp_path / "net.keras", safe_mode=False).save(tmp_path / "net.h5")
        etabli.adopt(loaded(str(tmp_path / "net.h5")), _digits()[0], out=tmp_path / "run")
    done = _ran(tmp_path / "net.keras", tmp_path, "--trust-pickle")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "card.json").exists()


def test_several_inputs_get_the_columns_they_take(tmp_path):
    keras.utils.set_random_seed(0)
    code, sizes = Input((1,), dtype="int32", name="code"), Input((3,), name="sizes")
    z = layers.Concatenate()([layers.Flatten()(layers.Embedding(17, 4)(code)), layers.Dense(3, activation="tanh")(sizes)])
    model = keras.Model({"sizes": sizes, "code": code}, layers.Dense(10, activation="softmax")(z))
    x, y = _digits()
    named = {"p9": x[:, 9], "last": x[:, 60], "code": x[:, 10], "p11": x[:, 11], "unused": x[:, 12]}
    study = etabli.adopt(model, named, "digit", y=y, inputs={"code": "code", "sizes": ["last", "p9", "p11"]}, out=tmp_path / "run")
    proof = study.result["proof"]["estimator"]
    assert proof["label_mismatches"] == 0 and proof["max_difference"] <= 1e-12 * proof["scale"]
    own = model.predict({"code": x[:, 10:11].astype("int32"), "sizes": x[:, [60, 9, 11]].astype("float32")}, verbose=0)
    assert np.array_equal(study.model.predict(named)["prediction"][:, 0].astype(int), own.argmax(1))


def test_a_file_with_classes_of_ones_own_names_them(tmp_path):
    keras.Sequential([Input((64,)), Gated(4, name="mine"), layers.Dense(10)]).save(tmp_path / "net.keras")
    refused = _ran(tmp_path / "net.keras", tmp_path)
    assert refused.returncode == 2 and "net.keras: Gated: " in refused.stderr and "file.py:model" in refused.stderr


def test_what_is_no_network_of_one_matrix_is_refused(tmp_path):
    half, whole = Input((32,)), Input((64,))
    refused = {
        "32 and 31; 64 columns": keras.Model([half, other := Input((31,))], layers.Dense(10)(layers.Concatenate()([half, other]))),
        "gives 2": keras.Model(whole, [layers.Dense(10)(whole), layers.Dense(1)(whole)]),
        "takes 63; 64 columns": keras.Sequential([Input((63,)), layers.Dense(10)]),
    }
    for said, model in refused.items():
        with pytest.raises((UsageError, Refused), match=said):
            etabli.adopt(model, _digits()[0], out=tmp_path / "run")
