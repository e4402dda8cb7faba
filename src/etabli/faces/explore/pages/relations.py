"""/relations: how strongly every two columns are related, strongest first in words, then all of them as a picture."""

from __future__ import annotations

import numpy as np

from etabli.errors import UsageError
from etabli.faces.explore.drawn import compared
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, carried, render
from etabli.faces.explore.relate import Relations, relations, sentence
from etabli.faces.explore.triangle import shown_width, triangle
from etabli.faces.words import say
from etabli.faces.words.numbers import count, number

WIDE, NARROW = 812, 348
SAID, LISTED = 8, 40  # pairs in words, pairs in the table
COLUMNS = ("a", "b", "strength", "direction", "chance", "above_chance", "rows", "measure")


def answer(opened: Opened, state: State) -> Shown:
    """of=values|missing; near=COLUMN: the columns most related to that one."""
    of, near = state.get("of") or "values", state.get("near")
    if of not in ("values", "missing"):
        raise UsageError("of= is values or missing.", f'"{of}"', "of=values: what is written; of=missing: which cells are empty")
    made = relations(opened, of, near)
    found, lang = made.found, opened.lang
    pairs = found.strongest(len(found.names) ** 2)
    if near:
        pairs = [pair for pair in pairs if near in (found.names[pair[0]], found.names[pair[1]])]
    several, known = len(found.names) > 1, [column.name for column in compared(opened)]
    body = render(
        "relations.html",
        opened,
        state=state,
        of=of,
        near=near,
        made=made,
        names=known if of == "values" else sorted(found.names),
        left_out=len(opened.columns) - len(known) if of == "values" else 0,
        said=[(sentence(opened, found, i, j, of), link(state, found.names[i], found.names[j], of)) for i, j in pairs[:SAID]],
        listed=[
            (
                found.names[i],
                found.names[j],
                number(float(found.strength[i, j]) * (int(found.sign[i, j]) or 1), lang, 2),
                measure(opened, found.names[i], found.names[j], of),
                link(state, found.names[i], found.names[j], of),
            )
            for i, j in pairs[:LISTED]
        ],
        more=max(0, len(pairs) - LISTED),
        chance=_chance(made, lang),
        wide=_picture(opened, state, made, of, WIDE) if several else "",
        narrow=_picture(opened, state, made, of, NARROW) if several else "",
        fits=min(len(found.names), shown_width(len(found.names), NARROW)),
    )
    return Shown(say("relate.title", lang), body, {"relations": _sheet(opened, made, of)})


def link(state: State, a: str, b: str, of: str = "values") -> str:
    """Where a pair is looked at; of empty cells, the rows where both are empty."""
    if of == "values":
        return carried(state, "/pair", x=a, y=b)
    return carried(state, "/rows", **{f"{a}__missing": "1", f"{b}__missing": "1"})


def measure(opened: Opened, a: str, b: str, of: str = "values") -> str:
    """The name of the measure of a pair, in the reader's language."""
    categories = (opened.by_name[a].kind, opened.by_name[b].kind).count("category")
    return say("measure.phi" if of == "missing" else ("measure.spearman", "measure.ratio", "measure.cramer")[categories], opened.lang)


def _picture(opened: Opened, state: State, made: Relations, of: str, width: float) -> str:
    from markupsafe import Markup

    found = made.found
    fit = shown_width(len(found.names), width)
    if fit < len(found.names):  # the most related of those shown, in the same order
        best = np.argsort(-(found.strength * found.clear).max(0), kind="stable")[:fit]
        found = found.taken(sorted(int(i) for i in best))
    top = found.strongest(3)
    title = say(
        "relate.picture",
        opened.lang,
        columns=count(len(found.names), opened.lang),
        pairs="; ".join(sentence(opened, found, i, j, of) for i, j in top),
    )
    return Markup(
        triangle(
            found,
            title,
            width,
            lambda value: number(value, opened.lang, 2),
            lambda i, j: sentence(opened, found, j, i, of),
            lambda i, j: link(state, found.names[j], found.names[i], of),
        )
    )


def _chance(made: Relations, lang: str) -> str:
    """The level that chance reaches: the middle one of all pairs."""
    limits = made.found.chance[np.triu_indices(len(made.found.names), 1)]
    return number(float(np.median(limits)), lang, 2) if len(limits) else ""


def _sheet(opened: Opened, made: Relations, of: str) -> Sheet:
    found = made.found
    order = sorted(zip(*np.triu_indices(len(found.names), 1), strict=True), key=lambda pair: (-found.strength[pair], pair))
    rows = tuple(
        (
            found.names[i],
            found.names[j],
            round(float(found.strength[i, j]), 6),
            int(found.sign[i, j]),
            round(float(found.chance[i, j]), 6),
            bool(found.clear[i, j]),
            int(found.rows[i, j]),
            measure(opened, found.names[i], found.names[j], of),
        )
        for i, j in order
    )
    return Sheet(COLUMNS, rows)


PAGE = Page("/relations", 40, "explore.relations", answer)
