"""Independent components: principal axes turned until each coordinate says something of its own."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from etabli.records import Array, Cost
from etabli.structure.linear import Linear, counts, signed
from etabli.structure.method import Found, Stop, Values
from etabli.structure.projections.pca import principal

ROWS = 20_000  # the turning is learned from; more are thinned by chance
ROUNDS = 300
SPREAD = 1e-9  # a component's deviation, as a share of the first's, below which it is rounding


@final
class Independent(Linear):
    """FastICA (scikit-learn) on whitened principal components; the component that rebuilds most comes first."""

    name, title, needs, citation, rank = "ica", "independent components", ("scikit-learn",), "Hyvarinen & Oja 2000", 2
    doc = "Mixed signals taken apart: coordinates that tell nothing of each other, often one cause each; for measurements that are sums."

    def settings(self, rows: int, columns: int) -> Sequence[Values]:
        """Two, five, ten."""
        return counts(rows, columns)

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """Principal components, then rounds on few columns."""
        side, seen, count = min(rows, columns), min(rows, ROWS), int(values["components"])
        work = 1e-9 * rows * columns * side + 2e-8 * ROUNDS * seen * count + 1e-4
        return Cost(work=work, memory=16.0 * rows * columns + 24.0 * side**2 + 64.0 * seen * count)

    def fit(self, values: Values, x: Array, seed: int, stop: Stop) -> Found:
        """Where there is nothing to turn (one component, few rows) they are the principal components."""
        from sklearn.decomposition import FastICA
        from sklearn.exceptions import ConvergenceWarning

        centre = x.mean(axis=0)
        centred = x - centre
        axes = principal(centred, int(values["components"]))
        deviation = np.sqrt(((centred @ axes) ** 2).mean(axis=0))
        real = deviation > SPREAD * max(float(deviation[0]), 1e-300)
        if real.sum() < 2 or len(x) < 2 * int(real.sum()) + 1:
            return Found(self.name, values, {"centre": centre, "axes": axes, "back": np.ascontiguousarray(axes.T)})
        axes, deviation = axes[:, real], deviation[real]
        white = (centred @ axes) / deviation
        if len(white) > ROWS:
            white = white[np.sort(np.random.default_rng(seed).choice(len(white), ROWS, replace=False))]
        made: Any = FastICA(whiten=False, max_iter=ROUNDS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            made.fit(white)
        turn = made.components_.T  # orthogonal, up to rounding
        back = turn.T @ (axes * deviation).T
        order = np.argsort(-(back**2).sum(axis=1), kind="stable")
        back, turn = back[order], turn[:, order]
        sign = signed(back.T)
        unmixed = np.ascontiguousarray(axes / deviation @ turn * sign)
        return Found(self.name, values, {"centre": centre, "axes": unmixed, "back": np.ascontiguousarray(back * sign[:, None])})
