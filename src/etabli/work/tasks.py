"""A task and `run_tasks`: the only thing a worker runs.

A task is a few facts (which rows, which settings, which seed); its hash is its name. The worker opens the table by memory
map, prepares the matrices (or finds them prepared), fits the path, writes each model as a graph, predicts the held-out rows
*by that graph*, compares with the fitting library's own predictions, and writes one result. Done twice it is done once.

Several folds of one path may come together: their matrices are prepared, the family fits them in one call (`Family.fit_folds`), and each
task gets its own result, the same as alone.
"""

from __future__ import annotations

import json
import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from etabli.errors import StorageError
from etabli.families.family import Family
from etabli.records import Array, Feature, Fitted, Prepared, Setting, Split, Wants, digest
from etabli.work.journal import Journal, write, write_json
from etabli.work.material import Material, facts_of
from etabli.work.proof import PROOF_ROWS, proven

ASIDE = "data/aside"  # of a run folder: what a long training keeps and tells
ALL = -1  # the fold of a refit: learns from every development row
Made = TypeVar("Made")


@dataclass(frozen=True)
class Task:
    """split: name of a kept split. fold: whose training rows to learn from (ALL: every development row). share: how much of
    them (1, or 1/3, 1/9 in the early rungs of a large table). settings: one path, fitted together. without: further folds that are not
    learned from, and are predicted after the first (the nested audit)."""

    split: str
    fold: int
    settings: tuple[Setting, ...]
    seed: int
    share: float = 1.0
    without: tuple[int, ...] = ()
    hash: str = field(init=False, default="")

    def __post_init__(self) -> None:
        facts = [self.split, self.fold, [setting.hash for setting in self.settings], self.seed, self.share]
        facts += [self.without] if self.without else []
        object.__setattr__(self, "hash", digest(facts))

    @property
    def recipe(self) -> str:
        """The name of the prepared matrices it needs."""
        folds = "+".join(map(str, (self.fold, *self.without)))
        return f"{self.split}-{folds}-{self.settings[0].wants.hash}" + (f"-{self.share:.3f}" if self.share < 1 else "")

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back."""
        return {
            "split": self.split,
            "fold": self.fold,
            "seed": self.seed,
            "share": self.share,
            "settings": [asdict(setting) for setting in self.settings],
            **({"without": list(self.without)} if self.without else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Task:
        """The task that `to_json` wrote."""
        settings = tuple(Setting(**{**s, "wants": Wants(**s["wants"])}) for s in value["settings"])
        return cls(value["split"], value["fold"], settings, value["seed"], value["share"], tuple(value.get("without", ())))


def rows_of(task: Task, split: Split) -> tuple[Array, Array]:
    """(rows to learn from, rows to predict). A refit predicts the outer test, or some development rows for its proof."""
    if task.fold == ALL:
        held = split.test if len(split.test) else split.development[:: max(1, len(split.development) // PROOF_ROWS)]
        return split.development, held
    train = split.train(task.fold)
    if task.without:
        folds = (task.fold, *task.without)
        return train[~np.isin(split.fold[train], folds)], np.concatenate([split.valid(k) for k in folds])
    if task.share < 1:  # a fixed order, so that smaller shares are parts of larger ones; groups come whole
        unit = np.arange(len(train)) if split.groups is None else np.unique(split.groups[train], return_inverse=True)[1]
        order = np.random.default_rng(task.seed).permutation(int(unit.max()) + 1)
        reached = np.cumsum(np.bincount(unit)[order])
        taken = order[: max(1, int(np.searchsorted(reached, int(len(train) * task.share), side="right")))]
        train = train[np.isin(unit, taken)]
    return train, split.valid(task.fold)


# prepared matrices ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matrices:
    """Prepared training and held-out rows, memory-mapped, with what made them."""

    train: Array
    held: Array
    features: tuple[Feature, ...]


def prepared(folder: Path, task: Task, material: Material, split: Split) -> Matrices:
    """The matrices of a task's recipe, made once and kept in the run folder."""
    from etabli.data.preparation import matrix, prepare

    base = folder / "data" / "prepared"
    facts, train_path, held_path = base / f"{task.recipe}.json", base / f"{task.recipe}.train.npy", base / f"{task.recipe}.held.npy"
    if not (facts.exists() and train_path.exists() and held_path.exists()):
        train, held = rows_of(task, split)
        made: Prepared = prepare(
            material.table, material.target, task.settings[0].wants, train, task.seed, columns=material.used, groups=split.groups
        )
        x = made.train if made.train is not None else matrix(made, material.table, train)
        write(train_path, lambda file: np.save(file, x))
        y = matrix(made, material.table, held)
        write(held_path, lambda file: np.save(file, y))
        write(base / f"{task.recipe}.raw.onnx", lambda file: file.write(made.raw))
        write(base / f"{task.recipe}.coded.onnx", lambda file: file.write(made.coded))
        write_json(facts, [asdict(feature) for feature in made.features])
    features = tuple(Feature(f["name"], tuple(f["source"]), f["levels"]) for f in json.loads(facts.read_text(encoding="utf-8")))
    return Matrices(np.load(train_path, mmap_mode="r"), np.load(held_path, mmap_mode="r"), features)


# running -------------------------------------------------------------------------------------------------------------


def run_tasks(folder: Path, tasks: Sequence[Task], material: Material, threads: int = 1, deadline: float | None = None) -> None:
    """Runs tasks to their result files, the folds of one path together. A family's exception becomes a result that says so: it is
    set aside, the run goes on."""
    journal = Journal(folder)
    alike: dict[tuple[object, ...], list[Task]] = {}
    for task in tasks:
        if journal.result(task.hash) is None:
            alike.setdefault((task.split, task.seed, task.share, *(setting.hash for setting in task.settings)), []).append(task)
    for group in alike.values():
        _run(folder, group, material, threads, deadline)


def _run(folder: Path, tasks: Sequence[Task], material: Material, threads: int, deadline: float | None) -> None:
    journal, began, cpu = Journal(folder), time.monotonic(), time.process_time()
    made = _guarded(partial(_fit, folder, tasks, material, threads, deadline))
    if isinstance(made, Failed) and len(tasks) > 1:  # which of them fails is seen when each runs alone
        for task in tasks:
            _run(folder, [task], material, threads, deadline)
        return
    for place, task in enumerate(tasks):
        result = made if isinstance(made, Failed) else _guarded(partial(_written, made[place], task, material))
        if isinstance(result, Failed):
            journal.finish(task.hash, set_aside(task, result.reason, result.trace), None, {})
        else:
            facts, scores, graphs = result
            spent = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
            journal.finish(task.hash, facts | {"task": task.to_json()} | spent, scores, graphs)
        began, cpu = time.monotonic(), time.process_time()


def run_task(folder: Path, task: Task, material: Material, threads: int = 1, deadline: float | None = None) -> None:
    """Runs one task to its result file."""
    run_tasks(folder, [task], material, threads, deadline)


@dataclass(frozen=True)
class Failed:
    """Why something could not be done."""

    reason: str
    trace: str = ""


def _guarded(call: Callable[[], Made]) -> Made | Failed:
    """What the call gives, or what went wrong in it. A full disk is not the family's fault: it stops the run, which can be resumed."""
    try:
        return call()
    except MemoryError:
        return Failed("out of memory")
    except StorageError:
        raise
    except Exception as error:
        return Failed(f"{type(error).__name__}: {error}", traceback.format_exc())


def set_aside(task: Task, reason: str, trace: str = "") -> dict[str, Any]:
    """The result of a task that could not be done."""
    return {"task": task.to_json(), "error": reason, "trace": trace, "settings": [], "seconds": 0.0, "cpu": 0.0}


@dataclass(frozen=True)
class Fit:
    """What one fold's training gave. cpu: seconds of processor time. cut: the clock ended it."""

    member: Family
    models: Sequence[Fitted]
    matrices: Matrices
    rows: int
    cpu: float
    cut: bool


def _fit(folder: Path, tasks: Sequence[Task], material: Material, threads: int, deadline: float | None) -> list[Fit]:
    """One path on the folds of those tasks."""
    from etabli.families import family

    first = tasks[0]
    split = Journal(folder).load_split(first.split)
    matrices = [prepared(folder, task, material, split) for task in tasks]
    trained = [rows_of(task, split)[0] for task in tasks]
    folds = [
        replace(
            material.data(ready.train, rows, ready.features, first.seed, threads),
            aside=str(folder / ASIDE),
            units=None if split.groups is None else split.groups[rows],
        )
        for ready, rows in zip(matrices, trained, strict=True)
    ]
    member = family(first.settings[0].family)
    began, cut = time.process_time(), False

    def stop() -> bool:
        nonlocal cut
        cut = cut or (deadline is not None and time.time() > deadline)
        return cut

    made = member.fit_folds(first.settings, folds, stop) if len(tasks) > 1 else [member.fit_path(first.settings, folds[0], stop)]
    cpu = (time.process_time() - began) / len(tasks)
    return [Fit(member, models, ready, len(rows), cpu, cut) for models, ready, rows in zip(made, matrices, trained, strict=True)]


def _trained(fit: Fit) -> dict[str, Any]:
    """How each setting was trained, where the family says it: `trained` of networks, `rhat` of sampled posteriors, one entry a setting."""
    made = [fit.member.trained(model) for model in fit.models]
    names = [feature.name for feature in fit.matrices.features]
    told: dict[str, Any] = {"trained": [one and one.to_json(names) for one in made]} if any(made) else {}
    chains = [float(model.arrays["rhat"]) if "rhat" in model.arrays else math.nan for model in fit.models]
    return told | ({"rhat": [value if math.isfinite(value) else None for value in chains]} if any(map(math.isfinite, chains)) else {})


def _written(fit: Fit, task: Task, material: Material) -> tuple[dict[str, Any], Array | None, dict[str, bytes]]:
    """(what the result file says, scores [held-out rows, settings, outputs], graphs by setting)."""
    if not fit.models:
        return {"settings": [], "cut": True}, None, {}  # the time was over before the first model of the path was complete
    made = proven(fit.member, fit.models, fit.matrices.held, task.seed)
    names = [model.setting.hash for model in fit.models]
    facts = facts_of(material, fit.rows, fit.matrices.features)
    result = {
        "settings": names,
        "links": [model.link for model in fit.models],
        "proofs": [one.proof for one in made],
        "fit_cpu": fit.cpu,
        "estimate": max(fit.member.cost(setting, facts).work for setting in task.settings[: len(fit.models)]),
        "rows": fit.rows,
        "features": len(fit.matrices.features),
        **_trained(fit),
        "cut": fit.cut,  # what the clock decided holds for this session alone: the next one does it again
    }
    return result, np.stack([one.scores for one in made], 1), {name: one.graph for name, one in zip(names, made, strict=True)}
