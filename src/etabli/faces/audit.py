"""What the audit found, as Python holds it: `etabli.explore(...)` and `study.findings`, which print as text and show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, final

from etabli.faces.notebook import wrapped
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import count, share
from etabli.model.shown import scrolled

COLUMNS, FINDINGS, LEVELS = 40, 20, 5  # shown in a notebook; all are in the list
ORDER = {"refuse": 0, "warn": 1, "note": 2}

Facts = Mapping[str, Any]


@final
class Findings(list[Facts]):
    """Findings, the gravest first: code, level, columns, text and cure ({"en", "fr"}), evidence."""

    def __init__(self, findings: Sequence[Facts], lang: str) -> None:
        super().__init__(sorted(findings, key=lambda one: ORDER.get(str(one.get("level")), 2)))
        self._lang = lang

    def __repr__(self) -> str:
        if not self:
            return say("findings.none", self._lang)
        return "\n".join(" → ".join(filter(None, _words(one, self._lang))) for one in self)

    def _repr_html_(self) -> str:
        return wrapped(findings(self, self._lang))


@final
class Audit(tuple[str, dict[str, Any]]):
    """(text, facts) of `etabli explore`, which unpacks as the pair it is. rows, columns, findings: from the facts (docs/findings.md)."""

    _shown: tuple[Facts, str]

    def __new__(cls, text: str, facts: dict[str, Any], shown: Facts, lang: str) -> Audit:
        """shown: the facts in the language that people read."""
        made = super().__new__(cls, (text, facts))
        made._shown = shown, lang
        return made

    @property
    def rows(self) -> int:
        """Rows of the data."""
        return int(self[1]["rows"])

    @property
    def columns(self) -> Sequence[Facts]:
        """A mapping a column: name, kind, why it is of that kind, missing, distinct, low, high, levels."""
        return list(self[1]["columns"])

    @property
    def findings(self) -> Findings:
        """What may go wrong, the gravest first."""
        return Findings(self._shown[0]["warnings"], self._shown[1])

    def __repr__(self) -> str:
        return self[0].rstrip()

    def _repr_html_(self) -> str:
        return wrapped(audit(*self._shown))


def audit(facts: Facts, lang: str) -> str:
    """Columns as a table, then the findings."""
    columns = facts["columns"]
    size = say("audit.size", lang, rows=count(facts["rows"], lang), columns=count(len(columns), lang))
    head = "".join(f"<th>{escape(say(f'table.{key}', lang))}</th>" for key in ("column", "kind", "missing", "distinct", "values"))
    rows = "".join(_row(column, facts["rows"], lang) for column in columns[:COLUMNS])
    rest = len(columns) - COLUMNS
    more = f'<p class="soft">{escape(say("audit.more", lang, n=rest, count=count(rest, lang)))}</p>' if rest > 0 else ""
    table = scrolled(f'<table class="words"><tr>{head}</tr>{rows}</table>') + more
    return f'<p class="said">{escape(size)}</p>{findings(Findings(facts["warnings"], lang), lang)}{table}'


def _row(column: Facts, rows: int, lang: str) -> str:
    missing = share(column["missing"] / max(rows, 1), lang) if column["missing"] else "–"
    cells = (
        plain(column["name"], 60),
        known("kind", column["kind"], lang),
        missing,
        count(column["distinct"], lang),
        plain(_values(column, lang), 70),
    )
    return "<tr>" + "".join(f"<td{' class=n' if i in (2, 3) else ''}>{escape(cell)}</td>" for i, cell in enumerate(cells)) + "</tr>"


def _values(column: Facts, lang: str) -> str:
    low, high = column["low"], column["high"]
    if low is not None and high is not None and column["kind"] != "flag":
        ends = [end if isinstance(end, str) else f"{end:.6g}".replace("-", "−") for end in (low, high)]
        ends = [end.replace(".", ",") if lang == "fr" and column["kind"] != "date" else end for end in ends]
        return ends[0] if ends[0] == ends[1] else say("to", lang, low=ends[0], high=ends[1])
    return ", ".join(map(str, column["levels"][:LEVELS]))


def findings(found: Sequence[Facts], lang: str) -> str:
    """Findings as a list: how grave in words, the sentence, the cure."""
    if not found:
        return f'<p class="soft">{escape(say("findings.none", lang))}</p>'
    lines = []
    for one in found[:FINDINGS]:
        text, cure = (escape(plain(words, 300)) for words in _words(one, lang))
        level = one.get("level", "note")
        lines.append(
            f'<li class="{escape(str(level))}"><b>{escape(known("level", level, lang))}</b> {text}'
            + (f' <span class="soft">→ {cure}</span>' if cure else "")
            + "</li>"
        )
    rest = len(found) - FINDINGS
    lines += [f'<li class="soft">{escape(say("findings.more", lang, n=rest, count=count(rest, lang)))}</li>'] if rest > 0 else []
    return '<ul class="found">' + "".join(lines) + "</ul>"


def _words(finding: Facts, lang: str) -> tuple[str, str]:
    """Text and cure, from {"en", "fr"} or from a plain text."""
    text, cure = (one if isinstance(one, str) else pick(one, lang) for one in (finding.get("text"), finding.get("cure")))
    return text or "", cure or ""
