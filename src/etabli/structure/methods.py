"""The methods, found and not listed: a file in `clusterings/`, `projections/` or `detectors/`, or an entry point."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import TypeVar

from etabli.errors import UsageError, did_you_mean
from etabli.structure.method import Clustering, Detector, Method, Projection

Kind = TypeVar("Kind", bound=Method)
EXTRAS = {"jax": "etabli[nets]", "umap-learn": "etabli[umap]"}  # in the versions that are tried


@cache
def clusterings() -> dict[str, Clustering]:
    """Every clustering by name, simplest first."""
    return _found("clusterings", Clustering)  # type: ignore[type-abstract]


@cache
def projections() -> dict[str, Projection]:
    """Every projection by name, simplest first."""
    return _found("projections", Projection)  # type: ignore[type-abstract]


@cache
def detectors() -> dict[str, Detector]:
    """Every detector by name, simplest first."""
    return _found("detectors", Detector)  # type: ignore[type-abstract]


def chosen(known: dict[str, Kind], names: Sequence[str]) -> dict[str, Kind]:
    """Those of the names; without names, all but those that are tried only when named. UsageError with the nearest names for an unknown
    one, and with the package to install for one that needs what is not there."""
    for name in names:
        if name not in known:
            raise UsageError("--methods takes names of methods", f'"{name}"', did_you_mean(name, known) or "known: " + ", ".join(known))
        for need in known[name].needs:
            if not _installed(need):
                raise UsageError(f"{name} needs {need}", "it is not installed", f"pip install '{EXTRAS.get(need, need)}'")
    return {name: method for name, method in known.items() if (name in names if names else not method.slow)}


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _found(folder: str, kind: type[Kind]) -> dict[str, Kind]:
    package = importlib.import_module(f"etabli.structure.{folder}")
    modules = [importlib.import_module(f"{package.__name__}.{info.name}") for info in pkgutil.iter_modules(package.__path__)]
    classes = [
        member for module in modules for _, member in inspect.getmembers(module, inspect.isclass) if member.__module__ == module.__name__
    ]
    classes += [point.load() for point in entry_points(group=f"etabli.{folder}")]
    made: dict[str, Kind] = {}
    for member in classes:
        if issubclass(member, kind) and not inspect.isabstract(member):
            if member.name in made:
                raise UsageError("two methods may not share a name", f'"{member.name}"')
            made[member.name] = member()
    return dict(sorted(made.items(), key=lambda item: (item[1].rank, item[0])))
