"""What the page says of the run itself: how to get the same again, and what the figures do not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.pictures import items, part
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import duration, memory, number, real, share

Result = Mapping[str, Any]


def facts(result: Result, lang: str) -> list[tuple[str, str, bool]]:
    """How to reproduce: (name, value, whether it is typed as code)."""
    budget, hardware = part(result, "budget"), part(result, "hardware")
    spent = duration(result.get("seconds"), lang)
    if budget.get("cut"):
        spent += " (" + (say("stopped", lang) if result.get("ended") == "interrupted" else say("cut", lang)) + ")"
    made = [
        ("command", plain(result.get("command") or ""), True),
        ("python", plain(result.get("python_call") or ""), True),
        ("seed", plain(result["seed"]) if result.get("seed") is not None else "", True),
        ("fingerprint", plain(result.get("fingerprint") or ""), True),
        ("effort", known("effort", budget["effort"], lang) if budget.get("effort") else "", False),
        ("time", duration(budget.get("time"), lang) if real(budget.get("time")) is not None else "", False),
        ("seconds", spent if real(result.get("seconds")) is not None else "", False),
        (
            "hardware",
            say("cores", lang, n=hardware.get("cores"), memory=memory(hardware.get("memory"), lang)) if hardware.get("cores") else "",
            False,
        ),
        ("latency", _latency(part(result, "latency").get("row_us"), lang), False),
        ("versions", ", ".join(f"{plain(k, 40)} {plain(v, 40)}" for k, v in part(result, "versions").items()), False),
        ("run", plain(result.get("run") or ""), True),
        ("model", plain(result.get("model") or ""), True),
    ]
    earlier = [
        (say("fact.round", lang, number=plain(one.get("round"))), plain(one.get("command") or ""), True)
        for one in items(result, "rounds")[:-1]
    ]
    return [*(one for one in earlier if one[1]), *((say(f"fact.{name}", lang), value, code) for name, value, code in made if value)]


def _latency(micro: Any, lang: str) -> str:
    value = real(micro)
    return "" if value is None else f"{number(value / 1000, lang, 2)}\u00a0ms"


def audited(result: Result, lang: str) -> str:
    """What the nested audit said, in one line; "" where it was not asked for."""
    return plain(pick(part(result, "nested").get("text"), lang), 400)


def comparison(result: Result, lang: str) -> list[str]:
    """How the comparison was made, beside its split: one sentence each, as the result has them."""
    found = part(result, "repeats")
    small = (real(result.get("rows")) or 0) < 1_000 and part(result, "budget").get("effort") != "glance"
    repeats = pick(found.get("reason"), lang) if small or (real(found.get("times")) or 1) > 1 else ""
    return [plain(text[:1].upper() + text[1:].removesuffix(".") + ".", 400) for text in (repeats,) if text]


def limits(result: Result, lang: str) -> list[str]:
    """What the figures do not say; only what applies to this run."""
    flagged, told = real(part(result, "novelty").get("flagged_share")), part(result, "explanation")
    rules = [
        ("limit.same", True),
        ("limit.cause", True),
        ("limit.uses", bool(part(result, "explanation").get("importance"))),
        ("explain.late", bool(told) and None in (told.get("importance"), told.get("slices"))),
        ("limit.test", not part(result, "test")),
        ("limit.few", 0 < (real(result.get("rows")) or 0) < 500),
        ("limit.cut", bool(part(result, "budget").get("cut")) and result.get("ended") != "interrupted"),
        ("limit.stopped", bool(part(result, "budget").get("cut")) and result.get("ended") == "interrupted"),
        ("limit.coverage", bool(items(result, "coverage"))),
    ]
    said = [say(key, lang) for key, holds in rules if holds]
    if flagged is not None:
        said.append(say("limit.novelty", lang, share=share(flagged, lang)))
    return said
