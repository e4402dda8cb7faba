"""The proof passes a right file and refuses a wrong one, naming the row."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import METEO
from made import Made, make, read

from etabli.errors import ProofError
from etabli.model.probes import UNSEEN, _widths, column_probes, probe_feeds, probe_table, sources
from etabli.model.prove import compare, prove


def test_trees_are_exact_and_links_within_the_bound(meteo: Made, penguins: Made) -> None:
    proof = prove(meteo.model, meteo.table, np.arange(2000, 3000), meteo.answer, exact=True, columns=meteo.columns, probes=400)
    assert proof.verdict == "exact"
    assert (proof.rows, proof.probe_rows, proof.label_mismatches) == (1000, 800, 0)
    assert proof.thread_difference < 1e-13 * proof.scale
    held = np.arange(200, 344)
    proof = prove(penguins.model, penguins.table, held, penguins.answer(penguins.table, held), columns=penguins.columns)
    assert proof.verdict == "within 1e-13 of scale"
    assert proof.max_difference < 1e-15
    assert proof.to_json()["label_mismatches"] == 0


def test_a_file_that_is_wrong_on_a_threshold_only_is_refused(shared, meteo: Made) -> None:  # type: ignore[no-untyped-def]
    """Splits moved by far less than any held-out value shows: only the probe rows, one ulp beside each split, can tell."""
    table, texts = read(shared / "meteo_orleans.csv", METEO)
    wrong = make(table, texts["MAX_TEMPERATURE_C"], name="MAX_TEMPERATURE_C", spoil=1e-9)
    rows = np.arange(0, table.rows, 7)
    reference = meteo.answer(table, rows)
    assert prove(wrong.model, table, rows, reference, exact=True, columns=wrong.columns, probes=200).verdict == "exact"
    with pytest.raises(ProofError, match=r"probe row \d+, (prediction|lower|upper)"):
        prove(wrong.model, table, rows, meteo.answer, exact=True, columns=wrong.columns, probes=200)


def test_a_wrong_answer_names_the_row(penguins: Made) -> None:
    held = np.arange(200, 344)
    wrong = penguins.answer(penguins.table, held)
    wrong["probability"] = wrong["probability"].copy()
    wrong["probability"][17] += [1e-12, -1e-12, 0]
    with pytest.raises(ProofError, match="row 17, probability") as told:
        prove(penguins.model, penguins.table, held, wrong, columns=penguins.columns)
    assert "Island=" in told.value.hint
    labels = penguins.answer(penguins.table, held)
    labels["prediction"] = labels["prediction"].copy()
    labels["prediction"][5, 0] = "Dodo"
    with pytest.raises(ProofError, match=r"row 5, prediction.*1 labels differ"):
        prove(penguins.model, penguins.table, held, labels, columns=penguins.columns)


def test_comparing() -> None:
    one = np.array([[1.0], [np.nan], [np.inf]])
    assert not compare({"a": one}, {"a": one.copy()}).failed
    gap = compare({"a": one}, {"a": np.array([[1.0], [2.0], [np.inf]])})
    assert gap.failed
    assert gap.worst["row"] == 1
    near = {"a": np.array([[100.0]])}
    assert not compare(near, {"a": np.nextafter(near["a"], 0)}).failed
    assert compare(near, {"a": np.nextafter(near["a"], 0)}, exact=("a",)).failed
    assert compare(near, {"a": near["a"] + 1e-10}).failed
    with pytest.raises(ProofError, match="shape"):
        compare(near, {"a": np.zeros((1, 2))})


def test_a_tie_of_two_classes_is_no_mismatch() -> None:
    got = {"prediction": np.array([["a"], ["b"]], object)}
    even = {"prediction": np.array([["b"], ["b"]], object), "probability": np.array([[0.5, 0.5], [0.1, 0.9]])}
    gap = compare({**got, "probability": even["probability"]}, even)
    assert (gap.labels, gap.ties, gap.failed) == (0, 1, False)
    clear = {**even, "probability": np.array([[0.4, 0.6], [0.1, 0.9]])}
    assert compare({**got, "probability": clear["probability"]}, clear).labels == 1


def test_probes_reach_every_split_of_raw_columns(meteo: Made) -> None:
    import onnx

    model = onnx.load_from_string(meteo.model)
    node = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
    read_by = sources(model, node.input[0], _widths(model))
    assert read_by == [(c.name, 0) for c in meteo.columns if c.is_double] + [None]
    tried = column_probes(meteo.model, meteo.columns)
    splits = np.concatenate(
        [p.nodes["num_threshold"][(p.nodes["is_leaf"] == 0) & (p.nodes["feature_idx"] == 1)] for (p,) in meteo.native._predictors]
    )
    assert len(splits) > 5
    assert {*splits, *np.nextafter(splits, np.inf), *np.nextafter(splits, -np.inf)} <= {*tried["MIN_TEMPERATURE_C"]}
    table = probe_table(meteo.model, meteo.table, meteo.columns, limit=500)
    assert {*splits} <= {*table.values["MIN_TEMPERATURE_C"]}
    assert all(np.isnan(table.values[c.name][-1]) if c.is_double else table.values[c.name][-1] == -1 for c in meteo.columns)
    odd = probe_feeds({"x": np.zeros((200, 1)), "s": np.full((200, 1), "a", object)})
    assert np.isinf(odd["x"]).any()
    assert UNSEEN in odd["s"]
