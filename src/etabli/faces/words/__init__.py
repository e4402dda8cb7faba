"""The words people read, in English and French, and the few rules for showing them.

The sentences live in `en.json` and `fr.json` beside this file, one flat key each, so that a translator needs no Python and a
test can compare the keys. A key may have a twin `key.one` that is taken when `n` is one (in French also when it is zero).
French spacing (before `;:?!%»` and after `«`) and curved apostrophes are put in here, so the files hold what a keyboard has.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from etabli.errors import UsageError
from etabli.model.shown import spoken

LANGUAGES = ("en", "fr")
JOINER = "\u2060"  # word joiner: invisible; before a cell that a spreadsheet would take for a formula


def language(asked: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """'en' or 'fr': what was asked (--lang), else LC_ALL, LC_MESSAGES, LANG, else English. UsageError for another language asked."""
    if asked:
        short = asked.strip().casefold()[:2]
        if short not in LANGUAGES:
            raise UsageError("The language is en or fr.", got=f"--lang {plain(asked, 40)}", hint="--lang en, or --lang fr")
        return short
    return spoken(os.environ if environ is None else environ)


@cache
def vocabulary(lang: str) -> Mapping[str, str]:
    """All sentences of one language by key."""
    text = resources.files(__package__).joinpath(f"{lang}.json").read_text(encoding="utf-8")
    words: dict[str, str] = json.loads(text)
    words = {key: re.sub(r"(\w)'(\w)", "\\1’\\2", value) for key, value in words.items()}
    return {key: spaced(value, lang) for key, value in words.items()}


def spaced(text: str, lang: str) -> str:
    """French spacing: a no-break space before double punctuation and inside guillemets. Other languages have none."""
    if lang != "fr":
        return text
    return re.sub(r"« ", "«\u00a0", re.sub(r" ([;:?!%»])", "\u00a0\\1", text))


def say(key: str, lang: str = "en", **values: Any) -> str:
    """The sentence of that key with its values filled in. KeyError for an unknown key (a test reads all keys in use)."""
    words = vocabulary(lang)
    count = values.get("n")
    if count == 0 and f"{key}.none" in words:
        key = f"{key}.none"
    elif isinstance(count, int | float) and (abs(count) < 2 if lang == "fr" else count == 1) and f"{key}.one" in words:
        key = f"{key}.one"
    return words[key].format(**{name: _shown(value) for name, value in values.items()})


def known(prefix: str, value: Any, lang: str = "en") -> str:
    """The words for a code ("task.binary"), or the code itself where we have no word for it (underscores become spaces). A metric
    without a short name here has its title."""
    key = f"{prefix}.{value}"
    if key in vocabulary(lang):
        return vocabulary(lang)[key]
    if prefix == "metric":
        from etabli.judge.metrics import title

        value = title(str(value), lang) or value
    return plain(str(value).replace("_", " "), 60)


def pick(value: Any, lang: str = "en") -> str:
    """Text in that language from {"en": ..., "fr": ...}, from a plain string, or "" from nothing; always safe to show."""
    if isinstance(value, Mapping):
        value = value.get(lang) or value.get("en") or next(iter(value.values()), "")
    return plain(value) if value is not None else ""


def plain(value: Any, limit: int = 0) -> str:
    """A text that cannot harm a page or a terminal, on one line.

    Control characters (escape codes), lone surrogates and direction overrides become U+FFFD, blanks become one space. With
    `limit`, the middle of a longer text is left out.
    """
    text = re.sub(r"[ \t\r\n\f\v]+", " ", str(value)).strip()
    if not text.isascii() or not text.isprintable():
        text = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs") or c in _TURNS else c for c in text)
    if limit and len(text) > limit:
        head = max(1, (limit - 1) * 2 // 3)
        text = text[:head].rstrip() + "…" + text[len(text) - (limit - 1 - head) :].lstrip()
    return text


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def cell(value: Any, limit: int = 0) -> str:
    """`plain`, and harmless when a table is pasted into a spreadsheet: "=1+1" stays text, "-1" stays a number."""
    text = plain(value, limit)
    if text[:1] in ("=", "+", "-", "@"):
        try:
            float(text)
        except ValueError:
            return JOINER + text
    return text


def _shown(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value
