"""What every figure of a paper is: a name, a place in the order, a drawing and one exact caption.

One file a figure, found by the walk of this folder (`__init__.py`). All of it comes from the result alone, so a figure can be made again
years after the data are gone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from etabli.faces.paper.style import Sheet
from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, say
from etabli.faces.words.numbers import count, decimals, number, real

Result = Mapping[str, Any]


class Drawing(ABC):
    """One figure. name: of its file and of `--only`. order: its place among the others."""

    name: ClassVar[str]
    order: ClassVar[int]

    @abstractmethod
    def there(self, result: Result) -> bool:
        """Whether the result has what it shows."""

    @abstractmethod
    def draw(self, sheet: Sheet, result: Result) -> None:
        """Draws it: begins the sheet with `Sheet.panels`, in the style of `style.styled`."""

    @abstractmethod
    def caption(self, result: Result, lang: str) -> str:
        """What is seen: how many rows, what bars and bands are, how they were estimated."""


def judged(result: Result) -> int | None:
    """Rows that the out-of-fold figures stand on; None where the result does not say."""
    rows = real(part(result, "outcome").get("rows"))
    if rows is None and (bins := items(part(result, "calibration"), "bins")):
        rows = sum(real(one.get("rows")) or 0 for one in bins)
    return None if rows is None else int(rows)


def rows(result: Result, lang: str) -> str:
    """ "n = 344 rows, each predicted by models that did not see it (5 folds, at random)"."""
    split = part(result, "split")
    folds = int(real(split.get("folds")) or 0)
    how = known("split", split.get("kind") or "?", lang)
    known_rows = judged(result)
    shown = count(result.get("rows") if known_rows is None else known_rows, lang)
    return say("paper.rows", lang, rows=shown, how=how, n=folds, folds=count(folds, lang))


def short(value: float, lang: str) -> str:
    """At most four significant digits."""
    text = f"{value:.4g}"
    return number(value, lang, len(text.partition(".")[2]) if "e" not in text else 0)


def reached(value: Any, low: Any, high: Any, lang: str) -> str:
    """ "0.91 (0.89 to 0.93)", with the digits that the interval supports."""
    digits = decimals(low, high, value)
    shown = [number(v, lang, digits) for v in (value, low, high)]
    return f"{shown[0]} ({say('to', lang, low=shown[1], high=shown[2])})"


def numbers(values: Any) -> list[float]:
    """The finite numbers of a list; NaN's place is kept by nobody, so ask `full` first where places matter."""
    return [v for v in map(real, values or ()) if v is not None]
