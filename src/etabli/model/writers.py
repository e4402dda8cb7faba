"""Where predictions are written: CSV or Parquet, aside first and then renamed, so that a file is whole or absent.

The columns of the source stay as they were, text for text in a CSV (an identifier "007" stays so), type for type in Parquet.
CSV is comma, UTF-8, with quotes where needed; numbers in full (`repr`): what is read back is the very same double.
"""

from __future__ import annotations

import contextlib
import csv
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from etabli.errors import UsageError

Array = np.ndarray[Any, np.dtype[Any]]


class Writer(Protocol):
    """Takes one block after the other: the source's columns and the new ones, equally long."""

    def write(self, headers: Sequence[str], columns: Sequence[Any], names: Sequence[str], new: Sequence[Array]) -> None:
        """headers, columns: the source's, kept. names, new: the predictions', after them."""


class Csv:
    """Blocks as CSV lines on an open text file."""

    def __init__(self, file: IO[str]) -> None:
        self.lines = csv.writer(file, lineterminator="\n")
        self.begun = False

    def write(self, headers: Sequence[str], columns: Sequence[Any], names: Sequence[str], new: Sequence[Array]) -> None:
        """See `Writer`."""
        if not self.begun:
            self.lines.writerow([*headers, *names])
            self.begun = True
        self.lines.writerows(zip(*columns, *(values.tolist() for values in new), strict=True))


class Parquet:
    """Blocks as row groups of a Parquet file; pyarrow is imported here and nowhere else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: Any = None

    def write(self, headers: Sequence[str], columns: Sequence[Any], names: Sequence[str], new: Sequence[Array]) -> None:
        """See `Writer`. Repeated headers get a number: Parquet readers refuse equal names."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        titles = unique([*headers, *names])
        table = pa.table(
            [
                *(column if isinstance(column, (pa.Array, pa.ChunkedArray)) else pa.array(column) for column in columns),
                *(pa.array(values.tolist()) for values in new),
            ],
            names=titles,
        )
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.path, table.schema)
        self.writer.write_table(table.cast(self.writer.schema))


@contextmanager
def writer(out: str | os.PathLike[str]) -> Iterator[Writer]:
    """A writer to a .csv or .parquet file, or to the standard output ("-"). UsageError for another suffix or a missing folder."""
    if str(out) == "-":
        yield Csv(sys.stdout)
        sys.stdout.flush()
        return
    path = Path(out)
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(
            "answers are written to a .csv or .parquet file, or - for the standard output",
            str(out),
            f"for example -o {path.stem or 'out'}.csv",
        )
    if not path.parent.is_dir():
        raise UsageError("the folder of the output must exist", str(path.parent), f"mkdir -p {path.parent}")
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise UsageError(
                "writing Parquet needs pyarrow, which is not installed here", str(out), f"pip install pyarrow, or -o {path.stem}.csv"
            ) from None
    with renamed(path) as aside:
        if path.suffix.lower() == ".csv":
            with aside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                yield Csv(file)
            return
        made = Parquet(aside)
        try:
            yield made
        finally:
            if made.writer is not None:
                made.writer.close()


@contextmanager
def renamed(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; the file gets its own name at the end, whole, or is taken away. UsageError for a missing folder."""
    if not path.parent.is_dir():
        raise UsageError("the folder of the output must exist", str(path.parent), f"mkdir -p {path.parent}")
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(number)
    aside = Path(name)
    try:
        yield aside
        with aside.open("rb") as whole:
            os.fsync(whole.fileno())
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)  # mkstemp makes it readable by us alone
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


SEVERAL = ("prediction", "coordinates", "probability", "set", "quantile")
SINGLE = ("p0", "p1", "lower", "upper", "deviation", "cdf", "error", "certainty", "novelty")


def names(outputs: Mapping[str, Array], classes: Sequence[str], taken: Sequence[str] = (), quantiles: Sequence[float] = ()) -> list[str]:
    """The headers of the new columns: prediction or the coordinates x1, x2 ... first, then probability_<class>, set, p0, p1, lower, upper,
    deviation, cdf, error, certainty, novelty, quantile_<level>, then what else an adopted model gives (values_1, values_2 ...). A header the source already has gets a number
    ("prediction_2"): two columns of one name cannot be told apart."""
    wanted = ["prediction"] if "prediction" in outputs else []
    wanted += [f"x{i + 1}" for i in range(outputs["coordinates"].shape[1])] if "coordinates" in outputs else []
    wanted += [f"probability_{label}" for label in classes] if "probability" in outputs else []
    wanted += [name for name in ("set", *SINGLE) if name in outputs]
    wanted += [f"quantile_{level:g}" for level in quantiles] if "quantile" in outputs else []
    for name, values in _others(outputs):
        wanted += [name] if values.shape[1] == 1 else [f"{name}_{i + 1}" for i in range(values.shape[1])]
    return unique([*taken, *wanted])[len(taken) :]


def columns(outputs: Mapping[str, Array], classes: Sequence[str]) -> list[Array]:
    """The new columns in the order of `names`. A set is its labels with | between them ("\\" before a | or \\ of a label)."""
    made: list[Array] = [outputs["prediction"][:, 0]] if "prediction" in outputs else []
    made += [outputs["coordinates"][:, i] for i in range(outputs["coordinates"].shape[1])] if "coordinates" in outputs else []
    if "probability" in outputs:
        made += [outputs["probability"][:, i] for i in range(len(classes))]
    if "set" in outputs:
        made.append(sets(outputs["set"], classes))
    made += [outputs[name][:, 0] for name in SINGLE if name in outputs]
    made += [outputs["quantile"][:, i] for i in range(outputs["quantile"].shape[1])] if "quantile" in outputs else []
    made += [values[:, i] for _, values in _others(outputs) for i in range(values.shape[1])]
    return made


def _others(outputs: Mapping[str, Array]) -> list[tuple[str, Array]]:
    return [(name, values) for name, values in outputs.items() if name not in (*SEVERAL, *SINGLE)]


def sets(members: Array, classes: Sequence[str]) -> Array:
    """object [rows]: the labels of each row's set, "a|b"; "" for the empty set. members: bool [rows, classes]."""
    labels = [label.replace("\\", "\\\\").replace("|", "\\|") for label in classes]
    shapes, which = np.unique(members, axis=0, return_inverse=True)
    texts = np.empty(len(shapes), object)
    texts[:] = ["|".join(label for label, inside in zip(labels, shape, strict=True) if inside) for shape in shapes]
    return texts[which.ravel()]


def unique(titles: Sequence[str]) -> list[str]:
    """The same titles, repeated ones numbered from 2 on."""
    seen = set(titles)
    used: set[str] = set()
    made = []
    for title in titles:
        name, number = title, 2
        while name in used or (name != title and name in seen):
            name, number = f"{title}_{number}", number + 1
        used.add(name)
        made.append(name)
    return made
