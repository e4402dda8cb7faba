"""A gap (embargo) between what is learned from and what is scored: `7d`, `12h`, `1h30m`, `30` (of a column of numbers), `100rows`.

Columns that look back (a mean of the last week, a lag) and targets that look ahead (sales of the next month) make the rows just before a fold
know of it. Leaving out a gap as long as they look makes the folds as far from what is learned as new rows will be (Bergmeir & Benitez 2012;
Lopez de Prado 2018, chapter 7, calls it purging and embargo).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from etabli.errors import UsageError
from etabli.job.budget import parse_time
from etabli.records import Array, Column

RULE = "--gap is a time such as 7d or 12h, a number such as 30 for a time column of numbers, or rows such as 100rows"


@dataclass(frozen=True)
class Gap:
    """amount: seconds, units of the column, or rows. kind: "time", "number" or "rows". text: as asked, without blanks."""

    amount: float
    kind: str
    text: str

    def until(self, when: Array, start: float) -> float:
        """The latest time that may be learned from when scoring begins at `start`. when: float64 [rows], the times of all rows."""
        if self.kind != "rows":
            return start - self.amount
        earlier = np.sort(when[when < start])
        if len(earlier) <= self.amount:
            return -np.inf
        kept = earlier[earlier < earlier[len(earlier) - int(self.amount)]]  # rows of one time stay together
        return float(kept[-1]) if len(kept) else -np.inf


def gap(text: str) -> Gap:
    """The gap that a text means. UsageError for any other text."""
    plain = re.sub(r"\s", "", text).casefold()
    if rows := re.fullmatch(r"(\d+)rows?", plain):
        made = Gap(float(rows[1]), "rows", f"{int(rows[1])}rows")
    elif re.fullmatch(r"\d+(\.\d*)?|\.\d+", plain):
        made = Gap(float(plain), "number", plain)
    elif weeks := re.fullmatch(r"(\d+)w", plain):
        made = Gap(604_800.0 * int(weeks[1]), "time", plain)
    elif re.fullmatch(r"[0.]+[a-z]+", plain):
        made = Gap(0.0, "time", plain)
    else:
        try:
            made = Gap(parse_time(plain), "time", plain)
        except UsageError as error:
            raise UsageError(RULE, f'"{text}"', "units are s, m (minutes), h, d and w") from error
    if made.amount <= 0:
        raise UsageError("a gap is longer than nothing", f'"{text}"', "leave --gap out for none")
    return made


def read(text: str | None, column: Column) -> Gap | None:
    """The same for this time column. UsageError when the unit does not fit it."""
    if text is None:
        return None
    made, date = gap(text), column.kind == "date"
    if made.kind == "time" and not date:
        raise UsageError(
            "a gap in days or hours needs a time column of dates",
            f'--gap {text}, and "{column.name}" holds numbers',
            f'--gap 30 counts in its own units, --gap 100rows in rows; if these are dates, say --kind "{column.name}=date"',
        )
    if made.kind == "number" and date:
        raise UsageError("a gap in dates needs a unit", f"--gap {text}", f"--gap {text}d for days, {text}h for hours, {text}rows for rows")
    return made
