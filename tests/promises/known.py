"""The columns that the shared sets' own list calls a leak, known after the fact, a group, a time, an identifier or a weight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from etabli.data.audit import audit
from etabli.data.sources import read
from etabli.data.target import target as target_found


def known(entry: dict[str, Any]) -> set[str]:
    """Of one set."""
    leaks = entry.get("leak", [])
    found = {*([leaks] if isinstance(leaks, str) else leaks), *entry.get("also_after_the_fact", []), *entry.get("id_columns", [])}
    return found | {entry[key] for key in ("group_column", "time_column", "weight_column") if key in entry}


def unnamed(folder: Path) -> dict[str, tuple[list[str], list[str]]]:
    """By set, of the tabular ones: (the known columns, those of them that the audit does not name)."""
    answer = {}
    for entry in json.loads((folder / "datasets.json").read_text()):
        if entry["task"] not in ("binary", "multiclass", "regression"):
            continue
        table = read(folder / entry["file"])
        target, _ = target_found(table, entry["target"])
        named = {column for finding in audit(table, target) for column in finding.columns}
        answer[entry["name"]] = sorted(known(entry)), sorted(known(entry) - named)
    return answer
