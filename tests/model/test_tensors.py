"""A whole file as tensors of PyTorch and JAX answers as onnxruntime does, and has gradients where the file is smooth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.errors import UsageError
from etabli.families import families
from etabli.families.conformance import fit, strange, written
from etabli.graph.run import run as onnxruntime
from etabli.model.probes import probe_feeds
from etabli.model.tensors.arrays import Numpy, Torch
from etabli.model.tensors.forest import forest
from etabli.model.tensors.operators import run
from etabli.model.tensors.plan import plan

KEPT = sorted((Path(__file__).parent / "kept").glob("*.onnx"))
torch = pytest.importorskip("torch")


def rows_of(model: Any) -> dict[str, Any]:
    return model.carried()


def feeds_for(model: Any, feeds: dict[str, Any]) -> Any:
    """Already read: what `Model.read` would give."""

    class Read:
        pass

    made = Read()
    made.feeds = feeds
    return made


def close(got: Any, right: Any, bound: float) -> bool:
    got, right = np.asarray(got).astype(float), np.asarray(right).astype(float)
    scale = max(1.0, float(np.abs(right[np.isfinite(right)]).max(initial=0)))
    return got.shape == right.shape and np.allclose(got, right, rtol=0, atol=bound * scale, equal_nan=True)


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_whole_file_answers_as_it_does_in_onnxruntime(path: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = etabli.load(path)
    made = getattr(model, f"to_{library}")()
    rows = rows_of(model)
    for feeds in (rows, probe_feeds(rows, 0)):
        right = model.run(feeds, len(next(iter(feeds.values()))))
        monkeypatch.setattr(type(model), "read", lambda self, data, feeds=feeds: feeds_for(self, feeds))
        inputs = made.inputs(None)
        got = {name: np.asarray(value) for name, value in made(inputs).items()}
        assert {"novelty"} < set(got) <= set(right)
        for name, value in got.items():
            assert close(value, right[name], 1e-12), name


SOME = (
    "baseline",
    "forest",
    "gp",
    "histgb",
    "knn",
    "lda",
    "lightgbm",
    "logistic",
    "naivebayes",
    "qda",
    "spline",
    "svm",
    "tabm",
    "tree",
    "xgboost",
)
CASES = [(families()[name], task) for name in SOME for task in families()[name].tasks[-1:]]


@pytest.mark.parametrize(("family", "task"), CASES, ids=[family.name for family, _ in CASES])
def test_a_family_answers_as_in_onnxruntime(family: Any, task: Any) -> None:
    fitted, data = fit(family, task)
    model = written(family, fitted, data.x.shape[1])
    x = strange(model, fitted.setting.wants, task)
    right = onnxruntime(model, {"X": x})["raw"]
    cut = plan(model.SerializeToString(), {"X": "double"}, frozenset(), ("raw",))
    forests = {node.outputs[0]: forest(node) for node in cut.nodes if node.op == "TreeEnsemble"}
    plain = run(Numpy(np, np.float64), cut.nodes, dict(cut.constants) | {"X": x}, forests)["raw"]
    single = family.name == "xgboost"  # its sums are of single precision, in whatever order
    assert close(plain, right, 1e-6 if single else 1e-9)
    if not forests:  # trees in PyTorch are tried in whole files
        other = run(Torch(torch, torch.float64), cut.nodes, dict(cut.constants) | {"X": torch.from_numpy(x)}, {})["raw"]
        assert close(other, right, 1e-9)


@pytest.fixture(scope="module")
def smooth(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A ridge on made columns, one of them of texts."""
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    kind = random.choice(["a", "b", "c"], 200)
    table = {"one": x[:, 0], "two": x[:, 1], "kind": kind, "y": 3 * x[:, 0] - x[:, 1] + (kind == "a")}
    place = tmp_path_factory.mktemp("smooth")
    lines = [",".join(table)] + [",".join(map(str, row)) for row in zip(*table.values(), strict=True)]
    (place / "made.csv").write_text("\n".join(lines), encoding="utf-8")
    etabli.fit(place / "made.csv", target="y", families=["ridge"], effort="glance", out=place / "made.etabli")
    return etabli.load(place / "made.etabli"), {"one": [0.2, -1.0], "two": [0.5, 0.1], "kind": ["a", "zz"]}


def test_gradients_are_those_of_the_file(smooth: Any) -> None:
    import jax

    model, rows = smooth
    step = 1e-5
    ahead = model.predict(rows | {"one": [0.2 + step, -1.0 + step]})["prediction"]
    slope = (ahead - model.predict(rows)["prediction"])[:, 0] / step
    module = model.to_torch()
    inputs = module.inputs(rows)
    inputs["one"].requires_grad_()
    module(inputs)["prediction"].sum().backward()
    assert np.allclose(inputs["one"].grad.numpy()[:, 0], slope, rtol=1e-4)
    function = model.to_jax()
    numbers = function.inputs(rows)
    with jax.enable_x64(True):
        gradient = jax.grad(lambda one: function.apply(function.params, numbers | {"one": one})["prediction"].sum())(numbers["one"])
    assert np.allclose(np.asarray(gradient)[:, 0], slope, rtol=1e-4)


def test_what_was_learned_are_parameters_and_single_precision_is_near(smooth: Any) -> None:
    model, rows = smooth
    right = model.predict(rows)["prediction"]
    module = model.to_torch(precision="single")
    assert {value.dtype for value in module.parameters()} == {torch.float32}
    assert close(module(module.inputs(rows))["prediction"], right, 1e-5)
    again = model.to_torch()
    before = again(again.inputs(rows))["prediction"]
    assert close(before, right, 1e-12)
    assert sum(value.numel() for value in again.parameters()) > 3
    with pytest.raises(UsageError, match="double or single"):
        model.to_jax(precision="half")


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_table_given_to_the_function_is_told_where_it_goes(smooth: Any, library: str) -> None:
    model, rows = smooth
    made = getattr(model, f"to_{library}")()
    for wrong in ("made.csv", rows, {}, {"one": np.zeros((2, 1))}):
        with pytest.raises(UsageError, match="numbers that its inputs") as told:
            made(wrong)
        assert "f(f.inputs(data))" in str(told.value.hint)
    as_arrays = {name: np.asarray(value) for name, value in made.inputs(rows).items()}
    assert close(made(as_arrays)["prediction"], model.predict(rows)["prediction"], 1e-12)
    assert "prediction" in repr(made) and "learned numbers" in repr(made) and len(repr(made)) < 400


def test_a_jax_function_is_compiled_once_for_so_many_rows(smooth: Any) -> None:
    import logging

    import jax

    model, rows = smooth
    function = model.to_jax()
    inputs = function.inputs(rows)
    seen: list[str] = []
    hearing = logging.Handler()
    hearing.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("jax")
    logger.addHandler(hearing)
    try:
        with jax.log_compiles():
            first = function(inputs)["prediction"]
            assert any("Compiling" in line for line in seen)
            seen.clear()
            assert np.array_equal(function(inputs)["prediction"], first)
    finally:
        logger.removeHandler(hearing)
    assert not [line for line in seen if "Compiling" in line]


def test_without_its_library_what_to_install_is_told(smooth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from etabli.families.tabm import Tabm
    from etabli.model.tensors import jax as as_jax
    from etabli.work import asked

    for module in (asked, as_jax, sys.modules[Tabm.__module__]):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"etabli\[torch\]"):
        smooth[0].to_torch()
    with pytest.raises(ImportError, match=r"etabli\[nets\]"):
        smooth[0].to_jax()
    with pytest.raises(UsageError, match="tabm needs jax") as told:
        asked.asked(__file__, "y", families=["ridge", "tabm"])
    assert "etabli[nets]" in str(told.value.hint)
    assert Tabm().settings(None) == []  # type: ignore[arg-type]


def test_leaves_of_trees_are_parameters_and_have_the_same_gradients_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import fields, replace

    import jax
    import jax.numpy as xp

    fitted, data = fit(families()["tree"], "regression")
    cut = plan(written(families()["tree"], fitted, data.x.shape[1]).SerializeToString(), {"X": "double"}, frozenset(), ("raw",))
    (name, trees), x = next((node.outputs[0], forest(node)) for node in cut.nodes if node.op == "TreeEnsemble"), data.x[:50]
    with jax.enable_x64(True):

        def answer(weight: Any) -> Any:
            return run(Numpy(xp, xp.float64), cut.nodes, dict(cut.constants) | {"X": xp.asarray(x)}, {name: replace(ready, weight=weight)})[
                "raw"
            ].sum()

        ready = replace(trees, **{one.name: xp.asarray(getattr(trees, one.name)) for one in fields(trees) if one.name != "depth"})
        found = np.asarray(jax.jit(jax.grad(answer))(ready.weight))
    tensors = {one.name: torch.from_numpy(np.array(getattr(trees, one.name))) for one in fields(trees) if one.name != "depth"}
    tensors["weight"].requires_grad_()
    run(Torch(torch, torch.float64), cut.nodes, dict(cut.constants) | {"X": torch.from_numpy(x)}, {name: replace(trees, **tensors)})[
        "raw"
    ].sum().backward()
    assert np.array_equal(found, tensors["weight"].grad.numpy()) and found.sum() == 50  # each row reaches one leaf

    model = etabli.load(next(path for path in KEPT if path.stem.startswith("binary")))
    rows = rows_of(model)
    monkeypatch.setattr(type(model), "read", lambda self, data: feeds_for(self, rows))
    function = model.to_jax()
    leaves = {name: value + 1 for name, value in function.params.items() if name.endswith(".leaves")}
    assert leaves
    with jax.enable_x64(True):
        before, after = (function.apply({**function.params, **other}, function.inputs(None)) for other in ({}, leaves))
    assert any(not np.array_equal(before[name], after[name]) for name in before)


def test_a_probability_is_not_below_itself_where_jax_compiles() -> None:
    """The end of every file of two classes: XLA may round a number otherwise in each place that asks for it, and the likeliest class was not in its set."""
    import jax
    import jax.numpy as xp
    from onnx import TensorProto, helper

    given, asked = (
        helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 2]),
        helper.make_tensor_value_info("set", TensorProto.BOOL, [None, 2]),
    )
    constants = [
        helper.make_tensor("eleven", TensorProto.DOUBLE, [1], [11.0]),
        helper.make_tensor("one", TensorProto.DOUBLE, [1], [1.0]),
        helper.make_tensor("weights", TensorProto.DOUBLE, [2, 1], [7.0, 4.0]),
        helper.make_tensor("last", TensorProto.INT64, [1], [1]),
    ]
    nodes = [
        helper.make_node("Exp", ["x"], ["power"]),
        helper.make_node("Add", ["one", "power"], ["below"]),
        helper.make_node("Div", ["one", "below"], ["each"]),
        helper.make_node("MatMul", ["each", "weights"], ["sum"]),
        helper.make_node("Div", ["sum", "eleven"], ["p"]),
        helper.make_node("Sub", ["one", "p"], ["rest"]),
        helper.make_node("Concat", ["rest", "p"], ["both"], axis=1),
        helper.make_node("ReduceMax", ["both", "last"], ["largest"]),
        helper.make_node("Min", ["largest", "one"], ["least"]),
        helper.make_node("GreaterOrEqual", ["both", "least"], ["set"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "set", [given], [asked], constants))
    cut = plan(model.SerializeToString(), {"x": "double"}, frozenset(), ("set",))
    x = np.random.default_rng(0).normal(size=(5_000, 2))
    with jax.enable_x64(True):

        def answer(x: Any) -> Any:
            found = run(Numpy(xp, xp.float64), cut.nodes, dict(cut.constants) | {"x": x}, {})
            return found["set"], found["both"]

        made = jax.jit(answer)(xp.asarray(x))[0]
    assert np.asarray(made).any(axis=1).all()


def test_of_a_table_of_texts_alone_only_what_reads_texts_stays_outside() -> None:
    """Everything hangs on texts there: the weights must be in the function all the same."""
    from onnx import TensorProto, helper

    text, number = (
        helper.make_tensor_value_info(name, kind, [None, 1]) for name, kind in (("word", TensorProto.STRING), ("y", TensorProto.DOUBLE))
    )
    constants = [
        helper.make_tensor("weight", TensorProto.DOUBLE, [1, 1], [3.0]),
        helper.make_tensor("width", TensorProto.INT64, [1], [1]),
        helper.make_tensor("one", TensorProto.DOUBLE, [], [0.5]),
    ]
    nodes = [
        helper.make_node(
            "LabelEncoder", ["word"], ["code"], domain="ai.onnx.ml", keys_strings=["a", "b"], values_int64s=[0, 1], default_int64=-1
        ),
        helper.make_node("Shape", ["word"], ["size"]),
        helper.make_node("Expand", ["one", "size"], ["half"]),
        helper.make_node(
            "LabelEncoder",
            ["code"],
            ["known"],
            domain="ai.onnx.ml",
            keys_tensor=helper.make_tensor("", TensorProto.INT64, [2], [0, 1]),
            values_tensor=helper.make_tensor("", TensorProto.DOUBLE, [2], [2.0, 4.0]),
            default_tensor=helper.make_tensor("", TensorProto.DOUBLE, [1], [-1.0]),
        ),
        helper.make_node("MatMul", ["known", "weight"], ["product"]),
        helper.make_node("Add", ["product", "half"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "texts", [text], [number], constants)
    cut = plan(helper.make_model(graph).SerializeToString(), {"word": "string"}, frozenset(), ("y",))
    assert [node.op for node in cut.nodes] == ["MatMul", "Add"] and set(cut.entering) == {"known", "half"}
    assert set(cut.constants) == {"weight"}


def test_numbers_are_looked_up_among_numbers_while_jax_traces_too() -> None:
    import jax
    import jax.numpy as xp
    from onnx import TensorProto, helper

    double = {name: helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1]) for name in ("x", "y")}
    table = {"keys_tensor": [1.0, 2.0, float("nan")], "values_tensor": [10.0, 20.0, 30.0], "default_tensor": [-1.0]}
    held = {name: helper.make_tensor("", TensorProto.DOUBLE, [len(value)], value) for name, value in table.items()}
    node = helper.make_node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", **held)
    model = helper.make_model(helper.make_graph([node], "table", [double["x"]], [double["y"]]))
    cut = plan(model.SerializeToString(), {"x": "double"}, frozenset(), ("y",))
    with jax.enable_x64(True):
        made = jax.jit(lambda x: run(Numpy(xp, xp.float64), cut.nodes, {"x": x}, {})["y"])(xp.asarray([[2.0], [1.5], [np.nan], [1.0]]))
    assert np.array_equal(np.asarray(made), [[20.0], [-1.0], [30.0], [10.0]])
