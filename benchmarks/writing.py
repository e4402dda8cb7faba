"""How long it takes to write a fitted ensemble as a graph, and how large the file is beside the library's own format."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS, COLUMNS = 20_000, 20


def _data() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, COLUMNS))
    return x, x[:, 0] + np.sin(3 * x[:, 1]) * x[:, 2] + 0.5 * random.normal(size=ROWS)


def _joblib(model: Any) -> int:
    import joblib

    kept = io.BytesIO()
    joblib.dump(model, kept)
    return len(kept.getvalue())


def _saved(model: Any, name: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        model.save_model(str(path))
        return path.stat().st_size


def models() -> list[tuple[str, Any, str, Any]]:
    """(what, a model to fit, the library's own format, its size in bytes once fitted)."""
    import lightgbm
    import xgboost
    from sklearn import ensemble as en

    made = [
        (
            "LightGBM 500 x 63",
            lightgbm.LGBMRegressor(n_estimators=500, num_leaves=63, verbose=-1),
            "text",
            lambda m: len(m.booster_.model_to_string()),
        ),
        ("HistGradientBoosting 500 x 63", en.HistGradientBoostingRegressor(max_iter=500, max_leaf_nodes=63), "joblib", _joblib),
        ("XGBoost 500 x depth 6", xgboost.XGBRegressor(n_estimators=500, max_depth=6), "ubj", lambda m: _saved(m.get_booster(), "m.ubj")),
        ("random forest, 300 trees", en.RandomForestRegressor(300, min_samples_leaf=5, random_state=0, n_jobs=-1), "joblib", _joblib),
    ]
    try:
        import catboost

        cat = catboost.CatBoostRegressor(iterations=500, depth=6, verbose=0, allow_writing_files=False)
        made.append(("CatBoost 500 x depth 6", cat, "cbm", lambda m: _saved(m, "m.cbm")))
    except ImportError:
        pass
    return made


def table() -> list[list[str]]:
    """Rows: what, seconds to write the graph (CPU), bytes of the graph, bytes of the library's own format, their ratio."""
    from etabli.estimators import Frame, Part, predictor
    from etabli.graph.graph import Graph

    x, y = _data()
    rows = []
    for what, model, form, size in models():
        model.fit(x, y)
        began = time.process_time()
        graph = Graph()
        answer = predictor(model, graph, Frame((Part(graph.input("X", "double", (None, COLUMNS)), COLUMNS),)))
        written = graph.model({"raw": (answer.raw, "double", 0)}).SerializeToString()
        spent = time.process_time() - began
        own = size(model)
        rows.append([what, f"{spent:.2f}", f"{len(written) / 1e6:.2f}", f"{own / 1e6:.2f} ({form})", f"{len(written) / own:.2f}"])
    return rows
