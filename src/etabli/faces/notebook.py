"""What a notebook shows of a study: the sentence, the one plot, the findings, and where things are.

Static HTML without script, below 30 kB, in the colours of its host (Jupyter's and VS Code's variables, with light fallbacks). Everything
that comes from the data is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, final

from etabli.faces import figures
from etabli.faces.report.pictures import is_winner, items, leaderboard, part, places, title_of
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import count, duration, number, signed

WIDTH, SHOWN, FINDINGS = 760.0, 12, 6
HOST = (
    "--ink:var(--jp-content-font-color1,var(--vscode-editor-foreground,#1d2126));"
    "--soft:var(--jp-content-font-color2,var(--vscode-descriptionForeground,#5b636d));"
    "--line:var(--jp-border-color2,var(--vscode-panel-border,#d5d9de));"
    "--paper:var(--jp-layout-color0,var(--vscode-editor-background,#fff));"
    "--blue:#2f86c1;--red:#d9661f;--grey:#868d95"
)
STYLE = """
.etabli{color:var(--ink);max-width:780px;font:14px/1.45 system-ui,sans-serif}.etabli p{margin:.3em 0 .7em}
.etabli .said{font-weight:600;font-size:15px}.etabli .soft{color:var(--soft)}.etabli ul{margin:.3em 0;padding-left:1.2em}
.etabli table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}.etabli td,.etabli th{padding:2px 10px 2px 0;text-align:right;border-bottom:1px solid var(--line)}
.etabli td:first-child,.etabli th:first-child{text-align:left}.etabli td{white-space:nowrap}.etabli th{font-weight:400;color:var(--soft)}.etabli .tied td{font-weight:600}
""".strip()

Result = Mapping[str, Any]


@final
class Leaderboard(list[Mapping[str, Any]]):
    """Candidates, best first: name, family, score, difference to the winner with its interval, tied. A notebook shows it as a table."""

    def __init__(self, result: Result, lang: str) -> None:
        super().__init__(items(result, "leaderboard"))
        self._shown = result, lang

    def _repr_html_(self) -> str:
        return board(*self._shown)


def study(result: Result, lang: str, report: str = "") -> str:
    """A finished run. report: the path of its report."""
    kept = dict(result) | {"leaderboard": _few(result)}
    parts = [f'<p class="said">{escape(pick(result.get("sentence"), lang))}</p>', leaderboard(kept, lang, WIDTH)]
    found = [f for f in items(result, "warnings") if f.get("level") in ("warn", "refuse")]
    if found:
        lines = [_finding(f, lang) for f in found[:FINDINGS]]
        rest = len(items(result, "warnings")) - len(lines)
        lines += [say("end.notes", lang, n=rest, count=count(rest, lang))] if rest > 0 else []
        parts.append("<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")
    if report:
        parts.append(f'<p class="soft">{escape(say("end.report", lang))}: <code>{escape(plain(report))}</code></p>')
    return _wrapped("".join(parts))


def board(result: Result, lang: str) -> str:
    """The leaderboard as a table: the best, and always the baseline."""
    digits = places(result) + 1
    head = ("candidate", known("metric", result.get("metric") or "?", lang), say("difference", lang), say("table.seconds", lang))
    rows = []
    kept = _few(result)
    for entry in kept:
        gap, winner = part(entry, "difference"), is_winner(entry, result)
        reach = "" if winner else say("to", lang, **{end: signed(gap.get(end), lang, digits) for end in ("low", "high")})
        cells = (" ".join(title_of(entry, lang)), number(entry.get("score"), lang, digits), reach, duration(entry.get("seconds"), lang))
        tied = ' class="tied"' if entry.get("tied") or winner else ""
        rows.append(f"<tr{tied}>" + "".join(f"<td>{escape(plain(cell, 90))}</td>" for cell in cells) + "</tr>")
    named = (say("end.candidate", lang), *head[1:])
    rest = len(items(result, "leaderboard")) - len(kept)
    more = f'<p class="soft">{escape(say("end.left", lang, count=count(rest, lang)))}</p>' if rest > 0 else ""
    return _wrapped("<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in named) + "</tr>" + "".join(rows) + "</table>" + more)


def _few(result: Result) -> Sequence[Mapping[str, Any]]:
    every, base = items(result, "leaderboard"), part(result, "baseline").get("name")
    kept = every[:SHOWN]
    return kept if any(e.get("name") == base for e in kept) else [*kept[:-1], *[e for e in every[SHOWN - 1 :] if e.get("name") == base][:1]]


def _finding(finding: Mapping[str, Any], lang: str) -> str:
    cure = plain(pick(finding.get("cure"), lang), 160)
    text = escape(plain(pick(finding.get("text"), lang), 300))
    return text + (f' <span class="soft">→ {escape(cure)}</span>' if cure else "")


def _wrapped(inside: str) -> str:
    style = STYLE + figures.STYLE.replace(".figure", ".etabli .figure")
    return f'<div class="etabli" style="{HOST}"><style>{style}</style>{inside}</div>'
