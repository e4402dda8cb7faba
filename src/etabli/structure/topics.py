"""A column of free text as a handful of coordinates: latent semantic analysis (Deerwester et al. 1990), learned from sparse counts.

Words are cut and counted by the nodes of the families' preparation (`data/preparation/text.py`). A count weighs 1 + its logarithm (Salton &
Buckley 1988) times log(texts / texts with the word) (Spärck Jones 1972), which is nothing for a word of every text; rows have length 1, go to the leading singular
axes, and have length 1 again, so that distances are those of directions. A text without known words, or a missing one, lies in the middle.

How many axes is asked as for tables (parallel analysis, Horn 1965): those larger than where every word is dealt anew among texts of about the same length
(`shuffled`). Where none is, the words say nothing together, and the column is left out: groups made of it would be groups of chance. The axes
are seen from zero, and the first of them is the direction of all texts, so one more is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.data.preparation import View, matrix
from etabli.data.preparation.text import Words, counted, learn
from etabli.graph.graph import Graph
from etabli.records import PREPARED, Array, Feature, Prepared, Table, Wants
from etabli.structure.linear import signed

TERMS, ROWS, LEAST = 2_000, 20_000, 50  # words at most; texts learned from at most, and at least
AXES = 25  # at most: of three sets of texts, 20 to 30 gave the truest groups (docs/cluster.md)
DRAWS = 19  # shuffles: the largest of 19 is reached by chance once in 20
LOOKED, OFTEN, BLOCK = 4_000, 5, 25  # texts looked at for it; those a word must be in; those of about the same length
NAMED = 3  # words that name an axis


@dataclass(frozen=True)
class Topics:
    """name: the column. words: its terms (`terms`, by number). weight: float64 [terms], of a count. axes: float64 [terms, axes]. middle: float64 [axes], the mean
    of the texts. places, counts: the graphs of both, as `data.preparation` has them: [rows, axes] and [rows, terms]."""

    name: str
    words: Words
    terms: tuple[str, ...]
    weight: Array
    axes: Array
    middle: Array
    places: Prepared
    counts: Prepared

    def apply(self, table: Table, rows: Array) -> Array:
        """float64 [rows, axes]: the coordinates."""
        return matrix(self.places, table, rows)

    def weighed(self, table: Table, rows: Array) -> Any:
        """scipy CSR [rows, terms]: what each word weighs in each text, rows of length 1."""
        return _unit(_weighed(_counts(self.counts, table, rows), self.weight))

    def present(self, table: Table, rows: Array) -> Any:
        """scipy CSR [rows, terms] of 1.0: which words are in each text."""
        made = _counts(self.counts, table, rows)
        made.data = np.ones_like(made.data)
        return made


def topics(table: Table, name: str, rows: Array, seed: int) -> Topics | None:
    """What the texts of a column say, learned from those rows. None where fewer than LEAST texts are filled, no word comes twice, or the
    words say no more together than by chance."""
    column = table.column(name)
    filled = rows[np.asarray(table.values[name][rows]) >= 0]
    if len(filled) < LEAST:
        return None
    random = np.random.default_rng([seed, 31])
    some = filled if len(filled) <= ROWS else np.sort(random.choice(filled, ROWS, replace=False))
    view = View(table, (column,), some, None, Wants(text="none"), seed)
    if (made := learn(view, name, TERMS, paired=False)) is None:
        return None
    words, terms = made
    features = tuple(Feature(f'{name}: "{term}"', (name,)) for term in terms)
    counts = _written(view, features, words, ())
    seen = _counts(counts, table, some)
    weight = np.log((1 + len(some)) / (1 + np.asarray((seen > 0).sum(axis=0), float).ravel()))
    x = _unit(_weighed(seen, weight))
    found = _beyond_chance(x, random)
    if not found:
        return None
    axes = _axes(x, min(found + 1, *(side - 1 for side in x.shape)))
    z = x @ axes
    length = np.linalg.norm(z, axis=1)
    middle = (z[length > 0] / length[length > 0, None]).mean(axis=0)
    named = [f"{name}: {', '.join(terms[i] for i in np.argsort(-np.abs(axis), kind='stable')[:NAMED])}" for axis in axes.T]
    places = _written(view, tuple(Feature(title, (name,)) for title in named), words, (weight, axes, middle))
    return Topics(name, words, tuple(terms), weight, axes, middle, places, counts)


def _axes(x: Any, count: int) -> Array:
    """[terms, count]: the leading right singular vectors, the largest first."""
    from scipy.sparse.linalg import svds

    axes = svds(x, k=count, v0=np.ones(min(x.shape)), return_singular_vectors="vh")[2][::-1].T
    return np.ascontiguousarray(axes * signed(axes))


def _beyond_chance(x: Any, random: np.random.Generator) -> int:
    """The number of leading axes about the mean that are larger than those of shuffled words, in all draws; AXES - 1 at most."""
    if x.shape[0] > LOOKED:
        x = x[np.sort(random.choice(x.shape[0], LOOKED, replace=False))]
    x = _unit(x[:, np.asarray((x > 0).sum(axis=0)).ravel() >= OFTEN])
    most = min(AXES - 1, *(side - 2 for side in x.shape))
    if most < 1:
        return 0
    own, chance = _spreads(x, most), np.zeros(most)
    for _ in range(DRAWS):
        chance = np.maximum(chance, _spreads(shuffled(x, random), most))
    above = own > chance
    return most if above.all() else int(above.argmin())


def _spreads(x: Any, most: int) -> Array:
    """[most]: the leading singular values of the words in units of their own deviation, falling: as principal components of correlations."""
    from scipy.sparse.linalg import LinearOperator, svds

    mean, square = (np.asarray(part.mean(axis=0)).ravel() for part in (x, x.multiply(x)))
    size = np.sqrt(x.shape[0] * (square - mean**2))
    size = np.where(size > 0, size, np.inf)
    centred = LinearOperator(
        x.shape,
        matvec=lambda v: x @ (v.ravel() / size) - mean @ (v.ravel() / size),
        rmatvec=lambda v: (x.T @ v.ravel() - mean * v.sum()) / size,
        dtype=np.float64,
    )
    return np.sort(svds(centred, k=most, v0=np.ones(min(x.shape)), tol=1e-3, return_singular_vectors=False))[::-1]


def shuffled(x: Any, random: np.random.Generator) -> Any:
    """Every word's weights dealt anew among texts with about as many words (blocks of BLOCK): short texts stay short, frequent words frequent, and nothing
    else stays. CSR [texts, terms], rows of length 1."""
    from scipy import sparse

    order = np.argsort(np.diff(x.indptr) + random.random(x.shape[0]), kind="stable")
    parts = [sparse.csr_matrix(random.permuted(x[block].toarray(), axis=0)) for block in np.array_split(order, max(1, len(order) // BLOCK))]
    return _unit(sparse.vstack(parts))


def _weighed(counts: Any, weight: Array) -> Any:
    from scipy import sparse

    made = counts.astype(np.float64)
    made.data = 1 + np.log(made.data)
    return sparse.csr_matrix(made @ sparse.diags(weight))


def _unit(x: Any) -> Any:
    from scipy import sparse

    length = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(length > 0, length, 1.0)) @ x)


def _counts(counts: Prepared, table: Table, rows: Array) -> Any:
    """CSR [rows, terms], made of dense blocks."""
    from scipy import sparse

    parts = [sparse.csr_matrix(matrix(counts, table, rows[start : start + 2_000])) for start in range(0, len(rows), 2_000)]
    return sparse.csr_matrix(sparse.vstack(parts)) if parts else sparse.csr_matrix((0, len(counts.features)))


def _written(view: View, features: tuple[Feature, ...], words: Words, learned: Sequence[Array]) -> Prepared:
    """Counts, or with (weight, axes, middle) the coordinates, as graphs for the file and for the table."""
    import json

    columns = json.dumps([column.name for column in view.columns])

    def model(coded: bool) -> bytes:
        graph = view.graph(coded)
        x = graph.op("Cast", counted(graph, words), to=11)
        x = x if not learned else _write(graph, x, *learned)
        return bytes(graph.model({PREPARED: (x, "double", len(features))}, {"columns": columns}).SerializeToString())

    return Prepared(features, model(False), model(True))


def _write(graph: Graph, counts: str, weight: Array, axes: Array, middle: Array) -> str:
    """From counts to coordinates: min(count, 1) + log(max(count, 1)) is 1 + log(count), and 0 where there is none."""
    one = graph.const(1.0, np.float64)
    x = graph.op("Add", graph.op("Min", counts, one), graph.op("Log", graph.op("Max", counts, one)))
    z = graph.op("MatMul", x, graph.const(np.ascontiguousarray(weight[:, None] * axes)))
    length = graph.op("Sqrt", graph.op("ReduceSum", graph.op("Mul", z, z), graph.const([1], np.int64), keepdims=1))
    known = graph.op("Greater", length, graph.const(0.0, np.float64))
    unit = graph.op("Div", z, graph.op("Where", known, length, one))
    return graph.op("Where", known, unit, graph.const(middle[None]))
