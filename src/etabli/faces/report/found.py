"""From a result without a target (groups, a map, odd rows) to the words and tables of its page: everything already formatted.

The frame, the findings, the form, the proof and the record are those of every report; what was found has sections of its own. A key that a
result lacks leaves its section out (docs/cluster.md, docs/map.md and docs/anomalies.md say what there is).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from etabli.faces.report import network, tables
from etabli.faces.report.facts import facts
from etabli.faces.report.methods.found import methods
from etabli.faces.report.pictures import items, part
from etabli.faces.report.rows import noted
from etabli.faces.report.snippets import model_file, snippets
from etabli.faces.words import cell, known, pick, plain, say, spaced
from etabli.faces.words.numbers import NONE, count, duration, number, real, share

TASKS = ("cluster", "map", "anomalies")
CARDS, DIFFERS, SHOWN, LISTED = 60, 5, 100, 200
MEASURES = (
    "gain",
    "faithfulness",
    "stability",
    "null",
    "score",
    "strength",
    "silhouette",
    "gap",
    "bic",
    "trustworthiness",
    "continuity",
    "rebuilt",
    "aucpr",
)

Result = Mapping[str, Any]
View = dict[str, Any]


def without_target(result: Result) -> bool:
    """Whether the result is one of these."""
    return result.get("task") in TASKS


def view(result: Result, lang: str) -> View:
    """Everything the template shows, by section."""
    return {
        "found": True,
        "target": plain(PurePath(str(result.get("file") or "?")).name, 80),
        "answered": say(f"try.target.{result['task']}", lang),
        "task": known("task", result["task"], lang),
        "model": plain(model_file(result.get("model")), 60) if result.get("model") else "",
        "rows": count(result.get("rows"), lang),
        "columns_count": count(len(items(result, "columns")), lang),
        "sentence": spaced(pick(result.get("sentence"), lang), lang),
        "audited": "",
        "signal": None,
        "tiles": _tiles(result, lang),
        "winner": method(part(result, "winner"), lang),
        "clusters": _clusters(result, lang),
        "structure": _structure(result, lang),
        "loadings": _loadings(result, lang),
        "network": network.view(result, lang),
        "believe": pick(part(result, "map").get("believe"), lang),
        "doubted": pick(part(part(result, "map"), "where").get("text"), lang),
        "linear": part(result, "map").get("linear", True),
        "placed": _placed(result, lang),
        "components": pick(part(part(result, "map"), "components").get("text"), lang),
        "odd": result["task"] == "anomalies",
        "flagged": _flagged(result, lang),
        "compared": _compared(result, lang),
        "sampled": _sampled(result, lang),
        "findings": noted(result, lang),
        "proof": tables.proof(result, lang),
        "snippets": snippets(result),
        "facts": facts(result, lang),
        "columns": tables.columns(_used(result), lang),
        "aside": [],
        "limits": [say(f"found.limit.{name}", lang) for name in ("same", result["task"], "cause")],
        "methods": methods(result, lang),
    }


def _placed(result: Result, lang: str) -> str:
    """How the rows of the picture are placed: by sums of columns, or beside rows like them."""
    bent = result["task"] == "map" and not part(result, "map").get("linear", True)
    kind = "axes" if result["task"] != "map" else "bent" if bent else "linear"
    return say(f"rowmap.lead.{kind}", lang, method=_named(part(result, "winner"), lang))


def method(entry: Mapping[str, Any], lang: str) -> str:
    """A method and its setting: k-means (3 clusters)."""
    name, setting = _named(entry, lang), _setting(entry, lang)
    return f"{name} ({setting})" if setting else name


def _named(entry: Mapping[str, Any], lang: str) -> str:
    name = entry.get("family") or entry.get("name") or "?"
    if name == "one":
        return say("found.single", lang)
    title = known("found.method", name, lang)
    return pick(entry["title"], lang) if entry.get("title") and title == plain(str(name).replace("_", " "), 60) else title


def _setting(entry: Mapping[str, Any], lang: str) -> str:
    values = part(entry, "values")
    said = []
    for name, value in values.items():
        shown = number(value, lang, 3).rstrip("0").rstrip(".,") if isinstance(value, float) else plain(value, 30)
        key = f"found.setting.{name}"
        said.append(
            say(key, lang, n=value, count=shown)
            if known("found.setting", name, lang) != plain(name.replace("_", " "), 60)
            else f"{plain(name, 30)} {shown}"
        )
    return ", ".join(said)


def _tiles(result: Result, lang: str) -> list[View]:
    made: list[View] = []

    def tile(name: str, value: str, under: str = "", more: str = "", words: bool = False) -> None:
        made.append(
            {"name": say(f"found.tile.{name}", lang), "value": value, "under": under, "more": more} | ({"words": True} if words else {})
        )

    structure, clusters = part(result, "structure"), items(result, "clusters")
    if result["task"] == "cluster":
        counted = part(result, "winner").get("clusters") or len(clusters) or part(part(result, "winner"), "values").get("clusters")
        tile("groups", count(counted, lang), _named(part(result, "winner"), lang))
    if result["task"] == "map":
        used = part(part(result, "map"), "components").get("used") or part(part(result, "winner"), "values").get("components")
        tile("coordinates", count(used, lang), _named(part(result, "winner"), lang))
    if result["task"] == "anomalies":
        odd, rate = part(result, "anomalies"), part(result, "anomalies").get("rate")
        flagged = odd.get("flagged")
        said = say("found.tile.rate", lang, rate=share(rate, lang, 0)) if real(rate) is not None else ""
        tile("flagged", count(len(flagged) if isinstance(flagged, list) else flagged, lang), said, _named(part(result, "winner"), lang))
    if real(structure.get("stability")) is not None and (structure.get("found") or len(clusters) > 1):
        null = structure.get("null")
        tile(
            "stability",
            number(structure["stability"], lang, 2),
            say("found.tile.null", lang, null=number(null, lang, 2)) if real(null) is not None else "",
            say("found.tile.scale", lang),
        )
    if real(structure.get("p")) is not None:
        tile("chance", small(structure["p"], lang), say("found.yes" if structure.get("found") else "found.no", lang))
    label = part(result, "label")
    if real(label.get("adjusted_rand")) is not None:
        tile("label", number(label["adjusted_rand"], lang, 2), plain(label.get("column"), 40), say("found.tile.scale", lang))
    if real(label.get("aucpr")) is not None:
        honest = part(label, "honest")
        reach = " – ".join(number(honest.get(end), lang, 2) for end in ("low", "high"))
        under = say("found.tile.base", lang, base=number(label.get("base"), lang, 2))
        tile("aucpr", number(honest.get("value"), lang, 2), reach, under)
    trust = part(part(part(result, "map"), "trust"), "picture") or part(part(part(result, "map"), "trust"), "coordinates")
    if real(trust.get("trustworthiness")) is not None:
        tile("trust", number(trust["trustworthiness"], lang, 2), say("found.tile.alike", lang))
        tile("continuity", number(trust["continuity"], lang, 2), say("found.tile.whole", lang))
    if proof := part(result, "proof"):
        tile(
            "proof",
            known("verdict", proof.get("verdict") or "?", lang),
            "",
            say("found.tile.rows", lang, rows=count(proof.get("rows"), lang)),
            True,
        )
    return made[:4]


def small(p: Any, lang: str, equal: str = "") -> str:
    """A p-value as people read it. equal: before a number that is not a bound."""
    value = real(p)
    return NONE if value is None else f"<\u00a0{number(0.001, lang, 3)}" if value < 0.001 else equal + number(value, lang, 3)


def _clusters(result: Result, lang: str) -> list[View]:
    made, every = list[View](), items(result, "clusters")
    for place, one in enumerate(every[:CARDS] if len(every) > 1 else ()):  # one group of all rows is told apart from nothing
        differs = [(cell(d.get("column"), 60), pick(d.get("text"), lang)) for d in items(one, "differs")[:DIFFERS]]
        sure, stays = real(one.get("sure")), real(one.get("stays"))
        said = [(key, value) for key, value in (("found.stays", stays), ("found.sure", sure)) if value is not None][:1]
        made.append(
            {
                "name": plain(one.get("label"), 60),
                "look": place,
                "rows": say(
                    "found.rows", lang, n=one.get("rows"), count=count(one.get("rows"), lang), share=share(one.get("share"), lang, 0)
                ),
                "sure": "".join(say(key, lang, share=share(value, lang, 0)) for key, value in said),
                "text": pick(one.get("text"), lang),
                "differs": differs,
            }
        )
    return made


def _structure(result: Result, lang: str) -> list[str]:
    """Whether there is anything, and how that was asked."""
    facts = part(result, "structure")
    if result["task"] != "cluster" or facts.get("found") is None:
        return []
    key = "yes" if facts["found"] else "asked" if len(items(result, "clusters")) > 1 else "no"
    said = [pick(facts.get("text"), lang) or say(f"found.structure.{key}", lang)]
    if key != "no" and real(facts.get("stability")) is not None and real(facts.get("null")) is not None:
        said.append(
            say("found.structure.figures", lang, stability=number(facts["stability"], lang, 2), null=number(facts["null"], lang, 2))
        )
    if real(facts.get("p")) is not None:
        said.append(say("found.structure.p", lang, p=small(facts["p"], lang, "= ")))
    return said


def _loadings(result: Result, lang: str) -> list[View]:
    facts = part(result, "map")
    shares = facts.get("explained") or []
    return [
        {
            "name": plain(one.get("coordinate"), 20),
            "share": share(shares[i], lang, 0) if i < len(shares) else "",
            "text": pick(one.get("text"), lang),
            "columns": [(cell(c.get("feature"), 60), number(c.get("correlation"), lang, 2)) for c in items(one, "columns")],
        }
        for i, one in enumerate(items(facts, "loadings"))
    ]


def _flagged(result: Result, lang: str) -> list[View]:
    return [
        {
            "row": count(one.get("row"), lang),
            "p": small(one.get("p"), lang),
            "q": small(one.get("q"), lang),
            "odd": bool(one.get("odd")),
            "score": number(one.get("score"), lang, 2),
            "why": pick(one.get("text"), lang) or (" ; " if lang == "fr" else "; ").join(_why(c, lang) for c in one.get("columns") or ()),
        }
        for one in items(part(result, "anomalies"), "rows")[:SHOWN]
    ]


def _why(column: Any, lang: str) -> str:
    if not isinstance(column, Mapping):
        return plain(column, 60)
    return pick(column.get("text"), lang) or plain(column.get("column"), 60)


def _compared(result: Result, lang: str) -> View:
    every = items(result, "leaderboard")
    measures = [name for name in MEASURES if any(real(e.get(name)) is not None for e in every)][:7]
    timed = any(real(e.get("seconds")) is not None for e in every)
    lines = [
        {
            "name": _named(e, lang),
            "setting": _setting(e, lang),
            "word": _state(e, not i, lang),
            "figures": [number(e.get(name), lang, 0 if abs(real(e.get(name)) or 0) >= 1000 else 3) for name in measures],
            "seconds": duration(e.get("seconds"), lang),
        }
        for i, e in enumerate(every[:LISTED])
    ]
    heads = ["#" + known("found.measure", name, lang) for name in measures]  # "#": a column of numbers
    rest = say("more", lang, count=count(len(every) - LISTED, lang)) if len(every) > LISTED else ""
    return {
        "lines": lines,
        "heads": heads,
        "timed": timed,
        "rest": rest,
        "tried": say("found.tried", lang, n=len(every), count=count(len(every), lang)),
    }


def _state(entry: Mapping[str, Any], first: bool, lang: str) -> str:
    return say("state.winner", lang) if first else next((say(f"state.{word}", lang) for word in ("joined", "tied") if entry.get(word)), "")


def _sampled(result: Result, lang: str) -> str:
    facts = result.get("sampled")
    if isinstance(facts, Mapping) and pick(facts.get("text"), lang):
        return pick(facts["text"], lang)
    taken = facts.get("rows") if isinstance(facts, Mapping) else facts
    return say("found.sampled", lang, count=count(taken, lang), rows=count(result.get("rows"), lang)) if real(taken) else ""


def _used(result: Result) -> Result:
    """The columns with the word whether they were used, as the results of `fit` have it."""
    used = set(result.get("used") or ())
    return {**result, "columns": [{"used": c.get("name") in used, **c} for c in items(result, "columns")]}
