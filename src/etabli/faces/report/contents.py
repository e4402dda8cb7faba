"""The order of the page, for somebody who has two minutes: what to expect, whether it is any good, a try, what it leans on, what may be wrong;
then how far each figure can be trusted, and what a paper needs.

A section is a file of `parts/` with this name. What the result has nothing for is left out of the page and of its table of contents alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from etabli.faces.words import say

Shown = Mapping[str, Any]  # {"view": ..., "picture": ...}
Rule = Callable[[Shown], Any]


def always(shown: Shown) -> bool:
    """Every page has it."""
    return True


def viewed(*names: str) -> Rule:
    """Where the view has something under these keys, one inside the other."""

    def there(shown: Shown) -> Any:
        value: Any = shown["view"]
        for name in names:
            value = value.get(name) if value else None
        return value

    return there


def drawn(name: str) -> Rule:
    """Where there is such a picture."""
    return lambda shown: shown["picture"][name]


CONTENTS: tuple[tuple[str, tuple[tuple[str, Rule], ...]], ...] = (
    ("good", (("board", always), ("learning", viewed("learning")), ("network", viewed("network")))),
    ("leans", (("uses", viewed("explained", "uses")), ("how", drawn("how")), ("tree", drawn("tree")), ("effects", drawn("effects")))),
    ("beware", (("findings", always), ("fails", viewed("explained", "fails")), ("doubtful", viewed("doubtful")), ("by", viewed("by")))),
    ("try", (("try", viewed("trying")),)),
    (
        "trust",
        (
            ("calibration", viewed("calibration")),
            ("curves", viewed("curves")),
            ("confusion", viewed("confusion")),
            ("residuals", viewed("residuals")),
            ("coverage", always),
            ("proof", always),
        ),
    ),
    (
        "record",
        (
            ("predict", always),
            ("reproduce", always),
            ("methods", lambda shown: shown["view"]["methods"].sentences),
            ("card", always),
            ("columns", always),
            ("limits", always),
        ),
    ),
)

WITHOUT_TARGET: tuple[tuple[str, tuple[tuple[str, Rule], ...]], ...] = (
    (
        "found",
        (
            ("clusters", lambda shown: shown["view"]["clusters"] or shown["view"]["structure"]),
            ("flagged", lambda shown: shown["view"]["odd"]),
            ("rowmap", drawn("rowmap")),
            ("believe", viewed("believe")),
            ("loadings", viewed("loadings")),
            ("network", viewed("network")),
        ),
    ),
    ("beware", (("findings", always),)),
    ("try", (("try", viewed("trying")),)),
    ("trust", (("compared", always), ("proof", always))),
    (
        "record",
        (
            ("predict", always),
            ("reproduce", always),
            ("methods", lambda shown: shown["view"]["methods"].sentences),
            ("columns", always),
            ("limits", always),
        ),
    ),
)


def contents(shown: Shown, lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """[(heading of the part, [(section, its name in the table of contents)])] of this page."""
    made = []
    for part, sections in WITHOUT_TARGET if shown["view"].get("found") else CONTENTS:
        kept = [(name, say(f"nav.{name}", lang)) for name, rule in sections if rule(shown)]
        if kept:
            made.append((say(f"part.{part}", lang), kept))
    return made
