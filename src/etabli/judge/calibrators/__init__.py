"""Calibrators: one class in one file, found by walking this folder."""

from __future__ import annotations

from functools import cache

from etabli.judge.calibrators.calibrator import Calibrator
from etabli.records import TaskKind


@cache
def members() -> tuple[type[Calibrator], ...]:
    """Every calibrator of this folder, the simplest first."""
    import inspect
    import pkgutil
    from importlib import import_module

    found: list[type[Calibrator]] = []
    for module in pkgutil.iter_modules(__path__):
        loaded = import_module(f"{__name__}.{module.name}")
        for value in vars(loaded).values():
            if (
                inspect.isclass(value)
                and issubclass(value, Calibrator)
                and not inspect.isabstract(value)
                and value.__module__ == loaded.__name__
            ):
                found.append(value)
    return tuple(sorted(found, key=lambda one: one.rank))


def fitting(task: TaskKind, cheap: bool = False) -> tuple[type[Calibrator], ...]:
    """Those that fit the task; cheap: only those quick enough to calibrate every candidate before ranking."""
    return tuple(one for one in members() if task in one.tasks and (one.cheap or not cheap))
