"""What an explanation is: arrays, and a page of them that needs nothing to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.model.raw import Raw
from etabli.model.rows import Note

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, repr=False)
class Explained:
    """Shapley values of rows. base [rows] + the sum of values [rows, columns] = output [rows].

    error: the standard error of each value; 0 where it is exact. labels: the class whose probability is explained, row by row; () for a number.
    scale: "output", the file's own answer, or "margin", the sum below its link. background: how many rows the base is the mean of.
    asked: questions to the file, row by row. method: "shapley", or "gradients" (error is then what was missed and shared out). cells: the raw columns as the file takes them. answers: the file's outputs.
    """

    columns: tuple[str, ...]
    values: Array
    error: Array
    base: Array
    output: Array
    exact: Array
    asked: Array
    labels: tuple[str, ...]
    target: str
    task: str
    scale: str
    background: int
    raws: tuple[Raw, ...] = ()
    cells: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    answers: Mapping[str, Array] = field(default_factory=dict)
    method: str = "shapley"

    def __len__(self) -> int:
        return len(self.output)

    def __repr__(self) -> str:
        how = (
            "exact"
            if self.exact.all()
            else "by gradients"
            if self.method == "gradients"
            else f"largest standard error {np.nanmax(self.error, initial=0.0):.2g}"
        )
        return f"Explained({len(self)} rows, {len(self.columns)} columns, {how}, against {self.background} background rows)"

    def to_dict(self) -> dict[str, Array]:
        """Columns for a frame: class (of several), output, base, shap_<column>..., error (the largest standard error of the row)."""
        made: dict[str, Array] = {}
        if self.labels:
            made["class"] = np.array(self.labels, object)
        made |= {"output": self.output, "base": self.base}
        made |= {f"shap_{name}": self.values[:, place] for place, name in enumerate(self.columns)}
        made["error"] = self.error.max(axis=1) if len(self.columns) else np.zeros(len(self))
        return made

    def picture(self, grid: tuple[int, int], row: int = 0, given: Mapping[str, Any] | None = None) -> str:
        """One row's values as an image of its columns, in their order, line by line; SVG text. grid: lines and columns of it. given: the row with all columns of its
        table, where the file reads only some. UsageError for another number of cells."""
        from etabli.model.explain.grid import picture

        return picture(self, grid, row, given=given)

    def _repr_html_(self) -> str:
        from etabli.model.explain.page import page

        return page(self)
