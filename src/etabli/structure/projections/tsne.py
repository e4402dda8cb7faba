"""t-SNE: each row among its neighbours, whatever becomes of the rest."""

from __future__ import annotations

from typing import final

import numpy as np

from etabli.records import Array, Cost
from etabli.structure.landmarks import MOST, Landmarks
from etabli.structure.method import Values

PERPLEXITY = 30.0
TREE = 3  # coordinates at most: beyond, the tree of Barnes and Hut (van der Maaten 2014) has no use and hours go by


@final
class Tsne(Landmarks):
    """By scikit-learn, from principal components, with one thread."""

    name, title, needs, citation, rank = "tsne", "t-SNE", ("scikit-learn",), "van der Maaten & Hinton 2008", 9
    doc = "A bent map of two or three coordinates, for looking at: near rows are near; sizes of groups and distances between them mean nothing."

    def cost(self, values: Values, rows: int, columns: int) -> Cost:
        """A thousand steps over all landmarks."""
        seen = min(rows, MOST)
        return Cost(work=0.3 + 5e-3 * seen + 1e-8 * rows * seen, memory=5e7 + 8e3 * seen + 24.0 * rows * columns)

    def embedded(self, values: Values, x: Array, components: int, seed: int) -> Array:
        """A perplexity of thirty, or of a third of the rows."""
        from sklearn.manifold import TSNE

        made = TSNE(
            n_components=min(components, TREE),
            perplexity=min(PERPLEXITY, (len(x) - 1) / 3),
            init="pca",
            random_state=seed % 2**32,
            n_jobs=1,
        ).fit_transform(x)
        return np.asarray(made, np.float64)
