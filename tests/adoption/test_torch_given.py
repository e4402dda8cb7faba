"""What people hold of PyTorch beside a trained module: files, wrappers, weights alone, classes, and modules that a trace would get wrong."""

import zipfile

import numpy as np
import pytest

import etabli
from etabli.adoption.loading import loaded
from etabli.errors import DataError, EtabliError, UsageError
from tests.test_brought_jax import _digits

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch calls half of its own ways of saving deprecated


def _net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 10)).eval()


class Doubled(nn.Module):
    """A default that is a number, which the exporter would make an input of."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, scale=2.0):
        return self.net(x) * scale


class Branching(nn.Module):
    """Takes the same way on all rows of the digits."""

    def forward(self, x):
        return x[:, :10] if x.sum() > -1e9 else -x[:, :10]


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 2, 3), nn.Linear(72, 10)

    def forward(self, x):
        return self.last(self.first(x).flatten(1))


class Heads(nn.Module):
    def forward(self, x):
        return {"digit": x[:, :10], "ink": x[:, :1]}


def test_files_of_pytorch_are_told_apart_before_anything_in_them_runs(tmp_path):
    net = _net()
    torch.jit.script(net).save(tmp_path / "script.pt")
    torch.save(net, tmp_path / "whole.pth")
    torch.save({"epoch": 3, "model": net.state_dict()}, tmp_path / "weights.pt")
    with zipfile.ZipFile(tmp_path / "program.pt2", "w") as file:  # as torch.export.save names its parts (which takes seconds)
        file.writestr("program/archive_format", "pt2")
    x = _digits()[0]
    for name in ("script.pt", "whole.pth"):
        with pytest.raises(UsageError, match="--trust-pickle"):
            loaded(str(tmp_path / name))
        study = etabli.adopt(loaded(str(tmp_path / name), trusted=True), x, "digit", y=_digits()[1], out=tmp_path / name[:-4])
        assert np.array_equal(
            study.model.predict(x)["prediction"][:, 0].astype(int), net(torch.tensor(x, dtype=torch.float32)).argmax(1).numpy()
        )
    for name, said in {"weights.pt": "holds the weights", "program.pt2": "ONNX", "gone.pt": "file exists"}.items():
        with pytest.raises(UsageError, match=said):
            loaded(str(tmp_path / name), trusted=True)


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile, Doubled])
def test_wrappers_and_defaults_of_forward(wrap, tmp_path):
    x, y = _digits()
    proof = etabli.adopt(wrap(_net()), x, "digit", y=y, out=tmp_path / "run").result["proof"]["estimator"]
    assert proof["rows"] == len(x) and proof["max_difference"] <= 1e-9 * proof["scale"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: _net().bfloat16(), "weights in bfloat16.*\n.*net.float"),
        (lambda: _net().state_dict(), "come with the code of its module"),
        (lambda: Pictures, "Pictures is a class"),
        (Pictures, "--inputs x=1x8x8"),
        (Branching, r"test_torch_given.py, line \d+: return x.*if x.sum\(\)"),
        (Heads, r'gives 2: digit, ink\n.*net\(x\)\["digit"\]'),
    ],
)
def test_what_cannot_be_adopted_is_told_with_the_next_step(make, said, tmp_path):
    x, y = _digits()
    with pytest.raises(EtabliError, match=said):
        etabli.adopt(make(), x, "digit", y=y, out=tmp_path / "run")
    assert not (tmp_path / "run" / "model.onnx").exists()


def test_a_target_of_numbers_beside_several_outputs_is_no_list_of_classes(tmp_path):
    x = _digits()[0]
    with pytest.raises(DataError, match=r"\d+ different values; PyTorch's Linear has 2 outputs"):
        etabli.adopt(nn.Linear(64, 2), x, "ink", y=x.sum(axis=1) / 7, out=tmp_path / "run")


def test_columns_of_texts_are_named(tmp_path):
    with pytest.raises(EtabliError, match="hold texts: island"):
        etabli.adopt(nn.Linear(2, 1), {"size": np.arange(30.0), "island": ["Dream", "Biscoe"] * 15}, out=tmp_path / "run")


class Normal(nn.Module):
    """A distribution of PyTorch's at the end."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(64, 2)

    def forward(self, x):
        z = self.last(x)
        return torch.distributions.Normal(z[:, 0], nn.functional.softplus(z[:, 1]))


class Noisy(nn.Module):
    def forward(self, x):
        return x[:, :1] * torch.rand_like(x[:, :1])


def test_a_distribution_gives_its_mean_and_its_deviation_and_noise_is_refused(tmp_path):
    torch.manual_seed(0)
    x, module = _digits()[0] / 16, Normal()
    study = etabli.adopt(module, x, "ink", y=x.sum(axis=1), out=tmp_path / "run")
    answers, own = study.model.predict(x), module(torch.tensor(x, dtype=torch.float32))
    assert np.allclose(answers["deviation"][:, 0], own.stddev.detach().numpy(), atol=1e-6)
    assert {"prediction", "lower", "upper", "deviation", "novelty"} == set(answers)
    with pytest.raises(EtabliError, match="drawn by chance"):
        etabli.adopt(Noisy(), x, "ink", y=x.sum(axis=1), out=tmp_path / "other")


def test_a_folder_that_no_library_saved(tmp_path):
    with pytest.raises(UsageError, match=r"no saved_model\.pb"):
        loaded(str(tmp_path))


class Lagged(nn.Module):
    """Its rows are series of one number a step."""

    def __init__(self):
        super().__init__()
        self.gru, self.last = nn.GRU(1, 3, batch_first=True), nn.Linear(3, 1)

    def forward(self, lags):
        return self.last(self.gru(lags)[0][:, -1])


def test_a_shape_and_the_columns_that_fill_it(tmp_path):
    torch.manual_seed(0)
    module, x = Lagged(), np.random.default_rng(0).standard_normal((80, 4))
    columns = {name: x[:, at] for at, name in enumerate(("b", "unused", "c", "a"))}
    study = etabli.adopt(module, columns, "y", y=x[:, 0], inputs={"lags": (3, 1, "a", "b", "c")}, out=tmp_path / "run")
    own = module(torch.tensor(x[:, [3, 0, 2]], dtype=torch.float32)[..., None]).detach().numpy()
    assert np.allclose(study.model.predict(columns)["prediction"], own, atol=1e-5)
    assert "--inputs lags=3x1:a,b,c" in study.result["command"]
    with pytest.raises(UsageError, match="lags takes 3; 2 are named"):
        etabli.adopt(module, columns, "y", y=x[:, 0], inputs={"lags": (3, 1, "a", "b")}, out=tmp_path / "other")
