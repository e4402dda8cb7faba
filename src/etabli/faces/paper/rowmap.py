"""The rows of a run without a target on two coordinates, coloured as its page begins: by a column, by group, or by what was flagged."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from etabli.faces.explore.scatter import frame
from etabli.faces.paper.drawing import Drawing, Result
from etabli.faces.paper.style import BLUE, GREEN, GREY, INK, RED, TEXT, Sheet, capital
from etabli.faces.report.found import method, without_target
from etabli.faces.report.pictures import part
from etabli.faces.report.tinted import COLOURS, LETTERS, RAMP, Tint, tints
from etabli.faces.words import say
from etabli.faces.words.numbers import count, real

TINTS = (BLUE, RED, GREEN, "#a8578a", "#946a00", INK, "#3f93c7")  # as the page's, by letter
MARKERS = ("o", "s", "^", "D", "P", "X", "v")
SIZE = 7.0  # square points of a mark
LINE = 4.2  # millimetres a line of the key takes


def way(result: Result, lang: str) -> Tint | None:
    """The colouring; None: there are no points."""
    points = part(result, "points")
    if not without_target(result) or len(points.get("x") or ()) < 2:
        return None
    if every := tints(result, lang):
        return every[0] if len(every[0].codes) == len(points["x"]) else None
    flagged = points.get("flagged") or [False] * len(points["x"])
    names = [say(f"found.key.{name}", lang) for name in ("ordinary", "flagged")]
    return Tint("", "".join("b" if one else "a" for one in flagged), False, names=names if any(flagged) else ())


@final
class RowMap(Drawing):
    """A mark a row, one unit as long on both axes; the key below."""

    name = "rowmap"
    order = 10

    def there(self, result: Result) -> bool:
        """Whether rows were drawn."""
        return way(result, "en") is not None

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Missing cells first, so that they lie below the others."""
        told, points = way(result, sheet.lang), part(result, "points")
        assert told is not None
        where = np.array([[real(a) or 0.0, real(b) or 0.0] for a, b in zip(points["x"], points["y"], strict=True)])
        names = self._names(sheet, told)
        columns = 1 if not names else max(1, min(4, len(names), int((sheet.width - 6) / (max(map(sheet.long, names.values())) + 7))))
        lines = 2 if told.ordered else -(-len(names) // columns)
        high = 0.72 * sheet.width if not sheet.wide else 0.5 * sheet.width
        (axes,) = sheet.panels(high + LINE * lines + 8)
        x, y = frame(where, (sheet.width - 8) / (high - 6))
        codes = np.array(list(told.codes))
        colours = RAMP[0].split()
        for letter in sorted(set(told.codes)):
            own = where[codes == letter]
            if letter == "-":
                axes.scatter(*own.T, s=2.0, color=GREY, linewidths=0, zorder=1)
            elif letter == ".":
                axes.scatter(*own.T, s=SIZE, facecolors="none", edgecolors=GREY, linewidths=0.6, zorder=2)
            else:
                k = LETTERS.index(letter)
                colour, marker = (colours[k], "o") if told.ordered else (TINTS[k], MARKERS[k])
                axes.scatter(*own.T, s=SIZE, color=colour, marker=marker, linewidths=0, alpha=0.85, zorder=3)
        axes.set(xlim=x, ylim=y, xticks=[], yticks=[], aspect="equal")
        axes.set_xlabel(say("paper.rowmap.axis", sheet.lang, k=1))
        axes.set_ylabel(say("paper.rowmap.axis", sheet.lang, k=2))
        self._key(sheet, axes, told, names, columns)

    def _names(self, sheet: Sheet, told: Tint) -> dict[str, str]:
        """What the key says of each letter."""
        room = (0.8 if len(told.names) < 4 else 0.42) * sheet.width
        made = {LETTERS[i]: sheet.cut(name, room) for i, name in enumerate(() if told.ordered else told.names[:COLOURS])}
        rest = {".": say("tint.other", sheet.lang), "-": say("tint.missing", sheet.lang)}
        return made | {letter: text for letter, text in rest.items() if letter in told.codes}

    def _key(self, sheet: Sheet, axes: Any, told: Tint, names: dict[str, str], columns: int) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import ListedColormap
        from matplotlib.lines import Line2D

        if told.name:
            axes.set_title(sheet.cut(told.name, 0.78 * sheet.width, TEXT), loc="left", fontweight="bold")
        if told.ordered:
            bar = sheet.figure.colorbar(
                ScalarMappable(cmap=ListedColormap(RAMP[0].split())), ax=axes, location="bottom", shrink=0.6, aspect=30, pad=0.02
            )
            bar.set_ticks([0, 1], labels=list(told.ends))
            bar.outline.set_visible(False)
            bar.solids.set_edgecolor("face")  # no seams between the steps
            bar.ax.tick_params(length=0)
            return
        looks = {letter: (TINTS[i], MARKERS[i], TINTS[i]) for i, letter in enumerate(LETTERS[:COLOURS])}
        looks |= {".": ("none", "o", GREY), "-": (GREY, ".", GREY)}
        marks = [
            Line2D([], [], linestyle="", marker=looks[k][1], markersize=4, markerfacecolor=looks[k][0], markeredgecolor=looks[k][2])
            for k in names
        ]
        if marks:
            sheet.figure.legend(
                marks, list(names.values()), loc="outside lower center", ncols=columns, handletextpad=0.2, columnspacing=1.2
            )

    def caption(self, result: Result, lang: str) -> str:
        """How the rows are placed, and by what they are coloured."""
        told, points = way(result, lang), part(result, "points")
        assert told is not None
        bent = result["task"] == "map" and not part(result, "map").get("linear", True)
        kind = "axes" if result["task"] != "map" else "bent" if bent else "linear"
        named = method({**part(result, "winner"), "values": {}}, lang)
        text = say(f"paper.rowmap.{kind}", lang, rows=count(len(points["x"]), lang), of=count(result.get("rows"), lang), method=named)
        if told.name:
            text += " " + say("paper.rowmap.colour", lang, name=told.name) + (" " + say("paper.rowmap.scale", lang) if told.ordered else "")
        trust = part(part(part(result, "map"), "trust"), "picture")
        if real(trust.get("trustworthiness")) is not None:
            from etabli.faces.words.numbers import number

            shown = {key: number(trust[key], lang, 2) for key in ("trustworthiness", "continuity")}
            text += " " + say("paper.rowmap.trust", lang, **shown)
        return capital(text)
