"""Delimited text: read once by stream, staged as text columns, then column by column into the store.

All cells come as texts, for only the whole column tells how it is written (`batched.py` keeps them until then).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from etabli.data import batched, remarks, staging
from etabli.data import dialect as dialects
from etabli.errors import DataError
from etabli.records import Finding, Table, Watch, quiet

suffixes = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".csv.zst", ".tsv.zst", ".dat")
magic: tuple[bytes, ...] = ()
BLOCK = 4 << 20
_LINE = re.compile(rb"\r\n|\n|\r")


class _Stream:
    """A file object for Arrow: the data lines alone, decompressed, in UTF-8."""

    closed = False

    def __init__(self, raw: IO[bytes], dialect: dialects.Dialect) -> None:
        self._raw = raw
        name = dialect.encoding
        self._decode = None if name in ("utf-8", "utf-8-sig") else codecs.getincrementaldecoder(name)()
        self._ahead = b""
        skip, at = dialect.first - 1, 0
        while skip:  # the lines before the data
            match = _LINE.search(self._ahead, at)
            if match is None or match.end() == len(self._ahead):  # a "\r" at the end may be half of a "\r\n"
                more = self._more(BLOCK)
                if more:
                    self._ahead += more
                    continue
            at, skip = (match.end(), skip - 1) if match else (len(self._ahead), 0)
        self._ahead = self._ahead[at:]

    def _more(self, size: int) -> bytes:
        while chunk := self._raw.read(size):
            if self._decode is None:
                return chunk
            if out := self._decode.decode(chunk).encode():
                return out
        return self._decode.decode(b"", final=True).encode() if self._decode else b""

    def read(self, size: int = -1) -> bytes:
        if not self._ahead:
            self._ahead = self._more(BLOCK if size < 0 else max(size, 1))
        out, self._ahead = (self._ahead, b"") if size < 0 else (self._ahead[:size], self._ahead[size:])
        return out

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._ahead = b""


def batches(path: Path, dialect: dialects.Dialect) -> Iterator[Any]:
    """Record batches of text columns c0, c1, ... (blank is null). DataError, naming the lines, for lines of another width."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names = [f"c{i}" for i in range(len(dialect.names))]
    block = BLOCK
    while True:
        seen = 0
        try:
            with dialects.binary(path, dialect.compression) as raw:
                reader = pc.open_csv(
                    pa.PythonFile(_Stream(raw, dialect), "r"),
                    pc.ReadOptions(use_threads=False, block_size=block, column_names=names),
                    pc.ParseOptions(
                        delimiter=dialect.separator,
                        quote_char=dialect.quote or False,
                        double_quote=True,
                        newlines_in_values=bool(dialect.quote),
                    ),
                    pc.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""], check_utf8=False
                    ),
                )
                for batch in reader:
                    seen += batch.num_rows
                    yield batch
            return
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and not seen and block < 1 << 30:  # one row is longer than a block
                block *= 16
                continue
            if "Empty CSV" in str(error):
                return
            raise dialects.ragged(path, dialect) from error


def read(path: Path, folder: Path | None = None, kinds: Mapping[str, str] | None = None, watch: Watch = quiet) -> Table:
    """The table of a delimited text file. DataError: empty, no rows, lines of unequal width, NUL bytes, no table at all."""
    watch("reading", name=path.name)
    dialect = dialects.sniff(path)
    with ExitStack() as stack:
        stage = batched.kept(batches(path, dialect), dialect.names, dialect.headers, folder, stack, dialect.decimal)
        if stage is None:
            raise DataError("A data file has rows.", f"{path.name} has a header of {len(dialect.names)} columns ({', '.join(dialect.names[:6])}) and no rows", "was the export interrupted?")  # fmt: skip
        notes = list(remarks.from_dialect(dialect.notes))
        if dialect.headless:
            line = " | ".join(dialect.headers)[:120]
            text = {
                "en": f"The first line looks like data, not like names: {line}",
                "fr": f"La première ligne ressemble à des données, pas à des noms : {line}",
            }
            cure = {"en": "Put a line of column names first.", "fr": "Mettez d'abord une ligne de noms de colonnes."}
            notes.append(Finding("no-header", tuple(dialect.names), text, cure, "warn", {"line": dialect.header}))
        return staging.build(stage, folder, kinds, watch, dialect.fingerprint, path.name, notes)
