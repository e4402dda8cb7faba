"""Clauses that a result has in English alone, in French: why a column is taken for what it is (`data/columns.py`), parts of coverage, the
combination's name.

What was given by the user, or is not known here, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FRENCH: Mapping[str, str] = {
    r"every cell is empty": "toutes les cellules sont vides",
    r"one value only": "une seule valeur",
    r"the cells are dates": "les cellules sont des dates",
    r"two values: no and yes \(0 and 1\)": "deux valeurs : non et oui (0 et 1)",
    r"whole numbers that count the rows": "des entiers qui comptent les lignes",
    r"every whole number of a range, once each": "tous les entiers d'un intervalle, une fois chacun",
    r"row numbers, with gaps": "des numéros de ligne, avec des trous",
    r"whole numbers, different on every row, under the name of an identifier": "des entiers, différents à chaque ligne, sous un nom d'identifiant",
    r"long whole numbers, different on every row, all as long": "de longs entiers, différents à chaque ligne, tous aussi longs",
    r"whole numbers too large to be amounts, hardly ever repeated": "des entiers trop grands pour des montants, presque jamais répétés",
    r"numbers": "des nombres",
    r"numbers, (\d+) different \(codes\? --kind NAME=category\)": r"des nombres, \1 différents (des codes ? --kind NOM=category)",
    r"long numbers, hardly ever repeated": "de longs nombres, presque jamais répétés",
    r"one word, different on every row": "un mot, différent à chaque ligne",
    r"one word, hardly ever repeated": "un mot, presque jamais répété",
    r"sentences \((\d+) words each\), hardly ever repeated": r"des phrases (de \1 mots), presque jamais répétées",
    r"digits kept as they are written \(leading zeros, or too long to be exact\)": "des chiffres gardés tels quels (zéros en tête, ou trop longs pour être exacts)",
    r"(\d+) different words": r"\1 mots différents",
    r"fifth (\d) of the prediction": r"le cinquième nº \1 de la prédiction",
    r"combination of (\d+)": r"combinaison de \1",
}


def reason(text: str, lang: str) -> str:
    """The clause in that language; as it is where it is none of ours."""
    if lang == "fr":
        for pattern, french in FRENCH.items():
            if found := re.fullmatch(pattern, text):
                return found.expand(french)
    return text
