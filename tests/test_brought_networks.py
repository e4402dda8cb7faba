"""Networks from elsewhere (PyTorch modules, ONNX files) become the same proven file, or are refused by the name of their operator."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import etabli
from etabli.estimators import Refused

torch = pytest.importorskip("torch")
nn = torch.nn


def _digits(tmp_path):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    names = ",".join([*(f"p{i}" for i in range(64)), "digit"])
    path = tmp_path / "held_out.csv"
    np.savetxt(path, np.c_[x, y][:400], fmt="%g", delimiter=",", header=names, comments="")
    return path, x[:400]


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Linear(64, 10)

    def forward(self, x):
        z = torch.relu(self.norm(self.first(x.reshape(-1, 1, 8, 8) / 16)))
        return self.last(nn.functional.max_pool2d(z, 2).flatten(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru, self.last = nn.GRU(8, 6, batch_first=True), nn.Linear(6, 10)

    def forward(self, x):
        return self.last(self.gru(x.reshape(-1, 8, 8) / 16)[0][:, -1])


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu"), nn.Linear(8, 10)

    def forward(self, x):
        return self.last(self.layer(x.reshape(-1, 8, 8) / 16).mean(1))


class Embedded(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.last = nn.Embedding(17, 4), nn.Linear(256, 10)

    def forward(self, x):
        return self.last(self.table(x.long()).flatten(1))  # no code is negative, and rows drawn by chance are


class Scaled(nn.Module):
    """RMS norms, with an epsilon of its own and with that of the numbers, and a causal mask."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.RMSNorm(8), nn.RMSNorm(8, 1e-3), nn.Linear(8, 10)

    def forward(self, x):
        z = self.first(x.reshape(-1, 8, 8) / 1600)
        return self.last(self.second(nn.functional.scaled_dot_product_attention(z, z, z, is_causal=True)).mean(1))


def _plain():
    return nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 10), nn.Softmax(1))


@pytest.mark.parametrize("make", [_plain, Convolutions, Recurrent, Attending, Embedded, Scaled])
def test_a_module_and_its_file_answer_alike(make, tmp_path):
    torch.manual_seed(0)
    module = make()
    path, x = _digits(tmp_path)
    with torch.no_grad():
        module(torch.tensor(x, dtype=torch.float32))  # in training mode, so that norms of batches have numbers of their own
    module.eval()
    result = etabli.adopt(module, path, "digit", out=tmp_path / "run").result
    proof = result["proof"]["estimator"]
    assert proof["rows"] == len(x) and proof["probe_rows"] > 0
    assert proof["max_difference"] <= 1e-9 * proof["scale"] and proof["label_mismatches"] == 0  # held to its double copy
    drawn = result["network"]["layers"]
    norms = [module for module in module.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]  # or folded into what is before
    held = sum(p.numel() for p in module.parameters()) - sum(p.numel() for norm in norms for p in norm.parameters())
    assert sum(one["weights"] for one in drawn if one["block"] != "batchnorm") == held and [10] in [one["shape"] for one in drawn[-2:]]


class Odd(nn.Module):
    def forward(self, x):
        return torch.linalg.det(x.reshape(-1, 8, 8))[:, None]


def test_an_operator_that_is_not_known_is_refused_by_name(tmp_path):
    with pytest.raises(Refused, match=r"(?i)operator.*det|exporter refuses.*det"):
        etabli.adopt(Odd(), _digits(tmp_path)[0], "digit", out=tmp_path / "run")
    assert not (tmp_path / "run" / "model.onnx").exists()


def test_an_onnx_file_on_the_command_line(tmp_path):
    torch.manual_seed(0)
    module = Convolutions().eval()
    file = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is called old
        torch.onnx.export(
            module, (torch.zeros(2, 64),), file, dynamo=False, opset_version=17, input_names=["x"], dynamic_axes={"x": {0: "rows"}}
        )
    path, _ = _digits(tmp_path)
    command = [sys.executable, "-m", "etabli", "adopt", str(file), "--data", str(path), "--target", "digit", "-o", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "card.json").exists()


def test_an_onnx_model_with_inputs_of_their_own_as_bytes(tmp_path):
    from onnx import TensorProto, helper

    sizes = {"a": ["rows", 1], "b": ["rows", 2]}
    given = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, size) for name, size in sizes.items()]
    out = helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["rows", 1])
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [
        helper.make_node("Concat", ["a", "b"], ["c"], axis=1),
        helper.make_node("Tanh", ["c"], ["t"]),
        helper.make_node("ReduceSum", ["t", "axes"], ["y"], keepdims=1),
    ]
    graph = helper.make_graph(nodes, "sum", given, [out], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    x = np.random.default_rng(0).standard_normal((80, 3))
    x[3, 1] = np.nan
    made = etabli.adopt(model.SerializeToString(), x, "goal", y=np.arange(80.0), out=tmp_path / "run")
    proof = made.result["proof"]["estimator"]
    assert proof["rows"] == 80 and proof["max_difference"] <= 1e-12
    with pytest.raises(etabli.errors.UsageError, match="ONNX model"):
        etabli.adopt(b"no model", x, out=tmp_path / "other")


def test_a_sigmoid_at_the_end_is_the_share_of_class_1(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(64, 1), nn.Sigmoid())
    _, x = _digits(tmp_path)
    result = etabli.adopt(module, x, "odd", y=np.arange(400) % 2, out=tmp_path / "run").result
    assert result["task"] == "binary" and result["classes"] == ["0", "1"]
    assert result["proof"]["estimator"]["max_difference"] <= 1e-5


class Cancelling(nn.Module):
    """What float32 loses: a small number beside a huge one that goes away again."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1e9]))

    def forward(self, x):
        return (x[:, :1] * self.weight + x[:, 1:2]) - x[:, :1] * self.weight


def test_a_network_that_loses_its_digits_in_single_precision_is_refused(tmp_path):
    x = np.random.default_rng(0).uniform(1, 2, size=(80, 2))
    with pytest.raises(Refused, match="off its own arithmetic in double precision"):
        etabli.adopt(Cancelling(), x, "y", y=x[:, 1], out=tmp_path / "run")
    assert etabli.adopt(Cancelling().double(), x, "y", y=x[:, 1], out=tmp_path / "run").result["proof"]["estimator"]["rows"] == 80


def _onnx(nodes, outputs, weights, kind=1, domains=()):
    """An ONNX network of four columns."""
    from onnx import helper, numpy_helper

    given = [helper.make_tensor_value_info("x", kind, ["rows", 4])]
    out = [helper.make_tensor_value_info(name, of, ["rows", None]) for name, of in outputs.items()]
    held = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    made = helper.make_graph([helper.make_node(op, ins, outs, **more) for op, ins, outs, more in nodes], "net", given, out, held)
    sets = [helper.make_opsetid("", 17), *(helper.make_opsetid(name, 3) for name in domains)]
    return helper.make_model(made, opset_imports=sets, ir_version=8)


def test_of_an_onnx_file_what_its_one_output_needs_is_read(tmp_path):
    w = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")
    nodes = [("MatMul", ["x", "w"], ["m"], {}), ("Softmax", ["m"], ["p"], {}), ("ArgMax", ["m"], ["label"], {"axis": 1})]
    x, classes = np.random.default_rng(1).standard_normal((60, 4)), [0, 1, 2] * 20
    study = etabli.adopt(_onnx(nodes, {"label": 7, "p": 1}, {"w": w}), x, "kind", y=classes, out=tmp_path / "run")
    assert study.result["task"] == "multiclass" and study.result["proof"]["estimator"]["label_mismatches"] == 0
    refused = {
        r"outputs: p, m\n.*extract_model\('net.onnx', 'one.onnx', \['x'\], \['p'\]\)": _onnx(nodes[:2], {"p": 1, "m": 1}, {"w": w}),
        "weights in half precision": _onnx(
            [("Cast", ["x"], ["h"], {"to": 10}), ("MatMul", ["h", "w"], ["m"], {})], {"m": 10}, {"w": w.astype("float16")}
        ),
        "before it was quantised": _onnx(
            [("DynamicQuantizeLinear", ["x"], ["q", "s", "z"], {}), ("DequantizeLinear", ["q", "s", "z"], ["m"], {})], {"m": 1}, {}
        ),
    }
    for said, model in refused.items():
        with pytest.raises((etabli.errors.UsageError, Refused), match=said):
            etabli.adopt(model, x, "kind", y=classes, out=tmp_path / "other")


def test_weights_in_a_file_beside_an_onnx_file(tmp_path, monkeypatch):
    import onnx

    from etabli.adoption.loading import loaded

    w = np.random.default_rng(0).standard_normal((4, 1)).astype("float32")
    for name, factor in (("right", 1), ("wrong", 2)):
        (tmp_path / name).mkdir()
        model = _onnx([("MatMul", ["x", "w"], ["m"], {})], {"m": 1}, {"w": factor * w})
        path = tmp_path / name / "net.onnx"
        onnx.save_model(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    monkeypatch.chdir(tmp_path / "wrong")  # where another file of that name lies
    x = np.random.default_rng(1).standard_normal((60, 4))
    study = etabli.adopt(loaded(str(tmp_path / "right" / "net.onnx")), x, "y", y=x[:, 0], out=tmp_path / "run")
    assert np.allclose(study.model.predict(x)["prediction"], x @ w, atol=1e-5)
    (tmp_path / "right" / "weights.bin").unlink()
    with pytest.raises(etabli.errors.UsageError, match=r"net.onnx: weights.bin"):
        loaded(str(tmp_path / "right" / "net.onnx"))
