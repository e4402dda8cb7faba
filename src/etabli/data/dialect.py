"""How a delimited text file is written, found from its content and never from its name.

One pass over all bytes (encoding, NULs, line ends, fingerprint), then a look at the first megabyte (separator, quotes, the line
of the header, the decimal mark). Standard library only: `predict` reads new rows with `rows` where nothing else is installed
(zstd alone asks for pyarrow, up to Python 3.13). What cannot be a table (a web page, an empty file, NUL bytes) is refused here, with line numbers.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from etabli.errors import DataError

SAMPLE = 1 << 20
SEPARATORS = (",", ";", "\t", "|")
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NOT_TEXT = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "save the sheet as CSV"), (b"PAR1", "a Parquet file", ""),
    (b"%PDF", "a PDF document", ""), (b"\x89HDF", "an HDF5 file", ""), (b"SQLite format 3", "an SQLite database", "export the table as CSV (fit and explore read it as it is: my.db::table)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"), (b"\x89PNG", "a picture", ""), (b"ARROW1", "an Arrow file", "save it as Parquet"),
)  # fmt: skip
_NUMBER = re.compile(r"[-+]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Dialect:
    """The way one file is written; JSON-able by `dataclasses.asdict`.

    header: line (from 1, as in the file) where the header begins; first: line where the data begin. headers: as in the file;
    names: unique, stable, never empty. headless: the first line looks like data. quote "" when nothing is quoted. decimal: "."
    or ",". newline "\\r" for carriage returns alone. notes: what had to be guessed, {"code", "en", "fr"}.
    """

    encoding: str
    compression: str
    separator: str
    quote: str
    decimal: str
    newline: str
    header: int
    first: int
    headers: tuple[str, ...]
    names: tuple[str, ...]
    headless: bool = False
    fingerprint: str = ""
    notes: tuple[dict[str, str], ...] = ()


def sniff(path: str | Path) -> Dialect:
    """Reads the file once and says how it is written. DataError when it is empty, no delimited text, damaged or holds NUL bytes."""
    path = Path(path)
    seen = _scan(path)
    notes = list(seen["notes"])
    with text(path, seen["encoding"], seen["compression"]) as stream:
        sample = stream.read(SAMPLE)
        whole = not stream.read(1)
    if not sample.strip():
        raise DataError(
            "A data file has a header and rows.", f"{path.name} is empty ({path.stat().st_size} bytes)", "was the export interrupted?"
        )
    if not whole:
        cut = max(sample.rfind("\n"), sample.rfind("\r"))
        sample = sample[: cut + 1] if cut > 0 else sample
    _refuse_markup(path, sample)
    separator, quote, records, width = _layout(sample, seen["quoted"])
    at = _header(records, width)
    line, headers = records[at]
    first = records[at + 1][0] if at + 1 < len(records) else line + 1 + sum(cell.count("\n") for cell in headers)
    if at:
        skipped = line - 1
        shown = " / ".join(" ".join(cells)[:40] for _, cells in records[:at][:3])
        notes.append({"code": "preamble-skipped", "en": f"The header is on line {line}; the {skipped} lines before it were skipped: {shown}", "fr": f"L'en-tête est à la ligne {line} ; les {skipped} lignes qui précèdent ont été sautées : {shown}"})  # fmt: skip
    headers = [cell.strip("\ufeff") for cell in headers]
    body = [cells for _, cells in records[at + 1 :]]
    return Dialect(
        encoding=seen["encoding"], compression=seen["compression"], separator=separator, quote=quote, decimal=_decimal(body, separator),
        newline=seen["newline"], header=line, first=first, headers=tuple(headers), names=names(headers),
        headless=_looks_like_data(headers, body), fingerprint=seen["fingerprint"], notes=tuple(notes),
    )  # fmt: skip


def glimpse(path: str | Path) -> tuple[str, ...]:
    """The names of the columns, from the first 64 kB alone: for who may not wait. As `sniff` finds them, unless what decides lies further on."""
    path = Path(path)
    with binary(path, _magic(path)) as raw:
        chunk = raw.read(1 << 16)
    encoding = next((name for mark, name in _BOMS if chunk.startswith(mark)), "") or _wide(chunk, []) or "utf-8"
    sample = codecs.getincrementaldecoder(encoding)("replace").decode(chunk)
    cut = max(sample.rfind("\n"), sample.rfind("\r"))
    _, _, records, width = _layout(sample[: cut + 1] or sample, '"' in sample)
    return names([cell.strip("\ufeff") for cell in records[_header(records, width)][1]])


RESERVED = frozenset(  # the model file's own names
    "prediction probability set coordinates error certainty lower upper deviation novelty confidence quantile quantiles cdf at p0 p1 half_width".split()
)


def names(headers: Sequence[str]) -> tuple[str, ...]:
    """Unique, stable names: 'income', 'income.2' for the repeated one, 'column_5' for an empty one, 'prediction.2' for a column
    called like an output of the model file."""
    taken, out = {cell.strip() for cell in headers}, []
    used: set[str] = set()
    for number, header in enumerate(headers, 1):
        name = stem = header.strip() or f"column_{number}"
        count = 2
        while name in used or name in RESERVED or (name != header.strip() and name in taken):
            name = f"{stem}.{count}"
            count += 1
        used.add(name)
        out.append(name)
    return tuple(out)


def rows(path: str | Path, dialect: Dialect) -> Iterator[list[str]]:
    """The data rows (without header and blank lines), every one as wide as the header. DataError, naming the lines, when one is not."""
    for _, cells in numbered(path, dialect):
        yield cells


def numbered(path: str | Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """As `rows`, each with its line in the file (from 1)."""
    width = len(dialect.headers)
    for line, cells in _records(path, dialect):
        if len(cells) != width:
            raise ragged(path, dialect)
        yield line, cells


def ragged(path: str | Path, dialect: Dialect, shown: int = 8) -> DataError:
    """The refusal of a file whose lines differ in width, naming the lines."""
    width, wrong, rows_seen = len(dialect.headers), [], 0
    for line, cells in _records(path, dialect):
        rows_seen += 1
        if len(cells) != width:
            wrong.append((line, len(cells)))
    if not wrong:
        return DataError(
            "Every line has as many fields as the header.", f"{Path(path).name} could not be parsed", "is a quotation mark left open?"
        )
    listed = ", ".join(f"line {line} has {fields}" for line, fields in wrong[:shown])
    more = f" and {len(wrong) - shown} more lines" if len(wrong) > shown else ""
    hint = "correct or remove these lines; quote cells that contain the separator"
    if len(wrong) == rows_seen and all(fields == wrong[0][1] for _, fields in wrong):
        hint = f"the header has {width} names for {wrong[0][1]} columns: complete the header"
    got = f"{Path(path).name}: {len(wrong)} of {rows_seen} lines differ from the header's {width} fields: {listed}{more}"
    return DataError("Every line has as many fields as the header.", got, hint)


def _records(path: str | Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(sys.maxsize)
    with text(Path(path), dialect.encoding, dialect.compression) as stream:
        for _ in range(dialect.header - 1):
            stream.readline()
        records = _parse(stream, dialect.separator, dialect.quote, dialect.header)
        next(records, None)  # the header
        yield from records


def _parse(lines: Any, separator: str, quote: str, line: int = 1, most: int = 0) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each record that is not blank; line: the number of the first line given."""
    quoting: dict[str, Any] = {"quotechar": quote, "quoting": csv.QUOTE_MINIMAL} if quote else {"quoting": csv.QUOTE_NONE}
    reader = csv.reader(lines, delimiter=separator, doublequote=True, **quoting)
    before, count = 0, 0
    for cells in reader:
        if cells:
            yield line + before, cells
            count += 1
            if count == most:
                return
        before = reader.line_num


# bytes -------------------------------------------------------------------------------------------------------------------


@contextmanager
def binary(path: Path, compression: str) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed. DataError when the compressed stream is damaged."""
    import gzip

    raw: Any
    try:
        if compression == "gzip":
            raw = gzip.open(path, "rb")  # noqa: SIM115
        elif compression == "zstd":
            raw = _zstd(path)
        else:
            raw = path.open("rb")
        with raw:
            yield raw
    except (EOFError, zlib.error, OSError) as error:
        if not compression or isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise DataError("A compressed file is complete.", f"{path.name}: {error}", "copy or download it again") from error


def _zstd(path: Path) -> Any:
    """A zstd stream: the standard library has one from Python 3.14 on, else pyarrow if it is there."""
    import importlib

    try:
        return importlib.import_module("compression.zstd").open(path, "rb")
    except ImportError:
        pass
    try:
        return importlib.import_module("pyarrow").input_stream(str(path), compression="zstd")
    except ImportError:
        raise DataError("Reading zstd needs pyarrow.", path.name, "decompress the file, or install pyarrow") from None


@contextmanager
def text(path: Path, encoding: str, compression: str) -> Iterator[IO[str]]:
    """The file's text, line ends as they are."""
    with binary(path, compression) as raw:
        try:
            yield io.TextIOWrapper(raw, encoding=encoding, newline="")
        except UnicodeDecodeError as error:
            raise DataError(
                f"The file is {encoding.upper()} throughout.", f"{path.name}: {error.reason}", "export the file again as UTF-8"
            ) from error


def _magic(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    return "gzip" if head[:2] == b"\x1f\x8b" else "zstd" if head[:4] == b"\x28\xb5\x2f\xfd" else ""


def fingerprint(path: str | Path) -> str:
    """sha256 of the file's bytes, as they lie on the disk."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _scan(path: Path) -> dict[str, Any]:
    """One pass over all bytes: encoding (proven for UTF-8, guessed otherwise), NULs, line ends, quotes."""
    compression = _magic(path)
    notes: list[dict[str, str]] = []
    encoding, bad, odd, quoted = "", 0, False, False
    returns = feeds = 0
    nul: list[int] = []
    decoder = codecs.getincrementaldecoder("utf-8")()
    # the sum is taken in the same pass where the bytes read are the bytes on the disk
    with binary(path, compression) as raw:
        total = hashlib.sha256()
        start = True
        while chunk := raw.read(SAMPLE):
            if not compression:
                total.update(chunk)
            if start:
                for magic, kind, hint in _NOT_TEXT:
                    if chunk.startswith(magic):
                        raise DataError("A data file is a table.", f"{path.name} looks like {kind}", hint)
                encoding = next((name for mark, name in _BOMS if chunk.startswith(mark)), "") or _wide(chunk, notes)
                start = False
            if not encoding and not bad:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    bad = feeds + chunk.count(b"\n", 0, max(error.start, 0)) + 1
            if b"\0" in chunk and not encoding.startswith(("utf-16", "utf-32")):
                mark = b"\n" if feeds or b"\n" in chunk else b"\r"
                for number, line in enumerate(chunk.split(mark), (feeds if mark == b"\n" else returns) + 1):
                    if b"\0" in line:
                        nul.append(number)
            odd = odd or any(byte in chunk for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
            quoted = quoted or b'"' in chunk
            returns, feeds = returns + chunk.count(b"\r"), feeds + chunk.count(b"\n")
    try:
        decoder.decode(b"", final=not (encoding or bad))
    except UnicodeDecodeError:
        bad = feeds + 1
    if nul:
        lines = sorted(set(nul))
        shown = ", ".join(map(str, lines[:8])) + (f" and {len(lines) - 8} more" if len(lines) > 8 else "")
        raise DataError("A text file has no NUL bytes.", f"{path.name}: NUL bytes on {'line' if len(lines) == 1 else 'lines'} {shown}", "remove these bytes or lines, or export the file again")  # fmt: skip
    if not encoding and bad:
        encoding, title = ("latin-1", "Latin-1") if odd else ("cp1252", "Windows-1252")
        notes.append({"code": "encoding-guessed", "en": f"Line {bad} is not UTF-8: the file was read as {title}.", "fr": f"La ligne {bad} n'est pas en UTF-8 : le fichier a été lu en {title}."})  # fmt: skip
    newline = "\r" if returns and not feeds else "\r\n" if returns else "\n"
    return {"compression": compression, "encoding": encoding or "utf-8", "quoted": quoted, "newline": newline, "notes": notes,
            "fingerprint": fingerprint(path) if compression else total.hexdigest()}  # fmt: skip


def _wide(chunk: bytes, notes: list[dict[str, str]]) -> str:
    """UTF-16 without a mark: every other byte of a mostly Latin text is NUL."""
    even, odd, half = chunk[::2].count(0), chunk[1::2].count(0), max(len(chunk) // 2, 1)
    name = "utf-16-le" if odd > 0.4 * half and even < 0.05 * half else "utf-16-be" if even > 0.4 * half and odd < 0.05 * half else ""
    if name:
        notes.append({"code": "encoding-guessed", "en": f"The file was read as {name.upper()} (it has no mark that says so).", "fr": f"Le fichier a été lu en {name.upper()} (aucune marque ne le dit)."})  # fmt: skip
    return name


# what the text looks like ------------------------------------------------------------------------------------------------


def _refuse_markup(path: Path, sample: str) -> None:
    head = sample[:2000].lstrip("\ufeff \t\r\n").lower()
    if head.startswith(("<!doctype html", "<html", "<head", "<body")):
        raise DataError("A data file is a table.", f"{path.name} looks like an HTML page, line 1: {sample.strip().splitlines()[0][:60]!r}", "the download may have answered with an error page")  # fmt: skip
    if head.startswith("<?xml"):
        raise DataError("A data file is a table.", f"{path.name} looks like XML", "export the table as CSV")
    if head.startswith(("{", "[{", "[\n", "[[")):
        raise DataError("A data file is a table.", f"{path.name} looks like JSON", "save the table as CSV or Parquet")


def _layout(sample: str, quoted: bool) -> tuple[str, str, list[tuple[int, list[str]]], int]:
    """Separator, quote mark, the records under them and their usual width: the pair under which most records agree."""
    csv.field_size_limit(sys.maxsize)
    best: tuple[tuple[bool, float, str, int, int], str, str, list[tuple[int, list[str]]], int] | None = None
    if quoted and (alone := _lone(sample)):
        return ",", '"', alone, 1
    for quote in ('"', "") if quoted else ("",):
        for separator in SEPARATORS:
            records = list(_parse(io.StringIO(sample, newline=""), separator, quote, most=2000))
            widths = Counter(len(cells) for _, cells in records)
            width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
            if width == 1:
                continue
            at = _header(records, width)
            agree = len(records[at][1]) == width
            score = agree, round(count / len(records), 2), quote, -at, width  # "day;x" above "1/2/2026;0,5": the header has its say
            if best is None or score > best[0]:
                best = score, separator, quote, records, width
    if best is None or best[0][1] < 0.5:  # one column: no separator that most lines agree on
        quote = '"' if quoted else ""
        return ",", quote, list(_parse(io.StringIO(sample, newline=""), ",", quote, most=2000)), 1
    return best[1], best[2], best[3], best[4]


def _lone(sample: str) -> list[tuple[int, list[str]]]:
    """The records of a file of one column whose cells are quoted, one a line (what looks like a separator lies inside them); else []."""
    records: list[tuple[int, list[str]]] = []
    for separator in SEPARATORS:
        records = list(_parse(io.StringIO(sample, newline=""), separator, '"', most=2000))
        if any(len(cells) > 1 for _, cells in records):
            return []
    return records if 2 * len(re.findall(r'[\r\n]"', sample)) >= len(records) > 1 else []


def _header(records: list[tuple[int, list[str]]], width: int) -> int:
    """Which record is the header: the first that is no comment and no title standing alone above the table."""
    for at, (_, cells) in enumerate(records[:60]):
        filled = sum(bool(cell.strip()) for cell in cells)
        comment = cells[0].lstrip("\ufeff ").startswith(("##", "# ", "//", "%")) and len(cells) != width
        title = width >= 3 and filled <= 1 and len(records) > at + 1
        if not comment and not title and not (width >= 2 and len(cells) == 1):
            return at
    return 0


def _looks_like_data(headers: Sequence[str], body: list[list[str]]) -> bool:
    """A header with numbers in it that are no years and no counting (0, 1, 2...) is a row of data."""
    cells = [cell.strip() for cell in headers]
    found = [at for at, cell in enumerate(cells) if _NUMBER.fullmatch(cell)]
    if not found or not body:
        return False
    whole = [int(cells[at]) for at in found if cells[at].isdigit()]
    if len(whole) == len(found) and (
        all(1900 <= n <= 2100 for n in whole) or (all(b - a == 1 for a, b in pairwise(whole)) and len(whole) > 1)
    ):
        return False
    below = [at for at in found if all(_NUMBER.fullmatch(row[at].strip() or "0") for row in body[:20] if at < len(row))]
    return bool(below)


def _decimal(body: list[list[str]], separator: str) -> str:
    """The decimal mark most cells of the sample use."""
    if separator == "," and not any("," in cell for row in body for cell in row):
        return "."
    marks = Counter(
        cell.strip()[-len(tail[1]) - 1]
        for row in body
        for cell in row
        if (tail := re.fullmatch(r"[-+]?[0-9 \u00a0\u202f]*[.,]([0-9]{1,2}|[0-9]{4,})", cell.strip()))
    ) + Counter(cell.strip()[1] for row in body for cell in row if re.fullmatch(r"0[.,][0-9]+", cell.strip()))
    return "," if marks[","] > marks["."] else "."
