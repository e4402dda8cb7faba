"""Pictures of what was found without a target: the rows on two coordinates, and the methods beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etabli.faces import figures
from etabli.faces.explore.scatter import frame, scatter
from etabli.faces.explore.scatter import look as coloured
from etabli.faces.report import tinted
from etabli.faces.report.found import Result, method
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import number, real, share
from etabli.records import Array

TINTS = (  # of the groups' marks, in a picture and in its key
    ".figure .point,.mark path{fill:var(--tint);stroke:none}.figure .point{fill-opacity:.75}.figure .faint{fill-opacity:.28}"
    ".g0{--tint:var(--blue,#0072b2)}.g1{--tint:var(--red,#d55e00)}.g2{--tint:#009e73}.g3{--tint:#a8578a}.g4{--tint:#946a00}"
    ".g5{--tint:var(--ink,#1d2126)}.g6{--tint:#3f93c7}.g-none{--tint:var(--grey,#868d95)}"
)
COLOURS, METHODS = 7, 12  # groups with a colour of their own; methods drawn


def groups(result: Result) -> list[tuple[str, int]]:
    """(label, its place among shapes and colours) of what the picture shows; the largest groups, the others share the last."""
    labels = [str(label) for label in part(result, "points").get("label") or ()]
    if result.get("task") == "anomalies":  # what stands out is red, whichever name comes first
        return [(name, place) for place, name in enumerate(("usual", "odd")) if name in labels]
    told = [str(one.get("label")) for one in items(result, "clusters")] or sorted(set(labels), key=lambda label: (len(label), label))
    return [(label, -1 if label in ("none", "") else i if i < COLOURS else -1) for i, label in enumerate(told)]


def rowmap(result: Result, lang: str, width: float) -> str:
    """The rows on two coordinates; "" without points."""
    points = part(result, "points")
    x, y = points.get("x") or [], points.get("y") or []
    if not x or len(x) != len(y):
        return ""
    where = np.array([[real(a) or 0.0, real(b) or 0.0] for a, b in zip(x, y, strict=True)])
    height = round(width * (0.62 if width > 500 else 0.9))
    if ways := tinted.tints(result, lang):
        return _coloured(where, ways[0], say("found.picture", lang, rows=len(where)), width, height)
    look, labels = dict(groups(result)), points.get("label")
    group = np.array([look.get(str(label), -1) for label in labels]) if labels else np.zeros(len(where), int)
    odd = points.get("flagged")
    chosen = np.array(odd, bool) if odd else None
    if chosen is not None and not labels:
        group = chosen.astype(int)
    return scatter(where, group, False, say("found.picture", lang, rows=len(where)), width, height, chosen)


def _coloured(where: Array, way: tinted.Tint, title: str, width: float, height: float) -> str:
    """A path a colour, missing cells below the others."""
    x, y = frame(where, width / height)
    plot = figures.Plot(f"{title}: {way.name}" if way.name else title, (width, height), x, y, (2, 2, 2, 2))
    for letter in sorted(set(way.codes)):
        own = [i for i, one in enumerate(way.codes) if one == letter]
        mark = tinted.shape(letter, way.ordered)
        path = "".join(f"M{plot.x(float(where[i, 0])):.1f} {plot.y(float(where[i, 1])):.1f}{mark}" for i in own)
        plot.add("path", f"point {tinted.look(letter, way.ordered)}", d=path)
    return plot.svg()


def again(result: Result, lang: str, width: float) -> str:
    """How far two halves of the rows, with two seeds, draw one picture, of each method; "" for other runs than maps."""
    if result.get("task") != "map":
        return ""
    best: dict[str, Mapping[str, Any]] = {}
    for e in items(result, "leaderboard"):
        if real(e.get("stability")) is not None:
            best.setdefault(str(e.get("name")), e)
    dots = [
        figures.Dot(
            method({**e, "values": {}}, lang),
            real(e["stability"]),
            look="tied" if not i else "apart",
            text=number(e["stability"], lang, 2),
        )
        for i, e in enumerate(list(best.values())[:METHODS])
    ]
    said = say("found.again", lang)
    return figures.intervals(dots, said, width, lambda v: number(v, lang, 2), None, None, said) if dots else ""


def compared(result: Result, lang: str, width: float) -> str:
    """The best setting of each method with its main figure; "" where there is none."""
    every = items(result, "leaderboard")
    measures = ("aucpr", "score") if result.get("task") == "anomalies" else ("gain", "faithfulness", "stability", "score")
    key = next((name for name in measures if any(real(e.get(name)) is not None for e in every)), "")
    if not key:
        return ""
    best: dict[str, Mapping[str, Any]] = {}
    for e in every:
        best.setdefault(str(e.get("name")), e)
    dots = [
        figures.Dot(
            method({**e, "values": {}}, lang),
            real(e.get(key)),
            *_reach(e, key),
            "tied" if not i or e.get("tied") else "apart",
            method(e, lang).partition(" (")[2].removesuffix(")"),
            number(e.get(key), lang, 2),
            method(e, lang),
        )
        for i, e in enumerate(list(best.values())[:METHODS])
    ]
    null = real(part(result, "structure").get("null")) if key == "stability" else None
    return figures.intervals(
        dots, say("found.compared", lang), width, lambda v: number(v, lang, 2), None, null, say(f"found.measure.{key}", lang)
    )


def _reach(entry: Mapping[str, Any], key: str) -> tuple[float | None, float | None]:
    if key == "aucpr":
        return real(entry.get("low")), real(entry.get("high"))
    each = [value for v in entry.get("each") or () if (value := real(v)) is not None]
    if key != "stability" or len(each) < 3:
        return None, None
    middle, error = float(np.mean(each)), float(np.std(each, ddof=1) / np.sqrt(len(each)))
    return middle - error, middle + error


def stretched(result: Result, lang: str, width: float) -> str:
    """Stability by the number of clusters, of the winner's method, over what the same gives without structure."""
    family, lines = str(part(result, "winner").get("family")), dict[int, Mapping[str, Any]]()
    for e in items(result, "leaderboard"):
        k = real(e.get("clusters") or part(e, "values").get("clusters"))
        if k is not None and e.get("name") == family and real(e.get("stability")) is not None:
            lines.setdefault(int(k), e)
    ks = sorted(lines)
    if len(ks) < 3:
        return ""
    stability = [float(lines[k]["stability"]) for k in ks]
    null = [real(lines[k].get("null")) for k in ks]
    every = [*stability, *(v for v in null if v is not None)]
    plot = figures.Plot(
        say("found.numbers", lang), (width, 240), (ks[0] - 0.3, ks[-1] + 0.3), (min(0.0, *every), max(1.0, *every)), (26, 14, 40, 44)
    )
    plot.axes(
        lambda v: f"{v:g}" if v == int(v) else "",
        lambda v: number(v, lang, 1),
        say("found.axis.clusters", lang),
        say("found.measure.stability", lang),
        (min(len(ks), 12), 4),
    )
    if all(v is not None for v in null):
        plot.add("path", "dash", d=_path(plot, ks, [float(v) for v in null if v is not None]))
    plot.add("path", "trace", d=_path(plot, ks, stability))
    chosen = real(part(result, "winner").get("clusters") or part(part(result, "winner"), "values").get("clusters"))
    for k, value in zip(ks, stability, strict=True):
        tip = f"{k}: {number(value, lang, 3)}"
        if k == chosen:
            plot.add("path", "honest", tip, d=f"M{plot.x(k):.1f} {plot.y(value):.1f}m-7 0l7 -7l7 7l-7 7z")
        else:
            plot.add("circle", "tied", tip, cx=plot.x(k), cy=plot.y(value), r=3.5)
    return plot.svg()


def _path(plot: figures.Plot, xs: Sequence[float], ys: Sequence[float]) -> str:
    return "M" + "L".join(f"{plot.x(x):.1f} {plot.y(y):.1f}" for x, y in zip(xs, ys, strict=True))


def colour(look: int) -> str:
    """The class of a group's colour."""
    return coloured(look, False)


def kept(result: Result, lang: str, width: float) -> str:
    """How often rows stayed in their group when it was learned again, against what the file says of them; "" where that was not measured."""
    facts = part(result, "membership")
    said, stayed = facts.get("says") or [], facts.get("kept") or []
    if len(said) < 3 or len(said) != len(stayed):
        return ""
    low = min(*said, *stayed, 0.9)
    plot = figures.Plot(say("found.kept", lang), (min(width, 420), 260), (low, 1.0), (low, 1.0), (26, 26, 40, 48))

    def percent(v: float) -> str:
        return share(v, lang, 0)

    plot.axes(percent, percent, say("found.axis.says", lang), say("found.axis.kept", lang), (4, 4))
    plot.line(plot.x(low), plot.y(low), plot.x(1), plot.y(1), "dash")
    for a, b in zip(said, stayed, strict=True):
        plot.add("circle", "tied", f"{percent(a)}: {percent(b)}", cx=plot.x(a), cy=plot.y(b), r=4)
    return plot.svg()


def caption(result: Result, lang: str) -> list[tuple[str, str, int]]:
    """(label, its share of the rows, its look) of each group in the picture."""
    shares = {str(one.get("label")): share(one.get("share"), lang, 0) for one in items(result, "clusters")}
    if part(result, "points").get("label"):
        return [(plain(label, 40), shares.get(label, ""), look) for label, look in groups(result)]
    if part(result, "points").get("flagged"):
        return [(say("found.key.ordinary", lang), "", 0), (say("found.key.flagged", lang), "", 1)]
    return []
