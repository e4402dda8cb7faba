"""Odd rows made from usual ones in a table as it is written: the planted rows of `benchmarks/anomalies.py`.

The recipes are not those by which the program chooses its detector (`structure/planting.py`) except *far* and *mixed*, which are the same idea on raw cells.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KINDS = ("far", "typo", "swapped", "mixed", "impossible")


@dataclass(frozen=True)
class Sheet:
    """A table as text. numbers: places of the columns of numbers that have more than ten values."""

    header: list[str]
    rows: list[list[str]]
    numbers: tuple[int, ...]


def sheet(path: Path, without: Sequence[str] = ()) -> Sheet:
    """Of a CSV or Parquet file, less some columns."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        columns: dict[str, list[Any]] = parquet.read_table(path).to_pydict()
        header = list(columns)
        rows = [["" if cell is None else str(cell) for cell in row] for row in zip(*columns.values(), strict=True)]
    else:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file))
    kept = [i for i, name in enumerate(header) if name not in without]
    rows = [[row[i] for i in kept] for row in rows]
    return Sheet([header[i] for i in kept], rows, tuple(i for i in range(len(kept)) if _number([row[i] for row in rows])))


def _number(cells: Sequence[str]) -> bool:
    known = {cell for cell in cells if cell}
    try:
        return len({float(cell) for cell in known}) > 10
    except ValueError:
        return False


def planted(of: Sheet, usual: Sequence[list[str]], kind: str, count: int, seed: int) -> tuple[list[list[str]], list[set[str]]]:
    """(rows, the planted columns of each) made from rows of `usual`. *impossible* needs the columns of adult_income; empty without them."""
    random = np.random.default_rng(seed)
    rows, where = list[list[str]](), list[set[str]]()
    values = {j: np.array([float(row[j]) for row in usual if row[j]]) for j in of.numbers}
    while len(rows) < count:
        row = list(usual[random.integers(len(usual))])
        j = int(random.choice(of.numbers))
        if kind == "far":
            row[j] = f"{values[j].max() + random.uniform(1, 4) * values[j].std():.6g}"
            changed = [j]
        elif kind == "typo":
            if not row[j] or abs(10 * float(row[j])) <= np.quantile(np.abs(values[j]), 0.99):
                continue
            row[j], changed = f"{10 * float(row[j]):.6g}", [j]
        elif kind == "swapped":
            k = int(random.choice(of.numbers))
            if row[j] == row[k]:
                continue
            row[j], row[k], changed = row[k], row[j], [j, k]
        elif kind == "mixed":
            other = usual[random.integers(len(usual))]
            changed = [int(i) for i in random.permutation(len(row))[: len(row) // 2]]
            for i in changed:
                row[i] = other[i]
        else:
            if not {"relationship", "sex", "education", "education_num"} <= set(of.header):
                return [], []
            place = of.header.index
            pair = ("relationship", "sex") if len(rows) % 2 else ("education", "education_num")
            row[place(pair[0])], row[place(pair[1])] = ("Husband", "Female") if len(rows) % 2 else ("Doctorate", "1")
            changed = [place(name) for name in pair]
        rows.append(row)
        where.append({of.header[i] for i in changed})
    return rows, where


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path
