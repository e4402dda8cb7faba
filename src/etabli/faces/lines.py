"""Lines of text for a stream: in letters that it has, folded where people read them, and left whole in a pipe.

A terminal of another age, or a log opened as Latin-1, lacks some letters: "≤" becomes "<=", "é" becomes "e", and what has no likeness a question mark.
That is for words; data are written as UTF-8, and JSON escapes what the stream lacks. Standard library only.
"""

from __future__ import annotations

import codecs
import os
import re
import shutil
import unicodedata
from collections.abc import Mapping
from typing import Any

PLAINER = {
    "…": "...", "–": "-", "−": "-", "⁻": "-", "·": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "▲": "!", "■": "!", "●": "*",
    "○": "o", "×": "x", "━": "#", "─": "-", "│": "|", "→": "->", "←": "<-", "◆": "@", "┆": ":", "┴": "+", "├": "|", "└": "`", "┬": "+", "≤": "<=",
    "≥": ">=", "≠": "!=", "œ": "oe", "Œ": "OE", "æ": "ae", "ß": "ss", "\u2060": "", "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "-",
    "▎": "-", "▏": "-", "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#",
}  # fmt: skip


def plainer(text: str, encoding: str) -> str:
    """The text in letters that the encoding has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(letter if _has(letter, encoding) else _likeness(letter, encoding) for letter in text)
    return text


def _has(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _likeness(letter: str, encoding: str) -> str:
    if letter in PLAINER:
        return PLAINER[letter]
    if letter.isspace():
        return " "
    base = "".join(PLAINER.get(part, part) for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return base if (base and base.isascii()) or (base and all(_has(part, encoding) for part in base)) else "?"


def _handler(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_likeness(letter, error.encoding) for letter in error.object[error.start : error.end]), error.end


def bear(*streams: Any) -> None:
    """Makes text streams write what they have no letters for in plainer ones, instead of failing."""
    codecs.register_error("etabli", _handler)
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="etabli")


def as_data(stream: Any) -> None:
    """Makes a text stream write UTF-8, whatever the terminal's letters are: what comes is a table."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="strict")


def folded(text: str, stream: Any, indent: int = 2, environ: Mapping[str, str] | None = None) -> str:
    """The text as it is for a pipe or a file; at a terminal, lines longer than it is wide are folded, indented by so much more than they began."""
    import textwrap

    environ = os.environ if environ is None else environ
    try:
        live = bool(stream.isatty())
    except (AttributeError, ValueError):
        live = False
    if not live:
        return text
    width = max(20, int(environ["COLUMNS"]) if environ.get("COLUMNS", "").isdecimal() else shutil.get_terminal_size().columns)
    made: list[str] = []
    for line in text.split("\n"):
        gaps = [found.end() for found in re.finditer(r"(?<=\S) {2,}(?=\S)", line)]
        if len(line) <= width or len(gaps) >= 3:  # a row of a table is cut, not folded
            made.append(line if len(line) <= width else line[: width - 1].rstrip() + "…")
            continue
        start = gaps[-1] if gaps and gaps[-1] <= width // 2 else min(len(line) - len(line.lstrip(" ")) + indent, width // 3)
        made += textwrap.wrap(line, width, subsequent_indent=" " * start, replace_whitespace=False, break_on_hyphens=False)
    return "\n".join(made)
