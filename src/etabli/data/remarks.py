"""What the reader has to say about the columns, in plain words: one finding a matter, however many columns it concerns.

Three thousand columns with missing texts make one sentence, not three thousand; the details of each are in `evidence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from etabli.records import Finding

SHOWN = 5
_PHRASES: dict[str, tuple[Literal["note", "warn"], str, str, str, str]] = {
    "words-as-missing": (
        "warn", "words among numbers or dates were read as missing", "des mots parmi des nombres ou des dates ont été lus comme manquants",
        "Correct these cells, or keep the column as words: --kind NAME=category.", "Corrigez ces cellules, ou gardez la colonne en mots : --kind NOM=category.",
    ),
    "hidden-missing": (
        "warn", "marks that stand for a missing value were read as missing", "des signes mis pour une valeur manquante ont été lus comme manquants",
        "Leave the cell empty instead.", "Laissez plutôt la cellule vide.",
    ),
    "missing-texts": ("note", "texts that mean missing were read as missing", "des textes qui veulent dire manquant ont été lus comme tels", "", ""),
    "infinite-values": (
        "warn", "infinite values were read as missing", "des valeurs infinies ont été lues comme manquantes",
        "Find out what made them (a division by zero?).", "Cherchez ce qui les a produites (une division par zéro ?).",
    ),
    "mixed-currencies": (
        "warn", "several currencies in one column; the amounts were read as they are, not converted",
        "plusieurs monnaies dans une colonne ; les montants ont été lus tels quels, sans conversion",
        "Convert to one currency, or put the currency in a column of its own.", "Convertissez en une seule monnaie, ou mettez la monnaie dans sa propre colonne.",
    ),
    "mixed-percent": (
        "warn", "percentages and bare numbers in one column; both were read as they are written (12.5 % is 12.5)",
        "pourcentages et nombres nus dans une colonne ; tous lus comme ils sont écrits (12,5 % vaut 12,5)",
        "Write all of them one way.", "Écrivez-les tous de la même façon.",
    ),
    "decimal-guessed": (
        "note", "no cell settles whether the mark parts thousands or decimals; thousands were assumed, as the rest of the file suggests", "aucune cellule ne tranche si le signe sépare les milliers ou les décimales ; les milliers ont été supposés, comme le suggère le reste du fichier",
        "Write one value without ambiguity (1234.5).", "Écrivez une valeur sans ambiguïté (1234.5).",
    ),
    "date-order-assumed": (
        "warn", "no date settles whether the day or the month comes first; the day was assumed", "aucune date ne tranche si le jour ou le mois vient d'abord ; le jour a été supposé",
        "Write dates as 2021-04-03, or say --kind NAME=date:mdy.", "Écrivez les dates 2021-04-03, ou dites --kind NOM=date:mdy.",
    ),
    "date-order-mixed": (
        "warn", "some dates can only be day first and others only month first; the column was kept as words",
        "certaines dates ne se lisent que le jour d'abord, d'autres que le mois d'abord ; la colonne reste en mots",
        "Write all dates one way, best as 2021-04-03.", "Écrivez toutes les dates de la même façon, de préférence 2021-04-03.",
    ),
    "digits-kept": ("note", "codes with leading zeros or very long numbers were kept as they are written", "des codes à zéros initiaux ou de très longs nombres ont été gardés tels qu'écrits", "", ""),
    "unsupported-column": (
        "warn", "a kind of value that is no number, date or text; left out", "une sorte de valeur qui n'est ni nombre, ni date, ni texte ; laissée de côté",
        "Convert it to numbers or text.", "Convertissez-la en nombres ou en texte.",
    ),
    "duplicate-names": (
        "warn", "the header repeats a name; the later columns are called as listed here", "l'en-tête répète un nom ; les colonnes suivantes s'appellent comme indiqué ici",
        "Give each column its own name.", "Donnez à chaque colonne son propre nom.",
    ),
    "reserved-names": (
        "note", "the model file keeps these names for its answers; such columns are called", "le fichier du modèle garde ces noms pour ses réponses ; ces colonnes s'appellent", "", "",
    ),
    "empty-names": ("note", "columns without a name are called by their place", "les colonnes sans nom sont appelées par leur rang", "", ""),
    "kind-overridden": ("note", "the kind was given", "la sorte a été donnée", "", ""),
}  # fmt: skip


def findings(said: Sequence[tuple[str, str, Any]]) -> tuple[Finding, ...]:
    """(code, column, detail) triples as findings, one a code, in the order of first mention."""
    gathered: dict[str, dict[str, Any]] = {}
    for code, column, detail in said:
        gathered.setdefault(code, {})[column] = detail
    made = []
    for code, details in gathered.items():
        level, english, french, cure, remedy = _PHRASES[code]
        listed = "; ".join(f"{_short(column)}{_detail(detail)}" for column, detail in list(details.items())[:SHOWN])
        extra = len(details) - SHOWN
        text = {
            "en": f"{english[0].upper()}{english[1:]}: {listed}" + (f"; and {extra} more columns" if extra > 0 else ""),
            "fr": f"{french[0].upper()}{french[1:]} : {listed}" + (f" ; et {extra} autres colonnes" if extra > 0 else ""),
        }
        made.append(Finding(code, tuple(details), text, {"en": cure, "fr": remedy} if cure else {}, level, {"columns": details}))
    return tuple(made)


def from_dialect(notes: Sequence[Mapping[str, str]]) -> tuple[Finding, ...]:
    """What `dialect.sniff` had to guess, as findings."""
    return tuple(Finding(note["code"], (), {"en": note["en"], "fr": note["fr"]}) for note in notes)


def _short(name: str) -> str:
    return " ".join(name.split())[:40] or '""'


def _detail(detail: Any) -> str:
    """' ("unknown" × 3, "12k" × 1)' for counts, ' (what)' for words."""
    if isinstance(detail, Mapping) and detail and all(isinstance(count, int) for count in detail.values()):
        shown = ", ".join(f'"{text[:30]}" × {count}' for text, count in sorted(detail.items(), key=lambda pair: -pair[1])[:SHOWN])
        return f" ({shown}{', …' if len(detail) > SHOWN else ''})"
    if isinstance(detail, Mapping):
        detail = ", ".join(detail["examples"]) if "examples" in detail else detail.get("example", "")
    return f" ({detail})" if detail not in (None, "", 0) else ""
