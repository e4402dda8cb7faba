"""Explaining a file's rows: one row in words, many as a table, either as JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.model import tables, writers
from etabli.model.card import plain
from etabli.model.explain.cells import figure
from etabli.model.explain.counterfactual import Change
from etabli.model.explain.explained import Explained
from etabli.model.explain.goal import goal
from etabli.model.explain.told import advice, told
from etabli.model.frames import Frame
from etabli.model.load import Model, load

Array = np.ndarray[Any, np.dtype[Any]]
FIRST, MANY = 100, 5_000  # rows at a time, and rows at a time where nothing is asked
METHODS = ("shapley", "gradients", "attention")
PATIENCE = 10.0  # seconds between two words on how far it is


def explain_file(
    model_path: str,
    data_path: str,
    *,
    row: int | None = None,
    label: str | None = None,
    background: str | None = None,
    scale: str = "output",
    budget: int | None = None,
    want: str | None = None,
    fixed: Sequence[str] = (),
    out: str | None = None,
    lang: str = "en",
    as_json: bool = False,
    quiet: bool = False,
    seed: int = 0,
    method: str = "shapley",
    grid: str | None = None,
) -> str:
    """What is to be printed: one row in words with what would change it, or all as JSON; "" when a table was written to `out`
    (several rows without `out`: to the standard output). row: from 1, the header not counted. grid: "28x28", one row drawn into an .svg file as an image of its columns.
    method "attention": one row's attention weights (`attention.py`) instead, drawn where `out` is an .svg file."""
    if method not in METHODS:
        raise UsageError("the method is shapley, gradients or attention", f'"{method}"', did_you_mean(method, METHODS))
    model, table = load(model_path), _rows(data_path, row)
    lone = table.rows == 1
    if not lone and (want is not None or fixed):
        raise UsageError("what would change the answer is asked for one row", f"{table.rows} rows", "say which: --row N")
    if out is not None and out != "-" and Path(out).exists() and any(Path(out).samefile(one) for one in (model_path, data_path)):
        raise UsageError("the output must not be the input: it would be overwritten", out, "give it another name")
    if method == "attention":
        given = {
            "--class": label,
            "--scale": scale if scale != "output" else None,
            "--background": background,
            "--budget": budget,
            "--want": want,
            "--fixed": fixed or None,
            "--grid": grid,
        }
        return _attention(model, table, [name for name, value in given.items() if value is not None], row or 1, out, lang, as_json)
    how: dict[str, Any] = {"method": method} if budget is None else {"method": method, "budget": budget}

    def explained(start: int, stop: int) -> Explained:
        part = table if (start, stop) == (0, table.rows) else _cut(table, start, stop)
        return model.explain(part, label, background, scale=scale, seed=seed, first=start + (row or 1) - 1, **how)

    if grid is not None:
        _grid(explained, grid, table, out, lang)
        return ""
    if (lone and out is None) or as_json:
        seen = explained(0, table.rows)
        found = model.changes(table, want, fixed) if lone else ()
        if as_json:
            import json

            return json.dumps(facts(seen, found if lone else None, row, lang), ensure_ascii=False)
        return "\n".join([told(seen, 0, lang), *_advice(model, seen, found, want, lang)])
    _table(explained, table.rows, out, lang, quiet)
    return ""


def _rows(data_path: str, row: int | None) -> Frame:
    """All rows of the file, or the one that is asked for."""
    table = tables.whole(Path(data_path))
    if row is None:
        return table
    if not 1 <= row <= table.rows:
        raise UsageError("rows are counted from 1 to the last, the header is none", f"--row {row}", f"{data_path} has {table.rows}")
    return _cut(table, row - 1, row)


def _grid(explained: Callable[[int, int], Explained], grid: str, table: Frame, out: str | None, lang: str) -> None:
    """One row's columns drawn as an image into `out`."""
    if out is None or table.rows != 1 or not out.endswith(".svg"):
        got = "several rows" if table.rows != 1 else f"-o {out}" if out else "no -o"
        raise UsageError("--grid draws one row into an .svg file", got, "for instance: --row 3 --grid 28x28 -o why.svg")
    from etabli.model.explain.grid import picture, size

    given = {header: column[0] for header, column in zip(table.headers, table.columns, strict=True)}
    drawn = picture(explained(0, 1), size(grid), 0, lang, given)
    with writers.renamed(Path(out)) as aside:
        aside.write_text(drawn, encoding="utf-8")


def _table(explained: Callable[[int, int], Explained], rows: int, out: str | None, lang: str, quiet: bool) -> None:
    """All rows into a table, some at a time, with a word now and then on how far it is."""
    if out is not None and out.endswith(".svg"):
        raise UsageError(
            "--grid draws a picture, and only with it -o is an .svg file", f"-o {out}", f"--row N --grid RxC, or -o {Path(out).stem}.csv"
        )
    exact, blank, error, start, size, told_at = 0, 0, 0.0, 0, FIRST, time.monotonic()
    with writers.writer(out or "-") as write:
        while True:
            stop = min(start + size, rows)
            stop = rows if rows - stop == 1 else stop  # never one alone, which may be refused where others are blank
            seen = explained(start, stop)
            made = seen.to_dict()
            write.write([], [], list(made), list(made.values()))
            exact, blank = exact + int(seen.exact.sum()), blank + int(np.isnan(seen.values).any(axis=1).sum())
            error = max(error, float(np.nanmax(seen.error, initial=0.0)))
            start = stop
            if start >= rows:
                break
            size = MANY if not seen.asked.any() else FIRST  # by what was done, never by the clock: the same bytes each time
            if not quiet and time.monotonic() - told_at > PATIENCE:
                told_at = time.monotonic()
                print(f"{figure(float(start), lang, 0)} / {figure(float(rows), lang, 0)}", file=sys.stderr)
    if not quiet:
        print(summary(rows, exact, blank, error, seen.background, lang), file=sys.stderr)


def _attention(model: Model, table: Frame, others: Sequence[str], row: int, out: str | None, lang: str, as_json: bool) -> str:
    """One row's attention in words, as JSON, or drawn into `out`."""
    from etabli.model.explain.attended import facts as attended

    if others:
        raise UsageError("attention weights are looked at as they are", f"--method attention {others[0]}", f"leave {others[0]} out")
    if out is not None and not out.endswith(".svg"):
        raise UsageError("attention is drawn into an .svg file", f"-o {out}", "its arrays: --json")
    seen = model.attention(table)
    if out is not None:
        drawn = seen.picture(lang)
        with writers.renamed(Path(out)) as aside:
            aside.write_text(drawn, encoding="utf-8")
    if as_json:
        import json

        return json.dumps(dict(plain(dict(attended(seen, row)))), ensure_ascii=False)
    return "" if out is not None else seen.told(lang)


def _cut(table: Frame, start: int, stop: int) -> Frame:
    return Frame(table.headers, [column[start:stop] for column in table.columns], stop - start)


def _advice(model: Model, seen: Explained, found: Sequence[Change], want: str | None, lang: str) -> list[str]:
    now = seen.answers["prediction"][0, 0]
    aim = goal(model, want, now)
    return ["", *advice(found, lang, want or "", aim is not None and bool(aim.reached(seen.answers)[0]), not model.classes)]


def summary(rows: int, exact: int, blank: int, error: float, background: int, lang: str = "en") -> str:
    """One line on a table: how many rows, how many of them exact or not explained, the largest standard error, against how many rows."""
    count, french = figure(float(rows), lang, 0), lang == "fr"
    if exact == rows - blank:
        how = "exactes" if french else "exact"
    else:
        share = figure(float(exact), lang, 0)
        largest = f"{error:.2g}".replace(".", "," if french else ".")
        how = f"dont {share} exactes, plus grande erreur type {largest}" if french else f"{share} of them exact, largest standard error {largest}"  # fmt: skip
    if blank:
        how += f", {figure(float(blank), lang, 0)} sans explication" if french else f", {figure(float(blank), lang, 0)} not explained"
    if french:
        return f"{count} ligne{'s' * (rows > 1)} expliquée{'s' * (rows > 1)}, {how}, face à {background} lignes de référence"
    return f"{count} row{'s' * (rows != 1)} explained, {how}, against {background} background rows"


def facts(seen: Explained, found: Sequence[Change] | None, first: int | None, lang: str = "en") -> dict[str, Any]:
    """The same as plain JSON values (docs/explain.md)."""
    rows = []
    for at in range(len(seen)):
        one: dict[str, Any] = {"row": at + (first or 1)}
        if seen.labels:
            one["class"] = seen.labels[at]
        one |= {"output": seen.output[at], "base": seen.base[at], "exact": bool(seen.exact[at]), "asked": int(seen.asked[at])}
        one["values"] = dict(zip(seen.columns, seen.values[at].tolist(), strict=True))
        one["error"] = dict(zip(seen.columns, seen.error[at].tolist(), strict=True))
        rows.append(one)
    made: dict[str, Any] = {"target": seen.target, "task": seen.task, "scale": seen.scale, "background": seen.background, "rows": rows}
    if found is not None:
        made["changes"] = [_change(one, lang) for one in found]
    return dict(plain(made))


def _change(one: Change, lang: str) -> Mapping[str, Any]:
    moves = [{"column": move.raw.name, "from": move.old, "to": move.new} for move in one.moves]
    answers = {name: value[0] if len(value) == 1 else value for name, value in one.answers.items()}
    return {"moves": moves, **answers, "distance": one.distance, "plausible": one.plausible, "sentence": one.text(lang)}
