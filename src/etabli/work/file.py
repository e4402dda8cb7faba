"""The last stages of `study.py`: one composition becomes one proven file, with its card, and the result of the run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from etabli.errors import EtabliError
from etabli.records import Array, Column, Finding
from etabli.work.assemble import Assembled
from etabli.work.card import card
from etabli.work.doubtful import doubtful
from etabli.work.journal import write, write_arrays, write_json
from etabli.work.ledger import told
from etabli.work.material import Material
from etabli.work.race import Standing
from etabli.work.result import Tested, finite, tested
from etabli.work.result import result as make_result
from etabli.work.run import Run, Splits
from etabli.work.verdict import Verdict

PROOF_ROWS, PROBES = 2_000, 500
SELF_TEST_ROWS = 32
PARAMETERS = ("confidence", "quantiles", "at", "half_width")  # inputs that are no column


def proven(
    run: Run, material: Material, split: Splits, standing: Standing, verdict: Verdict, assembled: Assembled
) -> tuple[Any, dict[str, Any], Tested | None]:
    """(the ONNX model, its proof, the outer test). ProofError when the file misses its bound: then nothing is written."""
    from etabli.model.prove import prove

    composition, whole = assembled.composition, split.whole
    model = composition.model()
    data = model.SerializeToString(deterministic=True)
    held = whole.test if len(whole.test) else whole.development
    rows = held[:: max(1, len(held) // PROOF_ROWS)][:PROOF_ROWS]
    spread = composition.distribution is not None  # asked about a value in the middle, so that the answers differ
    half = 1.25 if composition.tracked else 1.0
    middle = float(np.nanmedian(material.target.y)) if spread else np.nan
    proof = prove(
        data,
        material.table,
        rows,
        partial(composition.answer, at=middle, half_width=half),
        columns=composition.columns,
        probes=PROBES,
        seed=run.question.seed,
        partial=bool(material.exposure),
        given=({"at": np.array(middle)} if spread else {}) | ({"half_width": np.array(half)} if composition.tracked else {}),
    ).to_json()
    proof["held_out"] = bool(len(whole.test))
    proof["members"] = _member_proofs(run, standing)
    if material.directions:
        from etabli.model.monotone import obeys

        proof["directions"] = {
            "declared": dict(material.directions),
            "comparisons": obeys(data, material.table, tuple(c.name for c in composition.columns), material.directions, rows),
        }
    test = None
    if len(whole.test):
        answer = composition.answer(material.table, whole.test)
        scores = answer["prediction"] if material.target.task == "regression" else answer["probability"]
        if material.exposure:  # judged as it was learned: per unit of exposure
            scores = scores / np.asarray(material.table.values[material.exposure])[whole.test, None]
        test = tested(material, verdict, scores[:, 1:] if material.target.task == "binary" else scores, whole.test)
    return model, proof, test


def _member_proofs(run: Run, standing: Standing) -> dict[str, Any]:
    """The comparisons with the fitting libraries, made in the workers for every model of the race (what ran ahead of the race's
    decisions is not counted: it depends on the machine)."""
    tasks = sorted({task for places in standing.places.values() for task, _ in places.values()})
    found = [proof for task in tasks if (done := run.journal.result(task)) for proof in done.get("proofs", [])]
    exact = [proof for proof in found if proof["exact"]]
    return {
        "models": len(found),
        "rows": sum(proof["rows"] for proof in found),
        "exact_models": len(exact),
        "exact_rows": sum(proof["rows"] for proof in exact),
        "max_difference": max((proof["max_difference"] for proof in found), default=0.0),
    }


def written(
    run: Run,
    material: Material,
    split: Splits,
    standing: Standing,
    verdict: Verdict,
    assembled: Assembled,
    findings: Sequence[Finding],
    model: Any,
    proof: Mapping[str, Any],
    test: Tested | None,
    further: Mapping[str, Any],
) -> dict[str, Any]:
    """Writes model.onnx, card.json and result.json, in this order, each in one piece. further: keys of the result that were asked of the run
    folder after the proof."""
    from etabli.graph.run import run as run_graph
    from etabli.graph.run import session

    composition, folder = assembled.composition, run.folder
    doubts, said = doubtful(material, verdict, folder)
    for finding in said:
        run.watch("finding", finding=finding)
    ready = session(model)
    fed = _self_test_rows(ready, material, split.whole.development, composition.columns)
    answers = run_graph(ready, fed)
    made = make_result(
        run.question,
        run.journal,
        material,
        split.whole,
        standing,
        verdict,
        assembled,
        [*findings, *said],
        run.families,
        proof,
        test,
        0.0,
        latency(ready, fed),
        told(run.rounds),
    )
    result: dict[str, Any] = finite(made | dict(further) | {"doubtful": {key: value for key, value in doubts.items() if key != "bins"}})
    named = replace(run.question, file=Path(run.question.file).name, test=run.question.test and Path(run.question.test).name)
    facts = card(
        result | {"command": named.command}, material, inputs(model, composition.columns), list(answers)
    )  # no folder of ours travels in it
    _model_file(folder / "model.onnx", model, facts, fed, answers)
    if run.question.test:
        from etabli.model.check import check

        result["test"] = finite(dict(check(folder / "model.onnx", run.question.test).to_json()["scores"]))
    result["seconds"] = time.monotonic() - run.began
    _judged_scores(folder, verdict)
    write_json(folder / "card.json", facts)
    write_json(folder / "result.json", result)
    for path in () if result["cut"] else (folder / "data" / "prepared").glob("*.npy"):  # who goes on needs them
        path.unlink()
    return result


def _self_test_rows(ready: Any, material: Material, development: Array, columns: Sequence[Column]) -> dict[str, Array]:
    """Some of the rows it learned from, as the file is fed them."""
    from etabli.data.feeds import feeds

    rows = development[:: max(1, len(development) // SELF_TEST_ROWS)][:SELF_TEST_ROWS]
    fed = feeds(material.table, columns, rows)
    return {value.name: fed[value.name] for value in ready.get_inputs() if value.name in fed}


def _model_file(path: Path, model: Any, facts: Mapping[str, Any], fed: Mapping[str, Array], answers: Mapping[str, Array]) -> None:
    """Writes the file with its card and its self-test, which it must pass: EtabliError, and no file, where it does not."""
    from onnx import helper

    from etabli.model.card import dumps, self_test
    from etabli.model.load import load

    helper.set_model_props(model, {"etabli.card": dumps(facts), "etabli.selftest": self_test(fed, answers)})
    write(path, lambda file: file.write(model.SerializeToString(deterministic=True)))
    loaded = load(path).self_test()
    if not loaded.passed:
        path.unlink()
        raise EtabliError(
            "the written file must pass its own self-test", str(loaded), "this is a fault of ours: please report it with the run folder"
        )


def _judged_scores(folder: Path, verdict: Verdict) -> None:
    """The out-of-fold scores, which `etabli check` weighs anew where rows come otherwise (model/training.py)."""
    from etabli.model.training import JUDGED

    table = verdict.table
    write_arrays(
        folder / "data" / JUDGED,
        rows=table.rows,
        fold=table.fold,
        y=table.y,
        scores=verdict.scores,
        weight=np.empty(0) if table.weight is None else table.weight,
    )


def inputs(model: Any, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """What the file takes: each input, the columns in it, its type."""
    from onnx import TensorProto

    names, doubles, made = {column.name for column in columns}, [c.name for c in columns if c.is_double], []
    for value in model.graph.input:
        if value.name in PARAMETERS and value.name not in names:
            continue
        kind = "string" if value.type.tensor_type.elem_type == TensorProto.STRING else "double"
        made.append({"input": value.name, "columns": [value.name] if value.name in names else doubles, "type": kind})
    return made


def latency(ready: Any, fed: Mapping[str, Any], calls: int = 300) -> float:
    """Microseconds of one row through the whole file: the median of single calls."""
    one = {name: array[:1] for name, array in fed.items()}
    took = []
    for _ in range(calls):
        start = time.perf_counter()
        ready.run(None, one)
        took.append(time.perf_counter() - start)
    return float(np.median(took) * 1e6)
