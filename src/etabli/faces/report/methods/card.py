"""The model card (Mitchell et al. 2019), from known facts only: what is not known is said to be unknown, and nothing is guessed.

The same lines are a section of the page and `card.md`, whose head has the fields that Hugging Face reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from etabli.faces.report.facts import limits
from etabli.faces.report.pictures import items, part, places
from etabli.faces.report.snippets import model_file
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import count, number, real, share

Result = Mapping[str, Any]
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")
KINDS = {"regression": "tabular-regression"}


@dataclass(frozen=True)
class Field:
    """A heading of the card and its lines; unknown: whether they say that it is not known."""

    title: str
    lines: tuple[str, ...]
    unknown: bool = False


def card(result: Result, lang: str) -> list[Field]:
    """The fields in their order."""
    unknown = say("card.unknown", lang)
    made = [
        Field(say("card.details", lang), _details(result, lang)),
        Field(say("card.use", lang), _use(result, lang)),
        Field(say("card.data", lang), _data(result, lang)),
        Field(say("card.metrics", lang), _metrics(result, lang)),
        Field(say("card.groups", lang), _groups(result, lang)),
        Field(say("card.limits", lang), tuple(limits(result, lang))),
        Field(say("card.origin", lang), (say("card.origin.unknown", lang),), True),
        Field(say("card.ethics", lang), (say("card.ethics.unknown", lang),), True),
        Field(say("card.licence", lang), (say("card.licence.unknown", lang),), True),
        Field(say("card.contact", lang), (unknown,), True),
    ]
    return [field for field in made if field.lines]


def _details(result: Result, lang: str) -> tuple[str, ...]:
    winner, versions = part(result, "winner"), part(result, "versions")
    names = [known("family", one.get("family"), lang) for one in items(winner, "members")]
    classes = [plain(name, 40) for name in result.get("classes") or ()]
    lines = [
        say(
            "card.file",
            lang,
            file=model_file(result.get("model")),
            task=known("task", result.get("task"), lang).lower(),
            target=plain(result.get("target"), 60),
        ),
        say("card.model", lang, families=", ".join(dict.fromkeys(names)), final=known("final", winner.get("final"), lang)) if names else "",
        say("card.classes", lang, n=len(classes), classes=", ".join(classes[:12]) + (" …" if len(classes) > 12 else "")) if classes else "",
        say("card.made", lang, version=plain(versions.get("etabli") or "?", 20), seed=plain(result.get("seed"))),
    ]
    return tuple(line for line in lines if line)


def _use(result: Result, lang: str) -> tuple[str, ...]:
    return (
        say("card.use.for", lang, target=plain(result.get("target"), 60), rows=count(result.get("rows"), lang)),
        say("card.use.not", lang),
        say("card.use.novelty", lang),
    )


def _data(result: Result, lang: str) -> tuple[str, ...]:
    used = [plain(one.get("name"), 40) for one in items(result, "columns") if one.get("used") and one.get("name") != result.get("target")]
    warned = sum(one.get("level") in ("warn", "refuse") for one in items(result, "warnings"))
    lines = [
        say(
            "card.rows",
            lang,
            rows=count(result.get("rows"), lang),
            n=len(used),
            columns=", ".join(used[:30]) + (f" … ({count(len(used), lang)})" if len(used) > 30 else ""),
        ),
        f"SHA-256: {plain(result.get('fingerprint') or '?')}",
        pick(part(result, "split").get("reason"), lang),
        say("card.warned", lang, n=warned, count=count(warned, lang)),
    ]
    return tuple(line[:1].upper() + line[1:] for line in lines if line)


def _metrics(result: Result, lang: str) -> tuple[str, ...]:
    digits, honest = places(result), part(result, "honest")
    metric, lines = known("metric", result.get("metric") or "?", lang), []
    if real(honest.get("value")) is not None:
        ends = {key: number(honest.get(key), lang, digits) for key in ("value", "low", "high")}
        base = number(part(result, "baseline").get("value"), lang, digits)
        lines.append(say("card.honest", lang, metric=metric, base=base, **ends))
    for name, value in part(result, "test").items():
        lines.append(say("card.test", lang, metric=known("metric", name, lang), value=number(value, lang, max(3, digits))))
    for one in items(result, "coverage"):
        lines.append(say("card.coverage", lang, level=share(one.get("level"), lang, 0), got=share(one.get("got"), lang)))
    error = real(part(result, "calibration").get("ece"))
    if error is not None:
        lines.append(
            say("card.calibration", lang, ece=share(error, lang, 2), null=share(part(result, "calibration").get("ece_null"), lang, 2))
        )
    return tuple(lines)


def _groups(result: Result, lang: str) -> tuple[str, ...]:
    lines = [pick(one.get("words"), lang) for one in items(result, "by")]
    lines += [pick(part(result, key).get("words"), lang) for key in ("coverage_by", "calibration_by")]
    found = items(part(part(result, "explanation"), "slices"), "list")
    lines += [say("card.slice", lang, where=pick(one.get("where"), lang), rows=count(one.get("rows"), lang)) for one in found[:5]]
    if not items(result, "by"):
        lines.insert(0, say("card.groups.none", lang))
    return tuple(line for line in lines if line)


def markdown(result: Result, lang: str) -> str:
    """The card as a file."""
    title = say("title", lang, target=plain(result.get("target") or "?", 80))
    body = "\n".join(
        f"## {field.title}\n\n" + "\n".join(f"- {escaped(line)}" for line in field.lines) + "\n" for field in card(result, lang)
    )
    return f"{_head(result, lang)}\n# {escaped(title)}\n\n{escaped(pick(result.get('sentence'), lang))}\n\n{body}"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return SPECIAL.sub(r"\\\1", plain(text))


def _head(result: Result, lang: str) -> str:
    """The fields that Hugging Face reads, as YAML (of which JSON is a part)."""
    kind, honest = KINDS.get(str(result.get("task")), "tabular-classification"), part(result, "honest")
    value = real(honest.get("value"))
    fields: dict[str, Any] = {
        "language": lang,
        "license": "unknown",
        "library_name": "onnxruntime",
        "pipeline_tag": kind,
        "tags": ["onnx", "tabular", "etabli"],
        "metrics": [str(result.get("metric"))],
    }
    if value is not None:
        measured = {
            "type": str(result.get("metric")),
            "value": value,
            "name": "expected on new rows, corrected for the choice among candidates",
        }
        results = [
            {
                "task": {"type": kind},
                "dataset": {"name": str(result.get("fingerprint") or "?")[:16], "type": "private"},
                "metrics": [measured],
            }
        ]
        fields["model-index"] = [{"name": plain(result.get("target") or "?", 80), "results": results}]
    return "---\n" + "".join(f"{name}: {json.dumps(value)}\n" for name, value in fields.items()) + "---\n"
