"""Pictures of odd rows: how the scores of all rows lie beside the bound, and for the oddest rows the columns that make them odd.

Counts are drawn on the scale of log(1 + n): one odd row beside a thousand usual ones is to be seen. A row's bar is as long as the part of its oddness that
the named columns bear, divided among them; the rest, of many columns together, is left pale.
"""

from __future__ import annotations

import math

from etabli.faces import figures
from etabli.faces.report.found import Result
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, number, real, share

BARRED = 12  # rows with a bar
STEP = 30


def scores(result: Result, lang: str, width: float) -> str:
    """How many rows have which score, those at or beyond the bound in red; "" where the result does not tell."""
    facts = part(part(result, "anomalies"), "scores")
    edges, counts, bound = facts.get("edges") or [], facts.get("counts") or [], real(facts.get("bound"))
    if len(edges) != len(counts) + 1 or not edges[-1] > edges[0]:
        return ""
    tall = max(math.log1p(n) for n in counts) or 1.0
    plot = figures.Plot(say("odd.scores", lang), (width, 220), (edges[0], edges[-1]), (0, tall * 1.05), (26, 14, 42, 48))
    for n in [0, *(10**k for k in range(7))]:
        if math.log1p(n) <= tall:
            plot.line(plot.left, plot.y(math.log1p(n)), plot.right, plot.y(math.log1p(n)), "grid")
            plot.text(plot.left - 6, plot.y(math.log1p(n)) + 4, count(n, lang), "soft small end")
    for k, n in enumerate(counts):
        if n:
            left, right = plot.x(edges[k]), plot.x(edges[k + 1])
            tip = say("odd.bar", lang, count=count(n, lang), low=number(edges[k], lang, 2), high=number(edges[k + 1], lang, 2))
            look = "below" if bound is not None and edges[k + 1] >= bound else "fill"
            height = plot.bottom - plot.y(math.log1p(n))
            plot.add("rect", look, tip, x=left + 0.5, y=plot.bottom - height, width=max(1.0, right - left - 1), height=height)
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    for value in figures.ticks(edges[0], edges[-1], 4 if width < 500 else 7):
        plot.text(plot.x(value), plot.bottom + 17, f"{value:g}".replace(".", "," if lang == "fr" else "."), "soft small mid")
    if bound is not None:
        at = plot.x(max([edges[0], *(edge for edge in edges[:-1] if edge <= bound)]))  # before the bar that holds it
        plot.line(at, plot.top, at, plot.bottom, "dash")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 34, say("found.measure.score", lang), "soft mid")
    plot.text(0, 12, say("odd.rows", lang), "soft")
    return plot.svg()


def columns(result: Result, lang: str, width: float) -> str:
    """For the oddest rows, a bar divided among the columns that make them odd; "" without flagged rows."""
    rows = [one for one in items(part(result, "anomalies"), "rows") if one.get("columns")][:BARRED]
    if not rows:
        return ""
    plot = figures.Plot(say("odd.columns", lang), (width, STEP * len(rows) + 8), (0, 1), (0, 1), (4, 4, 4, 64))
    for place, one in enumerate(rows):
        top = 4.0 + STEP * place
        plot.text(plot.left - 8, top + 15, count(one.get("row"), lang), "end bold")
        plot.add("rect", "pale", x=plot.left, y=top, width=plot.right - plot.left, height=22)
        at = 0.0
        for k, column in enumerate(items(one, "columns")):
            part_of, name = real(column.get("share")) or 0.0, plain(column.get("column"), 40)
            wide = (plot.right - plot.left) * part_of
            tip = f"{name}: {share(part_of, lang, 0)}"
            plot.add("rect", "below", tip, x=plot.x(at), y=top, width=max(0.5, wide - 1), height=22, opacity=("1", ".62", ".35")[min(k, 2)])
            if wide > figures.LETTER * len(name) + 10:
                plot.text(plot.x(at) + 6, top + 15, name, "deep" if k == 0 else "", tip)
            at += part_of
    return plot.svg()
