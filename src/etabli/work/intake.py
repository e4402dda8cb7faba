"""The first stages of `study.py`: the file is read, the target found, the audit made, and what models may see is kept for the workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from etabli.data.audit import audit
from etabli.data.audit.view import tokens
from etabli.data.preparation import usable
from etabli.data.sources import parted
from etabli.data.sources import read as read_source
from etabli.data.store import load as load_table
from etabli.data.target import target as make_target
from etabli.errors import DataError, UsageError, columns_hint, did_you_mean
from etabli.families import families as all_families
from etabli.families.family import Family
from etabli.graph.graph import WIDE
from etabli.job.hardware import hardware
from etabli.judge import calibration, costs
from etabli.judge.metrics import DEFAULTS, METRICS, Metric, metric
from etabli.records import Array, Finding, Table, Target
from etabli.work.asked import BALANCED, Asked, sha256, versions
from etabli.work.directions import directions, obedient, together
from etabli.work.idle import idle
from etabli.work.journal import Journal, unwritable
from etabli.work.ledger import IDEAS
from etabli.work.material import Material, per_exposure, save_material
from etabli.work.run import Run


def read(run: Run) -> tuple[Table, Target]:
    """The table (read once into the run folder) and the target; writes the plan."""
    question, data = run.question, run.folder / "data"
    if (run.folder / "plan.json").exists() and (data / "target.npz").exists():
        table = load_table(data)
        file = parted(question.file)[0]
        now = sha256(file) if file.is_file() else table.fingerprint  # the run holds its own copy
        plan = {"asked": question.identity, "fingerprint": now, "versions": versions()}
        run.journal.begin(plan, IDEAS)
        _some_family(question, run.families, str(run.journal.plan()["task"]))
        run.enter(plan)
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
    _ranking(question, target)
    _certainty(question, target)
    _some_family(question, run.families, target.task)
    _test_file(question, [target.name, *_features(question, table, target)])
    run.enter(
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


def _ranking(question: Asked, target: Target) -> Metric:
    """The metric that ranks, and that these targets allow."""
    if question.cost and target.task == "regression":
        raise UsageError("--cost is for classes", f'"{target.name}" is a number')
    chosen = metric(question.metric, target.task, costs.matrix(question.cost, target.classes))
    known = target.y >= 0 if target.classes else ~np.isnan(target.y)
    chosen.demand(target.y[known])
    return chosen


def _certainty(question: Asked, target: Target) -> None:
    """What is asked of the heads must fit the target."""
    task = target.task
    if question.distribution and task != "regression":
        hint = "leave it out: the file gives probabilities" + (" and p0, p1" if task == "binary" else "")
        raise UsageError("--distribution is for a target that is a number", f'"{target.name}" ({task})', hint)
    for option, value, fits in (("--interval", question.interval, "regression"), ("--sets", question.sets, "classes")):
        if value != "auto" and (task == "regression") != (fits == "regression"):
            other = "a number" if fits == "regression" else "a class"
            raise UsageError(f"{option} is for a target that is {other}", f'"{target.name}" ({task})')
    if question.calibration is not None:
        if task == "regression":
            raise UsageError("--calibration is for classes", f'"{target.name}" is a number')
        calibration.known(question.calibration, task)
        if question.weights and question.calibration == "venn_abers":
            raise UsageError("venn_abers counts rows, so it takes no weights", f'--weights "{question.weights}"', "isotonic weighs rows")


def _improper(question: Asked, target: Target) -> list[Finding]:
    """What to beware of with the metric asked for."""
    chosen = _ranking(question, target)
    if not chosen.caution:
        return []
    title, usual = chosen.title, METRICS[DEFAULTS[target.task]]
    text = {
        "en": f"Candidates are ranked by {title['en']}. {chosen.caution['en']}",
        "fr": f"Les candidats sont classés selon : {title['fr']}. {chosen.caution['fr']}",
    }
    cure = {
        "en": f"--metric {usual.name} ranks by the {usual.title['en']}",
        "fr": f"--metric {usual.name} classe selon : {usual.title['fr']}",
    }
    return [Finding("metric", (target.name,), text, cure, "note", {"metric": chosen.name})]


LOOKING = frozenset("lag lags lagged rolling ewm ewma prev glissant glissante".split())


def _looks_back(question: Asked, table: Table) -> list[Finding]:
    """Columns named after earlier rows, where time orders the folds and no gap was asked for."""
    moment = question.time_column
    if moment in (None, "none") or question.gap is not None:
        return []
    aside = {moment, question.target, question.group, *question.ignore}
    found = tuple(column.name for column in table.columns if column.name not in aside and LOOKING.intersection(tokens(column.name)))
    if not found:
        return []
    names = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
    text = {
        "en": f"{names}: such names say that a row looks back at earlier ones. If new rows come later than one step after the last known one, the score flatters",
        "fr": f"{names} : de tels noms disent qu'une ligne regarde les précédentes. Si de nouvelles lignes viennent plus d'un pas après la dernière connue, le score est flatteur",
    }
    cure = {
        "en": "--gap 7d (or as long as they will lie ahead) leaves out the rows just before what is scored",
        "fr": "--gap 7d (ou autant qu'il y aura d'avance) écarte les lignes juste avant ce qui est noté",
    }
    return [Finding("looks-back", found, text, cure, "note", {"columns": list(found)})]


def _some_family(question: Asked, chosen: Mapping[str, Family], task: str) -> None:
    """Of the families asked for, one must be for this task."""
    if question.families and not any(task in chosen[name].tasks for name in question.families):
        fitting = [name for name, family in all_families().items() if task in family.tasks and family.rank > 0]
        alike = dict.fromkeys(chosen[name].counterpart for name in question.families if chosen[name].counterpart)
        hint = f"{', '.join(alike)} in their place, or one of " if alike else "one of "
        raise UsageError(
            f"--families names one that fits the task ({task})",
            ", ".join(question.families),
            hint + ", ".join(name for name in fitting if name not in alike),
        )


def _unfit(question: Asked, chosen: Mapping[str, Family], target: Target) -> list[Finding]:
    """Families asked for by name that learn no such target: the others go on without them, and not in silence."""
    found = []
    for name in question.families:
        family = chosen[name]
        if target.task in family.tasks:
            continue
        number = target.task == "regression"
        text = {
            "en": f"{name} learns {'classes' if number else 'numbers'}, and “{target.name}” is a {'number' if number else 'class'}: it is left out",
            "fr": f"{name} apprend des {'classes' if number else 'nombres'}, et « {target.name} » est {'un nombre' if number else 'une classe'} : mis de côté",
        }
        alike = family.counterpart if family.counterpart in all_families() else ""
        cure = {
            "en": f"--families {alike} is its counterpart for {'numbers' if number else 'classes'}",
            "fr": f"--families {alike} est son pendant pour les {'nombres' if number else 'classes'}",
        }
        found.append(Finding("family", (target.name,), text, cure if alike else {}, "warn", {"family": name, "task": target.task}))
    return found


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
        "--exposure": [question.exposure],
        "--ignore": list(question.ignore),
        "--by": list(question.by),
        "--missing": list(question.missing),
    }
    for option, given in asked.items():
        for name in given:
            if name is not None and name not in names and not (name == "none" and option in ("--group", "--time-column")):
                raise UsageError(
                    f"{option} takes a column of the file",
                    f'"{name}" in {question.file}',
                    columns_hint(option, name, names),
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
    declared = directions(table, target, question.increasing, question.decreasing)
    groups, chosen = together(table, target, question.together), {name: run.families[name] for name in run.chosen}
    found = [
        *table.notes,
        *looked,
        *_unfit(question, run.families, target),
        *_improper(question, target),
        *_looks_back(question, table),
        *obedient(chosen, target.task, declared, groups)[1],
        *idle(chosen, target.task, hardware().accelerators),
    ]
    for finding in found[len(table.notes) :]:
        run.watch("finding", finding=finding)
    for finding in found:
        if finding.level == "refuse":
            raise DataError(finding.text["en"], ", ".join(finding.columns), finding.cure.get("en", ""))
    return found


def looked(file: Path, target: str | None, kinds: dict[str, str], ignore: Sequence[str]) -> tuple[Table, list[Finding]]:
    """Reading and audit alone, in memory: `etabli explore`. Of a run folder, its table as it was read, with its target."""
    if (file / "plan.json").is_file():
        asked = Journal(file).plan()["asked"]
        table, target, ignore = load_table(file / "data"), target or asked["target"], ignore or asked.get("ignore", ())
    else:
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
    if question.exposure is not None:
        target, exposed = _rate(question.exposure, table, target, used)
        weight = exposed if weight is None else weight * exposed
    made = Material(
        table,
        target,
        used,
        weight,
        directions(table, target, question.increasing, question.decreasing),
        together(table, target, question.together),
        _class_weight(question.class_weight, target),
        costs.matrix(question.cost, target.classes),
        question.exposure or "",
    )
    save_material(run.folder, made)
    return made


def _rate(name: str, table: Table, target: Target, used: Sequence[str]) -> tuple[Target, Array]:
    """The target per unit of exposure, and the exposure."""
    column = table.column(name)
    if target.task != "regression":
        raise UsageError("--exposure is for a target that is a count or an amount", f'"{target.name}" ({target.task})')
    values = np.asarray(table.values[name], np.float64) if column.kind == "number" else np.full(1, np.nan)
    if not (values > 0).all():
        bad = np.flatnonzero(~(values > 0))
        raise DataError("--exposure takes a column of numbers above 0, none missing", f'"{name}" ({column.kind}), row {int(bad[0]) + 1}')
    if sum(table.column(other).is_double for other in used) >= WIDE:
        raise UsageError(
            f"--exposure works with fewer than {WIDE} columns of numbers", f"{len(used)} columns", "divide the target beforehand"
        )
    return per_exposure(table, target, name)


def _class_weight(given: Mapping[str, float], target: Target) -> tuple[float, ...]:
    """How much a row of each class counts in fitting."""
    if not given:
        return ()
    if target.task == "regression":
        raise UsageError("--class-weight is for classes", f'"{target.name}" is a number', "--weights COL weighs rows")
    if BALANCED in given and BALANCED not in target.classes:
        if len(given) > 1:
            raise UsageError("--class-weight is balanced, or a weight a class", ", ".join(given))
        counts = np.bincount(target.y[target.y >= 0], minlength=len(target.classes))
        return tuple((counts.sum() / (len(counts) * np.maximum(counts, 1))).tolist())
    for label, weight in given.items():
        if label not in target.classes:
            hint = did_you_mean(label, target.classes) or "classes: " + ", ".join(target.classes[:20])
            raise UsageError("--class-weight takes a class of the target", f'"{label}"', hint)
        if not (np.isfinite(weight) and weight > 0):
            raise UsageError("a class weight is a number above 0", f"{label}={weight:g}")
    return tuple(float(given.get(label, 1.0)) for label in target.classes)


def _features(question: Asked, table: Table, target: Target) -> tuple[str, ...]:
    """The columns that models may see."""
    aside = {*question.ignore, question.weights, question.group, question.exposure}
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
