"""What the audit found, ready to read and to act on: grouped by weight, with the command that answers it and the rows it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from etabli.data.audit import LEVELS
from etabli.faces.explore.bounds import written
from etabli.faces.explore.columns import safe
from etabli.faces.explore.look import command
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import CARRIED, State, carried, url
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import count, number, real
from etabli.records import Finding

FACTS = 8  # of the evidence that are listed
NAMED = 12  # columns that are chips
_FLAG = re.compile(r"""--(?:ignore|kind|missing|group|time-column|weights|task) (?:'(?:[^']|'"'"')*'|[^\s;,]+)""")
_READ = ("words-as-missing", "hidden-missing", "missing-texts", "infinite-values")


def groups(opened: Opened, state: State) -> list[dict[str, Any]]:
    """Findings by level, refusals first; levels without any are left out."""
    every = list(enumerate(opened.findings, 1))
    return [
        {"level": level, "findings": [view(finding, place, opened, state) for place, finding in every if finding.level == level]}
        for level in LEVELS
        if any(finding.level == level for _, finding in every)
    ]


def view(finding: Finding, place: int, opened: Opened, state: State) -> dict[str, Any]:
    """One finding in words. place: its number in the file's list, from 1."""
    from etabli.faces.report.sparkle import picture

    lang = opened.lang
    drawn = picture({"target": opened.target or ""}, {"picture": finding.evidence.get("picture")}, lang)
    return {
        "id": f"w{place}",
        "level": finding.level,
        "code": known("finding", finding.code, lang),
        "text": pick(finding.text, lang),
        "cure": pick(finding.cure, lang),
        "columns": [
            {"name": plain(name, 60) or "∅", "link": carried(state, url("/column", name))}
            for name in finding.columns[:NAMED]
            if name in opened.by_name
        ],
        "rest": max(0, len(finding.columns) - NAMED),
        "picture": {"svg": safe(drawn["svg"]), "caption": drawn["caption"], "table": _numbers(finding, lang)} if drawn else None,
        "facts": facts(finding, lang),
        "command": ready(finding, opened, state),
        "rows": rows(finding, opened, state),
    }


def ready(finding: Finding, opened: Opened, state: State) -> str:
    """The fit that follows the cure, ready to copy; "" where the cure is no flag, or asks for a word that only a person knows."""
    cure = str(finding.cure.get("en", ""))
    found = [flag.removesuffix(".") if flag.startswith("--task") else flag for flag in _FLAG.findall(cure)]
    found = [flag for flag in found if "NAME" not in flag and "..." not in flag]
    flags = [flag for flag in found if flag.split()[0] == found[0].split()[0]]  # two options are two ways, the first is taken
    return command(opened, state, *flags) if flags else ""


def rows(finding: Finding, opened: Opened, state: State) -> list[dict[str, str]]:
    """Links to the rows a finding is about, where a filter can say them."""
    name = next((name for name in finding.columns if name in opened.by_name), "")
    if not name:
        return []
    column, made = opened.by_name[name], list[tuple[str, str, str]]()
    value = finding.evidence.get("value")
    if finding.code in ("hidden_missing", "capped") and isinstance(value, float):
        made.append((f"{name}__eq", written(column, value), f"{plain(name, 40)} = {value:g}"))
    elif finding.code == "missing_level":
        levels: Mapping[str, str] = finding.evidence.get("levels", {})
        made += [
            (f"{one}__eq", text, f"{plain(one, 40)} = {plain(text, 24)}") for one, text in list(levels.items())[:4] if one in opened.by_name
        ]
    elif finding.code in ("telling_gaps", *_READ):
        made += [(f"{one}__missing", "1", plain(one, 40)) for one in finding.columns[:4] if one in opened.by_name]
    elif finding.code in ("rare_class", "small_class", "imbalance"):
        labels = finding.evidence.get("rows", {})
        made += [(f"{name}__eq", label, f"{plain(name, 40)} = {plain(label, 24)}") for label in list(labels)[:4]]
    chosen = tuple(pair for pair in state.pairs if pair[0] in CARRIED)
    return [{"text": text, "link": State("/rows", ((key, asked), *chosen)).link} for key, asked, text in made]


def facts(finding: Finding, lang: str) -> list[tuple[str, str]]:
    """The evidence that is numbers and short texts, by name."""
    found = []
    for key, value in finding.evidence.items():
        if isinstance(value, bool) or key == "picture":
            continue
        shown = _shown(value, lang)
        if shown:
            found.append((known("evidence", key, lang), shown))
    return found[:FACTS]


def _shown(value: Any, lang: str) -> str:
    if isinstance(value, int):
        return count(value, lang)
    if isinstance(value, float):
        return count(value, lang) if value.is_integer() and abs(value) < 1e15 else number(value, lang, 4)
    if isinstance(value, str):
        return plain(value, 80)
    if isinstance(value, Mapping) and value and all(isinstance(v, int | float | str) for v in value.values()):
        listed = [f"{plain(k, 30)}: {_shown(v, lang)}" for k, v in list(value.items())[:6]]
        return "; ".join(listed) + (" …" if len(value) > 6 else "")
    return ""


def _numbers(finding: Finding, lang: str) -> list[tuple[str, str]]:
    """The table of a finding's picture."""
    picture: Mapping[str, Any] = finding.evidence["picture"]
    names = {"filled": say("spark.filled", lang), "missing": say("spark.gap", lang)}
    return [
        (names.get(str(x), number(x, lang, 3) if real(x) is not None else plain(x, 40)), number(y, lang, 3))
        for x, y in zip(picture.get("x", ()), picture.get("y", ()), strict=False)
    ]
