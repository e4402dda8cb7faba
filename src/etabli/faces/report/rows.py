"""From the result to the words and tables of the page: everything already formatted, so that the template only places it.

The result is one JSON-able mapping. Scores, `honest`, `baseline` and `difference` are in the metric's own units; a `difference` is
candidate minus winner. Shares are 0 to 1. The leaderboard is best first and holds the baseline. Any key may be null or absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces.report import curves, doubtful, explained, groups, inside, learning, network, sparkle, sure, tables
from etabli.faces.report.facts import audited, comparison, facts, limits
from etabli.faces.report.left import left, untried
from etabli.faces.report.methods import methods
from etabli.faces.report.methods.card import card
from etabli.faces.report.pictures import is_winner, items, look_of, others, part, percent, places, shown, title_of, winner_of
from etabli.faces.report.snippets import model_file, snippets
from etabli.faces.words import cell, known, pick, plain, say, spaced
from etabli.faces.words.candidates import bracketed
from etabli.faces.words.numbers import NONE, count, decimals, duration, number, real, share, signed
from etabli.faces.words.reasons import reason

CANDIDATES, FINDINGS, CHIPS = 200, 40, 6
AFTER = ("group-alarm", "group-alike", "time-alarm", "time-harder", "order-alarm", "doubtful_labels")  # findings of the models' errors
CHANCE = 1.5  # a calibration error up to this many times that of chance is called fine

Result = Mapping[str, Any]
View = dict[str, Any]


def view(result: Result, lang: str) -> View:
    """Everything the template shows, by section."""
    return {
        "target": plain(result.get("target") or "?", 80),
        "task": known("task", result.get("task") or "?", lang),
        "model": plain(model_file(result.get("model")), 60) if result.get("model") else "",
        "rows": count(result.get("rows"), lang),
        "columns_count": count(len(items(result, "columns")), lang),
        "sentence": spaced(pick(result.get("sentence"), lang), lang),
        "signal": has_signal(result),
        "tiles": _tiles(result, lang),
        "winner": _winner(result, lang),
        "test": _test(result, lang),
        "split": _split(result, lang),
        "comparison": comparison(result, lang),
        "audited": audited(result, lang),
        "findings": noted(result, lang),
        "board": _board(result, lang),
        "left": left(result, lang),
        "effects": [plain(e.get("column"), 60) for e in items(part(result, "inside"), "effects")],
        "tree": inside.beside(result, lang),
        "coefficients": inside.coefficients(result, lang),
        "explained": explained.view(result, lang),
        "learning": learning.view(result, lang),
        "network": network.view(result, lang),
        "calibration": _calibration(result, lang),
        "curves": curves.view(result, lang),
        "residuals": _residuals(result, lang),
        "coverage": _coverage(result, lang),
        "guarantee": sure.guarantee(result, lang),
        "windows": sure.windows(result, lang),
        "own": sure.own(result, lang),
        "confusion": tables.confusion(result, lang),
        "by": groups.view(result, lang),
        "parts": groups.parts(result, lang),
        "doubtful": doubtful.view(result, lang),
        "proof": tables.proof(result, lang),
        "snippets": snippets(result),
        "facts": facts(result, lang),
        "columns": tables.columns(result, lang),
        "aside": [(plain(e.get("name"), 80), pick(e.get("reason"), lang)) for e in items(result, "set_aside")],
        "limits": limits(result, lang),
        "methods": methods(result, lang),
        "card": card(result, lang),
    }


def has_signal(result: Result) -> bool | None:
    """Whether the columns predict the target, as the sentence above it says (`evidence`: row by row the winner may be plainly better, though
    one row makes the interval wide); of a result without that word, whether its interval is clear of the baseline. None: unknown."""
    if untried(result):
        return None
    if isinstance(result.get("evidence"), bool):
        return bool(result["evidence"])
    honest, base = part(result, "honest"), real(part(result, "baseline").get("value"))
    edge = real(honest.get("low" if result.get("greater_is_better") else "high"))
    if edge is None or base is None:
        return None
    return edge > base if result.get("greater_is_better") else edge < base


def _reach(facts: Mapping[str, Any], lang: str, digits: int) -> str:
    if real(facts.get("low")) is None or real(facts.get("high")) is None:
        return ""
    return say("to", lang, low=number(facts["low"], lang, digits), high=number(facts["high"], lang, digits))


def _tiles(result: Result, lang: str) -> list[View]:
    """The four figures at the top: name, value, what stands under it."""
    digits, honest, base = places(result), part(result, "honest"), part(result, "baseline")
    metric = known("metric", result.get("metric") or "?", lang)
    better = say("greater" if result.get("greater_is_better") else "less", lang)
    tiles: list[View] = [
        {
            "name": say("honest", lang),
            "value": number(honest.get("value"), lang, digits),
            "under": _reach(honest, lang, digits),
            "more": f"{metric}, {better}",
        },
        {
            "name": say("baseline", lang),
            "value": number(base.get("value"), lang, digits),
            "under": plain(title_of(base, lang)[0] if base.get("name") else "", 40),
            "more": metric,
        },
    ]
    levels = items(result, "coverage")
    if levels:
        main = min(levels, key=lambda e: abs((real(e.get("level")) or 0) - 0.9))
        kind = "tile.interval" if result.get("task") == "regression" else "tile.set"
        tiles.append(
            {
                "name": say("coverage", lang),
                "value": share(main.get("got"), lang),
                "under": say(kind, lang),
                "more": say("tile.asked", lang, level=share(main.get("level"), lang, 0)),
            }
        )
    proof = part(result, "proof")
    if proof:
        wrong = real(proof.get("label_mismatches")) or 0
        tiles.append(
            {
                "name": say("proof", lang),
                "value": known("verdict", proof.get("verdict") or "?", lang),
                "words": True,
                "under": say("tile.labels", lang, n=wrong, count=count(wrong, lang)) if result.get("classes") else "",
                "more": say("tile.rows", lang, rows=count(proof.get("rows"), lang)),
            }
        )
    return tiles


def _winner(result: Result, lang: str) -> View:
    facts = part(result, "winner")
    tied = others(result)
    simplest = result.get("simplest")
    tried = result.get("tried")
    return {
        "name": reason(_titled(facts, lang), lang),
        "final": known("final", facts["final"], lang) if facts.get("final") else "",
        "members": [(_titled(m, lang), share(m.get("weight"), lang, 0)) for m in items(facts, "members")],
        "tried": say("tried", lang, n=tried, count=count(tried, lang)) if real(tried) is not None else "",
        "rounds": rounds(result, lang),
        "tied": say("tied", lang, n=tied, count=count(tied, lang)),
        "simplest": ""
        if not simplest or not tied
        else say("simplest.same" if simplest == winner_of(result) else "simplest", lang, name=_titled({"name": simplest}, lang)),
    }


def rounds(result: Result, lang: str) -> str:
    """A sentence when ideas were added to the table more than once; "" otherwise."""
    times, tried = len(items(result, "rounds")), real(result.get("tried"))
    return say("rounds", lang, rounds=count(times, lang), count=count(tried, lang)) if times > 1 and tried is not None else ""


def _titled(entry: Mapping[str, Any], lang: str) -> str:
    """A candidate in running text: LightGBM (num_leaves=31)."""
    return bracketed(entry.get("name") or entry.get("family") or "?", lang, 120)


def _test(result: Result, lang: str) -> View:
    digits, facts = places(result), part(result, "test")
    lines = []
    for name, value in facts.items():
        main = name == result.get("metric")
        reach = _reach(part(result, "test_interval"), lang, digits) if main else ""
        lines.append((known("metric", name, lang), number(value, lang, digits if main else _four(value)), reach))
    return {"lines": lines, "rows": count(part(result, "split").get("test_rows"), lang)}


def _four(value: Any) -> int:
    """Decimals of a number told with four significant digits, three at the most."""
    size = abs(real(value) or 0.0)
    return max(0, 3 - max(0, len(str(int(size))) - 1)) if size >= 1 else 3


def _split(result: Result, lang: str) -> View:
    facts = part(result, "split")
    why = pick(facts.get("reason"), lang)
    return {
        "kind": known("split", facts["kind"], lang) if facts.get("kind") else "",
        "folds": count(facts.get("folds"), lang),
        "reason": why[:1].upper() + why[1:].removesuffix(".") + "." if why else "",
    }


def noted(result: Result, lang: str) -> View:
    """The findings, the gravest first."""
    order = {"refuse": 0, "warn": 1, "note": 2}
    found = sorted(items(result, "warnings"), key=lambda f: order.get(str(f.get("level")), 1))
    made = []
    for f in found[:FINDINGS]:
        level = f.get("level") if f.get("level") in order else "warn"
        columns = [plain(c, 40) for c in f.get("columns") or ()]
        made.append(
            {
                "level": level,
                "after": f.get("code") in AFTER,
                "word": say(f"level.{level}", lang),
                "code": plain(f.get("code") or "", 40),
                "columns": columns[:CHIPS],
                "rest": say("more", lang, count=count(len(columns) - CHIPS, lang)) if len(columns) > CHIPS else "",
                "text": plain(pick(f.get("text"), lang), 600),
                "cure": plain(pick(f.get("cure"), lang), 400),
                "picture": sparkle.picture(result, f, lang),
            }
        )
    wrong = sum(f.get("level") in ("refuse", "warn") for f in found)
    counted = say("findings.count", lang, n=wrong, count=count(wrong, lang)) if wrong else ""
    return {
        "list": made,
        "count": counted,
        "rest": say("more", lang, count=count(len(found) - FINDINGS, lang)) if len(found) > FINDINGS else "",
    }


def _board(result: Result, lang: str) -> View:
    every = items(result, "leaderboard")
    digits, drawn = places(result) + 1, shown(result)
    gaps = [
        decimals(part(e, "difference").get("low"), part(e, "difference").get("high"))
        for e in every
        if real(part(e, "difference").get("low")) is not None
    ]
    fine = max(digits, min(digits + 2, max(gaps[:8], default=digits)))
    lines = []
    for e in every[:CANDIDATES]:
        gap, (label, detail) = part(e, "difference"), title_of(e, lang)
        winner = is_winner(e, result)
        look = look_of(e, result)
        lines.append(
            {
                "label": cell(label, 60),
                "detail": cell(detail, 120),
                "look": look,
                "word": say("state.winner" if winner else f"state.{look}", lang),
                "score": number(e.get("score"), lang, digits),
                "difference": "" if winner else signed(gap.get("value"), lang, fine),
                "reach": "" if winner else _between(gap, lang, fine),
                "corrected": "" if winner else _between(part(e, "corrected"), lang, fine),
                "folds": count(e.get("folds"), lang),
                "seconds": duration(e.get("seconds"), lang),
            }
        )
    return {
        "lines": lines,
        "corrected": any(line["corrected"] for line in lines),
        "metric": known("metric", result.get("metric") or "?", lang),
        "rest": say("more", lang, count=count(len(every) - CANDIDATES, lang)) if len(every) > CANDIDATES else "",
        "undrawn": say("undrawn", lang, count=count(len(every) - len(drawn), lang)) if len(every) > len(drawn) else "",
    }


def _between(ends: Mapping[str, Any], lang: str, digits: int) -> str:
    """Two differences of score with their signs."""
    if real(ends.get("low")) is None or real(ends.get("high")) is None:
        return ""
    return say("to", lang, low=signed(ends["low"], lang, digits), high=signed(ends["high"], lang, digits))


def _calibration(result: Result, lang: str) -> View | None:
    facts = part(result, "calibration")
    if not facts:
        return None
    table = [
        (
            share(b.get("predicted"), lang),
            share(b.get("observed"), lang),
            say("to", lang, low=share(b.get("low"), lang), high=share(b.get("high"), lang)),
            count(b.get("rows"), lang),
        )
        for b in items(facts, "bins")
    ]
    error, chance = real(facts.get("ece")), real(facts.get("ece_null"))
    said = ""
    if error is not None and chance is not None:
        said = say(
            "calibration.fine" if error <= CHANCE * chance else "calibration.poor",
            lang,
            ece=share(error, lang, 2),
            null=share(chance, lang, 2),
        )
    methods = [name for name in str(facts.get("method") or "").split("+") if name]
    methods = [name for name in methods if name != "raw"] or methods[:1]
    return {
        "bounds": sure.bounds(result, lang),
        "method": ", ".join(known("method", name, lang) for name in methods),
        "said": said,
        "table": table,
    }


def _residuals(result: Result, lang: str) -> View | None:
    facts = part(result, "residuals")
    if not facts:
        return None
    kind = part(result, "interval")
    width = real(kind.get("width"))
    digits = max(0, decimals(None, None, width) - 1) if width else 3
    return {
        "quantiles": [f"{percent(level, lang)}: {number(value, lang, digits)}" for level, value in part(facts, "quantiles").items()],
        "interval": say("interval", lang, kind=known("interval", kind.get("kind") or "?", lang), width=number(width, lang, digits))
        if width is not None
        else "",
        "crps": sure.crps(result, "crps", lang),
    }


def _coverage(result: Result, lang: str) -> list[View]:
    lines = []
    for e in items(result, "coverage"):
        band, worst = e.get("band"), part(e, "worst")
        reach = say("to", lang, low=share(e.get("low"), lang), high=share(e.get("high"), lang))
        allowed = (
            say("to", lang, low=share(band[0], lang), high=share(band[1], lang)) if isinstance(band, Sequence) and len(band) == 2 else NONE
        )
        lines.append(
            {
                "level": share(e.get("level"), lang, 0),
                "got": share(e.get("got"), lang),
                "reach": NONE if reach == allowed or real(e.get("low")) is None else reach,
                "band": allowed,
                "worst": _worst(worst, lang),
            }
        )
    return lines


def _worst(worst: Mapping[str, Any], lang: str) -> str:
    if not worst:
        return NONE
    key = "worst" if real(worst.get("rows")) is not None else "worst.alone"
    return say(key, lang, group=plain(worst.get("group"), 60), got=share(worst.get("got"), lang), rows=count(worst.get("rows"), lang))
