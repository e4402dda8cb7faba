"""What the result says of how sure the answers are, in sentences that the report and the terminal share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import items, part
from etabli.faces.words import pick, plain, say
from etabli.faces.words.numbers import decimals, number, real, share

Result = Mapping[str, Any]


def bounds(result: Result, lang: str) -> str:
    """That the file gives p0 and p1, and how far they are apart; "" where it does not."""
    gap = real(part(result, "bounds").get("gap"))
    return "" if gap is None else say("bounds", lang, gap=share(gap, lang, 2))


def guarantee(result: Result, lang: str) -> str:
    """What `--guarantee split` promises, and on what; "" without it."""
    return plain(pick(part(result, "guarantee").get("text"), lang), 600)


def own(result: Result, lang: str) -> str:
    """What the interval of the model's own deviation covers, beside the file's; "" where it has none."""
    facts = part(result, "own_interval")
    got, width = real(facts.get("got")), real(facts.get("width"))
    for entry in items(result, "coverage"):
        level, other, size = (real(entry.get(name)) for name in ("level", "got", "size"))
        if got is not None and width is not None and other is not None and size is not None and abs((level or 0) - 0.9) < 1e-9:
            digits = min(12, decimals(width, size))
            wide = {"width": number(width, lang, digits), "size": number(size, lang, digits)}
            return say("own", lang, level=share(level, lang, 0), got=share(got, lang), other=share(other, lang), **wide)
    return ""


def windows(result: Result, lang: str) -> str:
    """What was covered in each stretch of time at 90 %, those below what chance allows marked; "" in splits that are not forward."""
    for entry in items(result, "coverage"):
        stretches = items(entry, "windows")
        if stretches and abs((real(entry.get("level")) or 0) - 0.9) < 1e-9:
            said = [
                share(one.get("got"), lang) + (" ▼" if (real(one.get("got")) or 0) < (real(one.get("low")) or 0) else "")
                for one in stretches
            ]
            return say("windows", lang, list=" · ".join(said))
    return ""


def crps(result: Result, key: str, lang: str) -> str:
    """The CRPS of the predicted distribution with its interval, beside that of knowing nothing; "" where there is none. key: of the words."""
    facts = part(result, "crps")
    low, high = real(facts.get("low")), real(facts.get("high"))
    if real(facts.get("value")) is None or low is None or high is None:
        return ""
    digits = min(12, decimals(low, high) + 1)
    value, base = (number(facts.get(name), lang, digits) for name in ("value", "baseline"))
    reach = say("to", lang, low=number(low, lang, digits), high=number(high, lang, digits))
    return say(key, lang, value=value, base=base, reach=reach)
