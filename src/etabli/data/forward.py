"""Splits forward in time: each fold is predicted from earlier rows only.

Time is cut into blocks of equal numbers of rows; rows of the same time stay together, so exact copies (the time is part of the row) do.
The first block is only learned from, the last stretch is the outer test. With groups, a group that goes on into what is scored is not
learned from. With a gap, the time just before what is scored is not learned from either.
"""

from __future__ import annotations

from dataclasses import replace

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
    every = when
    ends = np.cumsum(counts)  # rows up to and with each moment: cuts lie between moments, never within one
    groups, whole = None, np.full(table.rows, np.nan)
    whole[rows] = when
    if ids is not None:
        groups = np.full(table.rows, -1, np.int64)
        groups[rows] = ids
    last = moments.size  # moments before the outer test
    if share > 0 and moments.size > 2:
        last = int(np.clip(np.abs(ends - rows.size * (1 - share)).argmin() + 1, 2, moments.size - 1))
        late = moment >= last
        both = np.isin(ids, ids[late]) & ~late if ids is not None else np.zeros(rows.size, bool)
        near = ~late & ~both & (when > gap.until(every, moments[last])) if gap is not None else np.zeros(rows.size, bool)
        if near.sum() * 2 > (~late).sum():
            last = moments.size
            said.append(("no test left", {}))
        elif both.sum() * 2 > (~late).sum():  # groups last so long that a test with new groups would leave nothing to learn from
            last = moments.size
            said.append(("no test", {}))
        else:
            fold[rows[late]] = TEST
            said.append(("last", {"n": int(late.sum())}))
            if both.any():
                said.append(("both sides", {"n": int(both.sum())}))
            if near.any():
                said.append(("gap before test", {"n": int(near.sum())}))
            kept = ~late & ~both & ~near
            rows, moment, ids = rows[kept], moment[kept], None if ids is None else ids[kept]
            ends = np.cumsum(np.bincount(moment, minlength=last))
    asked, low = folds, ""
    for blocks in range(folds + 1, 1, -1):
        cuts = np.unique([np.abs(ends[: last - 1] - rows.size * k / blocks).argmin() + 1 for k in range(1, blocks)])
        block = np.searchsorted(cuts, moment, side="right")
        fold[rows] = block - 1  # block 0 is NO_FOLD
        result = Split("grouped forward" if ids is not None else "forward", fold, cuts.size, True, groups)
        if gap is not None:
            result = replace(result, gap=gap.text, when=whole, until=tuple(gap.until(every, start) for start in moments[cuts].tolist()))
            enough = [np.sum((block <= k) & (moments[moment] <= result.until[k])) >= LEAST * rows.size for k in range(cuts.size)]
            if not all(enough):
                low = "short"
                continue
        if all(result.train(k).size > 1 and result.valid(k).size for k in range(cuts.size)):
            break
        low = "overlap" if ids is not None else low
    else:
        if gap is not None and low == "short":
            span = moments[-1] - moments[0]
            raise DataError(
                f"each fold must learn from a tenth of the rows at least, all of them before the gap of {gap.text}",
                f'no cut of "{time_column}" leaves so many: '
                + (f"it has {every.size} rows" if gap.kind == "rows" else f"its times span {_span(gap, span)}"),
                "a shorter --gap",
            )
        raise DataError(
            "each fold must be predicted from earlier rows" + (" of other groups" if ids is not None else ""),
            f'no cut of "{time_column}" leaves any' + ("; every group lasts nearly all the time" if ids is not None else ""),
            "give --group or --time-column alone" if ids is not None else "leave --time-column out",
        )
    assert NO_FOLD == -1
    said.insert(0, ("forward", {"n": result.folds, "name": time_column}))
    if gap is not None:
        said.insert(1, ("gap", {"gap": gap.text}))
    if result.folds < asked:
        said.append((low, {}) if low else ("few times", {"n": int(moments.size)}))
    return result


def _span(gap: Gap, span: float) -> str:
    return write_time(span) if gap.kind == "time" else f"{span:g}"
