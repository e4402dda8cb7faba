"""A network brought from elsewhere, as an estimator that can be written: one matrix of columns in, its source's answers out.

The network's own precision is float32 as a rule, and the file computes in double precision from the same weights and the same inputs rounded to float32: what
remains between the two is the rounding of the original. Where its library can ask it in double precision too (PyTorch), the file is held to those answers, so that a wrong epsilon cannot hide
under the rounding of float32; else to its own, to SINGLE of the output's scale. A row with a missing cell has no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.estimators.networks.brought import Made, Takes, elsewhere
from etabli.estimators.networks.dealing import shares_of
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.passed import Layer
from etabli.estimators.networks.source import Input, Source, asked
from etabli.estimators.networks.torch_given import refuse, unwrapped
from etabli.estimators.networks.values import ROWS, Unreadable, Value
from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph
from etabli.records import Array

# Of the output's scale: layers of float32; of double summed in another order; of what may lie between a network in float32 and in double.
SINGLE, DOUBLE, FAR = 1e-5, 1e-9, 1e-4
GIVES = ("logits", "shares", "number")
Native = Callable[[Array], Array]


class Network:
    """What `adopt` holds in place of a torch.nn.Module (module), an ONNX network (onnx.ModelProto, its bytes or its path) or any other (made: its source for
    so many columns and shapes of inputs by name; takes: what its inputs are called, and how many columns each takes, None where that is not known)."""

    def __init__(self, title: str, module: Any = None, onnx: Any = None, made: Made | None = None, takes: Takes | None = None) -> None:
        self.title, self.module, self.made = title, module, made
        self.source: Source | None = None
        self.skips_missing = True
        self.layers: Sequence[Layer] = ()  # once it is read
        self.labels: tuple[Any, ...] = ()  # of its outputs, in their order, where the user names them
        self.gives = ""  # one of GIVES, where the user says it
        self.told: dict[str, tuple[int | str, ...]] = {}  # of each input the shape of a row, or the columns, where the user says it
        self.shapes: dict[str, tuple[int, ...]] = {}  # of one row of each input, as it was told
        self.takes = takes
        if onnx is not None:
            from etabli.estimators.networks.onnx_source import OnnxSource

            self.source = OnnxSource(onnx)
            widths = [one.width for one in self.source.inputs()]
            if None not in widths:
                self.n_features_in_ = sum(width for width in widths if width is not None)

    def dealt(self, there: Sequence[str]) -> list[str]:
        """The columns in the order of its inputs, as the user deals them. UsageError for inputs and columns that are not there."""
        if self.source is not None:
            known: dict[str, int | None] = {one.name: one.width for one in self.source.inputs()}
        elif self.takes is not None:
            known = dict(self.takes())
        else:
            from etabli.estimators.networks.torch_source import parameters

            known = dict.fromkeys(parameters(self.module))
        self.shapes, columns = shares_of(self.title, known, self.told, there)
        return columns

    def inputs(self, width: int) -> list[Input]:
        """What it takes, with the shapes that the user says where it does not say them itself."""
        return [replace(one, shape=one.shape or self.shapes.get(one.name)) for one in self.of(width).inputs()]

    def of(self, width: int) -> Source:
        """The source that takes so many columns."""
        if self.source is None and self.made is not None:
            self.source = self.made(width, self.shapes)
        if self.source is None:
            from etabli.estimators.networks.torch_source import TorchSource, parameters

            names = parameters(self.module)
            if len(names) != 1 and not self.shapes:
                raise Refused(
                    self.title,
                    f"its forward takes {len(names)} inputs",
                    f"say which columns each gets: --inputs {' --inputs '.join(f'{name}=COLUMN,...' for name in names)}",
                )
            self.source = TorchSource(self.module, {name: self.shapes.get(name, (width,)) for name in names}, self.title)
        return self.source

    def _given(self, x: Any) -> tuple[dict[str, Array], Array]:
        """(what the source is fed, rounded as it rounds; bool [rows], those with a missing cell) for a matrix of columns."""
        matrix = np.asarray(x, np.float64)
        gone = np.asarray(np.isnan(matrix).any(axis=1)).reshape(-1) & np.full(len(matrix), self.skips_missing)
        feeds, at = {}, 0
        for one in self.inputs(matrix.shape[1]):
            width = matrix.shape[1] if one.width is None else one.width
            shape = (width,) if one.shape is None else one.shape
            part = np.where(gone[:, None], 0.0, matrix[:, at : at + width]).reshape(-1, *shape)
            feeds[one.name] = part.astype(np.int64 if one.whole else np.float32 if one.single else np.float64)
            at += width
        return feeds, gone

    def answer(self, x: Any) -> Array:
        """Its own answers [rows, outputs] for a matrix of columns; NaN for rows with a missing cell."""
        source = self.of(np.shape(x)[1])
        feeds, gone = self._given(x)
        return self._made(asked(self.title, lambda: source.ask(feeds)), gone)

    def exact(self, x: Any) -> Array | None:
        """The same in double precision; None where its library cannot. Refused where its own answers are farther off than FAR: then the file would not be that network."""
        feeds, gone = self._given(x)
        double = self.of(np.shape(x)[1]).exact(feeds)
        if double is None:
            return None
        made, own = self._made(double, gone), self.answer(x)
        for answers, precision in ((made, "double"), (own, "single")):
            if bad := int((~np.isfinite(answers[~gone])).any(axis=1).sum()):
                raise Refused(
                    self.title,
                    f"in {precision} precision {bad} of {int((~gone).sum())} rows asked have an answer that is infinite or no number",
                    "run it on these rows yourself: a logarithm, a root or a quotient of what the columns hold, or weights spoilt in training",
                )
        off, scale = np.abs(made - own)[~gone].max(initial=0.0), np.abs(made[~gone]).max(initial=0.0)
        if not off <= FAR * max(scale, 1e-300):
            raise Refused(
                self.title,
                f"its answers in single precision are up to {off:.3g} off its own arithmetic in double precision, at a scale of {scale:.3g}",
                "scale the columns before the network, or bring it in double precision",
            )
        return made

    def _made(self, answers: Any, gone: Array) -> Array:
        made = np.array(answers, np.float64).reshape(len(gone), -1)
        made[gone] = np.nan
        return made

    def drawn(self, columns: int) -> bool:
        """Whether the same rows, asked twice, have other answers."""
        rows = np.zeros((4, columns))
        if not any(one.whole for one in self.of(columns).inputs()):
            rows = np.random.default_rng(0).standard_normal((4, columns))
        return not np.array_equal(self.answer(rows), self.answer(rows), equal_nan=True)

    def shares(self, columns: int) -> bool:
        """Whether its answers are shares of classes: asked at rows drawn by chance, or at zeros where it takes only codes."""
        drawn = np.random.default_rng(0).standard_normal((8, columns))
        try:
            made = self.answer(drawn if not any(one.whole for one in self.of(columns).inputs()) else np.zeros((8, columns)))
        except UsageError:  # a negative number is no code
            made = self.answer(np.zeros((8, columns)))
        return made.shape[1] > 1 and bool((made >= 0).all() and np.allclose(made.sum(axis=1), 1.0, atol=1e-4))


def brought(given: Any) -> Any:
    """A torch.nn.Module, an ONNX model (ModelProto, bytes, path), a Keras model or a JAX function as a Network; anything else as it is."""
    found = elsewhere(given)
    if found is not None:
        return Network(found.title, made=found.made, takes=found.takes)
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(given).__mro__}
    if "fastai.learner.Learner" in kinds:
        from etabli.estimators.networks.fastai_learner import pipeline

        return pipeline(given)
    if "spacy.language.Language" in kinds:
        from etabli.estimators.networks.spacy_pipeline import refusal

        raise refusal(given)
    refuse(given)
    if "torch.nn.modules.module.Module" in kinds:
        given = unwrapped(given)
        return Network(f"PyTorch's {getattr(given, 'original_name', type(given).__name__)}", module=given)
    if isinstance(given, str | Path) and Path(given).suffix.lower() == ".onnx":
        from etabli.estimators.networks.onnx_source import opened

        given = opened(Path(given))
    if isinstance(given, bytes):
        from etabli.estimators.networks.onnx_source import opened

        given = opened(given)
    return Network("an ONNX network", onnx=given) if type(given).__name__ == "ModelProto" else given


@writes("etabli.estimators.networks.network.Network")
def network(estimator: Any, graph: Graph, frame: Frame) -> Frame | Answer:
    """Read step by step. One output is a number (the share of class 1 where a logistic function gives it); several are shares of classes, or their margins, numbered from 0; else what
    the user says they are."""
    texts = [frame.names[at] for at, part in zip(_starts(frame), frame.parts, strict=True) if part.kind == "string" and frame.names]
    if texts:
        raise Refused(
            estimator.title,
            f"it takes numbers, and these columns hold texts: {', '.join(texts)}",
            "leave them out, where it does not take them (--inputs NAME=COLUMN,... names those it does); or write them as the numbers it was fitted on",
        )
    matrix = frame.matrix(graph, estimator.title)
    source, maths, inputs = estimator.of(frame.width), Maths(graph, matrix), estimator.inputs(frame.width)
    try:
        made = source.read(maths, _dealt(estimator.title, maths, matrix, inputs, frame.width))
        if not made.shape or made.shape[0] != ROWS or made.known:
            raise Unreadable("its answer does not have one place a row")
        outputs = int(np.prod(made.shape[1:], dtype=np.int64))
        raw = maths.tensor(maths.reshape(maths.cast(made, "float"), (ROWS, outputs)))
    except Unreadable as error:
        what = error.what.removeprefix(f"{estimator.title}: ")
        if estimator.drawn(frame.width):
            raise Refused(
                estimator.title,
                f"its answers are drawn by chance: the same rows, asked twice, have others ({what})",
                "bring what it answers in the mean: without noise, or with weights in place of their distributions",
            ) from None
        raise Refused(estimator.title, what, error.advice) from None
    estimator.layers = maths.layers()
    estimator.skips_missing = not maths.asks_missing
    if estimator.skips_missing:
        gaps = graph.op("ReduceSum", graph.op("Cast", graph.op("IsNaN", matrix), to=11), graph.const([1], np.int64), keepdims=1)
        raw = graph.op("Where", graph.op("Greater", gaps, graph.const(0.0, np.float64)), graph.const(np.nan, np.float64), raw)
    exact = estimator.exact(np.zeros((2, frame.width))) is not None
    native = estimator.exact if exact else estimator.answer
    bound = SINGLE if not exact and any(one.single for one in inputs) else DOUBLE
    if source.spread:
        return _pair(estimator, graph, raw, outputs, native, bound)
    gives = estimator.gives or _likely(estimator, outputs, made.tensor in maths.shares, frame.width)
    _fits(estimator, outputs, gives)
    return _answer(estimator, graph, raw, outputs, native, bound, gives)


def _dealt(title: str, maths: Maths, matrix: str, inputs: Sequence[Input], columns: int) -> dict[str, Value]:
    """What each input takes of the columns, in their order, rounded to its precision and in its shape."""
    graph, values, at = maths.graph, {}, 0
    for one in inputs:
        width = columns if one.width is None else one.width
        tensor = graph.op("Gather", matrix, graph.const(list(range(at, at + width)), np.int64), axis=1) if len(inputs) > 1 else matrix
        at += width
        if one.single and not one.whole:
            tensor = graph.op("Cast", graph.op("Cast", tensor, to=1), to=11)
        flat = Value((ROWS, width), "float", tensor=tensor)
        value = maths.cast(flat, "int") if one.whole else flat
        values[one.name] = value if one.shape in (None, (width,)) else maths.reshape(value, (ROWS, *one.shape))
    if at != columns:
        raise Refused(title, f"it takes {at} columns and is given {columns}")
    return values


def _pair(estimator: Any, graph: Graph, raw: str, outputs: int, native: Native, bound: float) -> Answer:
    """Of a distribution of a number: its mean, and its standard deviation beside it."""
    if outputs != 2 or estimator.labels or estimator.gives not in ("", "number"):
        raise Refused(
            estimator.title, "it gives a distribution, and what is adopted of one is that of a single number", "leave its last step out"
        )
    mean, deviation = (_column(graph, raw, place) for place in (0, 1))
    return Answer(mean, "identity", lambda x: native(x)[:, :1], bound=bound, deviation=deviation, spread=lambda x: native(x)[:, 1:])


def _answer(estimator: Any, graph: Graph, raw: str, outputs: int, native: Native, bound: float, gives: str) -> Answer:
    """A number, or classes by their shares or margins."""
    if gives == "number":
        return Answer(raw, "identity", native, bound=bound)
    labels = estimator.labels or tuple(range(max(outputs, 2)))
    if outputs == 1:
        return Answer(raw, "sigmoid" if gives == "logits" else "probability", native, classes=labels, bound=bound)
    if outputs == 2 and gives == "shares":
        return Answer(_column(graph, raw, 1), "probability", lambda x: native(x)[:, 1:], classes=labels, bound=bound)
    if outputs == 2:
        margin = graph.op("Sub", _column(graph, raw, 1), _column(graph, raw, 0))
        return Answer(margin, "sigmoid", lambda x: np.diff(native(x), axis=1), classes=labels, bound=2 * bound)
    return Answer(raw, "probability" if gives == "shares" else "softmax", native, classes=labels, outputs=outputs, bound=bound)


def _column(graph: Graph, raw: str, place: int) -> str:
    return graph.op("Gather", raw, graph.const([place], np.int64), axis=1)


def _starts(frame: Frame) -> list[int]:
    """Where each part of a frame begins."""
    return [sum(part.width for part in frame.parts[:place]) for place in range(len(frame.parts))]


def _likely(estimator: Any, outputs: int, logistic: bool, columns: int) -> str:
    """What its outputs are, where nobody says it."""
    if outputs > 1:
        return "shares" if estimator.shares(columns) else "logits"
    if logistic:
        return "shares"
    return "logits" if estimator.labels else "number"


def _fits(estimator: Any, outputs: int, gives: str) -> None:
    """UsageError where what the user says cannot be true of so many outputs."""
    labels = estimator.labels
    if gives == "number" and (outputs > 1 or labels):
        got = f"{outputs} outputs" if outputs > 1 else f"{len(labels)} classes named"
        raise UsageError(
            "a network that gives a number has one output and no classes", f"{estimator.title}: {got}", "--gives logits or shares"
        )
    if labels and len(labels) != max(outputs, 2):
        known = "one output, which is two classes" if outputs == 1 else f"{outputs} outputs"
        raise UsageError(
            "--classes names the classes of a network's outputs, in their order", f"{len(labels)} names; {estimator.title} has {known}", ""
        )
