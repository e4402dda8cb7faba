"""UMAP: neighbours stay together, and what is far apart means little (the extra `etabli[umap]`)."""

from __future__ import annotations

from typing import final

import numpy as np

from etabli.records import Array, Cost
from etabli.structure.landmarks import MOST, Landmarks
from etabli.structure.method import Values

NEIGHBOURS = 15


@final
class Umap(Landmarks):
    """By umap-learn, with its defaults and one thread."""

    name, title, needs, citation, rank = "umap", "UMAP", ("umap-learn",), "McInnes, Healy & Melville 2018", 8
    doc = "A bent map that keeps each row's nearest neighbours near; sizes of groups and distances between them mean nothing."

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """The compilation of umap-learn, then so much for each landmark."""
        seen = min(rows, MOST)
        return Cost(work=8.0 + 4e-3 * seen + 1e-8 * rows * seen, memory=2e8 + 8e3 * seen + 24.0 * rows * columns)

    def embedded(self, values: Values, x: Array, components: int, seed: int) -> Array:
        """From random places where the spectral start cannot be had (a table of hardly more rows than coordinates)."""
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # umap-learn warns of what it does without, and of one thread
            from umap import UMAP

            made = UMAP(
                n_components=components,
                n_neighbors=min(NEIGHBOURS, len(x) - 1),
                init="spectral" if len(x) > components + 20 else "random",
                random_state=seed % 2**32,
                n_jobs=1,
            ).fit_transform(x)
        return np.asarray(made, np.float64)
