"""Columns that hold later answers: the next row's target, a moving average centred on the row, a running total that counts the row
itself. They are there when the file is made afterwards, and not when the model is to speak.

The rows are put in order (by the file, by each column that may be a time, and within the column that may be a subject), and each column
of numbers, and its step from the row before, is regressed on the target of the rows before, of the row itself, and of the rows after.
A smooth world makes all of these alike, so nothing is read off a correlation: it is said only where the regression is nearly exact on rows
that did not teach it (0.999 of the variance), and the later rows leave less than a twentieth of what all the others leave. The past alone
may be known exactly (a lagged target is an honest column).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from etabli.data.audit.group import candidate_groups
from etabli.data.audit.time_order import candidate_times
from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.data.forward import times
from etabli.records import Array, Finding

ROWS, FEWEST = 3_000, 100
WINDOW, SHORT = 8, 2  # rows before and after that are looked at: in one series; in each of many
EXACT, GAIN = 0.999, 0.05


def find(view: View) -> Iterable[Finding]:
    """A warning for each such column, in the first order that shows it."""
    if view.target is None or view.rows.size < FEWEST:
        return
    columns, said = _columns(view), set[str]()
    for by, order, series in _orders(view):
        window = WINDOW if series is None else SHORT
        for _, y in view.answers[:1]:
            near = np.lib.stride_tricks.sliding_window_view(y[order], 2 * window + 1)
            inside = np.ones(len(near), bool) if series is None else series[order][: len(near)] == series[order][2 * window :]
            if inside.sum() < FEWEST or not y[order].std() > 0:
                continue
            for name, values in columns.items():
                x = values[order]
                for look, held in (("value", x), ("step", np.append(np.nan, np.diff(x)))):
                    hit = None if name in said else _hit(near[inside], held[window : len(held) - window][inside], window, look == "step")
                    if hit:
                        said.add(name)
                        yield _said(view, name, by, look, *hit)


def _columns(view: View) -> dict[str, Array]:
    """float64 [rows] of each column that may hold answers: numbers, and labels of the class looked at."""
    made = {c.name: view.values(c) for c in view.numbers}
    if view.target is not None and view.answers and view.answers[0][0]:
        label = view.answers[0][0].casefold()
        known = {one.casefold() for one in view.target.classes}
        for column in view.features:
            levels = view.table.levels.get(column.name, ())
            if column.kind in ("category", "flag") and 2 <= len(levels) <= len(known) + 3 and known & {v.casefold() for v in levels}:
                codes = view.values(column)
                says = np.array([float(level.casefold() == label) for level in levels])
                made[column.name] = np.where(codes >= 0, says[codes], np.nan)
    return made


def _orders(view: View) -> Iterator[tuple[str, Array, Array | None]]:
    """(the column that orders, or "" for the file; places in `rows`, at most 3 000 that follow each other; the series of each row)."""
    middle = max(0, (view.rows.size - ROWS) // 2)
    stretch = slice(middle, middle + ROWS)
    candidates = candidate_times(view.table, view.target, tuple(view.ignore))[:2]
    moments = [(name, times(view.table, name)[view.rows]) for name in candidates]
    orders = [("", np.arange(view.rows.size))] + [(name, np.argsort(when, kind="stable")) for name, when in moments]
    seen: list[bytes] = []
    for name, order in orders:
        part = order[stretch]
        if part.tobytes() not in seen:
            seen.append(part.tobytes())
            yield name, part, None
    groups = [name for name in candidate_groups(view.table, view.target, tuple(view.ignore))[:2] if name not in candidates]
    for name in groups:
        series = np.unique(view.values(view.table.column(name)), return_inverse=True)[1]
        yield orders[-1][0], np.lexsort((moments[0][1] if moments else np.arange(series.size), series))[stretch], series


def _hit(near: Array, x: Array, window: int, step: bool) -> tuple[str, float, int] | None:
    """("after" or "own", share explained, rows ahead of the strongest later row). A value that is the row's own target and nothing else is
    `near_perfect`'s to tell; a step is not."""
    there = ~np.isnan(x)
    near, x = near[there], x[there]
    if x.size < FEWEST or not x.std() > 0:
        return None
    everything, weights = _left(near, x)
    if everything > 1 - EXACT:
        return None
    own = _left(near[:, window : window + 1], x)[0]
    known, past = _left(near[:, : window + 1], x)[0], _left(near[:, :window], x)[0]
    if everything < GAIN * known and known > 1e-6:
        return "after", 1 - everything, int(np.abs(weights[window + 1 :]).argmax()) + 1
    if known <= 1 - EXACT and known < GAIN * past and past > 1e-6 and (step or own > 0.02):
        return "own", 1 - known, 0
    return None


def _left(near: Array, x: Array) -> tuple[float, Array]:
    """(share of the variance of the last half that the fit on the first half leaves, the coefficients)."""
    design, cut = np.column_stack([near, np.ones(x.size)]), x.size // 2
    gram = design[:cut].T @ design[:cut]
    weights = np.linalg.lstsq(gram, design[:cut].T @ x[:cut], rcond=1e-14)[0]
    about = x[cut:].var()
    left = x[cut:] - design[cut:] @ weights
    return (float((left**2).mean() / about) if about > 0 else 1.0), weights[:-1]


def _said(view: View, name: str, by: str, look: str, which: str, share: float, ahead: int) -> Finding:
    target = view.target.name if view.target else ""
    en = (
        "{c} holds {t} of later rows (most the row {k} ahead): it cannot be known when the model speaks"
        if which == "after"
        else "{c} is made of {t} up to the row itself, as a running total is: each row's own answer is in it"
    )
    fr = (
        "{c} contient {t} de lignes ultérieures (surtout {k} plus loin) : on ne peut la connaître quand le modèle parle"
        if which == "after"
        else "{c} est faite de {t} jusqu'à la ligne même, comme un cumul : la réponse de la ligne y est contenue"
    )
    order = (", in order of {b}", ", dans l'ordre de {b}") if by else (", in the order of the file", ", dans l'ordre du fichier")
    return Finding(
        "future",
        (name,),
        words(en + order[0], fr + order[1], c=[name], t=[target], k=ahead, b=[by]),
        words("leave it out: {f}", "l'écarter : {f}", f=flag("--ignore", [name])),
        "warn",
        {"r2": share, "look": look, "rows_ahead": ahead, "order": by},
    )
