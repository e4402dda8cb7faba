"""More columns than rows: by chance alone some column fits, and a perfect fit means nothing."""

from __future__ import annotations

from collections.abc import Iterable

from etabli.data.audit.view import View
from etabli.data.audit.words import words
from etabli.records import Finding


def find(view: View) -> Iterable[Finding]:
    """A warning when there are more features than usable rows (and at least 5 features)."""
    if len(view.features) > max(view.rows.size, 4):
        yield Finding(
            "wide",
            (),
            words(
                "there are {c} columns for {r} rows: expect a wide interval, and do not read a perfect fit as knowledge",
                "il y a {c} colonnes pour {r} lignes : l'intervalle sera large, et un ajustement parfait n'y prouve rien",
                c=len(view.features),
                r=int(view.rows.size),
            ),
            words(
                "leave out columns known to be irrelevant with --ignore COL, or add rows",
                "écarter les colonnes sans rapport par --ignore COL, ou ajouter des lignes",
            ),
            "warn",
            {"columns": len(view.features), "rows": int(view.rows.size)},
        )
