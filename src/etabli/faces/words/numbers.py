"""Numbers as people read them: 48,842 and 0.280 in English, 48 842 and 0,280 in French, no more digits than the interval supports.

The last digit written is worth about a third of the interval's width (as in `judge/sentence.py`, so that the sentence and the
tables agree): more digits would be noise, fewer would hide what was measured.
"""

from __future__ import annotations

import math
from typing import Any

NONE = "–"
THIN = "\u202f"
LARGEST = 1e150  # nothing measured is larger, and sums and squares of it are still finite
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def real(value: Any) -> float | None:
    """The value as a finite float, or None for anything else (missing, NaN, infinite or beyond 1e150, text)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -LARGEST < value < LARGEST else None


def decimals(low: Any, high: Any, value: Any = None) -> int:
    """How many digits after the point the interval supports (negative: tens, hundreds). Without an interval: three digits of the value."""
    low, high, value = real(low), real(high), real(value)
    width = abs(high - low) if low is not None and high is not None else 0.0
    if width > 0 and math.isfinite(width):
        return min(12, -math.floor(math.log10(width / 3)))
    if not value:
        return 3
    return max(0, min(12, 2 - math.floor(math.log10(abs(value)))))


def number(value: Any, lang: str = "en", places: int = 3, tiny: bool = True) -> str:
    """A number with that many digits after the point; very small (if `tiny`) and very large ones as 1.1 × 10⁻¹⁶; a dash for none."""
    amount = real(value)
    if amount is None:
        return NONE
    if amount and (abs(amount) >= 1e9 or (tiny and abs(amount) < 1e-4)):
        mantissa, power = f"{amount:.1e}".split("e")
        text = f"{mantissa} × 10{str(int(power)).translate(_RAISED)}"
    else:
        amount = round(amount, places)
        text = f"{amount:,.{max(0, places)}f}"
        if not text.strip("-0.,"):
            text = text.lstrip("-")
    return _local(text, lang)


def _local(text: str, lang: str) -> str:
    text = text.replace("-", "−")
    return text.replace(",", THIN).replace(".", ",") if lang == "fr" else text


def signed(value: Any, lang: str = "en", places: int = 3) -> str:
    """`number` with its sign always there."""
    text, amount = number(value, lang, places, tiny=False), real(value)
    return f"+{text}" if amount is not None and amount > 0 and any(c in "123456789" for c in text) else text


def count(value: Any, lang: str = "en") -> str:
    """A whole number: 48,842."""
    amount = real(value)
    return NONE if amount is None else _local(f"{round(amount):,}", lang)


def share(value: Any, lang: str = "en", places: int = 1) -> str:
    """A share as percent: 0.902 → 90.2 %."""
    amount = real(value)
    return NONE if amount is None else number(100 * amount, lang, places) + "\u00a0%"


def duration(value: Any, lang: str = "en") -> str:
    """Seconds as people say them: 0.4 s, 12 s, 3 min 20 s, 2 h 05 min."""
    seconds = real(value)
    if seconds is None or seconds < 0:
        return NONE
    if 0 < seconds < 0.05:
        return f"<\u00a0{number(0.1, lang, 1)}\u00a0s"
    if seconds < 9.95:
        return f"{number(seconds, lang, 1)}\u00a0s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}\u00a0s"
    if whole < 3600:
        return f"{whole // 60}\u00a0min\u00a0{whole % 60:02d}\u00a0s"
    return f"{whole // 3600}\u00a0h\u00a0{whole % 3600 // 60:02d}\u00a0min"


def memory(value: Any, lang: str = "en") -> str:
    """Bytes as GB or MB (powers of ten)."""
    amount = real(value)
    if amount is None:
        return NONE
    unit, size = ("GB", 1e9) if amount >= 1e9 else ("MB", 1e6)
    if lang == "fr":
        unit = unit[0] + "o"
    return f"{number(amount / size, lang, 1 if amount / size < 100 else 0)}\u00a0{unit}"
