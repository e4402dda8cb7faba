"""What `etabli status` says of a run folder, in words; the facts are in `work/status.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.faces.small import learning
from etabli.faces.words import known, plain, say
from etabli.faces.words.candidates import named
from etabli.faces.words.numbers import count, duration, number

Facts = Mapping[str, Any]


def status(facts: Facts, lang: str) -> str:
    """A line on where it stands, then what was asked, what is done, what was set aside, and where the model is."""
    colon = "\u00a0: " if lang == "fr" else ": "
    head = plain(facts["run"], 200) + colon
    if "asked" not in facts:
        return head + say("status.reading", lang)
    state = "running" if facts["running"] else "finished" if facts["finished"] else "cut" if facts["cut"] else "open"
    asked, work = facts["asked"], duration(facts["seconds"], lang)
    what = say(
        "status.what",
        lang,
        file=asked["file"],
        target=asked.get("target") or known("task", asked["job"], lang),
        effort=known("effort", asked["effort"], lang),
        seed=asked["seed"],
    )
    lines = [("asked", what)]
    if len(facts["rounds"]) > 1:
        lines += [(say("status.round", lang, number=one["round"]), _round(one, lang)) for one in facts["rounds"]]
    tasks, models = (count(facts[key], lang) for key in ("tasks_done", "models_done"))
    if facts["tasks_done"] or "target" in asked:
        lines.append(("done", say("status.work", lang, tasks=tasks, models=models, time=work)))
    if learned := learning(facts.get("training") or (), lang):
        lines.append(("training", learned))
    lines += [("aside", f"{known('family', one['family'], lang)}{colon}{plain(one['reason'], 200)}") for one in facts["set_aside"]]
    if facts["model"]:
        lines.append(("model", plain(facts["model"], 200)))
    names = [say(f"status.{name}", lang) if name in ("asked", "done", "training", "aside", "model") else name for name, _ in lines]
    wide = max(map(len, names))
    said = [f"  {name:<{wide}}  {text}" for name, (_, text) in zip(names, lines, strict=True)]
    return "\n".join([head + say(f"status.{state}", lang, run=plain(facts["run"], 200)), *said])


def _round(one: Facts, lang: str) -> str:
    """What was asked, how many it tried, who led after it."""
    families = ", ".join(known("family", name, lang) for name in one["families"]) or say("status.all", lang)
    best = one["best"]
    led = (
        say("status.led", lang, name=named(best["name"], lang), score=number(best["score"], lang, 4))
        if best
        else say("status.unended", lang)
    )
    return say(
        "status.tried", lang, families=families, effort=known("effort", one["effort"], lang), tried=count(one["tried"], lang), led=led
    )
