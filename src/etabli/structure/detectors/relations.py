"""Relations: each column predicted from all others; odd is a row with a value that the others make unlikely (attribute-wise learning, Paulheim & Meusel
2015; in data cleaning, conditional surprise).

One tree a column with few large leaves says what is usual there: of a category the share of each level in the leaf, of a number a double exponential law
around the leaf's median. Both are mixed with the column's own law, weighing as PRIOR rows: a leaf of n rows cannot make anything much rarer than 1 in
n. How rare a surprise is, is learned column by column from rows that the trees did
not see, with the tail continued (`judge/tails.py`). The columns' p-values are joined by their harmonic mean (`harmonic.py`), which one very small one
decides: a single impossible value is not drowned by many usual ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from etabli.estimators import sktrees
from etabli.estimators.recipes import number
from etabli.graph import trees
from etabli.graph.graph import Graph
from etabli.judge.tails import columns, surprising
from etabli.records import Array, Cost
from etabli.structure.detectors.tails import curves, heights, most, write_heights
from etabli.structure.harmonic import joined, write_joined
from etabli.structure.method import Detector, Found, Stop, Values
from etabli.structure.owners import leveled, tilt, tilted, write_tilted
from etabli.structure.placing import drawn

SEEN = 20_000
WIDE = 200  # raw columns; beyond, each is judged alone
PREDICTORS = 60  # features a tree looks at: those most correlated with its column
GRID = (
    2.0**20
)  # surprises are told in steps of a millionth, so that values that differ in their last digit are as rare as each other, here and in the file
LEAVES, LEAF, SHARE = 64, 10, 0.005  # at most so many; rows of a leaf: at least so many, and that share
PRIOR = 2.0  # rows' worth of the whole table in each leaf
FEW = 40  # rows below which no tree is grown


@final
class Relations(Detector):
    """Trees as in `graph/trees.py`: tree c gives where leaf entries of column c begin. Entries of a number: (median, spread up, spread down, log of the leaf's weight, log of the column's) of a leaf; of
    a category: minus the log of each level's share. numbers, categories: which raw columns are which; place: the column of x of each number; coded
    [columns of x, categories]: what a level's column adds to its code; border [columns of x]: above it a level's column counts."""

    name, title, needs, citation, rank = "relations", "each column from the others", ("scikit-learn",), "Paulheim & Meusel 2015", 1
    doc = "A tree a column predicts it from the others; odd is a value that they make unlikely. Sees one impossible value among many usual ones, and says which."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """None to set."""
        return [{}]

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """A small tree a column."""
        seen = min(rows, SEEN)
        grown = 2e-7 * seen * min(columns, PREDICTORS) * columns if columns <= WIDE else 0.0
        return Cost(work=grown + 1e-2 * columns, memory=24.0 * rows * columns)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Every column of x a column of its own."""
        return self.fit_columns(values, x, np.arange(x.shape[1]), seed, stop)

    def fit_columns(self, values: Values, x: Array, owner: Array, seed: int, stop: Stop) -> Found:
        """Trees on two rows in three, the rarity of surprises on the third."""
        x = x[drawn(x, SEEN, seed)]
        order = np.random.default_rng(seed).permutation(len(x))
        cut = 2 * len(x) // 3 if len(x) >= FEW else len(x)
        grown, rest = x[order[:cut]], x[order[cut:]] if len(x) >= FEW else x
        single = np.asarray(grown, np.float32)
        blocks = [np.flatnonzero(owner == i) for i in np.unique(owner)]
        apart = [
            (flag, one, len(block))
            for block in blocks
            for flag in [leveled(x[:, block])]
            for one in ([block] if flag else np.split(block, len(block)))
        ]
        flags, blocks = [flag for flag, _, _ in apart], [one for _, one, _ in apart]  # the axes of a text are numbers
        widths = np.array([1 if flag else width for flag, _, width in apart])
        numbers, categories = (np.array([i for i, flag in enumerate(flags) if flag == kind], np.int64) for kind in (False, True))
        border = np.zeros(x.shape[1])
        coded = np.zeros((x.shape[1], len(categories)))
        for k, i in enumerate(categories):
            border[blocks[i]] = (x[:, blocks[i]].min(axis=0) + x[:, blocks[i]].max(axis=0)) / 2
            coded[blocks[i], k] = np.arange(1, len(blocks[i]) + 1)
        codes = _codes(grown, border, coded, blocks, categories)
        flat, entries, start = trees.Trees(), list[Array](), 0
        alone = len(blocks) > WIDE or len(x) < FEW
        for i, block in enumerate(blocks):
            flag = flags[i]
            target = codes[:, int(np.searchsorted(categories, i))] if flag else grown[:, block[0]]
            others = np.flatnonzero(owner != owner[block[0]])
            tree, others = (None, others) if alone or stop() or not len(others) else _tree(single, target, others, flag, seed)
            leaf = np.zeros(len(grown), np.int64) if tree is None else np.searchsorted(tree[0].leaves, tree[1].apply(single[:, others]))
            count = int(leaf.max(initial=0)) + 1 if tree is None else len(tree[0].leaves)
            made = _shares(leaf, target, count, len(block) + 1) if flag else _spreads(leaf, target, count)
            weight = start + made.shape[1] * np.arange(count, dtype=float)
            if tree is None:
                flat.constant(float(weight[0]), i)
            else:
                tree[0].add(flat, weight, i, others)
            entries.append(made.ravel())
            start += made.size
        arrays = {
            **flat.arrays(),
            "entries": np.concatenate(entries),
            "numbers": numbers,
            "categories": categories,
            "place": np.array([blocks[i][0] for i in numbers], np.int64),
            "border": border,
            "coded": coded,
        }
        knots, cut = most(len(blocks)), len(numbers)
        arrays |= curves(columns(grown[:, arrays["place"]], knots), "own_")
        surprise = _surprise(arrays, rest)
        risen = [*columns(surprise[:, :cut], knots), *(surprising(one, knots) for one in surprise[:, cut:].T)]
        return Found(self.name, values, arrays | curves(risen) | tilt(widths[np.concatenate([numbers, categories])]))

    def shares(self, found: Found, x: Array) -> Array:
        """[rows, raw columns]: minus the log of each column's p-value, in the order of the owners."""
        made = heights(found.arrays, _surprise(found.arrays, x))
        return np.asarray(made[:, np.argsort(np.concatenate([found.arrays["numbers"], found.arrays["categories"]]))])

    def apply(self, found: Found, x: Array) -> Array:
        """Minus the log of the harmonic mean of the columns' p-values."""
        return joined(tilted(found.arrays, heights(found.arrays, _surprise(found.arrays, x))))

    def write(self, found: Found, graph: Graph, x: str) -> str:
        """One TreeEnsemble, look-ups, one search."""
        arrays = found.arrays
        columns = len(arrays["numbers"]) + len(arrays["categories"])
        start = graph.op("Cast", trees.write(graph, sktrees.rounded(graph, x), _flat(arrays), columns), to=7)
        entries, parts = graph.const(arrays["entries"]), []

        def entry(place: str, further: int) -> str:
            return graph.op("Gather", entries, graph.op("Add", place, graph.const(further, np.int64)) if further else place, axis=0)

        if len(arrays["numbers"]):
            at = graph.op("Gather", start, graph.const(arrays["numbers"], np.int64), axis=1)
            value = graph.op("Gather", x, graph.const(arrays["place"], np.int64), axis=1)
            off = graph.op("Sub", value, entry(at, 0))
            above = graph.op("GreaterOrEqual", off, number(graph, 0.0))
            far = graph.op("Div", graph.op("Abs", off), graph.op("Where", above, entry(at, 1), entry(at, 2)))
            leaf, own = graph.op("Sub", entry(at, 3), far), graph.op("Sub", entry(at, 4), write_heights(arrays, graph, value, "own_"))
            apart = graph.op("Exp", graph.op("Neg", graph.op("Abs", graph.op("Sub", leaf, own))))
            log = graph.op("Add", graph.op("Max", leaf, own), graph.op("Log", graph.op("Add", apart, number(graph, 1.0))))
            parts.append(graph.op("Where", above, graph.op("Neg", log), log))
        if len(arrays["categories"]):
            at = graph.op("Gather", start, graph.const(arrays["categories"], np.int64), axis=1)
            on = graph.op("Cast", graph.op("Greater", x, number(graph, arrays["border"][None])), to=11)
            code = graph.op("MatMul", on, number(graph, arrays["coded"]))
            code = graph.op("Cast", graph.op("Min", code, number(graph, arrays["coded"].max(axis=0)[None])), to=7)
            parts.append(graph.op("Gather", entries, graph.op("Add", at, code), axis=0))
        surprise = graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        surprise = graph.op("Div", graph.op("Round", graph.op("Mul", surprise, number(graph, GRID))), number(graph, GRID))
        return write_joined(graph, write_tilted(arrays, graph, write_heights(arrays, graph, surprise)), columns)


def _tree(single: Array, target: Array, others: Array, flag: bool, seed: int) -> tuple[tuple[sktrees.Branches, Any], Array]:
    """((branches, the tree), the features it looks at)."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if not flag:
        _, rank = np.unique(target, return_inverse=True)
        target = np.cumsum(np.bincount(rank))[rank] - np.bincount(rank)[rank] / 2  # the middle rank: long tails do not decide
    if len(others) > PREDICTORS:
        near = np.zeros(len(others))
        for column in (target == code for code in np.unique(target)) if flag else (target,):
            moved = column - column.mean()
            near = np.maximum(near, np.abs(moved @ single[:, others]) / np.maximum(np.linalg.norm(moved), 1e-300))
        others = np.sort(others[np.argsort(-near / np.maximum(single[:, others].std(axis=0), 1e-9), kind="stable")[:PREDICTORS]])
    least = max(LEAF, int(SHARE * len(target)))
    made = (DecisionTreeClassifier if flag else DecisionTreeRegressor)(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=seed)
    made.fit(single[:, others], target)
    return (sktrees.branches(made.tree_), made), others


def _shares(leaf: Array, code: Array, leaves: int, levels: int) -> Array:
    """[leaves, levels]: minus the log of each level's share in each leaf, drawn to that of the whole."""
    counts = np.zeros((leaves, levels))
    np.add.at(counts, (leaf, code), 1)
    whole = (counts.sum(axis=0) + 1 / levels) / (len(code) + 1)
    return np.asarray(-np.log((counts + PRIOR * whole) / (counts.sum(axis=1, keepdims=True) + PRIOR)))


def _spreads(leaf: Array, value: Array, leaves: int) -> Array:
    """[leaves, 5]: the median, the mean step above it and below it, drawn to that of the whole table; the logs of the weights of leaf and table."""
    made = np.empty((leaves, 5))
    middle = float(np.median(value))
    everywhere = float(np.abs(value - middle).mean()) or float(value.std()) or 1.0
    for k in range(leaves):
        mine = value[leaf == k]
        made[k, 0] = middle if len(mine) == len(value) or not len(mine) else np.median(mine)
        off = mine - made[k, 0]
        for side, sign in ((1, 1.0), (2, -1.0)):
            step = np.maximum(sign * off, 0.0)
            made[k, side] = (step.sum() + PRIOR * everywhere) / ((step > 0).sum() + (off == 0).sum() / 2 + PRIOR)
        made[k, 3:] = np.log(np.maximum([len(mine), PRIOR], 1e-9) / (len(mine) + PRIOR))
    return made


def _codes(x: Array, border: Array, coded: Array, blocks: Sequence[Array], categories: Array) -> Array:
    """int [rows, categories]: 0 none of the levels, else its number from 1."""
    limit = np.array([len(blocks[i]) for i in categories], float)
    return np.asarray(np.minimum((x > border).astype(float) @ coded, limit).astype(np.int64))


def _surprise(arrays: Any, x: Array) -> Array:
    """[rows, raw columns], the numbers first: minus the log of the chance of a value so far off (of those below the median with a minus), and minus the log of the level's share."""
    seen = np.asarray(x, np.float32).astype(np.float64)
    columns = len(arrays["numbers"]) + len(arrays["categories"])
    start = np.empty((len(x), columns), np.int64)
    roots = np.asarray(arrays["root"], np.int64)
    bare = (arrays["true_leaf"][roots] > 0) & (arrays["false_leaf"][roots] > 0) & (arrays["true"][roots] == arrays["false"][roots])
    same = arrays["true"][roots[bare]]  # columns judged alone: one leaf each
    start[:, arrays["target"][same]] = arrays["weight"][same]
    for root in roots[~bare]:
        place, leaf = np.full(len(x), root), np.zeros(len(x), bool)
        rows = np.arange(len(x))
        while len(rows):
            node = place[rows]
            true = seen[rows, arrays["feature"][node]] <= arrays["split"][node]
            place[rows] = np.where(true, arrays["true"][node], arrays["false"][node])
            leaf[rows] = np.where(true, arrays["true_leaf"][node], arrays["false_leaf"][node]) > 0
            rows = rows[~leaf[rows]]
        start[:, arrays["target"][place[0]] if len(x) else 0] = arrays["weight"][place]
    entries, parts = arrays["entries"], []
    if len(arrays["numbers"]):
        at = start[:, arrays["numbers"]]
        off = x[:, arrays["place"]] - entries[at]
        leaf = entries[at + 3] - np.abs(off) / np.where(off >= 0, entries[at + 1], entries[at + 2])
        own = entries[at + 4] - heights(arrays, x[:, arrays["place"]], "own_")
        log = np.maximum(leaf, own) + np.log(np.exp(-np.abs(leaf - own)) + 1.0)
        parts.append(np.where(off >= 0, -log, log))
    if len(arrays["categories"]):
        code = np.minimum((x > arrays["border"]).astype(float) @ arrays["coded"], arrays["coded"].max(axis=0)).astype(np.int64)
        parts.append(entries[start[:, arrays["categories"]] + code])
    return np.asarray(np.round(np.concatenate(parts, axis=1) * GRID) / GRID)


def _flat(arrays: Any) -> dict[str, Array]:
    own = ("entries", "numbers", "categories", "place", "border", "coded", "knots", "heights", "ends", "tilt")
    return {name: array for name, array in arrays.items() if name not in own and not name.startswith("own_")}
