"""A slice of the rows in words: "age ≤ 28 and job = student"."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from etabli.judge.slices import Condition
from etabli.records import Table, Words

MISSING = {"en": "{name} is missing", "fr": "{name} manque"}
FLAG = {"en": ("no", "yes"), "fr": ("non", "oui")}
AND = {"en": " and ", "fr": " et "}


def told(conditions: Sequence[Condition], table: Table) -> Words:
    """The conditions as one text in each language."""
    return {language: AND[language].join(_one(condition, table, language) for condition in conditions) for language in ("en", "fr")}


def _one(condition: Condition, table: Table, language: str) -> str:
    name, kind = condition.column, table.column(condition.column).kind
    if condition.missing:
        return MISSING[language].format(name=name)
    if condition.level is not None:
        return f"{name} = {FLAG[language][condition.level] if kind == 'flag' else table.levels[name][condition.level]}"

    def shown(value: float) -> str:
        return written(value, kind, language)

    if condition.low is None:
        return f"{name} ≤ {shown(condition.high or 0.0)}"
    if condition.high is None:
        return f"{name} > {shown(condition.low)}"
    return f"{shown(condition.low)} < {name} ≤ {shown(condition.high)}"


def written(value: float, kind: str, language: str) -> str:
    """A number with as many digits as tell it from its neighbours, or a day."""
    if kind == "date":
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=value)
        return moment.strftime("%Y-%m-%d" if moment.time() == datetime.time() else "%Y-%m-%d %H:%M")
    text = f"{value:.6g}"
    if "e" in text:
        return text
    whole, _, rest = text.partition(".")
    whole = f"{int(whole):,}" if len(whole.lstrip("-")) > 4 else whole
    text = whole + ("." + rest if rest else "")
    return text if language == "en" else text.replace(",", "\u202f").replace(".", ",")
