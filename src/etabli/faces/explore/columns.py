"""The cards of the front page: which columns, in what order, and each card's words, picture and table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etabli.faces.explore.bounds import filtered
from etabli.faces.explore.cards import ORDERS, Card, card, ordered, searched
from etabli.faces.explore.labels import cell, figure, named, reach, tiny
from etabli.faces.explore.look import Look, command, kept, kinds
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Sheet, State, carried, url
from etabli.faces.explore.parts import Parts
from etabli.faces.explore.pictures import Drawing, picture
from etabli.faces.explore.strength import Strength
from etabli.faces.words import known, plain, say
from etabli.faces.words.numbers import count, number, share
from etabli.faces.words.reasons import reason
from etabli.records import Column

SIZE = 36  # cards a page
WIDTH = 340.0
View = dict[str, Any]


def section(look: Look, state: State) -> View:
    """What the template of the cards shows."""
    opened = look.opened
    order = state.get("_order") if state.get("_order") in ORDERS else "file"
    found = searched(opened.columns, state.get("_find"))
    found = ordered(found, order, look.strengths if order == "strength" else {})
    page = max(0, int(state.get("_page")) - 1) if state.get("_page").isdigit() else 0
    page = min(page, max(0, (len(found) - 1) // SIZE))
    begin, end = page * SIZE, min(len(found), (page + 1) * SIZE)
    orders = [name for name in ORDERS if name != "strength" or look.aim]
    given = kinds(state)
    return {
        "cards": [card_view(look, state, made) for made in map(lambda column: one(look, column), found[begin:end])],
        "find": state.get("_find"),
        "total": len(found),
        "begin": begin + 1,
        "end": end,
        "pages": -(-len(found) // SIZE),
        "before": state.but(_page=str(page)).link if page else "",
        "after": state.but(_page=str(page + 2)).link if end < len(found) else "",
        "orders": [{"name": name, "link": state.but(_order=name, _page=None).link, "here": name == order} for name in orders],
        "basis": basis(opened),
        "given": given,
        "command": command(opened, state) if given or state.get("_target") else "",
    }


def basis(opened: Opened) -> str:
    """On how many rows pictures and strengths rest."""
    if opened.whole:
        return say("col.basis.all", opened.lang)
    return say("col.basis.sample", opened.lang, sample=count(opened.sampled, opened.lang), rows=count(opened.rows, opened.lang))


def one(look: Look, column: Column) -> Card:
    """The card of a column, made once."""
    opened = look.opened

    def make() -> Card:
        return card(
            look.table, column, look.aim, opened.findings, opened.rows, opened.lang, look.known_strength(column.name), len(opened.columns)
        )

    return kept(opened, ("card", column.name, *look.key), make)


def card_view(look: Look, state: State, made: Card) -> View:
    """A card in words."""
    opened, lang, column = look.opened, look.opened.lang, made.column
    drawing = Drawing(column, made.parts, look.aim, lang)
    is_target = look.aim is not None and look.aim.name == column.name
    return {
        "column": column,
        "name": plain(column.name, 60) or "∅",
        "link": carried(state, url("/column", column.name)),
        "kind": known("kind", column.kind, lang),
        "reason": plain(reason(column.reason, lang), 160).replace("NAME", plain(column.name, 30)).replace("NOM", plain(column.name, 30)),
        "unsure": column.sure < 1 and bool(column.reason),
        "facts": facts(made, opened),
        "hidden": hidden_words(made, opened),
        "svg": safe(picture(drawing, WIDTH)) if column.kind not in ("text", "identifier") or made.parts.bins is not None else "",
        "rows": part_rows(drawing, look, state),
        "note": note(made, lang),
        "strength": strength_view(made.strength, look, lang) if made.strength else None,
        "is_target": is_target,
        "examples": made.examples,
        "chips": chips(made.findings, opened, state),
    }


def safe(svg: str) -> str:
    """A picture, which has escaped what came from the file."""
    from markupsafe import Markup

    return Markup(svg)


def facts(made: Card, opened: Opened) -> str:
    """Missing, different values, and the range."""
    column, lang = made.column, opened.lang
    said = [
        say("col.missing.none", lang)
        if not made.empty
        else say("col.missing.count", lang, count=count(made.empty, lang), share=tiny(made.empty / max(1, opened.rows), lang))
    ]
    said.append(
        say(
            "col.distinct",
            lang,
            n=made.distinct,
            count=("≥ " if not opened.whole and made.distinct > 1 else "") + count(made.distinct, lang),
        )
    )
    if column.is_double and column.kind in ("number", "date") and column.low is not None and column.high is not None:
        said.append(say("to", lang, low=cell(column, column.low, lang), high=cell(column, column.high, lang)))
    return " · ".join(said)


def hidden_words(made: Card, opened: Opened) -> str:
    """What hides as missing: read as missing already, or perhaps to be."""
    lang, said = opened.lang, []
    for counted, key in ((True, "col.hidden.read"), (False, "col.hidden.perhaps")):
        listed = ", ".join(f"“{one.text}” × {count(one.rows, lang)}" for one in made.hidden if one.counted is counted)
        said += [say(key, lang, listed=listed)] if listed else []
    return " · ".join(said)


def note(made: Card, lang: str) -> str:
    """What the picture does with spikes, long tails and far values."""
    bins, said = made.parts.bins, []
    if made.common:
        said.append(say("col.common", lang, value=made.common[0], share=share(made.common[1], lang)))
    if bins is not None and bins.log:
        said.append(say("col.log", lang))
    if bins is not None and not bins.values and any(part.begin is None or part.end is None for part in made.parts.bars):
        said.append(say("col.open", lang))
    return " ".join(said)


def strength_view(found: Strength, look: Look, lang: str) -> View:
    """The gauge and its words."""
    word = say(f"col.strength.{found.word}", lang)
    if found.score is None:
        return {"width": 0, "text": word}
    score = say(
        f"col.score.{found.measure}",
        lang,
        score=number(found.score, lang, 2) if found.measure == "auc" else share(max(0.0, found.score), lang, 0),
    )
    return {"width": round(60 * min(1.0, found.size), 1), "text": f"{word} · {score}"}


def part_rows(drawing: Drawing, look: Look, state: State, linked: bool = True) -> list[View]:
    """The table of a picture."""
    lang, parts, aim = drawing.lang, drawing.parts, drawing.over
    return [
        {
            "name": named(part, drawing.column, parts, lang),
            "rows": count(part.rows, lang),
            "share": tiny(part.rows / max(1, parts.rows), lang),
            "over": None if aim is None else figure(aim, part.value, lang, part.low, part.high),
            "reach": "" if aim is None else reach(aim, part, lang) or "–",
            "link": filtered(state, drawing.column, part, parts) if linked else "",
        }
        for part in parts.every
    ]


def chips(numbers: Sequence[int], opened: Opened, state: State) -> list[View]:
    """Links to the warnings that name a column."""
    return [
        {
            "level": opened.findings[k].level,
            "word": known("finding", opened.findings[k].code, opened.lang),
            "link": carried(state, "/warnings") + f"#w{k + 1}",
        }
        for k in numbers
    ]


def sheet(look: Look) -> Sheet:
    """Every column as a row, for programs."""
    opened = look.opened
    strengths = look.strengths if len(opened.columns) <= 500 or ("strengths", *look.key) in opened.memory else {}
    names = ("name", "kind", "reason", "missing", "distinct", "low", "high", "measure", "score", "strength")
    rows = []
    for column in opened.columns:
        found = strengths.get(column.name)
        rows.append(
            (
                column.name, column.kind, column.reason, column.missing_count, column.distinct, column.low, column.high,
                found.measure if found else None, found.score if found else None, found.word if found else None,
            )
        )  # fmt: skip
    return Sheet(names, tuple(rows))


def parts_sheet(parts: Parts, column: Column, lang: str) -> Sheet:
    """A picture's numbers, for programs."""
    names = ("part", "kind", "begin", "end", "rows", "known", "value", "low", "high")
    return Sheet(
        names,
        tuple((named(p, column, parts, lang), p.kind, p.begin, p.end, p.rows, p.known, p.value, p.low, p.high) for p in parts.every),
    )
