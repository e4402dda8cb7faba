"""ROC and precision-recall curves with the report's words, and how residuals lie; the facts are in `work/pictures.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces.figures import Plot, spread
from etabli.faces.report.pictures import items, needed, part
from etabli.faces.words import cell, plain, say
from etabli.faces.words.numbers import count, number, real, share

DRAWN = 3  # classes with pictures: those that are told apart worst

Result = Mapping[str, Any]
View = dict[str, Any]


def _worst(result: Result) -> list[Mapping[str, Any]]:
    return sorted(items(result, "curves"), key=lambda one: real(one.get("auc")) or 0.0)[:DRAWN]


def drawn(result: Result) -> int:
    """How many classes have pictures."""
    return len(_worst(result))


def view(result: Result, lang: str) -> View | None:
    """Everything the template shows of it."""
    every = items(result, "curves")
    if not every:
        return None

    def area(one: Mapping[str, Any], key: str) -> tuple[str, str]:
        ends = (number(one.get(f"{key}_{end}"), lang, 3) for end in ("low", "high"))
        return number(one.get(key), lang, 3), say("to", lang, low=next(ends), high=next(ends))

    first, (auc, auc_reach), (ap, ap_reach) = every[0], area(every[0], "auc"), area(every[0], "ap")
    alone = len(every) == 1
    return {
        "first": say(
            "curves.alone", lang, name=plain(first.get("class"), 60), hundred=round(100 * float(first["auc"])), auc=auc, reach=auc_reach
        )
        if alone
        else say("curves.several", lang, n=len(every), names=", ".join(plain(one.get("class"), 40) for one in _worst(result))),
        "second": say("curves.ap", lang, ap=ap, reach=ap_reach, chance=share(first.get("share"), lang)) if alone else "",
        "names": [plain(one.get("class"), 60) for one in _worst(result)],
        "table": [
            (cell(one.get("class"), 60), count(one.get("rows"), lang), share(one.get("share"), lang), *area(one, "auc"), *area(one, "ap"))
            for one in every
        ],
    }


def roc(result: Result, lang: str, width: float, place: int) -> str:
    """Hits over false alarms, with the band and the diagonal of chance; the answers as they are given are a diamond."""
    one = _worst(result)[place]
    words = {key: number(one[name], lang, 3) for key, name in (("auc", "auc"), ("low", "auc_low"), ("high", "auc_high"))}
    title = say("plot.roc", lang, name=plain(one.get("class"), 60), **words)
    plot = _square(title, width, lang, (say("axis.fallout", lang), say("axis.recall", lang)))
    plot.line(plot.x(0), plot.y(0), plot.x(1), plot.y(1), "dash")
    _curve(plot, [0.0, *one["fallout"]], *([0.0, *one[key]] for key in ("tpr", "tpr_low", "tpr_high")))
    counts = part(result, "confusion").get("counts")
    if counts and len(counts) == 2 and min(sum(row) for row in counts) > 0:
        x, y = counts[0][1] / sum(counts[0]), counts[1][1] / sum(counts[1])
        tip = say("curves.answers", lang, fallout=share(x, lang), recall=share(y, lang))
        plot.add("path", "honest", tip, d=f"M{plot.x(x):.1f} {plot.y(y):.1f}m0 -6l6 6l-6 6l-6 -6z")
    return plot.svg()


def precision(result: Result, lang: str, width: float, place: int) -> str:
    """Precision over hits, with the band and the line of chance."""
    one = _worst(result)[place]
    words = {key: number(one[name], lang, 3) for key, name in (("ap", "ap"), ("low", "ap_low"), ("high", "ap_high"))}
    title = say("plot.precision", lang, name=plain(one.get("class"), 60), chance=share(one.get("share"), lang), **words)
    plot = _square(title, width, lang, (say("axis.recall", lang), say("axis.precision", lang)))
    plot.line(plot.x(0), plot.y(float(one["share"])), plot.x(1), plot.y(float(one["share"])), "dash")
    _curve(plot, one["recall"], *(one[key] for key in ("precision", "precision_low", "precision_high")))
    counts = part(result, "confusion").get("counts")
    if counts and len(counts) == 2 and counts[0][1] + counts[1][1] > 0 and sum(counts[1]) > 0:
        x, y = counts[1][1] / sum(counts[1]), counts[1][1] / (counts[0][1] + counts[1][1])
        tip = say("curves.answers.precision", lang, recall=share(x, lang), precision=share(y, lang))
        plot.add("path", "honest", tip, d=f"M{plot.x(x):.1f} {plot.y(y):.1f}m0 -6l6 6l-6 6l-6 -6z")
    return plot.svg()


def _square(title: str, width: float, lang: str, labels: tuple[str, str]) -> Plot:
    side = min(width, 388.0)
    plot = Plot(title, (side, side), (0, 1), (0, 1), (26, 24, 44, 46))
    plot.axes(lambda v: share(v, lang, 0), lambda v: share(v, lang, 0), *labels)
    return plot


def _curve(plot: Plot, x: Sequence[float], value: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
    def path(y: Sequence[float], back: bool = False) -> str:
        points = [f"{plot.x(a):.1f} {plot.y(min(1.0, max(0.0, b))):.1f}" for a, b in zip(x, y, strict=True)]
        return "L".join(reversed(points) if back else points)

    plot.add("path", "pale", d=f"M{path(high)}L{path(low, True)}z")
    plot.add("path", "trace", d="M" + path(value))


def spreading(result: Result, lang: str, width: float) -> str:
    """How residuals lie: a histogram about zero."""
    facts = part(part(result, "residuals"), "spread")
    counts, edges = facts.get("counts"), facts.get("edges")
    if not counts or not edges or not edges[-1] > edges[0]:
        return ""
    total = max(1, sum(counts))
    low, high = min(0.0, edges[0]), max(0.0, edges[-1])
    title = say("plot.spread", lang, rows=count(facts.get("rows"), lang), low=_short(edges[0], lang), high=_short(edges[-1], lang))
    plot = Plot(title, (width, 190), spread((low, high), 0.0), (0, max(counts) / total * 1.06 or 1.0), (24, 40, 42, 58))
    plot.axes(
        lambda v: _short(v, lang),
        lambda v: share(v, lang, 0),
        say("axis.residual", lang),
        say("axis.share", lang),
        count=(4 if width < 500 else 7, 3),
    )
    for n, start, end in zip(counts, edges, edges[1:], strict=False):
        if n:
            left, right, top = plot.x(start), plot.x(end), plot.y(n / total)
            plot.add(
                "rect", "fill", share(n / total, lang), x=left + 0.5, y=top, width=max(0.6, right - left - 1), height=plot.bottom - top
            )
    plot.line(plot.x(0.0), plot.top, plot.x(0.0), plot.bottom, "dash")
    return plot.svg()


def _short(value: float, lang: str) -> str:
    return number(value, lang, needed(float(f"{value:.3g}")))
