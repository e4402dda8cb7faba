"""A task and `run_task`: the only thing a worker runs.

A task is a few facts (which rows, which settings, which seed); its hash is its name. The worker opens the table by memory
map, prepares the matrices (or finds them prepared), fits the path, writes each model as a graph, predicts the held-out rows
*by that graph*, compares with the fitting library's own predictions, and writes one result. Done twice it is done once.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import StorageError
from etabli.records import Array, Data, Facts, Feature, Fitted, Prepared, Setting, Split, Table, Target, Wants, digest
from etabli.work.journal import Journal, write, write_arrays, write_json

ALL = -1  # the fold of a refit: learns from every development row
PROOF_ROWS = 2_000  # held-out rows on which a model is compared with its library


@dataclass(frozen=True)
class Task:
    """split: name of a kept split. fold: whose training rows to learn from (ALL: every development row). share: how much of
    them (1, or 1/3, 1/9 in the early rungs of a large table). settings: one path, fitted together."""

    split: str
    fold: int
    settings: tuple[Setting, ...]
    seed: int
    share: float = 1.0
    hash: str = field(init=False, default="")

    def __post_init__(self) -> None:
        facts = [self.split, self.fold, [setting.hash for setting in self.settings], self.seed, self.share]
        object.__setattr__(self, "hash", digest(facts))

    @property
    def recipe(self) -> str:
        """The name of the prepared matrices it needs."""
        return f"{self.split}-{self.fold}-{self.settings[0].wants.hash}" + (f"-{self.share:.3f}" if self.share < 1 else "")

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back."""
        return {
            "split": self.split,
            "fold": self.fold,
            "seed": self.seed,
            "share": self.share,
            "settings": [asdict(setting) for setting in self.settings],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Task:
        """The task that `to_json` wrote."""
        settings = tuple(Setting(**{**s, "wants": Wants(**s["wants"])}) for s in value["settings"])
        return cls(value["split"], value["fold"], settings, value["seed"], value["share"])


@dataclass(frozen=True)
class Material:
    """What every task of a run works on. weight: float64 [rows] or None. used: names of the columns models may see."""

    table: Table
    target: Target
    used: tuple[str, ...]
    weight: Array | None = None


def rows_of(task: Task, split: Split) -> tuple[Array, Array]:
    """(rows to learn from, rows to predict). A refit predicts the outer test, or some development rows for its proof."""
    if task.fold == ALL:
        held = split.test if len(split.test) else split.development[:: max(1, len(split.development) // PROOF_ROWS)]
        return split.development, held
    train = split.train(task.fold)
    if task.share < 1:  # a fixed order, so that smaller shares are parts of larger ones
        order = np.random.default_rng(task.seed).permutation(len(train))
        train = np.sort(train[order[: max(1, int(len(train) * task.share))]])
    return train, split.valid(task.fold)


def facts_of(material: Material, rows: int, features: Sequence[Feature] = (), wants: Wants | None = None) -> Facts:
    """What families may know, of the raw columns (or of the prepared ones: those given, or those that `wants` will likely make)."""
    from etabli.data.preparation.categories import MOST_LEVELS
    from etabli.data.preparation.text import TERMS

    columns = [material.table.column(name) for name in material.used]
    categories = [column for column in columns if column.kind == "category"]
    text = [column.name for column in columns if column.kind == "text"]
    words = sum(feature.source[0] in text for feature in features)
    width = len(features) or len(columns)
    if wants is not None and not features:
        words = 0 if wants.text == "none" else min(TERMS, rows) * bool(text)
        shown = sum(min(column.distinct, MOST_LEVELS) for column in categories) if wants.categories == "one-hot" else len(categories)
        width = len(columns) - len(categories) - len(text) + shown + words + wants.crosses
    return Facts(
        task=material.target.task,
        classes=len(material.target.classes),
        rows=rows,
        columns=width,
        categories=len(categories),
        largest_category=max((column.distinct for column in categories), default=0),
        text=len(text),
        words=words,
        range=material.target.range,
        skewed=material.target.skewed,
    )


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


def run_task(folder: Path, task: Task, material: Material, threads: int = 1, deadline: float | None = None) -> None:
    """Runs one task to its result file. A family's exception becomes a result that says so: it is set aside, the run goes on."""
    journal = Journal(folder)
    if journal.result(task.hash) is not None:
        return
    began, cpu = time.monotonic(), time.process_time()
    try:
        result, scores, graphs = _fit(folder, task, material, threads, deadline)
    except MemoryError:
        journal.finish(task.hash, set_aside(task, "out of memory"), None, {})
        return
    except StorageError:
        raise  # a full disk is not the family's fault: the run stops and can be resumed
    except Exception as error:
        journal.finish(task.hash, set_aside(task, f"{type(error).__name__}: {error}", traceback.format_exc()), None, {})
        return
    result |= {"task": task.to_json(), "seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    journal.finish(task.hash, result, scores, graphs)


def set_aside(task: Task, reason: str, trace: str = "") -> dict[str, Any]:
    """The result of a task that could not be done."""
    return {"task": task.to_json(), "error": reason, "trace": trace, "settings": [], "seconds": 0.0, "cpu": 0.0}


def _fit(
    folder: Path, task: Task, material: Material, threads: int, deadline: float | None
) -> tuple[dict[str, Any], Array | None, dict[str, bytes]]:
    from etabli.families import family

    split = Journal(folder).load_split(task.split)
    train, _held = rows_of(task, split)
    matrices = prepared(folder, task, material, split)
    began = time.process_time()
    data = Data(
        x=matrices.train,
        y=material.target.y[train],
        features=matrices.features,
        task=material.target.task,
        classes=len(material.target.classes),
        weight=None if material.weight is None else material.weight[train],
        seed=task.seed,
        threads=threads,
    )
    member = family(task.settings[0].family)
    cut = False

    def stop() -> bool:
        nonlocal cut
        cut = cut or (deadline is not None and time.time() > deadline)
        return cut

    fitted = member.fit_path(task.settings, data, stop)
    fit_cpu = time.process_time() - began
    if not fitted:
        return {"settings": [], "cut": True}, None, {}  # the time was over before the first model of the path was complete
    graphs, scores, proofs = {}, [], []
    for number, model in enumerate(fitted):
        rows = PROOF_ROWS if number + 1 == len(fitted) else PROOF_ROWS // 4  # the longest of a path holds the others' trees
        graphs[model.setting.hash], score, proof = _write(member, model, matrices, task.seed, rows)
        scores.append(score)
        proofs.append(proof)
    facts = facts_of(material, len(train), matrices.features)
    estimate = max(member.cost(setting, facts).work for setting in task.settings[: len(fitted)])
    result = {
        "settings": [model.setting.hash for model in fitted],
        "links": [model.link for model in fitted],
        "proofs": proofs,
        "fit_cpu": fit_cpu,
        "estimate": estimate,
        "rows": len(train),
        "features": len(matrices.features),
        "cut": cut,  # what the clock decided holds for this session alone: the next one does it again
    }
    return result, np.stack(scores, 1), graphs


def _write(member: Any, model: Fitted, matrices: Matrices, seed: int, rows_proven: int) -> tuple[bytes, Array, dict[str, Any]]:
    """One model as a graph X -> raw, score; its scores of the held-out rows; the comparison with the library on `rows_proven` of
    them and on half as many rows made of its thresholds."""
    from etabli.errors import ProofError
    from etabli.graph.graph import Graph
    from etabli.graph.links import link
    from etabli.graph.run import run, session
    from etabli.graph.trees import threshold_rows

    graph = Graph()
    x = graph.input("X", "double", (None, len(matrices.features)))
    raw = member.write(model, graph, x)
    built = graph.model({"raw": (raw, "double", 0), "score": (link(graph, raw, model.link), "double", 0)})
    ready = session(built)
    answers = run(ready, {"X": matrices.held})
    step = max(1, len(matrices.held) // rows_proven)
    held = np.array(matrices.held[::step])
    probes = threshold_rows(built, held, rows_proven // 2, seed) if len(held) else held[:0]
    worst, equal, rows = 0.0, 0, 0
    for part, given in ((held, answers["raw"][::step]), (probes, run(ready, {"X": probes})["raw"] if len(probes) else None)):
        if given is None or not len(part):
            continue
        native = np.asarray(model.native(part), np.float64).reshape(given.shape)
        scale = max(1.0, float(np.nanmax(np.abs(native), initial=0.0)))
        difference = np.abs(native - given)
        bad = ~(difference <= (0.0 if model.exact else 1e-13 * scale)) & ~((native == given) | (np.isnan(native) & np.isnan(given)))
        if bad.any():
            row = int(np.flatnonzero(bad.any(1))[0])
            raise ProofError(
                "the graph must equal the fitted model",
                f"{model.setting.name}, row {row}: the library says {native[row].tolist()}, the graph {given[row].tolist()}; {int(bad.any(1).sum())} of {len(part)} rows differ",
            )
        worst = max(worst, float(np.nanmax(difference / scale, initial=0.0)))
        equal += int((native == given).all(1).sum())
        rows += len(part)
    return (
        built.SerializeToString(deterministic=True),
        answers["score"],
        {"rows": rows, "equal": equal, "max_difference": worst, "exact": model.exact},
    )


def save_material(folder: Path, material: Material) -> None:
    """What workers need beside the table: target, weights, the columns used."""
    target = material.target
    facts = {"name": target.name, "task": target.task, "classes": list(target.classes), "used": list(material.used)}
    weight = material.weight if material.weight is not None else np.empty(0)
    write_arrays(folder / "data" / "target.npz", y=target.y, weight=weight, facts=np.array(json.dumps(facts)))


def load_material(folder: Path) -> Material:
    """What `save_material` kept, with the table memory-mapped."""
    from etabli.data.store import load

    with np.load(folder / "data" / "target.npz") as stored:
        facts, y, weight = json.loads(str(stored["facts"])), stored["y"], stored["weight"]
    target = Target(facts["name"], facts["task"], y, tuple(facts["classes"]))
    return Material(load(folder / "data"), target, tuple(facts["used"]), weight if len(weight) else None)
