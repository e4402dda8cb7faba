"""Estimators that are refused, each with its reason: better than the plain word that no function writes them."""

from __future__ import annotations

from typing import Any

from etabli.estimators.writing import Answer, Frame, Refused, writes
from etabli.graph.graph import Graph

_NO_NEW_ROWS = "it clusters the rows it was fitted on and cannot place new ones"
_NO_MAP = "it lays out the rows it was fitted on and has no map for new ones"
_ITERATES = "it solves a new problem for every row by iteration until a tolerance; only the same loop gives the same numbers"
_CLUSTER = "use a clustering that predicts (KMeans, GaussianMixture, Birch), or fit a classifier to the labels"
_LINEAR = "use a linear projection (PCA, TruncatedSVD, SparsePCA)"

REASONS = {
    "sklearn.cluster._dbscan.DBSCAN": (_NO_NEW_ROWS, _CLUSTER),
    "sklearn.cluster._hdbscan.hdbscan.HDBSCAN": (_NO_NEW_ROWS, _CLUSTER),
    "sklearn.cluster._optics.OPTICS": (_NO_NEW_ROWS, _CLUSTER),
    "sklearn.cluster._agglomerative.AgglomerativeClustering": (_NO_NEW_ROWS, _CLUSTER),
    "sklearn.cluster._spectral.SpectralClustering": (_NO_NEW_ROWS, _CLUSTER),
    "sklearn.manifold._t_sne.TSNE": (_NO_MAP, _LINEAR),
    "sklearn.manifold._mds.MDS": (_NO_MAP, _LINEAR),
    "sklearn.manifold._classical_mds.ClassicalMDS": (_NO_MAP, _LINEAR),
    "sklearn.manifold._spectral_embedding.SpectralEmbedding": (_NO_MAP, _LINEAR),
    "sklearn.decomposition._nmf.NMF": (_ITERATES, _LINEAR),
    "sklearn.decomposition._nmf.MiniBatchNMF": (_ITERATES, _LINEAR),
    "sklearn.decomposition._lda.LatentDirichletAllocation": (_ITERATES, _LINEAR),
    "sklearn.decomposition._dict_learning.DictionaryLearning": (_ITERATES, _LINEAR),
    "sklearn.decomposition._dict_learning.MiniBatchDictionaryLearning": (_ITERATES, _LINEAR),
    "sklearn.decomposition._dict_learning.SparseCoder": (_ITERATES, _LINEAR),
    "sklearn.manifold._locally_linear.LocallyLinearEmbedding": ("it solves a system of equations for every row", _LINEAR),
    "sklearn.manifold._isomap.Isomap": ("it searches shortest paths for every row", _LINEAR),
}


@writes(*REASONS)
def refused(estimator: Any, graph: Graph, frame: Frame) -> Frame | Answer:
    """Raises, with the reason of the first of its bases that has one."""
    for kind in type(estimator).__mro__:
        found = REASONS.get(f"{kind.__module__}.{kind.__qualname__}")
        if found is not None:
            raise Refused(estimator, *found)
    raise Refused(estimator, "it is not written")
