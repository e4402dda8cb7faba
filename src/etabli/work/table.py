"""The out-of-fold table of a comparison: every row predicted by models that did not see it.

It is never stored as one piece: each finished task holds its part, and this module puts the parts together. Scores are
calibrated across folds before anything is ranked, because a ranking of uncalibrated models by log-loss ranks the wrong thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etabli.judge import calibration
from etabli.judge.metrics import Metric, metric
from etabli.records import Array, Setting, Split
from etabli.work.journal import Journal
from etabli.work.material import Material
from etabli.work.race import Standing

PSEUDO_FOLDS = 5  # parts for cross-fitting where only one fold was validated (large tables)


@dataclass(frozen=True)
class OutOfFold:
    """rows: row numbers [n]. fold: int [n] (parts for cross-fitting). y: [n]. raw, calibrated: float64 [n, C, outputs].
    losses: per-row proper loss of the calibrated scores, weighted [n, C]. weight: [n] or None. groups: int [n] or None. forward: whether
    the folds are in order of time."""

    settings: tuple[Setting, ...]
    rows: Array
    fold: Array
    y: Array
    raw: Array
    calibrated: Array
    losses: Array
    weight: Array | None
    groups: Array | None
    forward: bool = False


class Scores:
    """Scores of a comparison by candidate and fold, read from the run folder and kept. Pure but for its memory. calibration: the name of
    the calibrator that every column gets."""

    def __init__(self, journal: Journal, material: Material, split: Split, calibration: str | None = None) -> None:
        self.journal, self.material, self.split = journal, material, split
        self.calibrator = calibration  # the one asked for, None for the best
        self.rank: Metric = metric(None, material.target.task)
        self.kept: dict[tuple[tuple[str, ...], tuple[int, ...]], Array] = {}  # who stays, by who ran on which folds
        self._columns: dict[tuple[str, tuple[int, ...], float], tuple[Array, Array]] = {}

    def rows(self, folds: Sequence[int]) -> Array:
        """Row numbers of those folds' validation parts, fold after fold."""
        return np.concatenate([self.split.valid(k) for k in folds])

    def fold_of(self, folds: Sequence[int]) -> Array:
        """The fold of each of `rows(folds)`; parts made by chance (whole groups) where there is one fold only."""
        if len(folds) > 1:
            return np.concatenate([np.full(len(self.split.valid(k)), k) for k in folds])
        rows = self.rows(folds)
        if self.split.groups is None:
            return np.random.default_rng(0).permutation(len(rows)) % PSEUDO_FOLDS
        return np.unique(self.split.groups[rows], return_inverse=True)[1] % PSEUDO_FOLDS

    def forward(self, folds: Sequence[int]) -> bool:
        """Whether those folds are in order of time (parts made by chance are not)."""
        return self.split.forward and len(folds) > 1

    def raw(self, setting: str, standing: Standing, folds: Sequence[int], share: float = 1.0) -> Array:
        """Scores [n, outputs] of one candidate on those folds."""
        places = standing.places[setting]
        return np.concatenate([self.journal.scores(places[k, share][0])[:, places[k, share][1]] for k in folds])

    def column(self, setting: str, standing: Standing, folds: Sequence[int], share: float = 1.0) -> tuple[Array, Array]:
        """(cross-fitted calibrated scores [n, outputs], per-row loss [n])."""
        key = (setting, tuple(folds), share)
        if key not in self._columns:
            raw, y = self.raw(setting, standing, folds, share), self.material.target.y[self.rows(folds)]
            weight = self.weight(self.rows(folds))
            calibrated = calibration.crossfit(
                y, raw, self.fold_of(folds), self.material.target.task, weight=weight, only=self.calibrator, forward=self.forward(folds)
            )
            self._columns[key] = calibrated, self.rank.rows(y, calibrated, weight)
        return self._columns[key]

    def folds_of(self, setting: str, standing: Standing) -> tuple[int, ...]:
        """The folds on which a candidate is complete with all its training rows."""
        return tuple(sorted(k for k, share in standing.places.get(setting, {}) if share == 1.0))

    def loss(self, setting: Setting, standing: Standing) -> float:
        """Mean loss over all folds."""
        return float(self.column(setting.hash, standing, self.folds_of(setting.hash, standing))[1].mean())

    def weight(self, rows: Array) -> Array | None:
        """The weights of those rows, or None."""
        return None if self.material.weight is None else self.material.weight[rows]

    def table(self, standing: Standing, candidates: Sequence[Setting]) -> OutOfFold:
        """The table of candidates that are complete on every fold."""
        folds = self.folds_of(candidates[0].hash, standing)
        rows = self.rows(folds)
        columns = [self.column(setting.hash, standing, folds) for setting in candidates]
        groups = self.split.groups
        return OutOfFold(
            settings=tuple(candidates),
            rows=rows,
            fold=self.fold_of(folds),
            y=self.material.target.y[rows],
            raw=np.stack([self.raw(setting.hash, standing, folds) for setting in candidates], 1),
            calibrated=np.stack([column[0] for column in columns], 1),
            losses=np.stack([column[1] for column in columns], 1),
            weight=self.weight(rows),
            groups=None if groups is None else groups[rows],
            forward=self.forward(folds),
        )
