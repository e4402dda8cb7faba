"""The methods paragraph of a run without a target: what was compared, how it was chosen, and that the file is the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.report.methods import SHORT, Methods, cite
from etabli.faces.report.methods.bibliography import keys_of
from etabli.faces.report.pictures import items, part
from etabli.faces.words import plain, say
from etabli.faces.words.numbers import count, number, real, share

Result = Mapping[str, Any]


def methods(result: Result, lang: str) -> Methods:
    """The paragraph of this result."""
    task, structure = result["task"], part(result, "structure")
    keys = [key for text in _cited(result) for key in keys_of(text)]
    names = list(dict.fromkeys(str(one.get("name")) for one in items(result, "leaderboard")))
    said = [
        say(f"found.methods.{task}", lang, rows=count(result.get("rows"), lang), columns=count(len(result.get("used") or ()), lang)),
        say("found.methods.compared", lang, n=len(names), count=count(len(names), lang), cited=cite(keys)).replace(" .", "."),
    ]
    used = set(result.get("used") or ())
    if any(column.get("kind") == "text" and column.get("name") in used for column in items(result, "columns")):
        said.insert(1, say("found.methods.text", lang))
    if task == "cluster":
        said.append(say("found.methods.stability", lang))
    if real(structure.get("null")) is not None:
        said.append(
            say("found.methods.null", lang, stability=number(structure.get("stability"), lang, 2), null=number(structure["null"], lang, 2))
        )
    rate = part(result, "anomalies").get("rate")
    if real(rate) is not None:
        said.append(say("found.methods.rate", lang, rate=share(rate, lang, 0)))
    if proof := part(result, "proof"):
        version = plain(part(result, "versions").get("etabli") or "?", 20)
        said.append(
            say(
                "found.methods.file",
                lang,
                rows=count(proof.get("rows"), lang),
                version=version,
                seed=plain(result.get("seed")),
                fingerprint=plain(result.get("fingerprint") or "?")[:SHORT],
            )
        )
    return Methods(tuple(said))


def _cited(result: Result) -> list[str]:
    """Of the methods compared, whoever told them: the story, or the methods themselves."""
    if result.get("citations"):
        return [str(text) for text in result["citations"]]
    from etabli.structure.asked import KNOWN

    methods = KNOWN[result["task"]]()
    return [
        methods[name].citation for name in dict.fromkeys(str(one.get("name")) for one in items(result, "leaderboard")) if name in methods
    ]
