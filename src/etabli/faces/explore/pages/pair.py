"""/pair?x=…&y=…: two columns together, in the picture that fits their kinds, with what is seen in words; every cell leads to its rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore import pair_pictures, pairs
from etabli.faces.explore.drawn import compared, drawn
from etabli.faces.explore.moments import form, moment
from etabli.faces.explore.opened import SAMPLE, Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, carried, render, url
from etabli.faces.explore.pages.relations import measure
from etabli.faces.explore.relate import sentence
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, decimals, number, share
from etabli.judge.associations import associations
from etabli.judge.cells import Cells

WIDE, NARROW = 812, 348
BENT = 0.15  # how much better tenths must tell than the rank correlation
ODD = 3.0  # a residual that is said

Show = Callable[[float], str]
Words = dict[str, str]


def answer(opened: Opened, state: State) -> Shown:
    """x=COLUMN, y=COLUMN; colour=COLUMN draws a trend for each of its levels."""
    known = [column.name for column in compared(opened)]
    x, y = (state.get(key) for key in ("x", "y"))
    if not x or not y:
        target = opened.target if opened.target in known else None
        x = x or next((name for name in known if name not in (y, target)), "")
        y = y or (target if target != x and target else next((name for name in known if name != x), ""))
    for key, name in (("x", x), ("y", y), *((("colour", state.get("colour")),) if state.get("colour") else ())):
        if name not in known:
            raise UsageError(
                f"{key}= names a column that can be compared.",
                f'"{name}"',
                did_you_mean(name, known) or "columns: " + ", ".join(known[:20]),
            )
    if x == y:
        raise UsageError("A pair is two columns.", f'"{x}" twice', f"its own page: {url('/column', x)}")
    colour = state.get("colour")
    if not colour and opened.target in known and opened.target not in (x, y) and not state.all("colour"):
        colour = str(opened.target)
    made = drawn(opened, [opened.by_name[name] for name in (x, y, *((colour,) if colour and colour not in (x, y) else ()))], SAMPLE)
    found = associations(made.columns[:2])
    if made.columns[1].kind == "date" and made.columns[0].kind != "date":  # time runs across
        return answer(opened, state.but(x=y, y=x))
    a, b, *rest = (pairs.as_levels(opened, column) for column in made.columns)
    kinds = (a.levels is not None, b.levels is not None)
    by = rest[0] if rest and rest[0].levels is not None and not any(kinds) else None
    if not (~(a.missing | b.missing)).any():
        pictures, said, sheet = ["", ""], [say("pair.never", opened.lang, a=plain(x, 48), b=plain(y, 48))], Sheet((x, y), ())
    elif kinds == (False, False):
        pictures, said, sheet = _numbers(opened, state, a, b, by)
    elif kinds == (True, True):
        pictures, said, sheet = _shares(opened, state, a, b)
    else:
        pictures, said, sheet = _boxes(opened, state, *((a, b) if kinds[0] else (b, a)))
    body = render(
        "pair.html",
        opened,
        state=state,
        x=x,
        y=y,
        colour=colour if by is not None else "",
        names=known,
        groups=[name for name in known if opened.by_name[name].kind in ("category", "flag")] if not any(kinds) else [],
        first=sentence(opened, found, 0, 1),
        measure=measure(opened, x, y),
        chance=number(float(found.chance[0, 1]), opened.lang, 2),
        said=said,
        wide=pictures[0],
        narrow=pictures[1],
        how=[say(f"pair.how.{'shares' if all(kinds) else 'boxes' if any(kinds) else 'time' if a.kind == 'date' else 'grid'}", opened.lang)],
        rows=int(found.rows[0, 1]),
        both=carried(state, "/rows", _col=[x, y], **{f"{x}__present": "1", f"{y}__present": "1"}),
    )
    return Shown(say("pair.title", opened.lang, a=plain(x, 40), b=plain(y, 40)), body, {"pair": sheet})


def shown(opened: Opened, cells: Cells, low: float, high: float) -> Show:
    """How values of a number or date between two ends are written."""
    if cells.kind == "date":
        written = form(low, high)
        return lambda value: moment(value).strftime(written)
    places = max(0, decimals(low, low + (high - low) / 30))
    return lambda value: number(value, opened.lang, places if abs(value - round(value)) > 1e-9 else 0)


def filtered(cells: Cells, low: float, high: float, last: bool) -> Words:
    """The filters of /rows for a step of values."""

    def written(value: float) -> str:
        return moment(value).isoformat(sep=" ") if cells.kind == "date" else repr(float(value))

    return {f"{cells.name}__ge": written(low), f"{cells.name}__{'le' if last else 'lt'}": written(high)}


def level(opened: Opened, cells: Cells, name: str) -> Words:
    """The filter of /rows for a level."""
    return {f"{cells.name}__eq": name}


def _both(draw: Callable[[float], str]) -> list[Any]:
    from markupsafe import Markup

    return [Markup(draw(width)) for width in (WIDE, NARROW)]


def _numbers(opened: Opened, state: State, x: Cells, y: Cells, by: Cells | None) -> tuple[list[Any], list[str], Sheet]:
    lang, seen = opened.lang, pairs.grid(x, y, by)
    shows = (shown(opened, x, seen.across[0], seen.across[-1]), shown(opened, y, seen.up[0], seen.up[-1]))
    names = plain(x.name, 48), plain(y.name, 48)
    last = len(seen.across) - 2, len(seen.up) - 2

    def link(i: int, j: int) -> str:
        ends = filtered(x, seen.across[i], seen.across[i + 1], i == last[0]) | filtered(y, seen.up[j], seen.up[j + 1], j == last[1])
        return carried(state, "/rows", **ends)

    def tip(i: int, j: int) -> str:
        values = {"a": names[0], "b": names[1], "n": int(seen.counts[i, j]), "count": count(int(seen.counts[i, j]), lang)}
        return say(
            "pair.cell",
            lang,
            x=shows[0]((seen.across[i] + seen.across[i + 1]) / 2),
            y=shows[1]((seen.up[j] + seen.up[j + 1]) / 2),
            **values,
        )

    said = []
    for one in seen.trends:
        words = {"name": f"{plain(by.name, 30)} = {plain(one.name, 30)}"} if by is not None else {}
        said.append(
            say(f"pair.{'time' if x.kind == 'date' else 'trend'}{'.in' if words else ''}", lang, **words, **_course(one, names, shows))
        )
    if by is not None and seen.against:
        said.insert(0, say("pair.against", lang, name=plain(by.name, 48)))
    if by is None and x.kind != "date" and pairs.bends(x, y) > BENT:
        said.append(say("pair.bends", lang, a=names[0], b=names[1]))
    if seen.outside:
        said.append(say("pair.outside", lang, n=seen.outside, count=count(seen.outside, lang)))
    title = " ".join([say("pair.title", lang, a=names[0], b=names[1]) + ".", *said])
    pictures = _both(lambda width: pair_pictures.density(seen, title, width, shows, (x.name, y.name), tip, link, x.kind == "date"))
    filled = zip(*np.nonzero(seen.counts), strict=True)
    rows = tuple(
        (float(seen.across[i]), float(seen.across[i + 1]), float(seen.up[j]), float(seen.up[j + 1]), int(seen.counts[i, j]))
        for i, j in filled
    )
    return pictures, said, Sheet(("x_from", "x_to", "y_from", "y_to", "rows"), rows)


def _course(one: pairs.Trend, names: tuple[str, str], shows: tuple[Show, Show]) -> Words:
    """A trend's values for its sentence: where it begins and ends, where it is lowest and highest."""
    (first, last), low, high = one.ends, int(one.y.argmin()), int(one.y.argmax())
    return {
        "a": names[0],
        "b": names[1],
        "from": shows[1](one.y[first]),
        "to": shows[1](one.y[last]),
        "start": shows[0](one.x[first]),
        "end": shows[0](one.x[last]),
        "low": shows[1](one.y[low]),
        "high": shows[1](one.y[high]),
        "when_low": shows[0](one.x[low]),
        "when_high": shows[0](one.x[high]),
    }


def _boxes(opened: Opened, state: State, category: Cells, value: Cells) -> tuple[list[Any], list[str], Sheet]:
    lang, seen = opened.lang, pairs.boxes(category, value)
    show = shown(opened, value, seen.edges[0], seen.edges[-1])
    names = pairs.level_names(seen.names, say("pair.empty", lang))
    tips = [
        say(
            "pair.box",
            lang,
            name=name,
            count=count(int(n), lang),
            low=show(q[0]),
            left=show(q[1]),
            middle=show(q[2]),
            right=show(q[3]),
            high=show(q[4]),
        )
        for name, n, q in zip(names, seen.counts, seen.quantiles, strict=True)
    ]
    links = [carried(state, "/rows", **level(opened, category, name)) for name in seen.names]
    said = []
    if len(names) > 1:
        ends = {"low": names[0], "high": names[-1], "from": show(seen.quantiles[0, 2]), "to": show(seen.quantiles[-1, 2])}
        said.append(say("pair.medians", lang, b=plain(value.name, 48), **ends))
    if seen.left:
        said.append(say("pair.left", lang, n=seen.left, count=count(seen.left, lang)))
    title = " ".join([say("pair.title", lang, a=plain(category.name, 48), b=plain(value.name, 48)) + ".", *tips[:6]])
    pictures = _both(
        lambda width: pair_pictures.ridges(seen, title, width, show, (value.name, category.name), names, tips, links, value.kind == "date")
    )
    rows = tuple((name, int(n), *map(float, q)) for name, n, q in zip(seen.names, seen.counts, seen.quantiles, strict=True))
    return pictures, said, Sheet((category.name, "rows", "q05", "q25", "q50", "q75", "q95"), rows)


def _shares(opened: Opened, state: State, down: Cells, across: Cells) -> tuple[list[Any], list[str], Sheet]:
    lang, seen = opened.lang, pairs.shares(down, across)
    names = tuple(pairs.level_names(one, say("pair.empty", lang)) for one in (seen.down, seen.across))

    def words(i: int, j: int) -> Words:
        facts = {"a": plain(names[0][i], 40), "b": plain(names[1][j], 40), "count": count(int(seen.counts[i, j]), lang)}
        return facts | {"expected": count(round(float(seen.expected[i, j])), lang), "share": share(float(seen.shares[i, j]), lang, 0)}

    def link(i: int, j: int) -> str:
        return carried(state, "/rows", **(level(opened, down, seen.down[i]) | level(opened, across, seen.across[j])))

    said = []
    flat = np.argsort(-np.abs(seen.residuals), axis=None)[:3]
    for i, j in zip(*np.unravel_index(flat, seen.residuals.shape), strict=True):
        if abs(seen.residuals[i, j]) > ODD:
            said.append(say("pair.often" if seen.residuals[i, j] > 0 else "pair.seldom", lang, **words(int(i), int(j))))
    if seen.left:
        said.append(say("pair.left", lang, n=seen.left, count=count(seen.left, lang)))
    title = " ".join([say("pair.title", lang, a=plain(down.name, 48), b=plain(across.name, 48)) + ".", *said])
    texts = [[share(float(value), lang, 0).replace("\u00a0", "") for value in row] for row in seen.shares]
    labels = (down.name, across.name)
    pictures = _both(
        lambda width: pair_pictures.mosaic(
            seen, title, width, texts, (names[0], names[1]), labels, lambda i, j: say("pair.tip", lang, **words(i, j)), link
        )
    )
    rows = tuple(
        (
            a,
            b,
            int(seen.counts[i, j]),
            round(float(seen.shares[i, j]), 6),
            round(float(seen.expected[i, j]), 3),
            round(float(seen.residuals[i, j]), 3),
        )
        for i, a in enumerate(seen.down)
        for j, b in enumerate(seen.across)
    )
    return pictures, said, Sheet((down.name, across.name, "rows", "share", "expected", "residual"), rows)


PAGE = Page("/pair", 41, "", answer)
