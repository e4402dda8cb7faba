"""The target as it is drawn over every column: a mean (numbers) or the rate of one class, in the sample and as SQL over all rows.

What cannot be a target (sentences, dates, identifiers) is no error here: the reason is shown, and the columns without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.data.target import target as make_target
from etabli.errors import EtabliError
from etabli.faces.explore.intervals import means
from etabli.faces.explore.opened import literal, quoted
from etabli.records import Array, Column, Finding, Table, Target


@dataclass(frozen=True)
class Aim:
    """What is drawn over. name: of the column. label: the class whose rate it is, "" for the mean of numbers. classes: to choose from.

    values: float64 [rows of the sample], NaN unknown. sql: a DOUBLE over the view `data`, NULL unknown. share: whether it is a rate.
    value, low, high: over all rows of the sample. notes: what the target's reading has to say.
    """

    name: str
    label: str
    classes: tuple[str, ...]
    values: Array
    sql: str
    share: bool
    value: float
    low: float
    high: float
    target: Target
    notes: tuple[Finding, ...] = ()


def aim(table: Table, name: str, label: str = "", sql: str = "") -> Aim | str:
    """The aim at a column of the sampled table, or why it cannot be one. label: the class to follow; "" or an unknown one: the second of
    two, else the commonest. sql: the column as SQL writes it, where that is not its name in quotes."""
    try:
        made, notes = make_target(table, name)
    except EtabliError as error:
        return f"{error.rule} {error.got}".strip()
    column, sql = table.column(made.name), sql or quoted(made.name)
    if made.task == "regression":
        values = np.asarray(made.y, np.float64)
        return _made(column, "", (), values, f"CAST({sql} AS DOUBLE)", made, notes)
    chosen = (
        label if label in made.classes else made.classes[1 if made.task == "binary" else int(np.bincount(made.y[made.y >= 0]).argmax())]
    )
    values = np.where(made.y >= 0, (made.y == made.classes.index(chosen)).astype(np.float64), np.nan)
    sql = f"CASE WHEN {sql} IS NULL THEN NULL WHEN {sql} = {_same(column, chosen)} THEN 1.0 ELSE 0.0 END"
    return _made(column, chosen, made.classes, values, sql, made, notes)


def _made(column: Column, label: str, classes: tuple[str, ...], values: Array, sql: str, target: Target, notes: tuple[Finding, ...]) -> Aim:
    known = values[~np.isnan(values)]
    over = means(np.array([known.size]), np.array([known.sum()]), np.array([(known**2).sum()]), bool(classes))
    return Aim(
        column.name,
        label,
        classes,
        values,
        sql,
        bool(classes),
        float(over.value[0]),
        float(over.low[0]),
        float(over.high[0]),
        target,
        notes,
    )


def _same(column: Column, label: str) -> str:
    """SQL of the value that a label stands for."""
    if not column.is_double:
        return literal(label)
    words = [str(word) for word in column.reading.get("words", ())]
    return repr(float(words.index(label)) if label in words else float(label))
