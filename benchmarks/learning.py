"""How often the learning curve's interval holds what twice the rows gain, on real tables: `python -m benchmarks.learning FOLDER`.

From each table many samples are drawn; each is cross-validated as `fit` does it (an eighth, a quarter, a half and all of the other folds' rows), and
the curve's interval of the gain is compared with the gain itself: the mean loss on rows never drawn, over many models of n and of 2n rows.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etabli.judge.learning import curve, said

SHARES, SAMPLES, TRUTHS, HELD = (1 / 8, 1 / 4, 1 / 2, 1.0), 30, 24, 6_000
Array = NDArray[Any]
Make = Callable[[], Any]


def tables(folder: Path) -> dict[str, tuple[Array, Array, dict[str, Make]]]:
    """(matrix, target, models by name) of each table."""
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    homes = pd.read_csv(folder / "california_housing.csv").dropna()
    price = np.log(homes.pop("median_house_value").to_numpy())
    people = pd.read_csv(folder / "adult_income.csv")
    rich = (people.pop("income") == ">50K").to_numpy().astype(int)
    few = {"max_iter": 60, "learning_rate": 0.1, "max_leaf_nodes": 15}
    return {
        "california": (
            pd.get_dummies(homes).to_numpy(float),
            price,
            {
                "boosting": lambda: HistGradientBoostingRegressor(**few),
                "linear": lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13))),
            },
        ),
        "adult": (
            pd.get_dummies(people, drop_first=True).to_numpy(float),
            rich,
            {
                "boosting": lambda: HistGradientBoostingClassifier(**few),
                "linear": lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300)),
            },
        ),
    }


def losses(model: Any, x: Array, y: Array) -> Array:
    """Log-loss or squared error of each row."""
    if y.dtype.kind == "f":
        return np.asarray((model.predict(x) - y) ** 2)
    return np.asarray(-np.log(np.clip(model.predict_proba(x)[np.arange(len(y)), y], 1e-9, 1)))


def measured(x: Array, y: Array, make: Make, rows: int) -> dict[str, Any]:
    """The true gain, the estimated one, how often the interval held it, and what was said."""
    rng = np.random.default_rng(1)
    held = rng.choice(len(y), HELD, replace=False)
    rest = np.setdiff1d(np.arange(len(y)), held)
    learned = int(0.8 * rows)

    def truth(size: int) -> Array:
        drawn = (rng.choice(rest, size, replace=False) for _ in range(TRUTHS))
        return np.array([losses(make().fit(x[part], y[part]), x[held], y[held]).mean() for part in drawn])

    one, two = truth(learned), truth(2 * learned)
    gain, error = one.mean() - two.mean(), float(np.hypot(one.std(), two.std()) / np.sqrt(TRUTHS))
    nothing = float(y.var()) if y.dtype.kind == "f" else float(-np.log(np.where(y[held] == 1, y.mean(), 1 - y.mean())).mean())
    inside, estimates, words = 0, [], Counter[str]()
    for seed in range(SAMPLES):
        own = np.random.default_rng(100 + seed)
        sample, fold = own.choice(rest, rows, replace=False), own.permutation(rows) % 5
        table = np.empty((rows, len(SHARES)))
        for k in range(5):
            train, valid = own.permutation(sample[fold != k]), sample[fold == k]
            for place, share in enumerate(SHARES):
                part = train[: int(len(train) * share)]
                table[fold == k, place] = losses(make().fit(x[part], y[part]), x[valid], y[valid])
        found = curve(learned * np.array(SHARES), table, fold)
        inside += bool(found.gain_low - 2 * error <= gain <= found.gain_high + 2 * error)
        estimates.append(found.gain)
        words[said(found, nothing - float(one.mean()))] += 1
    return {
        "gain": float(gain),
        "lead": nothing - float(one.mean()),
        "estimate": float(np.mean(estimates)),
        "held": inside,
        "said": dict(words),
    }


def main(folder: str, *sizes: str) -> None:
    """Prints a line for each table, model and size."""
    for name, (x, y, models) in tables(Path(folder)).items():
        for model, make in models.items():
            for rows in map(int, sizes or ("400", "1600")):
                one = measured(x, y, make, rows)
                share = 100 * one["gain"] / one["lead"]
                print(
                    f"{name} {model} {rows}: gain {one['gain']:.4f} ({share:.1f} % of the lead), estimated {one['estimate']:.4f}, held {one['held']} of {SAMPLES}, {one['said']}",
                    flush=True,
                )


if __name__ == "__main__":
    main(*sys.argv[1:])
