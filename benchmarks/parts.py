"""The parts of the benchmark. Each takes (work folder, data folder) and returns a Part: a table, and the conditions to read it under.

établi is used as a user would: by its command, in a process of its own; only the latency and the throughput go below it.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import booster, data, linear, process

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
ETABLI = str(Path(sys.executable).parent / "etabli")
TREES = 500
QUIET = {"OMP_WAIT_POLICY": "passive", "NO_COLOR": "1"}


class Failed(Exception):
    """A part that could not be measured; the message says why, and goes into the results."""


@dataclass
class Part:
    title: str
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(command: Sequence[str], work: Path, check: bool = True) -> process.Cost:
    cost = process.measured(command, work, QUIET)
    if check and cost.status != 0:
        last = "; ".join(line.strip() for line in cost.err.strip().splitlines()[-3:])
        raise Failed(
            f"`{' '.join([Path(command[0]).name, *command[1:3]])}` ended with status {cost.status}: {last.replace(str(work), '.')}"
        )
    return cost


def fitted(command: Sequence[str], work: Path) -> tuple[dict[str, Any], process.Cost]:
    """The JSON of a `fit`; status 4 (nothing beat the baseline) is an answer too."""
    cost = run([*command, "--json", "-q"], work, check=False)
    if cost.status not in (0, 4):
        raise Failed(f"fit ended with status {cost.status}: {cost.err.strip()[-300:].replace(str(work), '.')}")
    return json.loads(cost.out), cost


def help(work: Path, source: Path) -> Part:
    """CPU seconds until `etabli --help` and `import etabli` are done, and the size of the environment."""
    part = Part("Start and size", ["what", "CPU s (median of 9)", "least", "above bare Python"])
    bare = [run([PYTHON, "-c", "pass"], work).cpu for _ in range(9)]
    for name, command in (
        ("`python -c pass`", [PYTHON, "-c", "pass"]),
        ("`etabli --help`", [ETABLI, "--help"]),
        ("`import etabli`", [PYTHON, "-c", "import etabli"]),
        ("`import etabli.model.load`", [PYTHON, "-c", "import etabli.model.load"]),
    ):
        times = [run(command, work).cpu for _ in range(9)]
        above = statistics.median(times) - statistics.median(bare)
        part.rows.append(
            [name, f"{statistics.median(times):.3f}", f"{min(times):.3f}", "" if name == "`python -c pass`" else f"{above:+.3f}"]
        )
    packages = {path.name: process.size(path) for path in Path(np.__file__).parents[1].iterdir() if path.is_dir()}
    largest = ", ".join(f"{name} {packages[name] / 1e6:.0f}" for name in sorted(packages, key=lambda name: -packages[name])[:6])
    part.notes.append(
        f"Size of the environment with the test tools: {process.size(Path(sys.prefix)) / 1e6:.0f} MB on disk (largest, MB: {largest})."
    )
    return part


def quality(work: Path, source: Path, limit: str = "60s") -> Part:
    """A held-out quarter: établi under its time limit, and plain LightGBM."""
    part = Part("Quality on a held-out quarter", ["data", "who", "measure", "score", "wall s", "promised", "peak MB", "model MB", "winner"])
    for question in data.QUESTIONS:
        place = work / question.name
        place.mkdir()
        train, test, answers = data.parts(question, source, place)
        truth = np.array([row[0] for row in data.read(answers)[1]])
        measure = "AUC" if question.positive else "rmse"
        result, cost = fitted([ETABLI, "fit", train.name, "--target", question.target, "--time", limit, "-o", "run.etabli"], place)
        model = place / result["model"]
        run([ETABLI, "predict", str(model), test.name, "-o", "out.csv", "-q"], place)
        score = judged(question, truth, *data.read(place / "out.csv"))
        honest = result["honest"]
        promised = f"{result['metric']} {honest['value']:.4g} ({honest['low']:.4g} to {honest['high']:.4g})"
        winner = result["winner"]["name"] + (", cut by the cap" if result.get("cut") else "")
        seen = [f"{cost.wall:.1f}", promised, f"{cost.peak / 1e6:.0f}", f"{model.stat().st_size / 1e6:.1f}", winner]
        part.rows.append([question.name, f"établi --time {limit}", measure, shown(question, score), *seen])
        guess, seconds = lightgbm(question, train, test)
        part.rows.append([question.name, "LightGBM, defaults", measure, shown(question, guess(truth)), f"{seconds:.1f}", "", "", "", ""])
        part.notes.append(f"{question.name}, published for this split on a quiet machine of the same kind: {question.published}.")
    part.notes.append(
        "établi's seconds are those of the whole command, from start to exit; LightGBM's are fit and predict alone, on a matrix already in memory."
    )
    return part


def judged(question: data.Question, truth: Any, header: list[str], rows: data.Rows) -> float:
    """AUC or rmse of a file that `predict` wrote."""
    table = data.columns(header, rows)
    if question.positive:
        return data.auc(truth == question.positive, np.array(table[f"probability_{question.positive}"], float))
    return data.rmse(truth.astype(float), np.array(table["prediction"], float))


def shown(question: data.Question, score: float) -> str:
    return f"{score:.4f}" if question.positive else f"{score:.0f}"


def lightgbm(question: data.Question, train: Path, test: Path) -> tuple[Callable[[Any], float], float]:
    """Plain LightGBM, codes as native categories: how to judge its predictions, and its seconds."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    header, rows = data.read(train)
    target = np.array([row[header.index(question.target)] for row in rows])
    table = data.columns(header, rows, question.target)
    code = data.coding(table)
    x, new = code.matrix(table), code.matrix(data.columns(*data.read(test)))
    start = time.perf_counter()
    if question.positive:
        model = LGBMClassifier(verbose=-1, random_state=0).fit(x, target == question.positive, categorical_feature=code.categories)
        score = model.predict_proba(new)[:, 1]
        return lambda truth: data.auc(truth == question.positive, score), time.perf_counter() - start
    model = LGBMRegressor(verbose=-1, random_state=0).fit(x, target.astype(float), categorical_feature=code.categories)
    guess = model.predict(new)
    return lambda truth: data.rmse(truth.astype(float), guess), time.perf_counter() - start


@dataclass(frozen=True)
class Pair:
    """The same number of trees in établi's file and in a scikit-learn pipeline. table: held-out rows, cell texts by column."""

    model: Path
    trees: list[int]
    pipeline: Any
    code: data.Coding
    table: dict[str, list[str]]


def pair(work: Path, source: Path) -> Pair:
    """Fits both on adult_income; a second call finds the first one's file."""
    import onnx
    from lightgbm import LGBMClassifier
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

    question, place = data.QUESTIONS[0], work / "pair"
    place.mkdir(exist_ok=True)
    train, test, _ = data.parts(question, source, place)
    if not (place / "run.etabli" / "model.onnx").exists():
        command = [PYTHON, str(Path(booster.__file__)), str(TREES), train.name, "--target", question.target]
        fitted([*command, "--families", "lightgbm", "--effort", "glance", "-o", "run.etabli"], place)
    model = place / "run.etabli" / "model.onnx"
    graph = onnx.load(model).graph
    trees = [
        len(attribute.ints)
        for node in graph.node
        if node.op_type == "TreeEnsemble"
        for attribute in node.attribute
        if attribute.name == "tree_roots"
    ]
    header, rows = data.read(train)
    table = data.columns(header, rows, question.target)
    code = data.coding(table)
    numbers = [n for n in range(len(table)) if n not in code.categories]
    settings = {"min_child_samples" if name == "min_data_in_leaf" else name: value for name, value in booster.SETTING.items()}
    booster_ = LGBMClassifier(n_estimators=TREES, verbose=-1, n_jobs=1, **settings)
    steps = ColumnTransformer(
        [
            ("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), code.categories),
            ("numbers", FunctionTransformer(_floats), numbers),
        ]
    )
    pipeline = Pipeline([("prepare", steps), ("model", booster_)])
    values = np.array(list(table.values()), object).T
    answer = np.array([row[header.index(question.target)] == question.positive for row in rows])
    pipeline.fit(values, answer, model__categorical_feature=list(range(len(code.categories))))
    return Pair(model, trees, pipeline, code, data.columns(*data.read(test)))


def _floats(values: Any) -> Any:
    return values.astype(np.float64)


def times(call: Callable[[int], Any], count: int) -> tuple[float, float]:
    """Median and least milliseconds of `count` calls."""
    taken = []
    for n in range(count):
        start = time.perf_counter()
        call(n)
        taken.append(1e3 * (time.perf_counter() - start))
    return statistics.median(taken), min(taken)


def latency(work: Path, source: Path) -> Part:
    """One row at a time through the whole file, and through a pipeline of the same steps."""
    import onnxruntime as ort

    from etabli.model.load import load

    both = pair(work, source)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(both.model), options, providers=["CPUExecutionProvider"])
    loaded = load(both.model, threads=1)
    dicts = [{name: cells[n] for name, cells in both.table.items()} for n in range(200)]
    feeds = [loaded.read([row]).feeds for row in dicts]
    lists = np.array([list(row.values()) for row in dicts], object)
    ours = times(lambda n: session.run(None, feeds[n % 200]), 5000)
    called = times(lambda n: loaded.predict([dicts[n % 200]]), 2000)
    peer = times(lambda n: both.pipeline.predict_proba(lists[n % 200 : n % 200 + 1]), 2000)
    part = Part("One row", ["who", "median ms", "least ms"])
    part.rows += [
        ["établi's file, bare onnxruntime session, all outputs (5 000 calls)", f"{ours[0]:.3f}", f"{ours[1]:.3f}"],
        ["établi's file, `etabli.load(...).predict([row])`, cells as text (2 000 calls)", f"{called[0]:.3f}", f"{called[1]:.3f}"],
        ["scikit-learn pipeline of the same steps, `predict_proba` alone (2 000 calls)", f"{peer[0]:.3f}", f"{peer[1]:.3f}"],
    ]
    part.notes.append(f"Trees in the file: {_trees(both)}; in the pipeline: {TREES}. Pipeline / file: {peer[0] / ours[0]:.1f} by medians.")
    part.notes.append(
        "The pipeline (OrdinalEncoder, LightGBM, one thread) gets an object array, which is faster for it than a pandas frame, and answers with the probability only."
    )
    return part


def _trees(both: Pair) -> str:
    return " + ".join(map(str, both.trees)) + f" ({both.model.stat().st_size / 1e6:.1f} MB)"


def throughput(work: Path, source: Path, rows: int = 100_000) -> Part:
    """Many rows: établi from a frame to all its outputs, LightGBM from a finished matrix to probabilities."""
    import pyarrow as pa

    from etabli.model.load import load

    both = pair(work, source)
    count = len(next(iter(both.table.values())))
    places = np.arange(rows) % count
    matrix = both.code.matrix(both.table)[places]
    order = [*both.code.categories, *(n for n in range(matrix.shape[1]) if n not in both.code.categories)]
    matrix = np.ascontiguousarray(matrix[:, order])
    frame = {}
    for name, cells in both.table.items():
        codes = both.code.levels[name]
        frame[name] = pa.array(cells if codes is not None else np.array([float(cell) if cell else np.nan for cell in cells])).take(
            pa.array(places)
        )
    frame = pa.table(frame)
    native = both.pipeline.named_steps["model"].booster_
    part = Part(f"{rows} rows", ["who", "threads", "rows / s", "rows / CPU s"])
    cores = len(os.sched_getaffinity(0))
    for threads in sorted({1, cores}):
        loaded = load(both.model, threads=threads)
        read = loaded.read(frame)
        whole, alone = partial(loaded.predict, frame), partial(loaded.run, read.feeds, read.rows)
        part.rows.append(["établi, `etabli.load(...).predict(frame)`, all outputs", str(threads), *_speed(whole, rows)])
        part.rows.append(["établi's file alone (arrays already made), all outputs", str(threads), *_speed(alone, rows)])
        part.rows.append(
            ["LightGBM's own predict, finished matrix", str(threads), *_speed(partial(native.predict, matrix, num_threads=threads), rows)]
        )
    part.rows += _numbers(work, rows)
    part.notes.append(f"Trees in the file: {_trees(both)}; in LightGBM: {TREES}. The best of three.")
    part.notes.append("Without categories onnxruntime walks trees of one kind of test, with them of two: hence the two ratios.")
    return part


def _numbers(work: Path, rows: int) -> list[list[str]]:
    """The same on 14 columns of numbers and no category (generated), with the same settings."""
    import lightgbm
    import pyarrow as pa
    import pyarrow.parquet as pq

    from etabli.model.load import load

    place = work / "numbers"
    place.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, 14))
    y = x[:, 0] + np.sin(2 * x[:, 1]) * x[:, 2] + 0.3 * random.normal(size=len(x))
    pq.write_table(pa.table({**{f"x{n}": x[:, n] for n in range(14)}, "y": y}), place / "numbers.parquet")
    command = [PYTHON, str(Path(booster.__file__)), str(TREES), "numbers.parquet", "--target", "y"]
    fitted([*command, "--families", "lightgbm", "--effort", "glance", "-o", "run.etabli"], place)
    settings = {**booster.SETTING, "objective": "regression", "verbose": -1, "num_threads": 1}
    native = lightgbm.train(settings, lightgbm.Dataset(x, y), TREES)
    many = x[np.arange(rows) % len(x)]
    found = []
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        loaded = load(place / "run.etabli" / "model.onnx", threads=threads)
        read = loaded.read({f"x{n}": many[:, n] for n in range(14)})
        alone = partial(loaded.run, read.feeds, read.rows)
        found.append(["numbers only: établi's file alone, all outputs", str(threads), *_speed(alone, rows)])
        found.append(
            ["numbers only: LightGBM's own predict", str(threads), *_speed(partial(native.predict, many, num_threads=threads), rows)]
        )
    return found


def _speed(call: Callable[[], Any], rows: int) -> list[str]:
    best, best_cpu = float("inf"), float("inf")
    for _ in range(3):
        start, cpu = time.perf_counter(), time.process_time()
        call()
        best, best_cpu = min(best, time.perf_counter() - start), min(best_cpu, time.process_time() - cpu)
    return [f"{rows / best:,.0f}".replace(",", " "), f"{rows / max(best_cpu, 1e-9):,.0f}".replace(",", " ")]


def memory(work: Path, source: Path, rows: int = 2_000_000) -> Part:
    """The peak of `fit --effort glance` on a generated Parquet file of 12 columns."""
    table = work / "generated.parquet"
    data.generate(table, rows)
    result, cost = fitted([ETABLI, "fit", table.name, "--target", "y", "--effort", "glance", "-o", "run.etabli"], work)
    part = Part(
        f"Memory of fit, {rows} rows x 12 columns, --effort glance",
        ["peak MB, all processes", "largest process MB", "wall s", "CPU s", "file MB", "in memory as doubles MB", "winner"],
    )
    part.rows.append(
        [
            f"{cost.peak / 1e6:.0f}",
            f"{cost.largest / 1e6:.0f}",
            f"{cost.wall:.0f}",
            f"{cost.cpu:.0f}",
            f"{table.stat().st_size / 1e6:.0f}",
            f"{rows * 12 * 8 / 1e6:.0f}",
            result["winner"]["name"],
        ]
    )
    return part


def adopt(work: Path, source: Path) -> Part:
    """The 146 cases of cases.py, written by établi and by the converters that are installed."""
    import warnings

    from benchmarks import adoption

    part = Part("Models fitted elsewhere", ["written by", *adoption.VERDICTS, "largest difference among the right", "trees bit for bit"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part.rows, part.notes = adoption.table()
    return part


def write(work: Path, source: Path) -> Part:
    """Seconds and bytes of ensembles written as graphs."""
    import warnings

    from benchmarks import writing

    part = Part("Writing ensembles", ["model", "CPU s to write", "graph, MB", "the library's own, MB", "ratio"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part.rows = writing.table()
    return part


def linear_paths(work: Path, source: Path) -> Part:
    """All folds and penalties of the linear families, beside scikit-learn's searches over the same grid."""
    try:
        header, rows = linear.table()
    except RuntimeError as error:
        raise Failed(str(error)) from error
    part = Part(f"Linear families: {linear.FOLDS} folds, all penalties, one thread", header, rows)
    part.notes.append(
        "CPU seconds, the least of a few runs, each side to the mean held-out loss of every penalty. Ratios are to établi's seconds."
    )
    part.notes.append(
        "scikit-learn's own path: LassoCV, ElasticNetCV, LogisticRegressionCV. Its lasso penalties are fixed, ours follow each fold's spread."
    )
    return part


PARTS: dict[str, Callable[[Path, Path], Part]] = {
    "help": help,
    "quality": quality,
    "latency": latency,
    "throughput": throughput,
    "memory": memory,
    "linear": linear_paths,
    "adopt": adopt,
    "write": write,
}
NEEDS_DATA = {"quality", "latency", "throughput"}
