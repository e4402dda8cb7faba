"""How columns become a matrix: one file a kind of column, found by walking this folder.

Each step learns from the training rows alone (`fit`) and writes itself as nodes (`write`). There is no second implementation:
`matrix` runs the very graph that ships, fed with level numbers in place of texts (`coded`), at the speed of arrays.

    made = prepare(table, target, Wants(numbers="scaled", filled=True, categories="one-hot"), rows, seed=0)
    x = made.train if made.train is not None else matrix(made, table, rows)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from etabli.data.preparation.step import Learned, Step, View
from etabli.errors import DataError
from etabli.records import PREPARED, Array, Column, Prepared, Table, Target, Wants

__all__ = ["Learned", "Step", "View", "matrix", "prepare", "steps", "usable"]

PIECES = 4_000_000  # words of text cut at once


@cache
def steps() -> tuple[Step, ...]:
    """One of every concrete Step class in this folder, in the order of their features."""
    from importlib import import_module
    from inspect import getmembers, isabstract, isclass
    from pkgutil import iter_modules

    found: dict[str, type[Step]] = {}
    for module in sorted(info.name for info in iter_modules(__path__)):
        for name, value in getmembers(import_module(f"{__name__}.{module}"), isclass):
            if issubclass(value, Step) and not isabstract(value):
                found[f"{value.__module__}.{name}"] = value
    return tuple(sorted((made() for made in found.values()), key=lambda step: (step.order, type(step).__name__)))


def usable(table: Table, target: Target | None) -> tuple[str, ...]:
    """The columns a model may see when nobody says otherwise: all but the target, identifiers and constants."""
    own = target.name if target is not None else None
    return tuple(column.name for column in table.columns if column.name != own and column.kind not in ("identifier", "constant"))


def prepare(
    table: Table,
    target: Target | None,
    wants: Wants,
    rows: Array,
    seed: int,
    columns: Sequence[str] | None = None,
    groups: Array | None = None,
) -> Prepared:
    """Learns the preparation from `rows` alone and writes it as a graph, for texts (raw) and for level numbers (coded).

    rows: the training rows. columns: names of those a model may see (`usable` unless given). groups: [table rows] or None: rows
    that must stay together in the inner folds of target statistics. DataError when no column gives a feature, or no row is given.
    """
    names = usable(table, target) if columns is None else columns
    chosen = tuple(table.column(name) for name in names)
    rows = np.asarray(rows)
    if not len(rows):
        raise DataError("a preparation learns from at least one row", "no training rows", "look at the split")
    view = View(table, chosen, rows, target, wants, seed, None if groups is None else np.asarray(groups)[rows])
    learned = [(step, part) for step in steps() if (part := step.fit(view)) is not None and part.features]
    if not learned:
        raise DataError(
            "at least one column must give something to learn from",
            f"{len(chosen)} columns in use: " + (", ".join(f"{column.name} ({column.kind})" for column in chosen[:8]) or "none"),
            "keep at least one number, category, date or text column",
        )
    features = tuple(feature for _, part in learned for feature in part.features)
    raw, coded = (_write(view, learned, len(features), how) for how in (False, True))
    made = Prepared(features, raw, coded)
    if not any(part.train for _, part in learned):
        return made
    x = matrix(made, table, rows)
    start = 0
    for _, part in learned:
        for position, values in part.train.items():
            x[:, start + position] = values
        start += len(part.features)
    return Prepared(features, raw, coded, x)


def matrix(prepared: Prepared, table: Table, rows: Array, block: int = 50_000) -> Array:
    """float64 [rows, features]: the coded graph's answer, block by block (texts in blocks of few enough words)."""
    from etabli.data.feeds import feeds
    from etabli.graph.run import session

    made = session(prepared.coded)
    columns = [table.column(name) for name in json.loads(made.get_modelmeta().custom_metadata_map["columns"])]
    wanted = {value.name for value in made.get_inputs()}
    rows = np.asarray(rows)
    x = np.empty((len(rows), len(prepared.features)))
    texts = [column for column in columns if column.kind == "text" and column.name in wanted]
    for start, end in _blocks(table, texts, rows, block):
        x[start:end] = made.run([PREPARED], feeds(table, columns, rows[start:end], True, wanted))[0]
    return x


def _write(view: View, learned: Sequence[tuple[Step, Learned]], width: int, coded: bool) -> bytes:
    """The serialized graph. Its metadata name the columns in use, which make up the block of a wide table."""
    graph = view.graph(coded)
    parts = [tensor for step, part in learned for tensor in step.write(part, graph)]
    x = graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    columns = json.dumps([column.name for column in view.columns])
    return bytes(graph.model({PREPARED: (x, "double", width)}, {"columns": columns}).SerializeToString())


def _blocks(table: Table, texts: Sequence[Column], rows: Array, block: int) -> Iterator[tuple[int, int]]:
    """Spans of `rows`. Cutting pads every text of a block to the longest, so few long texts go at once."""
    if not texts:
        yield from ((start, min(start + block, len(rows))) for start in range(0, len(rows), block))
        return
    words = np.ones(len(rows), np.int64)
    for column in texts:
        lengths = np.array([text.count(" ") + text.count("\n") + text.count("\t") + 1 for text in table.levels[column.name]] + [1])
        words = np.maximum(words, lengths[np.asarray(table.values[column.name])[rows]])
    start, longest = 0, 1
    for at, length in enumerate(words.tolist()):
        longest = max(longest, length)
        if at > start and ((at - start + 1) * longest > PIECES or at - start >= 2_000):
            yield start, at
            start, longest = at, length
    if start < len(rows):
        yield start, len(rows)
