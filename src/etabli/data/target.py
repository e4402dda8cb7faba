"""What is to be predicted: the target column as numbers or class numbers, and every reason to refuse it.

The task, when it is not given, follows from the column, and is said where it could be otherwise:
- words, flags and dates of two levels: classes; two different values of any sort: binary;
- numbers with a fraction, or with more than 10 different values: regression;
- whole numbers of 3 to 10 different values: classes only if they look like codes - no gap, starting at 0 or 1, and either three
  of them or none rarer than a fifth of the commonest; else they are taken for counts or grades: regression.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from etabli.data.columns import positive as says_yes
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.records import Array, Column, Finding, Table, Target, TaskKind

FOLDS = 5
LEAST = 10  # rows with a target below which nothing can be compared
TASKS: tuple[TaskKind, ...] = ("binary", "multiclass", "regression")


def target(table: Table, name: str, task: str | None = None, positive: str | None = None) -> tuple[Target, tuple[Finding, ...]]:
    """The target of a table, and what has to be said of it.

    task: "binary", "multiclass" or "regression", None to infer. positive: the label of classes[1] (binary). Rows without a target
    have y NaN (regression) or -1. UsageError: unknown column, task or label. DataError: nothing to learn from this column.
    """
    column = _column(table, name)
    if task is not None and task not in TASKS:
        raise UsageError("A task is one of " + ", ".join(TASKS) + ".", f'"{task}"', did_you_mean(task, TASKS))
    values = np.asarray(table.values[column.name])
    filled = ~np.isnan(values) if column.is_double else values >= 0
    count = int(filled.sum())
    where = f'{table.source or "the data"}, column "{column.name}"'
    if not count and any(note.code == "kind-overridden" and column.name in note.columns for note in table.notes):
        raise DataError(
            "The target has a value on some rows.",
            f"{where}: none of its {table.rows} cells can be read as {column.kind}",
            f"leave out --kind {column.name}=...",
        )
    if not count:
        raise DataError("The target has a value on some rows.", f"{where}: all {table.rows} cells are empty", _others(table, column))
    if column.kind in ("identifier", "text") and column.distinct > FOLDS:
        what = "is different on (nearly) every row" if column.kind == "identifier" else "holds sentences"
        raise DataError(
            "A target is a number or a class.",
            f"{where} {what} ({column.reason})",
            "if it is a class or a number: --kind NAME=category or --kind NAME=number",
        )
    if column.kind == "date" and task != "binary" and column.distinct > 2:
        raise DataError(
            "A target is a number or a class.", f"{where} holds dates", "predict a duration in days instead: make it a number column"
        )
    said = _missing(table, column, count)
    labels, codes = _labels(table, column, values, filled)
    if len(labels) < 2:
        raise DataError(
            "A target takes at least two values.",
            f"{where}: " + (f"all {count} rows with a target say" if count > 1 else "the 1 row with a target says") + f' "{labels[0]}"',
            "there is nothing to learn; " + _others(table, column),
        )
    if count < LEAST:
        raise DataError(f"At least {LEAST} rows have a target.", f"{where}: {count} of {table.rows} rows", "gather more rows")
    chosen, guess = _task(column, values[filled], labels, codes[filled], task, where)
    said += guess
    if chosen == "regression":
        return Target(column.name, "regression", np.array(values, np.float64)), tuple(said)
    return _classes(column, labels, codes, positive, where, said)


def _column(table: Table, name: str) -> Column:
    same = [column for column in table.columns if name in (column.name, column.header.strip())]
    if len(same) > 1:
        raise DataError(
            "The target is one column.",
            f'{len(same)} columns of {table.source or "the data"} are called "{name}"',
            "rename them in the file's first line, each its own name",
        )
    if same:
        return same[0]
    names = [column.name for column in table.columns]
    listed = ", ".join(f'"{n}"' for n in names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    if any(note.code == "no-header" for note in table.notes):
        raise DataError(
            "The target is a column of the data.",
            f'"{name}" is not there, and the first line of {table.source} looks like data: {listed}',
            "put a line of column names first",
        )
    raise UsageError(
        "The target is a column of the data.", f'"{name}"; {table.source or "the data"} has {listed}', did_you_mean(name, names)
    )


def _others(table: Table, column: Column) -> str:
    others = [f'"{other.name}"' for other in table.columns if other.name != column.name and other.kind in ("category", "flag", "number")]
    return "name another column as target" + (f": {', '.join(others[:8])}" if others else "")


def _missing(table: Table, column: Column, count: int) -> list[Finding]:
    gone = table.rows - count
    if not gone:
        return []
    text = {
        "en": f'{gone} of {table.rows} rows have no "{column.name}": they are left out of training and scoring.',
        "fr": f"{gone} lignes sur {table.rows} n'ont pas de « {column.name} » : elles sont laissées hors de l'apprentissage et de la note.",
    }
    return [Finding("target-missing", (column.name,), text, {}, "warn", {"rows": gone})]


def _labels(table: Table, column: Column, values: Array, filled: Array) -> tuple[list[str], Array]:
    """Labels in use, and int64 codes into them (-1 missing); numbers by value, words by alphabet."""
    codes = np.full(len(values), -1, np.int64)
    found, codes[filled] = np.unique(values[filled], return_inverse=True)
    if not column.is_double:
        levels = table.levels[column.name]
        return [levels[int(code)] for code in found], codes
    if column.reading.get("parse") == "flag":
        return [str(column.reading["words"][int(value)]) for value in found], codes
    if len(found) > 1000:  # nobody reads them
        return ["" for _ in found], codes
    return [str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value)) for value in found], codes


def _task(
    column: Column, values: Array, labels: Sequence[str], codes: Array, task: str | None, where: str
) -> tuple[TaskKind, list[Finding]]:
    """The task, and a finding where a rule chose among two sensible ones."""
    number = column.is_double and column.reading.get("parse") == "number"
    if task == "regression":
        if not number and not (column.is_double and column.reading.get("parse") == "flag"):
            raise UsageError(
                "Regression needs a target of numbers.",
                f'{where} holds {column.kind} values such as "{labels[0]}"',
                "leave out --task, or --task " + ("binary" if len(labels) == 2 else "multiclass"),
            )
        return "regression", []
    if task == "binary" and len(labels) > 2:
        usual = np.bincount(codes)
        if np.sum(usual >= 2) > 2:
            raise UsageError(
                "A binary target has two classes.",
                f"{where} has {len(labels)} different values",
                "--task multiclass" + (" or --task regression" if number else ""),
            )
    if task is not None or not number or len(labels) == 2:
        return ("binary" if len(labels) == 2 else "multiclass"), []
    whole = bool((values == np.floor(values)).all())
    if not whole or len(labels) > 10:
        return "regression", []
    usual = np.bincount(codes)
    numbers = [int(label) for label in labels]
    in_line = numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1
    coded = in_line and (len(numbers) == 3 or usual.min() * 5 >= usual.max()) and len(values) >= 5 * len(numbers)
    chosen: TaskKind = "multiclass" if coded else "regression"
    other = "regression" if coded else "multiclass"
    read, lu = ("class codes", "des codes de classe") if coded else ("amounts", "des quantités")
    text = {
        "en": f'The {len(labels)} whole numbers of "{column.name}" were taken for {read}: the task is {chosen}.',
        "fr": f"Les {len(labels)} nombres entiers de « {column.name} » ont été pris pour {lu} : la tâche est {chosen}.",
    }
    cure = {"en": f"If they are not: --task {other}.", "fr": f"Sinon : --task {other}."}
    return chosen, [Finding("task-guessed", (column.name,), text, cure, "note", {"task": chosen})]


def _classes(
    column: Column, labels: list[str], codes: Array, positive: str | None, where: str, said: list[Finding]
) -> tuple[Target, tuple[Finding, ...]]:
    """Classes with one row cannot be both learnt and scored: those rows are left out."""
    count = np.bincount(codes[codes >= 0], minlength=len(labels))
    single = [k for k in range(len(labels)) if count[k] < 2]
    if single:
        named = ", ".join(f'"{labels[k]}"' for k in single[:8]) + (f" and {len(single) - 8} more" if len(single) > 8 else "")
        text = {
            "en": f'Classes of "{column.name}" with a single row cannot be learnt and scored; left out: {named}.',
            "fr": f"Les classes de « {column.name} » d'une seule ligne ne peuvent être apprises et notées ; laissées de côté : {named}.",
        }
        said = [
            *said,
            Finding(
                "single-row-class",
                (column.name,),
                text,
                {
                    "en": "Gather more rows of it, or join it with another class.",
                    "fr": "Réunissez-en plus de lignes, ou joignez-la à une autre classe.",
                },
                "warn",
                {"classes": [labels[k] for k in single]},
            ),
        ]
        kept = [k for k in range(len(labels)) if count[k] >= 2]
        renumber = np.full(len(labels) + 1, -1, np.int64)
        renumber[kept] = np.arange(len(kept))
        codes, labels, count = renumber[codes], [labels[k] for k in kept], count[kept]
    if len(labels) < 2:
        rest = (
            f'only "{labels[0]}" ({count[0]} rows) has more than one row'
            if labels
            else f"every class has a single row ({len(single)} classes)"
        )
        raise DataError(
            "At least two classes have two rows or more.",
            f"{where}: {rest}",
            "gather more rows, or join rare classes; a number? --task regression",
        )
    if len(labels) > 2:
        if positive is not None:
            raise UsageError(
                "A positive class is named for two classes only.", f"{where} has {len(labels)} classes", "leave out --positive"
            )
        return Target(column.name, "multiclass", codes, tuple(labels)), tuple(said)
    if _positive(labels, count, positive, where) == 0:
        labels, codes = labels[::-1], np.where(codes >= 0, 1 - codes, -1)
    return Target(column.name, "binary", codes, tuple(labels)), tuple(said)


def _positive(labels: Sequence[str], count: Array, positive: str | None, where: str) -> int:
    """Which of two labels is classes[1]: the one asked for, else the one that says yes, else the rarer."""
    if positive is not None:
        plain = [label.casefold() for label in labels]
        asked = positive.strip().casefold().removesuffix(".0")
        if asked not in plain:
            raise UsageError(
                "The positive class is one of the two.",
                f'"{positive}"; {where} has "{labels[0]}" and "{labels[1]}"',
                did_you_mean(positive, labels),
            )
        return plain.index(asked)
    yes = [says_yes(label) for label in labels]
    if yes[0] != yes[1]:
        return int(yes[1] > yes[0])
    return int(count[1] <= count[0])
