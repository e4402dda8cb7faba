"""MAPIE and crepes on the learning rows of a split, each as its documentation shows it: a quarter held back, one model on the rest.

Neither is a dependency: without them the page has établi's figures alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Pair = tuple[Any, Any]


def _model(kind: str) -> Any:
    from lightgbm import LGBMRegressor
    from sklearn.linear_model import Ridge

    if kind == "linear":
        return Ridge(1.0)
    return LGBMRegressor(n_estimators=60, num_leaves=15, learning_rate=0.1, n_jobs=1, verbose=-1, deterministic=True, random_state=0)


def _parts(data: Any) -> tuple[Any, Any]:
    order = np.random.default_rng(0).permutation(len(data.y))
    cut = len(order) * 3 // 4
    return order[:cut], order[cut:]


def mapie(data: Any, kind: str, level: float) -> Pair | None:
    """Split conformal, constant width: lower, upper [m, 1]. None where MAPIE is not installed."""
    try:
        from mapie.regression import SplitConformalRegressor
    except ImportError:
        return None
    learn, held = _parts(data)
    found = SplitConformalRegressor(_model(kind), confidence_level=[level], prefit=False).fit(data.X[learn], data.y[learn])
    _, bounds = found.conformalize(data.X[held], data.y[held]).predict_interval(data.Z)
    return bounds[:, 0, :], bounds[:, 1, :]


def crepes(data: Any, kind: str, level: float) -> Pair | None:
    """Split conformal, width by the residuals of the nearest learning rows. None where crepes is not installed."""
    try:
        from crepes import WrapRegressor
        from crepes.extras import DifficultyEstimator
    except ImportError:
        return None
    learn, held = _parts(data)
    found = WrapRegressor(_model(kind))
    found.fit(data.X[learn], data.y[learn])
    hard = DifficultyEstimator()
    hard.fit(data.X[learn], residuals=data.y[learn] - found.predict(data.X[learn]), scaler=True)
    found.calibrate(data.X[held], data.y[held], de=hard)
    bounds = np.asarray(found.predict_int(data.Z, confidence=level))
    return bounds[:, :1], bounds[:, 1:]
