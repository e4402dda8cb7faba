"""Which columns each input of a network takes: those that the user names, or so many of the others in the order of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from etabli.errors import UsageError, did_you_mean

Told = Mapping[str, tuple[int | str, ...]]


def shares_of(
    title: str, known: Mapping[str, int | None], told: Told, there: Sequence[str]
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """(shape of a row of each input that is told, columns in the order of the network's inputs).

    told: sizes of a shape, names of columns, or a shape and then the names of what fills it. known: how many columns each input takes, in the network's order. told: shapes are dealt in their order, after them the inputs that are not told. Columns that are
    left over come last, and are left out where every input names its own. UsageError for an input or a column that is not there, or taken twice.
    """
    if len(known) == len(told) == 1:  # whatever the one is called: Keras numbers its inputs
        told = dict(zip(known, told.values(), strict=True))
    if strange := [name for name in told if name not in known]:
        raise UsageError(
            "--inputs names inputs of the network", f"{strange[0]}; {title} takes {', '.join(known)}", did_you_mean(strange[0], known)
        )
    if lacking := [name for name, width in known.items() if width is None and name not in told]:
        raise UsageError(
            "--inputs tells of every input what it takes", f"{title}: {', '.join(lacking)}", f"--inputs {lacking[0]}=COLUMN,..."
        )
    named: list[str] = [str(column) for taken in told.values() for column in taken if isinstance(column, str)]
    if gone := [column for column in named if column not in there]:
        raise UsageError("--inputs names columns of the data, not the target", gone[0], did_you_mean(gone[0], there))
    if twice := sorted({column for column in named if named.count(column) > 1}):
        raise UsageError("--inputs gives each column to one input", ", ".join(twice), "")
    left = [column for column in there if column not in named]
    shapes: dict[str, tuple[int, ...]] = {}
    columns: dict[str, list[str]] = {}
    for name in [*told, *(name for name in known if name not in told)]:
        width, taken = known[name], told.get(name, ())
        mine = [column for column in taken if isinstance(column, str)]
        shape = tuple(size for size in taken if isinstance(size, int))
        if mine:
            columns[name], shapes[name] = mine, shape or (len(mine),)
        else:
            shape = shape or (width or 0,)
            many = int(np.prod(shape, dtype=np.int64))
            columns[name], left, shapes[name] = left[:many], left[many:], shape
        wanted = int(np.prod(shapes[name], dtype=np.int64))
        if width is not None and width != wanted:
            raise UsageError("an input gets as many columns as it takes", f"{title}: {name} takes {width}; --inputs gives it {wanted}", "")
        if mine and len(mine) != wanted:
            raise UsageError(
                "--inputs names as many columns as its shape holds", f"{title}: {name} takes {wanted}; {len(mine)} are named", ""
            )
        if len(columns[name]) < wanted:
            raise UsageError(
                "--inputs deals out the columns of the data", f"{title}: {name} takes {wanted}; {len(columns[name])} are left", ""
            )
    order = [column for name in known for column in columns[name]]
    every = len(named) == len(order)
    return {name: shapes[name] for name in told}, order if every else [*order, *left]
