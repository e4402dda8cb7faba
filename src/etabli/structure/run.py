"""One run without a target: the folder it works in, the clock, and the table with what may go wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.data.audit import audit
from etabli.data.sources import read as read_source
from etabli.data.store import load as load_table
from etabli.errors import DataError, UsageError, columns_hint
from etabli.job.budget import Budget, budget
from etabli.records import Array, Finding, Table, Watch, digest
from etabli.structure import colours
from etabli.structure.asked import Question
from etabli.work.asked import sha256, versions
from etabli.work.journal import Journal, unwritable, write_arrays, write_json

# Findings with such a cure are about how a model is judged (which rows are kept together, what comes later, how much a row counts): without a target nothing is.
SPLIT = re.compile(r"--(group|time-column|weights)\b")
LEAVE = re.compile(r"--ignore ('[^']*'|[^\s;,]+)")


@dataclass(frozen=True)
class Run:
    """began: time.monotonic() of the start. planned: the effort and its cap."""

    question: Question
    journal: Journal
    planned: Budget
    watch: Watch
    interrupted: Callable[[], bool]
    began: float

    def over(self) -> bool:
        """Whether the time is over, or an end was asked for."""
        spent = self.planned.seconds is not None and time.monotonic() - self.began > self.planned.seconds
        return spent or self.interrupted()

    def remembered(
        self, task: Mapping[str, Any], make: Callable[[], tuple[dict[str, Any], dict[str, Array]]]
    ) -> tuple[Any, dict[str, Array]]:
        """What a finished task wrote (facts, arrays), or what `make` gives, kept for a run that goes on. task: what decides the answer,
        beside what was asked (the kinds of columns, those left out, the seed)."""
        name, folder = digest(dict(task) | {"asked": self.question.identity}), self.journal.folder / "done"
        folder.mkdir(exist_ok=True)
        facts, arrays = folder / f"{name}.json", folder / f"{name}.npz"
        if facts.exists():
            with np.load(arrays) as kept:
                return json.loads(facts.read_text(encoding="utf-8")), dict(kept)
        told, made = make()
        write_arrays(arrays, **made)
        write_json(facts, told)
        return told, made


@contextmanager
def opened(question: Question, watch: Watch, interrupted: Callable[[], bool], began: float) -> Iterator[Run]:
    """Holds the run folder."""
    journal = Journal(question.folder)
    with journal.alone():
        yield Run(question, journal, budget(question.effort, question.time), watch, interrupted, began)


def looked_at(run: Run) -> tuple[Table, list[Finding]]:
    """The table, and what may go wrong with it; UsageError for a colour that is no column of it."""
    run.watch("step", name={"en": "reading the data", "fr": "lecture des données"})
    table = read(run)
    run.watch("step", name={"en": "looking for what may go wrong", "fr": "recherche de ce qui peut mal tourner"})
    colours.asked(table, run.question.colour)
    return table, audited(run, table)


def read(run: Run) -> Table:
    """The table, read once into the run folder; writes the plan."""
    question, data = run.question, run.journal.folder / "data"
    if (run.journal.folder / "plan.json").exists() and (data / "table.json").exists():
        table = load_table(data)
        fingerprint = sha256(question.file)
    else:
        try:
            table = read_source(question.file, data, dict(question.kinds), run.watch)
        except OSError as error:
            raise unwritable(data, error) from error
        fingerprint = table.fingerprint
    names = [column.name for column in table.columns]
    for option, given in (("--ignore", question.ignore), ("--label", (question.label,) if question.label else ())):
        for name in given:
            if name not in names:
                hint = columns_hint(option, name, names)
                raise UsageError(f"{option} takes a column of the file", f'"{name}" in {question.file}', hint)
    run.journal.begin({"schema": 1, "asked": question.identity, "fingerprint": fingerprint, "versions": versions(), "rows": table.rows})
    return table


def curable(finding: Finding) -> Finding | None:
    """The finding with a cure that these commands have, None if it has none. Of two cures the one that leaves a column out is told; marks of missing values go in the file."""
    cure = finding.cure.get("en", "")
    if "--missing" in cure:
        return replace(
            finding, cure={"en": "if so, leave the cell empty in the file", "fr": "si oui, laisser la cellule vide dans le fichier"}
        )
    if not SPLIT.search(cure):
        return finding
    out = LEAVE.search(cure)
    return (
        replace(finding, cure={"en": f"if it should not count: {out[0]}", "fr": f"si elle ne doit pas compter : {out[0]}"}) if out else None
    )


def audited(run: Run, table: Table) -> list[Finding]:
    """What may go wrong, told at once; a refusal ends the run."""
    said = audit(table, None, (*run.question.ignore, *([run.question.label] if run.question.label else [])), run.watch)
    found = [*table.notes, *filter(None, map(curable, said))]
    for finding in found:
        run.watch("finding", finding=finding)
        if finding.level == "refuse":
            raise DataError(finding.text["en"], ", ".join(finding.columns), finding.cure.get("en", ""))
    return found
