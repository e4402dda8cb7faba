"""Texts in words: what sets some of them apart, what goes with a coordinate, what makes one odd. A cell itself is never told: it may name people.

The words of a text column are looked at one by one, and what chance alone would show among so many is left out (`judge/contrast.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etabli.judge.contrast import LEAST, ONCE
from etabli.records import Array, Words
from etabli.structure.topics import Topics

NAMED = 4  # words of a text that are told


def apart(said: Topics, present: Any, chosen: Array) -> Mapping[str, Any] | None:
    """The words that `chosen` (bool [rows]) have more often than the rest, or less often where that is clearer: `column`, `level` (the first), `inside`,
    `outside`, `size`, `words` (at most NAMED), and `text`. None where there is none beyond chance. present: CSR [rows, terms] of 1.0."""
    from scipy.special import ndtri

    n, rest = int(chosen.sum()), int((~chosen).sum())
    if min(n, rest) < 2:
        return None
    own, other = (np.asarray(present[part].sum(axis=0)).ravel() for part in (chosen, ~chosen))
    share = (own + other) / (n + rest)
    deviation = np.sqrt(share * (1 - share))
    size = np.divide(own / n - other / rest, deviation, out=np.zeros(len(own)), where=deviation > 0)
    bound = max(LEAST, float(-ndtri(ONCE / len(size) / 2)) / np.sqrt(n * rest / (n + rest)))
    clear = [int(k) for k in np.argsort(-np.abs(size), kind="stable")[: 4 * NAMED] if np.abs(size[k]) >= bound]
    if not clear:
        return None
    best = clear[0]
    words = [said.terms[k] for k in clear if (size[k] > 0) == (size[best] > 0)][:NAMED]
    inside, outside = float(own[best] / n), float(other[best] / rest)
    return {
        "column": said.name,
        "level": said.terms[best],
        "inside": inside,
        "outside": outside,
        "size": float(size[best]),
        "words": words,
        "text": _apart(said.name, words, inside, outside),
    }


def _apart(column: str, words: Sequence[str], inside: float, outside: float) -> Words:
    (first, *more), often = words, inside > outside
    english = f'{column} has "{first}" {"more" if often else "less"} often ({100 * inside:.0f}% against {100 * outside:.0f}%)'
    french = f"{column} contient {'plus' if often else 'moins'} souvent «\u00a0{first}\u00a0» ({100 * inside:.0f}\u202f% contre {100 * outside:.0f}\u202f%)"
    return {
        "en": english + (f", and {quoted(more, 'en')}" if more else ""),
        "fr": french + (f", et {quoted(more, 'fr')}" if more else ""),
    }


def quoted(words: Sequence[str], lang: str) -> str:
    """Words in the quotation marks of the language."""
    return ", ".join(f'"{word}"' if lang == "en" else f"«\u00a0{word}\u00a0»" for word in words)


def moving(said: Topics, weighed: Any, shift: Array) -> list[str]:
    """The words of one text (CSR [1, terms]) that carry it in a direction, float64 [axes] of the text's axes, the strongest first; at most NAMED."""
    pull = (said.axes @ shift)[weighed.indices] * weighed.data
    return [said.terms[weighed.indices[k]] for k in np.argsort(-pull, kind="stable")[:NAMED] if pull[k] > 0]
