"""What an explanation costs, and how far a sampled one is off. Run by hand; prints its figures.

    .venv/bin/python benchmarks/explain.py [FOLDER]     california_housing and adult_income lie there (default: as benchmarks/run.py)

Processor seconds of the whole call: reading the rows, the file's own answers, the values. The peer is `shap.TreeExplainer` with the same
background rows and interventional values, where that package is installed; it takes the library's own model, not a file.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

TREES, LEAVES, BACKGROUND, ROWS = 500, 31, 100, 2_000


def closed(folder: Path, work: Path) -> None:
    """Trees in closed form, a row, on california_housing."""
    import lightgbm
    import pandas as pd

    import etabli

    table = pd.read_csv(folder / "california_housing.csv").drop(columns="ocean_proximity")
    target = table.pop("median_house_value")
    fitted = lightgbm.LGBMRegressor(n_estimators=TREES, num_leaves=LEAVES, learning_rate=0.05, verbose=-1).fit(table[::2], target[::2])
    etabli.adopt(fitted, table[1::2].assign(median_house_value=target[1::2]), "median_house_value", out=work / "adopted")
    model = etabli.load(work / "adopted" / "model.onnx", threads=1)
    rows, background = table[1::2].iloc[:ROWS], table[::2].iloc[:: len(table) // 2 // BACKGROUND].iloc[:BACKGROUND]
    for count in (1, ROWS):
        begun = time.process_time()
        seen = model.explain(rows[:count], background=background)
        spent = time.process_time() - begun
        off = np.abs(seen.base + seen.values.sum(axis=1) - seen.output).max() / np.abs(seen.output).max()
        print(
            f"closed form, {count} rows: {1e6 * spent / count:.0f} us a row, exact {seen.exact.all()}, sums off by {off:.1e} of the answer"
        )
    try:
        import shap
    except ImportError:
        return
    explainer = shap.TreeExplainer(fitted, background, feature_perturbation="interventional")
    begun = time.process_time()
    theirs = explainer.shap_values(rows[:200], check_additivity=False)
    spent = time.process_time() - begun
    gap = np.abs(theirs - model.explain(rows[:200], background=background).values).max() / np.abs(theirs).max()
    print(f"shap {shap.__version__}: {1e6 * spent / 200:.0f} us a row; largest difference {gap:.1e} of the largest value")


def sampled(folder: Path, work: Path, name: str, target: str) -> None:
    """Sampled values beside those of every coalition."""
    import pandas as pd

    import etabli
    from etabli.model.explain import game as games

    table = pd.read_csv(folder / f"{name}.csv").iloc[:: 5 if name == "adult_income" else 3]
    table[1::2].to_csv(work / f"{name}.csv", index=False)
    study = etabli.fit(work / f"{name}.csv", target=target, effort="glance", families=["lightgbm"], out=work / name)
    model = etabli.load(study.folder / "model.onnx", threads=1)
    rows = table[::2].iloc[:1000:40]
    model_structure = games.Game.structure
    games.Game.structure = lambda self, z: None  # type: ignore[method-assign,assignment]
    try:
        full = model.explain(rows, budget=10**8)
        for said, how in (("default", {}), ("5 000 questions", {"budget": 5_000, "tolerance": 0.0})):
            report(f"{name}, {said}", lambda how=how: model.explain(rows, **how), full)
    finally:
        games.Game.structure = model_structure  # type: ignore[method-assign]


def report(said: str, explain: Any, full: Any) -> None:
    """One line."""
    begun = time.process_time()
    seen = explain()
    spent = (time.process_time() - begun) / len(seen)
    off, some = np.abs(seen.values - full.values), seen.error > 0
    within = (off[some] < 1.96 * seen.error[some]).mean() if some.any() else 1.0
    print(
        f"{said}: {1e3 * spent:.0f} ms a row, {seen.asked.mean():.0f} questions, {seen.exact.mean():.0%} of the rows exact, largest error "
        f"{off.max() / full.output.std():.4f}, rms {np.sqrt((off**2).mean()) / full.output.std():.4f} of the answers' deviation, "
        f"{within:.1%} of the 95 % intervals hold the exact value"
    )


def main(folder: Path) -> None:
    """Everything."""
    with tempfile.TemporaryDirectory() as work:
        closed(folder, Path(work))
        sampled(folder, Path(work), "adult_income", "income")
        sampled(folder, Path(work), "california_housing", "median_house_value")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent.parent / "shared" / "data")
