"""The estimator's graph over raw columns, and the comparison with the estimator itself, on the rows given and on rows at its thresholds.

This is the proof that matters for an adopted model: the one side is the graph, the other the library's own methods, asked with the
rows as its user would give them. It runs before anything is written; a row that differs is named, and there is no file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.adoption.given import Given
from etabli.errors import DataError, EtabliError, ProofError
from etabli.records import Array, Link, Table, TaskKind

ROWS, PROBES = 10_000, 2_000
REAL_ROWS = 0.5  # of the probes the estimator itself may refuse (a missing value, an unseen level) this share at most


@dataclass(frozen=True)
class Equal:
    """A written estimator. graph: raw columns -> raw, score (and label, values), serialized. outputs: its output names. classes: the
    estimator's own labels, () for numbers. width: of the score. partial: it has no answer for some rows (missing cells, unseen levels). proof: JSON-able: rows and probe rows compared, equal bit for bit, differences."""

    graph: bytes
    outputs: tuple[str, ...]
    link: Link
    task: TaskKind | None
    classes: tuple[Any, ...]
    width: int
    exact: bool
    partial: bool
    proof: dict[str, Any]


def written(estimator: Any, rows: Given, seed: int = 0, judged: bool = False) -> Equal:
    """Writes the estimator and compares. judged: there is a target, so margins of a classifier without probabilities become scores
    (calibration gives them their scale). Refused when it cannot be written; ProofError, naming a row, when graph and estimator differ."""
    from etabli.data.feeds import feeds
    from etabli.estimators import Answer, Frame, write
    from etabli.graph.graph import Graph
    from etabli.graph.links import link
    from etabli.graph.run import run, session
    from etabli.model.probes import probe_table

    columns = tuple(rows.table.column(name) for name in rows.columns)
    graph = Graph(columns, rows.table.levels)
    made = write(estimator, graph, _frame(graph, rows))
    if isinstance(made, Frame):
        made = _transformer(estimator, graph, made)
    assert isinstance(made, Answer)
    scored = made.values is None or made.values.tensor != made.raw  # values beside a score: a transform or decision too
    if judged and not scored and made.outputs == _margins(made):
        scored, made = True, replace(made, link="sigmoid" if made.outputs == 1 else "softmax", values=None)
    outputs: dict[str, tuple[str, str, int | None]] = {"values": (made.raw, "double", 0)}
    if scored:
        outputs = {"raw": (made.raw, "double", 0), "score": (link(graph, made.raw, made.link), "double", 0)}
    if made.deviation:
        outputs["deviation"] = (made.deviation, "double", 1)
    if made.label:
        outputs["label"] = (made.label, "int64", 1)
    model = graph.model(outputs)
    data = model.SerializeToString(deterministic=True)
    ready = session(model)

    name = "raw" if scored else "values"

    def both(table: Table, picked: Array) -> tuple[dict[str, Array], Array]:
        fed = feeds(table, columns, picked)
        needed = {value.name for value in ready.get_inputs()}
        given = rows.native(table, picked)
        found, native = run(ready, {name: array for name, array in fed.items() if name in needed}), made.native(given)
        if made.spread is not None:  # held to its own beside the mean
            found[name] = np.hstack([found[name], found["deviation"]])
            native = np.hstack([np.asarray(part).reshape(len(picked), -1) for part in (native, made.spread(given))])
        return found, native

    picked = np.arange(rows.table.rows)[:: max(1, rows.table.rows // ROWS)][:ROWS]
    bound = 0.0 if made.exact else made.bound
    answers, native = _asked(estimator, both, rows.table, picked)
    compared = [_compared(answers[name], native, bound, "row", picked)]
    labels = _labels(estimator, made, answers, rows, picked) if scored or made.label else 0
    tried = probe_table(data, rows.table, columns, PROBES, seed)
    kept, refused = _accepted(made.native, rows, tried)
    if len(kept):
        answers, native = both(tried, kept)
        compared.append(_compared(answers[name], native, bound, "probe row", kept))
    proof = {
        "rows": len(picked),
        "probe_rows": len(kept),
        "refused_probes": refused,
        "equal_rows": sum(part["equal"] for part in compared),
        "compared_rows": sum(part["count"] for part in compared),
        "max_difference": max(part["difference"] for part in compared),
        "scale": compared[0]["scale"],
        "label_mismatches": labels,
        "exact": made.exact,
    }
    width = 1 if made.deviation else int(np.shape(native)[1]) if np.ndim(native) > 1 else 1
    partial = refused > 0 or bool(np.isnan(native).any())
    return Equal(data, tuple(outputs), made.link, _task(made) if scored else None, tuple(made.classes), width, made.exact, partial, proof)


def _asked(
    estimator: Any, both: Callable[[Table, Array], tuple[dict[str, Array], Array]], table: Table, picked: Array
) -> tuple[dict[str, Array], Array]:
    """What graph and estimator answer; DataError where the estimator does not answer its own rows."""
    try:
        return both(table, picked)
    except EtabliError:
        raise
    except Exception as error:  # each library, and each class of a user's own, refuses in its own words
        raise DataError(
            "the model answers the rows it is given",
            f"{type(estimator).__name__}: {type(error).__name__}: {' '.join(str(error).split()):.300}",
            "give rows like those of its fit; what it cannot answer in Python, no file can",
        ) from error


def _task(made: Any) -> TaskKind | None:
    """What an estimator that gives a score predicts."""
    if made.classes:
        return "binary" if len(made.classes) == 2 else "multiclass"
    return "regression" if made.outputs == 1 else None


def _margins(made: Any) -> int:
    """How many margins a classifier of these classes has; 0 of what is no classifier."""
    return 0 if not made.classes else 1 if len(made.classes) == 2 else len(made.classes)


def _transformer(estimator: Any, graph: Any, made: Any) -> Any:
    """A transformer's columns as values."""
    from etabli.estimators import Answer, Part

    def native(x: Any) -> Array:
        answer = estimator.transform(x)
        answer = answer.toarray() if hasattr(answer, "toarray") else answer
        return np.asarray(answer, np.float64)

    tensor = made.matrix(graph, estimator)
    return Answer(tensor, "identity", native, values=Part(tensor, made.width), outputs=made.width)


def _frame(graph: Any, rows: Given) -> Any:
    """The raw columns in the estimator's order: neighbouring numbers as one block, each column of texts alone; a column that it never
    looks at is a place without a tensor."""
    from etabli.estimators import Frame, Part

    parts: list[Part] = []
    run: list[str] = []
    for name in [*rows.wanted, ""]:
        there = name in rows.columns
        double = there and rows.table.column(name).is_double
        if run and not double:
            parts.append(Part(graph.numbers(run), len(run)))
            run = []
        if double:
            run.append(name)
        elif there:
            parts.append(Part(graph.strings(name), 1, "string"))
        elif name:
            parts.append(Part("", 1))
    return Frame(tuple(parts), rows.wanted)


def _compared(graph: Array, native: Array, bound: float, what: str, rows: Array) -> dict[str, Any]:
    native = np.asarray(native, np.float64).reshape(len(rows), -1)
    if graph.shape != native.shape:
        raise ProofError("the file equals the model, so it is not written", f"the file gives {graph.shape}, the model {native.shape}")
    same = (graph == native) | (np.isnan(graph) & np.isnan(native))
    finite = np.abs(native[np.isfinite(native)])
    scale = float(finite.max(initial=0.0)) or 1.0
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(graph - native))
    gap[np.isnan(gap)] = np.inf
    bad = (gap > bound * scale).any(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[np.argmax(gap[bad].max(axis=1))])
        raise ProofError(
            "the file equals the model, so it is not written",
            f"{what} {int(rows[first])}: the file says {graph[first].tolist()}, the model {native[first].tolist()}; "
            f"{int(bad.sum())} of {len(rows)} rows differ",
            "this is a fault of ours, or an option we do not know: please report it with the model's class and parameters",
        )
    return {"count": len(rows), "equal": int(same.all(axis=1).sum()), "difference": float(gap.max(initial=0.0)), "scale": scale}


def _labels(estimator: Any, made: Any, answers: dict[str, Array], rows: Given, picked: Array) -> int:
    """Rows whose label is another than the estimator's `predict`, ties aside."""
    if not made.classes or not hasattr(estimator, "predict") or type(estimator).__name__ == "Booster":
        return 0
    said = np.asarray(estimator.predict(rows.native(rows=picked))).ravel()
    score = answers.get("score")
    if "label" in answers:
        place = answers["label"][:, 0]
    elif score is None:
        return 0
    else:
        place = (score[:, 0] > 0.5).astype(int) if score.shape[1] == 1 else score.argmax(axis=1)
    own = np.array([str(label) for label in np.asarray(made.classes).tolist()], object)[place]
    off = own != np.array([str(label) for label in said.tolist()], object)
    if score is not None and "label" not in answers:
        both = np.sort(np.hstack([1 - score, score]) if score.shape[1] == 1 else score, axis=1)
        off &= both[:, -1] - both[:, -2] > 2 * made.bound
    if off.any():
        first = int(np.flatnonzero(off)[0])
        raise ProofError(
            "the file equals the model, so it is not written",
            f"row {int(picked[first])}: the file says {own[first]!r}, the model {said[first]!r}; {int(off.sum())} labels differ",
        )
    return int(off.sum())


def _accepted(native: Any, rows: Given, tried: Table) -> tuple[Array, int]:
    """Probe rows that the estimator answers. Some refuse a missing value or an unseen level: those rows prove nothing."""
    everything = np.arange(tried.rows)
    if _answers(native, rows, tried, everything):
        return everything, 0
    gaps = np.zeros(tried.rows, bool)
    for name in rows.columns:
        values = np.asarray(tried.values[name])
        gaps |= np.isnan(values) if tried.column(name).is_double else values < 0
    whole = np.flatnonzero(~gaps)
    if len(whole) and _answers(native, rows, tried, whole):
        return whole, tried.rows - len(whole)
    alone = np.array([row for row in everything[:100] if _answers(native, rows, tried, everything[row : row + 1])], np.int64)
    return alone, tried.rows - len(alone)


def _answers(native: Any, rows: Given, tried: Table, picked: Array) -> bool:
    try:
        native(rows.native(tried, picked))
    except Exception:  # each library refuses in its own words
        return False
    return True


def labelled(equal: Equal, values: Sequence[Any]) -> Array:
    """Class numbers of the estimator's own labels, -1 where the cell is missing or no such label. Numbers are compared as numbers."""
    known: dict[str, int] = {}
    for place, label in enumerate(equal.classes):
        known[_text(label)] = place
    return np.array([known.get(_text(value), -1) for value in values], np.int64)


def _text(label: Any) -> str:
    """1, 1.0 and "1" are one label, and so are True and "True"."""
    if isinstance(label, bool | np.bool_):
        return str(bool(label))
    if isinstance(label, int | float | np.number):
        number = float(label)
        return str(int(number)) if number.is_integer() else repr(number)
    text = str(label)
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if np.isfinite(number) and number.is_integer() else text
