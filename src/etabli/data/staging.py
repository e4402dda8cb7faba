"""From Arrow columns to the table, one column at a time: what every source ends in.

A source gives its columns in chunks of Arrow arrays (`Stage`), texts or typed values; each column is looked at, read whole, put
into the store and forgotten, so that memory holds one column and never the table. Texts are handled as dictionaries: a cell
text is thought about once however many rows hold it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data import cells, columns, dates, remarks
from etabli.data.store import Draft, Packed
from etabli.records import Array, Column, Finding, Table, Watch, quiet

CAP = 50_000  # distinct texts of a column that are looked at before judging how to read it
KEEP = 1_000_000  # an identifier's texts are kept up to this many rows
Said = list[tuple[str, str, Any]]


@dataclass(frozen=True)
class Stage:
    """Columns ready to be read. chunks(i): the Arrow arrays of column i, from the start each time. decimal: the file's mark."""

    names: Sequence[str]
    headers: Sequence[str]
    rows: int
    chunks: Callable[[int], Iterator[Any]]
    decimal: str = "."


def build(
    stage: Stage,
    folder: Path | None,
    kinds: Mapping[str, str] | None = None,
    watch: Watch = quiet,
    fingerprint: str = "",
    source: str = "",
    notes: Sequence[Finding] = (),
) -> Table:
    """The table of a stage, in `folder` (memory-mapped) or in memory when it is None. UsageError for an unknown `--kind`."""
    forced = columns.overrides(kinds, stage.names)
    draft = Draft(folder, stage.rows)
    made: list[Column] = []
    said: Said = _names_said(stage)
    try:
        for i, name in enumerate(stage.names):
            watch("column", done=i, total=len(stage.names), name=name)
            found = _column(stage, i, forced.get(name, ""), said)
            if found is not None:
                column, values, levels = found
                draft.put(name, values, levels)
                made.append(column)
        return draft.finish(made, fingerprint, source, (*notes, *remarks.findings(said)))
    except BaseException:
        draft.drop()
        raise


def _names_said(stage: Stage) -> Said:
    said: Said = []
    for name, header in zip(stage.names, stage.headers, strict=True):
        if not header.strip():
            said.append(("empty-names", name, None))
        elif name != header.strip():
            alone = [other.strip() for other in stage.headers].count(header.strip()) == 1
            said.append(("reserved-names" if alone else "duplicate-names", name, None))
    return said


def _column(stage: Stage, i: int, forced: str, said: Said) -> tuple[Column, Array, Sequence[str] | Packed | None] | None:
    import pyarrow as pa
    import pyarrow.types as at

    name, header = stage.names[i], stage.headers[i]
    kind = next((chunk.type for chunk in stage.chunks(i)), pa.null())
    if at.is_dictionary(kind):
        kind = kind.value_type
    stem = forced.partition(":")[0]
    if forced:
        said.append(("kind-overridden", name, forced))
    if at.is_null(kind):
        return _strings(stage, i, columns.Reading({"parse": "text"}), stem, said, False)
    if at.is_string(kind) or at.is_large_string(kind) or kind == pa.string_view():
        return _texts(stage, i, forced, said)
    if at.is_boolean(kind) or at.is_integer(kind) or at.is_floating(kind) or at.is_decimal(kind) or at.is_temporal(kind):
        if stem in ("category", "text", "identifier") or (at.is_integer(kind) and _beyond(stage, i)):
            written = replace(stage, chunks=lambda _: (_as_text(chunk) for chunk in stage.chunks(i)))
            return _texts(written, i, forced or "category", said, inferred=not forced)
        facts: dict[str, Any] = {"parse": "number", "decimal": ".", "group": ""}
        if at.is_boolean(kind):
            facts = {"parse": "flag", "words": ["false", "true"]}
        elif at.is_temporal(kind) and not at.is_duration(kind) and not at.is_time(kind):
            facts = {"parse": "date", "order": "dmy"}
        values = np.empty(stage.rows)
        start = 0
        for chunk in stage.chunks(i):
            values[start : start + len(chunk)] = _as_double(chunk)
            start += len(chunk)
        infinite = np.isinf(values)
        if infinite.any():
            said.append(("infinite-values", name, {"inf": int(infinite.sum())}))
            values[infinite] = np.nan
        return _doubles(name, header, values, columns.Reading(facts), stem, said)
    said.append(("unsupported-column", name, str(kind)))
    return None


# typed values ------------------------------------------------------------------------------------------------------------


def _plain(chunk: Any) -> Any:
    import pyarrow.types as at

    return chunk.dictionary_decode() if at.is_dictionary(chunk.type) else chunk


def _as_double(chunk: Any) -> Array:
    """Float64 with NaN for null; dates and times as seconds (since 1970 UTC, since midnight)."""
    import pyarrow as pa
    import pyarrow.types as at

    chunk = _plain(chunk)
    scale = 1.0
    if at.is_date(chunk.type):
        chunk = chunk.cast(pa.timestamp("s"))
    if at.is_temporal(chunk.type):
        units = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
        scale = units[chunk.type.unit]
        chunk = chunk.cast(pa.int32() if at.is_time32(chunk.type) else pa.int64())
    if at.is_boolean(chunk.type):
        chunk = chunk.cast(pa.uint8())
    made = chunk.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(made / scale if scale != 1.0 else made, np.float64)


def _as_text(chunk: Any) -> Any:
    """Typed values as the texts a CSV would hold; whole floats without '.0'."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as at

    chunk = _plain(chunk)
    if at.is_floating(chunk.type):
        exact = pc.and_(pc.equal(pc.floor(chunk), chunk), pc.less(pc.abs(chunk), columns.EXACT))  # infinities are not
        whole = pc.all(pc.or_kleene(pc.is_nan(chunk), exact)).as_py()
        if whole in (True, None):
            chunk = pc.if_else(pc.is_nan(chunk), pa.scalar(None, chunk.type), chunk).cast(pa.int64())
    return chunk.cast(pa.string())


def _beyond(stage: Stage, i: int) -> bool:
    """Whether any whole number is too large to be exact in a double."""
    import pyarrow.compute as pc

    for chunk in stage.chunks(i):
        ends = pc.min_max(_plain(chunk)).as_py()
        if any(end is not None and abs(end) > columns.EXACT for end in ends.values()):
            return True
    return False


def _doubles(name: str, header: str, values: Array, read: columns.Reading, stem: str, said: Said) -> tuple[Column, Array, None]:
    ordered = values[~np.isnan(values)]
    filled = len(ordered)
    ordered.sort()
    fresh = np.ones(filled, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    ordered = ordered[fresh]
    facts = dict(read.facts)
    kind, reason, sure = columns.kind_of_doubles(header, values, ordered, facts["parse"])
    if stem:
        kind, reason, sure = stem, "given", 1.0  # type: ignore[assignment]
    if kind == "flag" and facts["parse"] == "number":
        facts = {"parse": "flag", "words": ["0", "1"]}
        values = np.where(np.isnan(values) | np.isin(values, (0.0, 1.0)), values, np.nan)
    if kind in ("identifier", "constant"):
        facts["as"] = "double"
    low, high = (float(ordered[0]), float(ordered[-1])) if filled else (None, None)
    column = Column(name, kind, header, facts, read.missing, len(values) - filled, len(ordered), low, high, reason, sure)
    return column, values, None


# texts -------------------------------------------------------------------------------------------------------------------


def _texts(stage: Stage, i: int, forced: str, said: Said, inferred: bool = False) -> tuple[Column, Array, Sequence[str] | Packed | None]:
    """A column of texts: all plain numbers at once if it can be, else looked at text by text."""
    name, header = stage.names[i], stage.headers[i]
    stem = "" if inferred else forced.partition(":")[0]
    if stem in ("", "number", "constant"):
        values = _numbers_at_once(stage, i)
        if values is not None and not _zeros_or_huge(stage, i, values):
            texts = int(np.count_nonzero(np.isnan(values))) - sum(chunk.null_count for chunk in stage.chunks(i))
            if texts:  # "nan" is the one text beside numbers that Arrow takes
                said.append(("missing-texts", name, {"nan": texts}))
            # whole numbers say nothing of decimals: the rest of the file does ("46" here, "46,5" in the rows to come)
            whole = bool((np.isnan(values) | (values == np.floor(values))).all())
            if stage.decimal == "," and not whole and _dots_part_thousands(stage, i):
                return _text_by_text(stage, i, forced, said, inferred, False)
            mark = stage.decimal if whole else "."
            return _doubles(name, header, values, columns.Reading({"parse": "number", "decimal": mark, "group": ""}), stem, said)
        return _text_by_text(stage, i, forced, said, inferred, values is not None)
    return _text_by_text(stage, i, forced, said, inferred, False)


def _text_by_text(
    stage: Stage, i: int, forced: str, said: Said, inferred: bool, numeric: bool
) -> tuple[Column, Array, Sequence[str] | Packed | None]:
    """A column of texts that needs thought. numeric: they are numbers whose digits must be kept."""
    name, header = stage.names[i], stage.headers[i]
    stem = "" if inferred else forced.partition(":")[0]
    seen = _evidence(stage, i)
    read = columns.reading(seen, stage.decimal, forced)
    if read.facts["parse"] == "date" and seen.beyond and not forced.partition(":")[2]:
        read = _date_order(stage, i, read)
    if read.is_double:
        values, unread = _read_all(stage, i, read)
        lost = sum(unread.values())
        if stem or lost <= (1 - columns.ENOUGH) * (lost + np.count_nonzero(~np.isnan(values))) + 1e-9 or not seen.beyond:
            _say_missing(name, seen, read, said)
            infinite = {text: n for text, n in unread.items() if cells.number(text, ".") in (np.inf, -np.inf)}
            for code, detail in (
                ("infinite-values", infinite),
                ("words-as-missing", {t: n for t, n in unread.items() if t not in infinite}),
            ):
                if detail:
                    words = {t: n for t, n in seen.counts.items() if t.casefold() in cells.WORDLY and t not in cells.STANDARD}
                    said.append((code, name, {**detail, **(words if code == "words-as-missing" else {})}))
            said.extend((code, name, detail) for code, detail in read.remarks)
            return _doubles(name, header, values, read, stem, said)
        read = columns.reading(seen, stage.decimal, "category")
    _say_missing(name, seen, read, said)
    said.extend((code, name, detail) for code, detail in read.remarks)
    digits = numeric or inferred or all(text.isdigit() for text in itertools.islice(seen.counts, 1000) if text not in read.missing)
    if digits and not stem and seen.counts:
        said.append(("digits-kept", name, next((t for t in seen.counts if t not in read.missing), "")))
    if stage.rows > KEEP and seen.distinct > columns.ENOUGH * (stage.rows - seen.blank):
        sample = list(itertools.islice(seen.counts, 2000))
        kind, reason, sure = columns.kind_of_strings(seen.distinct, stage.rows - seen.blank, sample, digits)
        if kind == "identifier" and stem in ("", "identifier"):  # nobody learns from it, and its texts are in the source
            column = Column(name, kind, header, dict(read.facts), read.missing, seen.blank, seen.distinct, None, None, reason, sure)
            return column, np.full(stage.rows, -1, np.int32), ()
    return _strings(stage, i, read, stem, said, digits)


def _say_missing(name: str, seen: columns.Evidence, read: columns.Reading, said: Said) -> None:
    found = {text: seen.counts[text] for text in read.missing}
    groups = {"hidden-missing": cells.HIDDEN, "missing-texts": cells.STANDARD}
    for code, group in groups.items():
        if detail := {text: n for text, n in found.items() if text in group}:
            said.append((code, name, detail))
    rest = {text: n for text, n in found.items() if text not in cells.HIDDEN and text not in cells.STANDARD}
    if rest:
        said.append(("words-as-missing", name, rest))


def _numbers_at_once(stage: Stage, i: int) -> Array | None:
    """Float64 when every text is a plain finite number or blank, else None."""
    import pyarrow as pa

    values, start = np.empty(stage.rows), 0
    for chunk in stage.chunks(i):
        try:
            made = _plain(chunk).cast(pa.float64())
        except pa.ArrowInvalid:
            return None
        if made.null_count == len(made) and start == 0 and len(made) == stage.rows:
            return None
        values[start : start + len(made)] = made.to_numpy(zero_copy_only=False)
        start += len(made)
    return None if np.isinf(values).any() or np.isnan(values).all() else values


def _zeros_or_huge(stage: Stage, i: int, values: Array) -> bool:
    """Leading zeros on at least one row in a hundred, or whole numbers beyond 2^53: the digits must be kept."""
    import pyarrow.compute as pc

    zeros = huge = 0
    largest = np.nanmax(np.abs(values))
    for chunk in stage.chunks(i):
        zeros += pc.sum(pc.match_substring_regex(_plain(chunk), r"^0[0-9]+$")).as_py() or 0
        if largest >= columns.EXACT:
            huge += pc.sum(pc.match_substring_regex(_plain(chunk), r"^-?[0-9]{16,}$")).as_py() or 0
    return bool(huge or (zeros > 0 and zeros >= 0.01 * np.count_nonzero(~np.isnan(values))))


def _dots_part_thousands(stage: Stage, i: int) -> bool:
    """In a file with decimal commas: every dot stands before three digits, as in 1.234, so that it may part thousands."""
    import pyarrow.compute as pc

    return all(
        pc.all(pc.match_substring_regex(_plain(c), r"^-?([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)$")).as_py() is not False
        for c in stage.chunks(i)
    )


def _dictionaries(stage: Stage, i: int) -> Iterator[tuple[list[str], Array]]:
    """Each chunk's distinct texts and its codes into them (-1 for null)."""
    import pyarrow as pa
    import pyarrow.types as at

    for chunk in stage.chunks(i):
        coded = _plain(chunk)
        coded = (coded.cast(pa.string()) if at.is_null(coded.type) else coded).dictionary_encode()
        yield coded.dictionary.to_pylist(), coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def _evidence(stage: Stage, i: int) -> columns.Evidence:
    counts: dict[str, int] = {}
    marks, used = np.empty(stage.rows, np.int64), 0  # of every text, to count the different ones beyond the cap
    blank = beyond = 0
    for texts, codes in _dictionaries(stage, i):
        often = np.bincount(codes + 1, minlength=len(texts) + 1).tolist()
        blank += often[0]
        for text, count in zip(texts, often[1:], strict=True):
            text = text.strip()
            if not text:
                blank += count
            elif text in counts or len(counts) < CAP:
                counts[text] = counts.get(text, 0) + count
            else:
                beyond += count
        marks[used : used + len(texts)] = np.fromiter(map(hash, texts), np.int64, len(texts))
        used += len(texts)
    distinct = len(counts)
    if beyond:  # sorted in place: np.unique would need several times the memory
        marks = marks[:used]
        marks.sort()
        distinct = 1 + int(np.count_nonzero(marks[1:] != marks[:-1]))
    return columns.Evidence(counts, stage.rows, blank, beyond, distinct)


def _date_order(stage: Stage, i: int, read: columns.Reading) -> columns.Reading:
    """The order of a column with more distinct dates than were looked at: every row has its say."""
    total = {"dmy": 0, "mdy": 0}
    for texts, _ in _dictionaries(stage, i):
        found = dates.evidence(text.strip() for text in texts)
        total = {way: total[way] + found[way] for way in total}
    if not any(total.values()):
        return read
    if all(total.values()):
        return columns.Reading({"parse": "text"}, read.missing, (("date-order-mixed", total),))
    left = tuple(remark for remark in read.remarks if remark[0] != "date-order-assumed")
    return columns.Reading({**read.facts, "order": "mdy" if total["mdy"] else "dmy"}, read.missing, left)


def _read_all(stage: Stage, i: int, read: columns.Reading) -> tuple[Array, dict[str, int]]:
    """All values, and the texts that could not be read with their rows."""
    values, start = np.empty(stage.rows), 0
    unread: dict[str, int] = {}
    for texts, codes in _dictionaries(stage, i):
        table, wrong = cells.values(texts, read.facts, read.missing)
        values[start : start + len(codes)] = np.append(table, np.nan)[codes]
        start += len(codes)
        if wrong:
            often, odd = np.bincount(codes + 1, minlength=len(texts) + 1)[1:], set(wrong)
            for text, count in zip(texts, often.tolist(), strict=True):
                if text.strip() in odd:
                    unread[text.strip()] = unread.get(text.strip(), 0) + count
    return values, unread


def _strings(stage: Stage, i: int, read: columns.Reading, stem: str, said: Said, digits: bool) -> tuple[Column, Array, Packed]:
    """Codes into sorted levels (-1 missing)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    name, header = stage.names[i], stage.headers[i]
    parts = []
    for texts, codes in _dictionaries(stage, i):
        clean = pa.array([text or None for text in cells.texts(texts, read.facts, read.missing)], pa.large_string())
        parts.append(clean.take(pa.array(codes, mask=codes < 0)).dictionary_encode())
    whole = pa.chunked_array(parts or [pa.array([], pa.large_string()).dictionary_encode()]).unify_dictionaries()
    del parts
    levels = whole.chunk(0).dictionary if whole.num_chunks else pa.array([], pa.large_string())
    order = pc.sort_indices(levels).to_numpy()
    rank = np.empty(len(levels) + 1, np.int32)
    rank[order], rank[-1] = np.arange(len(levels), dtype=np.int32), -1
    codes = np.concatenate([rank[c.indices.fill_null(-1).to_numpy(zero_copy_only=False)] for c in whole.chunks] or [np.empty(0, np.int32)])
    del whole
    filled = int(np.count_nonzero(codes >= 0))
    sample = levels.take(pa.array(np.unique(np.linspace(0, len(levels) - 1, 2000).astype(int)))).to_pylist() if len(levels) else []
    kind, reason, sure = columns.kind_of_strings(len(levels), filled, sample, digits)
    if stem:
        kind, reason, sure = stem, "given", 1.0  # type: ignore[assignment]
    column = Column(name, kind, header, dict(read.facts), read.missing, len(codes) - filled, len(levels), None, None, reason, sure)
    levels = levels.take(pa.array(order))
    data, ends = levels.buffers()[2], np.frombuffer(levels.buffers()[1] or b"\0" * 8, np.int64)[: len(levels) + 1]
    packed = Packed(np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8), ends[1:])
    return column, codes, packed
