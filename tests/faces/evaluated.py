"""The report's JavaScript evaluator in a real browser, beside onnxruntime: models and rows in, the answers of both out."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etabli.faces.report.trying import shipped
from etabli.graph.run import session
from etabli.model.card import array, plain
from etabli.records import Array

TYPES = {"f4": 1, "i8": 7, "O": 8, "b1": 9, "f8": 11}
KINDS = {1: "float", 7: "int64", 8: "string", 9: "bool", 11: "double"}
RUN = """([model, feeds]) => {
    const number = v => v === "inf" ? Infinity : v === "-inf" ? -Infinity : +v;
    const told = v => typeof v !== "number" || isFinite(v) ? v : v !== v ? "nan" : v > 0 ? "inf" : "-inf";
    for (const [name, {type, dims, data}] of Object.entries(feeds))
        feeds[name] = Model.tensor(type, dims, type === 8 ? data : type === 1 ? Float32Array.from(data, number) : Float64Array.from(data, number));
    try {
        const made = new Model(Uint8Array.from(atob(model), c => c.charCodeAt(0)));
        const answers = made.run(feeds);
        return Object.fromEntries(Object.entries(answers).map(([name, {type, dims, data}]) => [name, {type, dims, data: Array.from(data, told)}]));
    } catch (error) { return {error: String(error)}; }
}"""


class Evaluator:
    """One page with the evaluator in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        page.add_script_tag(content=shipped("evaluator.js"))

    def answers(self, model: bytes, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs as the evaluator gives them. AssertionError with its words where it refuses."""
        sent = {name: _told(value) for name, value in feeds.items()}
        got = self.page.evaluate(RUN, [base64.b64encode(model).decode(), sent])
        assert "error" not in got, got
        return {name: _read(value) for name, value in got.items()}

    def refusal(self, model: bytes, feeds: Mapping[str, Array]) -> str:
        """What it says where it refuses."""
        return str(self.page.evaluate(RUN, [base64.b64encode(model).decode(), {n: _told(v) for n, v in feeds.items()}]).get("error", ""))


def _told(value: Array) -> dict[str, Any]:
    kind = "O" if value.dtype.kind in "OU" else value.dtype.str[1:]
    return {"type": TYPES[kind], "dims": list(value.shape), "data": plain(value.ravel())}


def _read(value: Mapping[str, Any]) -> Array:
    kind = KINDS[value["type"]]
    flat = array(value["data"], "double" if kind in ("float", "int64") else kind)
    return np.asarray(flat.astype({"float": np.float32, "int64": np.int64}.get(kind, flat.dtype))).reshape(value["dims"])


def unequal(ours: Mapping[str, Array], theirs: Mapping[str, Array], bound: float = 1e-9) -> list[str]:
    """What differs: types, shapes, any text, truth or whole number, and numbers by more than `bound` of the output's scale."""
    wrong = []
    for name, right in theirs.items():
        got = ours[name]
        if got.shape != right.shape:
            wrong.append(f"{name}: {got.shape}, not {right.shape}")
        elif right.dtype.kind in "OUbi":
            wrong += [f"{name}: {g!r}, not {r!r}" for g, r in zip(got.ravel(), right.ravel(), strict=True) if g != r][:3]
        else:
            worst = difference(got, right)
            wrong += [f"{name}: off by {worst:.3g} of its scale"] if not worst <= bound else []
            wrong += [f"{name}: {got.dtype}, not {right.dtype}"] if got.dtype != right.dtype else []
    return wrong


def difference(got: Array, right: Array) -> float:
    """The largest difference, over the largest finite right number (at least 1e-300); infinite where NaN or an infinity stands on one side only."""
    same = (got == right) | (np.isnan(got) & np.isnan(right))
    if same.all():
        return 0.0
    both = np.isfinite(got) & np.isfinite(right)
    if not (both | same).all():
        return np.inf
    scale = float(np.abs(right[np.isfinite(right)]).max(initial=1e-300))
    return float(np.abs(np.where(both, got, 0) - np.where(both, right, 0)).max() / scale)


def onnxruntime(model: bytes, feeds: Mapping[str, Array], wanted: Sequence[str] | None = None) -> dict[str, Array]:
    """The outputs as onnxruntime gives them, in one call."""
    ready = session(model)
    names = list(wanted or (value.name for value in ready.get_outputs()))
    return dict(zip(names, ready.run(names, dict(feeds)), strict=True))


def rows_of(model: bytes) -> dict[str, Array]:
    """The stored rows of a model file."""
    import onnx

    found = {entry.key: json.loads(entry.value) for entry in onnx.load_from_string(model).metadata_props}
    kinds = {entry["input"]: entry["type"] for entry in found["etabli.card"]["inputs"]}
    return {name: array(nested, kinds[name]) for name, nested in found["etabli.selftest"]["feeds"].items()}
