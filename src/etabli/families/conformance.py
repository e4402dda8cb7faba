"""The contract of a family, as checks that anyone can run: ours in the tests, a plug-in's by `etabli families --check PACKAGE`.

Each check takes a family and a task and returns what is wrong, in plain words; nothing when all is well. The data are small and
awkward on purpose: missing values, category codes, a rare class, a constant and a duplicate column, three rows.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.families.family import Family
from etabli.graph.graph import Graph
from etabli.graph.run import run
from etabli.graph.trees import probes, threshold_rows
from etabli.records import Array, Data, Facts, Feature, Fitted, Setting, TaskKind, Wants

if TYPE_CHECKING:
    from onnx import ModelProto

DENSE = 1e-13  # of the output's scale, where `exact` is not claimed
LEVELS = (0, 0, 0, 4, 40, 0, 0)  # of the sample's features: numbers, codes, a constant, a copy of the first
Check = Callable[[Family, TaskKind], Iterable[str]]


@dataclass(frozen=True)
class Breach:
    """One thing a family does against the contract."""

    family: str
    task: str
    check: str
    problem: str

    def __str__(self) -> str:
        return f"{self.family}, {self.task}: {self.problem} ({self.check})"


def conform(family: Family, docs: Path | None = None) -> Iterator[Breach]:
    """Everything that is wrong with a family, check by check. docs: the folder of its page `<name>.md`, if it should have one."""
    for problem in described(family, docs):
        yield Breach(family.name, "any", "described", problem)
    for task in family.tasks:
        for check in CHECKS:
            try:
                for problem in check(family, task):
                    yield Breach(family.name, task, check.__name__, problem)
            except Exception as error:
                yield Breach(family.name, task, check.__name__, f"{type(error).__name__}: {error}")


def check_package(package: str) -> list[str]:
    """A line per breach of every family that an installed package offers, or a line per family that is fine. UsageError if none."""
    points = entry_points(group="etabli.families")
    mine = [point for point in points if point.dist and point.dist.name.replace("_", "-").lower() == package.replace("_", "-").lower()]
    if not mine:
        known = {point.dist.name for point in points if point.dist}
        raise UsageError(
            "--check takes an installed package with an entry point of the group etabli.families",
            f'"{package}"',
            did_you_mean(package, known)
            or ("known: " + ", ".join(sorted(known)) if known else "none is installed; see docs/adding-a-family.md"),
        )
    lines: list[str] = []
    for point in mine:
        family = point.load()()
        lines += [str(breach) for breach in conform(family)] or [f"{family.name}: fine ({', '.join(family.tasks)})"]
    return lines


# data to try a family on ---------------------------------------------------------------------------------------------


def sample(task: TaskKind, rows: int = 160, seed: int = 0, wants: Wants | None = None) -> Data:
    """Made data with every difficulty, as the recipe would deliver it (filled and numeric where the recipe says so)."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, len(LEVELS)))
    x[:, 3], x[:, 4], x[:, 5], x[:, 6] = random.integers(0, 4, rows), random.integers(0, 40, rows), 7.0, x[:, 0]
    signal = x[:, 0] - np.sin(2 * x[:, 1]) + (x[:, 3] == 2) + 0.3 * random.normal(size=rows)
    gaps = random.random(x.shape) < 0.1
    gaps[:, 5] = False
    x[gaps] = np.nan
    levels: tuple[int, ...] = LEVELS
    if wants is not None and wants.filled:
        x = np.nan_to_num(x)
    if wants is not None and wants.categories != "codes":
        levels = (0,) * len(LEVELS)
        x[:, 3:5] /= 40.0
    features = tuple(Feature(f"column {i}", (f"column {i}",), level) for i, level in enumerate(levels))
    if task == "regression":
        return Data(np.ascontiguousarray(x), 1e4 + 300 * signal, features, task)
    cuts = [0.4] if task == "binary" else [-0.3, np.sort(signal)[-4] if rows > 20 else 0.5]  # the last of three classes is rare
    return Data(np.ascontiguousarray(x), np.digitize(signal, cuts).astype(np.int64), features, task, len(cuts) + 1)


def facts(data: Data) -> Facts:
    """What the data above tell. (Numbers are above zero, so that families for such targets have something to offer.)"""
    levels = [feature.levels for feature in data.features if feature.levels]
    known = Facts(data.task, data.classes, len(data.y), data.x.shape[1], len(levels), max(levels, default=0))
    return replace(known, range="positive") if data.task == "regression" else known


def first_path(family: Family, task: TaskKind) -> list[Setting]:
    """The first setting with those on its path (six at most, spread out); alone, it is cut to 40 trees, to be quick."""
    settings = list(family.settings(facts(sample(task))))
    if not settings[0].path and settings[0].values.get("n_estimators", 0) > 40:
        return [replace(settings[0], values={**settings[0].values, "n_estimators": 40})]
    mine = [s for s in settings if s.path and (s.path, s.wants) == (settings[0].path, settings[0].wants)] or settings[:1]
    return mine[:: max(1, len(mine) // 6)]


@cache
def _never() -> Callable[[], bool]:
    return lambda: False


@cache
def fit(family: Family, task: TaskKind, change: Callable[[Data], Data] | None = None) -> tuple[Fitted, Data]:
    """The first setting fitted to the sample, after a change. Kept: several checks look at the same fit."""
    setting = first_path(family, task)[0]
    data = sample(task, wants=setting.wants)
    if change is not None:
        data = change(data)
    return family.fit(setting, data, _never()), data


def written(family: Family, fitted: Fitted, width: int) -> ModelProto:
    """The family's graph by itself: "X" [rows, width] to "raw"."""
    graph = Graph()
    raw = family.write(fitted, graph, graph.input("X", "double", (None, width)))
    return graph.model({"raw": (raw, "double", None)})


def strange(model: ModelProto, wants: Wants, task: TaskKind) -> Array:
    """Rows it did not learn from; where it takes them as they are, also missing cells, odd categories and values on its thresholds."""
    x = sample(task, 20, 1, wants).x
    return x if wants.filled else np.concatenate([x, threshold_rows(model, _odd(x, wants), 60, 0)])


def answers(family: Family, fitted: Fitted, x: Array, probe: bool = False) -> tuple[Array, Array, Array]:
    """(the rows, the graph's raw outputs, the library's). probe: the rows are moved onto the trees' thresholds."""
    model = written(family, fitted, x.shape[1])
    rows = threshold_rows(model, x, 2000, 0) if probe else x
    return rows, run(model, {"X": rows})["raw"], fitted.native(rows)


def _unequal(fitted: Fitted, graph: Array, native: Array, scale: float = 0.0) -> str:
    """What differs. scale: the largest output of all rows, where only a few are given: one alone may be nearly 0."""
    if graph.shape != native.shape:
        return f"the graph gives {graph.shape}, native {native.shape}"
    if not (np.isfinite(graph).all() and np.isfinite(native).all()):
        return "an output is not finite"
    bound = 0.0 if fitted.exact else DENSE * max(float(np.abs(native).max(initial=0)), scale, 1e-300)
    worst = np.abs(graph - native).max(axis=1, initial=0)
    if (worst > bound).any():
        return (
            f"{int((worst > bound).sum())} of {len(worst)} rows differ, row {int(worst.argmax())} by {worst.max():.3g} (bound {bound:.3g})"
        )
    return ""


# the checks ----------------------------------------------------------------------------------------------------------


def described(family: Family, docs: Path | None = None) -> Iterator[str]:
    """Its facts are there, and its page."""
    for name in ("name", "title", "tasks", "citation", "doc"):
        if not getattr(family, name, None):
            yield f"{name} is empty"
    if not family.name.isidentifier() or family.name != family.name.lower():
        yield f'the name "{family.name}" is not one lower-case word'
    if docs is not None and not (docs / f"{family.name}.md").is_file():
        yield f"its page {family.name}.md is not in the docs"


def settings_are_data(family: Family, task: TaskKind) -> Iterator[str]:
    """JSON-able values, distinct hashes, known wants; the settings of a path share their names; small and large data have some."""
    for rows, categories in ((3, 0), (160, 2), (5_000, 3), (300_000, 40)):
        known = Facts(task, {"binary": 2, "multiclass": 5, "regression": 0}[task], rows, 50, categories, 500 if categories else 0)
        if task == "regression":
            known = replace(known, range="positive", skewed=True)
        made = list(family.settings(known))
        if not made and not (family.levels and not categories):
            yield f"no settings for {rows} rows"
        for setting in made:
            if json.loads(json.dumps(dict(setting.values))) != dict(setting.values):
                yield f"{setting.name}: its values change on the way through JSON"
            if setting.family != family.name:
                yield f'{setting.name}: its family is "{setting.family}"'
        if len({setting.hash for setting in made}) != len(made):
            yield f"two settings are the same ({rows} rows)"
        if len(made) != len({(setting.wants.hash, json.dumps(dict(setting.values), sort_keys=True)) for setting in made}):
            yield f"two settings differ in path or origin alone ({rows} rows)"
        paths: dict[tuple[str, str], list[Setting]] = {}
        for setting in made:
            if setting.path:
                paths.setdefault((setting.path, setting.wants.hash), []).append(setting)
        for (path, _), group in paths.items():
            names = {tuple(sorted(setting.values)) for setting in group}
            varying = [name for name in group[0].values if len({json.dumps(s.values.get(name)) for s in group}) > 1]
            if len(names) > 1 or len(varying) > 1:
                yield f'the settings of the path "{path}" differ in {varying or "the names of their values"}'


def cost_is_sane(family: Family, task: TaskKind) -> Iterator[str]:
    """Estimates are finite, positive and grow with the rows."""
    known = facts(sample(task))
    for setting in family.settings(known):
        costs = [family.cost(setting, replace(known, rows=rows)) for rows in (50, 500, 5_000, 200_000)]
        for numbers in ([cost.work for cost in costs], [cost.memory for cost in costs]):
            if not np.isfinite(numbers).all() or min(numbers) < 0:
                yield f"{setting.name}: an estimate is not a number of at least 0"
            elif sorted(numbers) != numbers:
                yield f"{setting.name}: more rows cost less"


def graph_equals_native(family: Family, task: TaskKind) -> Iterator[str]:
    """Every setting of the first path: on other rows, on thresholds, missing values and odd categories; one row alone."""
    path = first_path(family, task)
    wants = path[0].wants
    fitted_path = family.fit_path(path, sample(task, wants=wants), _never())
    if [fitted.setting for fitted in fitted_path] != path:
        yield "fit_path does not give one model a setting, in order"
    other = sample(task, rows=500, seed=1, wants=wants).x
    for fitted in (fitted_path[0], fitted_path[-1]):
        if problem := _unequal(fitted, *answers(family, fitted, other)[1:]):
            yield f"{fitted.setting.name}: {problem}"
        if not wants.filled:
            rows, graph, native = answers(family, fitted, _odd(other, wants), probe=True)
            if problem := _unequal(fitted, graph, native):
                yield f"{fitted.setting.name}, on thresholds: {problem}"
            other = rows
        whole, alone = answers(family, fitted, other[:20])[1], [answers(family, fitted, other[i : i + 1]) for i in range(3)]
        scale = float(np.abs(whole).max())
        for i, (_, graph, native) in enumerate(alone):
            if problem := _unequal(fitted, graph, native, scale) or _unequal(fitted, graph, whole[i : i + 1], scale):
                yield f"{fitted.setting.name}, one row: {problem}"


def _odd(x: Array, wants: Wants) -> Array:
    """Rows with categories that are none: negative, broken, unseen, huge."""
    made = x.copy()
    if wants.categories == "codes":
        odd = probes(np.zeros(0), np.array([0.0, 3.0, 31.0, 32.0]))
        made[:, 3:5] = np.resize(np.append(odd, [3.9, 63, 64, 1e9]), (len(x), 2))
    return made


def output_is_a_score(family: Family, task: TaskKind) -> Iterator[str]:
    """The link fits the task and the outputs have the width and range that the convention says."""
    from etabli.graph.links import apply

    fitted, data = fit(family, task)
    allowed = {"regression": {"identity", "exp"}, "binary": {"sigmoid", "probability"}, "multiclass": {"softmax", "probability"}}[task]
    if fitted.link not in allowed:
        yield f'the link "{fitted.link}" does not fit the task'
        return
    score = apply(fitted.native(data.x), fitted.link)
    width = data.classes if task == "multiclass" else 1
    if score.shape != (len(data.y), width) or score.dtype != np.float64:
        yield f"a score is {score.dtype} {score.shape}, not float64 {(len(data.y), width)}"
    elif task != "regression" and (score.min() < 0 or score.max() > 1):
        yield "a probability is not between 0 and 1"
    elif task == "multiclass" and np.abs(score.sum(axis=1) - 1).max() > 1e-9:
        yield "probabilities do not add to 1"


def same_bits(family: Family, task: TaskKind) -> Iterator[str]:
    """Two fits with one seed are the same to the last bit."""
    (one, data), (two, _) = fit(family, task), fit(family, task, _again)
    if not np.array_equal(one.native(data.x), two.native(data.x)):
        yield "two fits with the same seed differ"
    if one.arrays.keys() != two.arrays.keys() or not all(np.array_equal(one.arrays[k], two.arrays[k], equal_nan=True) for k in one.arrays):
        yield "two fits with the same seed keep different arrays"


def _again(data: Data) -> Data:
    return replace(data, x=data.x.copy())


def few_rows(family: Family, task: TaskKind) -> Iterator[str]:
    """One or two rows a class, and a class that the training rows do not have."""
    for change in (_few, _without_last_class):
        fitted, data = fit(family, task, change)
        if problem := _unequal(fitted, *answers(family, fitted, data.x)[1:]):
            yield f"{change.__name__.strip('_').replace('_', ' ')}: {problem}"


def _few(data: Data) -> Data:
    if data.task == "regression":
        return _rows(data, np.arange(3))
    return _rows(data, np.concatenate([np.flatnonzero(data.y == k)[: 1 + k % 2] for k in range(data.classes)]))


def _without_last_class(data: Data) -> Data:
    return data if data.task == "regression" else _rows(data, np.flatnonzero(data.y < data.classes - 1))


def _rows(data: Data, rows: Array) -> Data:
    return replace(data, x=np.ascontiguousarray(data.x[rows]), y=data.y[rows], weight=None if data.weight is None else data.weight[rows])


def weights_matter(family: Family, task: TaskKind) -> Iterator[str]:
    """Weights are accepted, heavy rows pull, and the scale of the weights means nothing to a model that claims no exactness."""
    plain, data = fit(family, task)
    heavy = np.where(data.y > np.median(data.y) if task == "regression" else data.y == 0, 20.0, 1.0)
    pulled, _ = fit(family, task, lambda data: replace(data, weight=heavy))
    before, after = plain.native(data.x), pulled.native(data.x)
    if not np.isfinite(after).all():
        yield "with weights an output is not finite"
    moved = (after - before)[:, 0].mean() * (1 if task in ("regression", "multiclass") else -1)
    if not moved > 0:
        yield "rows of twenty times the weight do not pull the predictions"


def stops(family: Family, task: TaskKind) -> Iterator[str]:
    """When the time is over at once, a path gives what is complete (perhaps nothing), in order, and a single fit a usable model."""
    path = first_path(family, task)
    data = sample(task, wants=path[0].wants)
    made = [fitted.setting for fitted in family.fit_path(path, data, lambda: True)]
    if made != [setting for setting in path if setting in made]:
        yield "a stopped path gives settings that were not asked, or out of order"
    fitted = family.fit(path[0], data, lambda: True)
    if problem := _unequal(fitted, *answers(family, fitted, data.x)[1:]):
        yield f"after a stop: {problem}"


def arrays_are_plain(family: Family, task: TaskKind) -> Iterator[str]:
    """What is kept are arrays of numbers, nothing that would need a pickle."""
    fitted, _ = fit(family, task)
    for name, value in fitted.arrays.items():
        if np.asarray(value).dtype.kind not in "biuf":
            yield f'the array "{name}" is {np.asarray(value).dtype}'


def library_is_lazy(family: Family, task: TaskKind) -> Iterator[str]:
    """Importing the family does not import its library (looked at once, in a fresh interpreter)."""
    del task
    module = type(family).__module__
    loaded = _loaded("etabli.families" if module.startswith("etabli.families") else module)
    by_distribution = {d.lower(): module for module, found in packages_distributions().items() for d in found if not module.startswith("_")}
    for need in family.needs:
        library = by_distribution.get(need.lower(), need)
        if library in loaded and library not in ("numpy", "onnx"):
            yield f"importing it imports {library}: import inside fit"


@cache
def _loaded(module: str) -> frozenset[str]:
    """Top-level modules that importing a family's module (or, for ours, all families) brings. Kept: ours share one interpreter's answer."""
    if importlib.util.find_spec(module) is None or module == "__main__":
        return frozenset()
    code = f"import json, sys, {module}\nimport etabli.families as f\nf.families()\nprint(json.dumps([m for m in sys.modules if '.' not in m]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(json.loads(done.stdout))


CHECKS: tuple[Check, ...] = (
    settings_are_data,
    cost_is_sane,
    graph_equals_native,
    output_is_a_score,
    same_bits,
    few_rows,
    weights_matter,
    stops,
    arrays_are_plain,
    library_is_lazy,
)
