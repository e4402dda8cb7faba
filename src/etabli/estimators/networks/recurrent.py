"""RNN, GRU and LSTM with their steps written out, since the closed set has no loop and onnxruntime none of them in double precision.

Weights are those of ONNX: gates stacked, input W [gates * state, width], recurrent R [gates * state, state], biases for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.values import Unreadable, Value, known

LONGEST = 200
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


@dataclass(frozen=True)
class Cell:
    """One direction. kind: RNN, GRU (gates z r h) or LSTM (i o f c). after: the GRU's reset gate after its product, as in cuDNN."""

    kind: str
    weight: Value
    turn: Value
    bias: Value
    turn_bias: Value
    after: bool = True
    function: str = "Tanh"

    def along(self, maths: Maths, x: Value, hidden: Value, cell: Value | None, backward: bool) -> tuple[list[Value], Value, Value | None]:
        """x: [length, rows, width]; hidden, cell: [rows, state]. (a state for each place, the last state, the last cell)."""
        length, state = x.shape[0], self.turn.shape[1]
        if length > LONGEST:
            raise Unreadable(f"a recurrent layer over {length} steps, which are written out one by one", f"at most {LONGEST}")
        seen = maths.add(maths.matmul(x, maths.transpose(self.weight, [1, 0])), self.bias)
        turn = maths.transpose(self.turn, [1, 0])
        order = range(length - 1, -1, -1) if backward else range(length)
        states: list[Value] = [hidden] * length
        for t in order:
            now = maths.picked(seen, np.array(t), 0)
            hidden, cell = self._step(maths, now, hidden, cell, turn, state)
            states[t] = hidden
        return states, hidden, cell

    def _step(self, maths: Maths, now: Value, hidden: Value, cell: Value | None, turn: Value, state: int) -> tuple[Value, Value | None]:
        def part(x: Value, gate: int, until: int = 0) -> Value:
            return maths.slice(x, 1, gate * state, (until or gate + 1) * state)

        def shaped(x: Value) -> Value:
            return maths.one(self.function, x)

        if self.kind == "RNN":
            return shaped(maths.add(now, maths.add(maths.matmul(hidden, turn), self.turn_bias))), cell
        if self.kind == "LSTM":
            assert cell is not None
            total = maths.add(now, maths.add(maths.matmul(hidden, turn), self.turn_bias))
            enter, out, forget = (maths.logistic(part(total, gate)) for gate in (0, 1, 2))
            cell = maths.add(maths.mul(forget, cell), maths.mul(enter, shaped(part(total, 3))))
            return maths.mul(out, shaped(cell)), cell
        if self.after:
            turned = maths.add(maths.matmul(hidden, turn), self.turn_bias)
            update = maths.logistic(maths.add(part(now, 0), part(turned, 0)))
            reset = maths.logistic(maths.add(part(now, 1), part(turned, 1)))
            new = shaped(maths.add(part(now, 2), maths.mul(reset, part(turned, 2))))
        else:
            gates = maths.matmul(hidden, maths.slice(turn, 1, 0, 2 * state))
            gates = maths.logistic(maths.add(part(now, 0, 2), maths.add(gates, maths.slice(self.turn_bias, 0, 0, 2 * state))))
            update, reset = part(gates, 0), part(gates, 1)
            last = maths.matmul(maths.mul(reset, hidden), maths.slice(turn, 1, 2 * state, 3 * state))
            new = shaped(maths.add(part(now, 2), maths.add(last, maths.slice(self.turn_bias, 0, 2 * state, 3 * state))))
        return maths.add(maths.mul(maths.sub(hidden, new), update), new), cell


def stacked(maths: Maths, states: list[Value], axis: int) -> Value:
    """Values side by side along a new axis."""
    shape = states[0].shape
    return maths.concat([maths.reshape(state, (*shape[:axis], 1, *shape[axis:])) for state in states], axis)


def nothing(rows: int, state: int) -> Value:
    """A state of zeros."""
    return known(np.broadcast_to(0.0, (rows, state)))
