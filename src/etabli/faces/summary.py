"""The last words of a run on the terminal: the sentence, the best candidates, who is tied, warnings, coverage, proof, paths.

Made of rich texts and tables (never of markup), so that it fits 60 columns as well as 110.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from etabli.faces import found_text, plot, small
from etabli.faces.report import found, learning, sure
from etabli.faces.report.explained import fails, uses
from etabli.faces.report.facts import audited
from etabli.faces.report.left import asked, left, untried
from etabli.faces.report.pictures import dot, honest_dot, is_baseline, items, others, part, places, tick, winner_of
from etabli.faces.report.rows import rounds
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.candidates import named, together
from etabli.faces.words.numbers import NONE, count, duration, number, real, share

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

BEST, WARNED = 8, 4

Result = Mapping[str, Any]


def lines(result: Result, lang: str, width: int = 80, every: bool = False) -> Group:
    """Everything, ready to be printed on a console of that width. every: all findings, notes too."""
    from rich.console import Group
    from rich.text import Text

    if found.without_target(result):
        return found_text.lines(result, lang, width, every, _facts(result, lang, every))
    parts: list[Any] = [Text()]
    if sentence := pick(result.get("sentence"), lang):
        parts += [Text(sentence, style="bold"), Text()]
    if items(result, "leaderboard"):
        parts += [_board(result, lang, width), _legend(result, lang, width), Text()]
    for picture in small.plots(result, lang, width) if every else ():
        parts += [picture, Text()]
    parts.append(_facts(result, lang, every))
    return Group(*parts)


def _board(result: Result, lang: str, width: int) -> Table:
    """The one plot: names at the left, dots and intervals in the middle, scores at the right."""
    from rich.table import Table
    from rich.text import Text

    every = items(result, "leaderboard")
    kept = _kept(result)
    dots = [*honest_dot(result, lang), *(dot(e, result, lang) for e in kept)]
    entries: list[Mapping[str, Any]] = [{}] * (len(dots) - len(kept)) + kept
    timed = width >= 76 and any(real(e.get("seconds")) is not None for e in kept)
    base = part(result, "baseline").get("value")
    score = max(len(d.text) for d in dots)
    rest = len(every) - len(kept)
    left = say("end.left", lang, count=count(rest, lang)) if rest else ""
    whole = together([e.get("name") or d.label for d, e in zip(dots, entries, strict=True)], lang, width // 3)
    names = max(min(len(left), width // 3), min(max(10, width // 3), max(map(len, whole))))
    scale = plot.Scale(dots, max(8, width - names - score - 6 - (11 if timed else 0)), real(base))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim", expand=False, show_header=False)
    for align in ("left", "left", "left", "right", "right"):
        table.add_column(justify=align, no_wrap=True, overflow="ellipsis")
    for d, e, name in zip(dots, entries, whole, strict=True):
        mark, style = plot.MARKS[d.look]
        strong = "bold" if d.look in ("honest", "tied") else "dim" if d.look == "base" else ""
        took = duration(e.get("seconds"), lang) if e and timed and real(e.get("seconds")) is not None else ""
        table.add_row(Text(mark, style), Text(name, strong), plot.line(d, scale), Text(d.text, strong), Text(took, "dim"))
    rule, numbers = plot.axis(scale, tick(result, lang))
    table.add_row(Text(), Text(plain(left, names), "dim"), rule, Text(), Text())
    table.add_row(Text(), Text(), numbers, Text(), Text())
    metric = known("metric", result.get("metric") or "?", lang)
    which = say("axis.greater" if result.get("greater_is_better") else "axis.less", lang, metric=metric)
    table.add_row(Text(), Text(), Text(plain(which, scale.cells), "dim"))
    return table


def _kept(result: Result) -> list[Mapping[str, Any]]:
    """The candidates that are shown: the best of each model, and always the baseline."""
    kinds: dict[str, Mapping[str, Any]] = {}
    for e in items(result, "leaderboard"):  # twelve penalties of one model are one line: its best
        kinds.setdefault(re.sub(r"[\d.]+(e-?\d+)?", "#", str(e.get("name"))), e)
    best = list(kinds.values())
    kept = best[:BEST]
    if not any(is_baseline(e, result) for e in kept):
        kept = [*best[: BEST - 1], *[e for e in best[BEST - 1 :] if is_baseline(e, result)][:1]]
    return kept


def _legend(result: Result, lang: str, width: int) -> Text:
    from rich.text import Text

    digits = places(result) + 1
    base = number(part(result, "baseline").get("value"), lang, digits)
    said = (("honest", "end.honest"), ("tied", "end.is-tied"), ("apart", "end.is-worse"))
    parts = [(*plot.MARKS[look], say(key, lang)) for look, key in said]
    parts.append((plot.DASH, "dim", say("end.nothing", lang, value=base)))
    text, room = Text(), width
    for place, (mark, style, words) in enumerate(parts):
        wide = len(mark) + 1 + len(words)
        if place:  # a mark and its words stay on one line
            text.append("   " if wide + 3 <= room else "\n")
            room = room - 3 if wide + 3 <= room else width
        text.append(mark, style).append(f" {words}", "dim")
        room -= wide
    return text


def _facts(result: Result, lang: str, every: bool) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    winner = part(result, "winner").get("name")
    if winner:
        tied = others(result)
        said = [
            text for text in (rounds(result, lang), "" if untried(result) else say("tied", lang, n=tied, count=count(tied, lang))) if text
        ]
        if result.get("simplest") and result["simplest"] != winner_of(result):
            said.append(say("simplest", lang, name=named(result["simplest"], lang, 60)))
        table.add_row(say("end.winner", lang), Text(f"{named(winner, lang, 70)}. {' '.join(said)}"))
    if asked(result) and (gone := left(result, lang)):  # of a comparison of everything that is ordinary, and the report says it
        table.add_row(Text(), Text(" ".join(gone)))
    if line := audited(result, lang):
        table.add_row(say("end.audit", lang), Text(line))
    for mark, text in _warnings(result, lang, every):
        table.add_row(mark, text)
    for key, said_of in zip(("end.uses", "end.fails"), (uses(result, lang), fails(result, lang)), strict=True):
        if said_of:
            table.add_row(say(key, lang), Text(said_of))
    if line := learning.said(result, lang):
        curve = small.spark([one.get("score") for one in items(part(result, "learning"), "points")])
        table.add_row(say("end.learning", lang), Text(f"{curve} {line}".strip()))
    for e in items(result, "coverage"):
        if abs((real(e.get("level")) or 0) - 0.9) < 1e-9 or len(items(result, "coverage")) == 1:
            table.add_row(say("end.coverage", lang), _coverage(e, lang))
    if line := sure.own(result, lang):
        table.add_row(say("end.own", lang), Text(line))
    if line := sure.guarantee(result, lang):
        table.add_row(say("end.guarantee", lang), Text(line))
    if line := sure.crps(result, "end.crps.line", lang):
        table.add_row(say("end.crps", lang), Text(line))
    if (part(result, "coverage_by").get("below") or 0) > 0:
        table.add_row(say("end.part", lang), Text(pick(part(result, "coverage_by").get("words"), lang)))
    for e in items(result, "by"):
        table.add_row(say("end.by", lang), Text(pick(e.get("words"), lang)))
    if proof := part(result, "proof"):
        table.add_row(say("end.proof", lang), _proof(proof, lang))
    if part(result, "budget").get("cut"):
        table.add_row(Text("▲", "yellow"), Text(say("end.stopped", lang) if result.get("ended") == "interrupted" else say("end.cut", lang)))
    for key in ("model", "report"):
        if result.get(key):
            table.add_row(say(f"end.{key}", lang), Text(plain(result[key]), "bold"))
    return table


def _warnings(result: Result, lang: str, every: bool) -> list[tuple[Text, Text]]:
    from rich.text import Text

    found = [f for f in items(result, "warnings") if every or f.get("level") in ("warn", "refuse")]
    made = []
    for f in sorted(found, key=lambda f: ("refuse", "warn").index(f["level"]) if f.get("level") in ("refuse", "warn") else 2)[
        : None if every else WARNED
    ]:
        mark = {"refuse": Text("■", "red"), "warn": Text("▲", "yellow")}.get(str(f.get("level")), Text("·", "dim"))
        cure = plain(pick(f.get("cure"), lang), 160)
        made.append((mark, Text.assemble(plain(pick(f.get("text"), lang), 240), (f" → {cure}" if cure else "", "dim"))))
    rest = len(items(result, "warnings")) - len(made)
    if rest > 0:
        made.append((Text(), Text(say("end.notes", lang, n=rest, count=count(rest, lang)), "dim")))
    return made


def _coverage(entry: Mapping[str, Any], lang: str) -> Text:
    from rich.text import Text

    got, band = real(entry.get("got")), entry.get("band")
    text = Text(say("end.asked", lang, level=share(entry.get("level"), lang, 0), got=share(got, lang)))
    ends = [real(v) for v in band] if isinstance(band, list | tuple) else []
    low, high = ends if len(ends) == 2 else (None, None)
    if got is not None and low is not None and high is not None:
        key = "end.outside" if got < low else "end.above" if got > high else "end.inside"
        text.append(f", {say(key, lang, low=share(low, lang), high=share(high, lang))}", "yellow" if got < low else "")
    return text


def _proof(proof: Mapping[str, Any], lang: str) -> Text:
    from rich.text import Text

    wrong = real(proof.get("label_mismatches"))
    good = wrong == 0
    parts = [
        say("end.labels", lang, n=wrong or 0, rows=count(proof.get("rows"), lang), count=NONE if wrong is None else count(wrong, lang)),
        say("end.bits", lang) if proof.get("bit_equal") else say("end.largest", lang, value=number(proof.get("max_difference"), lang)),
    ]
    return Text.assemble(
        (known("verdict", proof.get("verdict") or "?", lang), "green" if good else "red"),
        "\u00a0: " if lang == "fr" else ": ",
        ", ".join(parts),
    )
