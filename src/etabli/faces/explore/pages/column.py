"""/column/NAME: everything of one column, over all rows; each bar and level leads to its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from etabli.errors import did_you_mean
from etabli.faces.explore import columns
from etabli.faces.explore.bounds import filtered, written
from etabli.faces.explore.calendar import EPOCH
from etabli.faces.explore.cards import hidden
from etabli.faces.explore.labels import cell, compact, figure, reach, tiny
from etabli.faces.explore.look import Look, command, kept, kinds, look
from etabli.faces.explore.opened import ROW, Opened
from etabli.faces.explore.page import CARRIED, NotThere, Page, Shown, State, carried, render, url
from etabli.faces.explore.parts import Part, Parts, is_scaled
from etabli.faces.explore.pictures import Drawing, described, picture
from etabli.faces.explore.profile import DRAWN, Profile, profile
from etabli.faces.words import known, plain, say
from etabli.faces.words.numbers import count, share
from etabli.faces.words.reasons import reason
from etabli.records import Column

WIDE, NARROW = 1000.0, 350.0


def answer(opened: Opened, state: State) -> Shown:
    """The page of the column that the path names."""
    name = state.parts.get("name", "")
    if name not in opened.by_name:
        raise NotThere("The page of a column names one of the file.", f'"{name}"', did_you_mean(name, opened.by_name))
    seen, column = look(opened, state), opened.by_name[name]
    scale = state.get("_scale") if state.get("_scale") in ("log", "linear") else ""
    made = kept(opened, ("profile", name, scale, *seen.key), lambda: profile(seen, column, scale))
    view = _view(seen, state, made)
    body = render("column.html", opened, state=state, look=seen, view=view)
    return Shown(plain(name, 60), body, {"parts": columns.parts_sheet(made.parts, column, opened.lang)})


def _view(seen: Look, state: State, made: Profile) -> dict[str, Any]:
    opened, lang, column = seen.opened, seen.opened.lang, made.column
    card = columns.one(seen, column)
    few = _first(made.parts)
    drawings = [Drawing(column, few, seen.aim, lang, lambda part: filtered(state, column, part, made.parts)) for _ in range(2)]
    given = kinds(state)
    place = opened.columns.index(column)
    neighbours = [opened.columns[k] if 0 <= k < len(opened.columns) else None for k in (place - 1, place + 1)]
    return {
        "column": column,
        "name": plain(column.name, 80) or "∅",
        "kind": known("kind", column.kind, lang),
        "reason": plain(reason(column.reason, lang), 200),
        "given": given,
        "command": command(opened, state),
        "facts": _facts(made, opened, seen),
        "hidden": columns.hidden_words(card, opened),
        "note": columns.note(card, lang),
        "wide": columns.safe(picture(drawings[0], WIDE, 300.0)),
        "narrow": columns.safe(picture(drawings[1], NARROW, 220.0)),
        "described": described(Drawing(column, few, seen.aim, lang)),
        "rows": columns.part_rows(Drawing(column, made.parts, seen.aim, lang), seen, state),
        "undrawn": max(0, len(made.parts.bars) - len(few.bars)),
        "scales": _scales(state, made, seen),
        "strength": columns.strength_view(card.strength, seen, lang) | {"more": _meaning(card.strength.measure, lang)}
        if card.strength
        else None,
        "is_target": seen.aim is not None and seen.aim.name == column.name,
        "gap": _gap(made, seen, state),
        "quantiles": [(share(q, lang, 0), _value(column, v, lang)) for q, v in made.quantiles],
        "common": [(_shown(column, v, lang), count(n, lang), _rows(state, column, v)) for v, n in made.common],
        "ends": [
            [(_shown(column, v, lang), count(row + 1, lang), _row(state, row)) for row, v in one] for one in (made.lowest, made.highest)
        ],
        "chips": columns.chips(card.findings, opened, state),
        "examples": card.examples,
        "neighbours": [
            None if one is None else (plain(one.name, 40) or "∅", carried(state, url("/column", one.name))) for one in neighbours
        ],
        "sampled": not opened.whole,
    }


def _first(parts: Parts) -> Parts:
    """As many levels as a picture takes; the rest is in the table."""
    if parts.bins is not None or len(parts.bars) <= DRAWN:
        return parts
    from dataclasses import replace

    return replace(parts, bars=parts.bars[:DRAWN], others=None)


def _facts(made: Profile, opened: Opened, seen: Look) -> list[tuple[str, str]]:
    column, lang = made.column, opened.lang
    empty = made.parts.missing.rows if made.parts.missing else 0
    read = sum(one.rows for one in hidden(column, opened.findings, opened.rows) if one.counted)
    said = [
        (say("col.rows", lang), count(opened.rows, lang)),
        (say("col.missing", lang), f"{count(empty, lang)} ({tiny(empty / max(1, opened.rows), lang)})" if empty else "0"),
        (say("col.fact.distinct", lang), ("≥ " if not opened.whole and column.distinct > 1 else "") + count(column.distinct, lang)),
    ]
    if read:
        said.insert(2, (say("col.fact.hidden", lang), count(read, lang)))
    if is_scaled(column) and column.low is not None:
        said += [(say("col.fact.low", lang), cell(column, column.low, lang)), (say("col.fact.high", lang), cell(column, column.high, lang))]
    if made.mean is not None:
        said += [
            (say("col.fact.mean", lang), compact(made.mean, lang, 5)),
            (say("col.fact.deviation", lang), compact(made.deviation, lang, 4)),
        ]
    return said


def _scales(state: State, made: Profile, seen: Look) -> list[dict[str, Any]]:
    """The two scales, where both are possible: all values but the spike are above zero."""
    bins = made.parts.bins
    if bins is None or bins.values or bins.period or made.column.kind == "date":
        return []
    low = made.column.low if bins.spike is None else min((v for _, v in made.lowest if v != bins.spike), default=None)
    if not bins.log and (low is None or low <= 0 or (made.column.low or 0) < 0):
        return []
    return [{"name": name, "link": state.but(_scale=name).link, "here": bins.log is (name == "log")} for name in ("linear", "log")]


def _meaning(measure: str, lang: str) -> str:
    return say(f"col.meaning.{measure}", lang)


def _gap(made: Profile, seen: Look, state: State) -> dict[str, Any] | None:
    """Whether the target differs where the cell is missing."""
    if made.present is None or made.absent is None or seen.aim is None:
        return None
    aim, lang = seen.aim, seen.opened.lang

    def told(part: Part) -> str:
        between = reach(aim, part, lang)
        return figure(aim, part.value, lang, part.low, part.high) + (f" ({between})" if between else "")

    word = "unknown" if made.gap is None else "telling" if made.gap[1] > 0 or made.gap[2] < 0 else "silent"
    return {
        "filled": told(made.present),
        "missing": told(made.absent),
        "word": say(f"col.gap.{word}", lang),
        "rows": count(made.absent.rows, lang),
        "link": filtered(state, made.column, made.absent, made.parts),
    }


def _seconds(value: Any) -> float:
    return (value - EPOCH).total_seconds() if isinstance(value, datetime) else float(value)


def _value(column: Column, value: float, lang: str) -> str:
    return cell(column, value, lang)


def _shown(column: Column, value: Any, lang: str) -> str:
    return cell(column, _seconds(value), lang) if column.is_double else plain(value, 80)


def _rows(state: State, column: Column, value: Any) -> str:
    chosen = tuple(pair for pair in state.pairs if pair[0] in CARRIED)
    return State("/rows", ((f"{column.name}__eq", written(column, _seconds(value))), *chosen)).link


def _row(state: State, row: int) -> str:
    chosen = tuple(pair for pair in state.pairs if pair[0] in CARRIED)
    return State("/rows", ((f"{ROW}__eq", str(row)), *chosen)).link


PAGE = Page("/column/{name:path}", 90, "", answer)
