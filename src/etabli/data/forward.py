"""Splits forward in time: each fold is predicted from earlier rows only.

Time is cut into blocks of equal numbers of rows; rows of the same time stay together, so exact copies (the time is part of the row) do.
The first block is only learned from, the last stretch is the outer test. With groups, a group that goes on into what is scored is not
learned from. With a gap, the time just before what is scored is not learned from either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from etabli.data.gap import Gap
from etabli.errors import DataError
from etabli.job.budget import write_time
from etabli.records import NO_FOLD, NO_TARGET, TEST, Array, Split, Table

LEAST = 0.1  # share of the rows that every fold learns from when there is a gap, or there are fewer folds


def times(table: Table, name: str) -> Array:
    """float64 [rows]: the column as a time that can be put in order (NaN: none). DataError for words that are no numbers."""
    values = np.asarray(table.values[name])
    if values.dtype.kind == "f":
        return values
    try:
        levels = np.array([float(level) for level in table.levels[name]] + [np.nan])
    except ValueError:
        raise DataError(
            "--time-column takes dates or numbers",
            f'"{name}" holds text such as {str(table.levels[name][0])[:40]!r}',
            f'if these are dates, say --kind "{name}=date"',
        ) from None
    return np.asarray(levels[values])


def forward(
    table: Table,
    rows: Array,
    ids: Array | None,
    time_column: str,
    folds: int,
    share: float,
    said: list[tuple[str, dict[str, int | str]]],
    gap: Gap | None = None,
) -> Split:
    """rows: with a target. ids: int64 [len(rows)] groups or None. share: of the outer test. said: clauses of the reason, added to."""
    when = times(table, time_column)[rows]
    fold, timed = np.full(table.rows, NO_TARGET, np.int32), ~np.isnan(when)
    if not timed.all():
        said.append(("no time", {"n": int((~timed).sum())}))
        rows, when, ids = rows[timed], when[timed], None if ids is None else ids[timed]
    moments, moment, counts = np.unique(when, return_inverse=True, return_counts=True)
    if moments.size < 2:
        raise DataError("--time-column needs at least two different times", f'"{time_column}" has {moments.size}', "name another column")
    whole = np.full(table.rows, np.nan)
    whole[rows] = when
    groups = None
    if ids is not None:
        groups = np.full(table.rows, -1, np.int64)
        groups[rows] = ids
    line = Line(time_column, rows, ids, when, moments, moment)
    last = moments.size  # moments before the outer test
    if share > 0 and moments.size > 2:
        last, late, kept = _outer_test(line, np.cumsum(counts), share, gap, said)
        fold[rows[late]] = TEST
        line = replace(line, rows=rows[kept], moment=moment[kept], ids=None if ids is None else ids[kept])
    bare = Split("forward" if ids is None else "grouped forward", fold, 0, True, groups)
    result, low = _blocks(bare, line, last, folds, whole, gap)
    said.insert(0, ("forward", {"n": result.folds, "name": time_column}))
    if gap is not None:
        said.insert(1, ("gap", {"gap": gap.text}))
    if result.folds < folds:
        said.append((low, {}) if low else ("few times", {"n": int(moments.size)}))
    return result


@dataclass(frozen=True)
class Line:
    """Rows on a line of time. name: of the column. rows, ids: those that may be learned from, and their groups. every: the times of all rows, those of the outer test
    too. moments: the times, in order, each once. moment [len(rows)]: the place of each row's time among them."""

    name: str
    rows: Array
    ids: Array | None
    every: Array
    moments: Array
    moment: Array


def _outer_test(
    line: Line, ends: Array, share: float, gap: Gap | None, said: list[tuple[str, dict[str, int | str]]]
) -> tuple[int, Array, Array]:
    """(moments before the outer test, bool [rows] its rows, bool [rows] those left to learn from). ends: rows up to and with each moment:
    cuts lie between moments, never within one. No test at all where it would cost more than half of the rows to learn from."""
    rows, ids, moment, moments = line.rows, line.ids, line.moment, line.moments
    last = int(np.clip(np.abs(ends - rows.size * (1 - share)).argmin() + 1, 2, moments.size - 1))
    late = moment >= last
    both = np.isin(ids, ids[late]) & ~late if ids is not None else np.zeros(rows.size, bool)
    near = ~late & ~both & (line.every > gap.until(line.every, moments[last])) if gap is not None else np.zeros(rows.size, bool)
    none = moments.size, np.zeros(rows.size, bool), np.ones(rows.size, bool)
    if near.sum() * 2 > (~late).sum():
        said.append(("no test left", {}))
        return none
    if both.sum() * 2 > (~late).sum():  # groups last so long that a test with new groups would leave nothing to learn from
        said.append(("no test", {}))
        return none
    said.append(("last", {"n": int(late.sum())}))
    if both.any():
        said.append(("both sides", {"n": int(both.sum())}))
    if near.any():
        said.append(("gap before test", {"n": int(near.sum())}))
    return last, late, ~late & ~both & ~near


def _blocks(bare: Split, line: Line, last: int, folds: int, whole: Array, gap: Gap | None) -> tuple[Split, str]:
    """(as many forward folds as can be learned, why they are fewer than asked). bare: the split without its folds. last: moments before the
    outer test. whole: the time of every row of the table. DataError where there is none."""
    rows, moments, moment, low = line.rows, line.moments, line.moment, ""
    ends = np.cumsum(np.bincount(moment, minlength=last))
    for blocks in range(folds + 1, 1, -1):
        cuts = np.unique([np.abs(ends[: last - 1] - rows.size * k / blocks).argmin() + 1 for k in range(1, blocks)])
        block = np.searchsorted(cuts, moment, side="right")
        bare.fold[rows] = np.where(block > 0, block - 1, NO_FOLD)
        result = replace(bare, folds=cuts.size)
        if gap is not None:
            until = tuple(gap.until(line.every, start) for start in moments[cuts].tolist())
            result = replace(result, gap=gap.text, when=whole, until=until)
            enough = [np.sum((block <= k) & (moments[moment] <= until[k])) >= LEAST * rows.size for k in range(cuts.size)]
            if not all(enough):
                low = "short"
                continue
        if all(result.train(k).size > 1 and result.valid(k).size for k in range(cuts.size)):
            return result, low
        low = "overlap" if line.ids is not None else low
    raise _no_cut(line, gap if low == "short" else None)


def _no_cut(line: Line, gap: Gap | None) -> DataError:
    """Why no cut of the line leaves folds. gap: where it is the gap that leaves too little."""
    if gap is not None:
        span = line.moments[-1] - line.moments[0]
        return DataError(
            f"each fold must learn from a tenth of the rows at least, all of them before the gap of {gap.text}",
            f'no cut of "{line.name}" leaves so many: '
            + (f"it has {line.every.size} rows" if gap.kind == "rows" else f"its times span {_span(gap, span)}"),
            "a shorter --gap",
        )
    grouped = line.ids is not None
    return DataError(
        "each fold must be predicted from earlier rows" + (" of other groups" if grouped else ""),
        f'no cut of "{line.name}" leaves any' + ("; every group lasts nearly all the time" if grouped else ""),
        "give --group or --time-column alone" if grouped else "leave --time-column out",
    )


def _span(gap: Gap, span: float) -> str:
    return write_time(span) if gap.kind == "time" else f"{span:g}"
