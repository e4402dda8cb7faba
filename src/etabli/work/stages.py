"""The stages of `study.py`, each a short function from records to records, over what a run holds: its folder, its executor,
its clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from etabli.data import splits
from etabli.data.audit import audit
from etabli.data.preparation import usable
from etabli.data.sources import read as read_source
from etabli.data.store import load as load_table
from etabli.data.target import target as make_target
from etabli.errors import DataError, EtabliError, Interrupted, UsageError, did_you_mean
from etabli.families import families as all_families
from etabli.families.family import Family
from etabli.job.budget import Budget, Clock, budget
from etabli.judge.metrics import metric
from etabli.records import Finding, Split, Table, Target, Watch
from etabli.work import alarms as alarm_tests
from etabli.work.asked import Asked, sha256, versions
from etabli.work.assemble import Assembled, assemble
from etabli.work.compare import Ground, compare
from etabli.work.executors import executor
from etabli.work.executors.executor import Executor
from etabli.work.journal import Journal, unwritable
from etabli.work.portfolio import Offer, following, portfolio
from etabli.work.race import LARGE, Rules, Standing, stages
from etabli.work.sample import sampled, split_name
from etabli.work.table import Scores
from etabli.work.tasks import Material, facts_of, save_material
from etabli.work.verdict import Verdict, verdict

BATCH = 3  # paths that start together
MEMBERS = {"glance": 3, "standard": 5, "thorough": 8}  # most members of a combination


@dataclass
class Run:
    """What the stages share. Only `broken` grows: families that cannot even say what they would try, with the reason."""

    question: Asked
    journal: Journal
    executor: Executor
    clock: Clock
    budget: Budget
    families: Mapping[str, Family]
    watch: Watch
    interrupted: Callable[[], bool]
    began: float
    whole: str = ""  # the name of the split of all rows
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.journal.folder


@dataclass(frozen=True)
class Splits:
    """whole: of all rows. raced: the one the race runs on (a sample of it at a glance), kept under `name`."""

    whole: Split
    raced: Split
    name: str


@contextmanager
def opened(question: Asked, watch: Watch, interrupted: Callable[[], bool], began: float) -> Iterator[Run]:
    """Holds the run folder and starts the executor, which imports the heavy libraries while we read."""
    journal = Journal(question.folder)
    planned = budget(question.effort, question.time)
    chosen = {
        name: member for name, member in all_families().items() if not question.families or name in question.families or member.rank == 0
    }
    with journal.alone():
        try:
            place = executor(question.where, journal.folder)
        except OSError as error:
            raise unwritable(journal.folder, error) from error
        try:
            clock = Clock(planned.seconds, spent=time.monotonic() - began)
            yield Run(question, journal, place, clock, planned, chosen, watch, interrupted, began)
        finally:
            place.close()


# data ----------------------------------------------------------------------------------------------------------------


def read(run: Run) -> tuple[Table, Target]:
    """The table (read once into the run folder) and the target; writes the plan."""
    question, data = run.question, run.folder / "data"
    if (run.folder / "plan.json").exists() and (data / "target.npz").exists():
        table = load_table(data)
        now = sha256(question.file) if Path(question.file).is_file() else table.fingerprint  # the run holds its own copy
        run.journal.begin({"asked": question.identity, "fingerprint": now, "versions": versions()})
        target, notes = make_target(table, question.target, question.task, question.positive)
        return _noted(table, notes), target
    try:
        table = read_source(question.file, data, _kinds(question), run.watch)
        _known_columns(question, table)
        table = _missing(table, question.missing, data)
    except OSError as error:
        raise unwritable(data, error) from error
    target, notes = make_target(table, question.target, question.task, question.positive)
    for finding in (*table.notes, *notes):
        run.watch("finding", finding=finding)
    metric(question.metric, target.task)
    _some_family(question, run.families, target.task)
    _test_file(question, [target.name, *_features(question, table, target)])
    run.journal.begin(
        {
            "schema": 1,
            "asked": question.identity,
            "fingerprint": table.fingerprint,
            "versions": versions(),
            "task": target.task,
            "rows": table.rows,
        }
    )
    return _noted(table, notes), target


def _some_family(question: Asked, chosen: Mapping[str, Family], task: str) -> None:
    """Of the families asked for, one must be for this task."""
    if question.families and not any(task in chosen[name].tasks for name in question.families):
        fitting = ", ".join(name for name, family in all_families().items() if task in family.tasks and family.rank > 0)
        raise UsageError(f"--families names one that fits the task ({task})", ", ".join(question.families), f"one of {fitting}")


def _kinds(question: Asked) -> dict[str, str]:
    return dict(question.kinds)


def _noted(table: Table, notes: Sequence[Finding]) -> Table:
    return replace(table, notes=(*table.notes, *notes))


def _known_columns(question: Asked, table: Table) -> None:
    """Every column an option names must be there."""
    names = [column.name for column in table.columns]
    asked: dict[str, list[str | None]] = {
        "--group": [question.group],
        "--time-column": [question.time_column],
        "--weights": [question.weights],
        "--ignore": list(question.ignore),
        "--missing": list(question.missing),
    }
    for option, given in asked.items():
        for name in given:
            if name is not None and name not in names and not (name == "none" and option in ("--group", "--time-column")):
                raise UsageError(
                    f"{option} takes a column of the file",
                    f'"{name}" in {question.file}',
                    did_you_mean(name, names) or "columns: " + ", ".join(names[:20]),
                )
            if name == question.target:
                raise UsageError(f"{option} cannot take the target", f'"{name}"')


def _missing(table: Table, missing: Mapping[str, tuple[str, ...]], folder: Path) -> Table:
    """Texts or numbers that the user says mean missing."""
    if not missing:
        return table
    from etabli.data.store import save

    columns, values = [], dict(table.values)
    for column in table.columns:
        texts = missing.get(column.name, ())
        if texts and column.is_double:
            try:
                numbers = [float(text) for text in texts]
            except ValueError:
                raise UsageError("--missing takes a number for a column of numbers", f"{column.name}={texts[0]}") from None
            array = np.array(values[column.name])
            array[np.isin(array, numbers)] = np.nan
            values[column.name] = array
            finite = array[~np.isnan(array)]
            column = replace(
                column,
                reading={**column.reading, "sentinels": numbers},
                missing_count=int(np.isnan(array).sum()),
                low=float(finite.min()) if len(finite) else None,
                high=float(finite.max()) if len(finite) else None,
            )
        elif texts:
            levels = list(table.levels[column.name])
            gone = [levels.index(text) for text in texts if text in levels]
            codes = np.array(values[column.name])
            codes[np.isin(codes, gone)] = -1
            values[column.name] = codes
            column = replace(column, missing=(*column.missing, *texts), missing_count=int((codes < 0).sum()))
        columns.append(column)
    return save(replace(table, columns=tuple(columns), values=values), folder)


def audited(run: Run, table: Table, target: Target) -> list[Finding]:
    """What may go wrong, told at once; a refusal ends the run."""
    question = run.question
    asked = {"group": question.group, "time_order": question.time_column, "time": question.time_column, "weights": question.weights}
    looked = [f for f in audit(table, target, question.ignore, run.watch) if asked.get(f.code) is None]  # answered: not asked again
    found = [*table.notes, *looked]
    for finding in found[len(table.notes) :]:
        run.watch("finding", finding=finding)
    for finding in found:
        if finding.level == "refuse":
            raise DataError(finding.text["en"], ", ".join(finding.columns), finding.cure.get("en", ""))
    return found


def looked(file: Path, target: str | None, kinds: dict[str, str], ignore: Sequence[str]) -> tuple[Table, list[Finding]]:
    """Reading and audit alone, in memory: `etabli explore`."""
    table = read_source(file, None, kinds)
    notes: Sequence[Finding] = ()
    goal = None
    if target is not None:
        goal, notes = make_target(table, target)
    return table, [*table.notes, *notes, *audit(table, goal, tuple(ignore))]


def material(run: Run, table: Table, target: Target, findings: Sequence[Finding]) -> Material:
    """What models may see, kept in the run folder for the workers."""
    question = run.question
    used = _features(question, table, target)
    if not used:
        raise DataError(
            "at least one column must be left to learn from",
            f"{len(table.columns)} columns, none of use: " + ", ".join(f"{c.name} ({c.kind})" for c in table.columns[:10]),
            "--kind COLUMN=number (or category, date, text) takes one back",
        )
    weight = None
    if question.weights is not None:
        column = table.column(question.weights)
        weight = np.asarray(table.values[question.weights], np.float64) if column.is_double else None
        if weight is None or np.isnan(weight).any() or (weight < 0).any() or weight.sum() == 0:
            raise DataError("--weights takes a column of numbers, none missing, none below 0", f'"{question.weights}" ({column.kind})')
    made = Material(table, target, used, weight)
    save_material(run.folder, made)
    return made


def _features(question: Asked, table: Table, target: Target) -> tuple[str, ...]:
    """The columns that models may see."""
    aside = {*question.ignore, question.weights, question.group}
    return tuple(name for name in usable(table, target) if name not in aside)


def _test_file(question: Asked, needed: Sequence[str]) -> None:
    """The file of --test has the target and what the model reads: said now, not when hours of work are done."""
    if question.test is None:
        return
    names = {name for column in read_source(Path(question.test), None, {}).columns for name in (column.name, column.header)}
    if lacking := [name for name in needed if name not in names]:
        raise UsageError(
            "the file of --test has the target and the columns of the data",
            f"{question.test} lacks " + ", ".join(f'"{name}"' for name in lacking[:8]) + (" …" if len(lacking) > 8 else ""),
            did_you_mean(lacking[0], sorted(names)),
        )


# split and comparison --------------------------------------------------------------------------------------------------


def _ground(run: Run, material: Material, split: Split, name: str) -> Ground:
    return Ground(
        run.journal,
        material,
        Scores(run.journal, material, split),
        name,
        run.families,
        run.executor,
        run.clock,
        run.question.seed,
        run.watch,
        run.interrupted,
        _reserve(run, material),
    )


def _keep(run: Run, material: Material, split: Split) -> tuple[Split, str]:
    """Keeps the split of all rows, and the one the race runs on (a sample when the effort says so); returns the latter."""
    run.whole = split_name(split)
    run.journal.save_split(run.whole, split)
    limit = run.budget.rules.rows
    raced = sampled(split, limit, run.question.seed) if limit is not None else split
    name = split_name(raced)
    run.journal.save_split(name, raced)
    return raced, name


def split(run: Run, material: Material) -> tuple[Material, Splits, list[Finding]]:
    """The splits, and what the residuals of the simplest models said of them. An alarm of a group or of time switches the split,
    and says so; a group's own column is then nothing to learn from."""
    question, rules = run.question, run.budget.rules
    group = None if question.group == "none" else question.group
    moment = None if question.time_column == "none" else question.time_column
    share = 0.0 if question.test else None

    def deal(by: str | None, when: str | None) -> Split:
        return splits.split(
            material.table,
            material.target,
            question.seed,
            by,
            when,
            rules.folds,
            share,
            ignore=tuple(name for name in material.table.values if name not in material.used and name != material.target.name),
        )

    first = deal(group, moment)
    raced, name = _keep(run, material, first)
    if question.group is not None and question.time_column is not None:
        return material, Splits(first, raced, name), []
    ground = _ground(run, material, raced, name)
    run.clock.reserve = run.clock.expected(_reserve(run, material))
    standing = compare(ground, _simple(run, material, raced), Rules(stages(raced), batch=BATCH, patience=10**9))
    found, by, when = alarm_tests.tested(ground, standing, question.group, question.time_column, question.ignore)
    for finding in found:
        run.watch("finding", finding=finding)
    if (by, when) == (None, None):
        return material, Splits(first, raced, name), found
    if by is not None:
        material = replace(material, used=tuple(column for column in material.used if column != by))
        save_material(run.folder, material)
    second = deal(by or group, when or moment)
    raced, name = _keep(run, material, second)
    return material, Splits(second, raced, name), found


def _offers(run: Run, material: Material, split: Split) -> list[Offer]:
    facts, offers = facts_of(material, len(split.development)), list[Offer]()
    for name, member in run.families.items():
        try:
            offers += portfolio({name: member}, facts, run.budget.rules.candidates)
        except Exception as error:  # an outsider's fault must not end the run
            run.broken[name] = f"{type(error).__name__}: {error}"
    return offers


def _simple(run: Run, material: Material, split: Split) -> list[Offer]:
    """The cheapest first offers: enough for the residual tests, and the race begins with them anyway."""
    return following(_offers(run, material, split), {})[:BATCH]


def _reserve(run: Run, material: Material) -> float:
    """Seconds that judging, composing, proving and writing take on a free core; the clock knows what that means here."""
    return 2.5 + 1.2e-4 * min(material.table.rows, 50_000) + 2e-3 * len(material.used)


def compared(run: Run, material: Material, split: Splits) -> tuple[Standing, Scores]:
    """The race over every family's settings."""
    raced = split.raced
    ground = _ground(run, material, raced, split.name)
    large = len(raced.development) > LARGE
    rules = Rules(stages(raced), batch=2 * BATCH if large else BATCH, patience=run.budget.rules.without_gain(len(raced.development)))
    standing = compare(ground, _offers(run, material, raced), rules)
    standing.aside |= run.broken
    if not any(run.families[setting.family].rank == 0 for setting in standing.finished):  # every score is told beside the baseline's
        if run.interrupted():
            raise Interrupted("interrupted before any model was complete", "", f"go on with: etabli resume {run.folder}")
        reasons = "; ".join(sorted(set(standing.aside.values()))) or (
            f"{run.clock.spent():.1f} s were used, and judging and writing need {run.clock.reserve:.1f} s of {run.clock.cap or 0:.0f} s"
        )
        raise EtabliError(
            "at least one model must be complete before the time is over",
            reasons,
            f"give more time (--time), or go on: etabli resume {run.folder}",
        )
    return standing, ground.scores


def judged(run: Run, scores: Scores, standing: Standing) -> Verdict:
    """The winner, its honest score, who is tied."""
    chosen = metric(run.question.metric, scores.material.target.task)
    return verdict(scores, standing, chosen, run.families, run.question.seed, MEMBERS[run.budget.effort])


def assembled(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> Assembled:
    """One composition: refits or fold members, calibration, interval or set, novelty."""
    ground = _ground(run, material, split.raced, split.name)
    return assemble(ground, verdict, standing, run.whole, run.budget.rules.final == "refit")
