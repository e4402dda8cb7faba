"""Trees written as one node: the sums, the sets, missing values, the cut, the probes and the speed of writing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.graph.links import apply, link
from etabli.graph.run import run

NAN = np.nan


def model_of(arrays, columns, outputs=1):
    graph = Graph()
    x = graph.input("X", "double", (None, columns))
    return graph.model({"raw": (trees.write(graph, x, arrays, outputs), "double", outputs)})


def walk(arrays, row, outputs=1):
    """A plain interpreter of the flat arrays, to compare with."""
    total = np.zeros(outputs)
    ends = np.flatnonzero(np.isnan(arrays["members"]))
    sets = dict(zip(np.flatnonzero(arrays["mode"] == trees.MEMBER), np.split(arrays["members"], ends + 1), strict=False))
    for root in arrays["root"]:
        node, leaf = int(root), None
        while leaf is None:
            value = row[arrays["feature"][node]]
            if np.isnan(value):
                true = bool(arrays["nan_true"][node])
            elif arrays["mode"][node] == trees.MEMBER:
                true = value in sets[node]
            else:
                true = value <= arrays["split"][node]
            side = "true" if true else "false"
            after = int(arrays[side][node])
            if arrays[f"{side}_leaf"][node]:
                leaf = after
            node = after
        total[arrays["target"][leaf]] += arrays["weight"][leaf]
    return total


def random_trees(seed, count=5, depth=3, columns=4, outputs=2):
    random, made = np.random.default_rng(seed), trees.Trees()
    for number in range(count):
        nodes = int(random.integers(0, 2**depth))
        if not nodes:
            made.constant(float(random.normal()), number % outputs)
            continue
        child = np.full((nodes, 2), 0)
        places = [(0, 0), (0, 1)]
        for node in range(1, nodes):  # hang each node somewhere free
            where = places.pop(random.integers(len(places)))
            child[where] = node
            places += [(node, 0), (node, 1)]
        for leaf, where in enumerate(places):
            child[where] = ~leaf
        feature = random.integers(0, columns, nodes)
        mode = np.where(feature == columns - 1, trees.MEMBER, trees.LEQ)
        members = []
        for _ in np.flatnonzero(mode == trees.MEMBER):
            members += [*sorted(random.choice(70, random.integers(1, 9), replace=False).astype(float)), NAN]
        made.add(
            feature, np.where(mode == trees.MEMBER, 0, random.integers(-3, 4, nodes)), child[:, 0], child[:, 1], random.normal(size=nodes + 1),
            mode=mode, nan_true=random.integers(0, 2, nodes), members=tuple(members), target=number % outputs,
        )  # fmt: skip
    return made.arrays()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_node_equals_a_plain_walk(seed):
    arrays = random_trees(seed)
    random = np.random.default_rng(seed + 1)
    x = random.integers(-4, 5, (60, 4)).astype(float) + random.choice([0, 0, 0.5], (60, 4))
    x[:, 3] = random.choice([*range(72), -1, 1e9], 60)
    x[random.random(x.shape) < 0.15] = NAN
    got = run(model_of(arrays, 4, 2), {"X": x})["raw"]
    assert np.array_equal(got, [walk(arrays, row, 2) for row in x])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_sets_one_below_the_other_with_equal_leaves(seed):
    """onnxruntime 1.32 melts a set and the set below it on the same column, when their members reach equal leaves, and then counts a
    leaf of another tree twice."""
    random, made = np.random.default_rng(seed), trees.Trees()
    for number in range(4):
        made.constant(10.0 + number, number % 2)
    for number in range(3):
        sets = [*random.permutation(9)[:2].astype(float), NAN, *random.permutation(9)[:3].astype(float), NAN]
        made.add(
            np.array([0, 1, 1]), np.zeros(3), np.array([1, ~0, ~1]), np.array([~3, 2, ~2]), random.choice([0.0, -0.0, 0.5], 4),
            mode=np.array([trees.LEQ, trees.MEMBER, trees.MEMBER]), nan_true=random.integers(0, 2, 3), members=tuple(sets), target=number % 2,
        )  # fmt: skip
    x = np.column_stack([random.normal(size=40), np.append(random.integers(0, 10, 38), [NAN, -1])])
    got = run(model_of(made.arrays(), 2, 2), {"X": x})["raw"]
    assert np.array_equal(got, [walk(made.arrays(), row, 2) for row in x])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 5))
def test_first_trees_are_the_sum_of_those_trees(seed, count):
    arrays = random_trees(seed)
    cut = trees.first(arrays, count)
    x = np.random.default_rng(seed).normal(size=(20, 4)).round()
    assert np.array_equal(run(model_of(cut, 4, 2), {"X": x})["raw"], [walk(cut, row, 2) for row in x])
    assert len(cut["root"]) == count and (count == 5 or cut["weight"].base is arrays["weight"])


def test_start_value_is_the_first_tree():
    made = trees.Trees()
    made.constant(0.1)
    made.add(np.array([0]), np.array([0.0]), np.array([~0]), np.array([~1]), np.array([0.2, 0.3]))
    got = run(model_of(made.arrays(), 1), {"X": np.array([[-1.0], [1.0], [NAN]])})["raw"]
    assert got[:, 0].tolist() == [0.1 + 0.2, 0.1 + 0.3, 0.1 + 0.3]


def test_sum_does_not_depend_on_the_batch():
    arrays = random_trees(3, count=60, depth=5, outputs=1)
    model, x = model_of(arrays, 4), np.random.default_rng(0).normal(size=(300, 4))
    whole = run(model, {"X": x})["raw"]
    assert np.array_equal(whole, run(model, {"X": x}, block=1)["raw"])


def test_thresholds_and_probe_rows():
    made = trees.Trees()
    made.add(np.array([1, 2]), np.array([0.25, 0.0]), np.array([1, ~0]), np.array([~1, ~2]), np.ones(3),
             mode=np.array([trees.LEQ, trees.MEMBER]), members=(3.0, 9.0, NAN))  # fmt: skip
    model = model_of(made.arrays(), 4)
    assert {k: [v.tolist() for v in pair] for k, pair in trees.thresholds(model).items()} == {1: [[0.25], []], 2: [[], [3.0, 9.0]]}
    x = np.full((7, 4), 5.0)
    rows = trees.threshold_rows(model, x, 200, 0)
    assert rows.shape == (200, 4) and (rows[:, [0, 3]] == 5.0).all()
    tried = rows[:, 1]
    for value in (0.25, np.nextafter(0.25, 1), np.nextafter(0.25, 0)):
        assert value in tried
    assert np.isnan(tried).any() and {3.0, 9.0, 4.0, 8.0, -1.0, 1e12} <= set(rows[:, 2])
    alone = rows[100:]
    assert ((alone[:, 1] == 5) ^ (alone[:, 2] == 5)).all()
    assert np.array_equal(rows, trees.threshold_rows(model, x, 200, 0), equal_nan=True)
    assert trees.threshold_rows(model, x, 0, 0).shape == (0, 4)


def test_probes_find_a_strict_comparison():
    """A writer that would say < for <= is caught by the probe rows, not by plain rows."""
    made = trees.Trees()
    made.add(np.array([0]), np.array([0.5]), np.array([~0]), np.array([~1]), np.array([1.0, 2.0]))
    right = made.arrays()
    wrong = model_of(right | {"split": np.nextafter(right["split"], -1)}, 1)
    x = np.random.default_rng(0).normal(size=(500, 1))
    assert np.array_equal(run(wrong, {"X": x})["raw"], run(model_of(right, 1), {"X": x})["raw"])
    rows = trees.threshold_rows(model_of(right, 1), x, 50, 0)
    assert not np.array_equal(run(wrong, {"X": rows})["raw"], run(model_of(right, 1), {"X": rows})["raw"])


def test_large_model_is_written_quickly():
    """500 trees of 63 leaves: well under a second of CPU (a loop over nodes in Python took several)."""
    made, nodes = trees.Trees(), np.arange(62)
    left, right = (
        np.where(2 * nodes + 1 < 62, 2 * nodes + 1, -1 - nodes // 2),
        np.where(2 * nodes + 2 < 62, 2 * nodes + 2, -32 - nodes // 2),
    )
    for side in (left, right):
        side[side < 0] = ~(np.arange((side < 0).sum()) + (31 if side is right else 0))
    begin = time.process_time()
    for _ in range(500):
        made.add(nodes % 30, nodes / 7, left, right, nodes[:1] + np.arange(63.0))
    size = len(model_of(made.arrays(), 30).SerializeToString())
    assert time.process_time() - begin < 2.0  # measured 0.1
    assert 500_000 < size < 3_000_000


# links -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "width"), [("identity", 1), ("probability", 3), ("sigmoid", 1), ("softmax", 4)])
def test_link_equals_its_twin(kind, width):
    raw = np.random.default_rng(0).normal(size=(500, width)) * np.geomspace(1e-3, 300, 500)[:, None]
    graph = Graph()
    model = graph.model({"score": (link(graph, graph.input("X", "double", (None, width)), kind), "double", width)})
    got, expected = run(model, {"X": raw})["score"], apply(raw, kind)
    assert np.abs(got - expected).max() <= 4 * np.spacing(np.abs(expected).max())
    assert (np.abs(got - expected) <= 8 * np.spacing(np.abs(expected))).all()  # also where probabilities are tiny
    if kind == "sigmoid":
        assert got[raw < -40].min(initial=1) > 0  # onnxruntime's own Sigmoid is 0 there


def test_link_takes_extreme_margins_and_refuses_unknown_names():
    assert apply(np.array([[-1e4], [1e4]]), "sigmoid").ravel().tolist() == [0.0, 1.0]
    assert apply(np.array([[-1e4, 0.0, 1e4]]), "softmax").tolist() == [[0.0, 0.0, 1.0]]
    with pytest.raises(ValueError, match="unknown link"):
        apply(np.zeros((1, 1)), "logit")
    with pytest.raises(ValueError, match="unknown link"):
        link(Graph(), "x", "logit")
