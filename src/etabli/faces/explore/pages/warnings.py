"""/warnings: everything the audit has to say, with its cure, its evidence, the command that answers it and the rows it is about."""

from __future__ import annotations

import json

from etabli.faces.explore import warned
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import Page, Sheet, Shown, State, render
from etabli.faces.explore_text import explore_json
from etabli.faces.words import say


def answer(opened: Opened, state: State) -> Shown:
    """The page of the warnings."""
    body = render("warnings.html", opened, state=state, groups=warned.groups(opened, state))
    found = explore_json(opened.table, opened.findings, opened.lang)["warnings"]
    keys = ("code", "level", "columns", "text", "cure", "evidence")
    rows = tuple(
        tuple(json.dumps(one[key], ensure_ascii=False) if key in ("columns", "evidence") else one[key] for key in keys) for one in found
    )
    return Shown(say("explore.warnings", opened.lang), body, {"warnings": Sheet(keys, rows)})


PAGE = Page("/warnings", 30, "explore.warnings", answer)
