"""The references: one BibTeX file for everything that this house cites, read by the few rules that the file itself keeps.

A citation as the code writes it ("Chen & Guestrin 2016") is the first author's surname and the year: `key_of` makes the entry's key of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

ENTRY = re.compile(r"^@(\w+)\{([\w-]+),\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)
ACCENTS = {"'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303"}


@dataclass(frozen=True)
class Reference:
    """One entry. text: its BibTeX, as in the file. fields: by name, as in the file."""

    kind: str
    key: str
    fields: Mapping[str, str]
    text: str

    @property
    def authors(self) -> tuple[str, ...]:
        """Surnames."""
        return tuple(unbraced(name).partition(",")[0] for name in self.fields["author"].split(" and "))

    @property
    def short(self) -> str:
        """As a text cites it: Chen & Guestrin 2016."""
        names = self.authors
        said = f"{names[0]} et al." if len(names) > 3 else " & ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        return f"{said} {self.fields['year']}"

    @property
    def full(self) -> str:
        """As a list of references has it."""
        fields = {name: unbraced(value) for name, value in self.fields.items()}
        people = [name.split(", ") for name in fields["author"].split(" and ")]
        names = [
            f"{name[0]} {''.join(part[0] for part in re.split(r'[ -]', name[1]) if part[:1].isupper())}" if name[1:] else name[0]
            for name in people
        ]
        where = ", ".join(fields[name] for name in ("journal", "booktitle", "publisher", "institution", "howpublished") if name in fields)
        number = fields.get("volume", "") + (f"({fields['number']})" if "number" in fields else "")
        pages = fields.get("pages", "").replace("--", "–")
        place = ", ".join(part for part in (" ".join(part for part in (where, number) if part), pages) if part)
        return f"{', '.join(names[:6])}{' et al.' if len(names) > 6 else ''} ({fields['year']}). {fields['title']}. {place}."


def unbraced(text: str) -> str:
    """The plain text of a BibTeX value."""
    text = re.sub(r"\\(['`\"^~])\{?(\w)\}?", lambda found: unicodedata.normalize("NFC", found[2] + ACCENTS[found[1]]), text)
    text = text.replace("{\\o}", "ø").replace("``", "“").replace("''", "”")
    return text.replace("{", "").replace("}", "").replace("\\", "")


def read(text: str) -> dict[str, Reference]:
    """The entries of a BibTeX text by key."""
    return {key: Reference(kind, key, dict(FIELD.findall(body)), f"@{kind}{{{key},\n{body}}}\n") for kind, key, body in ENTRY.findall(text)}


@cache
def references() -> Mapping[str, Reference]:
    """Everything that can be cited."""
    return read(resources.files(__package__).joinpath("citations.bib").read_text(encoding="utf-8"))


def key_of(citation: str) -> str:
    """The key of one citation: "le Cessie & van Houwelingen 1992" is lecessie1992; "" where no year is named."""
    found = re.fullmatch(r"(.+?) (\d{4})", citation.strip())
    if not found:
        return ""
    first = re.split(r", | & | and | et al", found[1])[0]
    letters = unicodedata.normalize("NFKD", first.replace("ø", "o")).encode("ascii", "ignore").decode()
    return re.sub(r"\W", "", letters).casefold() + found[2]


def keys_of(citations: str) -> list[str]:
    """The keys of "A 2001; B & C 2002" that the references have."""
    return [key for one in citations.split(";") if (key := key_of(one)) in references()]


def bibtex(keys: Iterable[str]) -> str:
    """The BibTeX file of these keys, each once, in order."""
    return "\n".join(references()[key].text for key in sorted(set(keys)))
