"""`etabli explore FILE --html out.html`: what needs no server, in one file that opens anywhere.

The pages themselves, one below the other, as they are served: the first rows with the cards of the columns, the warnings, the relations, time
where there are dates, the map as a drawing. What leads to a server is left as plain text, forms and scripts go, and the file forbids itself scripts and requests as the report does.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from pathlib import Path

from etabli.errors import EtabliError, UsageError
from etabli.faces.explore.app import asset
from etabli.faces.explore.opened import Opened
from etabli.faces.explore.page import State, pages, render
from etabli.work.journal import write as write_file

PLACES = ("/", "/warnings", "/relations", "/time", "/map")  # what goes into the file, in this order
_LINK = re.compile(r'<a\b(?:(?= [^>]*?class="([^"]*)")|)[^>]*?href="/[^"]*"[^>]*>(.*?)</a>', re.S)
_ASKING = re.compile(r"<(form|script|canvas)\b.*?</\1>", re.S)
_PICTURE = re.compile(r"<svg\b.*?</svg>", re.S)


def page(opened: Opened) -> str:
    """The file's text. opened: all of the data file was looked at."""
    style = asset("explore.css") or ""
    known = {one.path: one for one in pages()}
    parts = []
    dated = any(column.kind == "date" for column in opened.columns)
    for place in PLACES if dated else [place for place in PLACES if place != "/time"]:
        with contextlib.suppress(EtabliError):  # a page that these data have nothing for
            if place in known:
                parts.append((known[place].word, place.strip("/") or "columns", _still(known[place].answer(opened, State(place)).body)))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return render("static.html", opened, parts=parts, style=_safe(style), digest=digest)


def write(opened: Opened, path: str | Path) -> Path:
    """Writes the file aside and renames it. UsageError: the name of a folder or of the data; StorageError as the system says."""
    target = Path(path)
    if target.is_dir() or target.suffix.lower() not in (".html", ".htm"):
        raise UsageError("--html takes the name of a file that ends in .html.", str(path), "--html out.html")
    text = page(opened).encode("utf-8", "replace")
    write_file(target, lambda file: file.write(text))
    return target


def _still(body: str) -> str:
    """A page's body without what asks a server: links within pictures become groups, others plain text."""
    body = _PICTURE.sub(lambda picture: _LINK.sub(r"<g>\2</g>", picture.group()), _ASKING.sub("", str(body)))
    return _safe(_LINK.sub(lambda link: f'<span class="{link[1] or ""}">{link[2]}</span>', body))


def _safe(text: str) -> str:
    from markupsafe import Markup

    return Markup(text)
