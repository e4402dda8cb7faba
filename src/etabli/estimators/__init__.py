"""How an estimator of another library becomes nodes: one function a type, found by walking this folder.

A function says which types it writes (`@writes("sklearn.linear_model._base.LinearRegression")`, dotted names, so that no library is
imported to know them) and either turns one `Frame` into another (a transformer) or gives an `Answer` (a predictor). A type is
looked up along its bases, so a subclass that changes nothing is written too. Other packages add functions by the entry point group
`etabli.estimators`. What cannot be written exactly raises `Refused` by name, before anything is written: no guess, no
approximation without a word.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from etabli.estimators.writing import WRITERS, Answer, Frame, Part, Refused, Writer, writes
from etabli.graph.graph import Graph

__all__ = ["Answer", "Frame", "Part", "Refused", "Writer", "predictor", "transformed", "write", "writer", "writes"]


@cache
def _walked() -> None:
    for info in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{info.name}")
    for point in entry_points(group="etabli.estimators"):
        point.load()


def writer(estimator: Any) -> Writer:
    """The function for its type, or for the nearest base that has one; Refused by name when there is none."""
    _walked()
    for kind in type(estimator).__mro__:
        found = WRITERS.get(f"{kind.__module__}.{kind.__qualname__}")
        if found is not None:
            return found
    raise Refused(estimator, "no function writes this type; another package may add one by the entry point etabli.estimators")


def write(estimator: Any, graph: Graph, frame: Frame) -> Frame | Answer:
    """Adds the nodes of a fitted estimator that takes `frame`: a transformer gives a Frame, a predictor an Answer."""
    return writer(estimator)(estimator, graph, frame)


def transformed(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Of a transformer; Refused when the estimator gives no columns. None and "passthrough" change nothing."""
    if estimator is None or (isinstance(estimator, str) and estimator == "passthrough"):
        return frame
    made = write(estimator, graph, frame)
    if isinstance(made, Answer):
        if made.values is None:
            raise Refused(estimator, "it predicts, where a transformer is due")
        return Frame((made.values,))
    return made


def predictor(estimator: Any, graph: Graph, frame: Frame) -> Answer:
    """Of a predictor; Refused when it only transforms."""
    made = write(estimator, graph, frame)
    if isinstance(made, Frame):
        raise Refused(estimator, "it transforms, where a predictor is due")
    return made
