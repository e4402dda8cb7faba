"""What a column is, inferred from its cells, with the reason and how sure.

Two questions, asked apart: how the texts are read (`reading`: numbers, dates or words, decided for the whole column, never cell
by cell) and what the column then is (`kind_of_doubles`, `kind_of_strings`). Rules, not guesses: a number stays a number however
few its values are; leading zeros make codes; what is unique on every row and measures nothing is an identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.data import cells, dates
from etabli.errors import UsageError, did_you_mean
from etabli.records import KINDS, Array, Kind

ENOUGH = 0.9  # share of a column's filled cells that must read as numbers (or dates) for it to be one
EXACT = 2.0**53  # whole numbers beyond this are not exact in a double
_UNITS = frozenset(
    "kg g mg t lb oz km m cm mm mi ft h min s ms j d jours jour days day ans an years year yrs mois months °C °F K l L ml cl W kW kWh MWh V A Hz bar hPa Pa".split()
)
_ROUGH = re.compile(
    r"\(?(?P<before>[^\d(]*?)\s*(?P<body>[\d.,](?:[\d., \u00a0\u202f\u2009'’]*[\d.,])?)(?P<power>[eE][-+]?[0-9]+)?(?P<after>[^\d]*?)\)?"
)
_IDS = re.compile(
    r"(?:^|[^a-z])(?:id|ids|uid|uuid|guid|key|no|num|nr|number|numero|identifier|identifiant|ref|reference|dossier|account|compte|index|order|row|pid|code|sku)(?:$|[^a-z])",
    re.I,
)
_CAMEL = re.compile(r"[a-z](?:ID|Id|No|Nr|Key)$")


@dataclass(frozen=True)
class Evidence:
    """What was seen of a text column: stripped text -> rows (up to a cap), rows with blanks, rows of texts beyond the cap,
    different texts in all."""

    counts: Mapping[str, int]
    rows: int
    blank: int = 0
    beyond: int = 0
    distinct: int = 0


@dataclass(frozen=True)
class Reading:
    """How a column's texts are read: the JSON-able facts for `cells`, the missing texts seen, and what has to be said.

    remarks: (code, detail) pairs for `remarks.findings`.
    """

    facts: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    remarks: tuple[tuple[str, Any], ...] = field(default_factory=tuple)

    @property
    def is_double(self) -> bool:
        """Numbers, flags and dates; the rest are strings."""
        return bool(self.facts["parse"] != "text")


def overrides(kinds: Mapping[str, str] | None, names: Iterable[str]) -> dict[str, str]:
    """`--kind column=kind`, checked: known columns, known kinds ('date:mdy' and 'date:dmy' settle a date's order)."""
    names = list(names)
    for name, kind in (kinds or {}).items():
        if name not in names:
            raise UsageError(
                "--kind names a column of the data.", f'"{name}"', did_you_mean(name, names) or "columns: " + ", ".join(names[:20])
            )
        stem, _, order = kind.partition(":")
        if stem not in KINDS or (order and (stem != "date" or order not in dates.ORDERS)):
            raise UsageError("A kind is one of " + ", ".join(KINDS) + ".", f'{name}="{kind}"', did_you_mean(stem, KINDS))
    return dict(kinds or {})


def reading(evidence: Evidence, decimal: str = ".", forced: str = "") -> Reading:
    """How these texts are read. decimal: the mark most cells of the file use. forced: a kind of `--kind`, or ''."""
    stem, _, order = forced.partition(":")
    if stem in ("category", "text", "identifier"):
        return _words(evidence)
    filled = {text: count for text, count in evidence.counts.items() if not _looks_missing(text)}
    total = sum(filled.values())
    if stem in ("", "constant") and not total:
        return _words(evidence)
    flag = _flag(filled)
    if flag and stem in ("", "constant", "flag"):
        return Reading(flag, _missing(evidence))
    if stem == "flag" and len(filled) == 2:
        low, high = sorted(filled, key=positive)
        return Reading({"parse": "flag", "words": [low, high]}, _missing(evidence))
    if stem in ("", "constant", "number", "flag"):
        read, facts, remarks = _number(filled, decimal)
        words = [text for text in evidence.counts if text.casefold() in cells.WORDLY]
        # (a column that is one third "unknown" is a number all the same: those words were set aside above)
        if stem in ("number", "flag") or (read >= ENOUGH * total and not _codes(filled) and read > 0 and _enough(read, evidence, words)):
            return Reading(facts, _missing(evidence), tuple(remarks))
    if stem in ("", "constant", "date"):
        found = _date(filled, total, order, bool(stem == "date"))
        if found is not None and "parse" in found.facts:
            return Reading(found.facts, _missing(evidence), found.remarks)
        if found is not None:
            words_read = _words(evidence)
            return Reading(words_read.facts, words_read.missing, (*words_read.remarks, *found.remarks))
    return _words(evidence)


def positive(text: str) -> int:
    """1 for a text that says yes, 0 for one that says no or nothing known: orders the two classes of an answer."""
    word = text.casefold().strip().rstrip(".")
    yes = "yes oui y o true vrai t 1 1.0 positive positif pos + success succès churn churned default fraud spam dead died won bought clicked sick malade high"
    return int(word in yes.split() or word.startswith(">"))


# how texts are read ------------------------------------------------------------------------------------------------------


def _looks_missing(text: str) -> bool:
    return text in cells.STANDARD or text in cells.HIDDEN or text.casefold() in cells.WORDLY


def _missing(evidence: Evidence) -> tuple[str, ...]:
    return tuple(sorted(text for text in evidence.counts if _looks_missing(text)))


def _words(evidence: Evidence) -> Reading:
    """A column of strings. "NA" stays a level among two-letter codes (Namibia, North America), where it is no gap."""
    gone = [text for text in evidence.counts if text in cells.STANDARD or text in cells.HIDDEN]
    others = [text for text in evidence.counts if text not in gone]
    facts: dict[str, Any] = {"parse": "text"}
    if "NA" in gone and len(others) >= 3 and all(len(text) == 2 and text.isalpha() and text.isupper() for text in others):
        facts["keep"] = ["NA"]
        gone.remove("NA")
    return Reading(facts, tuple(sorted(gone)))


def _flag(filled: Mapping[str, int]) -> dict[str, Any] | None:
    """TRUE/FALSE, vrai/faux, T/F: both must be there; the texts are kept as the file has them."""
    plain = {text.casefold(): text for text in filled}
    for low, high in (("false", "true"), ("faux", "vrai"), ("f", "t")):
        if set(plain) == {low, high}:
            most = sorted(filled, key=lambda text: -filled[text])
            return {"parse": "flag", "words": [next(t for t in most if t.casefold() == w) for w in (low, high)]}
    return None


def _codes(filled: Mapping[str, int]) -> bool:
    """Whole numbers written with leading zeros ('01234'), or too large to be exact in a double: names, not amounts."""
    zeros = sum(count for text, count in filled.items() if len(text) > 1 and text[0] == "0" and text.isdigit())
    if zeros and zeros >= 0.01 * sum(filled.values()):
        return True
    return any(inexact(text) for text in filled)


def inexact(text: str) -> bool:
    """A whole number beyond 2^53, which a double would round."""
    return len(text) >= 16 and text.lstrip("-").isdigit() and abs(int(text)) > EXACT


def _enough(read: int, evidence: Evidence, words: Sequence[str]) -> bool:
    return read >= 0.3 * (read + sum(evidence.counts[word] for word in words))


def _number(filled: Mapping[str, int], decimal: str) -> tuple[int, dict[str, Any], list[tuple[str, Any]]]:
    """(rows read, facts, remarks) of the way of writing numbers that reads most rows; ties go to the file's own decimal mark."""
    bodies: dict[str, int] = {}
    affixes: dict[str, int] = {}
    for text, count in filled.items():
        match = _ROUGH.fullmatch(text)
        if match:
            bodies[text] = count
            for side in ("before", "after"):
                word = match[side].strip("-+− \u00a0\u202f()")
                if word:
                    spaced = match[side] != match[side].lstrip() and side == "after"
                    known = word in cells.CURRENCIES or word in cells.PERCENT
                    if known or (side == "after" and (spaced or word in _UNITS)):
                        affixes[word] = affixes.get(word, 0) + count
    total = sum(filled.values())
    kept = [w for w, n in affixes.items() if w in cells.CURRENCIES or w in cells.PERCENT or n >= ENOUGH * total]
    ways = [(".", ""), (".", ","), (",", ""), (",", ".")]
    ways = ways if decimal == "." else ways[2:] + ways[:2]
    scores = [sum(n for t, n in bodies.items() if _finite(t, *way, tuple(sorted(kept)))) for way in ways]
    best = max(scores, default=0)
    way = ways[scores.index(best)]
    remarks: list[tuple[str, Any]] = []
    tied = {mark for (mark, _), score in zip(ways, scores, strict=True) if score == best}
    if best and way[1] and len(tied) == 2:  # "1,234": no cell settles it, the file's own mark did
        remarks.append(("decimal-guessed", {"decimal": way[0], "example": next(text for text in bodies if way[1] in text)}))
    money = sorted({"€": "EUR", "$": "USD", "£": "GBP", "US$": "USD"}.get(w, w) for w in kept if w in cells.CURRENCIES)
    if len(set(money)) > 1:
        remarks.append(("mixed-currencies", {w: affixes[w] for w in kept if w in cells.CURRENCIES}))
    if any(w in cells.PERCENT for w in kept) and (bare := total - sum(affixes[w] for w in kept if w in cells.PERCENT)) > 0.02 * total:
        remarks.append(("mixed-percent", {"%": total - bare, "": bare}))
    facts: dict[str, Any] = {"parse": "number", "decimal": way[0], "group": way[1]}
    if kept:
        facts["affixes"] = sorted(kept)
    infinite = sum(n for t, n in filled.items() if cells.number(t) in (np.inf, -np.inf))
    return best + infinite, facts, remarks


def _finite(text: str, decimal: str, group: str, affixes: tuple[str, ...]) -> bool:
    value = cells.number(text, decimal, group, affixes)
    return value is not None and abs(value) < np.inf


def _date(filled: Mapping[str, int], total: int, order: str, forced: bool) -> Reading | None:
    """Dates in one order for the whole column: one row that settles it decides all. Both orders in one column: no dates (facts
    without "parse"), and said."""
    shown = sum(n for text, n in filled.items() if dates.one(text, "dmy") is not None or dates.one(text, "mdy") is not None)
    if not shown or (shown < ENOUGH * total and not forced):
        return None
    found = dates.evidence(filled)
    if order:
        return Reading({"parse": "date", "order": order})
    if found["dmy"] and found["mdy"]:
        examples = [next(t for t in filled if dates.evidence([t])[way]) for way in ("dmy", "mdy")]
        return Reading({"parse": "date", "order": "dmy"} if forced else {}, (), (("date-order-mixed", {**found, "examples": examples}),))
    facts = {"parse": "date", "order": "mdy" if found["mdy"] else "dmy"}
    if found["either"] and not found["dmy"] and not found["mdy"]:
        return Reading(facts, (), (("date-order-assumed", {"example": next(t for t in filled if dates.evidence([t])["either"])}),))
    return Reading(facts)


# what the column is ------------------------------------------------------------------------------------------------------


def kind_of_doubles(header: str, values: Array, ordered: Array, parse: str) -> tuple[Kind, str, float]:
    """(kind, reason, how sure) of a column of doubles. ordered: the distinct finite values, sorted."""
    count = int(np.count_nonzero(~np.isnan(values)))
    if len(ordered) <= 1:
        return "constant", "every cell is empty" if not len(ordered) else "one value only", 1.0
    if parse == "date":
        return "date", "the cells are dates", 1.0
    if parse == "flag" or (len(ordered) == 2 and ordered[0] == 0 and ordered[1] == 1):
        return "flag", "two values: no and yes (0 and 1)", 1.0
    whole = bool((ordered == np.floor(ordered)).all())
    if whole and len(ordered) == count == len(values) and count >= 20:
        steps = np.diff(values)
        if (steps == 1).all() or (steps == -1).all():
            return "identifier", "whole numbers that count the rows", 0.99
        if float(ordered[-1] - ordered[0]) == count - 1:
            return "identifier", "every whole number of a range, once each", 0.95
        if (steps > 0).all() and np.mean(steps == 1) >= 0.9:
            return "identifier", "row numbers, with gaps", 0.9
        if ordered[0] >= 0 and names_an_id(header):
            return "identifier", "whole numbers, different on every row, under the name of an identifier", 0.9
        if count >= 1000 and ordered[0] >= 1e6 and len(str(int(ordered[0]))) == len(str(int(ordered[-1]))):
            return "identifier", "long whole numbers, different on every row, all as long", 0.7
    if ordered[-1] >= EXACT and whole and len(ordered) > ENOUGH * count:
        return "identifier", "whole numbers too large to be amounts, hardly ever repeated", 0.8
    few = len(ordered) <= 20 and whole
    return "number", "numbers" + (f", {len(ordered)} different (codes? --kind NAME=category)" if few else ""), 0.8 if few else 1.0


def names_an_id(header: str) -> bool:
    """Whether a header is how identifiers are called: id, customerID, order no, ref..."""
    return bool(_IDS.search(header) or _CAMEL.search(header))


def kind_of_strings(distinct: int, filled: int, sample: Sequence[str], numeric: bool) -> tuple[Kind, str, float]:
    """(kind, reason, how sure) of a column of strings. sample: some of its levels. numeric: kept as text for its digits' sake."""
    if distinct <= 1:
        return "constant", "every cell is empty" if not distinct else "one value only", 1.0
    share = distinct / filled
    words = float(np.mean([len(text.split()) for text in sample]))
    length = float(np.mean([len(text) for text in sample]))
    if numeric and distinct > ENOUGH * filled and filled >= 10 and all(len(text) >= 10 for text in sample[:50]):
        return "identifier", "long numbers, hardly ever repeated", 0.95
    if distinct == filled and filled >= 10 and words <= 1.05:
        return "identifier", "one word, different on every row", 0.95
    if share >= 0.99 and filled >= 100 and words <= 1.05:
        return "identifier", "one word, hardly ever repeated", 0.8
    if distinct >= 20 and (
        (share >= 0.5 and words >= 3) or (share >= 0.9 and words >= 2) or (words >= 8 and length >= 50 and distinct >= 50)
    ):
        return "text", f"sentences ({words:.0f} words each), hardly ever repeated", 0.9
    if numeric:
        return "category", "digits kept as they are written (leading zeros, or too long to be exact)", 0.9
    return "category", f"{distinct} different words", 1.0 if share < 0.5 else 0.7
