"""Columns that their name puts after the event: a duration, an elapsed or actual time, an arrival, an outcome, a discharge.

What is known only afterwards cannot be told from the data. The length of a telephone call predicts its result about as well as an honest
column could, and flight times predict a delay as honest ones do (bank_marketing and houston_flights: no single column comes near the
limit at which `near_perfect` asks); only the calendar of the study tells them apart, and the table does not hold it. What the table does
hold is names. So this asks by name alone, says so, and draws one conclusion from the data: a column that adds up exactly with one named so (the
elapsed time is time in the air and on the ground) is asked about with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from etabli.data.audit.adds_up import identities
from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.records import Finding

AFTER = set(
    "duration elapsed actual arrival arr arrived finished completed completion closed closing final outcome result results discharge discharged "
    "death died cancelled canceled cancellation diverted resolved resolution settled settlement refund refunded returned posterior gold "
    "predicted prediction durée duree arrivée arrivee résultat resultat issue sortie décès deces annulé annulée clôture cloture terminé "
    "remboursé remboursement prédit prédiction".split()
)


def find(view: View) -> Iterable[Finding]:
    """One note for all of them."""
    if view.target is None:
        return
    named = [column.name for column in view.features if AFTER & set(tokens(column.name))]
    if not named:
        return
    summed = [name for total, parts, _ in identities(view) if {total, *parts} & set(named) for name in (total, *parts) if name not in named]
    columns = [*named, *dict.fromkeys(summed)]
    yield Finding(
        "after_event",
        tuple(columns),
        words(
            "by its name, {c} may be known only after {t}; the data cannot tell: is it known before?"
            if len(columns) == 1
            else "by name, or by adding up with one named so, {c} may be known only after {t}; the data cannot tell: are they known before?",
            "d'après son nom, {c} n'est peut-être connue qu'après {t} ; les données ne peuvent le dire : l'est-elle avant ?"
            if len(columns) == 1
            else "d'après leur nom, ou une somme avec une colonne ainsi nommée, {c} ne sont peut-être connues qu'après {t} ; les données ne peuvent le dire : le sont-elles avant ?",
            c=columns,
            t=[view.target.name],
        ),
        words("those that are not: {f}", "celles qui ne le sont pas : {f}", f=flag("--ignore", columns)),
        "note",
        {"named": named, "summed": list(dict.fromkeys(summed))},
    )
