"""The families of models, found and not listed: a file in this folder, or an entry point of the group `etabli.families`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from etabli.errors import UsageError, did_you_mean
from etabli.families.family import Family


@cache
def families() -> dict[str, Family]:
    """Every family by name, simplest first. A name offered twice is an error; a plug-in that cannot be imported is named."""
    found: dict[str, Family] = {}
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__) if info.name != "family"]
    classes = [
        member for module in modules for _, member in inspect.getmembers(module, inspect.isclass) if member.__module__ == module.__name__
    ]
    for point in entry_points(group="etabli.families"):
        try:
            classes.append(point.load())
        except Exception as error:
            raise UsageError(
                f'the family "{point.name}" of the package {point.dist.name if point.dist else "?"} must import',
                str(error),
                "uninstall or repair that package",
            ) from error
    for member in classes:
        if issubclass(member, Family) and not inspect.isabstract(member):
            if member.name in found:
                raise UsageError(
                    "two families may not share a name", f'"{member.name}" in {member.__module__} and {type(found[member.name]).__module__}'
                )
            found[member.name] = member()
    return dict(sorted(found.items(), key=lambda item: (item[1].rank, item[0])))


def family(name: str) -> Family:
    """The family of that name; UsageError with the nearest names if there is none."""
    known = families()
    if name not in known:
        raise UsageError("--families takes names of families", f'"{name}"', did_you_mean(name, known) or "known: " + ", ".join(known))
    return known[name]
