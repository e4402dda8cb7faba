"""What a notebook shows of a model: what it predicts, from what, and what it promises. Static HTML from the card, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

COLUMNS = 40  # inputs listed


def html(card: Mapping[str, Any], outputs: tuple[str, ...]) -> str:
    """card: of the file. outputs: what it answers."""
    kinds = {str(entry["name"]): entry for entry in card.get("columns") or ()}
    names = [str(name) for entry in card.get("inputs") or () for name in entry["columns"]]
    sentence = (card.get("sentence") or {}).get("en", "")
    honest, base, metric = card.get("honest") or {}, card.get("baseline") or {}, card.get("metric") or ""
    metric = str(metric["name"] if isinstance(metric, Mapping) else metric)
    facts = [("predicts", f"{card.get('target', '?')} ({card.get('task', '?')})")]
    if card.get("classes"):
        facts.append(("classes", ", ".join(map(str, list(card["classes"])[:20]))))
    if honest:
        text = f"{metric} {_short(honest.get('value'))} ({_short(honest.get('low'))} to {_short(honest.get('high'))})"
        facts.append(("honest score", text + (f"; knowing nothing scores {_short(base.get('value'))}" if base else "")))
    facts += [("answers", ", ".join(outputs)), ("learned from", f"{card.get('rows', '?')} rows")]
    lines = "".join(f"<tr><th>{_safe(name)}</th><td>{_safe(text)}</td></tr>" for name, text in facts)
    inputs = "".join(f"<tr><td>{_safe(name)}</td><td>{_input(kinds.get(name, {}))}</td></tr>" for name in names[:COLUMNS])
    more = f"<p>{len(names) - COLUMNS} more</p>" if len(names) > COLUMNS else ""
    style = "text-align:left;font-weight:400;opacity:.7;padding-right:1em"
    return (
        f"<div><p><b>{_safe(sentence)}</b></p><table>{lines.replace('<th>', f'<th style={chr(34)}{style}{chr(34)}>')}</table>"
        f"<details><summary>{len(names)} inputs</summary><table>{inputs}</table>{more}</details></div>"
    )


def _input(entry: Mapping[str, Any]) -> str:
    low, high = entry.get("low"), entry.get("high")
    seen = f"{_short(low)} to {_short(high)}" if low is not None and high is not None and entry.get("kind") != "date" else ""
    levels = ", ".join(map(str, list(entry.get("levels") or ())[:5]))
    return _safe("; ".join(text for text in (str(entry.get("kind", "")), seen or levels) if text))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else str(value)


def _safe(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))
    return escape(shown if len(shown) <= 600 else shown[:600] + "…")
