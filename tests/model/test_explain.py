"""Explanations: exact against enumeration, adding up to the file's answer, honest where sampled; from the file's bytes alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import Made

from etabli.errors import DataError, UsageError
from etabli.model.explain import exact_trees, nodes
from etabli.model.explain.forest import forest
from etabli.model.explain.game import game
from etabli.model.explain.sampling import shapley
from etabli.model.explain.shapley import background_of
from etabli.model.load import Model, load
from etabli.records import Array

# sampling: any function ------------------------------------------------------------------------------------------------

P, B = 7, 12


def curved(rows: Array) -> Array:
    return np.asarray(
        np.tanh(rows[:, 0] * rows[:, 1] + rows[:, 2] - rows[:, 3] * np.abs(rows[:, 4])) + rows[:, 5] * rows[:, 6] * rows[:, 0]
    )


def brute(answer: Callable[[Array], Array], x: Array, Z: Array) -> Array:
    """The definition, coalition by coalition."""
    count = len(x)
    made = np.zeros(count)
    for j in range(count):
        others = [i for i in range(count) if i != j]
        for size in range(count):
            share = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for chosen in itertools.combinations(others, size):
                inside = np.isin(np.arange(count), chosen)
                joined = inside | (np.arange(count) == j)
                made[j] += share * (answer(np.where(joined, x, Z)) - answer(np.where(inside, x, Z))).mean()
    return made


@pytest.fixture(scope="module")
def played() -> Any:
    random = np.random.default_rng(0)
    x, Z = random.normal(size=P), random.normal(size=(B, P))
    Z[random.random((B, P)) < 0.3] = 0
    x[2] = 0

    def ask(which: Array, take: Array) -> Array:
        return curved(np.where(take, x, Z[which]))

    ends = ask(np.arange(B), np.zeros((B, P), bool)), ask(np.zeros(1, int), np.ones((1, P), bool))[0]
    return ask, x != Z, ends, brute(curved, x, Z)


def test_few_players_are_enumerated(played: Any) -> None:
    ask, differ, ends, truth = played
    made = shapley(ask, differ, ends, 10**6, 0.0, np.random.default_rng(0))
    assert made.exact
    assert np.abs(made.values - truth).max() < 1e-12
    assert made.asked == int(((1 << differ.sum(axis=1)) - 2).clip(0).sum())


@pytest.mark.parametrize("budget", [10, 400, 1000])
def test_samples_add_up_and_their_error_is_honest(played: Any, budget: int) -> None:
    ask, differ, ends, truth = played
    off = []
    for seed in range(60):
        made = shapley(ask, differ, ends, budget, 0.0, np.random.default_rng(seed))
        assert abs(made.values.sum() - (ends[1] - ends[0].mean())) < 1e-12
        off.append(np.abs(made.values - truth) / made.error)
    assert np.mean(np.array(off) < 1.96) > 0.85
    assert np.mean(np.array(off) < 4) > 0.97


def test_a_tolerance_ends_it(played: Any) -> None:
    ask, differ, ends, _ = played
    loose, strict = (shapley(ask, differ, ends, 1400, tolerance, np.random.default_rng(3)).asked for tolerance in (0.5, 0.0))
    assert loose < strict


# files -----------------------------------------------------------------------------------------------------------------


def asked_only(model: Model, rows: Any, monkeypatch: pytest.MonkeyPatch, **how: Any) -> Any:
    """The same explanation with nothing known of the file's inside, every coalition asked."""
    from etabli.model.explain import game as games

    with monkeypatch.context() as patched:
        patched.setattr(games.Game, "structure", lambda self, z: None)
        return model.explain(rows, budget=10**7, **how)


def rows_of(made: Made, count: int) -> dict[str, list[Any]]:
    picked = np.linspace(1, made.table.rows - 2, count).astype(int)
    values: dict[str, list[Any]] = {}
    for column in made.columns:
        array = made.table.values[column.name][picked]
        levels = made.table.levels.get(column.name)
        values[column.name] = array.tolist() if levels is None else [levels[code] if code >= 0 else "" for code in array]
    return values


def test_the_file_is_read_as_onnx_reads_it(adult: Made, penguins: Made) -> None:
    import onnx
    from onnx import numpy_helper

    for data in (adult.model, penguins.model):
        theirs, ours = onnx.load_from_string(data), nodes.read(data)
        for one, two in zip(theirs.graph.node, ours.nodes, strict=True):
            assert (one.op_type, tuple(one.input), tuple(one.output)) == (two.op, two.inputs, two.outputs)
            for attribute in one.attribute:
                if attribute.type == onnx.AttributeProto.INTS:
                    assert list(attribute.ints) == two.ints(attribute.name).tolist()
                elif attribute.type == onnx.AttributeProto.INT:
                    assert attribute.i == two.integer(attribute.name, -99)
                elif attribute.type == onnx.AttributeProto.TENSOR:
                    np.testing.assert_array_equal(numpy_helper.to_array(attribute.t), two.tensor(attribute.name))
        for tensor in theirs.graph.initializer:
            np.testing.assert_array_equal(numpy_helper.to_array(tensor), ours.constants[tensor.name])


def test_trees_are_exact_for_a_number(meteo: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = load(meteo.model), rows_of(meteo, 9)
    seen = model.explain(rows)
    assert seen.exact.all()
    assert not seen.error.any()
    assert not seen.asked.any()
    assert np.abs(seen.base + seen.values.sum(axis=1) - seen.output).max() < 1e-9
    np.testing.assert_array_equal(seen.output, model.predict(rows)["prediction"][:, 0])
    told = asked_only(model, rows, monkeypatch)
    assert told.exact.all()
    assert np.abs(told.values - seen.values).max() < 1e-9
    alone = model.explain({name: cells[:1] for name, cells in rows.items()})  # one row: no tables at all
    assert np.abs(alone.values - seen.values[:1]).max() < 1e-9
    monkeypatch.setattr(exact_trees, "TABLE", 2)  # leaves of more players meet the background row by row
    assert np.abs(model.explain(rows).values - seen.values).max() < 1e-9


@pytest.mark.parametrize("which", ["penguins", "adult"])
def test_the_margin_of_classes_is_exact(which: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Made = request.getfixturevalue(which)
    model, rows = load(made.model), rows_of(made, 4)
    background = rows_of(made, 9)
    seen = model.explain(rows, scale="margin", background=background)
    assert seen.exact.all()
    raw = made.native._raw_predict(made.matrix(made.table))
    picked = np.linspace(1, made.table.rows - 2, 4).astype(int)
    mine = [0 if len(made.classes) == 2 else made.classes.index(label) for label in seen.labels]
    assert np.abs(seen.output - raw[picked, mine]).max() < 1e-9
    assert np.abs(seen.base + seen.values.sum(axis=1) - seen.output).max() < 1e-9
    probability = model.explain(rows, background=background, budget=3000)
    full = asked_only(model, rows, monkeypatch, background=background)
    assert full.exact.all()
    far = np.abs(probability.values - full.values)
    assert (far <= 5 * probability.error + 1e-12).all()
    assert np.abs(probability.base + probability.values.sum(axis=1) - model.predict(rows)["probability"][range(4), _place(made, seen)]).max() < 1e-12  # fmt: skip


def _place(made: Made, seen: Any) -> list[int]:
    return [made.classes.index(label) for label in seen.labels]


@pytest.mark.parametrize("which", ["penguins", "adult", "meteo"])
def test_a_column_named_independent_is(which: str, request: pytest.FixtureRequest) -> None:
    """One raw column moves: no number of the file may move that is said not to rest on it."""
    made: Made = request.getfixturevalue(which)
    model = load(made.model)
    playing = game(model)
    z, count = background_of(model, None, 0)
    structure = playing.structure(z)
    assert structure is not None
    names = tuple(name for node in structure.nodes.nodes for name in node.outputs if structure.flat(name) is not None)
    before = playing.tensors(z, names)
    for player in range(len(playing.players)):
        _, source, place = playing.players[player]
        moved = {name: values.copy() for name, values in z.items()}
        moved[source][:, place] = np.roll(moved[source][:, place], 1 + player % (count - 1))
        after = playing.tensors(moved, names)
        for name in names:
            old, new = before[name].reshape(count, -1), after[name].reshape(count, -1)
            changed = ((old != new) & ~((old != old) & (new != new))).any(axis=0)
            allowed = np.broadcast_to(structure.depends(name)[:, player], changed.shape)
            assert not (changed & ~allowed).any(), (name, player)


def test_a_node_that_is_no_plain_forest_is_left_alone(meteo: Made) -> None:
    node = next(one for one in nodes.read(meteo.model).nodes if one.op == "TreeEnsemble")
    assert forest(node) is not None
    changed = dict(node.attributes) | {"post_transform": node.attributes["n_targets"]}
    assert forest(nodes.Node(node.op, node.domain, node.inputs, node.outputs, changed)) is None


@pytest.fixture(scope="module")
def mixed() -> bytes:
    """A file with a float32 forest, a text, a straight line and, when asked, a product of two columns, all added up."""
    return _mixed(product=False)


def _mixed(product: bool) -> bytes:
    from etabli.graph import trees
    from etabli.graph.graph import Graph
    from etabli.model import card as cards
    from etabli.records import Column

    random = np.random.default_rng(5)
    columns = (*(Column(name, "number", name) for name in "abc"), Column("said", "text", "said"))
    graph = Graph(columns, {"said": []})
    numbers = graph.numbers(["a", "b", "c"])
    made = trees.Trees()
    for _ in range(5):
        split, weight = (random.normal(size=size).astype(np.float32).astype(float) for size in (3, 4))
        made.add(random.integers(0, 3, 3), split, np.array([1, ~0, ~2]), np.array([2, ~1, ~3]), weight, nan_true=random.integers(0, 2, 3))
    wood = graph.op("Cast", trees.write(graph, graph.op("Cast", numbers, to=1), made.arrays(), 1, single=True), to=11)
    line = graph.op("MatMul", numbers, graph.const(np.array([[0.5], [0.0], [-2.0]])))
    words, _ = graph.ops("StringSplit", graph.input("said", "string"), count=2, delimiter=" ")
    words = graph.op("Reshape", words, graph.const([0, -1], np.int64))
    counts = graph.op(
        "TfIdfVectorizer", words, min_gram_length=1, max_gram_length=1, max_skip_count=0, mode="TF", ngram_counts=[0],
        ngram_indexes=[0, 1], pool_strings=["good", "bad"],
    )  # fmt: skip
    liked = graph.op("MatMul", graph.op("Cast", counts, to=11), graph.const(np.array([[1.5], [-1.0]])))
    total = graph.op("Sub", graph.op("Add", graph.op("Add", wood, line), liked), graph.const(3.0))
    if product:
        first, second = (graph.op("Gather", numbers, graph.const([at], np.int64), axis=1) for at in (0, 1))
        total = graph.op("Add", total, graph.op("Mul", first, second))
    inputs = [{"input": name, "columns": [name], "type": "double"} for name in "abc"] + [
        {"input": "said", "columns": ["said"], "type": "string"}
    ]
    described = [{"name": c.name, "header": c.header, "kind": c.kind, "reading": {}, "levels": []} for c in columns]
    card = {
        "schema": 1,
        "task": "regression",
        "target": "y",
        "classes": [],
        "columns": described,
        "inputs": inputs,
        "outputs": ["prediction"],
    }
    return bytes(graph.model({"prediction": (total, "double", 1)}, {cards.CARD: cards.dumps(card)}).SerializeToString())


SAID = ["good good", "bad", "", "neither", "good bad", "bad bad"]


def test_texts_lines_and_single_trees_are_summed(mixed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    rows = {name: random.normal(size=6) for name in "abc"} | {"said": SAID}
    background = {name: random.normal(size=5) for name in "abc"} | {"said": SAID[1:]}
    model = load(mixed)
    seen = model.explain(rows, background=background)
    assert seen.exact.all()
    assert not seen.asked.any()
    assert np.abs(seen.base + seen.values.sum(axis=1) - seen.output).max() < 1e-12
    full = asked_only(model, rows, monkeypatch, background=background)
    assert np.abs(full.values - seen.values).max() < 1e-5  # the trees are added up in float32
    assert (np.abs(seen.values[:, 3]) > 0.1).any()
    crossed = load(_mixed(product=True)).explain(rows, background=background)
    assert crossed.asked.all()  # a product is no sum: nothing is guessed
    assert crossed.exact.all()
    with pytest.raises(DataError, match="--background"):
        model.explain(rows)
    rows["a"][2] = np.nan  # a straight line has no answer there
    gap = model.explain(rows, background=background)
    assert np.isnan(gap.values[2]).all()
    assert np.isnan(gap.output[2])
    np.testing.assert_array_equal(np.delete(gap.values, 2, axis=0), np.delete(seen.values, 2, axis=0))


def test_what_is_asked_wrongly_is_taught(penguins: Made, meteo: Made) -> None:
    model, rows = load(penguins.model), rows_of(penguins, 2)
    with pytest.raises(UsageError, match="did you mean"):
        model.explain(rows, penguins.classes[0].lower())
    with pytest.raises(UsageError, match="output or margin"):
        model.explain(rows, scale="margins")
    with pytest.raises(DataError, match="background has rows"):
        model.explain(rows, background={name: [] for name in rows})
    with pytest.raises(UsageError, match="leave --class out"):
        load(meteo.model).explain(rows_of(meteo, 1), "warm")
    with pytest.raises(UsageError, match="this file's answer is a sum itself"):
        load(meteo.model).explain(rows_of(meteo, 1), scale="margin")
    with pytest.raises(UsageError, match="did you mean"):
        model.changes(rows_of(penguins, 1), fixed=["sex"])
    with pytest.raises(UsageError, match="one row"):
        model.changes(rows)


def test_no_rows_and_same_seed(penguins: Made) -> None:
    model = load(penguins.model)
    assert len(model.explain({name: [] for name in rows_of(penguins, 1)})) == 0
    rows = rows_of(penguins, 3)
    one, two = (model.explain(rows, budget=100, seed=4) for _ in range(2))
    np.testing.assert_array_equal(one.values, two.values)
    last = model.explain({name: cells[2:] for name, cells in rows.items()}, budget=100, seed=4, first=2)
    np.testing.assert_array_equal(last.values[0], one.values[2])  # whatever rows come with it


# what would change the answer -------------------------------------------------------------------------------------------


def test_every_change_is_answered_by_the_file(adult: Made) -> None:
    model = load(adult.model)
    rows = rows_of(adult, 8)
    found = 0
    for at in range(8):
        row = {name: [cells[at]] for name, cells in rows.items()}
        now = model.predict(row)["prediction"][0, 0]
        for change in model.changes(row, fixed=["race", "sex"]):
            found += 1
            moved = dict(row)
            for move in change.moves:
                assert move.raw.name not in ("race", "sex")
                assert row[move.raw.name] == [move.old]
                moved[move.raw.name] = [move.new]
                assert move.raw.low is None or move.raw.low <= move.new <= (move.raw.high or 0)
                assert not move.raw.known or move.new in move.raw.known
            answers = model.predict(moved)
            assert answers["prediction"][0, 0] != now
            np.testing.assert_array_equal(answers["probability"][0], change.answers["probability"])
            for move in change.moves:  # no move is idle
                back = {**moved, move.raw.name: [move.old]}
                assert model.predict(back)["prediction"][0, 0] == now
            assert "instead of" in change.text()
            assert "au lieu de" in change.text("fr")
    assert found >= 6


def test_a_number_is_brought_past_a_bound(meteo: Made) -> None:
    model = load(meteo.model)
    rows = rows_of(meteo, 9)
    answers = model.predict(rows)["prediction"][:, 0]
    middle = int(np.argsort(answers)[4])
    row, now = {name: [cells[middle]] for name, cells in rows.items()}, float(answers[middle])
    for want, sign in ((f">{now + 2:g}", 1), (f"<= {now - 2:g}", -1)):
        changes = model.changes(row, want)
        assert changes
        assert all((float(one.answers["prediction"][0]) - now) * sign >= 1.99 for one in changes)
        assert len({tuple(move.raw.name for move in one.moves) for one in changes}) == len(changes)
    assert model.changes(row, ">1e9") == ()
    assert model.changes(row, "<1e9") == ()  # it is there already
    assert model.changes(row) == ()
    with pytest.raises(UsageError, match="bound"):
        model.changes(row, "warmer")


# what people see --------------------------------------------------------------------------------------------------------


def test_a_notebook_shows_it_escaped(penguins: Made) -> None:
    rows = rows_of(penguins, 7)
    rows["Island"][0] = "<script>alert(1)</script>"
    page = load(penguins.model).explain(rows, budget=200)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "and 2 more rows" in page


def test_the_command(
    penguins: Made, meteo: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import csv
    import json

    from etabli.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.onnx").write_bytes(penguins.model)
    rows = rows_of(penguins, 3)
    with open("p.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [list(rows), *zip(*([("" if cell != cell else cell) for cell in cells] for cells in rows.values()), strict=True)]
        )
    assert main(["explain", "p.onnx", "p.csv", "--row", "2", "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "mean of 20 background rows" in out
    assert "What would change the answer:" in out
    assert main(["explain", "p.onnx", "p.csv", "--row", "2", "--lang", "fr"]) == 0
    assert "moyenne de 20 lignes de référence" in capsys.readouterr().out
    assert main(["explain", "p.onnx", "p.csv", "-o", "why.csv"]) == 0
    assert "3 rows explained" in capsys.readouterr().err
    with open("why.csv", newline="") as file:
        table = list(csv.DictReader(file))
    monkeypatch.setattr("etabli.model.explain.command.FIRST", 2)  # in blocks: the same bytes
    assert main(["explain", "p.onnx", "p.csv", "-o", "blocks.csv"]) == 0
    assert Path("blocks.csv").read_bytes() == Path("why.csv").read_bytes()
    capsys.readouterr()
    for line in table:
        total = sum(float(cell) for name, cell in line.items() if name.startswith("shap_") or name == "base")
        assert abs(total - float(line["output"])) < 1e-9
    assert main(["explain", "p.onnx", "p.csv", "--json", "--row", "1", "--class", penguins.classes[1]]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["rows"][0]["class"] == penguins.classes[1]
    assert set(facts["rows"][0]["values"]) == set(rows)
    assert facts["changes"]
    for wrong, told in (
        (["p.csv", "--row", "4"], "p.csv has 3"),
        (["p.csv", "--want", penguins.classes[0]], "--row N"),
        (["p.csv", "-o", "p.csv"], "overwritten"),
    ):
        assert main(["explain", "p.onnx", *wrong]) == 2
        assert told in capsys.readouterr().err
