"""Exact Shapley values where the file is a sum: of things that depend on one raw column each, and of trees that ask one at each node.

Shapley values are linear in the game, so every summand is explained alone: a column of one player is that player's; a sum of trees has
its closed form (`exact_trees.py`); a tensor of two or three players (a product of two columns) is asked in every coalition.
What is more than that is not a sum: None, and the file is only asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.model.explain import exact_trees
from etabli.model.explain.forest import Forest
from etabli.model.explain.structure import Structure

Array = np.ndarray[Any, np.dtype[Any]]
WORK = 30_000_000_000  # questions of leaves to background rows beyond which asking the file is quicker


@dataclass(frozen=True)
class Wood:
    """A sum of trees. reads: the tensor they ask. gives: the node's output. weight: of each leaf of the forest. player: of each feature."""

    forest: Forest
    leaves: exact_trees.Leaves
    reads: str
    gives: str
    factor: Array  # [targets]


@dataclass(frozen=True)
class Additive:
    """One number of the file as a sum. constant + lone + woods. lone: tensor -> [columns, players]: what a column of it counts for its player."""

    constant: float
    lone: Mapping[str, tuple[Array, Array]]  # tensor -> (factor [columns], player of each column, -1 where the factor is 0)
    woods: tuple[Wood, ...]
    players: int

    @property
    def tensors(self) -> tuple[str, ...]:
        """What must be known of a row."""
        return tuple(dict.fromkeys([*self.lone, *(name for wood in self.woods for name in (wood.reads, wood.gives))]))

    def work(self, rows: int, background: int) -> int:
        """Leaves met one by one, in questions."""
        return sum(int((~exact_trees.fits(wood.leaves)).sum()) for wood in self.woods) * rows * background

    def shapley(self, x: Mapping[str, Array], z: Mapping[str, Array]) -> Array | None:
        """[rows, players]; None when the trees read here do not give what the file gives. x, z: the tensors, of rows and background."""
        rows = len(next(iter(x.values()))) if x else 0
        made = np.zeros((rows, self.players + 1))
        for name, (factor, player) in self.lone.items():
            used = np.flatnonzero(factor)
            with np.errstate(invalid="ignore"):
                gained = (x[name][:, used] - z[name][:, used].mean(axis=0)) * factor[used]
            np.add.at(made.T, player[used], gained.T)
        for wood in self.woods:
            gained, reached = exact_trees.shapley(wood.forest, wood.leaves, x[wood.reads], z[wood.reads], self.players)
            given = x[wood.gives].astype(np.float64) @ wood.factor
            scale = max(1.0, float(np.abs(wood.leaves.value).max(initial=0.0)) * 10)
            if np.abs(given - reached).max(initial=0.0) > (1e-4 if wood.forest.single else 1e-9) * scale:
                return None
            made += gained
        return made[:, : self.players]


def additive(structure: Structure, name: str, column: int) -> Additive | None:
    """One column of a tensor as a sum, None where it is more than that."""
    if structure.width(name) is None or name not in structure.decimal:
        return None
    whole = structure.sum(name)
    lone: dict[str, tuple[Array, Array]] = {}
    woods = []
    for part, matrix in whole.parts.items():
        factor = matrix[:, column]
        if not factor.any():
            continue
        depends = structure.depends(part)
        depends = np.broadcast_to(depends, (len(factor), structure.count))
        behind = depends[factor != 0].sum(axis=1)
        if behind.max() <= 1:
            lone[part] = (factor, np.where(depends.any(axis=1), depends.argmax(axis=1), structure.count))
            continue
        node = structure.maker(part)
        trees = structure.forest(node) if node is not None else None
        if node is None or trees is None:
            return None
        features = structure.depends(node.inputs[0])
        asked = np.unique(trees.feature)
        if structure.width(node.inputs[0]) is None or features[asked].sum(axis=1).max(initial=0) > 1:
            return None
        player = np.where(features.any(axis=1), features.argmax(axis=1), structure.count)
        leaves = exact_trees.leaves(trees, player, trees.weight * factor[trees.target])
        if leaves is None:
            return None
        woods.append(Wood(trees, leaves, node.inputs[0], part, factor))
    return Additive(float(whole.constant[column]), lone, tuple(woods), structure.count)
