"""What people read for a candidate's name, "tabm 8 members, 3 × 128 (rank, one-hot)": the family in words, and its setting.

The name itself (`records.Setting.name`) is data: it stands in result.json and is the same in every language. Here the family gets its words, and what is
a word in the setting (how the columns were prepared, what kind of network) is put into French; names of parameters stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces.words import known, plain, vocabulary
from etabli.faces.words.reasons import reason

FRENCH: Mapping[str, str] = {
    r"\brank\b(?=[,)])": "rangs",
    r"\bscaled\b(?=[,)])": "centrés réduits",
    r"\bone-hot\b(?=[,)])": "indicatrices",
    r"\btarget\b(?=[,)])": "cible",
    r"\bfrequency\b(?=[,)])": "fréquences",
    r"\bcrosses\b(?=[,)])": "croisements",
    r"\bmap (\d+)": r"carte \1",
    r"\bclusters\b(?=[,)])": "groupes",
    r"\bautoencoder (\d+)": r"auto-encodeur \1",
    r"\bmembers\b": "membres",
    r"\bno dropout\b": "sans dropout",
    r"\bresidual\b(?!=)": "résiduel",
    r"\bwaves\b(?!=)": "ondes",
    r"(\d) trees\b": r"\1 arbres",
}
PREPARED = re.compile(r" \(([^()]*)\)$")
USUAL = frozenset(("raw", "scaled", "rank", "codes", "one-hot", "target", "frequency"))


def titled(name: Any, lang: str) -> tuple[str, str]:
    """(the family in words, its setting) of a candidate's name; of any other name (a combination of 3) all of it, and ""."""
    whole = plain(name)
    if (said := reason(whole, lang)) != whole or re.fullmatch(r"combination of \d+", whole):
        return said, ""
    head, _, rest = whole.partition(" ")
    if "=" in rest or not rest or f"family.{head}" in vocabulary(lang):
        return known("family", head, lang), _setting(rest, lang)
    return whole, ""


def named(name: Any, lang: str, limit: int = 60) -> str:
    """A candidate's name for people, in one line; the middle of a longer one is left out."""
    return plain(" ".join(titled(name, lang)).strip(), limit)


def bracketed(name: Any, lang: str, limit: int) -> str:
    """In running text: LightGBM (RF-1, 100 trees; rank, one-hot), no bracket within a bracket."""
    family, setting = titled(name or "?", lang)
    inside = PREPARED.sub(r"; \1", f" {setting}").strip(" ;")
    return plain(f"{family} ({inside})" if inside else family, limit)


def together(names: Sequence[Any], lang: str, limit: int) -> list[str]:
    """Names that stand under each other. One that is too long leaves out how its columns were prepared, if it stays the only one of its name."""
    stems = [_stem(str(name)) for name in names]
    short = [
        stem if stems.count(stem) == 1 and len(named(name, lang, 0)) > limit else name for name, stem in zip(names, stems, strict=True)
    ]
    return [named(name, lang, limit) for name in short]


def _stem(name: str) -> str:
    """The name without the usual words of preparation: "(rank, one-hot, map 3)" leaves "(map 3)"."""
    if (found := PREPARED.search(name)) is None:
        return name
    special = [word for word in found[1].split(", ") if word not in USUAL]
    return name[: found.start()] + (f" ({', '.join(special)})" if special else "")


def _setting(rest: str, lang: str) -> str:
    if lang == "fr":
        for pattern, french in FRENCH.items():
            rest = re.sub(pattern, french, rest)
    return rest
