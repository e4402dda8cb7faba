"""The small picture of a finding, with its words (numbers: `data/audit/drawn.py`; drawing: `faces/sparks.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import part
from etabli.faces.sparks import spark
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, number, real, share


def picture(result: Mapping[str, Any], finding: Mapping[str, Any], lang: str) -> dict[str, Any] | None:
    """{"svg", "caption"}, or None where the finding has no picture."""
    facts = part(finding, "picture")
    if not facts:
        return None
    of, label = facts.get("of"), plain(facts.get("label") or "", 40)
    key = f"spark.{of}" if of in ("target", "rows", "missing", "contradicted", "times", "residual", "groups", "loss") else "spark.rows"
    if key == "spark.target" and label:
        key = "spark.share"
    caption = say(key, lang, target=plain(result.get("target") or "", 60), label=label)
    if facts.get("kind") == "line":
        ordered = list(facts.get("x") or ())[:1] == [0]
        caption += ", " + say("spark.sure" if of == "contradicted" else "spark.order" if ordered else "spark.value", lang)

    def show(value: float) -> str:
        if key in ("spark.share", "spark.missing", "spark.contradicted"):
            return share(value, lang, 1 if value < 0.1 else 0)
        return count(value, lang) if of in ("rows", "groups") else number(value, lang, 3 if abs(value) < 10 else 0)

    names = {"filled": say("spark.filled", lang), "missing": say("spark.gap", lang)}
    values = [v for v in map(real, facts.get("y") or ()) if v is not None]
    title = f"{caption}: {show(min(values))} – {show(max(values))}" if values else caption
    svg = spark(facts, title, names, show)
    if not svg:
        return None
    from markupsafe import Markup

    return {"svg": Markup(svg), "caption": caption}
