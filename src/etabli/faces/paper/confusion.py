"""What is taken for what: true classes down, answers across."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from etabli.faces.paper.drawing import Drawing, Result, rows
from etabli.faces.paper.style import BLUE, INK, POINT, SMALL, Sheet
from etabli.faces.report.pictures import part
from etabli.faces.words import pick, say
from etabli.faces.words.numbers import count, real, share


def table(result: Result) -> tuple[list[str], list[list[float]]]:
    """Names of the classes and the counts, both empty where they do not belong together."""
    facts = part(result, "confusion")
    names, counts = [pick(name) for name in facts.get("classes") or ()], facts.get("counts") or ()
    square = len(names) == len(counts) and all(isinstance(row, Sequence) and len(row) == len(names) for row in counts)
    return (names, [[real(v) or 0.0 for v in row] for row in counts]) if square else ([], [])


@final
class Confusion(Drawing):
    """Counts on a shade that is the share of the true class."""

    name = "confusion"
    order = 40

    def there(self, result: Result) -> bool:
        """Whether it answers classes, and not too many."""
        return len(table(result)[0]) > 1

    def draw(self, sheet: Sheet, result: Result) -> None:
        """Squares; numbers where they have room, names cut to theirs."""
        from matplotlib.colors import LinearSegmentedColormap

        names, counts = table(result)
        size = len(names)
        room = min(0.3 * sheet.width, max(sheet.long(name) for name in names) + 1)
        cell = min(15.0, (min(sheet.width, 150.0) - room - 14) / size)
        upright = max(sheet.long(name) for name in names) > cell - 1.5
        foot = room if upright else 4.0
        axes = sheet.panels(cell * size + foot + 14)[0]
        shares = [[v / (sum(row) or 1.0) for v in row] for row in counts]
        shade = LinearSegmentedColormap.from_list("etabli", ["#ffffff", BLUE])
        axes.imshow(shares, cmap=shade, vmin=0, vmax=1, aspect="equal", interpolation="nearest")
        for i, row in enumerate(counts):
            for j, value in enumerate(row):
                text = count(value, sheet.lang)
                if sheet.long(text) < cell - 1 and cell > SMALL * POINT + 1:
                    axes.text(j, i, text, ha="center", va="center_baseline", fontsize=SMALL, color="white" if shares[i][j] > 0.6 else INK)
        axes.set_xticks(range(size), [sheet.cut(name, room if upright else cell) for name in names], rotation=90 if upright else 0)
        axes.set_yticks(range(size), [sheet.cut(name, room) for name in names])
        axes.tick_params(length=0)
        axes.set_xticks([k - 0.5 for k in range(1, size)], minor=True)
        axes.set_yticks([k - 0.5 for k in range(1, size)], minor=True)
        axes.grid(which="minor", color="white", linewidth=1.2)
        axes.tick_params(which="minor", length=0)
        for side in axes.spines.values():
            side.set(visible=True, linewidth=0.6)
        axes.set(xlabel=say("paper.axis.guess", sheet.lang), ylabel=say("paper.axis.true", sheet.lang))

    def caption(self, result: Result, lang: str) -> str:
        """Rows, what number and shade are, how many were right."""
        _, counts = table(result)
        right, total = sum(row[k] for k, row in enumerate(counts)), sum(map(sum, counts))
        said = {"right": count(right, lang), "total": count(total, lang), "share": share(right / total if total else None, lang)}
        return say("paper.confusion", lang, rows=rows(result, lang), **said)
