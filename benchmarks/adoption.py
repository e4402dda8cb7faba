"""The cases of `cases.py` written by établi and by the converters people use, each compared with the fitted model itself.

One rule for all: what the library's own `predict`, `predict_proba`, `transform` or raw score says of the held-out rows, against
what the file says in onnxruntime. "right": within 1e-12 of the scale (établi: its own bound, bit for bit where a raw score is a sum of
trees). "rounded": within 1e-5, float32 noise. "silently wrong": written without a word, and further off, or another label. "does not
run": a file that onnxruntime cannot load or run. "refused": no file, with a reason.
"""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.cases import Case, cases

SECONDS = 45  # of CPU time for one conversion
TIGHT, NOISE = 1e-12, 1e-5
VERDICTS = ("right", "rounded", "silently wrong", "does not run", "refused")


@dataclass(frozen=True)
class Outcome:
    """verdict: one of VERDICTS. difference: largest, by the scale of the output (nan without a file). why: of a refusal. bits: whether
    every raw score is equal bit for bit."""

    verdict: str
    difference: float = float("nan")
    why: str = ""
    bits: bool = False


class Slow(Exception):
    """The conversion took too long."""


def fitted(case: Case) -> Any:
    """The case's model, fitted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case.model.fit(case.x, **case.fit) if case.y is None else case.model.fit(case.x, case.y, **case.fit)


def said(model: Any, x: Any) -> tuple[Any, Any]:
    """(labels or None, numbers) by the library itself: probabilities, else decisions, else predictions, else what it transforms to."""
    kind = type(model.steps[-1][1] if hasattr(model, "steps") else model).__name__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if hasattr(model, "predict_proba"):
            return np.ravel(model.predict(x)), _dense(model.predict_proba(x))
        if getattr(model, "_estimator_type", "") == "classifier" or len(getattr(model, "classes_", ())):
            return np.ravel(model.predict(x)), _dense(model.decision_function(x))
        if kind in ("IsolationForest", "OneClassSVM", "LocalOutlierFactor"):
            return model.predict(x), _dense(model.decision_function(x))
        if kind in ("KMeans", "MiniBatchKMeans"):
            return model.predict(x), _dense(model.transform(x))
        if kind in ("Birch", "MeanShift"):
            return model.predict(x), None
        if hasattr(model, "predict"):
            return None, _dense(model.predict(x))
        return None, _dense(model.transform(x))


def _dense(values: Any) -> Any:
    values = values.toarray() if hasattr(values, "toarray") else values
    return np.asarray(values, np.float64).reshape(len(values), -1)


def raw(model: Any, x: Any) -> Any:
    """The raw score of a booster or a forest by the library itself, before any link; None where there is none of its own."""
    kind = type(model).__name__
    if kind.startswith("LGBM") and model.boosting_type == "rf":  # its raw score is the sum; what it predicts is the mean
        return _dense(model.predict(x, num_threads=1))
    if kind.startswith("LGBM"):
        return _dense(model.predict(x, raw_score=True, num_threads=1))
    if kind.startswith("XGB"):
        return _dense(model.predict(x, output_margin=True))
    if kind.startswith("CatBoost"):
        return _dense(model.predict(x, prediction_type="RawFormulaVal", thread_count=1))
    if kind.startswith("HistGradient"):
        return _dense(model._raw_predict(x))
    if kind.startswith("GradientBoosting"):
        return _dense(model._raw_predict(np.asarray(x, np.float32)))
    return None


def by_etabli(case: Case, model: Any) -> Outcome:
    """Written by `adopt`, answered by onnxruntime, compared by the rule above (and by its own proof, which may refuse the file)."""
    from etabli.adoption.equal import written
    from etabli.adoption.given import given
    from etabli.data.feeds import feeds
    from etabli.errors import ProofError
    from etabli.estimators import Refused
    from etabli.graph.run import run, session

    rows = given(case.held, model, None)
    try:
        equal = written(model, rows)
    except Refused as reason:
        return Outcome("refused", why=reason.got)
    except ProofError as reason:
        return Outcome("refused", why=f"stopped by the proof: {reason.got}")
    ready = session(equal.graph)
    wanted = {value.name for value in ready.get_inputs()}
    fed = {name: array for name, array in feeds(rows.table, rows.columns).items() if name in wanted}
    answer = run(ready, fed)
    own = raw(model, case.held)
    bits = own is not None and "raw" in answer and np.array_equal(answer["raw"].reshape(own.shape), own)
    if own is None:
        bits = equal.exact and equal.proof["equal_rows"] == equal.proof["compared_rows"]
    labels, numbers = said(model, case.held)
    score = answer.get("score", answer.get("values"))
    place = answer["label"][:, 0] if "label" in answer else None
    if place is None and labels is not None and equal.classes:
        place = (score[:, 0] > 0.5).astype(int) if score.shape[1] == 1 else score.argmax(1)
    mine = None if place is None else np.asarray(equal.classes)[place] if equal.classes else place
    if numbers is not None and not hasattr(model, "predict_proba") and "raw" in answer and labels is not None:
        score = answer["raw"]  # margins are compared with margins
    found = compared(labels, numbers, mine, score)
    single = type(model).__name__.startswith("XGB")  # its own link is computed in float32
    verdict = "right" if found.verdict == "rounded" and single and bits else found.verdict
    return Outcome(verdict, found.difference, found.why, bool(bits))


def compared(labels: Any, numbers: Any, mine: Any, score: Any) -> Outcome:
    """By the rule above."""
    if labels is not None and mine is not None:
        off = int((np.ravel(mine).astype(str) != np.ravel(labels).astype(str)).sum())
        if off:
            return Outcome("silently wrong", why=f"{off} labels")
    if numbers is None or score is None:
        return Outcome("right" if mine is not None else "does not run", 0.0)
    ours, theirs = np.asarray(score, np.float64).reshape(len(score), -1), numbers
    if ours.shape[1] == 1 and theirs.shape[1] == 2:
        theirs = theirs[:, 1:]
    if ours.shape[1] == 2 and theirs.shape[1] == 1:
        ours = ours[:, 1:]
    if ours.shape != theirs.shape:
        return Outcome("does not run", why=f"shape {ours.shape} for {theirs.shape}")
    gap = np.abs(ours - theirs)
    gap[(ours == theirs) | (np.isnan(ours) & np.isnan(theirs))] = 0
    worst = float(np.nanmax(gap)) / (float(np.nanmax(np.abs(theirs))) or 1.0)
    if np.isnan(gap).any():
        return Outcome("silently wrong", float("inf"), "missing answers")
    return Outcome("right" if worst <= TIGHT else "rounded" if worst <= NOISE else "silently wrong", worst)


# the converters -------------------------------------------------------------------------------------------------------


def by_converter(single: bool) -> Callable[[Case, Any], Outcome]:
    """skl2onnx for scikit-learn, onnxmltools for LightGBM and XGBoost, CatBoost's own exporter; float32 or float64 inputs."""

    def convert(case: Case, model: Any) -> Outcome:
        kind = np.float32 if single else np.float64
        try:
            data = _within(SECONDS, lambda: _exported(case, model, single))
        except Exception as reason:
            return Outcome("refused", why=f"{type(reason).__name__}: {reason}"[:120])
        held = _as(case.held, kind)
        try:
            _, answers = _run(data, case, held, np.float32 if case.group == "CatBoost" else kind)
        except Exception as reason:
            return Outcome("does not run", why=f"{type(reason).__name__}: {reason}"[:120])
        labels, numbers = said(model, held)  # the library, on the very same values
        mine, score = (answers[0], answers[1] if len(answers) > 1 else None) if labels is not None else (None, answers[0])
        return compared(labels, numbers, mine, score)

    return convert


def _as(held: Any, kind: Any) -> Any:
    """The held-out rows rounded to what the graph takes, as doubles."""
    if isinstance(held, np.ndarray):
        return held.astype(kind).astype(np.float64)
    held = held.copy()
    for column in held.columns:
        if held[column].dtype.kind == "f":
            held[column] = held[column].astype(kind).astype(np.float64)
    return held


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    def ring(*_: Any) -> None:
        raise Slow(f"over {seconds} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _exported(case: Case, model: Any, single: bool) -> bytes:
    if case.group == "CatBoost":
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            model.save_model(str(path), format="onnx", export_parameters={"onnx_domain": "x"})
            return path.read_bytes()
    if case.group in ("LightGBM", "XGBoost"):
        import onnxmltools
        from onnxmltools.convert.common import data_types as types

        kind = (types.FloatTensorType if single else types.DoubleTensorType)([None, case.x.shape[1]])
        convert = onnxmltools.convert_lightgbm if case.group == "LightGBM" else onnxmltools.convert_xgboost
        more = {"zipmap": False} if case.group == "LightGBM" else {}
        return bytes(convert(model, initial_types=[("X", kind)], target_opset=15, **more).SerializeToString())
    return _skl2onnx(case, model, single)


def _skl2onnx(case: Case, model: Any, single: bool) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    number = FloatTensorType if single else DoubleTensorType
    if isinstance(case.x, np.ndarray):
        inputs = [("X", number([None, case.x.shape[1]]))]
    else:
        inputs = [(name, (number if case.x[name].dtype.kind == "f" else StringTensorType)([None, 1])) for name in case.x.columns]
    last = model
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    first: Exception | None = None
    for options in ({"zipmap": False}, {"raw_scores": True}, {"zipmap": False, "raw_scores": True}, None):
        try:
            return bytes(to_onnx(model, initial_types=inputs, options=options and {id(last): options}).SerializeToString())
        except (NameError, RuntimeError, ValueError) as reason:  # an option that this converter does not have: the next
            first = first or reason
            if not any(word in str(reason) for word in ("raw_scores", "zipmap", "ption")):
                raise
    assert first is not None
    raise first


def _run(data: bytes, case: Case, held: Any, kind: Any) -> tuple[list[str], list[Any]]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    ready = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    if isinstance(held, np.ndarray):
        fed = {ready.get_inputs()[0].name: held.astype(kind)}
    else:
        fed = {name: held[name].to_numpy().astype(kind if held[name].dtype.kind == "f" else object)[:, None] for name in held.columns}
        fed = {value.name: fed[value.name] for value in ready.get_inputs()}
    return [value.name for value in ready.get_outputs()], ready.run(None, fed)


def by_hummingbird(case: Case, model: Any) -> Outcome:
    """hummingbird, to PyTorch: float32 as it does by default."""
    try:
        made = _within(SECONDS, lambda: _hummingbird(case, model))
    except Exception as reason:
        return Outcome("refused", why=f"{type(reason).__name__}: {reason}"[:120])
    held = _as(case.held, np.float32)
    labels, numbers = said(model, held)
    try:
        given = held.astype(np.float32) if isinstance(held, np.ndarray) else held
        if labels is not None and hasattr(made, "predict_proba"):
            return compared(labels, numbers, made.predict(given), made.predict_proba(given))
        if hasattr(made, "predict"):
            return (
                compared(labels, numbers, None, made.predict(given))
                if labels is None
                else compared(labels, None, made.predict(given), None)
            )
        return compared(labels, numbers, None, made.transform(given))
    except Exception as reason:
        return Outcome("does not run", why=f"{type(reason).__name__}: {reason}"[:120])


def _hummingbird(case: Case, model: Any) -> Any:
    import hummingbird.ml

    return hummingbird.ml.convert(model, "torch", case.held[:100])


def tools() -> dict[str, Callable[[Case, Any], Outcome]]:
    """établi, and the converters that are installed."""
    from importlib.util import find_spec

    made: dict[str, Callable[[Case, Any], Outcome]] = {"établi": by_etabli}
    if find_spec("skl2onnx") and find_spec("onnxmltools"):
        made |= {"converters, float32": by_converter(True), "converters, float64": by_converter(False)}
    if find_spec("hummingbird"):
        made["hummingbird"] = by_hummingbird
    return made


def table(only: str = "") -> tuple[list[list[str]], list[str]]:
    """(rows: tool, cases by verdict, largest difference among the right; notes: what établi refuses, with the reason)."""
    chosen = tools()
    found: dict[str, list[tuple[Case, Outcome]]] = {name: [] for name in chosen}
    for case in cases():
        if only and only not in case.name:
            continue
        model = fitted(case)
        for name, tool in chosen.items():
            try:
                found[name].append((case, tool(case, model)))
            except Exception as reason:  # a tool that breaks has written nothing that runs
                found[name].append((case, Outcome("does not run", why=f"{type(reason).__name__}: {reason}"[:120])))
    rows = []
    for name, outcomes in found.items():
        counts = Counter(outcome.verdict for _, outcome in outcomes)
        worst = max((outcome.difference for _, outcome in outcomes if outcome.verdict == "right"), default=0.0)
        bits = sum(outcome.bits for case, outcome in outcomes if case.trees)
        trees = sum(case.trees for case, _ in outcomes)
        rows.append(
            [
                name,
                *(str(counts[verdict]) for verdict in VERDICTS),
                f"{worst:.0e}",
                f"{bits} of {trees}" if name == "établi" else "not compared",
            ]
        )
    notes = [f"établi refuses {case.name}: {outcome.why}" for case, outcome in found["établi"] if outcome.verdict != "right"]
    for name, outcomes in found.items():
        wrong = [case.name for case, outcome in outcomes if outcome.verdict == "silently wrong"]
        if wrong:
            notes.append(f"Silently wrong, {name}: {', '.join(wrong)}.")
    return rows, notes
