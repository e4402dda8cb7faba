"""Attention weights of one row, read from the file: those of PyTorch's own layers, and of our block; a file without attention says so."""

import json

import numpy as np
import pytest

import etabli
from etabli.cli import main
from etabli.errors import DataError, UsageError
from etabli.graph.graph import Graph
from etabli.model.explain.attention import layers_of
from etabli.nets.block import Chain, double
from etabli.nets.blocks.attention import encoder
from tests.browser import Seen

PLACES, WIDTH = 6, 4


def _rows(count=60):
    return np.round(np.random.default_rng(0).normal(size=(count, PLACES * WIDTH)), 3)


@pytest.fixture(scope="module")
def adopted(tmp_path_factory):
    """(model, its file of rows, the module in double precision, a function from a row to its layers' weights by PyTorch itself)."""
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            one = nn.TransformerEncoderLayer(WIDTH, 2, 8, batch_first=True, dropout=0.0)
            self.layers, self.last = nn.TransformerEncoder(one, 2, enable_nested_tensor=False), nn.Linear(WIDTH, 1)

        def forward(self, x):
            return self.last(self.layers(x.reshape(-1, PLACES, WIDTH)).mean(1))

    torch.manual_seed(0)
    module, place, x = Attending().double().eval(), tmp_path_factory.mktemp("attention"), _rows()
    path = place / "rows.csv"
    heads = [*(f"c{i}" for i in range(PLACES * WIDTH)), "y"]
    np.savetxt(path, np.c_[x, x.sum(1)], fmt="%g", delimiter=",", header=",".join(heads), comments="")
    made = etabli.adopt(module, path, "y", out=place / "run").model

    def weights(row):
        z, found = torch.tensor(row).reshape(1, PLACES, WIDTH), []
        with torch.no_grad():
            for layer in module.layers.layers:
                found.append(layer.self_attn(z, z, z, average_attn_weights=False)[1][0].numpy())
                z = layer(z)
        return found

    return made, path, x, weights


def test_the_weights_are_those_of_the_library(adopted):
    model, _, x, weights = adopted
    for row in (0, 7):
        seen = model.attention({f"c{i}": [value] for i, value in enumerate(x[row])})
        known = weights(x[row])
        assert len(seen.layers) == 2 and all(np.allclose(a.weights, b, atol=1e-12) for a, b in zip(seen.layers, known, strict=True))
        steps = [0.5 * one.mean(0) + 0.5 * np.eye(PLACES) for one in known]
        assert np.allclose(seen.rollout, steps[1] @ steps[0], atol=1e-12)
        assert seen.layers[1].columns[2] == tuple(f"c{i}" for i in range(8, 12))


def test_of_our_own_block_too_and_a_softmax_of_classes_is_none():
    network, shape = Chain((encoder(WIDTH, 2, PLACES, causal=True), encoder(WIDTH, 2, PLACES))), (PLACES, WIDTH)
    p = double(network.start(np.random.default_rng(0), shape)[0])
    graph = Graph()
    y = network.write(graph, p, graph.input("x", shape=(None, *shape)))
    found = layers_of(graph.model({"y": (y, "double", 0)}).SerializeToString())
    assert [(one.side, sorted(one.before)) for one in found] == [("left", []), ("left", [0])]

    classes = Graph()
    shares = classes.op("Softmax", classes.input("x", shape=(None, 3)), axis=-1)
    made = classes.op("MatMul", shares, classes.const(np.ones((3, 2)), np.float64))
    assert layers_of(classes.model({"y": (made, "double", 2)}).SerializeToString()) == []


def test_the_weights_of_our_own_block_in_a_file(tmp_path):
    block = encoder(WIDTH, 2, PLACES, causal=True).blocks[0].block
    norm, attention, _ = block.blocks
    p = double(block.start(np.random.default_rng(3), (PLACES, WIDTH))[0])
    graph, x = Graph(), _rows()
    flat = graph.input("x", shape=(None, PLACES * WIDTH))
    made = block.write(graph, p, graph.op("Reshape", flat, graph.const([-1, PLACES, WIDTH], np.int64)))
    out = graph.op("ReduceSum", made, graph.const([1, 2], np.int64), keepdims=0)
    out = graph.op("Reshape", out, graph.const([-1, 1], np.int64))
    network = graph.model({"y": (out, "double", 1)}).SerializeToString()
    model = etabli.adopt(network, x, "y", y=x.sum(1), out=tmp_path / "run").model
    seen = model.attention(x[:1])

    z = norm.apply(np, {k[2:]: v for k, v in p.items() if k.startswith("0.")}, x[:1].reshape(1, PLACES, WIDTH))[0]
    ask, key = ((z @ p[f"1.{name}_weight"] + p[f"1.{name}_bias"]).reshape(PLACES, 2, 2).transpose(1, 0, 2) for name in ("ask", "key"))
    score = ask @ key.transpose(0, 2, 1) / np.sqrt(2) + attention._hidden()
    share = np.exp(score - score.max(-1, keepdims=True))
    (layer,) = seen.layers
    assert np.allclose(layer.weights, share / share.sum(-1, keepdims=True), atol=1e-12) and seen.rollout is None
    assert np.triu(layer.weights, 1).max() == 0


@pytest.mark.parametrize("pooled", [True, False])
def test_a_pool_by_attention_and_values_on_the_left_of_plain_jax(pooled, tmp_path):
    jax = pytest.importorskip("jax")
    jnp, x = jax.numpy, _rows()
    table, query = np.random.default_rng(1).normal(size=(2, WIDTH, WIDTH)).astype(np.float32)

    def scores(z):
        return jnp.tanh(z @ table) @ query[:, 0] if pooled else jnp.einsum("rqd,rkd->rqk", z @ table, z @ query)

    def net(x):
        z = x.reshape(-1, PLACES, WIDTH)
        shares = jax.nn.softmax(scores(z), axis=1 if pooled else 2)
        if pooled:
            return (shares[..., None] * z).sum(1)[:, 0]
        return jnp.matmul(z.swapaxes(1, 2), shares.swapaxes(1, 2)).sum((1, 2))

    seen = etabli.adopt(net, x, "y", y=x.sum(1), out=tmp_path / "run").model.attention(x[4:5])
    with jax.enable_x64(True):
        known = np.asarray(jax.nn.softmax(scores(x[4:5].astype(np.float32).astype(float).reshape(1, PLACES, WIDTH)), axis=-1))
    (layer,) = seen.layers
    assert layer.weights.shape == (1, 1 if pooled else PLACES, PLACES) and np.allclose(layer.weights[0], known, atol=1e-12)


def test_on_the_command_line_in_words_as_json_and_drawn(adopted, tmp_path, capsys):
    model, path, x, weights = adopted
    words = ["explain", str(model.path), str(path), "--method", "attention"]
    assert main([*words, "--row", "3"]) == 0
    told = capsys.readouterr().out
    assert "Layer 2 (2 heads, 6 places):" in told and "(c8 … c11)" in told and "rollout" in told
    assert main([*words, "--row", "3", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["row"] == 3 and facts["layers"][0]["shape"] == [2, PLACES, PLACES]
    assert np.allclose(facts["layers"][1]["weights"], weights(x[2])[1], atol=1e-12)
    picture = tmp_path / "looked.svg"
    assert main([*words, "--row", "3", "--lang", "fr", "-o", str(picture)]) == 0
    text = picture.read_text(encoding="utf-8")
    assert text.startswith("<svg") and "Couche 2" in text and "tête 1" in text and "prefers-color-scheme:dark" in text
    for more in ([], ["--row", "3", "--grid", "6x4"], ["--row", "3", "--want", ">1"], ["--row", "3", "-o", str(tmp_path / "a.csv")]):
        assert main([*words, *more]) == 2
    capsys.readouterr()
    assert main(["explain", str(model.path), str(path), "--row", "3", "--method", "attentive"]) == 2
    assert "attention" in capsys.readouterr().err


def test_the_picture_fits_a_wide_and_a_narrow_page_in_light_and_dark(adopted, tmp_path, browser):
    model, _, x, _ = adopted
    page = tmp_path / "page.html"
    drawn = model.attention(x[:1]).picture()
    page.write_text(f"<!doctype html><html lang=en><meta charset=utf-8><title>a</title><body style=margin:0>{drawn}", encoding="utf-8")
    for width, shown, scheme in ((1100, "w", "light"), (390, "n", "dark")):
        context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
        seen = Seen(context.new_page()).open(page)
        visible = seen.page.evaluate(
            "[...document.querySelectorAll('svg > g')].filter(g => getComputedStyle(g).display != 'none').map(g => g.className.baseVal)"
        )
        assert visible == [shown]
        seen.fits()
        seen.fine()
        context.close()


def test_a_file_without_attention_several_rows_and_a_missing_cell(adopted, tmp_path):
    from sklearn.linear_model import LinearRegression

    model, _, x, _ = adopted
    with pytest.raises(UsageError, match="one row at a time"):
        model.attention(x[:2])
    with pytest.raises(DataError, match="a cell is missing"):
        model.attention(np.where(np.arange(x.shape[1]) == 5, np.nan, x[:1]))
    plain = etabli.adopt(LinearRegression().fit(x, x.sum(1)), x, "y", y=x.sum(1), out=tmp_path / "run").model
    with pytest.raises(DataError, match="--method gradients"):
        plain.attention(x[:1])
