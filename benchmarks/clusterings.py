"""What a clustering costs here and with the library alone on all rows, and how far the two agree: CPU seconds and adjusted Rand index.

    .venv/bin/python benchmarks/clusterings.py            the table of docs/clusterings.md

Here a method may see a draw, labels every row, and becomes nodes; there it sees all rows and cannot place a new one, but for k-means and mixtures.
Mini-batches are held against k-means. Clouds: five, unequal in size and tilt, ten columns. Crescents: two, in two columns. Agreement of DBSCAN is with the library at the same reach rule on
all rows.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from etabli.judge.stability import adjusted_rand
from etabli.structure.methods import clusterings

SIZES = (1000, 20_000)


def clouds(rows: int) -> Any:
    """Five clouds that overlap, the largest five times the smallest."""
    random = np.random.default_rng(1)
    which = random.choice(5, rows, p=[0.35, 0.25, 0.2, 0.13, 0.07])
    tilt = random.normal(size=(5, 10, 10)) / 4 + 0.6 * np.eye(10)
    return random.normal(size=(5, 10))[which] + np.einsum("ij,ijk->ik", random.normal(size=(rows, 10)), tilt[which])


def crescents(rows: int) -> Any:
    """Two crescents, each reaching into the other."""
    from sklearn.datasets import make_moons

    x = make_moons(rows, noise=0.08, random_state=0)[0]
    return (x - x.mean(axis=0)) / x.std(axis=0)


def library(name: str, values: dict[str, Any]) -> Callable[[Any], Any]:
    """The library's own labels on all rows."""
    from sklearn import cluster, mixture
    from sklearn.neighbors import NearestNeighbors

    k = values.get("clusters")

    def dbscan(x: Any) -> Any:
        m = values["neighbours"]
        far = NearestNeighbors(n_neighbors=m).fit(x).kneighbors(x)[0][:, -1]
        return cluster.DBSCAN(eps=np.quantile(far, values["core"], method="higher") * (1 + 1e-9), min_samples=m).fit(x).labels_

    return {
        "kmeans": lambda x: cluster.KMeans(k, n_init=10, random_state=0).fit(x).labels_,
        "minibatch": lambda x: cluster.KMeans(k, n_init=10, random_state=0).fit(x).labels_,
        "bisecting": lambda x: cluster.BisectingKMeans(k, n_init=5, random_state=0).fit(x).labels_,
        "ward": lambda x: cluster.AgglomerativeClustering(k, linkage="ward").fit(x).labels_,
        "average": lambda x: cluster.AgglomerativeClustering(k, linkage="average").fit(x).labels_,
        "mixture": lambda x: (
            mixture.GaussianMixture(k, covariance_type=values.get("covariance"), n_init=3, random_state=0).fit(x).predict(x)
        ),
        "dbscan": dbscan,
        "hdbscan": lambda x: (
            cluster.HDBSCAN(min_cluster_size=max(2, round(values["least"] * len(x))), min_samples=values["neighbours"], copy=True)
            .fit(x)
            .labels_
        ),
        "spectral": lambda x: cluster.SpectralClustering(k, affinity="nearest_neighbors", n_neighbors=10, random_state=0).fit(x).labels_,
    }[name]


def timed(make: Callable[[], Any]) -> tuple[Any, float]:
    """(what it gives, CPU seconds)."""
    began = time.process_time()
    made = make()
    return made, time.process_time() - began


def main(names: list[str]) -> None:
    """Prints the table."""
    asked = [(name, clouds, {"clusters": 5}) for name in ("kmeans", "minibatch", "bisecting", "ward", "average")]
    asked += [("mixture", clouds, {"clusters": 5, "covariance": shape}) for shape in ("full", "tied", "diag")]
    asked += [("dbscan", crescents, {"neighbours": 20, "core": 0.9}), ("hdbscan", crescents, {"least": 0.05, "neighbours": 15})]
    asked += [("spectral", crescents, {"clusters": 2})]
    for method in clusterings().values():  # what is imported once is not counted
        method.fit(dict(method.settings(40, 2)[0]), crescents(40), 0, lambda: False)
    print("| method | rows | here, s | all rows, s | agreement | given back |\n|---|--:|--:|--:|--:|--:|")
    for name, data, values in asked:
        if names and name not in names:
            continue
        for rows in SIZES:
            x, method = data(rows), clusterings()[name]
            found, here = timed(lambda method=method, values=values, x=x: method.fit(values, x, 0, lambda: False))  # type: ignore[misc]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs, there = timed(lambda name=name, values=values, x=x: library(name, values)(x))  # type: ignore[misc]
            told = f"{name} {values.get('covariance', '')}".strip()
            same = adjusted_rand(found.labels, theirs)
            print(f"| {told} | {rows} | {here:.2f} | {there:.2f} | {same:.2f} | {float(found.arrays['agreement']):.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
