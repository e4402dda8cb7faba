"""Linear families against scikit-learn's searches: the same grid of penalties on the same five folds, one thread each, CPU seconds.

Both get the matrix in memory and end with the mean held-out loss of every penalty. établi is called through `Family.fit_folds`, as a
worker calls it; copying each fold's rows out of the matrix is in its time, as it is in scikit-learn's. Without libraries' threads:
this file runs itself in a process of its own that says so before numpy is loaded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZES = ((2_000, 20), (50_000, 100))
FOLDS = 5
ROOT = Path(__file__).resolve().parent.parent


def table() -> tuple[list[str], list[list[str]]]:
    """(header, rows) of the benchmark's page. RuntimeError with the last line when the measuring process fails."""
    quiet = dict(os.environ) | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run([sys.executable, "-m", "benchmarks.linear"], cwd=ROOT, env=quiet, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    header = [
        "data",
        "family",
        "penalties",
        "établi, CPU s",
        "GridSearchCV",
        "ratio",
        "scikit-learn's own path",
        "ratio",
        "best loss, établi",
    ]
    return [*header, "GridSearchCV"], [[str(cell) for cell in row] for row in json.loads(done.stdout)]


def measured() -> list[list[str]]:
    """A row a size and family."""
    warnings.simplefilter("ignore")
    return [row for rows, columns in SIZES for row in _size(rows, columns)]


def _size(rows: int, columns: int) -> list[list[str]]:
    import numpy as np
    from sklearn import linear_model as theirs
    from sklearn.model_selection import GridSearchCV, KFold

    from etabli.families import families
    from etabli.families.lasso import PENALTIES as SPARSE
    from etabli.families.logistic import PENALTIES as ODDS
    from etabli.families.ridge import PENALTIES as SQUARED

    random = np.random.default_rng(0)
    x = random.normal(size=(rows, columns)) @ (np.eye(columns) + 0.3 * random.normal(size=(columns, columns)) / columns**0.5)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    w = random.normal(size=columns) / columns**0.5
    w[::2] *= 0.1
    value = x @ w + 0.7 * random.normal(size=rows)
    label = (x @ w + 0.7 * random.logistic(size=rows) > 0).astype(np.int64)
    cut = list(KFold(FOLDS, shuffle=True, random_state=0).split(x))
    trained = rows * (1 - 1 / FOLDS)
    alphas = [p * value.std() for p in SPARSE]
    squares, logs = "neg_mean_squared_error", "neg_log_loss"
    odds = [1 / (p * trained) for p in ODDS]

    def search(model: Any, name: str, grid: list[float], y: Any, scoring: str) -> Callable[[], float]:
        return lambda: -float(GridSearchCV(model, {name: grid}, cv=cut, scoring=scoring, n_jobs=1, refit=False).fit(x, y).best_score_)

    cases: list[tuple[str, Any, list[float], Callable[[], float], Callable[[], Any] | None]] = [
        ("ridge", value, list(SQUARED), search(theirs.Ridge(), "alpha", [p * trained for p in SQUARED], value, squares), None),
        (
            "lasso",
            value,
            list(SPARSE),
            search(theirs.Lasso(), "alpha", alphas, value, squares),
            lambda: theirs.LassoCV(alphas=alphas, cv=cut).fit(x, value),
        ),
        (
            "elasticnet",
            value,
            list(SPARSE),
            search(theirs.ElasticNet(), "alpha", alphas, value, squares),
            lambda: theirs.ElasticNetCV(alphas=alphas, cv=cut).fit(x, value),
        ),
        (
            "logistic",
            label,
            list(ODDS),
            search(theirs.LogisticRegression(max_iter=1_000), "C", odds, label, logs),
            lambda: theirs.LogisticRegressionCV(
                Cs=odds, l1_ratios=(0,), cv=cut, scoring=logs, max_iter=1_000, refit=False, use_legacy_attributes=False
            ).fit(x, label),
        ),
    ]
    made = []
    for name, y, penalties, grid, path in cases:
        member = families()[name]
        ours = _best(lambda member=member, y=y: _ours(member, x, y, cut), 5 if rows < 10_000 else 2)
        peer = _best(grid, 2 if rows < 10_000 else 1)
        own = _best(path, 2 if rows < 10_000 else 1) if path else None
        shown = [f"{own[0]:.3f}", f"{own[0] / ours[0]:.1f}"] if own else ["", ""]
        figures = [f"{ours[0]:.4f}", f"{peer[0]:.3f}", f"{peer[0] / ours[0]:.1f}", *shown, f"{ours[1]:.6f}", f"{peer[1]:.6f}"]
        made.append([f"{rows} x {columns}", name, str(len(penalties)), *figures])
    return made


def _ours(member: Any, x: Any, y: Any, cut: Any) -> float:
    """The lowest mean held-out loss over the penalties of the family's first path."""
    import numpy as np

    from etabli.graph.links import apply
    from etabli.records import Data, Facts

    classes = 2 if y.dtype.kind == "i" else 0
    task = "binary" if classes else "regression"
    settings = [s for s in member.settings(Facts(task, classes, len(y), x.shape[1])) if s.wants.numbers == "scaled" and "penalty" in s.path]
    folds = [Data(x[train], y[train], (), task, classes) for train, _ in cut]
    losses = []
    for models, (_, held) in zip(member.fit_folds(settings, folds, lambda: False), cut, strict=True):
        truth, rows = y[held], x[held]
        margins = rows @ np.hstack([model.arrays["weights"] for model in models]) + np.concatenate(
            [model.arrays["bias"] for model in models]
        )
        if classes:
            share = apply(margins, "sigmoid")
            losses.append(-np.where(truth[:, None] == 1, np.log(share), np.log1p(-share)).mean(axis=0))
        else:
            losses.append(((margins - truth[:, None]) ** 2).mean(axis=0))
    return float(np.mean(losses, axis=0).min())


def _best(call: Callable[[], Any], times: int) -> tuple[float, Any]:
    """(the least CPU seconds, the answer)."""
    least, answer = float("inf"), None
    for _ in range(times):
        start = time.process_time()
        answer = call()
        least = min(least, time.process_time() - start)
    return least, answer


if __name__ == "__main__":
    print(json.dumps(measured()))
