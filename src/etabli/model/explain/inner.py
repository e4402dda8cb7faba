"""The margin of a file: one number that is a sum, which its answer is a function of, below links and calibrators."""

from __future__ import annotations

from etabli.model.explain.structure import Structure


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
        trees = None if node is None else structure.forest(node)
        if node is None or trees is None or structure.width(node.inputs[0]) is None:
            return False
        if structure.depends(node.inputs[0])[trees.feature].sum(axis=1).max(initial=0) > 1:
            return False
    return True


def inner(structure: Structure, name: str, column: int, outputs: int) -> tuple[str, int] | None:
    """(tensor, column) of the margin of one answer. outputs: how many numbers the file answers (classes of three or more, else 1).

    The answer is followed back until all it rests on are sums; None when that is more than one number an answer, or none."""
    place = {made: at for at, node in enumerate(structure.nodes.nodes) for made in node.outputs}
    live, kept = {name}, ""
    while live:
        last = max(live, key=lambda one: (place.get(one, -1), one))
        live.remove(last)
        width = structure.width(last)
        if last != name and width == outputs and all(summable(structure, last, at) for at in range(width)):
            if kept:
                return None
            kept = last
        elif last not in place:
            return None
        else:
            live |= {one for one in structure.nodes.nodes[place[last]].inputs if one and structure.depends(one).any()}
    if not kept or not (structure.depends(kept).sum(axis=1) > 1).all():
        return None  # one column's own number is no score
    return kept, column if outputs > 1 else 0
