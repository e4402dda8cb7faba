"""Sentences in English and French from one set of facts: numbers and names in each language's own writing."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable

from etabli.records import Words

SHOWN = 6  # columns named in one sentence; the rest are counted


def words(en: str, fr: str, **facts: object) -> Words:
    """The sentence with its facts filled in: int → 48,842 / 48 842; float → 0.995 / 0,995; list → “a”, “b” and 3 more."""
    return {
        "en": en.format(**{k: _written(v, False) for k, v in facts.items()}),
        "fr": fr.format(**{k: _written(v, True) for k, v in facts.items()}),
    }


def flag(option: str, columns: Iterable[str], value: str = "") -> str:
    """`--ignore "Lot Area"`, ready for a shell; one flag a column, at most three."""
    return " ".join(f"{option} {shlex.quote(_printable(name + value))}" for name in list(columns)[:3])


def one_line(text: str) -> str:
    """A name as it can be printed: no line breaks, no control characters, not longer than 60."""
    plain = _printable(text).strip()
    return plain if len(plain) <= 60 else plain[:59] + "…"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _written(value: object, french: bool) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if french else f"{value:,}"
    if isinstance(value, float):
        text = f"{value:,.0f}" if math.isfinite(value) and value == round(value) and abs(value) < 1e15 else f"{value:.4g}"
        return text.replace(",", "\u202f").replace(".", ",") if french else text
    if isinstance(value, list | tuple):
        names = [(f"«\u00a0{one_line(str(name))}\u00a0»" if french else f"“{one_line(str(name))}”") for name in value[:SHOWN]]
        if len(value) > SHOWN:
            return ", ".join(names) + (f" et {len(value) - SHOWN} autres" if french else f" and {len(value) - SHOWN} more")
        return (" et " if french else " and ").join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return _printable(str(value))
