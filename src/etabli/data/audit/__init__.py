"""What may go wrong, said before the first fit: every finding is one file of this folder, found and not listed.

A finding is a module with `find(view) -> Iterable[Finding]`: plain words in two languages, the numbers that show it, and a
cure that is a flag of the command. A package outside joins in by an entry point of the group `etabli.findings` that names
such a function. Nothing here changes or drops a column: an audit asks, the scientist answers.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.metadata import entry_points

from etabli.data.audit.drawn import drawn
from etabli.data.audit.group import candidate_groups
from etabli.data.audit.time_order import candidate_times
from etabli.data.audit.view import View
from etabli.errors import EtabliError, UsageError
from etabli.records import Finding, Table, Target, Watch, quiet

__all__ = ["audit", "candidate_groups", "candidate_times", "finders"]

Find = Callable[[View], Iterable[Finding]]
LEVELS = ("refuse", "warn", "note")


@cache
def finders() -> dict[str, Find]:
    """Every finding's function by name. A plug-in that cannot be imported, or takes a name in use, is a UsageError."""
    found: dict[str, Find] = {}
    for info in pkgutil.iter_modules(__path__):
        find = getattr(importlib.import_module(f"{__name__}.{info.name}"), "find", None)
        if find is not None:
            found[info.name] = find
    for point in entry_points(group="etabli.findings"):
        who = point.dist.name if point.dist else "?"
        try:
            find = point.load()
        except Exception as error:
            raise UsageError(
                f'the finding "{point.name}" of the package {who} must import', str(error), "uninstall or repair that package"
            ) from error
        if point.name in found:
            raise UsageError("two findings may not share a name", f'"{point.name}" of the package {who}')
        found[point.name] = find
    return found


def audit(table: Table, target: Target | None = None, ignore: Sequence[str] = (), watch: Watch = quiet) -> tuple[Finding, ...]:
    """Everything worth knowing about the table before training: refusals first, then warnings, then notes.

    ignore: columns the user left out already. watch("audit", finding=..., done=..., total=...) tells how far it is.
    Works on all rows where that is one pass, and on at most 20 000 of them otherwise; no model is fitted.
    """
    view, said = View(table, target, tuple(ignore)), []
    if not table.rows:
        return ()
    for done, (name, find) in enumerate(finders().items()):
        watch("audit", finding=name, done=done, total=len(finders()))
        try:
            said += [drawn(view, finding) for finding in find(view)]
        except EtabliError:
            raise
        except Exception as error:
            if getattr(find, "__module__", "").startswith("etabli."):
                raise
            raise UsageError(
                f'the finding "{name}" must not fail', f"{type(error).__name__}: {error}", "uninstall or repair that package"
            ) from error
    return tuple(sorted(said, key=lambda finding: LEVELS.index(finding.level)))
