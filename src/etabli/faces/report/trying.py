"""The model in the page: what a report needs to answer rows by itself, from a file, with no network and no Python.

`evaluator.js` runs the closed operator set, `try.js` is the form; both are one script that the page's policy allows by its hash. The
model file travels gzipped and in base64 as a data block, which a browser never executes. What the scripts say comes from the words of
this package, as JSON. Models above `LARGEST` stay outside (a page should open at once); `etabli report RUN --try` takes them in.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

TOKEN = re.compile(r"""(?P<text>"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)|(?P<blank>(?:\s|//[^\n]*)+)""")
WORD = re.compile(r"[\w$]")


@cache
def script(name: str) -> str:
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
        made += found["text"] or blank
        made = made.removesuffix(";") if after == "}" and not found["text"] else made
    return made + source[at:]
