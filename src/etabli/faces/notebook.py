"""What a notebook shows of a study: the sentence, the one plot, the findings, and where things are.

Static HTML without script, below 30 kB, in the colours of its host (`model/shown.py` has them). Everything that comes from the data is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, final

from etabli.faces import figures
from etabli.faces.report.found import view, without_target
from etabli.faces.report.pictures import is_winner, items, leaderboard, part, places, title_of
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import count, duration, number, signed
from etabli.model import shown

WIDTH, SHOWN, FINDINGS, FEW = 760.0, 12, 6, 400
Result = Mapping[str, Any]


@final
class Leaderboard(list[Mapping[str, Any]]):
    """Candidates, best first: name, family, score, difference to the winner with its interval, tied. A notebook shows it as a table."""

    def __init__(self, result: Result, lang: str) -> None:
        super().__init__(items(result, "leaderboard"))
        self._shown = result, lang

    def __repr__(self) -> str:
        result, lang = self._shown
        if without_target(result):
            compared = view(result, lang)["compared"]
            heads = ", ".join(head.removeprefix("#") for head in compared["heads"])
            return "\n".join([heads, *("  ".join([one["name"], one["setting"], *one["figures"]]) for one in compared["lines"][:SHOWN])])
        lines = [(number(entry.get("score"), lang, places(result) + 1), " ".join(title_of(entry, lang))) for entry in self[:SHOWN]]
        width = max((len(score) for score, _ in lines), default=0)
        rest = [say("end.left", lang, count=count(len(self) - SHOWN, lang))] if len(self) > SHOWN else []
        return "\n".join(
            [known("metric", result.get("metric") or "?", lang), *(f"{score:>{width}}  {name}" for score, name in lines), *rest]
        )

    def _repr_html_(self) -> str:
        return board(*self._shown)


def study(result: Result, lang: str, report: str = "") -> str:
    """A finished run. report: the path of its report."""
    kept = dict(result) | {"leaderboard": _few(result)}
    picture = pictured(result, lang) if without_target(result) else leaderboard(kept, lang, WIDTH)
    parts = [f'<p class="said">{escape(pick(result.get("sentence"), lang))}</p>', shown.scrolled(picture)]
    found = [f for f in items(result, "warnings") if f.get("level") in ("warn", "refuse")]
    if found:
        lines = [f'<li class="{escape(str(f["level"]))}">{_finding(f, lang)}</li>' for f in found[:FINDINGS]]
        rest = len(items(result, "warnings")) - len(lines)
        lines += [f'<li class="soft">{escape(say("end.notes", lang, n=rest, count=count(rest, lang)))}</li>'] if rest > 0 else []
        parts.append("<ul>" + "".join(lines) + "</ul>")
    if report:
        parts.append(f'<p class="soft">{escape(say("end.report", lang))}: <code>{escape(plain(report))}</code></p>')
    return wrapped("".join(parts))


def text(result: Result, lang: str, folder: str) -> str:
    """A finished run in plain words: the sentence, what is worth a look, where it lies."""
    found = [f for f in items(result, "warnings") if f.get("level") in ("warn", "refuse")]
    lines = [pick(result.get("sentence"), lang), *(plain(pick(f.get("text"), lang), 200) for f in found[:FINDINGS])]
    return "\n".join([*lines[:1], *(f"- {line}" for line in lines[1:]), f"Study({folder!r})"])


def board(result: Result, lang: str) -> str:
    """The leaderboard as a table: the best, and always the baseline."""
    if without_target(result):
        return _compared(view(result, lang)["compared"], lang)
    digits = places(result) + 1
    head = ("candidate", known("metric", result.get("metric") or "?", lang), say("difference", lang), say("table.seconds", lang))
    rows = []
    kept = _few(result)
    for entry in kept:
        gap, winner = part(entry, "difference"), is_winner(entry, result)
        reach = "" if winner else say("to", lang, **{end: signed(gap.get(end), lang, digits) for end in ("low", "high")})
        title, setting = (escape(plain(words, 90)) for words in title_of(entry, lang))
        cells = (number(entry.get("score"), lang, digits), reach, duration(entry.get("seconds"), lang))
        tied = ' class="tied"' if entry.get("tied") or winner else ""
        name = f"<td><b>{title}</b>" + (f' <span class="soft">{setting}</span>' if setting else "") + "</td>"
        rows.append(f"<tr{tied}>{name}" + "".join(f"<td>{escape(plain(cell, 90))}</td>" for cell in cells) + "</tr>")
    named = (say("end.candidate", lang), *head[1:])
    rest = len(items(result, "leaderboard")) - len(kept)
    more = f'<p class="soft">{escape(say("end.left", lang, count=count(rest, lang)))}</p>' if rest > 0 else ""
    table = "<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in named) + "</tr>" + "".join(rows) + "</table>"
    return wrapped(shown.scrolled(table) + more)


def _compared(compared: Mapping[str, Any], lang: str) -> str:
    """Methods without a target as a table, the best first."""
    heads = [say("end.candidate", lang), *(head.removeprefix("#") for head in compared["heads"])]
    rows = "".join(
        f'<tr><td><b>{escape(one["name"])}</b> <span class="soft">{escape(one["setting"])}</span></td>'
        + "".join(f"<td>{escape(value)}</td>" for value in one["figures"])
        + "</tr>"
        for one in compared["lines"][:SHOWN]
    )
    rest = len(compared["lines"]) - SHOWN
    more = f'<p class="soft">{escape(say("end.left", lang, count=count(rest, lang)))}</p>' if rest > 0 else ""
    return wrapped(shown.scrolled("<table><tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + f"</tr>{rows}</table>") + more)


def pictured(result: Result, lang: str) -> str:
    """The rows as the report draws them, at most FEW of them so that a notebook stays small, with what the marks stand for."""
    from etabli.faces.explore.scatter import shape
    from etabli.faces.report import seen

    points = part(result, "points")
    step = max(1, -(-len(points.get("x") or ()) // FEW))
    few = {**result, "points": {name: value[::step] if isinstance(value, list) else value for name, value in points.items()}}
    named = "".join(
        f'<span><svg class="mark {seen.colour(look)}" viewBox="-5 -5 10 10" width="12" height="12" aria-hidden="true"><path d="M0 0{shape(look, False)}"/></svg> '
        f'{escape(label)} <span class="soft">{escape(portion)}</span></span> '
        for label, portion, look in seen.caption(result, lang)
    )
    drawn = seen.rowmap(few, lang, WIDTH)
    return f"<style>{seen.TINTS}</style>{drawn}<p>{named}</p>" if drawn else ""


def _few(result: Result) -> Sequence[Mapping[str, Any]]:
    every, base = items(result, "leaderboard"), part(result, "baseline").get("name")
    kept = every[:SHOWN]
    return kept if any(e.get("name") == base for e in kept) else [*kept[:-1], *[e for e in every[SHOWN - 1 :] if e.get("name") == base][:1]]


def _finding(finding: Mapping[str, Any], lang: str) -> str:
    cure = plain(pick(finding.get("cure"), lang), 160)
    text = escape(plain(pick(finding.get("text"), lang), 300))
    return text + (f' <span class="soft">→ {escape(cure)}</span>' if cure else "")


def wrapped(inside: str) -> str:
    """HTML in our scope and in the host's colours; the style of figures comes where there is one."""
    return shown.wrapped(inside, figures.STYLE.replace(".figure", ".etabli .figure") if "<svg" in inside else "")
