"""What a change is to reach: a label, another label than now, or a number above or below a bound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import UsageError, did_you_mean
from etabli.model.load import Model

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Goal:
    """label: the one wanted, or, with `other`, the one to leave. sign, bound: of a number: 1 above, -1 below; strict: not equal to it."""

    label: str = ""
    other: bool = False
    sign: int = 0
    bound: float = 0.0
    strict: bool = True
    classes: tuple[str, ...] = ()

    def reached(self, answers: Mapping[str, Array]) -> Array:
        """bool [rows]."""
        got = answers["prediction"][:, 0]
        if not self.sign:
            return np.asarray((got != self.label) & (got != "") if self.other else got == self.label)
        gap = (got - self.bound) * self.sign
        return np.asarray(gap > 0 if self.strict else gap >= 0)

    def progress(self, answers: Mapping[str, Array]) -> Array:
        """[rows], the more the nearer; -inf where there is no answer."""
        if self.sign:
            made = answers["prediction"][:, 0] * self.sign
        elif "probability" in answers:
            P = answers["probability"]
            mine = P[:, self.classes.index(self.label)]
            rest = np.delete(P, self.classes.index(self.label), axis=1).max(axis=1)
            made = rest - mine if self.other else mine - rest
        else:
            made = self.reached(answers).astype(np.float64)
        return np.asarray(np.where(np.isnan(made), -np.inf, made))


def goal(model: Model, want: str | None, now: Any) -> Goal | None:
    """From what was asked and the answer now; None for a number without a bound. UsageError when that is no goal of this model."""
    if model.classes:
        if want is None:
            return Goal(str(now), True, classes=model.classes)
        if want not in model.classes:
            known = ", ".join(f'"{one}"' for one in model.classes[:12])
            raise UsageError("what is wanted must be a class that the model knows", f'"{want}"', did_you_mean(want, model.classes) or known)
        return Goal(want, classes=model.classes)
    if want is None:
        return None
    found = re.fullmatch(r"\s*(>=|<=|>|<)\s*([-+]?[\d_.]+(?:e[-+]?\d+)?)\s*", want, re.IGNORECASE)
    try:
        bound = float(found[2]) if found else None
    except ValueError:
        bound = None
    if found is None or bound is None:
        raise UsageError("what is wanted of a number is a bound", f'"{want}"', 'for example --want ">100" or --want "<=2.5", in quotes')
    return Goal(sign=1 if found[1][0] == ">" else -1, bound=bound, strict=len(found[1]) == 1)
