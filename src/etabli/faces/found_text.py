"""The last words of a run without a target on the terminal: the sentence, what was found, the methods, findings, proof, paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from etabli.faces.report.found import view
from etabli.faces.words import say

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

GROUPS, ROWS, METHODS, SAID = 12, 10, 5, 3

Result = Mapping[str, Any]


def lines(result: Result, lang: str, width: int, every: bool, facts: Table) -> Group:
    """Everything, for a console of that width. every: all groups and rows. facts: findings, proof and paths, as under every run."""
    from rich.console import Group
    from rich.text import Text

    shown = view(result, lang)
    parts: list[Any] = [Text()]
    if shown["sentence"]:
        parts += [Text(shown["sentence"], "bold"), Text()]
    for said in shown["structure"]:
        parts.append(Text(said, "dim"))
    if shown["flagged"]:
        parts += [Text(say("end.flagged", lang), "dim"), Text()]
    for table in (_groups(shown["clusters"], every), _listed(shown["loadings"]), _rows(shown["flagged"], every)):
        parts += [table, Text()] if table is not None else []
    if shown["believe"]:
        parts += [Text(" ".join(filter(None, (shown["believe"], shown["doubted"])))), Text()]
    parts += [_methods(shown["compared"], result, lang, every), Text(), facts]
    return Group(*parts)


def _grid(*aligned: str) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    for place, align in enumerate(aligned):
        table.add_column(justify=align, no_wrap=place < len(aligned) - 1, overflow="fold")  # type: ignore[arg-type]
    return table


def _groups(clusters: list[dict[str, Any]], every: bool) -> Table | None:
    from rich.text import Text

    table = _grid("left", "right", "left")
    for one in clusters if every else clusters[:GROUPS]:
        why = "; ".join(said or name for name, said in one["differs"][: None if every else SAID]) or one["text"]
        table.add_row(Text(one["name"], "bold"), Text(one["rows"], "dim"), Text(why))
    return table if clusters else None


def _listed(loadings: list[dict[str, Any]]) -> Table | None:
    from rich.text import Text

    table = _grid("right", "left")
    for one in loadings:
        table.add_row(Text(one["share"], "dim"), Text(one["text"]))
    return table if loadings else None


def _rows(flagged: list[dict[str, Any]], every: bool) -> Table | None:
    from rich.text import Text

    table = _grid("right", "right", "left")
    for one in flagged if every else flagged[:ROWS]:
        marked = f"{'●' if one['odd'] else ' '} {one['row']}"
        table.add_row(Text(marked, "bold" if one["odd"] else ""), Text(f"q {one['q']}", "dim"), Text(one["why"]))
    return table if flagged else None


def _methods(compared: Mapping[str, Any], result: Result, lang: str, every: bool) -> Table:
    """The best setting of each method, with its figures."""
    from rich.text import Text

    heads = [head.removeprefix("#") for head in compared["heads"]][:3]
    table = _grid("left", "left", *["right"] * len(heads), "left")
    table.add_row(Text(), Text(), *(Text(head, "dim") for head in heads), Text())
    seen: set[str] = set()
    best = [one for one in compared["lines"] if not (one["name"] in seen or seen.add(one["name"]))]  # type: ignore[func-returns-value]
    for place, one in enumerate(best if every else best[:METHODS]):
        mark = Text("●", "green") if not place else Text("○", "dim")
        name = Text.assemble((one["name"], "bold" if not place else ""), (f" {one['setting']}", "dim"))
        table.add_row(mark, name, *(Text(value, "" if place else "bold") for value in one["figures"][:3]), Text())
    rest = len(compared["lines"]) - min(len(best), len(best) if every else METHODS)
    if rest > 0:
        table.add_row(Text(), Text(say("end.left", lang, count=rest), "dim"))
    return table
