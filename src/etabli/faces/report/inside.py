"""What can be read in a simple winner, with the report's words: see `work/inside.py` for the facts and `faces/inside.py` for the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces import inside
from etabli.faces.report.pictures import items, needed, part, places
from etabli.faces.words import cell, plain, say
from etabli.faces.words.numbers import decimals, number, real, share

Result = Mapping[str, Any]


def tree(result: Result, lang: str, width: float) -> str:
    """The questions of a decision tree."""
    root = part(part(result, "inside"), "tree") or part(part(result, "tree"), "tree")
    if not root:
        return ""
    classes = [plain(name, 30) for name in result.get("classes") or ()]
    words = {"yes": say("yes", lang), "no": say("no", lang), "missing": say("tree.missing", lang), "there": say("tree.there", lang)}

    def leaf(value: Any) -> str:
        if not classes:
            return number(value[0], lang, decimals(None, None, real(value[0]) or 1.0) + 1)
        shares = [1 - value[0], value[0]] if len(value) == 1 else list(value)
        best = max(range(len(shares)), key=shares.__getitem__)
        return f"{classes[best]} {share(shares[best], lang, 0)}"

    leaves = sum(1 for _ in _leaves(root))
    title = say("plot.tree", lang, leaves=leaves, first=plain(root.get("feature") or "", 60))
    return inside.tree(root, title, width, words, lambda v: _short(float(f"{v:.4g}"), lang), leaf)


def _leaves(node: Mapping[str, Any]) -> Any:
    if "feature" not in node:
        yield node
    else:
        yield from _leaves(node["yes"])
        yield from _leaves(node["no"])


def _short(value: float, lang: str) -> str:
    """Six significant digits at most, none that says nothing: years and ticks between them stay apart."""
    return number(value, lang, needed(float(f"{value:.6g}")))


def beside(result: Result, lang: str) -> dict[str, str] | None:
    """The name and score of a tree that is not the winner's; None where the winner is one, or none was found."""
    facts = part(result, "tree")
    if not facts or part(part(result, "inside"), "tree"):
        return None
    digits = places(result) + 1
    return {
        "name": plain(facts.get("name"), 80),
        "score": number(facts.get("score"), lang, digits),
        "best": number(facts.get("winner"), lang, digits),
    }


def coefficients(result: Result, lang: str) -> list[tuple[str, str, str, str]]:
    """(column, level, what it adds, over what) of a winner whose effects are straight lines and levels; [] for any other."""
    every = items(part(result, "inside"), "effects")
    if not any(real(one.get("slope")) is not None for one in every):
        return []
    lines = []
    for one in every:
        name, slope = cell(one.get("column"), 60), real(one.get("slope"))
        if slope is not None:
            ends = say("to", lang, low=_short(float(one["x"][0]), lang), high=_short(float(one["x"][-1]), lang))
            lines.append((name, "", _signed(slope, lang), ends))
        elif one.get("kind") not in ("number", "date"):
            names = [say("no", lang), say("yes", lang)] if one.get("kind") == "flag" else [cell(x, 60) for x in one["x"]]
            lines += [(name, level, _signed(float(value), lang), "") for level, value in zip(names, one["effect"], strict=True)]
    return lines


def _signed(value: float, lang: str) -> str:
    return ("+" if value > 0 else "") + number(value, lang, max(0, decimals(None, None, value) + 1))


def count(result: Result) -> int:
    """Columns whose effect is drawn."""
    return len(items(part(result, "inside"), "effects"))


def effect(result: Result, lang: str, width: float, place: int) -> str:
    """The effect of one column of an additive model."""
    every = items(part(result, "inside"), "effects")
    one = every[place]
    values = [float(v) for entry in every for v in entry["effect"]]
    ends = (min(0.0, *values), max(0.0, *values))
    name = plain(one["column"], 60)
    title = say("plot.effect", lang, column=name)
    half = (width - 24) / 2 if width > 500 else width

    def show(v: float) -> str:
        return _short(v, lang)

    if one["kind"] in ("number", "date"):
        return inside.curve(one["x"], one["effect"], ends, title, half, show, name)
    names = [say("no", lang), say("yes", lang)] if one["kind"] == "flag" else [str(x) for x in one["x"]]
    return inside.bars(names, one["effect"], ends, title, half, show)
