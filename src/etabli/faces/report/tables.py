"""From the result to tables of the page: what is taken for what, the proof, the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import items, part
from etabli.faces.words import cell, known, pick, say
from etabli.faces.words.numbers import NONE, count, number, real, share
from etabli.faces.words.reasons import reason

COLUMNS, PAIRS = 200, 12

Result = Mapping[str, Any]
View = dict[str, Any]


def confusion(result: Result, lang: str) -> View | None:
    """Per class: recall and precision; and the pairs most often taken for one another."""
    facts = part(result, "confusion")
    names, counts = facts.get("classes"), facts.get("counts")
    if not names or not counts or len(names) != len(counts) or any(len(row) != len(names) for row in counts):
        return None
    table = [[real(v) or 0.0 for v in row] for row in counts]
    lines, pairs = [], []
    for i, name in enumerate(names):
        true, guessed, right = sum(table[i]), sum(row[i] for row in table), table[i][i]
        lines.append(
            (
                cell(name, 60),
                count(true, lang),
                share(right / true if true else None, lang),
                share(right / guessed if guessed else None, lang),
            )
        )
        pairs += [(table[i][j], cell(name, 50), cell(names[j], 50)) for j in range(len(names)) if j != i and table[i][j] > 0]
    pairs.sort(key=lambda pair: -pair[0])
    return {"lines": lines[:COLUMNS], "pairs": [(a, b, count(n, lang)) for n, a, b in pairs[:PAIRS]]}


def proof(result: Result, lang: str) -> View | None:
    """What the proof says of the file."""
    facts = part(result, "proof")
    if not facts:
        return None
    wrong = real(facts.get("label_mismatches")) or 0
    largest = (
        say("proof.bits", lang)
        if facts.get("bit_equal")
        else say("proof.largest", lang, value=number(facts.get("max_difference"), lang, 3))
    )
    return {
        "good": wrong == 0,
        "verdict": known("verdict", facts.get("verdict") or "?", lang),
        "text": [
            say(
                "proof.rows" if facts.get("held_out", True) else "proof.rows.data",
                lang,
                rows=count(facts.get("rows"), lang),
                probes=count(facts.get("probe_rows"), lang),
            ),
            say("proof.labels", lang, n=wrong, count=count(wrong, lang)),
            largest,
        ],
    }


def columns(result: Result, lang: str) -> View:
    """The columns of the file, a line each."""
    every = items(result, "columns")
    total = real(result.get("rows")) or 0
    lines = []
    for c in every[:COLUMNS]:
        missing = real(c.get("missing"))
        lines.append(
            {
                "name": cell(c.get("name"), 80),
                "kind": known("kind", c.get("kind") or "?", lang),
                "used": bool(c.get("used", True)),
                "reason": cell(reason(pick(c.get("reason"), lang), lang), 160),
                "missing": NONE
                if missing is None
                else "0"
                if not missing
                else share(missing / total, lang)
                if total
                else count(missing, lang),
                "distinct": count(c.get("distinct"), lang),
            }
        )
    return {"lines": lines, "rest": say("more", lang, count=count(len(every) - COLUMNS, lang)) if len(every) > COLUMNS else ""}
