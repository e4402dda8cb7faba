"""The one plot on a terminal: a line a candidate, in letters.

The same as the report's (`figures.intervals`): a dot is a candidate's score, its bar the paired interval of its difference to the
winner drawn around the winner, the diamond the honest score with its interval, the dashed line what knowing nothing scores.
Cells are coarse: what falls into one cell is drawn in the order of the list in `_cells`, the mark last. Made of rich texts, so that
colours are added where they are wanted and shapes say the same without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etabli.faces.figures import Dot, Pair, Show, focus, spread, ticks
from etabli.faces.words.numbers import real

if TYPE_CHECKING:
    from rich.text import Text

MARKS = {"honest": ("◆", "red"), "tied": ("●", "cyan"), "apart": ("○", "dim"), "dropped": ("×", "dim"), "base": ("■", "dim")}
BAR, DASH, AXIS, TICK, LEFT, RIGHT = "─", "┆", "─", "┴", "<", ">"
BREAK = 3  # cells beyond the break of the axis, where the baseline stands when it is far away


class Scale:
    """Where values stand among `cells` cells. dash: the baseline; far: -1 or 1 when it stands beyond a break of the axis, at the left or right."""

    def __init__(self, dots: Sequence[Dot], cells: int, dash: float | None) -> None:
        low, high = focus(dots)
        self.far = 0
        if dash is not None and not low <= dash <= high:
            if low - (high - low) <= dash <= high + (high - low):
                low, high = spread((low, high, dash), 0.02)
            else:
                self.far = 1 if dash > high else -1
        self.range: Pair = low, high
        self.cells, self.dash = cells, dash
        self.first = BREAK if self.far < 0 else 0
        self.last = cells - 1 - (BREAK if self.far > 0 else 0)

    def cell(self, value: float) -> int:
        """The cell of a value; outside of first to last when it is out of range."""
        low, high = self.range
        return self.first + round((value - low) / (high - low) * (self.last - self.first))

    @property
    def dashed(self) -> int | None:
        """The cell of the baseline."""
        if self.dash is None:
            return None
        return 0 if self.far < 0 else self.cells - 1 if self.far > 0 else self.cell(self.dash)


def line(dot: Dot, scale: Scale) -> Text:
    """One candidate."""
    from rich.text import Text

    cells, styles = [" "] * scale.cells, [""] * scale.cells
    mark, style = MARKS[dot.look]
    if (at := scale.dashed) is not None:
        cells[at], styles[at] = DASH, "dim"
    value, low, high = real(dot.value), real(dot.low), real(dot.high)
    if low is not None and high is not None:
        ends = max(scale.first, scale.cell(low)), min(scale.last, scale.cell(high))
        for place in range(ends[0], ends[1] + 1):
            cells[place], styles[place] = BAR, style
    if value is not None:
        place = scale.cell(value)
        if dot.look == "base" and scale.far and scale.dashed is not None:
            place = scale.dashed
        elif place < scale.first:
            place, mark = scale.first, LEFT
        elif place > scale.last:
            place, mark = scale.last, RIGHT
        cells[place], styles[place] = mark, style
    text = Text(no_wrap=True)
    for cell, look in zip(cells, styles, strict=True):
        text.append(cell, look or None)
    return text


def axis(scale: Scale, show: Show) -> tuple[Text, Text]:
    """The axis with its ticks, and the numbers under it; of a broken axis the baseline's number stands beyond the break."""
    from rich.text import Text

    rule = [AXIS if scale.first <= place <= scale.last else " " for place in range(scale.cells)]
    numbers = [" "] * scale.cells

    def write(place: int, label: str) -> bool:
        start = min(max(0, place - len(label) // 2), scale.cells - len(label))
        around = numbers[max(0, start - 1) : start + len(label) + 1]
        if start < 0 or any(cell != " " for cell in around):
            return False
        numbers[start : start + len(label)] = list(label)
        return True

    if scale.far and scale.dash is not None and scale.dashed is not None:
        rule[scale.dashed] = TICK
        write(scale.dashed, show(scale.dash))
    for value in ticks(*scale.range, about=max(2, scale.cells // 14)):
        if write(scale.cell(value), show(value)):
            rule[scale.cell(value)] = TICK
    return Text("".join(rule), "dim", no_wrap=True), Text("".join(numbers), "dim", no_wrap=True)
