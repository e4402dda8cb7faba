"""Every method without a target is held to the contract of structure/method.py; ours and outsiders' alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import etabli.examples
from etabli.data.sources import read
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.records import Array, Column
from etabli.structure.method import Clustering, Method, Projection
from etabli.structure.methods import clusterings, detectors, projections
from etabli.structure.space import learned

PENGUINS = Path(etabli.examples.__file__).parent / "penguins.csv"
METHODS: list[Method] = [*clusterings().values(), *projections().values(), *detectors().values()]
TABLES = {
    "groups": lambda random: np.repeat(random.normal(size=(3, 4)) * 5, 40, axis=0) + random.normal(size=(120, 4)),
    "noise": lambda random: random.normal(size=(60, 3)),
    "one column": lambda random: random.normal(size=(40, 1)),
    "two values": lambda random: np.repeat([[0.0, 1.0], [1.0, 0.0]], 20, axis=0),
    "constant": lambda random: np.ones((30, 2)),
    "two rows": lambda random: random.normal(size=(2, 3)),
    "one row": lambda random: random.normal(size=(1, 3)),
    "wide": lambda random: random.normal(size=(20, 60)),
}


def never() -> bool:
    return False


def matrix(name: str) -> Array:
    return np.asarray(TABLES[name](np.random.default_rng(7)), float)


def answered(method: Method, found: Any, x: Array) -> Array:
    """The graph's answer."""
    columns = [Column(f"c{i}", "number") for i in range(x.shape[1])]
    graph = Graph(columns)
    joined = graph.op("Concat", *[graph.input(column.name) for column in columns], axis=1) if len(columns) > 1 else graph.input("c0")
    model = graph.model({"answer": (method.write(found, graph, joined), "double", None)})
    return np.asarray(run(model.SerializeToString(), {f"c{i}": x[:, i : i + 1] for i in range(x.shape[1])})["answer"])


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_keeps_the_contract(method: Method, name: str) -> None:
    x = matrix(name)
    for values in [method.settings(*x.shape)[i] for i in {0, len(method.settings(*x.shape)) - 1} if method.settings(*x.shape)]:
        cost = method.cost(values, *x.shape)
        assert cost.work > 0
        assert cost.memory > 0
        found = method.fit(values, x.copy(), 3, never)
        again = method.fit(values, x.copy(), 3, never)
        assert found.arrays.keys() == again.arrays.keys()
        assert all(np.array_equal(found.arrays[key], again.arrays[key], equal_nan=True) for key in found.arrays)
        answer = method.apply(found, x)
        assert answer.shape[0] == len(x)
        assert np.isfinite(answer).all()
        graph = answered(method, found, x)
        scale = max(1.0, float(np.abs(answer).max()))
        assert np.abs(graph - answer).max() <= 1e-12 * scale
        assert np.abs(answered(method, found, x[:1]) - answer[:1]).max() <= 1e-12 * scale
        if isinstance(method, Clustering):
            assert found.labels is not None
            assert len(found.labels) == len(x)
            assert (found.labels < answer.shape[1]).all()
        if isinstance(method, Projection):
            assert answer.shape[1] <= x.shape[1]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_says_what_it_is(method: Method) -> None:
    assert method.name.isidentifier()
    assert method.title
    assert method.citation
    assert len(method.doc) > 30


@pytest.mark.parametrize("method", [*projections().values(), *detectors().values()], ids=lambda method: method.name)
def test_rows_in_another_order_give_the_same_answers(method: Method) -> None:
    """Clusterings, whose labels may swap, have theirs in test_clusterings.py."""
    x = matrix("groups")
    order = np.random.default_rng(5).permutation(len(x))
    values = method.settings(*x.shape)[0]
    one, two = (method.apply(method.fit(values, rows, 3, never), x) for rows in (x, x[order]))
    assert np.abs(one - two).max() <= 1e-9 * np.abs(one).max()


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Array:
    """Numbers, categories and missing cells, through the space."""
    table = read(str(PENGUINS), tmp_path_factory.mktemp("penguins") / "data", {}, lambda *_, **__: None)
    rows = np.arange(table.rows)
    assert any((np.isnan(cells) if cells.dtype.kind == "f" else cells < 0).any() for cells in (table.values[c.name] for c in table.columns))
    return learned(table, [column.name for column in table.columns], rows, 0).apply(table, rows)[::2]


@pytest.mark.parametrize("method", [*projections().values(), *detectors().values()], ids=lambda method: method.name)
def test_categories_and_missing_cells_are_answered_and_written(method: Method, penguins: Array) -> None:
    values = method.settings(*penguins.shape)[0]
    found = method.fit(values, penguins, 3, never)
    answer = method.apply(found, penguins)
    assert np.isfinite(answer).all()
    assert np.ptp(answer) > 0
    assert np.abs(answered(method, found, penguins) - answer).max() <= 1e-12 * max(1.0, float(np.abs(answer).max()))


@pytest.mark.parametrize("name", ["knn", "lof"])
def test_a_row_is_never_laid_out_beside_all_its_neighbours(name: str) -> None:
    """64 rows of 6,830 columns once took 4.8 GB. Of 900 columns two candidates at a time: no step makes more numbers a row."""
    x, method = np.random.default_rng(11).normal(size=(64, 900)), detectors()[name]
    found = method.fit(method.settings(*x.shape)[0], x, 3, never)
    assert np.abs(answered(method, found, x) - method.apply(found, x)).max() <= 1e-12 * np.abs(method.apply(found, x)).max()
    graph = Graph([Column("c0", "number")])
    wide = graph.op("Expand", graph.input("c0"), graph.const([1, 900], np.int64))
    model = graph.model({"answer": (method.write(found, graph, wide), "double", None)})
    steps = onnx.shape_inference.infer_shapes(model, data_prop=True).graph.value_info
    assert max(np.prod([d.dim_value for d in step.type.tensor_type.shape.dim if d.dim_value]) for step in steps) == 2 * 900
