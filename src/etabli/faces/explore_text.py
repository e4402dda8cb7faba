"""`etabli explore --text` and `--json`: the columns and what the audit has to say, for a terminal and for a program.

Plain characters only, so that it reads the same in a terminal, a log and an issue; what came from the file is never printed
raw (line breaks and control characters in names or cells become spaces).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from etabli.data.audit.words import one_line
from etabli.records import Column, Finding, Table

COLUMNS, LEVELS, NAME, SEEN = 100, 8, 32, 48  # columns in the text, levels a column, width of a name, width of what was seen
KINDS = {
    "number": "nombre",
    "category": "catégorie",
    "flag": "oui/non",
    "date": "date",
    "text": "texte",
    "identifier": "identifiant",
    "constant": "constante",
}
MARKS = {"refuse": ("STOP", "STOP"), "warn": ("warning", "attention"), "note": ("note", "note")}


def explore_text(table: Table, findings: Sequence[Finding], lang: str = "en") -> str:
    """A page of text: one line a column (at most a hundred), then the findings with their cures. lang: "en" or "fr"."""
    french = lang == "fr"
    head = ("colonne", "genre", "manque", "distinct", "valeurs") if french else ("column", "kind", "missing", "distinct", "values")
    lines = [
        (
            _short(column.name, NAME),
            KINDS[column.kind] if french else column.kind,
            _share(column.missing_count, table.rows, french),
            _count(column.distinct, french),
            _short(_seen(table, column, french), SEEN),
        )
        for column in table.columns[:COLUMNS]
    ]
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(5)]
    shown = [_line(head, widths), *(_line(line, widths) for line in lines)]
    rest = len(table.columns) - COLUMNS
    if rest > 0:
        shown.append(f"… et {_count(rest, True)} autres colonnes" if french else f"… and {_count(rest, False)} more columns")
    size = f"{_count(table.rows, french)} {'lignes' if french else 'rows'}, {_count(len(table.columns), french)} {'colonnes' if french else 'columns'}"
    said = []
    for finding in findings:
        said.append(f"{MARKS[finding.level][french]}: {_say(finding.text, lang)}")
        if cure := _say(finding.cure, lang):
            said.append(f"    → {cure}")
    if not said:
        said = ["rien à signaler" if french else "nothing to report"]
    return "\n".join([size, "", *shown, "", *said]) + "\n"


def explore_json(table: Table, findings: Sequence[Finding], lang: str = "en") -> dict[str, Any]:
    """The same for programs: {rows, columns: [{name, header, kind, reason, sure, missing, distinct, low, high, levels}],
    warnings: [{code, level, columns, text, cure, evidence}]}. JSON-able: no NaN; dates as ISO text; the commonest levels first."""
    return {
        "rows": table.rows,
        "columns": [
            {
                "name": column.name,
                "header": column.header or column.name,
                "kind": column.kind,
                "reason": column.reason,
                "sure": round(float(column.sure), 3),
                "missing": int(column.missing_count),
                "distinct": int(column.distinct),
                "low": edge(column, column.low),
                "high": edge(column, column.high),
                "levels": _levels(table, column) if column.kind not in ("text", "identifier") else [],
            }
            for column in table.columns
        ],
        "warnings": [
            {
                "code": finding.code,
                "level": finding.level,
                "columns": list(finding.columns),
                "text": _say(finding.text, lang),
                "cure": _say(finding.cure, lang),
                "evidence": _plain(finding.evidence),
            }
            for finding in findings
        ],
    }


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    """Names, kinds and values to the left; counts to the right."""
    padded = [cell.rjust(width) if i in (2, 3) else cell.ljust(width) for i, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(padded).rstrip()


def _say(words: Any, lang: str) -> str:
    return str(words.get(lang, words.get("en", ""))) if words else ""


def _short(text: str, width: int) -> str:
    text = one_line(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def _count(number: int, french: bool) -> str:
    return f"{number:,}".replace(",", "\u202f") if french else f"{number:,}"


def _share(count: int, rows: int, french: bool) -> str:
    if not count:
        return "-"
    share = 100 * count / max(rows, 1)
    text = "<0.1 %" if share < 0.1 else f"{share:.1f} %"
    return text.replace(".", ",") if french else text


def edge(column: Column, value: float | None) -> float | str | None:
    """The end of a column's range as JSON: a number, a date as ISO text, or None."""
    if value is None or not np.isfinite(value):
        return None
    if column.kind != "date":
        return float(value)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(value))
    except OverflowError:
        return float(value)
    midnight = moment.hour == moment.minute == moment.second == 0
    return moment.date().isoformat() if midnight else moment.replace(tzinfo=None).isoformat(timespec="seconds")


def _levels(table: Table, column: Column) -> list[str]:
    """The commonest levels of a column of words, at most eight."""
    levels = table.levels.get(column.name)
    if not levels:
        return []
    codes = np.asarray(table.values[column.name])
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    return [str(levels[i]) for i in np.argsort(-counts, kind="stable")[:LEVELS] if counts[i]]


def _seen(table: Table, column: Column, french: bool) -> str:
    """What a reader recognises a column by: its range, or its first levels."""
    low, high = edge(column, column.low), edge(column, column.high)
    if low is not None and high is not None and column.kind != "flag":
        ends = [end if isinstance(end, str) else f"{end:.6g}" for end in (low, high)]
        ends = [end.replace(".", ",") if french and column.kind != "date" else end for end in ends]
        return ends[0] if ends[0] == ends[1] else (" à " if french else " to ").join(ends)
    levels = column.reading.get("words", ()) if column.kind == "flag" else _levels(table, column)
    return ", ".join(one_line(str(level)) for level in levels)


def _plain(value: Any) -> Any:
    """Numbers and containers as JSON has them; what is not finite becomes None."""
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)
    return number if np.isfinite(number) else None
