"""Recurrence: a state that goes along a series of fixed length.

While it trains the steps are one loop of the compiled program (`lax.scan`); in the file they are written out, step by step, since onnxruntime's GRU and LSTM have no double
precision and the closed operators no loop. So a series of 64 steps is some 700 small nodes: lengths above 200 are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from etabli.nets.block import Block, Noise, Params, Shape
from etabli.nets.blocks.activation import logistic, write_logistic
from etabli.nets.blocks.dense import uniform
from etabli.records import Array

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

LONGEST = 200
GATES = {"gru": 3, "lstm": 4}


@final
@dataclass(frozen=True)
class Recurrent(Block):
    """[rows, length, width] to [rows, length, state] (`every`) or the last state [rows, state].

    gru: Cho et al. 2014 with the reset gate after the product, as cuDNN and PyTorch have it; gates in the order reset, update, new. lstm: Hochreiter & Schmidhuber 1997 with a
    forget gate; input, forget, cell, output."""

    kind: Literal["gru", "lstm"]
    length: int
    state: int
    every: bool = False

    def start(self, random: np.random.Generator, shape: Shape) -> tuple[dict[str, Array], Shape]:
        """weight [width, gates * state], turn [state, gates * state], bias and turn_bias [gates * state]. ValueError above 200 steps."""
        width = shape[-1]
        if self.length > LONGEST:
            raise ValueError(f"a recurrent block goes along at most {LONGEST} steps, not {self.length}")
        gates = GATES[self.kind] * self.state
        made = {
            "weight": uniform(random, (width, gates), self.state),
            "turn": uniform(random, (self.state, gates), self.state),
            "bias": uniform(random, (gates,), self.state),
            "turn_bias": uniform(random, (gates,), self.state),
        }
        return made, ((self.length, self.state) if self.every else (self.state,))

    def apply(self, xp: Any, p: Params, x: Any, noise: Noise | None = None) -> Any:
        """All products with the series at once, then step by step."""
        seen = xp.swapaxes(x @ p["weight"] + p["bias"], 0, 1)
        nothing = xp.zeros((x.shape[0], self.state), seen.dtype)
        first = (nothing, nothing)

        def step(state: Any, now: Any) -> tuple[Any, Any]:
            made = self._step(xp, p, state, now)
            return made, made[0]

        if xp is np:
            state, states = first, []
            for now in seen:
                state, out = step(state, now)
                states.append(out)
            return np.stack(states, axis=1) if self.every else states[-1]
        from jax import lax

        _, outs = lax.scan(step, first, seen)
        return xp.swapaxes(outs, 0, 1) if self.every else outs[-1]

    def _step(self, xp: Any, p: Params, state: Any, now: Any) -> tuple[Any, Any]:
        hidden, cell = state
        s, turned = self.state, hidden @ p["turn"] + p["turn_bias"]
        if self.kind == "gru":
            reset = logistic(xp, now[:, :s] + turned[:, :s])
            update = logistic(xp, now[:, s : 2 * s] + turned[:, s : 2 * s])
            new = xp.tanh(now[:, 2 * s :] + reset * turned[:, 2 * s :])
            return (hidden - new) * update + new, cell
        total = now + turned
        enter, forget, out = (logistic(xp, total[:, k * s : (k + 1) * s]) for k in (0, 1, 3))
        cell = forget * cell + enter * xp.tanh(total[:, 2 * s : 3 * s])
        return out * xp.tanh(cell), cell

    def write(self, graph: Graph, p: Params, x: str) -> str:
        """The same, the steps written out."""
        s = self.state
        seen = graph.op("Add", graph.op("MatMul", x, graph.const(p["weight"], np.float64)), graph.const(p["bias"], np.float64))
        steps = [graph.op("Gather", seen, graph.const(t, np.int64), axis=1) for t in range(self.length)]
        start = graph.op("Slice", steps[0], graph.const([0], np.int64), graph.const([s], np.int64), graph.const([1], np.int64))
        hidden = cell = graph.op("Sub", start, start)
        outs = []
        for now in steps:
            turned = graph.op("MatMul", hidden, graph.const(p["turn"], np.float64))
            turned = graph.op("Add", turned, graph.const(p["turn_bias"], np.float64))
            hidden, cell = self._write_step(graph, hidden, cell, now, turned)
            outs.append(graph.op("Unsqueeze", hidden, graph.const([1], np.int64)) if self.every else hidden)
        return graph.op("Concat", *outs, axis=1) if self.every else outs[-1]

    def _write_step(self, graph: Graph, hidden: str, cell: str, now: str, turned: str) -> tuple[str, str]:
        s = self.state
        if self.kind == "gru":
            sizes = graph.const([s, s, s], np.int64)
            (a, b, c), (d, e, f) = (graph.ops("Split", one, sizes, count=3, axis=1) for one in (now, turned))
            reset, update = write_logistic(graph, graph.op("Add", a, d)), write_logistic(graph, graph.op("Add", b, e))
            new = graph.op("Tanh", graph.op("Add", c, graph.op("Mul", reset, f)))
            return graph.op("Add", graph.op("Mul", graph.op("Sub", hidden, new), update), new), cell
        parts = graph.ops("Split", graph.op("Add", now, turned), graph.const([s] * 4, np.int64), count=4, axis=1)
        enter, forget, out = (write_logistic(graph, parts[k]) for k in (0, 1, 3))
        cell = graph.op("Add", graph.op("Mul", forget, cell), graph.op("Mul", enter, graph.op("Tanh", parts[2])))
        return graph.op("Mul", out, graph.op("Tanh", cell)), cell
