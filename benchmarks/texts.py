"""How texts become coordinates in `etabli cluster`: what the choices are worth, and whether words dealt by chance are taken in.

    .venv/bin/python benchmarks/texts.py axes [rows]     adjusted Rand of k-means with the known number, by axes, with and without length 1
    .venv/bin/python benchmarks/texts.py noise [times]   tables of words drawn by chance: how many are taken in

The labels (airline of a tweet, spam of a message) are only compared with; data from shared/data beside the checkout.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.sources import read
from etabli.judge.stability import adjusted_rand
from etabli.records import Table, quiet
from etabli.structure import topics

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = (("airline_tweets.csv", "airline"), ("sms_spam.parquet", "label"))
AXES, STARTS, SEEDS = (5, 10, 15, 20, 25, 30, 50), 10, 4


def table(path: Path, folder: str) -> Table:
    """The file, its column `text` read as text."""
    return read(str(path), Path(folder) / "data", {"text": "text"}, quiet)


def axes(rows: int) -> None:
    """A line a set and a number of axes."""
    from sklearn.cluster import KMeans

    for name, label in SETS:
        with tempfile.TemporaryDirectory() as folder:
            one = table(DATA / name, folder)
            some = np.sort(np.random.default_rng(1).choice(one.rows, min(rows, one.rows), replace=False))
            said = topics.topics(one, "text", some, 0)
            assert said is not None
            truth = np.asarray(one.values[label])[some]
            x = said.weighed(one, some)
            all_axes = topics._axes(x, max(AXES))
            for count in AXES:
                z = x @ all_axes[:, :count]
                length = np.linalg.norm(z, axis=1, keepdims=True)
                told = []
                for each in (z, z / np.where(length > 0, length, 1.0)):
                    made = [KMeans(len(np.unique(truth)), n_init=STARTS, random_state=seed).fit_predict(each) for seed in range(SEEDS)]
                    told.append(float(np.mean([adjusted_rand(labels, truth) for labels in made])))
                print(f"{name} {len(some)} rows, {count} axes: {told[0]:.2f} as they are, {told[1]:.2f} of length 1", flush=True)


def noise(times: int) -> None:
    """Texts of unequal length, words by a power law of the rank."""
    taken = 0
    for seed in range(times):
        random: Any = np.random.default_rng(seed)
        rows, words = int(random.choice([100, 400, 2_000])), int(random.choice([60, 500, 3_000]))
        share = 1 / np.arange(1, words + 1) ** random.uniform(0.6, 1.2)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "words.csv"
            with path.open("w", newline="") as file:
                texts = (random.choice(words, max(3, int(random.gamma(2, 6))), p=share / share.sum()) for _ in range(rows))
                csv.writer(file).writerows([["text"], *([" ".join(f"w{k}" for k in text)] for text in texts)])
            taken += topics.topics(table(path, folder), "text", np.arange(rows), 0) is not None
    print(f"{taken} of {times} taken in")


if __name__ == "__main__":
    what, number = (sys.argv[1:2] or ["axes"])[0], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    axes(number or 4_000) if what == "axes" else noise(number or 60)
