"""Real labelled tables that no rule here was chosen by: how many groups `etabli cluster` finds, and how far they agree with the label it never sees.

    .venv/bin/python benchmarks/labelled.py [effort] [set ...]      the table of docs/clusterings.md

The tables come from R packages (Rscript with cluster, mclust, MASS, mlbench); only these are read, nothing of them is kept. Beside ours, on the same prepared rows: k-means and a
Gaussian mixture with the number told, and with the number from 1 or 2 to 12 by silhouette and by BIC (four kinds of covariance); HDBSCAN as it comes. CPU seconds on one core.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import etabli
from etabli.judge.stability import adjusted_rand
from etabli.structure import cluster as story
from etabli.structure import run as runs
from etabli.structure.asked import Question

# name: package, data set, the label in R, columns left out
SETS = {
    "ruspini": ("cluster", "ruspini", "rep(1:4, c(20, 23, 17, 15))", ""),
    "faithful": ("datasets", "faithful", "d$eruptions < 3.1", ""),
    "crabs": ("MASS", "crabs", "paste(d$sp, d$sex)", "sp sex index"),
    "banknote": ("mclust", "banknote", "d$Status", "Status"),
    "diabetes": ("mclust", "diabetes", "d$class", "class"),
    "thyroid": ("mclust", "thyroid", "d$Diagnosis", "Diagnosis"),
    "zoo": ("mlbench", "Zoo", "d$type", "type"),
    "glass": ("mlbench", "Glass", "d$Type", "Type"),
    "ripley": ("MASS", "synth.tr", "d$yc", "yc"),
    "breast cancer (Wisconsin 1992)": ("mlbench", "BreastCancer", "d$Class", "Class Id"),
    "ionosphere": ("mlbench", "Ionosphere", "d$Class", "Class"),
    "house votes": ("mlbench", "HouseVotes84", "d$Class", "Class"),
    "xclara": ("cluster", "xclara", "rep(1:3, c(900, 1148, 952))", ""),
    "vowel": ("mlbench", "Vowel", "d$Class", "Class"),
    "vehicle": ("mlbench", "Vehicle", "d$Class", "Class"),
    "sonar": ("mlbench", "Sonar", "d$Class", "Class"),
    "chevron": ("mclust", "chevron", "d[[1]]", "class"),
}


def clouds() -> dict[str, tuple[Any, Any]]:
    """The made tables: (rows, which)."""
    from sklearn.datasets import make_circles, make_moons

    random, made = np.random.default_rng(2026), dict[str, tuple[Any, Any]]()
    for d, k in ((2, 5), (5, 4), (10, 6), (30, 5)):
        share = random.uniform(0.3, 1.5, k)
        y = random.choice(k, 800, p=share / share.sum())
        centres, spread = random.normal(size=(k, d)) * (4.5 / np.sqrt(min(d, 6))), random.uniform(0.5, 1.3, k)
        made[f"made: {k} clouds, {d} columns"] = centres[y] + random.normal(size=(800, d)) * spread[y, None], y
    random.integers(0, 3, 600), random.normal(size=(600, 2))  # drawn for a table that was not measured
    made["made: 2 crescents"] = make_moons(600, noise=0.07, random_state=1)
    made["made: 2 rings"] = make_circles(600, noise=0.05, factor=0.4, random_state=1)
    y = random.integers(0, 3, 700)
    x = random.normal(size=(3, 3))[y] * 3 + random.normal(size=(700, 3))
    made["made: 3 clouds in 3 of 12 columns"] = np.hstack([x, random.normal(size=(700, 9))]), y
    return made


def exported(name: str, folder: Path) -> Path:
    """The table as CSV; the label is the column label_."""
    if name not in SETS:
        x, y = clouds()[name]
        with (folder / "table.csv").open("w", newline="") as file:
            rows = ([*(f"{cell:.5g}" for cell in row), f"g{label}"] for row, label in zip(x, y, strict=True))
            csv.writer(file).writerows([[*(f"c{i}" for i in range(x.shape[1])), "label_"], *rows])
        return folder / "table.csv"
    package, data, label, out = SETS[name]
    path = folder / "table.csv"
    code = (
        f'data("{data}", package="{package}"); d <- as.data.frame(get("{data}")); y <- as.character({label}); '
        f'd <- d[, !(names(d) %in% strsplit("{out}", " ")[[1]]), drop=FALSE]; d$label_ <- y; '
        f'write.csv(d, "{path}", row.names=FALSE, na="")'
    )
    subprocess.run(["Rscript", "-e", code], check=True)
    return path


def others(x: Any, y: Any) -> list[str]:
    """ "found/agreement" of each baseline."""
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.mixture import GaussianMixture

    k, every = len(np.unique(y)), set(range(2, 13))
    means = {c: KMeans(c, n_init=10, random_state=0).fit(x).labels_ for c in every | {k}}
    some = np.random.default_rng(0).choice(len(x), min(len(x), 2000), replace=False)
    best = max(every, key=lambda c: silhouette_score(x[some], means[c][some]))
    mixed = {}
    for c in every | {1, k}:
        for shape in ("full", "tied", "diag", "spherical"):
            made = GaussianMixture(c, covariance_type=shape, n_init=2, random_state=0, reg_covar=1e-3).fit(x)
            mixed[c, shape] = made.bic(x), made.predict(x)
    free = min((key for key in mixed if key[0] < 13), key=lambda key: mixed[key][0])
    told = min((key for key in mixed if key[0] == k), key=lambda key: mixed[key][0])
    dense = HDBSCAN(copy=True).fit(x).labels_
    labels = {best: means[best]}, {k: means[k]}, {free[0]: mixed[free][1]}, {k: mixed[told][1]}, {int(dense.max()) + 1: dense}
    return [f"{c} / {adjusted_rand(own, y):.2f}" for one in labels for c, own in one.items()]


def main(effort: str = "standard", *names: str) -> None:
    """Prints the table."""
    warnings.simplefilter("ignore")
    print("| table | rows | true | found / agreement | p | k-means, silhouette | told | mixture, BIC | told | HDBSCAN | CPU s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name in names or (*SETS, *clouds()):
        with tempfile.TemporaryDirectory() as folder:
            path = exported(name, Path(folder))
            began = time.process_time()
            out = Path(folder) / "run"
            study = etabli.cluster(path, label="label_", out=str(out), effort=effort, watch=lambda *_, **__: None)
            spent, result = time.process_time() - began, study.result
            with path.open() as file:
                y = np.unique([row["label_"] for row in csv.DictReader(file)], return_inverse=True)[1]
            x, rows = prepared(path, Path(folder) / "again")
            facts = f"{result['winner']['clusters']} / {result['label']['adjusted_rand']:.2f} | {result['structure']['p']:.2g}"
            print(
                f"| {name} | {len(y)} | {len(np.unique(y))} | {facts} | " + " | ".join(others(x, y[rows])) + f" | {spent:.0f} |", flush=True
            )


def prepared(path: Path, out: Path) -> tuple[Any, Any]:
    """(the rows as the methods see them, which rows)."""
    question = Question(file=str(path), job="cluster", label="label_", out=str(out))
    with runs.opened(question, lambda *_, **__: None, lambda: False, time.monotonic()) as one:
        table = runs.read(one)
        space, rows, _ = story.placed(question, table, runs.audited(one, table))
        return space.turn(space.plain(table, rows)), rows


if __name__ == "__main__":
    main(*sys.argv[1:])
