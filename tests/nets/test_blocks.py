"""A block is a pair: what is trained and what is written do the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from etabli.data.preparation.scaling import quantile_knots
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.nets.block import Block, Chain, answer, double, trained
from etabli.nets.blocks.activation import Activation, SmoothClip
from etabli.nets.blocks.attention import Attention, encoder
from etabli.nets.blocks.bottle import Bottle, Evidence
from etabli.nets.blocks.columns import Beside, Columns, Views, edges, lines
from etabli.nets.blocks.convolution import Convolution, Flatten, Pool, Shaped
from etabli.nets.blocks.dense import Dense, Dropout, Relu
from etabli.nets.blocks.embed import Embed, Periodic, Places
from etabli.nets.blocks.members import Heads, Members
from etabli.nets.blocks.norm import LayerNorm
from etabli.nets.blocks.recurrent import Recurrent
from etabli.nets.blocks.residual import Residual
from etabli.nets.loss import Same
from etabli.nets.train import Lesson, Plan, split, train

SHAPE = (6,)


@dataclass(frozen=True)
class Case:
    """A network to walk. shape: of one row. prepared: changes the first weights (numbers learned from the columns)."""

    name: str
    network: Block
    shape: tuple[int, ...] = SHAPE
    prepared: Callable[[dict, np.ndarray], dict] = lambda start, x: start


def with_edges(start, x):
    low, width = edges(x[:, :4], 5)
    return start | {"fixed_low": low.astype(np.float32), "fixed_width": width.astype(np.float32)}


def with_views(start, x):
    return start | {f"0.{name}": value for name, value in lines([quantile_knots(x[:, j], 5) for j in (0, 3)], 5).items()}


CASES = [
    Case("dense", Dense(3)),
    Case("dense of members", Chain((Members(4), Dense(5), Relu(), Heads(2)))),
    Case("one member", Chain((Members(1), Heads(2)))),
    Case("dropout", Chain((Dense(8), Dropout(), Relu(), Dense(2)))),
    Case("columns", Columns((0, 1, 2, 3), (4, 5), 5, 3), prepared=with_edges),
    Case("columns that go through", Columns((0, 1), (5,), 0, 3)),
    Case("columns without numbers", Columns((), (5, 1), 4, 3)),
    Case("numbers beside flags", Beside((0, 3), (5, 1), Periodic(3, 2))),
    Case("numbers in two ways", Beside((0, 3), (5, 1), Chain((Views(5), Periodic(3, 2)))), prepared=with_views),
    *(Case(kind, Chain((Dense(4), Activation(kind)))) for kind in ("gelu", "silu", "tanh", "sigmoid")),
    Case("smooth clip", Chain((SmoothClip(), Dense(2)))),
    Case("norm", Chain((Dense(4), LayerNorm(), Dense(2)))),
    Case("residual", Chain((Residual(Chain((Dense(6), Relu()))), Dense(2)))),
    Case("embed", Chain((Embed(5, 3), Flatten(), Dense(2)))),
    Case("periodic", Chain((Periodic(4, 3), Dense(2)))),
    Case("convolution over time", Chain((Convolution(4, (3,), (8,)), Relu(), Convolution(2, (3,), (8,), causal=True, dilation=2))), (8, 3)),
    Case("convolution with a stride", Chain((Convolution(3, (5,), (9,), stride=2), Flatten(), Dense(1))), (9, 2)),
    Case(
        "images",
        Chain((Convolution(4, (3, 3), (6, 8)), Relu(), Pool(2, (6, 8)), Convolution(3, (3, 3), (3, 4)), Pool(0, (3, 4)))),
        (6, 8, 2),
    ),
    Case("images of columns", Chain((Shaped((3, 2, 1)), Convolution(2, (2, 2), (3, 2)), Flatten(), Dense(1)))),
    *(
        Case(f"{kind} bottle", Bottle(Chain((Dense(5), Activation("gelu"), Dense(2))), Dense(6), 2, kind))
        for kind in ("plain", "denoising")
    ),
    Case("variational bottle", Bottle(Dense(4), Dense(6), 2, "variational")),
    Case("gru", Chain((Recurrent("gru", 7, 5), Dense(2))), (7, 3)),
    Case("lstm, every step", Chain((Recurrent("lstm", 7, 5, every=True), Recurrent("gru", 7, 3, every=True))), (7, 3)),
    Case("attention", Attention(2, 5), (5, 4)),
    Case("transformer", Chain((Places(), encoder(4, 2, 5, causal=True), LayerNorm(), Pool(0, (5,)), Dense(2))), (5, 4)),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_block_learns_and_its_graph_is_the_same(case):
    random = np.random.default_rng(0)
    x = random.normal(size=(96, *case.shape)).astype(np.float32).astype(float)
    start, shape = case.network.start(random, case.shape)
    start = case.prepared(start, x)
    y = np.broadcast_to(np.tanh(x.reshape(96, -1)[:, :1]).reshape(-1, *[1] * len(shape)), (96, *shape))
    lesson = Lesson(x, y, np.ones(96), split(96, 0), start, dropout=0.2)
    learned = train(case.network, Same(), [lesson], Plan(batch=32, epochs=3), lambda: False)[0]
    weights = double(learned.weights)
    assert np.isfinite(learned.curve).all()
    for name, value in start.items():
        moved = not np.array_equal(weights[name], value)
        assert moved == trained(name) or value.size == 0, f"{name}: trained {trained(name)}, moved {moved}"

    far = np.concatenate([x, 50 * random.normal(size=(20, *case.shape))])
    native = answer(case.network, weights, far)
    assert native.shape == (len(far), *shape)
    graph = Graph()
    made = case.network.write(graph, weights, graph.input("X", "double", (None, *case.shape)))
    model = graph.model({"y": (made, "double", 0)})
    written = run(model, {"X": far})["y"]
    scale = np.abs(native).max()
    assert np.abs(written - native).max() <= 1e-13 * scale
    alone = run(model, {"X": far[:1]})["y"]
    assert np.abs(alone - native[:1]).max() <= 1e-13 * scale

    import jax.numpy as xp

    single = np.asarray(case.network.apply(xp, {k: xp.asarray(v, xp.float32) for k, v in weights.items()}, xp.asarray(far, xp.float32)))
    assert np.abs(single - native).max() <= 1e-4 * scale  # what was trained is what is answered, to single precision


def test_a_variational_bottle_is_trained_by_its_evidence():
    """The distance of a normal cloud from the standard one, against its textbook value."""
    loss = Evidence(columns=1, components=2)
    output = np.array([[0.5, 1.0, -1.0, 0.3, -0.2]])
    middle, log = output[0, 1:3], output[0, 3:]
    apart = sum(np.log(1 / np.exp(v / 2)) + (np.exp(v) + m**2) / 2 - 0.5 for m, v in zip(middle, log, strict=True))
    assert np.isclose(loss.each(np, output, np.array([[0.0]]))[0], 0.5 * 0.25 + apart)


def test_what_cannot_be_is_refused():
    random = np.random.default_rng(0)
    for block, shape in (
        (Residual(Dense(3)), (4,)),
        (Attention(3, 5), (5, 4)),
        (Pool(2, (5,)), (5, 1)),
        (Recurrent("gru", 300, 4), (300, 2)),
    ):
        with pytest.raises(ValueError, match=r"keeps its shape|do not divide|multiples|at most"):
            block.start(random, shape)


def test_a_causal_block_does_not_look_ahead():
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 8, 4))
    later = x.copy()
    later[:, 5:] += 1
    for block in (Convolution(4, (3,), (8,), causal=True, dilation=2), Attention(2, 8, causal=True), Recurrent("gru", 8, 4, every=True)):
        weights = double(block.start(random, (8, 4))[0])
        before, after = block.apply(np, weights, x), block.apply(np, weights, later)
        assert np.allclose(before[:, :5], after[:, :5], atol=1e-12)
        assert not np.allclose(before[:, 5:], after[:, 5:])


def test_recurrence_is_that_of_torch():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    x = random.normal(size=(4, 6, 3))
    for kind, theirs in (("gru", torch.nn.GRU), ("lstm", torch.nn.LSTM)):
        block = Recurrent(kind, 6, 5, every=True)
        weights = double(block.start(random, (6, 3))[0])
        other = theirs(3, 5, batch_first=True).double()
        with torch.no_grad():
            other.weight_ih_l0.copy_(torch.tensor(weights["weight"].T))
            other.weight_hh_l0.copy_(torch.tensor(weights["turn"].T))
            other.bias_ih_l0.copy_(torch.tensor(weights["bias"]))
            other.bias_hh_l0.copy_(torch.tensor(weights["turn_bias"]))
            expected = other(torch.tensor(x))[0].numpy()
        assert np.abs(block.apply(np, weights, x) - expected).max() < 1e-12


def test_convolution_is_that_of_torch():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    x = random.normal(size=(4, 6, 7, 3))
    block = Convolution(5, (3, 3), (6, 7))
    weights = double(block.start(random, (6, 7, 3))[0])
    kernel = torch.tensor(weights["weight"].reshape(3, 3, 3, 5)).permute(3, 2, 0, 1)
    expected = torch.nn.functional.conv2d(torch.tensor(x).permute(0, 3, 1, 2), kernel, torch.tensor(weights["bias"]), padding=1)
    assert np.abs(block.apply(np, weights, x) - expected.permute(0, 2, 3, 1).numpy()).max() < 1e-12


def test_edges_of_few_values_leave_bins_that_nothing_enters():
    x = np.column_stack([np.repeat([0.0, 1.0, 2.0], 20), np.linspace(0, 1, 60), np.full(60, 4.0)])
    low, width = edges(x, 8)
    assert (width > 0).all()
    share = np.clip((x[:, :, None] - low) / width, 0, 1)
    assert share[:, 0].max(axis=0).sum() <= 2  # two steps between three values
    assert np.allclose(np.diff(low[1]), width[1][:-1], atol=1e-6)


def test_views_are_the_number_and_its_score():
    x = np.column_stack([np.linspace(-2, 2, 81), np.repeat([0.0, 1.0, 5.0], 27)])
    known = [quantile_knots(x[:, j], 8) for j in (0, 1)]
    plain, score = np.split(Views(8).apply(np, double(lines(known, 8)), np.concatenate([x, [[1e9, -1e9]]])), 2, axis=1)
    assert (plain[:-1] == x).all()
    for j in (0, 1):
        assert np.allclose(score[:-1, j], np.interp(x[:, j], *known[j]), atol=1e-6)
    assert np.allclose(score[-1], [known[0][1][-1], known[1][1][0]], atol=1e-6)  # beyond the knots it stays


def test_clipped_numbers_are_about_as_they_were_and_end():
    x = np.array([-1e300, -4.0, -0.1, 0.0, 0.1, 4.0, 1e300])
    clipped = SmoothClip().apply(np, {}, x)
    assert np.allclose(clipped, [-3, -2.4, -0.1, 0, 0.1, 2.4, 3], atol=1e-4)
