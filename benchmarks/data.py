"""The data of the benchmarks: the split rule, the measures, the plain matrix that peers get, and generated rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Rows = list[list[str]]


@dataclass(frozen=True)
class Question:
    """A data set with its target; positive: the class whose probability is judged (None: a number, judged by rmse)."""

    name: str
    target: str
    positive: str | None
    published: str  # measured for peers on a quiet machine with the same split (docs say where from)


QUESTIONS = (
    Question("adult_income", "income", ">50K", "LightGBM untuned 0.9290, FLAML 60 s 0.9276, AutoGluon medium 60 s 0.9288"),
    Question("california_housing", "median_house_value", None, "LightGBM untuned 47 231, FLAML 60 s 47 214, AutoGluon medium 60 s 44 223"),
)


def split(labels: Sequence[Any], by_class: bool, seed: int = 0) -> Array:
    """bool [rows], true for the held-out quarter. One RandomState serves all classes, in sorted order."""
    state, values = np.random.RandomState(seed), np.asarray(labels)
    held = np.zeros(len(values), bool)
    groups = [np.flatnonzero(values == label) for label in sorted(set(labels))] if by_class else [np.arange(len(values))]
    for group in groups:
        held[state.permutation(group)[: -(-len(group) // 4)]] = True
    return held


def parts(question: Question, folder: Path, work: Path, seed: int = 0) -> tuple[Path, Path, Path]:
    """Writes train.csv, test.csv (without the target) and answers.csv, cell by cell as in the source."""
    with (folder / f"{question.name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    place = header.index(question.target)
    rows = [row for row in rows if row[place] != ""]
    held = split([row[place] for row in rows], question.positive is not None, seed)
    train, test, answers = work / "train.csv", work / "test.csv", work / "answers.csv"
    write(train, header, [row for row, out in zip(rows, held, strict=True) if not out])
    tested = [row for row, out in zip(rows, held, strict=True) if out]
    write(test, header[:place] + header[place + 1 :], [row[:place] + row[place + 1 :] for row in tested])
    write(answers, [question.target], [[row[place]] for row in tested])
    return train, test, answers


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def read(path: Path) -> tuple[list[str], Rows]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    return header, rows


def auc(positive: Array, score: Array) -> float:
    """Area under the ROC curve; ties count half (Hanley & McNeil 1982)."""
    from scipy.stats import rankdata

    ranks, count = rankdata(score), int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def rmse(truth: Array, guess: Array) -> float:
    return float(np.sqrt(np.mean((truth - guess) ** 2)))


def columns(header: Sequence[str], rows: Rows, drop: str = "") -> dict[str, list[str]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(header) if name != drop}


@dataclass(frozen=True)
class Coding:
    """How peers read a table: a column whose cells are all numbers or empty is a number, any other gets a code a level."""

    levels: dict[str, dict[str, int] | None]

    def matrix(self, table: dict[str, list[str]]) -> Array:
        """float64 [rows, columns]; NaN for missing and for levels that training did not have."""
        made = []
        for name, codes in self.levels.items():
            if codes is None:
                made.append([float(cell) if cell else np.nan for cell in table[name]])
            else:
                made.append([codes.get(cell, np.nan) if cell else np.nan for cell in table[name]])
        return np.array(made, np.float64).T.copy()

    @property
    def categories(self) -> list[int]:
        return [place for place, codes in enumerate(self.levels.values()) if codes is not None]


def coding(table: dict[str, list[str]]) -> Coding:
    return Coding(
        {
            name: None if all(map(_number, cells)) else {cell: n for n, cell in enumerate(sorted(set(cells) - {""}))}
            for name, cells in table.items()
        }
    )


def _number(cell: str) -> bool:
    try:
        float(cell or "0")
    except ValueError:
        return False
    return True


def generate(path: Path, rows: int, seed: int = 0, block: int = 250_000) -> None:
    """A Parquet file of 12 columns, the target `y` among them: 8 numbers (some missing), 3 categories, written in row groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(seed)
    writer = None
    for start in range(0, rows, block):
        count = min(block, rows - start)
        x = random.normal(size=(count, 8))
        codes = [random.integers(0, size, count) for size in (4, 30, 200)]
        y = x[:, 0] * 2 + np.sin(x[:, 1] * 2) + x[:, 2] * x[:, 3] + (codes[0] == 1) + 0.02 * codes[1] + random.normal(size=count)
        x[random.random((count, 8)) < 0.02] = np.nan
        table = pa.table(
            {f"x{n}": x[:, n] for n in range(8)}
            | {
                f"c{n}": pa.array(np.char.add("level ", code.astype(str))).dictionary_encode().cast(pa.string())
                for n, code in enumerate(codes)
            }
            | {"y": y}
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
