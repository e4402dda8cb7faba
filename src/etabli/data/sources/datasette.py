"""The address of a table in a Datasette, http://host/database/table with its filters, fetched by the standard library.

Its CSV stream is asked for first; where the server does not stream, its JSON pages are. What comes is counted against what the server
says it holds, because Datasette writes an error into the middle of a stream that it has begun. The file that results is delimited text
and is read as any other.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from etabli.errors import DataError, EtabliError, UsageError, did_you_mean
from etabli.records import Table, Watch, quiet

LARGEST = 1 << 30  # bytes that are fetched
WAIT = 60.0  # seconds without a byte
BLOCK = 1 << 20
SAID = 8 << 20
OURS = ("_size", "_next", "_stream", "_format", "_shape", "_extra", "_header", "_dl")  # how it is served, not what


def read(address: str, folder: Path | None = None, kinds: Mapping[str, str] | None = None, watch: Watch = quiet) -> Table:
    """The table at an address. UsageError: no such table (those there are named), no Datasette; DataError: cut short, too large, no answer."""
    from etabli.data.sources import called
    from etabli.data.sources import csv as text

    address = whole(address)
    if folder is not None:
        folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=None if folder is None else folder.parent) as place:
        file = fetched(address, Path(place) / f"{called(address)}.csv", watch)
        return replace(text.read(file, folder, kinds, watch), source=called(address))


def fetched(address: str, file: Path, watch: Watch = quiet) -> Path:
    """Writes the table at an address as delimited text. Nothing is left where it fails."""
    address = whole(address)
    base, query = _plain(address)
    about = _about(address, base, query)
    count = about.get("count", about.get("filtered_table_rows_count"))
    try:
        if not (_is_sql(query) or about.get("query_name")) and _stream(f"{base}.csv?{_joined(query, _stream='on')}", file, watch):
            _whole(file, count, address)
        else:
            _pages(base, query, file, watch)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file


def whole(address: str) -> str:
    """The address again from a Path, which swallows one of its two slashes."""
    return address if "://" in address else address.replace(":/", "://", 1)


def _plain(address: str) -> tuple[str, list[tuple[str, str]]]:
    """The address without its query and the ending of a format, and the query without what says how to serve."""
    parts = urlsplit(address)
    path = parts.path.rstrip("/")
    for ending in (".csv", ".json"):
        path = path.removesuffix(ending)
    base = urlunsplit((parts.scheme, parts.netloc, quote(unquote(path), safe="/~"), "", ""))
    return base, [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in OURS]


def _joined(query: list[tuple[str, str]], **more: str) -> str:
    return urlencode([*query, *more.items()])


def _is_sql(query: list[tuple[str, str]]) -> bool:
    return any(key == "sql" for key, _ in query)


def _about(address: str, base: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    """What the server says of the table. UsageError where there is none, or where this is no Datasette."""
    if not urlsplit(base).path:
        raise _no_table(address, base)
    asked = f"{base}.json?{_joined(query, _size='1', _shape='arrays', _extra='columns,count')}"
    status, found = _json(asked)
    if status == 404 or (status == 200 and isinstance(found, dict) and "rows" not in found):
        raise _no_table(address, base)
    if not isinstance(found, dict) or (status == 200 and not isinstance(found.get("rows"), list)):
        raise UsageError(
            "An address is that of a table in a Datasette.",
            f"{address} is none: {base}.json gives no table",
            "download the file and name it: etabli explore FILE",
        )
    if status != 200:
        raise DataError("The Datasette gives the table.", f"{address}: {status} {found.get('error', '')}".rstrip(), "open it in a browser")
    return found


def _no_table(address: str, base: str) -> EtabliError:
    """The tables that are there, from the page above; is it a Datasette at all?"""
    root = urlunsplit((*urlsplit(base)[:2], "", "", ""))
    for above in dict.fromkeys((base, base.rpartition("/")[0] if urlsplit(base).path else root, root)):
        status, found = _json(f"{above}.json" if urlsplit(above).path else f"{above}/.json")
        if status != 200 or not isinstance(found, dict):
            continue
        tables = [table["name"] for table in found.get("tables", ()) if isinstance(table, dict) and not table.get("hidden")]
        tables += [view["name"] for view in found.get("views", ()) if isinstance(view, dict)]
        home = f"{above.rstrip('/')}/"
        if tables:
            near = did_you_mean(base.rpartition("/")[2], tables) if above != base else ""
            return UsageError(
                "The address names a table.", address, near or "tables here: " + ", ".join(home + quote(t) for t in tables[:20])
            )
        if found and all(isinstance(one, dict) and "path" in one for one in found.values()):
            return UsageError(
                "The address names a table.", address, "databases here: " + ", ".join(home + quote(d) for d in list(found)[:20])
            )
    return UsageError(
        "An address is that of a table in a Datasette.",
        f"{address}: 404, and no Datasette answers above it",
        "open it in a browser: what is there?",
    )


def _stream(address: str, file: Path, watch: Watch) -> bool:
    """Fetches the CSV stream; False where the server does not stream."""
    try:
        with _open(address) as answer, file.open("wb") as out:
            if "html" in answer.headers.get("content-type", ""):
                return False
            size = 0
            while block := answer.read(BLOCK):
                out.write(block)
                size = _fits(size + len(block), address)
                _told(watch, file.stem, size, len(block))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (400, 403, 404):
            return False
        raise DataError("The Datasette gives the table.", f"{address}: {error.code} {error.reason}", "try again later") from None
    return True


def _told(watch: Watch, name: str, size: int, fresh: int) -> None:
    """Says how far it is, at every eight megabytes and at the first."""
    if size == fresh or size // SAID != (size - fresh) // SAID:
        far = f"{name}, {size / 1e6:.1f} MB"
        watch("step", name={"en": f"fetching {far}", "fr": f"téléchargement de {far}"})


def _fits(size: int, address: str) -> int:
    if size > LARGEST:
        raise DataError(
            f"At most {LARGEST >> 20:,} MB are fetched from an address.",
            address,
            "filter it in the address (?age__gt=40), or download the database",
        )
    return size


def _whole(file: Path, count: Any, address: str) -> None:
    """As many rows as the server said."""
    if not isinstance(count, int):
        return
    csv.field_size_limit(sys.maxsize)
    with file.open(encoding="utf-8", errors="replace", newline="") as text:
        rows, last = -1, [""]
        for row in csv.reader(text):
            rows, last = rows + bool(row), row or last
    if rows != count:
        raise DataError(
            "A table comes whole.", f"{address}: {rows:,} rows came of {count:,}; the last line is {','.join(last)[:120]!r}", "filter it in the address, or download the database"
        )  # fmt: skip


def _pages(base: str, query: list[tuple[str, str]], file: Path, watch: Watch) -> None:
    """Fetches page by page."""
    address = f"{base}.json?{_joined(query, _shape='arrays', _size='max', _extra='columns,next_url')}"
    size = 0
    with file.open("w", encoding="utf-8", newline="") as text:
        out = csv.writer(text)
        after: str | None = address
        while after:
            status, found = _json(after)
            if status != 200 or not isinstance(found, dict):
                raise DataError("The Datasette gives the table.", f"{after}: {status}", "try again later")
            if found.get("truncated") and not found.get("next_url"):
                raise DataError(
                    "A table comes whole.", f"{base}: Datasette cuts answers of SQL at {len(found['rows']):,} rows", "name the table, with filters in the address"
                )  # fmt: skip
            if after == address:
                out.writerow(found["columns"])
            out.writerows(found["rows"])
            before, size = size, _fits(text.tell(), base)
            _told(watch, file.stem, size, size - before)
            following = found.get("next_url")
            after = urljoin(after, str(following)) if following else None
            if after and urlsplit(after).netloc != urlsplit(base).netloc:  # behind a proxy that does not tell its name
                after = urlunsplit((*urlsplit(base)[:2], *urlsplit(after)[2:]))


def _json(address: str) -> tuple[int, Any]:
    """(status, what the JSON says; None where it is none)."""
    try:
        with _open(address) as answer:
            return answer.status, _parsed(answer.read(64 << 20))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _parsed(error.read(1 << 20))


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@contextmanager
def _open(address: str) -> Iterator[Any]:
    """An answer of HTTP; other schemes, and redirections to them, are not followed. DataError when nothing answers."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    request = urllib.request.Request(address, headers={"user-agent": "etabli"})
    try:
        with opener.open(request, timeout=WAIT) as answer:
            yield answer
    except urllib.error.HTTPError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            "The address answers.", f"{urlsplit(address).netloc}: {reason}", "is the server running, and the address right?"
        ) from None
