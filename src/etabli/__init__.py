"""établi: from a data file to an established model.

    study = etabli.fit("census.csv", target="income")
    model = etabli.load("census.etabli/model.onnx")

Names are found when they are asked for, so that `import etabli` costs nothing and `etabli.load` needs only numpy and onnxruntime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etabli.model.load import load as load
    from etabli.model.track import track as track
    from etabli.sklearn import Classifier as Classifier
    from etabli.sklearn import Regressor as Regressor
    from etabli.study import Study as Study
    from etabli.study import adopt as adopt
    from etabli.study import explore as explore
    from etabli.study import fit as fit
    from etabli.study import load_study as load_study
    from etabli.without import anomalies as anomalies
    from etabli.without import cluster as cluster
    from etabli.without import map as map
    from etabli.without import resume as resume

__version__ = "0.1.0"
__all__ = [
    "Classifier",
    "Regressor",
    "Study",
    "__version__",
    "adopt",
    "anomalies",
    "cluster",
    "explore",
    "fit",
    "load",
    "load_study",
    "map",
    "resume",
    "track",
]
WHERE = {
    "Classifier": "etabli.sklearn",
    "Regressor": "etabli.sklearn",
    "load": "etabli.model.load",
    "track": "etabli.model.track",
    "Study": "etabli.study",
    "adopt": "etabli.study",
    "explore": "etabli.study",
    "fit": "etabli.study",
    "resume": "etabli.without",
    "load_study": "etabli.study",
    "anomalies": "etabli.without",
    "cluster": "etabli.without",
    "map": "etabli.without",
}


def __getattr__(name: str) -> Any:
    """Imports a public name's module on first use."""
    if name in WHERE:
        from importlib import import_module

        return getattr(import_module(WHERE[name]), name)
    raise AttributeError(f"module 'etabli' has no attribute {name!r}")
