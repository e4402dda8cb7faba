"""Intervals that follow a drift: one number of state, corrected after each outcome.

A file that was learned forward in time takes the input `half_width`, a factor on the halves of its intervals. The tracker raises it after
a miss and lowers it a little after a hit: log factor += rate x (missed - (1 - confidence)). That is quantile tracking (Gibbs & Candès 2021;
Angelopoulos, Candès & Tibshirani 2023) on the scale of the logarithm, where no step can make a width negative. Whatever the sequence, the
share of misses over T outcomes is 1 - confidence, up to the travel of the logarithm divided by rate x T: a long-run frequency, no promise
for any one row. Needs numpy and onnxruntime alone, as the file does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np

from etabli.errors import UsageError
from etabli.model.load import Answers, Model

RATE = 0.05  # a miss widens by 4.6 %, ten hits in a row narrow by 4.9 %, at 90 %
WIDEST = math.log(1e6)


@final
class Tracker:
    """Answers of a model with intervals that follow a drift. Made by `track`; not to be shared between threads.

    factor: what the half-widths are multiplied with now. outcomes, missed: how many were told, how many lay outside."""

    def __init__(self, model: Model, confidence: float, rate: float, state: Mapping[str, Any]) -> None:
        self.model, self.confidence, self.rate = model, confidence, rate
        self._log = math.log(float(state.get("factor", 1.0)))
        self.outcomes, self.missed = int(state.get("outcomes", 0)), int(state.get("missed", 0))

    def __repr__(self) -> str:
        return f"Tracker({self.confidence:g}: factor {self.factor:.4g}, {self.missed} of {self.outcomes} missed)"

    @property
    def factor(self) -> float:
        """What the half-widths are multiplied with now."""
        return math.exp(self._log)

    @property
    def state(self) -> dict[str, Any]:
        """All there is to keep, JSON-able: `track(model, confidence, state=state)` goes on with it."""
        return {"factor": self.factor, "outcomes": self.outcomes, "missed": self.missed}

    def predict(self, data: Any) -> Answers:
        """As `Model.predict`, with the intervals of now."""
        return self.model.predict(data, self.confidence, half_width=self.factor)

    def update(self, answers: Mapping[str, Any], truth: Any) -> float:
        """Tells what came of answers given (in their order in time; NaN: not known), and returns the new factor. truth: one number a row."""
        lower, upper = (np.asarray(answers[name], np.float64).ravel() for name in ("lower", "upper"))
        values = np.asarray(truth, np.float64).ravel()
        if len(values) != len(lower):
            raise UsageError("there is one true value a row of the answers", f"{len(values)} for {len(lower)} rows")
        for value, low, high in zip(values, lower, upper, strict=True):
            if value == value and low == low:
                missed = not low <= value <= high
                self._log = float(np.clip(self._log + self.rate * (missed - (1 - self.confidence)), -WIDEST, WIDEST))
                self.outcomes, self.missed = self.outcomes + 1, self.missed + missed
        return self.factor


def track(model: Any, confidence: float = 0.9, rate: float = RATE, state: Mapping[str, Any] | None = None) -> Tracker:
    """A tracker of a loaded model (or of the path of one). confidence: between 0 and 1, kept in the long run. rate: how fast it follows.
    state: of an earlier one. UsageError for a file that was not learned forward in time."""
    from etabli.model.load import load

    ready = model if isinstance(model, Model) else load(model)
    if not ready.tracked:
        rule = "a tracker follows intervals of a number that was learned forward in time"
        raise UsageError(rule, f"{ready!r} takes no half_width", "fit with --time-column COL")
    if not 0 < confidence < 1:
        raise UsageError("the confidence lies between 0 and 1", f"{confidence:g}", "0.9 is usual")
    if not 0 < rate < 1:
        raise UsageError("the rate lies between 0 and 1", f"{rate:g}", f"{RATE:g} is usual")
    return Tracker(ready, confidence, rate, state or {})
