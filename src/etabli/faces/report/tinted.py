"""The ways in which the picture of the rows may be coloured: by group, by what may be believed of a row, by any column that the result kept.

All choices are made here (steps of a number, the levels with a colour of their own, the key below the picture): the page is drawn in the first way without a
script, and `tints.js` puts the other ways in place of it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.faces.explore.scatter import DOT, SHAPES
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import NONE, real, share

STEPS = 16  # of the scale of numbers
COLOURS = 7  # levels with a colour of their own; the others share grey
LETTERS = "abcdefghijklmnop"  # a step or a level each; "-" missing, "." another level
RAMP = (  # plasma (Smith & van der Walt 2015), the part of it that stands out from the paper; from the dark end on
    ("#0d0887 #260591 #3a049a #4c02a1 #5d01a6 #6e00a8 #7e03a8 #8e0ca4 #9c179e #aa2395 #b6308b #c13b82 #cc4778 #d5536f #de5f65 #e56b5d"),
    ("#8e0ca4 #9c179e #aa2395 #b6308b #c13b82 #cc4778 #d5536f #de5f65 #e56b5d #ed7953 #f3874a #f89540 #fca537 #feb72d #fcce25 #f0f921"),
)
STYLE = "".join(f".q{i}{{--tint:{colour}}}" for i, colour in enumerate(RAMP[0].split()))
STYLE += "@media screen and (prefers-color-scheme:dark){" + "".join(f".q{i}{{--tint:{c}}}" for i, c in enumerate(RAMP[1].split())) + "}"

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Tint:
    """One way. codes: a letter of LETTERS, "-" or "." for each row. ordered: steps of a number, with the ends of the scale. names: of levels, by letter.
    told: words beside the choice. cells: what a row's value is, for the words on it."""

    name: str
    codes: str
    ordered: bool
    told: str = ""
    ends: tuple[str, str] = ("", "")
    names: Sequence[str] = ()
    cells: Mapping[str, Any] = field(default_factory=dict)


def tints(result: Result, lang: str) -> list[Tint]:
    """Every way, the first one first: the column asked for, else the groups, else the known column that the picture tells most of."""
    points = part(result, "points")
    columns = [_column(one, lang) for one in items(points, "columns")]
    groups = [_groups(result, points, lang)] if points.get("label") else []
    trusted = [
        _number(say(f"tint.{name}", lang), points[name], lang, say(f"tint.{name}.told", lang), "share" if name == "kept" else "")
        for name in ("kept", "moved")
        if any(real(v) is not None for v in points.get(name) or ())
    ]
    asked = points.get("colour") not in (None, "none")
    if groups and not asked:
        return groups + trusted + columns
    return columns[:1] + groups + trusted + columns[1:]


def _groups(result: Result, points: Mapping[str, Any], lang: str) -> Tint:
    from etabli.faces.report.seen import caption, groups

    look, labels = dict(groups(result)), [str(label) for label in points["label"]]
    names = [f"{name} ({size})" if size else name for name, size, place in caption(result, lang) if place >= 0]
    codes = "".join(LETTERS[look[v]] if look.get(v, -1) >= 0 else "." for v in labels)
    order = list(dict.fromkeys(labels))
    return Tint(
        say("tint.group", lang) if result.get("task") == "cluster" else "",
        codes,
        False,
        names=names,
        cells={"levels": order, "places": [order.index(v) for v in labels]},
    )


def _column(one: Mapping[str, Any], lang: str) -> Tint:
    name, told = plain(one.get("name"), 60), say("tint.told", lang, share=share(one.get("told"), lang, 0))
    told += "" if one.get("used") else " " + say("tint.unused", lang)
    if one.get("levels") is None:
        return _number(name, one.get("values") or (), lang, told, str(one.get("kind")))
    levels = [plain(level, 60) or "∅" for level in one["levels"]]
    codes = [int(code) for code in one.get("codes") or ()]
    text = "".join("-" if k < 0 else LETTERS[k] if k < COLOURS else "." for k in codes)
    return Tint(name, text, False, told, names=levels[:COLOURS], cells={"levels": [*levels, say("tint.other", lang)], "places": codes})


def _number(name: str, values: Sequence[Any], lang: str, told: str, kind: str) -> Tint:
    """Even steps between the 2 % and 98 % points: a long tail does not take the whole scale."""
    x = np.array([v if (v := real(value)) is not None else np.nan for value in values])
    known = x[np.isfinite(x)]
    low, high = (float(v) for v in np.quantile(known, (0.02, 0.98))) if len(known) else (0.0, 1.0)
    if high <= low:
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    wide = high - low or 1.0
    step = np.clip(np.nan_to_num((x - low) / wide * STEPS), 0, STEPS - 1).astype(int)
    codes = "".join("-" if np.isnan(v) else LETTERS[k] for v, k in zip(x, step, strict=True))
    below, above = bool((known < low).any()), bool((known > high).any())
    ends = f"{'≤ ' if below else ''}{shown(low, kind, wide, lang)}", f"{'≥ ' if above else ''}{shown(high, kind, wide, lang)}"
    return Tint(name, codes, True, told, ends, cells={"values": list(values), "kind": kind})


def shown(value: float, kind: str, wide: float, lang: str) -> str:
    """An end of the scale."""
    if kind == "date":
        return str(np.datetime64(round(value), "s").astype("datetime64[D]")) if abs(value) < 1e11 else NONE
    if kind == "share":
        return share(value, lang, 0)
    places = int(max(0, min(6, 1 - np.floor(np.log10(wide)))))
    from etabli.judge.sentence import number

    return number(value, places, lang)


def look(letter: str, ordered: bool) -> str:
    """The class of a mark."""
    return "g-none" if letter in "-." else f"{'q' if ordered else 'g'}{LETTERS.index(letter)}"


def shape(letter: str, ordered: bool) -> str:
    """The path of a mark around its place; a missing cell is a dot."""
    return DOT if letter == "-" else SHAPES[7] if letter == "." else SHAPES[0 if ordered else LETTERS.index(letter) % len(SHAPES)]


def view(result: Result, lang: str) -> dict[str, Any] | None:
    """What `parts/rowmap.html` shows; None where there are no ways to choose from."""
    every, points = tints(result, lang), part(result, "points")
    if len(every) < 2 or len(every[0].codes) != len(points.get("x") or ()):
        return None
    left = int(real(points.get("left")) or 0)
    script, packed = _script(), json.dumps(_facts(every, points, lang), ensure_ascii=False, separators=(",", ":"))
    return {
        "ways": [{"name": one.name, "told": one.told, "key": _key(one)} for one in every],
        "left": say("tint.left", lang, n=left) if left else "",
        "data": _safe(base64.b64encode(gzip.compress(packed.encode(), 9, mtime=0)).decode()),
        "script": _safe(script),
        "hash": _safe(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"),
    }


def _facts(every: Sequence[Tint], points: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What the script needs."""
    at = [[round(float(real(v) or 0.0), 5) for v in points[axis]] for axis in ("x", "y")]
    marks = {letter: [look(letter, False), shape(letter, False)] for letter in LETTERS[:COLOURS] + "-."}
    return {
        "x": at[0],
        "y": at[1],
        "row": points.get("row") or [],
        "lang": lang,
        "words": {"row": say("tint.row", lang), "missing": say("tint.missing", lang)},
        "marks": marks,
        "disc": SHAPES[0],
        "ways": [{"name": one.name, "codes": one.codes, "ordered": one.ordered, **one.cells} for one in every],
    }


def _key(one: Tint) -> dict[str, Any]:
    """The key below the picture: a scale with its ends, or the levels; then what is left."""
    rest = [letter for letter in ".-" if letter in one.codes]
    return {
        "ends": one.ends if one.ordered else None,
        "steps": [f"q{i}" for i in range(STEPS)] if one.ordered else [],
        "levels": [(look(LETTERS[i], False), shape(LETTERS[i], False), name) for i, name in enumerate(one.names)],
        "rest": [(look(letter, False), shape(letter, False), letter == "-") for letter in rest],
    }


def _script() -> str:
    from etabli.faces.report.trying import shipped

    return shipped("tints.js")


def _safe(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def first(result: Result, name: str | None) -> Result:
    """The same result, coloured by that column first. UsageError when no cells of it were kept."""
    if name is None:
        return result
    points = part(result, "points")
    every = items(points, "columns")
    if name not in [one.get("name") for one in every]:
        known = [str(one.get("name")) for one in every]
        raise UsageError(
            "--colour takes a column whose cells the run kept for its picture",
            f'"{name}"',
            did_you_mean(name, known) or ("columns: " + ", ".join(known[:20]) if known else "etabli map and etabli cluster keep cells"),
        )
    columns = sorted(every, key=lambda one: one.get("name") != name)
    return {**result, "points": {**points, "columns": columns, "colour": name}}
