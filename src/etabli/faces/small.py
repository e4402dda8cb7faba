"""Small plots in letters, for `etabli report --text`: calibration, importance, and the learning curve the size of a word.

A line a bin or a column, on one scale; a shape says what a colour says. The words and facts are those of the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from etabli.faces.figures import spread
from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, plain, say
from etabli.faces.words.numbers import decimals, number, real, share, signed

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

MOST, CELLS, WORD, STEPS = 8, 40, 16, "▁▂▃▄▅▆▇█"

Result = Mapping[str, Any]


def plots(result: Result, lang: str, width: int) -> list[Table]:
    """What the result has of them, each with its heading."""
    return [made for made in (_calibration(result, lang, width), _importance(result, lang, width)) if made is not None]


def spark(values: Sequence[Any]) -> str:
    """A letter a value, the higher the fuller; "" for fewer than two."""
    known_values = [v for v in map(real, values) if v is not None]
    if len(known_values) < 2:
        return ""
    low, high = min(known_values), max(known_values)
    return "".join(STEPS[round((v - low) / (high - low) * (len(STEPS) - 1)) if high > low else 0] for v in known_values)


def learning(training: Sequence[Mapping[str, Any]], lang: str) -> str:
    """How far the networks at work are: "epoch 34 of at most 200, loss 0.312 █▅▃▂▁"; "" where none is. training: of the event `task`."""
    if not training:
        return ""
    first = max(training, key=lambda one: int(one["epoch"]))
    held = [value for value in map(real, first["held"]) if value is not None]
    shown = held[:: max(1, -(-len(held) // WORD))]
    facts = {"epoch": int(first["epoch"]), "epochs": int(first["epochs"]), "loss": number(held[-1] if held else None, lang, 3)}
    return " ".join(filter(None, (say("live.epoch", lang, **facts), spark(shown))))


def _table(head: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False, title=head, title_style="bold", title_justify="left")
    for align in ("right", "left", "right"):
        table.add_column(justify=align, no_wrap=True, overflow="ellipsis")
    return table


def _row(cells: int, ends: tuple[float, float], low: float, high: float, at: float, mark: str, style: str, line: float) -> Text:
    """A bar with its mark, over the line at a value of its own."""
    from rich.text import Text

    def cell(value: float) -> int:
        return min(cells - 1, max(0, round((value - ends[0]) / (ends[1] - ends[0]) * (cells - 1))))

    letters, styles = [" "] * cells, [""] * cells
    letters[cell(line)], styles[cell(line)] = "┆", "dim"
    for place in range(cell(low), cell(high) + 1):
        letters[place], styles[place] = "─", style
    letters[cell(at)], styles[cell(at)] = mark, style
    text = Text(no_wrap=True)
    for letter, look in zip(letters, styles, strict=True):
        text.append(letter, look or None)
    return text


def _calibration(result: Result, lang: str, width: int) -> Table | None:
    bins = [
        (p, o, low, high)
        for p, o, low, high in (
            [real(one.get(key)) for key in ("predicted", "observed", "low", "high")] for one in items(part(result, "calibration"), "bins")
        )
        if p is not None and o is not None and low is not None and high is not None
    ]
    if not bins:
        return None
    from rich.text import Text

    table = _table(say("small.calibration", lang))
    cells = max(8, min(CELLS, width - 16))
    for predicted, observed, low, high in bins:
        wide = not low <= predicted <= high  # what was predicted lies outside of the interval
        row = _row(cells, (0.0, 1.0), low, high, observed, "○" if wide else "●", "yellow" if wide else "cyan", predicted)
        table.add_row(Text(share(predicted, lang, 0), "dim"), row, share(observed, lang, 0))
    return table


def _importance(result: Result, lang: str, width: int) -> Table | None:
    from rich.text import Text

    facts = part(part(result, "explanation"), "importance")
    found: list[tuple[str, float, float, float]] = []
    for one in items(facts, "columns")[:MOST]:
        value, low, high = (real(one.get(key)) for key in ("value", "low", "high"))
        if value is not None and low is not None and high is not None:
            found.append((plain(one.get("column")), value, low, high))
    if not found:
        return None
    table = _table(say("axis.worse", lang, metric=known("metric", result.get("metric") or "?", lang)))
    ends = spread([0.0, *(v for _, *values in found for v in values)], 0.02)
    names = min(max(len(name) for name, *_ in found), max(8, width // 3))
    digits = decimals(found[0][2], found[0][3], found[0][1])
    texts = [signed(v, lang, max(0, digits)) if digits < 4 else number(v, lang, digits) for _, v, _, _ in found]
    cells = max(8, min(CELLS, width - names - max(map(len, texts)) - 3))
    for (name, value, low, high), text in zip(found, texts, strict=True):
        sure = low > 0
        row = _row(cells, ends, low, high, value, "●" if sure else "○", "cyan" if sure else "dim", 0.0)
        table.add_row(Text(plain(name, names), "" if sure else "dim"), row, text)
    return table
