"""t-SNE by name: groups stay apart, new rows land among their own, and the error of putting them there is told."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

from etabli.errors import UsageError
from etabli.structure import methods
from etabli.structure.projections.tsne import Tsne


def test_new_rows_land_among_their_own() -> None:
    random = np.random.default_rng(1)
    group = np.arange(360) % 3
    x = np.array([[0.0] * 5, [8.0] * 5, [0.0, 8.0] * 2 + [0.0]])[group] + random.normal(size=(360, 5))
    method = Tsne()
    found = method.fit({"components": 2}, x[:300], 0, lambda: False)
    old, new = method.apply(found, x[:300]), method.apply(found, x[300:])
    centres = np.stack([old[group[:300] == g].mean(axis=0) for g in range(3)])
    assert (((new[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1) == group[300:]).all()
    assert 0 < float(found.arrays["placed"]) < 0.2
    assert float(found.arrays["recall"]) > 0.4


def test_slow_methods_are_tried_when_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = methods.projections()
    assert not {"umap", "tsne"} & methods.chosen(known, ()).keys()
    assert list(methods.chosen(known, ("tsne",))) == ["tsne"]

    def absent(distribution: str) -> str:
        raise PackageNotFoundError(distribution)

    monkeypatch.setattr(methods, "version", absent)
    with pytest.raises(UsageError, match="umap needs umap-learn"):
        methods.chosen(known, ("umap",))
