"""The inner score of a file: the last numbers on the way to an answer that are sums, below links, calibrators and means of probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from etabli.model.explain.forest import forest
from etabli.model.explain.structure import Structure

MOST = 40  # columns that help sampling


@dataclass(frozen=True)
class Inner:
    """columns: (tensor, column) of the sums that the answer is a function of. lone: they are one number an answer, its margin."""

    columns: tuple[tuple[str, int], ...]
    lone: bool


def summable(structure: Structure, name: str, column: int) -> bool:
    """Whether `additive` would find that column to be a sum."""
    if structure.width(name) is None or name not in structure.decimal:
        return False
    for part, matrix in structure.sum(name).parts.items():
        factor = matrix[:, column]
        depends = structure.depends(part)
        behind = depends.sum(axis=1) if len(depends) == len(factor) else depends.sum(axis=1).repeat(len(factor))
        if behind[factor != 0].max(initial=0) <= 1:
            continue
        node = structure.maker(part)
        trees = None if node is None else forest(node)
        if node is None or trees is None or structure.width(node.inputs[0]) is None:
            return False
        if structure.depends(node.inputs[0])[trees.feature].sum(axis=1).max(initial=0) > 1:
            return False
    return True


def inner(structure: Structure, name: str, column: int, outputs: int) -> Inner | None:
    """Follows an answer back until all it rests on are sums. outputs: how many numbers the file answers (classes of three or more, else 1).
    None when there are none, or too many."""
    place = {made: at for at, node in enumerate(structure.nodes.nodes) for made in node.outputs}
    live, kept, whole = {name}, [], True
    while live:
        last = max(live, key=lambda one: (place.get(one, -1), one))
        live.remove(last)
        width = structure.width(last)
        if last != name and width is not None and width <= MOST and all(summable(structure, last, at) for at in range(width)):
            kept.append((last, width))
        elif last not in place:
            whole = False  # an input: a text, or numbers that are not added up
        else:
            live |= {one for one in structure.nodes.nodes[place[last]].inputs if one and structure.depends(one).any()}
    if not kept or sum(width for _, width in kept) > MOST:
        return None
    if whole and len(kept) == 1 and kept[0][1] == outputs and (structure.depends(kept[0][0]).sum(axis=1) > 1).all():
        return Inner(((kept[0][0], column if outputs > 1 else 0),), True)
    return Inner(tuple((one, at) for one, width in kept for at in range(width)), False)
