"""/map: the rows as points, those alike near each other; what the axes lean on, which groups there are, and what sets chosen rows apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore import umapped
from etabli.faces.explore.drawn import compared
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, carried, render
from etabli.faces.explore.pages.pair import shown
from etabli.faces.explore.rowmap import WAYS, Groups, RowMap, chosen, groups, outline, places, rowmap
from etabli.faces.explore.scatter import look, scatter, shape
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, share
from etabli.judge.cells import Cells
from etabli.judge.contrast import Difference, contrast
from etabli.judge.mixed import Lean
from etabli.records import Array

WIDE, NARROW = (812, 520), (348, 348)
NAMED = 3  # differences that name a cluster


def answer(opened: Opened, state: State) -> Shown:
    """colour=COLUMN; way=pca|umap; chosen= an outline ("x y,x y,…") or "cluster 2"."""
    lang, way, colour, what = opened.lang, state.get("way") or "pca", state.get("colour"), state.get("chosen")
    if way not in WAYS:
        raise UsageError("way= is pca or umap.", f'"{way}"', did_you_mean(way, WAYS))
    known = [column.name for column in compared(opened)]
    if colour and colour != "_cluster" and colour not in known:
        raise UsageError(
            "colour= names a column that can be compared.",
            f'"{colour}"',
            did_you_mean(colour, known) or "columns: " + ", ".join(known[:20]),
        )
    found = rowmap(opened)
    making = umapped.job(opened, start=True) if way == "umap" and umapped.installed() else None
    drawn_by = "umap" if making is not None and making.where is not None else "pca"
    where = places(opened, found, drawn_by)
    own = groups(opened, found, colour)
    inside = chosen(opened, f"{drawn_by}:{what}") if what and drawn_by == way else None
    body = render(
        "map.html",
        opened,
        state=state,
        found=found,
        way=way,
        drawn_by=drawn_by,
        colour=colour or (own.column or "_cluster"),
        names=known,
        legend=_legend(opened, found, own),
        plain_group=not own.names,
        points=state.but(_format="json", _sheet="points", chosen=None).link,
        progress=state.but(_format="json", _sheet="progress").link,
        making=making,
        installed=umapped.installed(),
        umap=state.but(way="umap", chosen=None).link,
        axes=[_axis(found, k, lang) for k in range(2)] if drawn_by == "pca" else [],
        clusters=_clusters(opened, found, state),
        what=what,
        corners=" ".join(f"{v:g}" for v in outline(what).ravel()) if inside is not None and not what.startswith("cluster") else "",
        chosen=None if inside is None else int(inside.sum()),
        rows_link=carried(state, "/rows", _map=f"{drawn_by}:{what}"),
        differences=[] if inside is None else [said(opened, found.cells, one) for one in contrast(found.cells, inside)],
        clear=state.but(chosen=None).link,
        wide=_picture(opened, found, where, own, inside, WIDE),
        narrow=_picture(opened, found, where, own, inside, NARROW),
    )
    return Shown(say("map.title", lang), body, _sheets(found, where, own, making))


def _sheets(found: RowMap, where: Array, own: Groups, making: umapped.Job | None) -> dict[str, Sheet]:
    """The same as tables: points, clusters, and how far a picture in the making is."""
    points = zip(
        found.rows.tolist(),
        np.round(where[:, 0], 4).tolist(),
        np.round(where[:, 1], 4).tolist(),
        (found.clusters.cluster + 1).tolist(),
        own.number.tolist(),
        strict=True,
    )
    sheets = {
        "points": Sheet(("row", "x", "y", "cluster", "group"), tuple(points)),
        "clusters": Sheet(
            ("cluster", "rows", "column", "level", "inside", "outside", "size"),
            tuple(
                (k + 1, int((found.clusters.cluster == k).sum()), one.column, one.level, one.inside, one.outside, one.size)
                for k in range(found.clusters.count)
                for one in contrast(found.cells, found.clusters.cluster == k)
            ),
        ),
    }
    if making is not None:
        sheets["progress"] = Sheet(
            ("done", "seconds", "ready", "wrong"), ((making.done, round(making.seconds, 1), making.where is not None, making.wrong),)
        )
    return sheets


def said(opened: Opened, cells: tuple[Cells, ...], one: Difference) -> str:
    """A difference in words."""
    lang, name = opened.lang, plain(one.column, 48)
    if one.level is not None:
        words = {
            "inside": share(one.inside, lang, 0),
            "outside": share(one.outside, lang, 0),
            "level": plain(one.level, 40) or say("pair.missing", lang),
        }
        return say("map.level", lang, a=name, **words)
    own = next(c for c in cells if c.name == one.column)
    if own.kind == "flag":
        words = {"inside": share(one.inside, lang, 0), "outside": share(one.outside, lang, 0)}
        return say("map.level", lang, a=name, level=str(opened.by_name[one.column].reading.get("words", ("0", "1"))[1]), **words)
    low, high = (float(v) for v in np.nanquantile(own.values, (0.05, 0.95)))
    show = shown(opened, own, low, high if high > low else low + 1)
    return say("map.higher" if one.size > 0 else "map.lower", lang, a=name, inside=show(one.inside), outside=show(one.outside))


def _axis(found: RowMap, k: int, lang: str) -> dict[str, Any]:
    """An axis: its share of the variance and the columns it leans on."""

    def lean(one: Lean) -> str:
        words = {"a": plain(one.column, 40), "share": share(one.share, lang, 0)}
        if one.direction:
            return say("map.lean.up" if one.direction > 0 else "map.lean.down", lang, **words)
        ends = {key: plain(value, 24) or say("pair.missing", lang) for key, value in (("down", one.down), ("up", one.up))}
        return say("map.lean.levels", lang, **words, **ends)

    return {"share": share(found.placed.shares[k], lang, 0), "leans": [lean(one) for one in found.placed.leans[k][:4] if one.share > 0.03]}


def _clusters(opened: Opened, found: RowMap, state: State) -> list[dict[str, Any]]:
    if found.clusters.count < 2:
        return []
    made = []
    for k in range(found.clusters.count):
        own = found.clusters.cluster == k
        names = [said(opened, found.cells, one) for one in contrast(found.cells, own, NAMED)]
        made.append(
            {
                "rows": count(int(own.sum()), opened.lang),
                "share": share(float(own.mean()), opened.lang, 0),
                "names": names,
                "link": state.but(chosen=f"cluster {k + 1}").link,
            }
        )
    return made


def _legend(opened: Opened, found: RowMap, own: Groups) -> list[dict[str, Any]]:
    """One entry a group: its mark, name and rows; the last for rows without a value."""
    from markupsafe import Markup

    made = []
    for k, name in enumerate(own.names):
        if own.ordered:
            cells = next(c for c in found.cells if c.name == own.column)
            ends = [float(v) for v in name.split("|")]
            show = shown(opened, cells, float(np.nanmin(cells.values)), float(np.nanmax(cells.values)))
            name = show(ends[0]) if ends[0] == ends[1] else f"{show(ends[0])} – {show(ends[1])}"
        elif own.column is None:
            name = say("map.cluster", opened.lang, number=name)
        made.append((k, name or say("pair.empty", opened.lang)))
    if (own.number < 0).any():
        made.append((-1, say("pair.missing", opened.lang) if own.names else say("map.row", opened.lang)))
    return [
        {
            "group": k,
            "name": name,
            "rows": count(int((own.number == k).sum()), opened.lang),
            "look": look(k, own.ordered),
            "mark": Markup(f'<path d="M7 7{shape(k, own.ordered)}"/>'),
            "path": shape(k, own.ordered),
        }
        for k, name in made
    ]


def _picture(opened: Opened, found: RowMap, where: Array, own: Groups, inside: Array | None, size: tuple[int, int]) -> Any:
    from markupsafe import Markup

    title = say("map.picture", opened.lang, rows=count(len(where), opened.lang), groups=count(found.clusters.count, opened.lang))
    return Markup(scatter(where, own.number, own.ordered, title, *size, inside))


PAGE = Page("/map", 45, "explore.map", answer)
