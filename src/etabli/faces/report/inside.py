"""What can be read in a simple winner, with the report's words: see `work/inside.py` for the facts and `faces/inside.py` for the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces import inside
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import decimals, number, real, share

Result = Mapping[str, Any]


def tree(result: Result, lang: str, width: float) -> str:
    """The questions of a decision tree."""
    root = part(part(result, "inside"), "tree")
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
    return inside.tree(root, title, width, words, lambda v: _short(v, lang), leaf)


def _leaves(node: Mapping[str, Any]) -> Any:
    if "feature" not in node:
        yield node
    else:
        yield from _leaves(node["yes"])
        yield from _leaves(node["no"])


def _short(value: float, lang: str) -> str:
    """Four significant digits."""
    text = f"{value:.4g}"
    return number(value, lang, len(text.partition(".")[2])) if "e" not in text else text


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
