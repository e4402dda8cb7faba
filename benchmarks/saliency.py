"""How far gradients and Shapley values say the same of a convolutional network, and what each costs.

    python benchmarks/saliency.py [--rows 10] [--background 10] [--budget 20000] [--seed 0]

The network: two layers of convolution and one of pooling on the 8 x 8 pixels of scikit-learn's handwritten digits, written in PyTorch and taken in by `adopt`; trained on two thirds of them. Explained are so many
of the held-out rows, the most probable class of each; the correlation is over the 64 pixels of a row. Lines of JSON: one a row, then the mean with CPU seconds a row.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np


def network(x: Any, y: Any, seed: int, epochs: int = 30) -> Any:
    """A smooth convolutional network that gives the probabilities of ten digits of [rows, 64] in 0 to 16."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    layers = [
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.Tanh(),
    ]
    made = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 16, 10))
    steps = torch.optim.Adam(made.parameters(), 2e-3)
    rows, truth = torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)
    for _ in range(epochs):
        for part in torch.randperm(len(rows)).split(64):
            steps.zero_grad()
            nn.functional.cross_entropy(made(rows[part]), truth[part]).backward()
            steps.step()
    with torch.no_grad():  # pixels come as they are, 0 to 16
        made[1].weight /= 16
    return nn.Sequential(made, nn.Softmax(1)).eval()


def timed(model: Any, rows: Any, **how: Any) -> tuple[Any, float]:
    """(the explanation, CPU seconds a row)."""
    began = time.process_time()
    seen = model.explain(rows, **how)
    return seen, (time.process_time() - began) / len(rows)


def main() -> None:
    """See the module."""
    import pandas as pd
    from scipy.stats import spearmanr
    from sklearn.datasets import load_digits

    import etabli

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--background", type=int, default=10)
    parser.add_argument("--budget", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(options.seed).permutation(len(x))
    known, held = np.split(order, [2 * len(order) // 3])
    table = pd.DataFrame(x, columns=[f"p{j}" for j in range(64)])
    with tempfile.TemporaryDirectory() as place:
        fitted = network(x[known], y[known], options.seed)
        asked = table.iloc[held].assign(digit=[f"d{label}" for label in y[held]])
        etabli.adopt(fitted, asked, "digit", classes=[f"d{label}" for label in range(10)], out=Path(place) / "run")
        model = etabli.load(Path(place) / "run" / "model.onnx", threads=1)
        right = float(np.mean(np.ravel(model.predict(asked.drop(columns="digit"))["prediction"]) == asked["digit"].to_numpy()))
        rows, background = table.iloc[held[: options.rows]], table.iloc[known[: options.background]]
        timed(model, rows[:1], background=background[:2], method="gradients")  # what is imported and compiled once is not counted
        values, asking = timed(model, rows, background=background, budget=options.budget, seed=options.seed)
        slopes, going = timed(model, rows, background=background, method="gradients")
    same = [(float(np.corrcoef(a, b)[0, 1]), float(spearmanr(a, b)[0])) for a, b in zip(values.values, slopes.values, strict=True)]
    for row, (straight, ranks) in enumerate(same):
        told = {"row": row, "correlation": round(straight, 3), "of ranks": round(ranks, 3)}
        print(json.dumps(told | {"error": [float(f"{one.error[row].max():.2g}") for one in (values, slopes)]}), flush=True)
    straight, ranks = np.mean(same, axis=0).round(3).tolist()
    told = {"held-out rows right": round(right, 3), "correlation": straight, "least": round(min(same)[0], 3), "of ranks": ranks}
    print(json.dumps(told | {"shapley_s": round(asking, 2), "gradients_s": round(going, 2)}))


if __name__ == "__main__":
    main()
