"""Options that are pairs: COLUMN=VALUE, NAME=NUMBER."""

from __future__ import annotations

from collections.abc import Sequence

from etabli.errors import UsageError

EXAMPLE = {"--kind": "zip=category", "--missing": "pdays=999", "--cost": '"sick>healthy=50"', "--class-weight": "sick=10"}


def pair_list(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    """COLUMN=VALUE pairs as they were given; UsageError for a text without either side."""
    pairs = []
    for text in texts:
        column, sign, value = text.rpartition("=")
        if not sign or not column:
            raise UsageError(
                f"{option} takes COLUMN=VALUE",
                f'"{text}"',
                f"for instance: {option} " + EXAMPLE[option],
            )
        pairs.append((column, value))
    return pairs


def numbers(texts: Sequence[str], option: str) -> dict[str, float]:
    """NAME=NUMBER pairs; a bare "balanced" is 1."""
    made = {}
    for name, text in pair_list(["balanced=1" if text == "balanced" else text for text in texts], option):
        try:
            made[name] = float(text)
        except ValueError:
            raise UsageError(f"{option} takes a number after =", f'"{name}={text}"') from None
    return made


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """COLUMN=VALUE pairs by column."""
    return dict(pair_list(texts, option))
