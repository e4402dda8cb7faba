"""What Datasette shows beside the tables: titles, what each column holds, what may go wrong, facets; `metadata.json`.

One file may tell of several databases: those that are there already stay. Whatever came from the data is escaped where Datasette takes HTML.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from etabli.errors import UsageError
from etabli.faces.explore.opened import ROW, sql_names
from etabli.faces.explore_text import edge
from etabli.faces.publish.database import Sheet
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import count
from etabli.records import Column, Table

NAME = "metadata.json"


def kept(path: Path) -> dict[str, Any]:
    """What is written there already. UsageError when it is no metadata."""
    if not path.exists():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(told, dict) and isinstance(told.get("databases", {}), dict):
            return told
    except (ValueError, OSError):
        pass
    raise UsageError(f"{NAME} beside the database is Datasette's, as JSON.", str(path), "move it away, or publish into another folder")


def write(path: Path, told: dict[str, Any], database: str, about: Mapping[str, Any]) -> None:
    """Adds a database to what is told, aside and renamed."""
    told = {**told, "databases": {**told.get("databases", {}), database: about}}
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    aside.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    aside.replace(path)


def of(
    table: Table,
    sheets: Sequence[Sheet],
    findings: Sequence[Mapping[str, Any]],
    result: Mapping[str, Any],
    title: str,
    licence: str,
    lang: str,
) -> dict[str, Any]:
    """What Datasette shows of a database of ours."""
    rows = sheets[0]
    size = say("publish.size", lang, rows=count(table.rows, lang), columns=count(len(table.columns), lang), source=plain(table.source, 80))
    said = [escape(size), *([escape(pick(result["sentence"], lang))] if result else [])]
    warned = [plain(pick(f["text"], lang)) for f in findings if f["level"] != "note"]
    lines = "".join(f"<p>{one}</p>" for one in said)
    lines += (
        f"<p>{escape(say('publish.warnings', lang))}</p><ul>{''.join(f'<li>{escape(one)}</li>' for one in warned)}</ul>" if warned else ""
    )
    tables: dict[str, Any] = {
        rows.name: {
            "title": title,
            "description_html": lines,
            "columns": {
                ROW: say("publish.row", lang),
                **{name: _column(table.column(given), lang) for given, name in sql_names([c.name for c in table.columns]).items()},
            },
            **({"facets": list(rows.facets)} if rows.facets else {}),
            **({"fts_table": f"{rows.name}_fts"} if rows.searched else {}),
        }
    }
    for sheet in sheets[1:]:
        tables[sheet.name] = {"description": say(f"publish.{sheet.name}", lang), **({"facets": list(sheet.facets)} if sheet.facets else {})}
    if "predictions" in tables:
        tables["predictions"]["sort"] = ROW
    remote = table.source.startswith(("http://", "https://"))
    terms = {"source_url" if remote else "source": plain(table.source, 300), **({"license": licence} if licence else {})}
    tables[rows.name] |= terms
    return {"title": title, "description_html": lines, "tables": tables, **terms}


def _column(column: Column, lang: str) -> str:
    """What a column holds: "number, 2700 to 6300, 2 missing"."""
    parts = [known("kind", column.kind, lang)]
    low, high = edge(column, column.low), edge(column, column.high)
    if low is not None and high is not None and column.kind in ("number", "date"):
        ends = [end if isinstance(end, str) else f"{end:.6g}".replace(".", "," if lang == "fr" else ".") for end in (low, high)]
        parts.append(say("to", lang, low=ends[0], high=ends[1]))
    elif column.kind in ("category", "flag", "text"):
        parts.append(say("publish.distinct", lang, n=column.distinct, count=count(column.distinct, lang)))
    if column.missing_count:
        parts.append(say("publish.missing", lang, n=column.missing_count, count=count(column.missing_count, lang)))
    if column.header and column.header != column.name:
        parts.append(f'"{plain(column.header, 60)}"')
    return ", ".join(parts)
