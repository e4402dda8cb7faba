"""Questions that make sense for this very file, made of its own columns: what a reader who does not know SQL starts from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from etabli.faces.explore.opened import Opened
from etabli.faces.explore.query import bare
from etabli.records import Column


def examples(opened: Opened) -> Iterator[tuple[str, str]]:
    """(key of its words, SQL), simplest first."""
    target = opened.by_name.get(opened.target or "")
    words = _first(opened, lambda c: c.kind in ("category", "flag") and 2 <= c.distinct <= 50, target)
    numbers = [c for c in opened.columns if c.kind == "number" and c.low is not None and c.high is not None and c.low < c.high]
    number = target if target in numbers else next(iter(sorted(numbers, key=lambda c: -c.distinct)), None)
    date = _first(opened, lambda c: c.kind == "date", None)
    yield "sql.example.first", "SELECT * FROM data LIMIT 10"
    if words is not None:
        name = bare(opened.sql_names[words.name])
        yield "sql.example.count", f"SELECT {name}, count(*) AS rows\nFROM data GROUP BY ALL ORDER BY rows DESC"
        if number is not None:
            mean = bare(opened.sql_names[number.name])
            yield (
                "sql.example.mean",
                f"SELECT {name}, avg({mean}) AS mean, count({mean}) AS rows\nFROM data GROUP BY ALL ORDER BY mean DESC",
            )
    if date is not None:
        name = bare(opened.sql_names[date.name])
        yield "sql.example.time", f"SELECT date_trunc('month', {name}) AS month, count(*) AS rows\nFROM data GROUP BY ALL ORDER BY month"
    if number is not None:
        name, step = bare(opened.sql_names[number.name]), _step(number)
        yield (
            "sql.example.bins",
            f"SELECT floor({name} / {step}) * {step} AS from_value, count(*) AS rows\nFROM data GROUP BY ALL ORDER BY from_value",
        )
        yield "sql.example.filled", f"SELECT * FROM data\nWHERE {name} >= :least ORDER BY {name}"
    gaps = max(opened.columns, key=lambda c: c.missing_count, default=None)
    if gaps is not None and gaps.missing_count:
        yield "sql.example.missing", f"SELECT * FROM data WHERE {bare(opened.sql_names[gaps.name])} IS NULL"


def _first(opened: Opened, fits: Callable[[Column], bool], target: Column | None) -> Column | None:
    found = [column for column in opened.columns if fits(column)]
    return next((c for c in found if c is not target), target if target in found else None)


def _step(column: Column) -> str:
    """A round width that makes about ten steps of the column's range."""
    rough = ((column.high or 0.0) - (column.low or 0.0)) / 10
    if not 0 < rough < math.inf:  # the ends of a float are too far apart
        return "1"
    unit = 10.0 ** math.floor(math.log10(rough))
    return f"{next(m * unit for m in (1, 2, 5, 10) if m * unit >= rough * 0.999):.12g}"
