"""A table in a folder, memory-mapped: `doubles.npy` [columns, rows] float64, `codes.npy` [columns, rows] int32, levels, `table.json`.

Two big files and not one a column, so that 3,000 columns of 50 rows cost two opens; each column is one contiguous stretch.
A `Draft` takes columns one by one (the whole table need not fit in memory) and is renamed into place when it is complete: a
folder with a `table.json` is a whole table. Levels are one text and its offsets, loaded when asked for.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np

from etabli.errors import DataError
from etabli.records import Array, Column, Finding, Table

FORMAT = 1
LARGE = 200_000  # levels beyond this many stay on disk and are read one by one
_HEAD = 128


@dataclass(frozen=True)
class Packed:
    """Levels as one stretch of UTF-8 bytes and the end of each text in it: what millions of texts need not be unpacked from."""

    data: Array
    ends: Array

    def texts(self) -> tuple[str, ...]:
        """The texts themselves."""
        data, edges = self.data.tobytes(), [0, *self.ends.tolist()]
        return tuple(data[a:b].decode() for a, b in pairwise(edges))

    @classmethod
    def of(cls, levels: Sequence[str]) -> Packed:
        """Packs texts."""
        encoded = [text.encode() for text in levels]
        return cls(np.frombuffer(b"".join(encoded), np.uint8), np.cumsum([len(text) for text in encoded], dtype=np.int64))


class Levels(Sequence[str]):
    """Texts of a column with very many levels, read from disk one at a time."""

    def __init__(self, blob: Path, ends: Array) -> None:
        self._bytes, self._ends = np.memmap(blob, np.uint8, "r"), ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self))))
        at = range(len(self))[at]
        return bytes(self._bytes[int(self._ends[at - 1]) if at else 0 : int(self._ends[at])]).decode()


class _Lazy(Mapping[str, Sequence[str]]):
    """Levels by column name; a column's texts are loaded when first asked for."""

    def __init__(self, folder: Path, numbers: Mapping[str, int]) -> None:
        self._folder, self._numbers, self._known = folder, numbers, dict[str, Sequence[str]]()

    def __getitem__(self, name: str) -> Sequence[str]:
        if name not in self._known:
            number = self._numbers[name]
            ends = np.load(self._folder / f"levels-{number}.npy", mmap_mode="r")
            blob = self._folder / f"levels-{number}.txt"
            if len(ends) > LARGE:
                self._known[name] = Levels(blob, ends)
            else:
                self._known[name] = Packed(np.fromfile(blob, np.uint8), ends).texts()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _head(file: BinaryIO, dtype: str, shape: tuple[int, int]) -> None:
    """A .npy header of fixed length, so that the number of columns may be written last."""
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    file.seek(0)
    file.write(b"\x93NUMPY\x01\x00" + (_HEAD - 10).to_bytes(2, "little") + text.ljust(_HEAD - 11) + b"\n")


class Draft:
    """A table being written, column by column, beside its final place; `finish` renames it. With folder None it stays in memory."""

    def __init__(self, folder: Path | None, rows: int) -> None:
        self.folder, self.rows = folder, rows
        self._values: dict[str, Array] = {}
        self._levels: dict[str, Sequence[str]] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._files: dict[str, BinaryIO] = {}
        if folder is not None:
            self._aside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
            shutil.rmtree(self._aside, ignore_errors=True)
            self._aside.mkdir(parents=True)
            for kind, dtype in (("doubles", "<f8"), ("codes", "<i4")):
                self._files[kind] = (self._aside / f"{kind}.npy").open("wb")
                _head(self._files[kind], dtype, (0, rows))

    def put(self, name: str, values: Array, levels: Sequence[str] | Packed | None = None) -> None:
        """Adds a column: float64 [rows], or int32 codes [rows] into `levels`."""
        if self.folder is None:
            self._values[name] = values
            if levels is not None:
                self._levels[name] = levels.texts() if isinstance(levels, Packed) else tuple(levels)
            return
        kind = "doubles" if levels is None else "codes"
        number = sum(1 for place in self._places.values() if place[0] == kind)
        cells = np.ascontiguousarray(values, "<f8" if levels is None else "<i4")
        self._files[kind].write(cells.data)  # not tofile: it does not tell of a disk that is full
        if levels is not None:
            packed = levels if isinstance(levels, Packed) else Packed.of(levels)
            np.save(self._aside / f"levels-{number}.npy", packed.ends)
            (self._aside / f"levels-{number}.txt").write_bytes(packed.data.data)
        self._places[name] = (kind, number)

    def finish(self, columns: Sequence[Column], fingerprint: str = "", source: str = "", notes: Sequence[Finding] = ()) -> Table:
        """The table, memory-mapped when it has a folder. Columns without values (left out) are not allowed."""
        if self.folder is None:
            return Table(tuple(columns), self.rows, self._values, self._levels, fingerprint, source, tuple(notes))
        for kind, dtype in (("doubles", "<f8"), ("codes", "<i4")):
            file = self._files[kind]
            _head(file, dtype, (sum(1 for place in self._places.values() if place[0] == kind), self.rows))
            file.flush()
            os.fsync(file.fileno())
            file.close()
        facts = {
            "format": FORMAT, "rows": self.rows, "fingerprint": fingerprint, "source": source, "places": self._places,
            "columns": [asdict(column) for column in columns], "notes": [asdict(note) for note in notes],
        }  # fmt: skip
        (self._aside / "table.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.replace(self._aside, self.folder)
        return load(self.folder)

    def drop(self) -> None:
        """Throws an unfinished draft away."""
        for file in self._files.values():
            with suppress(OSError):  # what is buffered may not fit on the disk either
                file.close()
        if self.folder is not None:
            shutil.rmtree(self._aside, ignore_errors=True)


def save(table: Table, folder: Path) -> Table:
    """Writes a table into `folder` (replaced whole) and returns it memory-mapped."""
    draft = Draft(folder, table.rows)
    try:
        for column in table.columns:
            draft.put(column.name, table.values[column.name], None if column.is_double else table.levels[column.name])
        return draft.finish(table.columns, table.fingerprint, table.source, table.notes)
    except BaseException:
        draft.drop()
        raise


def load(folder: Path) -> Table:
    """The table of a folder, memory-mapped and read-only. DataError when there is none or it is of a later format."""
    try:
        facts = json.loads((folder / "table.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            "A stored table has a readable table.json.", f"{folder.name}: {type(error).__name__}", "read the file again"
        ) from error
    if facts["format"] > FORMAT:
        raise DataError(f"This release reads stored tables up to format {FORMAT}.", f"format {facts['format']}", "update etabli")
    columns = tuple(Column(**{**column, "missing": tuple(column["missing"])}) for column in facts["columns"])
    notes = tuple(Finding(**{**note, "columns": tuple(note["columns"])}) for note in facts["notes"])
    blocks: dict[str, Any] = {}
    for kind in ("doubles", "codes"):
        if any(place[0] == kind for place in facts["places"].values()):
            blocks[kind] = np.load(folder / f"{kind}.npy", mmap_mode="r")
    values = {name: blocks[kind][number] for name, (kind, number) in facts["places"].items()}
    levels = _Lazy(folder, {name: number for name, (kind, number) in facts["places"].items() if kind == "codes"})
    return Table(columns, facts["rows"], values, levels, facts["fingerprint"], facts["source"], notes)
