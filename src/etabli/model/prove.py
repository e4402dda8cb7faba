"""The proof: the file answers as the trained model does, or it is not written.

A comparison and nothing else: the file's bytes on one side, answers made outside the file on the other. Two levels are claimed
(measured in the design): the raw sums of trees are equal bit for bit on one thread; links and dense models are within 1e-13 of
the output's scale, and labels are equal but for classes that tie within that. The same bound holds between one row and many
rows a call, and between one thread and several (onnxruntime then adds trees in another order, at most 1e-14 off; trees that their
library sums in float32 are then 1e-7 off, which is why the card asks for one thread).
Ranks among stored values (`novelty`, `set`) are steps: where a last bit moves a value over a step, the row is counted as a tie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from etabli.errors import ProofError
from etabli.model.card import plain
from etabli.records import Array, Column, Table

BOUND = 1e-13  # of the output's scale
SINGLE = 1e-5  # the same between one thread and several where trees are summed in float32, as XGBoost does
EXACT = ("raw", "prediction")  # outputs that are sums of trees, where the model is one of trees alone
RANKED = ("novelty", "certainty", "cdf", "p_value")  # ranks among stored values
STEP, STEPS = 0.02, 0.02  # how far a rank may move over a tie, and in what share of the rows
ALONE = 24  # rows that are also answered one by one

Outputs = Mapping[str, Array]
Answer = Callable[[Table, Array], Outputs]  # the reference: the outputs for those rows of a table


@dataclass(frozen=True)
class Gap:
    """Two answers compared. labels: rows whose label or set differs without a tie. ties: rows that differ by a tie only.
    difference: the largest over all numbers; relative: the same by the output's scale. equal: numbers equal bit for bit, of count.
    inexact: whether an output that must be exact is not. worst: {"row", "output", "got", "expected"} of the largest difference."""

    labels: int = 0
    ties: int = 0
    difference: float = 0.0
    relative: float = 0.0
    equal: int = 0
    count: int = 0
    inexact: bool = False
    worst: Mapping[str, Any] = field(default_factory=dict)
    bound: float = BOUND

    @property
    def failed(self) -> bool:
        """Whether the bound is missed."""
        return self.labels > 0 or self.inexact or not self.relative <= self.bound


@dataclass(frozen=True)
class Proof:
    """What was proven. rows: held-out rows compared; probe_rows: rows at thresholds, missing, infinite and unseen values.

    label_mismatches: rows whose label differs (0, or the file is not written); ties: rows where two classes or two ranks are equal
    within the bound. max_difference: over all outputs that are numbers; scale: of the largest of them. equal_share: numbers
    that are equal bit for bit. batch_difference, thread_difference: one row a call and several threads against the answer proven.
    verdict: "exact" (sums of trees bit for bit, or everything) or "within 1e-13 of scale"; a file that fails is not written, so there
    is no third. worst: the row of the largest difference."""

    rows: int
    probe_rows: int
    label_mismatches: int
    ties: int
    max_difference: float
    scale: float
    equal_share: float
    batch_difference: float
    thread_difference: float
    verdict: str
    worst: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values, for the card."""
        return dict(plain(self.__dict__))


def compare(got: Outputs, expected: Outputs, scale: float | None = None, exact: Sequence[str] = (), bound: float = BOUND) -> Gap:
    """Two answers to the same rows, output by output (those that `expected` has).

    scale: the size of a typical output; None: the largest finite |expected| of each output. exact: outputs that must be equal bit
    for bit. NaN equals NaN. Labels may differ where the two largest of `expected["probability"]` are equal within the bound.
    bound: of a difference, relative to the scale.
    """
    labels = ties = equal = count = 0
    difference = relative = 0.0
    inexact, worst = False, {}
    for name, wanted in expected.items():
        have, wanted = np.asarray(got[name]), np.asarray(wanted)
        if have.shape != wanted.shape:
            raise ProofError("the file's answer must have the shape of the model's", f"{name}: {have.shape} for {wanted.shape}")
        if wanted.dtype.kind != "f":
            off = np.flatnonzero((have != wanted).reshape(len(wanted), -1).any(1))
            excused = _tied(expected, off, bound) if name == "prediction" and name not in exact else np.zeros(len(off), bool)
            ties += int(excused.sum())
            labels += int((~excused).sum())
            if not excused.all():
                row = int(off[~excused][0])
                worst = {"row": row, "output": name, "got": have[row].tolist(), "expected": wanted[row].tolist()}
            continue
        same = (have == wanted) | (np.isnan(have) & np.isnan(wanted))
        if name in RANKED:
            moved = ~same & (np.abs(have - wanted) <= STEP)
            if moved.mean() <= STEPS:
                ties += int((moved & (np.abs(have - wanted) > BOUND)).sum())
                same |= moved
        equal, count = equal + int(same.sum()), count + same.size
        inexact |= name in exact and not same.all()
        if same.all():
            continue
        size = _scale(wanted) if scale is None else scale
        with np.errstate(invalid="ignore"):  # an infinity less itself
            gap = np.where(same, 0.0, np.abs(have - wanted))
        gap[np.isnan(gap)] = np.inf  # a missing answer for a number, or the other way round
        where = int(gap.argmax())
        difference = max(difference, float(gap.max()))
        if gap.max() / size > relative:
            relative = float(gap.max()) / size
            if not labels:
                row = where // (gap.size // len(gap))
                worst = {"row": row, "output": name, "got": float(have.ravel()[where]), "expected": float(wanted.ravel()[where])}
    return Gap(labels, ties, difference, relative, equal, count, inexact, worst, bound)


def prove(
    model: bytes,
    table: Table,
    rows: Array,
    reference: Outputs | Answer,
    exact: bool = False,
    scale: float | None = None,
    columns: Sequence[Column] | None = None,
    probes: int = 1000,
    seed: int = 0,
    partial: bool = False,
    given: Mapping[str, Array] | None = None,
) -> Proof:
    """Proves the file against the trained model, or raises ProofError naming the row.

    model: the serialized file. rows: row numbers of `table` to compare on, held out from training where there are such.
    reference: the outputs of those rows, or better a function (table, rows) -> outputs, which is then also asked about `probes`
    rows at the trees' thresholds; made outside the file. exact: the model is of trees alone, so `raw` or a number `prediction`
    must be equal bit for bit. scale: see `compare`. columns: those the file reads, in order (default: all of the table).
    partial: the model has no answer for some rows (missing values, unseen levels): NaN is then one. given: inputs beside the rows (a
    level, the value the distribution is asked about), with which the reference answers too.
    """
    from etabli.data.feeds import feeds
    from etabli.graph.run import run, session
    from etabli.model.probes import probe_feeds, probe_table

    chosen = tuple(table.columns if columns is None else columns)
    ready = session(model)
    rows = np.asarray(rows)
    fed = feeds(table, chosen, rows)
    extra = dict(given or {})
    answered = run(ready, fed | extra)
    expected = reference(table, rows) if callable(reference) else reference
    exactly = EXACT if exact else ()
    gaps = [("row", compare(answered, expected, scale, exactly))]
    _settle(gaps[0][1], "row", lambda row: _cells(table, chosen, int(rows[row])))
    tried = 0
    if probes:
        tried = probes
        odd = probe_table(model, table, chosen, probes, seed)
        odd_fed = feeds(odd, chosen)
        odd_answered = run(ready, odd_fed | extra)
        if callable(reference):
            gaps.append(("probe row", compare(odd_answered, reference(odd, np.arange(probes)), scale, exactly)))
            _settle(gaps[-1][1], "probe row", lambda row: _cells(odd, chosen, row))
        _sound(run(ready, probe_feeds(odd_fed, seed) | extra), partial)
        tried += probes
    batch = _alone(ready, fed, extra, answered, scale, exactly)
    threads = _threads(model, fed, extra, answered, scale)
    count = sum(gap.count for _, gap in gaps)
    equal = sum(gap.equal for _, gap in gaps)
    largest = max((gap for _, gap in gaps), key=lambda gap: gap.relative)
    return Proof(
        rows=len(rows),
        probe_rows=tried,
        label_mismatches=sum(gap.labels for _, gap in gaps),
        ties=sum(gap.ties for _, gap in gaps),
        max_difference=max(gap.difference for _, gap in gaps),
        scale=scale
        if scale is not None
        else max((_scale(np.asarray(values)) for values in expected.values() if np.asarray(values).dtype.kind == "f"), default=1.0),
        equal_share=equal / count if count else 1.0,
        batch_difference=batch,
        thread_difference=threads,
        verdict="exact"
        if equal == count or (exact and any(name in EXACT and np.asarray(expected[name]).dtype.kind == "f" for name in expected))
        else "within 1e-13 of scale",
        worst=largest.worst,
    )


def _settle(gap: Gap, what: str, cells: Callable[[int], str]) -> None:
    if gap.failed:
        worst = gap.worst
        rule = "the file must answer as the trained model does, so it is not written"
        told = f"{what} {worst.get('row')}, {worst.get('output')}: {worst.get('got')!r} instead of {worst.get('expected')!r}"
        more = f"; {gap.labels} labels differ" if gap.labels else f"; the largest difference is {gap.relative:.3g} of the scale"
        raise ProofError(rule, told + more, f"that row is {cells(int(worst.get('row', 0)))}")


def _cells(table: Table, columns: Sequence[Column], row: int) -> str:
    cells = []
    for column in columns[:12]:
        value = table.values[column.name][row]
        shown = repr(float(value)) if column.is_double else repr(table.levels[column.name][int(value)]) if value >= 0 else "missing"
        cells.append(f"{column.name}={shown}")
    return ", ".join(cells) + (", …" if len(columns) > 12 else "")


def _sound(outputs: Outputs, partial: bool = False) -> None:
    """Whatever comes in, the answers are finite and probabilities add up to one."""
    for name, values in outputs.items():
        if values.dtype.kind != "f":
            continue
        bad = np.isnan(values) if name in ("lower", "upper", "quantile") else ~np.isfinite(values)  # an interval may be without end
        if name == "probability":
            bad |= (np.abs(values.sum(1) - 1) > 1e-9)[:, None]
        if partial:
            bad &= ~np.isnan(values)
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            raise ProofError(
                "the file must answer unseen, infinite and missing values with finite numbers",
                f"{name} of odd row {row}: {values[row].tolist()}",
                "",
            )


def _alone(
    ready: Any, fed: Mapping[str, Array], extra: Mapping[str, Array], answered: Outputs, scale: float | None, exact: Sequence[str]
) -> float:
    """Largest difference between one row a call and all rows at once."""
    from etabli.graph.run import run

    rows = min(ALONE, len(next(iter(answered.values()))))
    if not rows:
        return 0.0
    parts = [run(ready, {name: array[row : row + 1] for name, array in fed.items()} | dict(extra)) for row in range(rows)]
    one = {name: np.concatenate([part[name] for part in parts]) for name in answered}
    gap = compare(one, {name: values[:rows] for name, values in answered.items()}, _sizes(answered, scale), exact)
    _settle(gap, "one row a call: row", lambda row: f"held-out row {row}")
    return gap.difference


def _threads(model: bytes, fed: Mapping[str, Array], extra: Mapping[str, Array], answered: Outputs, scale: float | None) -> float:
    """Largest difference between one thread and several; steps (sets, ranks) aside."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    many = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = min(2000, len(next(iter(answered.values()))))
    cut = {value.name: fed[value.name][:rows] for value in many.get_inputs()}
    got = dict(zip(answered, many.run(list(answered), cut | dict(extra)), strict=True))
    smooth = {name: values[:rows] for name, values in answered.items() if name not in RANKED and name != "set"}
    gap = compare(got, smooth, _sizes(answered, scale), bound=SINGLE if _single(model) else BOUND)
    _settle(gap, "two threads: row", lambda row: f"held-out row {row}")
    return gap.difference


def _single(model: bytes) -> bool:
    """Whether a tree ensemble of the file sums in float32."""
    import onnx

    for node in onnx.load_from_string(model).graph.node:
        weights = [attribute.t for attribute in node.attribute if attribute.name == "leaf_weights"]
        if weights and weights[0].data_type == onnx.TensorProto.FLOAT:
            return True
    return False


def _sizes(answered: Outputs, scale: float | None) -> float | None:
    """The scale to hold parts of an answer to: that of the whole answer, where none is given."""
    if scale is not None:
        return scale
    return max((_scale(values) for values in answered.values() if values.dtype.kind == "f"), default=1.0)


def _scale(values: Array) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _tied(expected: Outputs, rows: Array, bound: float) -> Array:
    """Whether the two largest probabilities of those rows are equal within the bound."""
    if "probability" not in expected or np.asarray(expected["probability"]).shape[1] < 2:
        return np.zeros(len(rows), bool)
    best = np.sort(np.asarray(expected["probability"])[rows], axis=1)
    return np.asarray(best[:, -1] - best[:, -2] <= 2 * bound)
