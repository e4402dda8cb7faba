"""A network for tables: piecewise embedded numbers, members that share a trunk, early stopping on the log-loss.

TabM-mini (Gorishniy, Kotelnikov & Babenko 2025) in JAX: the network that stands best beside boosted trees among those that are trained from nothing. Members
cost little and bring most of what an ensemble would; with one member and no bins it is the plain multilayer perceptron.

A fifth of the rows it gets, drawn by chance (of each class the same share; copies and rows of one group together), is not learned from: it decides when to stop. All folds of a run share one compiled program
(`nets/train.py`). Where more than WIDE numbers come in, the members share the first dense layer too (docs/networks.md: a fifth of the work, and on tables of numbers no worse). The answer is the mean of the members' probabilities (or values), in double precision.
Of a number the file also gives a standard deviation (`nets/doubt.py`): how far the members are apart and how wide the posterior of the last layer is, both by a factor, over noise, as rows not learned from say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, ClassVar, final

import numpy as np

from etabli.data.preparation.scaling import quantile_knots
from etabli.families.family import Family, Stop
from etabli.families.trained import Trained
from etabli.graph.graph import Graph
from etabli.graph.links import apply as linked
from etabli.graph.links import link
from etabli.nets import device, doubt
from etabli.nets.block import Block, Chain, answer, double, inner
from etabli.nets.blocks.activation import Activation, SmoothClip
from etabli.nets.blocks.columns import Beside, Columns, Views, edges, lines
from etabli.nets.blocks.dense import Dense, Dropout, Relu
from etabli.nets.blocks.embed import Periodic
from etabli.nets.blocks.members import Heads, Members
from etabli.nets.blocks.norm import LayerNorm
from etabli.nets.blocks.residual import Residual
from etabli.nets.layers import layers, moved
from etabli.nets.loss import Logistic, Loss, Softmax, Squared
from etabli.nets.train import Lesson, Plan, split, train
from etabli.records import Array, Cost, Data, Facts, Fitted, Setting, TaskKind, Wants

MANY = 512  # columns; of more (words) none is embedded
SEEN = 500  # rows on which it is asked what the first layer sees
WIDE = 2048  # numbers that come out of the embedding: of more, the members share the first dense layer too
MEMBERS, WIDTH, LAYERS, BINS, SIZE = 8, 128, 3, 48, 16


def network(values: Mapping[str, Any], numbers: tuple[int, ...], rest: tuple[int, ...], outputs: int) -> Chain:
    """The blocks: embedding, members, trunk, heads. values: of a setting; `waves` (frequencies of a periodic embedding), `knots` (of the scores that it sees beside the numbers) and `residual`
    (layers added to what comes in, with a norm before, and silu) are 0 where they are not named."""
    width, residual = int(values["width"]), bool(values.get("residual", 0))
    waves, knots = int(values.get("waves", 0)), int(values.get("knots", 0))
    periodic = Periodic(waves, SIZE // 2)
    first: Block = Beside(numbers, rest, periodic) if waves else Columns(numbers, rest, int(values["bins"]), SIZE)
    if waves and knots:
        first = Chain((SmoothClip(), Beside(numbers, rest, Chain((Views(knots), periodic)))))
    members = Members(int(values["members"]))
    trunk: list[Block] = [Dense(width)] if residual else []
    for _ in range(int(values["layers"])):
        layer = (LayerNorm(), Dense(width), Activation("silu"), Dropout(), Dense(width)) if residual else (Dense(width), Relu(), Dropout())
        trunk += [Residual(Chain(layer))] if residual else layer
    if parts(values, numbers, rest):
        return Chain((first, trunk[0], members, *trunk[1:], Heads(outputs)))
    return Chain((first, members, *trunk, Heads(outputs)))


def parts(values: Mapping[str, Any], numbers: Sequence[int], rest: Sequence[int]) -> bool:
    """Whether the members part behind the first dense layer and not before it: where so much comes in that its product, once a member, would be nearly all of the work."""
    embedded = SIZE if values["bins"] or values.get("knots") else SIZE // 2 if values.get("waves") else 1
    return int(values["members"]) > 1 and len(numbers) * embedded + len(rest) > WIDE


def kinds(x: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(places of columns that are numbers, places of the others): a column of two values, or one of very many, is not embedded."""
    plain = [len(np.unique(x[:, j])) <= 2 for j in range(x.shape[1])] if x.shape[1] <= MANY else [True] * x.shape[1]
    return tuple(j for j, one in enumerate(plain) if not one), tuple(j for j, one in enumerate(plain) if one)


@final
class Tabm(Family):
    """TabM-mini."""

    name: ClassVar[str] = "tabm"
    title: ClassVar[str] = "Neural network"
    tasks: ClassVar[tuple[TaskKind, ...]] = ("binary", "multiclass", "regression")
    needs: ClassVar[tuple[str, ...]] = ("jax",)
    citation: ClassVar[str] = "Gorishniy, Kotelnikov & Babenko 2025"
    rank: ClassVar[int] = 6
    bagged: ClassVar[bool] = True
    doc: ClassVar[str] = (
        "A neural network with embedded numbers and several members that share most of their weights. Use it when the answer bends smoothly with "
        "the numbers, or beside boosted trees, whose errors are different; it costs far more time than they do."
    )

    def settings(self, facts: Facts) -> Sequence[Setting]:
        """The published default at a width for two cores; then members on waves, whose errors differ most from its own; a smaller trunk, a plain perceptron, a residual one."""
        if not find_spec("jax"):
            return []
        ranks = Wants(numbers="rank", filled=True, categories="one-hot")
        scaled = replace(ranks, numbers="scaled")
        usual: dict[str, Any] = {
            "members": MEMBERS,
            "width": WIDTH,
            "layers": LAYERS,
            "bins": BINS,
            "rate": 2e-3,
            "decay": 3e-4,
            "dropout": 0.1,
        }
        tried: list[tuple[dict[str, Any], str]] = [
            ({}, "TabM's defaults, narrower"),
            (
                {"members": 4, "bins": 0, "waves": 16, "knots": 48},
                "like RealMLP (Holzmüller, Grinsztajn & Steinwart 2024): periodic embedding of numbers and of their ranks, falling rate",
            ),
            ({"layers": 2, "dropout": 0.0}, "a smaller trunk"),
            ({"members": 1, "bins": 0}, "multilayer perceptron"),
            ({"members": 1, "layers": 2, "residual": 1}, "residual network (Gorishniy et al. 2021)"),
        ]
        made = [({**usual, **change}, origin) for change, origin in tried]
        return [
            Setting(self.name, values, scaled if "knots" in values else ranks, origin=origin, title=f"{self.name} {_called(values)}")
            for values, origin in made
        ]

    def cost(self, setting: Setting, facts: Facts) -> Cost:
        """Some sixty epochs, each a product of the rows with every layer, forth and back; and a program to compile."""
        values = setting.values
        size = SIZE if (values["bins"] or values.get("waves")) and facts.columns <= MANY else 1
        embedded = max(facts.columns - facts.words, 1) * size + facts.words
        width, members = float(values["width"]), float(values["members"])
        first = embedded * (members if embedded <= WIDE else 1.0)
        weights = first * width + members * (float(values["layers"]) * (2 if values.get("residual") else 1) - 1) * width**2
        work = 3.0 + 60 * facts.rows * (2e-6 + 5e-11 * weights)
        return Cost(work=work, memory=6e8 + 8.0 * facts.rows * facts.columns + 4.0 * 256 * (members * width * 30 + first * 6))

    def fit(self, setting: Setting, data: Data, stop: Stop) -> Fitted:
        """One fold."""
        return self.fit_folds([setting], [data], stop)[0][0]

    def fit_folds(self, settings: Sequence[Setting], folds: Sequence[Data], stop: Stop) -> list[list[Fitted]]:
        """All folds by one program."""
        made: list[list[Fitted]] = [[] for _ in folds]
        for setting in settings:
            for place, fitted in enumerate(_trained(setting, folds, stop)):
                made[place].append(fitted)
        return made

    def fit_path(self, settings: Sequence[Setting], data: Data, stop: Stop) -> list[Fitted]:
        """One after the other."""
        return self.fit_folds(settings, [data], stop)[0]

    def trained(self, fitted: Fitted) -> Trained:
        """The losses of every epoch, the blocks, and what the first dense layer sees."""
        arrays = fitted.arrays
        chain = rebuilt(fitted.setting.values, arrays)
        curve = arrays["curve"].reshape(-1, 2)
        made = layers(chain, (len(arrays["numbers"]) + len(arrays["rest"]),))
        return Trained(curve[:, 0], curve[:, 1], int(arrays["best"]), made, arrays["sees"], device.name(), device.products())

    def deviation(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """Of a number: noise, and what its members and its last layer leave open (`nets/doubt.py`)."""
        arrays = fitted.arrays
        if not (kept := inner(arrays, "doubt.")):
            return ""
        made = doubt.write(graph, rebuilt(fitted.setting.values, arrays), inner(arrays, "net."), kept, x)
        return graph.op("Mul", made, graph.const(arrays["spread"].reshape(1)))

    def write(self, fitted: Fitted, graph: Graph, x: str) -> str:
        """The blocks, and the mean of the members."""
        arrays = fitted.arrays
        chain = rebuilt(fitted.setting.values, arrays)
        raw = chain.write(graph, inner(arrays, "net."), x)
        return _write_mean(graph, raw, fitted.link, arrays)


def _called(values: Mapping[str, Any]) -> str:
    """A setting for people: its kind, layers × width."""
    members = int(values["members"])
    kind = (
        "waves" if values.get("waves") else f"{members} members" if members > 1 else "residual" if values.get("residual") else "perceptron"
    )
    return f"{kind}, {values['layers']} × {values['width']}"


def rebuilt(values: Mapping[str, Any], arrays: Mapping[str, Any]) -> Chain:
    """The blocks of a trained one, from its setting's values and its arrays."""
    numbers, rest = (tuple(int(j) for j in arrays[name]) for name in ("numbers", "rest"))
    return network(values, numbers, rest, int(arrays["outputs"]))


def _trained(setting: Setting, folds: Sequence[Data], stop: Stop) -> list[Fitted]:
    """A network a fold. Folds whose columns are of the same kinds share a program."""
    values, first = setting.values, folds[0]
    task, outputs = first.task, first.classes if first.task == "multiclass" else 1
    loss: Loss = {"regression": Squared(), "binary": Logistic(), "multiclass": Softmax()}[task]
    made: list[Fitted] = []
    whole = np.concatenate([fold.x for fold in folds]) if len({fold.x.shape[1] for fold in folds}) == 1 else None
    groups: dict[Chain, list[int]] = {}
    lessons: dict[int, tuple[Lesson, dict[str, Array]]] = {}
    for place, fold in enumerate(folds):
        numbers, rest = kinds(fold.x if whole is None else whole)
        chain = network(values, numbers, rest, outputs)
        groups.setdefault(chain, []).append(place)
        lessons[place] = _lesson(chain, setting, fold, numbers, rest)
    plan = Plan(epochs=64, patience=64, schedule="cosine") if values.get("waves") else Plan()
    found: dict[int, dict[str, Array]] = {}
    for chain, places in groups.items():
        for place, learned in zip(
            places, train(chain, loss, [lessons[p][0] for p in places], plan, stop, first.threads, aside=first.aside or None), strict=True
        ):
            weights = double(learned.weights)
            told = {"curve": learned.curve, "best": np.array(learned.best), "sees": _sees(chain, weights, folds[place])}
            arrays = {f"net.{name}": value for name, value in weights.items()} | lessons[place][1] | told
            if task == "regression":
                lesson = lessons[place][0]
                kept = doubt.learned(chain, weights, folds[place].x, lesson.y[:, 0], lesson.weight, lesson.held)
                arrays |= {f"doubt.{name}": value for name, value in kept.items()}
            found[place] = arrays
    for place in range(len(folds)):
        arrays = found[place]
        kind = "identity" if task == "regression" else "probability"
        made.append(Fitted(setting, arrays, kind, lambda x, arrays=arrays: _native(values, arrays, task, x)))  # type: ignore[arg-type, misc]
    return made


def _sees(chain: Chain, weights: Mapping[str, Array], data: Data) -> Array:
    """[features, units]: how far each column moves the units of the first dense layer, as the first member sees them."""
    embedding, place = chain.blocks[0], next(k for k, block in enumerate(chain.blocks) if isinstance(block, Dense))
    rows = np.asarray(data.x[:: max(1, len(data.x) // SEEN)], float)
    inside = embedding.apply(np, inner(weights, "0."), rows)
    last = embedding.blocks[-1] if isinstance(embedding, Chain) else embedding
    if isinstance(last, Beside):
        twice = 2 if isinstance(last.block, Chain) else 1  # each number, then each score
        numbers, rest, size = last.numbers * twice, last.rest, SIZE // 2
    else:
        assert isinstance(last, Columns)
        numbers, rest, size = last.numbers, last.rest, last.size if last.bins else 1
    owners = np.array([*np.repeat(numbers, size), *rest], int)
    sign = weights["1.sign"][0] if isinstance(chain.blocks[1], Members) else 1.0
    return moved(inside * sign, weights[f"{place}.weight"], owners, data.x.shape[1])


def _lesson(chain: Chain, setting: Setting, data: Data, numbers: tuple[int, ...], rest: tuple[int, ...]) -> tuple[Lesson, dict[str, Array]]:
    """(what is learned from, what must be known beside the weights)."""
    random = np.random.default_rng(data.seed)
    start, _ = chain.start(random, (data.x.shape[1],))
    bins, knots = int(setting.values["bins"]), int(setting.values.get("knots", 0))
    if numbers and bins:
        low, width = edges(data.x[:, list(numbers)], bins)
        start |= {"0.fixed_low": low.astype(np.float32), "0.fixed_width": width.astype(np.float32)}
    if numbers and knots:
        clipped = (
            SmoothClip().apply(np, {}, data.x[:, list(numbers)]).astype(np.float32).astype(float)
        )  # two knots are two while it learns too
        start |= {
            f"0.1.0.{name}": value for name, value in lines([quantile_knots(column, knots - 1) for column in clipped.T], knots).items()
        }
    weight = np.ones(len(data.y)) if data.weight is None else data.weight
    centre, spread = 0.0, 1.0
    if data.task == "regression":
        centre = float(np.average(data.y, weights=weight))
        spread = float(np.sqrt(np.average((data.y - centre) ** 2, weights=weight))) or 1.0
        y = ((data.y - centre) / spread)[:, None]
    elif data.task == "binary":
        y = data.y[:, None].astype(float)
    else:
        y = np.eye(data.classes)[data.y]
    held = split(len(data.y), data.seed, None if data.task == "regression" else data.y, units=data.units)
    outputs = chain.blocks[-1].outputs  # type: ignore[attr-defined]
    kept = {
        "numbers": np.array(numbers, np.int64),
        "rest": np.array(rest, np.int64),
        "outputs": np.array(outputs),
        "centre": np.array(centre),
        "spread": np.array(spread),
    }
    values = setting.values
    return Lesson(data.x, y, weight, held, start, data.seed, float(values["rate"]), float(values["decay"]), float(values["dropout"])), kept


def _native(values: Mapping[str, Any], arrays: Mapping[str, Any], task: TaskKind, x: Array) -> Array:
    """[rows, outputs] in numpy: the mean of the members' values or probabilities."""
    raw = answer(rebuilt(values, arrays), inner(arrays, "net."), x)
    if task == "regression":
        return np.asarray(raw.mean(axis=1) * arrays["spread"] + arrays["centre"])
    if task == "binary":
        return np.asarray(linked(raw[..., 0], "sigmoid").mean(axis=1, keepdims=True))
    powers = np.exp(raw - raw.max(axis=2, keepdims=True))
    return np.asarray((powers / powers.sum(axis=2, keepdims=True)).mean(axis=1))


def _write_mean(graph: Graph, raw: str, kind: str, arrays: Mapping[str, Any]) -> str:
    members, outputs = arrays[next(name for name in arrays if name.endswith("sign"))].shape[0], int(arrays["outputs"])
    middle, last = graph.const([1], np.int64), graph.const([2], np.int64)
    if kind == "identity":
        mean = graph.op("Div", graph.op("ReduceSum", raw, middle, keepdims=0), graph.const([float(members)], np.float64))
        return graph.op("Add", graph.op("Mul", mean, graph.const(arrays["spread"].reshape(1))), graph.const(arrays["centre"].reshape(1)))
    if outputs == 1:
        p = link(graph, raw, "sigmoid")
    else:
        powers = graph.op("Exp", graph.op("Sub", raw, graph.op("ReduceMax", raw, last, keepdims=1)))
        p = graph.op("Div", powers, graph.op("ReduceSum", powers, last, keepdims=1))
    return graph.op("Div", graph.op("ReduceSum", p, middle, keepdims=0), graph.const([float(members)], np.float64))
