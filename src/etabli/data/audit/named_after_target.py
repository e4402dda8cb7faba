"""Columns named after the target ("sentiment_confidence" beside "sentiment") often come with the answer, not before it."""

from __future__ import annotations

from collections.abc import Iterable

from etabli.data.audit.view import View, tokens
from etabli.data.audit.words import flag, words
from etabli.records import Finding


def find(view: View) -> Iterable[Finding]:
    """One note for all of them; short names ("y") say nothing."""
    if view.target is None:
        return
    name = tokens(view.target.name)
    if len("".join(name)) < 4:
        return
    alike = [c.name for c in view.features if any(tokens(c.name)[i : i + len(name)] == name for i in range(len(tokens(c.name))))]
    if alike:
        yield Finding(
            "named_after_target",
            tuple(alike),
            words(
                "{c} is named after {t}: is it known before the outcome?"
                if len(alike) == 1
                else "{c} are named after {t}: are they known before the outcome?",
                "{c} porte le nom de {t} : est-elle connue avant l'issue ?"
                if len(alike) == 1
                else "{c} portent le nom de {t} : sont-elles connues avant l'issue ?",
                c=alike,
                t=[view.target.name],
            ),
            words("if not: {f}", "sinon : {f}", f=flag("--ignore", alike)),
            "note",
            {"named": alike, "after": view.target.name},
        )
