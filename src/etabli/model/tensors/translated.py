"""What both libraries start from: the plan, the constants that were learned, the trees, and a way from rows to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import UsageError
from etabli.model.tensors.forest import Forest, forest
from etabli.model.tensors.plan import Plan, plan

if TYPE_CHECKING:
    from etabli.model.load import Model

Array = np.ndarray[Any, np.dtype[Any]]
_TOLD = {
    "Reshape",
    "Expand",
    "Slice",
    "Split",
    "Squeeze",
    "Unsqueeze",
    "ReduceSum",
    "ReduceMax",
    "ReduceMin",
    "TopK",
    "Clip",
}  # inputs but the first tell how


@dataclass(frozen=True)
class Translation:
    """constants: the plan's, doubles in the precision asked for. learned: those that are no whole numbers and more than one. forests: by output."""

    plan: Plan
    constants: Mapping[str, Array]
    learned: tuple[str, ...]
    defaults: Mapping[str, Array]
    forests: Mapping[str, Forest]
    session: Any

    def inputs(self, model: Model, data: Any) -> dict[str, Array]:
        """Numbers by name: the table's, and those that its texts come to."""
        read = model.read(data)
        made = {name: np.asarray(read.feeds[name]) for name in self.plan.numeric}
        if self.session is not None:
            wanted = {value.name for value in self.session.get_inputs()}
            found = self.session.run(list(self.plan.entering), {name: value for name, value in read.feeds.items() if name in wanted})
            made |= dict(zip(self.plan.entering, found, strict=True))
        return made

    def held(self, given: Any) -> dict[str, Any]:
        """What the function was called with, where it is numbers by name; UsageError, which shows the call, for a path, a table or lists: those are for `inputs`."""
        rule, hint = (
            "a file as a function takes the numbers that its inputs(data) makes of a table",
            "f = model.to_torch(), or model.to_jax(); f(f.inputs(data))",
        )
        if not isinstance(given, Mapping):
            raise UsageError(rule, f"a {type(given).__name__}", hint)
        plain = [name for name, value in given.items() if not hasattr(value, "dtype") or type(value).__module__.startswith("pandas")]
        if plain:
            raise UsageError(rule, f'"{plain[0]}" as a {type(given[plain[0]]).__name__}', hint)
        missing = [name for name in (*self.plan.numeric, *self.plan.entering) if name not in given and name not in self.defaults]
        if missing:
            raise UsageError(rule, f"no {', '.join(missing[:5])}" + (f" and {len(missing) - 5} more" if len(missing) > 5 else ""), hint)
        return dict(given)

    def told(self, precision: str) -> str:
        """In one line: what comes in and out, and how much of it was learned. A notebook shows it."""
        learned = sum(self.constants[name].size for name in self.learned)
        came = len(self.plan.numeric) + len(self.plan.entering)
        trees = f", {len(self.forests)} sums of trees" if self.forests else ""
        return f"{came} inputs -> {', '.join(self.plan.outputs)}; {learned:,} learned numbers{trees}, {precision} precision"


def translation(model: Model, precision: str) -> Translation:
    """UsageError for a precision that is none."""
    if precision not in ("double", "single"):
        raise UsageError(
            "precision is double or single", repr(precision), "double gives the file's own digits, single is what accelerators are made for"
        )
    inputs = {str(entry["input"]): str(entry["type"]) for entry in model.card["inputs"]}
    cut = plan(model.source(), inputs, model._optional, model.outputs)
    told = {name for node in cut.nodes if node.op in _TOLD for name in node.inputs[1:]}
    learned = tuple(name for name, value in cut.constants.items() if value.dtype == np.float64 and value.size > 1 and name not in told)
    forests = {node.outputs[0]: forest(node) for node in cut.nodes if node.op == "TreeEnsemble"}
    session = None
    if cut.texts:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 4
        session = ort.InferenceSession(cut.texts, options, providers=["CPUExecutionProvider"])
    return Translation(cut, cut.constants, learned, cut.defaults, forests, session)
