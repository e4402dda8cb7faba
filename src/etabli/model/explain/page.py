"""An explanation as a small page of a notebook: no script, nothing to load, everything that comes from data escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from etabli.model.explain.cells import cell, figure, places
from etabli.model.explain.told import subject
from etabli.model.shown import scrolled, wrapped

if TYPE_CHECKING:
    from etabli.model.explain.explained import Explained

ROWS, COLUMNS = 5, 12


def page(seen: Explained, lang: str = "en") -> str:
    """The first rows, each a table of values with bars."""
    parts = [_row(seen, row, lang) for row in range(min(ROWS, len(seen)))]
    if len(seen) > ROWS:
        more = figure(float(len(seen) - ROWS), lang, 0)
        parts.append(f"<p>{f'et {more} autres lignes' if lang == 'fr' else f'and {more} more rows'}</p>")
    return wrapped("".join(parts))


def _row(seen: Explained, row: int, lang: str) -> str:
    values = seen.values[row]
    digits = places(float(seen.base[row]), float(seen.output[row])) + bool(seen.labels)
    raws = {raw.name: raw for raw in seen.raws}
    head = f"<b>{escape(subject(seen, row, lang))}: {figure(float(seen.output[row]), lang, digits)}</b>"
    if np.isnan(values).any():
        return f"<p>{head}</p>"
    longest = float(np.abs(values).max(initial=0.0)) or 1.0
    order = np.argsort(-np.abs(values), kind="stable")
    lines = [_line("moyenne de référence" if lang == "fr" else "mean of the background", figure(float(seen.base[row]), lang, digits), "")]
    for at in order[:COLUMNS]:
        name = seen.columns[at]
        share = float(values[at]) / longest
        text = f"{name} = {cell(raws[name], seen.cells[name][row], lang)}"
        amount = figure(float(values[at]), lang, digits, sign=True)
        if seen.error[row].any():
            amount += f" ± {figure((1.0 if seen.method == 'gradients' else 1.96) * float(seen.error[row, at]), lang, digits)}"
        colour = "var(--red)" if share < 0 else "var(--blue)"
        place = f"margin-left:{50 + 50 * min(share, 0.0):.1f}%;width:{50 * abs(share):.1f}%"
        lines.append(_line(text, amount, f'<div style="background:{colour};height:.8em;{place}"></div>'))
    if len(values) > COLUMNS:
        rest = float(values[order[COLUMNS:]].sum())
        lines.append(_line("autres" if lang == "fr" else "others", figure(rest, lang, digits, sign=True), ""))
    return f"<p>{head}</p>" + scrolled(f"<table>{''.join(lines)}</table>")


def _line(name: str, amount: str, bar: str) -> str:
    return f'<tr><td style="text-align:left">{escape(name)}</td><td style="text-align:right">{escape(amount)}</td><td style="width:16em">{bar}</td></tr>'
