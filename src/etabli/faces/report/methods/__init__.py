"""The methods paragraph of a run, ready for a paper: what was compared and how it was judged, exact for this result, with its citations.

A sentence is said only where the result shows that the thing was done. Citations are written [@key] (as Pandoc reads them); `shown` makes them
(Chen & Guestrin 2016), and `methods.bib` beside the report has their entries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etabli.faces.report.methods.bibliography import bibtex, keys_of, references
from etabli.faces.report.pictures import items, part, places, title_of
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.numbers import NONE, count, number, real, share

Result = Mapping[str, Any]
CITED = re.compile(r"\[((?:@[\w-]+(?:; )?)+)\]")
KEY = re.compile(r"@([\w-]+)")
SHORT = 16  # characters of the fingerprint
LISTED = ("python", "etabli")  # versions that are said apart or are no library


@dataclass(frozen=True)
class Methods:
    """sentences: with [@key] marks, safe to show once escaped."""

    sentences: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything cited, in order."""
        return tuple(dict.fromkeys(key for text in self.sentences for found in CITED.findall(text) for key in _keys(found)))

    @property
    def marked(self) -> str:
        """The paragraph with [@key] marks, for Pandoc and Markdown."""
        return " ".join(self.sentences)

    @property
    def shown(self) -> str:
        """The paragraph with authors and years."""

        def spelled(found: re.Match[str]) -> str:
            names = [references()[key].short for key in _keys(found[1])]
            return f"({'; '.join(names)})" if names else found[0]

        return CITED.sub(spelled, self.marked)

    @property
    def references(self) -> tuple[str, ...]:
        """The list of references, by author."""
        return tuple(sorted(references()[key].full for key in self.keys))

    @property
    def bibtex(self) -> str:
        """The BibTeX entries."""
        return bibtex(self.keys)


def methods(result: Result, lang: str) -> Methods:
    """The paragraph of this result; without sentences where there was no comparison (an adopted model)."""
    if not items(result, "leaderboard") or not part(result, "split"):
        return Methods(())
    made = [
        *_comparison(result, lang),
        *_judgement(result, lang),
        *_sureness(result, lang),
        *_explanation(result, lang),
        *_file(result, lang),
    ]
    return Methods(tuple(text for text in made if text))


def _keys(marks: str) -> list[str]:
    """Keys in marks that are ours: the text may hold a column that is called "[@x]"."""
    return [key for key in KEY.findall(marks) if key in references()]


def cite(keys: Sequence[str]) -> str:
    """Marks of those keys that the references have."""
    there = [key for key in dict.fromkeys(keys) if key in references()]
    return f"[{'; '.join('@' + key for key in there)}]" if there else ""


def _family(name: str, lang: str) -> str:
    from etabli.families import families

    every = families()
    return f"{known('family', name, lang)} {cite(keys_of(every[name].citation if name in every else ''))}".strip()


def _listed(names: Sequence[str], lang: str) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" {say('and', lang)} {names[-1]}"


def _comparison(result: Result, lang: str) -> list[str]:
    board, split, repeats = items(result, "leaderboard"), part(result, "split"), part(result, "repeats")
    every = [*board, *({"family": str(one.get("name")).partition(" ")[0]} for one in items(result, "dropped"))]
    names = [name for name in dict.fromkeys(str(one.get("family")) for one in every) if name not in ("combination", "baseline", "None")]
    used = sum(bool(one.get("used")) and one.get("name") != result.get("target") for one in items(result, "columns"))
    reason = pick(split.get("reason"), lang).rstrip(".")
    metric = known("metric", result.get("metric") or "?", lang)
    lines = [
        say(
            "methods.task",
            lang,
            target=plain(result.get("target"), 60),
            task=known("task", result.get("task"), lang).lower(),
            columns=count(used, lang),
            rows=count(result.get("rows"), lang),
        ),
        say(
            "methods.compared",
            lang,
            tried=count(result.get("tried"), lang),
            n=len(names),
            families=_listed([_family(name, lang) for name in names], lang) if names else NONE,
            metric=metric,
            split=reason,
            cited=cite(["stone1974"]),
        ),
    ]
    if any("bootstrap" in str(one.get("reason")) for one in items(result, "dropped")):
        lines.append(say("methods.dropped", lang, cited=cite(["tsamardinos2018"])))
    if any("of the rows" in str(one.get("reason")) for one in items(result, "dropped")):
        lines.append(say("methods.halving", lang, cited=cite(["jamieson2016"])))
    if (real(repeats.get("times")) or 1) > 1:
        lines.append(say("methods.repeats", lang, times=repeats["times"], candidates=count(repeats.get("candidates"), lang)))
    if any(one.get("name") == "combination" for one in board):
        lines.append(say("methods.combination", lang, cited=cite(["caruana2004"])))
    return lines


def _judgement(result: Result, lang: str) -> list[str]:
    digits, honest, winner, nested = places(result), part(result, "honest"), part(result, "winner"), part(result, "nested")
    members = items(winner, "members")
    named = [" ".join(title_of(one, lang)).strip() for one in members]
    ends = {key: number(honest.get(key), lang, digits) for key in ("value", "low", "high")}
    lines = [
        say(
            "methods.winner",
            lang,
            n=len(named),
            name=_listed(named, lang) if named else NONE,
            final=known("final", winner.get("final"), lang),
        ),
        say(
            "methods.honest",
            lang,
            **ends,
            metric=known("metric", result.get("metric") or "?", lang),
            base=number(part(result, "baseline").get("value"), lang, digits),
            cited=cite(["tsamardinos2018"]),
        ),
        say("methods.ties", lang, cited=cite(["hsu1981"])),
    ]
    if any(one.get("corrected") for one in items(result, "leaderboard")):
        lines.append(say("methods.corrected", lang, cited=cite(["nadeau2003"])))
    if nested:
        lines.append(
            say(
                "methods.nested",
                lang,
                **{key: number(nested.get(key), lang, digits) for key in ("value", "low", "high")},
                cited=cite(["varma2006"]),
            )
        )
    if part(result, "test"):
        reach, value = part(result, "test_interval"), part(result, "test").get(str(result.get("metric")))
        words = {key: number(reach.get(key), lang, digits) for key in ("low", "high")}
        lines.append(
            say("methods.test", lang, rows=count(part(result, "split").get("test_rows"), lang), value=number(value, lang, digits), **words)
            if reach
            else ""
        )
    return lines


def _sureness(result: Result, lang: str) -> list[str]:
    lines, calibration = [], part(result, "calibration")
    if calibration:
        from etabli.judge.calibrators import members

        used = [name for name in str(calibration.get("method") or "").split("+") if name and name != "raw"]
        source = {one.name: one.citation for one in members()}
        if used:
            methods = [f"{known('method', name, lang)} {cite(keys_of(source.get(name, '')))}".strip() for name in used]
            lines.append(say("methods.calibrated", lang, methods=_listed(methods, lang)))
        lines.append(say("methods.reliability", lang, cited=cite(["wilson1927"])))
    if part(result, "cost"):
        lines.append(say("methods.cost", lang, cited=cite(["elkan2001"])))
    found = next((one for one in items(result, "coverage") if abs((real(one.get("level")) or 0) - 0.9) < 1e-9), None)
    if found:
        kind = str(part(result, "interval").get("kind") or "")
        words = {
            "level": share(0.9, lang, 0),
            "got": share(found.get("got"), lang),
            "low": share(found.get("low"), lang),
            "high": share(found.get("high"), lang),
        }
        if result.get("task") == "regression":
            keys = ["romano2019"] if kind == "cqr" else ["vovk2005", "lei2018"]
            lines.append(say("methods.intervals", lang, kind=known("interval", kind, lang), cited=cite(keys), **words))
        else:
            lines.append(say("methods.sets", lang, cited=cite(["sadinle2019", "vovk2005"]), **words))
    if part(result, "guarantee"):
        lines.append(say("methods.guarantee", lang, rows=count(part(result, "guarantee").get("rows"), lang)))
    return lines


def _explanation(result: Result, lang: str) -> list[str]:
    told, learned = part(result, "explanation"), part(result, "learning")
    used, lines = part(told, "importance"), []
    if used:
        lines.append(
            say(
                "methods.importance",
                lang,
                n=int(real(used.get("repeats")) or 1),
                rows=count(used.get("rows"), lang),
                cited=cite(["breiman2001", "fisher2019"]),
            )
        )
    if items(part(told, "effects"), "columns"):
        lines.append(say("methods.effects", lang, cited=cite(["apley2020"])))
    if part(told, "slices"):
        lines.append(say("methods.slices", lang, looked=count(part(told, "slices").get("looked"), lang), cited=cite(["westfall1993"])))
    if items(learned, "points"):
        lines.append(say("methods.learning", lang, cited=cite(["cortes1994", "viering2023"])))
    return lines


def _file(result: Result, lang: str) -> list[str]:
    proof, versions, hardware = part(result, "proof"), part(result, "versions"), part(result, "hardware")
    lines = []
    if proof:
        lines.append(
            say(
                "methods.proof",
                lang,
                rows=count(proof.get("rows"), lang),
                probes=count(proof.get("probe_rows"), lang),
                labels=say("methods.labels", lang, count=count(proof.get("label_mismatches"), lang)) if result.get("classes") else "",
                difference=number(proof.get("max_difference"), lang, 3),
            )
        )
    libraries = [f"{plain(name, 30)} {plain(version, 30)}" for name, version in versions.items() if name not in LISTED]
    lines.append(
        say(
            "methods.software",
            lang,
            version=plain(versions.get("etabli") or "?", 20),
            python=plain(versions.get("python") or "?", 20),
            libraries=", ".join(libraries),
            seed=plain(result.get("seed")),
            hardware=plain(hardware.get("description") or "?", 80),
            fingerprint=plain(result.get("fingerprint") or "?")[:SHORT],
        )
    )
    return lines
