"""The last words of a run on the terminal: the sentence, the best candidates, who is tied, warnings, coverage, proof, paths.

Made of rich texts and tables (never of markup), so that it fits 60 columns as well as 110.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from etabli.faces.report import sure
from etabli.faces.report.explained import fails, uses
from etabli.faces.report.facts import audited
from etabli.faces.report.pictures import is_baseline, is_winner, items, look_of, others, part, places, winner_of
from etabli.faces.report.rows import rounds
from etabli.faces.terminal import named
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import NONE, count, decimals, duration, number, real, share, signed

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

BEST, WARNED = 8, 4
MARKS = {"tied": ("●", "cyan"), "apart": ("○", "dim"), "dropped": ("×", "dim"), "base": ("■", "dim")}

Result = Mapping[str, Any]


def lines(result: Result, lang: str, width: int = 80) -> Group:
    """Everything, ready to be printed on a console of that width."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text()]
    if sentence := pick(result.get("sentence"), lang):
        parts += [Text(sentence, style="bold"), Text()]
    if items(result, "leaderboard"):
        parts += [_board(result, lang, width), Text()]
    parts.append(_facts(result, lang))
    return Group(*parts)


def _board(result: Result, lang: str, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    every = items(result, "leaderboard")
    kinds: dict[str, Any] = {}
    for e in every:  # twelve penalties of one model are one line: its best
        kinds.setdefault(re.sub(r"[\d.]+(e-?\d+)?", "#", str(e.get("name"))), e)
    best = list(kinds.values())
    kept = best[:BEST]
    if not any(is_baseline(e, result) for e in kept):
        kept = [*best[: BEST - 1], *[e for e in best[BEST - 1 :] if is_baseline(e, result)][:1]]
    digits, wide = places(result) + 1, width >= 76
    timed = any(real(e.get("seconds")) is not None for e in kept)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", expand=False)
    table.add_column("", no_wrap=True)
    room = max(16, width - (17 + (24 if wide else 0) + (11 if timed else 0)))
    table.add_column(say("end.candidate", lang), no_wrap=True, overflow="ellipsis", max_width=room)
    table.add_column(known("metric", result.get("metric") or "?", lang).replace(" ", "\n", 1), justify="right", no_wrap=True)
    if wide:
        table.add_column(say("difference", lang), justify="right", no_wrap=True)
    if timed:
        table.add_column(say("table.seconds", lang).lower(), justify="right", no_wrap=True)
    for e in kept:
        look, gap = look_of(e, result), part(e, "difference")
        mark, style = MARKS[look]
        strong = "bold" if look == "tied" else "dim" if look == "base" else ""
        cells = [
            Text(mark, style),
            Text(named(e.get("name") or "?", lang, room), strong),
            Text(number(e.get("score"), lang, digits), strong),
        ]
        if wide:
            ends = (real(gap.get("low")), real(gap.get("high")))
            winner = is_winner(e, result)
            fine = min(digits + 2, max(digits, decimals(*ends)))
            cells.append(
                Text("" if winner or None in ends else say("to", lang, low=signed(ends[0], lang, fine), high=signed(ends[1], lang, fine)))
            )
        table.add_row(*cells, *([Text(duration(e.get("seconds"), lang), "dim")] if timed else []))
    if len(every) > len(kept):
        table.add_row(Text(), Text(say("end.left", lang, count=count(len(every) - len(kept), lang)), "dim"))
    return table


def _facts(result: Result, lang: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    winner = part(result, "winner").get("name")
    if winner:
        tied = others(result)
        said = [text for text in (rounds(result, lang), say("tied", lang, n=tied, count=count(tied, lang))) if text]
        if result.get("simplest") and result["simplest"] != winner_of(result):
            said.append(say("simplest", lang, name=named(result["simplest"], lang, 60)))
        table.add_row(say("end.winner", lang), Text(f"{named(winner, lang, 70)}. {' '.join(said)}"))
    if line := audited(result, lang):
        table.add_row(say("end.audit", lang), Text(line))
    for mark, text in _warnings(result, lang):
        table.add_row(mark, text)
    for key, said_of in zip(("end.uses", "end.fails"), (uses(result, lang), fails(result, lang)), strict=True):
        if said_of:
            table.add_row(say(key, lang), Text(said_of))
    for e in items(result, "coverage"):
        if abs((real(e.get("level")) or 0) - 0.9) < 1e-9 or len(items(result, "coverage")) == 1:
            table.add_row(say("end.coverage", lang), _coverage(e, lang))
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
        table.add_row(Text("▲", "yellow"), Text(say("end.cut", lang)))
    for key in ("model", "report"):
        if result.get(key):
            table.add_row(say(f"end.{key}", lang), Text(plain(result[key]), "bold"))
    return table


def _warnings(result: Result, lang: str) -> list[tuple[Text, Text]]:
    from rich.text import Text

    found = [f for f in items(result, "warnings") if f.get("level") in ("warn", "refuse")]
    made = []
    for f in sorted(found, key=lambda f: f.get("level") != "refuse")[:WARNED]:
        mark = Text("■", "red") if f.get("level") == "refuse" else Text("▲", "yellow")
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
