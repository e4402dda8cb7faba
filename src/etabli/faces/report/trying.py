"""The model in the page: what a report needs to answer rows by itself, from a file, with no network and no Python.

`evaluator.js` runs the closed operator set, `try.js` is the form; both are one script that the page's policy allows by its hash. The
model file travels gzipped and in base64 as a data block, which a browser never executes. What the scripts say comes from the words of
this package, as JSON. Models above `LARGEST` stay outside (a page should open at once); `etabli report RUN --try` takes them in.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from etabli.faces.report.pictures import items, part
from etabli.faces.report.snippets import model_file
from etabli.faces.words import plain, vocabulary
from etabli.faces.words.numbers import memory, real

LARGEST = 1_500_000  # bytes of a packed model that a page takes in unasked: two megabytes in base64
TOKEN = re.compile(r"""(?P<text>"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)|(?P<blank>(?:\s|//[^\n]*)+)""")
WORD = re.compile(r"[\w$]")


@dataclass(frozen=True)
class Trying:
    """What `parts/try.html` shows. size: of the packed model, in words; command: puts it into the page. model (base64), words (JSON) and
    script are safe as they are, and empty where the model stays outside; hash: of the script, as a policy names it."""

    size: str
    command: str
    model: str = ""
    words: str = ""
    script: str = ""
    hash: str = ""


def trying(result: Mapping[str, Any], lang: str, model: bytes | None, live: bool | None) -> Trying | None:
    """The form for a page in that language; None: no form. model: the model file's bytes, None: there is none. live: whether the page holds
    it; None: when it is small enough (`LARGEST`)."""
    if model is None or live is False:
        return None
    fits = live or len(model) < 8 * LARGEST  # else only its size is told; the last percent of 9 takes ten times as long
    packed = gzip.compress(model, 6 if fits else 1, mtime=0)
    size, command = memory(len(packed), lang), f"etabli report {plain(result.get('run') or 'RUN')} --try"
    if not live and len(packed) > LARGEST:
        return Trying(size, command)
    script = shipped("evaluator.js") + shipped("try.js")
    words = {key.removeprefix("try."): text for key, text in vocabulary(lang).items() if key.startswith("try.")}
    facts = {"words": words, "lang": lang, "order": order(result), "file": model_file(result.get("model"))}
    return Trying(
        size,
        command,
        _safe(base64.b64encode(packed).decode()),
        _safe(json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")),
        _safe(script),
        _safe(f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"),
    )


def order(result: Mapping[str, Any]) -> list[str]:
    """Columns by how much the model uses them, the most first; none where that was not measured."""
    found = part(part(result, "explanation"), "importance")
    used = [(real(one.get("value")) or 0.0, [str(one.get("column"))]) for one in items(found, "columns")]
    used += [(real(one.get("value")) or 0.0, [str(name) for name in one.get("columns") or ()]) for one in items(found, "groups")]
    return [name for _, names in sorted(used, key=lambda one: -one[0]) for name in names]


@cache
def shipped(name: str) -> str:
    """A script of this folder as it is shipped."""
    return squeezed(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def squeezed(source: str) -> str:
    """JavaScript without comments and without blanks that mean nothing. Texts are left alone: "…" and `…`.

    Our scripts end every statement with its semicolon, so that no line end means anything; they have no text in '…', and no regular
    expression with a blank, a quote or two slashes in it."""
    made, at = "", 0
    for found in TOKEN.finditer(source):
        made += source[at : found.start()].replace(";}", "}")
        at = found.end()
        before, after = made[-1:], source[at : at + 1]
        between_words = WORD.match(before) and WORD.match(after)
        blank = " " if between_words or before + after in ("++", "--") else ""
        made = made.removesuffix(";") if after == "}" and not found["text"] else made
        made += found["text"] or blank
    return made + source[at:]


@cache
def style() -> str:
    """The style sheet of the form."""
    return resources.files(__package__).joinpath("try.css").read_text(encoding="utf-8")


def _safe(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)
