"""A score as people write it: few digits, and no exponent on amounts. Apart, because a check and its table by groups both tell scores."""

from __future__ import annotations


def amount(value: float, french: bool, digits: int = 4) -> str:
    """So many significant digits: 61,090 and not 6.109e+04 (in French with narrow spaces; the point of a fraction is left to the sentence)."""
    short = f"{value:.{digits}g}"
    if "e+" not in short or abs(value) >= 1e15:
        return short
    text = f"{float(short):,.0f}"
    return text.replace(",", "\u202f") if french else text
