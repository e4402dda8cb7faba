"""How the result of every run without a target begins: what was asked, of which rows and columns, and what may go wrong.

The three stories add what they found (`clustertold.py`, `maptold.py`, `odd.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from etabli.records import Finding, Table
from etabli.structure.asked import Question


def begins(question: Question, table: Table, used: Iterable[str], learned: int, findings: Sequence[Finding]) -> dict[str, Any]:
    """used: names of the columns looked at. learned: rows that were learned from; `sampled` says so when they are not all."""
    return {
        "schema": 1,
        "task": question.job,
        "run": str(question.folder),
        "model": str(question.folder / "model.onnx"),
        "file": question.file,
        "rows": table.rows,
        "columns": [{"name": column.name, "kind": column.kind} for column in table.columns],
        "used": list(used),
        "sampled": learned if learned < table.rows else None,
        "seed": question.seed,
        "command": question.command,
        "warnings": [
            {"code": f.code, "level": f.level, "columns": list(f.columns), "text": dict(f.text), "cure": dict(f.cure)} for f in findings
        ],
    }
