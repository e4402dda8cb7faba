"""The section on labels that may be wrong: the first rows with their cells (facts: `work/doubtful.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import items, part
from etabli.faces.words import cell, plain, say
from etabli.faces.words.numbers import count, number, real, share

ROWS, CELLS = 10, 8

Result = Mapping[str, Any]


def view(result: Result, lang: str) -> dict[str, Any] | None:
    """The words and the rows; None where there are not more than chance explains."""
    facts = part(result, "doubtful")
    if not facts.get("found"):
        return None
    classes = bool(result.get("classes"))
    lines = []
    for e in items(facts, "rows")[:ROWS]:
        given, suggested = (
            cell(e.get(key), 40) if classes else number(e.get(key), lang, 4 if abs(real(e.get(key)) or 0.0) < 1 else 1)
            for key in ("given", "suggested")
        )
        last = share(e.get("probability"), lang, 0) if classes else "×\u202f" + number(e.get("times"), lang, 0)
        cells = [(cell(name, 40), cell(value, 40)) for name, value in part(e, "cells").items()]
        lines.append({"row": count(e.get("row"), lang), "given": given, "suggested": suggested, "last": last, "cells": cells[:CELLS]})
    low, high = real(facts.get("low")), real(facts.get("high"))
    reach = "" if low is None or high is None else " (" + say("to", lang, low=share(low, lang), high=share(high, lang)) + ")"
    return {
        "lead": say(
            "doubtful.lead" if classes else "doubtful.numbers",
            lang,
            share=share(facts.get("share"), lang) + reach,
            count=count(facts.get("count"), lang),
        ),
        "file": say("doubtful.file", lang, file=plain(facts.get("file") or ""), count=count(facts.get("count"), lang)),
        "last": say("doubtful.probability" if classes else "doubtful.times", lang),
        "lines": lines,
    }
