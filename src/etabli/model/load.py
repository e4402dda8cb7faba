"""Loads a model file and predicts with it: numpy and onnxruntime are all it needs.

This is the module that runs where nothing else of établi's dependencies is installed, so it and what it imports (`asked`, `card`,
`frames`, `raw`, `tables`, `data/cells`, `data/dialect`) use errors, numpy and the standard library alone; onnxruntime and,
for Parquet, pyarrow are imported inside functions. `tests/model/test_bare.py` runs it in such a place.

Speed. One row costs little more than onnxruntime's own call: names are resolved when the file is loaded and numbers enter
as views of one array. Many rows are cut into blocks for one thread a core; onnxruntime releases the interpreter's lock, and
each call runs on one thread, which keeps the sums of trees in their order: the same bits at any number of rows or cores
(onnxruntime's Exp alone may differ in the last digit between one row and many, so probabilities may too).
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from etabli.errors import DataError, UsageError, did_you_mean
from etabli.model import card as cards
from etabli.model import tables
from etabli.model.asked import At, given
from etabli.model.frames import Frame, frame
from etabli.model.raw import Raw, encodable, texts
from etabli.model.rows import Note, Rows, columns_of, rows_of
from etabli.model.selftest import SelfTest as SelfTest
from etabli.model.selftest import compared

if TYPE_CHECKING:
    from etabli.model.batch import Summary
    from etabli.model.explain.attended import Attended
    from etabli.model.explain.counterfactual import Change
    from etabli.model.explain.explained import Explained
    from etabli.model.tensors.jax import Function

Array = np.ndarray[Any, np.dtype[Any]]
_ABSENT: Any = object()
BLOCK = 2000  # rows a call: large enough to hide the call, small enough for the core's own cache
CELLS = 200_000  # numbers a call: a network makes a hundred of each


@final
class Answers(dict[str, Array]):
    """The file's outputs by name, rows first. notes: what the reading of the rows had to decide. frame: the same as a frame of the library
    that the rows came in (pandas with its index, polars, pyarrow; else a dict of columns), named as in a predicted file."""

    __slots__ = ("_shape", "notes")

    def __init__(self, outputs: Mapping[str, Array], notes: tuple[Note, ...] = (), shape: tuple[Any, ...] = (None, (), ())) -> None:
        super().__init__(outputs)
        self.notes, self._shape = notes, shape

    @property
    def frame(self) -> Any:
        """One row an answer, columns as `etabli predict` writes them: prediction, probability_<class>, set, lower, upper, novelty ..."""
        from etabli.model.alike import Kind
        from etabli.model.writers import columns, names

        kind, classes, quantiles = self._shape
        return (kind or Kind()).frame(dict(zip(names(self, classes, (), quantiles), columns(self, classes), strict=True)))


@final
class Model:
    """A loaded model file. Safe to use from several threads. Made by `load`.

    card: what the file says of itself (docs/model-file.md). classes: the labels in the order of `probability`, () for a number.
    columns: the raw columns it reads. outputs: the names of what it answers. quantiles: the levels of the output `quantile` when none
    are asked for, () for a file without a distribution.
    """

    __slots__ = (
        "_feeds",
        "_known",
        "_levels",
        "_optional",
        "_plan",
        "_self_test",
        "_session",
        "_source",
        "_strings",
        "_unasked",
        "_worded",
        "card",
        "classes",
        "columns",
        "confidence",
        "outputs",
        "path",
        "quantiles",
        "threads",
        "tracked",
    )

    def __init__(self, session: Any, path: str, threads: int, source: bytes | None = None) -> None:
        meta = session.get_modelmeta().custom_metadata_map
        self.card: Mapping[str, Any] = cards.read(meta.get(cards.CARD), path)
        self.path, self.threads, self._session, self._self_test = path, threads, session, meta.get(cards.SELFTEST)
        self._source = source
        self._levels: Mapping[str, frozenset[str]] | None = None
        self.classes: tuple[str, ...] = tuple(map(str, self.card.get("classes") or ()))
        self.outputs: tuple[str, ...] = tuple(value.name for value in session.get_outputs())
        self._unasked = tuple(name for name in self.outputs if name != "cdf")  # NaN where no value is asked about
        self._optional = frozenset(value.name for value in session.get_overridable_initializers())
        self.confidence = "confidence" in self._optional
        self.tracked = "half_width" in self._optional
        self.quantiles: tuple[float, ...] = tuple(self.card.get("quantiles") or ()) if "quantiles" in self._optional else ()
        self._known, raws = columns_of(self.card)
        self._feeds: list[tuple[str, str, list[Raw]]] = []
        for entry in self.card["inputs"]:
            self._feeds.append((str(entry["input"]), str(entry["type"]), [raws[str(name)] for name in entry["columns"]]))
        wanted = {value.name for value in session.get_inputs()}
        if wanted != {name for name, _, _ in self._feeds}:
            raise DataError(
                "the card and the graph of the model file name the same inputs", f"{path}: {sorted(wanted)}", "the file is damaged"
            )
        self.columns: tuple[Raw, ...] = tuple(raw for _, _, group in self._feeds for raw in group)
        # the plan for one row: single numbers first, then blocks, then strings
        doubles = sorted((feed for feed in self._feeds if feed[1] == "double"), key=lambda feed: len(feed[2]) != 1)
        self._plan = [(name, [raw.name for raw in group]) for name, _, group in doubles]
        self._strings = [(name, group[0], frozenset(group[0].known)) for name, kind, group in self._feeds if kind == "string"]
        self._worded = frozenset(raw.name for raw in self.columns if raw.worded)

    def __repr__(self) -> str:
        return f"Model({Path(self.path).name}: {self.card.get('task', '?')}, {self.card.get('target', 'no target')} from {len(self.columns)} columns)"

    def _repr_html_(self) -> str:
        from etabli.model.shown import html

        return html(self.card, self.outputs)

    def predict(
        self,
        data: Any,
        confidence: float | None = None,
        quantiles: Sequence[float] | None = None,
        at: At = None,
        half_width: float | None = None,
    ) -> Answers:
        """The outputs by name for every row of `data`: `prediction` [rows, 1], `probability` [rows, classes], `set`, `lower`,
        `upper`, `novelty`, as the file has them; of a file with a distribution also `quantile` [rows, levels], and `cdf` [rows, 1]
        where `at` is given.

        data: the path of a CSV or Parquet file, a frame (pandas, polars, pyarrow or any that narwhals knows), a dict of columns,
        a dict of one row's cells, a list of dict rows, or an array [rows, columns the model reads].
        confidence: of sets and intervals, between 0 and 1; without it the file's default. A column that was sometimes missing
        half_width: a factor on the intervals of a file learned forward in time (see `track`).
        quantiles: levels between 0 and 1. at: one value, or one a row: how probable it is to stay at or below it.
        in training may be left out; what is not known to the model is ignored; both are told in `notes`, and so are values outside
        the range seen in training and levels never seen there (not for one row whose cells need no reading, which is answered in a hurry).
        UsageError for a column that is needed and absent, a confidence outside 0 to 1, or what is no table.
        """
        if type(data) is dict:
            feeds = self._row(data)
            if feeds is not None:
                level = given(self.card, self._optional, 1, confidence, quantiles, at, half_width)
                shape = (None, self.classes, self.quantiles if quantiles is None else quantiles)
                return Answers(self._call({**feeds, **level} if level else feeds), (), shape)
        read = self.read(data)
        from etabli.model.alike import kind_of
        from etabli.model.batch import unusual

        answers = self.run(read.feeds, read.rows, confidence, quantiles, at, half_width)
        asked = (kind_of(data), self.classes, self.quantiles if quantiles is None else quantiles)
        return Answers(answers, (*read.notes, *unusual(self, read)), asked)

    @property
    def levels(self) -> Mapping[str, frozenset[str]]:
        """Input name -> every text that the graph's own look-ups know."""
        if self._levels is None:
            from etabli.model.wire import inside

            self._levels = inside(self._source or Path(self.path).read_bytes()).levels
        return self._levels

    def read(self, data: Any) -> Rows:
        """`data` (see `predict`) as arrays that `run` and the bare onnxruntime session take."""
        if isinstance(data, (str, os.PathLike)):
            data = tables.whole(Path(data))
        return self.rows(frame(data, [raw.name for raw in self.columns]))

    def rows(self, table: Frame) -> Rows:
        """A frame's rows as arrays, by the card: columns found by name or header, cells read, what is absent made missing."""
        return rows_of(table, self._feeds, self._known)

    def run(
        self,
        feeds: Mapping[str, Array],
        rows: int,
        confidence: float | None = None,
        quantiles: Sequence[float] | None = None,
        at: At = None,
        half_width: float | None = None,
    ) -> dict[str, Array]:
        """The outputs for `feeds` (from `read`). Many rows are shared out among the cores this process may use."""
        level = given(self.card, self._optional, rows, confidence, quantiles, at, half_width)
        if rows == 0:  # trees refuse an empty batch: ask for one row, keep none
            blank = {
                name: np.full((1, len(group)), "" if kind == "string" else np.nan, object if kind == "string" else float)
                for name, kind, group in self._feeds
            }
            return {
                name: values[:0] for name, values in self._call({**blank, **{key: v for key, v in level.items() if v.ndim < 2}}).items()
            }
        block = max(100, min(BLOCK, CELLS // max(1, sum(len(group) for _, _, group in self._feeds))))
        if rows <= block:
            return self._call({**feeds, **level})

        def part(start: int) -> dict[str, Array]:
            cut = {name: values[start : start + block] for name, values in feeds.items()}
            return self._call(
                {**cut, **{name: values[start : start + block] if values.ndim == 2 else values for name, values in level.items()}}
            )

        starts = range(0, rows, block)
        parts = list(map(part, starts)) if self.threads == 1 else _shared(part, starts, self.threads)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def self_test(self) -> SelfTest:
        """Answers the rows the file carries and compares with the answers it carries. DataError when it carries none."""
        if not self._self_test:
            raise DataError(
                "the model file carries rows to test itself with", f"{self.path}: none", "write the file again with a newer établi"
            )
        feeds = self.carried() or {}
        kept = json.loads(self._self_test)
        got = self.run(feeds, len(next(iter(feeds.values()))), float(kept["confidence"]) if self.confidence else None)
        return compared(kept["outputs"], got, {value.name: value.type for value in self._session.get_outputs()})

    def explain(self, data: Any, label: str | None = None, background: Any = None, **how: Any) -> Explained:
        """Why each row got its answer: the Shapley value of every raw column, adding up to the file's own answer.

        data, background: as in `predict`; without background the rows that the file carries, of more than 100 given a hundred by chance.
        label: whose probability (default: of the positive class of two; of several, each row's most probable). how: scale
        ("output" or "margin"), budget (questions a row, 20 000), tolerance (of the standard error, 0.01 of the deviation of the answers), seed,
        method ("shapley", or "gradients": quick for networks of many columns; needs JAX or PyTorch).
        """
        from etabli.model.explain.shapley import explain

        return explain(self, data, label, background, **how)

    def attention(self, row: Any) -> Attended:
        """Where the attention layers of a transformer look for one row: the weights [heads, from, to] of each layer, and their rollout. UsageError for
        other than one row, DataError for a file without attention. `row` as in `predict`."""
        from etabli.model.explain.attention import attended

        return attended(self, row)

    def changes(self, row: Any, want: str | None = None, fixed: Sequence[str] = (), many: int = 3) -> tuple[Change, ...]:
        """What would change the answer of one row: the fewest columns and the smallest moves, within ranges and levels seen in training.

        want: a class (default: any other than now), or a bound of a number (">100", "<=2.5"; without one there is nothing to reach).
        fixed: columns that must not move. At most `many`, of different columns; () when nothing leads there or the row is there already.
        """
        from etabli.model.explain.counterfactual import changes

        return changes(self, row, want, fixed, many)

    def to_torch(self, precision: Literal["double", "single"] = "double") -> Any:
        """The whole file as a `torch.nn.Module`, trees included: `module(module.inputs(data))` gives the outputs that are numbers, by name.

        Equal to the file to the rounding of sums in double precision; differentiable where the file is (a tree is flat). precision "single" is for accelerators.
        ImportError without torch; UsageError for another precision."""
        from etabli.model.tensors.torch import module

        return module(self, precision)

    def to_jax(self, precision: Literal["double", "single"] = "double") -> Function:
        """The same as a JAX function: `f = model.to_jax(); f(f.inputs(data))`; `f.apply(f.params, inputs)` is pure."""
        from etabli.model.tensors.jax import function

        return function(self, precision)

    def carried(self) -> dict[str, Array] | None:
        """The rows that the file carries, as `run` takes them; None when it carries none."""
        if not self._self_test:
            return None
        kept = json.loads(self._self_test)
        return {name: cards.array(kept["feeds"][name], kind) for name, kind, _ in self._feeds}

    def source(self) -> bytes:
        """The file's bytes."""
        return Path(self.path).read_bytes() if self._source is None else self._source

    def _row(self, row: dict[str, Any]) -> dict[str, Array] | None:
        """One row's feeds, in a hurry; None when a cell is absent or needs reading (the long way then says so)."""
        flat = []
        for _, names in self._plan:
            for name in names:
                value = row.get(name, _ABSENT)
                if isinstance(value, (float, int)) and name not in self._worded:
                    flat.append(value)
                elif value is None:
                    flat.append(math.nan)
                else:
                    return None
        feeds = {}
        try:
            block = np.array(flat, np.float64).reshape(-1, 1, 1)
        except OverflowError:
            return None
        at = 0
        for name, names in self._plan:
            width = len(names)
            feeds[name] = block[at] if width == 1 else block[at : at + width, 0].T
            at += width
        for name, raw, known in self._strings:
            value = row.get(raw.name)
            if type(value) is not str:
                return None
            feeds[name] = np.array([[value]], object) if value in known else texts([value], raw)[:, None]
        return feeds

    def _call(self, feeds: dict[str, Array]) -> dict[str, Array]:
        names = self.outputs if "at" in feeds else self._unasked
        try:
            made = self._session.run(names, feeds)
        except UnicodeEncodeError:  # bytes that were no text in the file's encoding
            feeds = {name: encodable(values) if values.dtype == object else values for name, values in feeds.items()}
            made = self._session.run(names, feeds)
        return dict(zip(names, made, strict=True))


def load(path: str | os.PathLike[str] | bytes, threads: int | None = None) -> Model:
    """Loads a model file (or the folder of a run, or the file's bytes). threads: for many rows; default all this process may use.

    UsageError when there is no such file; DataError when it is not a model file of établi, or newer than this reader.
    """
    import onnxruntime as ort

    threads = threads or cores()
    if isinstance(path, bytes):
        name, source = "model.onnx", path
    else:
        place = Path(path)
        place = place / "model.onnx" if place.is_dir() else place
        if not place.is_file():
            near = did_you_mean(place.name, [other.name for other in sorted(place.parent.glob("*.onnx"))] if place.parent.is_dir() else [])
            raise UsageError("the model file must exist", str(path), near or "`etabli fit` writes one")
        name, source = str(place), place.read_bytes()
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # onnxruntime's own exceptions share no base class
        first = str(problem).splitlines()[0][:200]
        if "INVALID_PROTOBUF" in first or "ModelProto does not have a graph" in first:
            raise DataError(
                "the model file is an ONNX model",
                f"{name} is none, or is damaged",
                "the model comes first, then the data: etabli predict MODEL FILE" if not name.endswith(".onnx") else "copy it again",
            ) from None
        raise DataError(
            "the file must be an ONNX model that this onnxruntime can load",
            f"{name}: {first}",
            f"onnxruntime here is {ort.__version__}; 1.21 or later is needed",
        ) from None
    return Model(session, name, threads, source if isinstance(path, bytes) else None)


def predict_file(
    model: str | os.PathLike[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str] = "-",
    confidence: float | None = None,
    threads: int | None = None,
    quantiles: Sequence[float] | None = None,
    at: float | None = None,
    half_width: float | None = None,
) -> Summary:
    """Predicts every row of a CSV or Parquet file and writes the rows with the answers after them: see `model/batch.py`."""
    from etabli.model.batch import predict_file as whole  # batch loads models: imported here, not above

    return whole(model, data, out, confidence, threads, quantiles, at, half_width)


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shared(part: Callable[[int], dict[str, Array]], starts: Iterable[int], threads: int) -> list[dict[str, Array]]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(part, starts))


if __name__ == "__main__":
    from etabli.model.alone import main

    sys.exit(main(sys.argv[1:]))
