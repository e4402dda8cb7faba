"""How well classes are told apart: found against false alarms (ROC), each class against the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from etabli.faces.paper.drawing import Drawing, Result, numbers, rows
from etabli.faces.paper.style import BLUE, GREEN, GREY, INK, ORANGE, PALE, RED, SKY, SMALL, Sheet
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import number, share

LOOKS = (
    (BLUE, "-"),
    (RED, (0, (5, 1.5))),
    (GREEN, (0, (1.2, 1.2))),
    (ORANGE, (0, (5, 1.5, 1.2, 1.5))),
    (SKY, (0, (8, 2))),
    (INK, (0, (2, 2))),
)


def curves(result: Result, *keys: str) -> list[Mapping[str, Any]]:
    """The curves whose lists belong together, at most six."""
    found = [one for one in items(result, "curves") if len({len(numbers(one.get(key))) for key in keys}) == 1 and numbers(one.get(keys[0]))]
    return found[: len(LOOKS)]


def square(sheet: Sheet, labels: tuple[str, str]) -> Any:
    """Axes from 0 to 1, both alike."""
    side = min(sheet.width, 85.0)
    axes = sheet.panels(side * 0.94)[0]
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", xlabel=labels[0], ylabel=labels[1])
    for which in "xy":
        sheet.ticks(axes, which, lambda v: number(v, sheet.lang, 1), side * 0.7)
    return axes


def draw(sheet: Sheet, axes: Any, every: Sequence[Mapping[str, Any]], keys: tuple[str, str], area: tuple[str, str], corner: str) -> None:
    """Each curve with its own colour and dashes; the band where there is one curve alone. keys: what runs to the right and up; area: its
    key and its name in the legend. A ROC curve begins at 0."""
    x, y = keys
    start = [0.0] if x == "fallout" else []
    for one, (colour, dashes) in zip(every, LOOKS, strict=False):
        right, up, low, high = ([*start, *(min(1.0, max(0.0, v)) for v in numbers(one[key]))] for key in (x, y, f"{y}_low", f"{y}_high"))
        if len(every) == 1:
            axes.fill_between(right, low, high, color=PALE, linewidth=0)
        label = f"{sheet.cut(one.get('class'), 18.0)}: {area[1]} {number(one.get(area[0]), sheet.lang, 3)}"
        axes.plot(right, up, color=colour, linestyle=dashes, linewidth=1.3, label=label)
    axes.legend(loc=corner, fontsize=SMALL, handlelength=2.6, borderaxespad=0.2, labelspacing=0.3)


def areas(every: Sequence[Mapping[str, Any]], key: str, name: str, lang: str) -> str:
    """ "AUC of “>50K” 0.927 (0.924 to 0.930)", for each class."""
    said = []
    for one in every:
        value, low, high = (number(one.get(k), lang, 3) for k in (key, f"{key}_low", f"{key}_high"))
        said.append(
            say(
                "paper.curves.area",
                lang,
                area=name,
                name=plain(one.get("class"), 60),
                value=value,
                reach=say("to", lang, low=low, high=high),
            )
        )
    return "; ".join(said)


@final
class Roc(Drawing):
    """The diagonal is chance; a diamond is the answers as they are given (two classes)."""

    name = "roc"
    order = 15

    def there(self, result: Result) -> bool:
        """Whether it answers classes, and the run counted the curves."""
        return bool(curves(result, "fallout", "tpr", "tpr_low", "tpr_high"))

    def draw(self, sheet: Sheet, result: Result) -> None:
        """False alarms to the right, found upwards."""
        every = curves(result, "fallout", "tpr", "tpr_low", "tpr_high")
        axes = square(sheet, (say("paper.axis.fallout", sheet.lang), say("paper.axis.recall", sheet.lang)))
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        draw(sheet, axes, every, ("fallout", "tpr"), ("auc", "AUC"), "lower right")
        counts = part(result, "confusion").get("counts")
        if counts and len(counts) == 2 and min(map(sum, counts)) > 0:
            axes.plot([counts[0][1] / sum(counts[0])], [counts[1][1] / sum(counts[1])], marker="D", markersize=4.5, color=RED)

    def caption(self, result: Result, lang: str) -> str:
        """Areas with intervals; what band and diamond are."""
        every = curves(result, "fallout", "tpr", "tpr_low", "tpr_high")
        return say(
            "paper.roc" if len(every) == 1 else "paper.roc.several", lang, rows=rows(result, lang), areas=areas(every, "auc", "AUC", lang)
        )


def chance(every: Sequence[Mapping[str, Any]], lang: str) -> str:
    """The precision of chance, for each class."""
    return ", ".join(share(one.get("share"), lang) for one in every)
