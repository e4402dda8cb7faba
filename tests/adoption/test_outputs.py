"""What a network's outputs are: classes with names, log-odds, shares or a number, as the user says it; what cannot be is refused with the next step."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.adoption.loading import shaped
from etabli.cli import main
from etabli.errors import DataError, UsageError
from etabli.estimators import Refused

torch = pytest.importorskip("torch")
nn = torch.nn
KINDS = ("cat", "dog", "eel")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows with three kinds, two kinds as words, and the same two as 0 and 1."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    kind = (x + 0.3 * random.normal(size=x.shape)).argmax(axis=1)
    path = tmp_path_factory.mktemp("outputs") / "held.csv"
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{KINDS[k]},{'yes' if k == 1 else 'no'},{int(k == 1)}" for (a, b, c), k in zip(x, kind, strict=True)]
    path.write_text("\n".join(["a,b,c,kind,is,number", *lines]) + "\n", encoding="utf-8")
    return path


def net(outputs: int, last: Any = None) -> Any:
    """The columns themselves, or twice the second less the others: what the kinds were made of."""
    layer = nn.Linear(3, outputs, bias=False)
    layer.weight.data = 5 * torch.eye(3) if outputs == 3 else torch.tensor([[-3.0, 6.0, -3.0]])
    return nn.Sequential(layer, *([last] if last else [])).eval()


def rows(held: Path, *kept: str) -> dict[str, Any]:
    head, *lines = held.read_text(encoding="utf-8").splitlines()
    columns = dict(zip(head.split(","), zip(*(line.split(",") for line in lines), strict=True), strict=True))
    return {
        name: [float(v) for v in column] if name in "abc" else list(column)
        for name, column in columns.items()
        if name in ("a", "b", "c", *kept)
    }


def test_classes_have_the_names_that_the_user_gives(held: Path, tmp_path: Path) -> None:
    study = etabli.adopt(net(3), rows(held, "kind"), "kind", classes=KINDS, out=tmp_path / "run")
    assert study.result["classes"] == list(KINDS) and study.result["honest"]["value"] < 0.6
    given = study.model.predict({"a": [9.0, 0.0], "b": [0.0, 0.0], "c": [0.0, 9.0]})
    assert given["prediction"][:, 0].tolist() == ["cat", "eel"]
    assert "--classes cat,dog,eel" in study.result["command"] and "classes=['cat', 'dog', 'eel']" in study.result["python_call"]


@pytest.mark.parametrize(
    ("last", "asked"), [(None, {"classes": ("no", "yes")}), (nn.Sigmoid(), {"classes": ("no", "yes")}), (None, {"gives": "logits"})]
)
def test_one_output_may_be_about_two_classes(held: Path, tmp_path: Path, last: Any, asked: Any) -> None:
    target = "is" if "classes" in asked else "number"
    study = etabli.adopt(net(1, last), rows(held, target), target, out=tmp_path / "run", **asked)
    assert study.result["task"] == "binary" and study.result["classes"] == list(asked.get("classes", ("0", "1")))
    assert study.result["honest"]["value"] < 0.45 < study.result["baseline"]["value"]
    assert study.result["proof"]["estimator"]["label_mismatches"] == 0


def test_what_cannot_be_told_or_cannot_be_is_refused_with_the_next_step(held: Path, tmp_path: Path) -> None:
    def refused(error: type[Exception], said: str, module: Any, target: str, **asked: Any) -> None:
        with pytest.raises(error) as caught:
            etabli.adopt(module, rows(held, target), target, out=tmp_path / "no", **asked)
        assert said in f"{caught.value.rule}; {caught.value.got}; {caught.value.hint}"  # type: ignore[attr-defined]
        assert not (tmp_path / "no" / "model.onnx").exists()

    refused(DataError, "--classes cat,dog,eel", net(3), "kind")
    refused(DataError, "--classes no,yes", net(1), "is")
    refused(UsageError, "--gives logits", net(1), "number")
    refused(UsageError, "2 names", net(3), "kind", classes=("cat", "dog"))
    refused(UsageError, "cat twice", net(3), "kind", classes=("cat", "cat", "eel"))
    refused(UsageError, "two classes or more", net(1), "is", classes=("yes",))
    refused(UsageError, "3 names", net(1), "is", classes=("a", "b", "c"))
    refused(UsageError, "logits", net(1), "number", gives="logit")
    refused(UsageError, "one output and no classes", net(3), "kind", gives="number")
    refused(DataError, "the model's classes: cat, dog, fox", net(3), "kind", classes=("cat", "dog", "fox"))
    from sklearn.linear_model import LogisticRegression

    known = LogisticRegression().fit(np.eye(3), [0, 1, 1])
    refused(UsageError, "knows its own classes", known, "number", classes=("a", "b"))


class Two(nn.Module):
    """Codes and a small image, each in an input of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.look, self.last = nn.Embedding(3, 2), nn.Conv2d(1, 2, 2), nn.Linear(4, 1)

    def forward(self, code: Any, image: Any) -> Any:
        return self.last(torch.cat([self.table(code)[:, 0], self.look(image).mean((2, 3))], 1))


def test_a_module_of_several_inputs_is_told_which_columns_each_takes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, random = Two().eval(), np.random.default_rng(0)
    codes, pixels = random.integers(0, 3, 120), random.normal(size=(120, 6)).round(4)
    data = {"code": codes.astype(float), **{f"p{k}": pixels[:, k] for k in range(6)}}
    with torch.no_grad():
        own = module(torch.tensor(codes)[:, None], torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 2, 3)).numpy()[:, 0]
    rows_ = data | {"y": own + random.normal(size=120) * 0.1}
    study = etabli.adopt(module, rows_, "y", inputs={"code": 1, "image": (1, 2, 3)}, out=tmp_path / "run")
    assert np.allclose(study.model.predict(data)["prediction"][:, 0], own, atol=1e-5)
    assert "--inputs code=1,image=1x2x3" in study.result["command"]
    for asked, said in (
        ({}, "--inputs code=COLUMN,... --inputs image=COLUMN,..."),
        ({"code": 1, "picture": 6}, "Two takes code, image"),
        ({"code": 1, "image": (1, 2, 2)}, ""),
    ):
        with pytest.raises((UsageError, Refused)) as caught:
            etabli.adopt(module, rows_, "y", inputs=asked, out=tmp_path / "no")
        assert said in f"{caught.value.got} {caught.value.hint}"
    assert shaped(["codes=3,pixels=1x28x28"]) == {"codes": (3,), "pixels": (1, 28, 28)}
    assert shaped(["lags=2x1:old,new", "sizes=a:b,c"]) == {"lags": (2, 1, "old", "new"), "sizes": ("a:b", "c")}
    assert shaped(["codes=island,sex", "size=body mass"]) == {"codes": ("island", "sex"), "size": ("body mass",)}
    for wrong in (["codes"], ["a=3,a=4"], ["a=", "b=3"], ["a=x,,y"], ["=3"], ["a=3", "a=u"]):
        with pytest.raises(UsageError, match="NAME=SHAPE"):
            shaped(wrong)


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.last = nn.Embedding(3, 2), nn.Linear(4, 1)

    def forward(self, code: Any, sizes: Any) -> Any:
        return self.last(torch.cat([self.table(code)[:, 0], sizes], 1))


def test_the_columns_of_each_input_are_named(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module, random = Pair().eval(), np.random.default_rng(0)
    codes, sizes = random.integers(0, 3, 120), random.normal(size=(120, 2)).round(4)
    with torch.no_grad():
        own = module(torch.tensor(codes)[:, None], torch.tensor(sizes, dtype=torch.float32)).numpy()[:, 0]
    data = {"id": np.arange(120.0), "tall": sizes[:, 1], "sex": codes.astype(float), "wide": sizes[:, 0]}  # in no order, and one too many
    rows_ = data | {"y": own + random.normal(size=120) * 0.1}
    file = io.BytesIO()
    axes = {"code": {0: "rows"}, "sizes": {0: "rows"}}
    example = (torch.zeros((2, 1), dtype=torch.int64), torch.zeros((2, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, example, file, dynamo=False, input_names=list(axes), dynamic_axes=axes)
    asked: dict[str, Any] = {"sizes": ["wide", "tall"], "code": "sex"}
    for place, brought in enumerate((module, file.getvalue())):
        study = etabli.adopt(brought, rows_, "y", inputs=asked, out=tmp_path / f"run{place}")
        assert np.allclose(study.model.predict(data)["prediction"][:, 0], own, atol=1e-5)
        assert "--inputs sizes=wide,tall --inputs code=sex" in study.result["command"]
    for wrong, said in (
        ({"sizes": ["wide", "tal"], "code": "sex"}, 'did you mean "tall"'),
        ({"sizes": ["wide", "sex"], "code": "sex"}, "sex"),
        ({"sizes": ["wide", "tall"]}, "code"),
        ({"sizes": ["wide", "y"], "code": "sex"}, "y"),
        ({"sizes": 2, "code": 9}, "code takes 9; 2 are left"),
    ):
        with pytest.raises(UsageError) as caught:
            etabli.adopt(module, rows_, "y", inputs=wrong, out=tmp_path / "no")
        assert said in f"{caught.value.got} {caught.value.hint}" and "--inputs" in caught.value.rule
    with pytest.raises(UsageError, match="as many columns as it takes"):
        etabli.adopt(file.getvalue(), rows_, "y", inputs=asked | {"sizes": ["wide"]}, out=tmp_path / "no")


def test_the_command_line_takes_them_too(held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "three.py").write_text(
        "import torch\nnet = torch.nn.Linear(3, 3, bias=False)\nnet.weight.data = 5 * torch.eye(3)\n", encoding="utf-8"
    )
    (tmp_path / "held.csv").write_text(
        "\n".join(",".join(line.split(",")[:4]) for line in held.read_text().splitlines()) + "\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    words = ["adopt", "three.py:net", "--data", "held.csv", "-t", "kind", "-q", "-o", "run"]
    assert main([*words, "--classes", "cat,dog,eel", "--gives", "logits"]) == 0
    assert main(words) == 3
