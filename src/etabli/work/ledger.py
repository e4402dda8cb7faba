"""The ledger: who was ever tried in a run folder, round after round.

The honest score corrects the choice among the candidates of one table. Someone who saw a result and comes back with ten more ideas has chosen
among all of them, so the new ideas join the same table, and what decides the table (rows, columns, split, metric, seed) may not change.
`plan.json` holds the first question and never changes; `ledger.jsonl` grows by a line when a round is asked and by a line when it ended
(again when a cut round was resumed: the last counts). Lines are appended with one write, flushed to the disk, and never changed. A kill may
leave a last line without its end: it counts as not written, and the next line takes its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etabli.errors import DataError, UsageError
from etabli.records import Finding, Setting, Wants, digest
from etabli.work.journal import Journal, unwritable
from etabli.work.race import LATE, Standing

NAME = "ledger.jsonl"
IDEAS = ("families", "effort")  # options that only decide what is tried: they may differ between rounds


@dataclass(frozen=True)
class Round:
    """number: from 1. families: as asked (() for all). among: the families that took part. ended: the last line that says how it
    ended, or None while it has not."""

    number: int
    families: tuple[str, ...]
    among: tuple[str, ...]
    effort: str
    versions: Mapping[str, str]
    command: str
    ended: Mapping[str, Any] | None = None

    @property
    def done(self) -> bool:
        """Whether it came to its own end."""
        return self.ended is not None and not self.ended["cut"]

    @property
    def table(self) -> str:
        """A digest of the rows, columns and folds it was raced on; "" while it has not ended."""
        return str(self.ended["table"]) if self.ended else ""


def rounds(folder: Path) -> tuple[Round, ...]:
    """The rounds of a run folder in order; () before the first. DataError for a line that cannot be read."""
    found: dict[int, dict[str, Any]] = {}
    for line, text in enumerate(_lines(folder / NAME), 1):
        try:
            entry = json.loads(text)
            facts = found.setdefault(int(entry["round"]), {})
            if entry["entry"] == "asked":
                facts |= {key: entry[key] for key in ("families", "among", "effort", "versions", "command")}
            else:
                facts["ended"] = entry
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                "every line of a ledger must be readable: it is the truth of who was tried", f"{folder / NAME}, line {line}: {error}"
            ) from error
    return tuple(Round(number, tuple(facts.pop("families")), tuple(facts.pop("among")), **facts) for number, facts in sorted(found.items()))


def _lines(path: Path) -> list[str]:
    """Whole lines: what follows the last end of a line was cut off by a kill."""
    try:
        return path.read_bytes().decode("utf-8", "replace").split("\n")[:-1]
    except FileNotFoundError:
        return []


def append(folder: Path, entry: Mapping[str, Any]) -> None:
    """One line more, on the disk when this returns. Half a line that a kill left is taken away first."""
    path = folder / NAME
    data = (json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str) + "\n").encode()
    try:
        with open(path, "ab+") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            if whole < size:
                file.truncate(whole)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(whole)
                raise
    except OSError as error:
        raise unwritable(path, error) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# which round this is ---------------------------------------------------------------------------------------------------


def enter(
    journal: Journal, plan: Mapping[str, Any], among: Collection[str], there: Collection[str], command: str, resumed: bool = False
) -> tuple[Round, ...]:
    """The rounds up to the one to go on with, which is the last: a new one when these ideas were not tried yet.

    plan: the question as plan.json keeps it (written here when there is none). among: families that would take part. there: families
    that are installed. resumed: go on with the last round whatever was asked. Errors: UsageError when the folder holds another table,
    when an unfinished round was begun with other versions, or when a family whose candidates are in the table is gone.
    """
    journal.begin(plan, IDEAS)
    asked, versions = plan["asked"], dict(plan["versions"])
    known = rounds(journal.folder)
    if not known:  # a new folder, or one from before there were ledgers
        first = journal.plan()
        known = (Round(1, tuple(first["asked"]["families"]), tuple(among), first["asked"]["effort"], first["versions"], command),)
        _ask(journal.folder, known[0])
    last = known[-1]

    def same(one: Round) -> bool:
        return one.effort == asked["effort"] and set(one.among) == set(among) and one.versions == versions

    if not (resumed or same(last) or (last.done and any(one.done and same(one) for one in known))):
        known = (*known, Round(last.number + 1, tuple(asked["families"]), tuple(among), asked["effort"], versions, command))
        _ask(journal.folder, known[-1])
    elif not last.done and last.versions != versions:
        changed = [f"{name} {old} -> {versions.get(name, '-')}" for name, old in last.versions.items() if versions.get(name) != old]
        raise UsageError(
            "a round goes on with the versions it began with",
            "different: " + ", ".join(changed),
            "install these again, or begin another round: etabli fit with the same -o and other --families or --effort",
        )
    used = {setting["family"] for one in known[:-1] if one.ended for setting in one.ended["settings"]} | set(known[-1].among)
    if gone := sorted(used - set(there)):
        raise UsageError(
            "every family with candidates in the table must be installed", ", ".join(gone), "install it again, or choose a new -o"
        )
    return known


def _ask(folder: Path, one: Round) -> None:
    facts = {"families": one.families, "among": one.among, "effort": one.effort, "versions": one.versions, "command": one.command}
    append(folder, {"entry": "asked", "round": one.number, "when": _now(), **facts})


# who was tried ---------------------------------------------------------------------------------------------------------


def end(folder: Path, one: Round, table: str, before: Standing, standing: Standing, best: Mapping[str, Any] | None) -> Round:
    """Notes how a round ended: what it tried that no round before had settled. The same again adds no line. best: name and score of
    the best after it."""
    new = [name for name in standing.places if name not in before.places]
    known = {setting.hash for setting in before.finished}
    failed = {name: reason for name, reason in standing.aside.items() if name in standing.settings and name not in before.aside}
    facts = {
        "ended": standing.ended,
        "cut": standing.ended in ("cap", "interrupted"),
        "table": table,
        "tried": sorted(standing.begun - before.begun),
        "settings": [asdict(standing.settings[name]) for name in dict.fromkeys([*new, *failed])],
        "finished": [setting.hash for setting in standing.finished if setting.hash not in known],
        "dropped": {name: reason for name in new if (reason := standing.dropped.get(name, LATE[0])) not in LATE},
        "aside": failed,
        "places": {name: [[fold, share, *place] for (fold, share), place in standing.places[name].items()] for name in new},
        "best": best,
    }
    facts = json.loads(json.dumps(facts, default=str))
    if one.ended is None or any(one.ended[key] != value for key, value in facts.items()):
        append(folder, {"entry": "ended", "round": one.number, "when": _now(), **facts})
    return replace(one, ended=facts)


def settled(known: Sequence[Round], journal: Journal) -> Standing:
    """Where the race stands after these rounds: whom they finished, dropped and set aside. What a cut round left half done is not in it
    (it counts as tried, and may be offered again). DataError when a result that the ledger names is gone."""
    standing = Standing()
    for ended in (one.ended for one in known if one.ended):
        made = [Setting(**{**facts, "wants": Wants(**facts["wants"])}) for facts in ended["settings"]]
        settings = {setting.hash: setting for setting in made}
        kept = {*ended["finished"], *ended["dropped"], *ended["aside"]}
        standing.begun |= set(ended["tried"])
        standing.settings |= {name: setting for name, setting in settings.items() if name in kept}
        standing.finished += [settings[name] for name in ended["finished"]]
        standing.dropped |= ended["dropped"]
        standing.aside |= ended["aside"]
        standing.finished = [setting for setting in standing.finished if setting.hash not in standing.aside]  # it failed later on
        for name in kept & set(ended["places"]):
            standing.places[name] = {(fold, share): (task, index) for fold, share, task, index in ended["places"][name]}
    for name, places in standing.places.items():
        for task, _ in places.values():
            if journal.result(task) is None:
                raise DataError(
                    "the results that the ledger names must be in the run folder",
                    f"{standing.settings[name].name}: done/{task}.json is gone",
                    "bring the folder back as it was, or begin anew with another -o",
                )
    return standing


def best_of(known: Sequence[Round], standing: Standing, loss: Mapping[str, float]) -> list[str]:
    """The best finished candidate (hash) of each round, the current one last. loss: by hash."""
    parts = [list(one.ended["finished"]) for one in known[:-1] if one.ended]
    taken = {name for part in parts for name in part}
    parts.append([setting.hash for setting in standing.finished if setting.hash not in taken])
    return [min(part, key=lambda name: loss[name]) for part in parts if part]


def remarks(known: Sequence[Round], tested: bool) -> list[Finding]:
    """What whoever reads a later round must know. tested: whether there is an outer test, or a file of --test."""
    found, last = list[Finding](), known[-1]
    looked = [str(one.number) for one in known[:-1] if one.ended and one.ended["best"]]
    if tested and looked:
        text = {
            "en": f"the test was opened before, in round {', '.join(looked)}: ideas that came after it may have been chosen by it, and nothing corrects that",
            "fr": f"le test a déjà été ouvert, au tour {', '.join(looked)} : des idées venues ensuite ont pu être choisies grâce à lui, et rien ne le corrige",
        }
        cure = {
            "en": "trust the honest score, which counts every candidate of every round, or test once more on new rows: etabli check",
            "fr": "fiez-vous au score honnête, qui compte tous les candidats de tous les tours, ou testez sur de nouvelles lignes : etabli check",
        }
        found.append(Finding("test-again", (), text, cure, "warn", {"rounds": looked}))
    names = sorted({name for one in known for name, now in one.versions.items() if now != last.versions.get(name)})
    if names:
        text = {
            "en": f"the rounds were not run with the same versions ({', '.join(names)}): each model is proven against its own, and doing it all again takes both",
            "fr": f"les tours n'ont pas été faits avec les mêmes versions ({', '.join(names)}) : chaque modèle est prouvé contre la sienne, et tout refaire demande les deux",
        }
        found.append(
            Finding("versions", (), text, {}, "note", {"rounds": [[one.number, {n: one.versions.get(n) for n in names}] for one in known]})
        )
    return found


def told(known: Sequence[Round]) -> list[dict[str, Any]]:
    """The rounds as the result tells them. tried: candidates that the round was the first to try."""
    seen, made = set[str](), []
    for one in known:
        new = set(one.ended["tried"]) - seen if one.ended else set[str]()
        seen |= new
        best = one.ended["best"] if one.ended else None
        made.append(
            {
                "round": one.number,
                "families": list(one.families),
                "effort": one.effort,
                "tried": len(new),
                "best": best,
                "command": one.command,
            }
        )
    return made


def table_of(*facts: Any) -> str:
    """The digest of what a table stands on."""
    return digest(list(facts))
