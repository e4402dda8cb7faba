"""Where tasks run: one file a place, found by walking this folder or by an entry point of the group `etabli.executors`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from importlib.metadata import entry_points
from pathlib import Path

from etabli.errors import UsageError, did_you_mean
from etabli.work.executors.executor import Executor


def executors() -> dict[str, type[Executor]]:
    """Every executor by its scheme."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__) if info.name != "executor"]
    classes = [member for module in modules for _, member in inspect.getmembers(module, inspect.isclass)]
    classes += [point.load() for point in entry_points(group="etabli.executors")]
    return {member.scheme: member for member in classes if issubclass(member, Executor) and not inspect.isabstract(member)}


def executor(where: str, folder: Path) -> Executor:
    """The executor of `--where`, opened on a run folder; UsageError with the nearest name if there is none."""
    scheme = where.partition(":")[0].partition("?")[0]
    known = executors()
    if scheme not in known:
        raise UsageError("--where names a place where tasks run", f'"{where}"', did_you_mean(scheme, known) or "known: " + ", ".join(known))
    opened = known[scheme]()
    opened.open(folder, where[len(scheme) :])
    return opened
