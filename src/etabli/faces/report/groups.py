"""The section "by group" of the page: what `--by COL` asked for, in words, panels and a table (facts: `model/by.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.levels import Mark
from etabli.faces.levels import panel as draw
from etabli.faces.report.pictures import items, part
from etabli.faces.words import cell, known, pick, plain, say
from etabli.faces.words.numbers import NONE, count, decimals, number, real, share

DRAWN = ("score", "target", "selection", "true_positive", "false_positive", "right", "gap", "coverage", "size")
TOLD = ("score", "target", "selection", "true_positive", "false_positive", "right", "gap", "ratio", "coverage", "size")
SHARES = {"selection", "true_positive", "false_positive", "right", "coverage"}

Result = Mapping[str, Any]


def view(result: Result, lang: str) -> list[dict[str, Any]]:
    """An entry a column: the words, the titles of its panels, and the table."""
    return [_view(result, e, names, lang) for e, names in zip(items(result, "by"), panels(result), strict=True)]


def _view(result: Result, entry: Mapping[str, Any], names: list[str], lang: str) -> dict[str, Any]:
    told = [name for name in TOLD if any(name in part(level, "measures") for level in items(entry, "levels"))]
    with_ece = any(part(level, "ece") for level in items(entry, "levels"))
    lines = []
    for level in items(entry, "levels"):
        values = [_cell(result, name, part(part(level, "measures"), name), lang) for name in told]
        if with_ece:
            ece = part(level, "ece")
            values.append(
                f"{number(ece['value'], lang, 3)} ({number(ece.get('high'), lang, 3)})" if real(ece.get("value")) is not None else NONE
            )
        lines.append({"level": cell(pick(level.get("level"), lang), 60), "rows": count(level.get("rows"), lang), "cells": values})
    return {
        "column": plain(entry.get("column"), 60),
        "words": pick(entry.get("words"), lang),
        "said": [_capital(pick(one, lang)) for one in entry.get("said") or ()],
        "titles": [title(result, entry, name, lang) for name in names],
        "first": [name == "score" or _apart(entry, name) for name in names],
        "banded": "coverage" in names,
        "heads": ["#" + title(result, entry, name, lang) for name in told] + (["#" + say("by.ece", lang)] if with_ece else []),
        "lines": lines,
    }


def _apart(entry: Mapping[str, Any], name: str) -> bool:
    """Whether a level is apart in a measure: such panels are shown, the others are folded away."""
    for level in items(entry, "levels"):
        one, band = part(part(level, "measures"), name), level.get("band")
        value = real(one.get("value"))
        if one.get("apart") or (name == "coverage" and band and value is not None and value < band[0]):
            return True
    return False


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def panels(result: Result) -> list[list[str]]:
    """Of each column, the measures that are drawn."""
    return [
        [
            name
            for name in DRAWN
            if any(real(part(part(level, "measures"), name).get("value")) is not None for level in items(entry, "levels"))
        ]
        for entry in items(result, "by")
    ]


def title(result: Result, entry: Mapping[str, Any], name: str, lang: str) -> str:
    """What a measure is called."""
    classes = [plain(c, 30) for c in result.get("classes") or ()]
    positive = classes[1] if len(classes) > 1 else ""
    if name == "score":
        return _capital(known("metric", result.get("metric") or "?", lang))
    if name == "target" and classes:
        return say("by.target.share", lang, positive=positive)
    if name == "size" and not classes:
        return say("by.size.width", lang)
    return say(f"by.{name}", lang, positive=positive, level=share(entry.get("level"), lang, 0))


def _shown(result: Result, name: str, value: Any, lang: str, digits: int) -> str:
    if name in SHARES or (name == "target" and result.get("classes")):
        return share(value, lang, max(0, digits - 2))
    return number(value, lang, digits)


def _cell(result: Result, name: str, measure: Mapping[str, Any], lang: str) -> str:
    if real(measure.get("value")) is None:
        return NONE
    digits = decimals(measure.get("low"), measure.get("high"), measure.get("value"))
    text = _shown(result, name, measure["value"], lang, digits)
    if real(measure.get("low")) is None or real(measure.get("high")) is None:
        return text
    ends = (_shown(result, name, measure[end], lang, digits).removesuffix("\u00a0%") for end in ("low", "high"))
    return f"{text} ({' – '.join(ends)})"


def panel(result: Result, lang: str, width: float, place: int, measure: str) -> str:
    """The panel of one measure of one column."""
    entry = items(result, "by")[place]
    marks, digits = [], 0
    for level in items(entry, "levels"):
        one = part(part(level, "measures"), measure)
        if real(one.get("value")) is not None:
            digits = max(digits, decimals(one.get("low"), one.get("high"), one.get("value")))
    for level in items(entry, "levels"):
        one, name = part(part(level, "measures"), measure), pick(level.get("level"), lang)
        band = level.get("band") if measure == "coverage" else None
        value = real(one.get("value"))
        marks.append(
            Mark(
                name,
                value,
                real(one.get("low")),
                real(one.get("high")),
                bool(one.get("apart")) or (band is not None and value is not None and value < band[0]),
                None if band is None else (float(band[0]), float(band[1])),
                _shown(result, measure, value, lang, min(digits, 6)),
                f"{name}: {_cell(result, measure, one, lang)}",
            )
        )
    line = 0.0 if measure == "gap" else real(entry.get("level")) if measure == "coverage" else real(part(entry, "overall").get(measure))
    named = title(result, entry, measure, lang)
    words = say("plot.by", lang, measure=named, column=plain(entry.get("column"), 60), levels="; ".join(m.tip for m in marks))
    half = (width - 24) / 2 if width > 500 else width
    return draw(marks, words, half, lambda v: _shown(result, measure, v, lang, len(f"{v:.6f}".rstrip("0").partition(".")[2])), line)


def parts(result: Result, lang: str) -> dict[str, Any]:
    """Coverage and calibration in every part of every column: a sentence and a table each (facts: `work/parts.py`)."""
    covered, calibrated = part(result, "coverage_by"), part(result, "calibration_by")
    return {
        "coverage": pick(covered.get("words"), lang),
        "covered": [
            (
                cell(e.get("column"), 60),
                cell(pick(e.get("level"), lang), 60),
                *_figures(lang, e.get("rows"), share(e.get("got"), lang), share(e.get("least"), lang)),
            )
            for e in items(covered, "worst")
        ],
        "calibration": pick(calibrated.get("words"), lang),
        "calibrated": [
            (
                cell(e.get("column"), 60),
                cell(pick(e.get("level"), lang), 60) + (f" ({cell(e['class'], 40)})" if e.get("class") is not None else ""),
                *_figures(
                    lang,
                    e.get("rows"),
                    *(number(e.get(key), lang, decimals(e.get("low"), e.get("high"))) for key in ("predicted", "observed")),
                ),
            )
            for e in items(calibrated, "worst")
        ],
    }


def _figures(lang: str, rows: Any, *texts: str) -> tuple[str, ...]:
    return (count(rows, lang), *texts)
