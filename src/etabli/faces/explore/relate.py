"""What the page of relations knows: the associations of an opened file's columns, computed once, and a pair in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore.drawn import compared, drawn
from etabli.faces.explore.opened import Opened
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import number
from etabli.judge.associations import Associations, associations, missing_together, most_related, neighbours

CELLS, LEAST = 2_000_000, 2_000  # cells looked at, and rows at least
FIRST = 40  # columns of a wide file that are shown
SAME = 0.9995  # a strength that is written 1.00


@dataclass(frozen=True)
class Relations:
    """found: the columns shown, neighbours side by side. rows: of the sample that were looked at. among: columns that were compared."""

    found: Associations
    rows: int
    among: int


class Key:
    """An opened file as a key of what was computed from it: the sample on disk and how its columns are read."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.key = (
            str(opened.sample),
            opened.sample.stat().st_mtime_ns,
            opened.rows,
            opened.target,
            tuple((column.name, column.kind) for column in opened.columns),
        )

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.key == other.key


def relations(opened: Opened, of: str = "values", near: str = "") -> Relations:
    """of: "values" or "missing" (which columns miss in the same rows). near: the column whose relations are wanted, or "" for the strongest."""
    names = [column.name for column in (opened.columns if of == "missing" else compared(opened))]
    if near and near not in names:
        raise UsageError(
            "near= names a column that can be compared.", f'"{near}"', did_you_mean(near, names) or "columns: " + ", ".join(names[:20])
        )
    return _relations(Key(opened), of, near)


@lru_cache(maxsize=16)
def _relations(key: Key, of: str, near: str) -> Relations:
    opened = key.opened
    columns = opened.columns if of == "missing" else compared(opened)
    made = drawn(opened, columns, max(LEAST, CELLS // max(1, len(columns))))
    cells = made.columns
    size = len(cells)
    if of == "missing":
        gaps = [i for i, cell in enumerate(cells) if cell.missing.any()]
        found = missing_together([cells[i] for i in gaps])
        at = found.names.index(near) if near in found.names else None
        order = (-(found.strength[at] if at is not None else (found.strength * found.clear).max(0, initial=0))).argsort(kind="stable")
        found, size = found.taken(sorted(order[:FIRST].tolist())), len(found.names)
    else:
        at = next((i for i, cell in enumerate(cells) if cell.name == near), None)
        chosen = list(range(size)) if size <= FIRST else most_related(cells, FIRST, at)
        found = associations([cells[i] for i in chosen], size * (size - 1) // 2)
    return Relations(found.taken(neighbours(found.strength)), len(made.rows), size)


def sentence(opened: Opened, found: Associations, i: int, j: int, of: str = "values") -> str:
    """A pair in words: "bill_length and flipper_length rise together (0.67)"."""
    a, b = found.names[i], found.names[j]
    strength, sign = float(found.strength[i, j]), int(found.sign[i, j])
    words = {"a": plain(a, 48), "b": plain(b, 48), "v": number(strength, opened.lang, 2)}
    if not found.clear[i, j]:
        return say("relate.chance", opened.lang, **words)
    if of == "missing":
        return say("relate.missing" if sign > 0 else "relate.missing.apart", opened.lang, **words)
    kinds = (opened.by_name[a].kind, opened.by_name[b].kind)
    if "category" in kinds and kinds != ("category", "category"):
        if kinds[0] == "category":
            words |= {"a": words["b"], "b": words["a"]}
        return say("relate.levels", opened.lang, **words)
    if kinds == ("category", "category"):
        return say("relate.same" if strength > SAME else "relate.go", opened.lang, **words)
    if kinds.count("flag") == 1:
        if kinds[0] == "flag":
            words |= {"a": words["b"], "b": words["a"]}
        return say("relate.higher" if sign > 0 else "relate.lower", opened.lang, **words)
    if kinds.count("flag") == 2:
        return say("relate.hold" if sign > 0 else "relate.exclude", opened.lang, **words)
    step = strength > SAME
    return say(
        ("relate.step" if step else "relate.rise") if sign > 0 else ("relate.against" if step else "relate.fall"), opened.lang, **words
    )
