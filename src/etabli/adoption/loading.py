"""What `etabli adopt` is pointed at: `module:object` in Python code, or a file that a boosting library saved.

Code that is imported is run, and so is a pickle when it is opened: a pickle is opened only when the user says that it may be. What goes
wrong in such code is its author's to know: the file, the line and the exception are told.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from etabli.adoption.torch_file import SUFFIXES, opened
from etabli.errors import EtabliError, UsageError, did_you_mean

PICKLES = (".pkl", ".pickle", ".joblib")
FILES = (*PICKLES, *SUFFIXES, ".onnx", ".keras", ".h5", ".cbm", ".ubj", ".json", ".model", ".txt")


def loaded(where: str, trusted: bool = False) -> Any:
    """The fitted estimator. where: "module:object", "file.py:object", or a model file of XGBoost (.json, .ubj), LightGBM (.txt),
    CatBoost (.cbm), ONNX or Keras. trusted: a pickle, or code in a Keras file, may be run. UsageError for what is none of these."""
    place = Path(where)
    if place.is_file():
        return _saved(place, trusted)
    if (place / "saved_model.pb").is_file():
        from etabli.estimators.networks.network import brought
        from etabli.estimators.networks.tensorflow_given import opened as saved

        return brought(saved(place, trusted))
    if place.is_dir():
        raise UsageError(
            "a folder that is adopted is one that TensorFlow saved",
            f"{where}: no saved_model.pb in it",
            "load what is in it in a Python file, and give file.py:object",
        )
    module, colon, name = where.rpartition(":")
    if not colon or not name:
        near = did_you_mean(place.name, [entry.name for entry in place.parent.iterdir()]) if place.parent.is_dir() else ""
        if place.suffix.lower() in FILES and not place.exists():
            raise UsageError("the model file exists", f'"{where}"', near)
        raise UsageError(
            "adopt takes module:object, or a model file of XGBoost, LightGBM, CatBoost, ONNX, Keras or PyTorch",
            f'"{where}"',
            near or "etabli adopt train.py:model",
        )
    with theirs(module):
        found: Any = _module(module)
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(
                f"{module} has an object of that name",
                f'"{name}"',
                did_you_mean(part, dir(found)) or (_own(found) if inspect.ismodule(found) else ""),
            )
        found = getattr(found, part)
    from etabli.estimators.networks.network import Network, brought

    found = brought(found)
    if callable(found) and not isinstance(found, Network) and not hasattr(found, "predict") and not hasattr(found, "transform"):
        with theirs(module):
            return found()
    return found


def shaped(texts: Sequence[str]) -> dict[str, tuple[int | str, ...]]:
    """ "codes=3,pixels=1x28x28" as shapes by name, "codes=island,sex" as columns by name, "lags=2x1:old,new" as both. UsageError for another form."""
    made: dict[str, tuple[int | str, ...]] = {}
    for text in texts:
        pairs: list[tuple[str, tuple[int | str, ...]]] = []
        for name, _, shape in (part.partition("=") for part in text.split(",")):
            if all(size.isdecimal() and int(size) for size in shape.split("x")):
                pairs.append((name, tuple(map(int, shape.split("x")))))
        if len(pairs) <= text.count(","):  # no list of shapes, then
            name, _, columns = text.partition("=")
            sizes, colon, named = columns.partition(":")  # a shape, and the columns that fill it
            filled = [int(size) for size in sizes.split("x")] if colon and all(map(str.isdecimal, sizes.split("x"))) else []
            pairs = [(name, (*filled, *(named if filled else columns).split(",")))]
        told = dict(pairs)
        if len(told) < len(pairs) or not all(name and all(taken) for name, taken in pairs) or set(told) & set(made):
            raise UsageError(
                "--inputs takes NAME=SHAPE,..., NAME=COLUMN,... or NAME=SHAPE:COLUMN,..., each name once",
                f'"{text}"',
                "for instance: --inputs codes=3,pixels=1x28x28, or --inputs codes=island,sex --inputs sizes=bill_length_mm,body_mass_g",
            )
        made |= told
    return made


@contextlib.contextmanager
def theirs(module: str) -> Iterator[None]:
    """What the code of `module` raises, as an error that names its file and line."""
    try:
        yield
    except EtabliError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError("the Python code runs", _where(error, module), "run it by itself first; adopt imports it as it is") from error


def _where(error: BaseException, module: str) -> str:
    """The last line of the user's own code that the error went through (not of a library), and what it says."""
    said = f"{type(error).__name__}: {' '.join(str(error).split()):.300}".rstrip(": ")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {said}"
    paths = sysconfig.get_paths()
    libraries = ("<", str(Path(__file__).parent.parent), *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")))
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(libraries)]
    if not own:
        return f"{module}: {said}"
    return f"{own[-1].filename}, line {own[-1].lineno}: {(own[-1].line or '').strip():.120}: {said}"


def _module(name: str) -> Any:
    path = Path(name)
    if path.suffix == ".py":
        if not path.is_file():
            raise UsageError("the Python file exists", name, did_you_mean(path.name, [entry.name for entry in path.parent.glob("*.py")]))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, made)
        sys.path.insert(0, str(path.parent.resolve()))
        spec.loader.exec_module(made)
        return made
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            near = did_you_mean(name, [entry.stem for entry in Path().glob("*.py")])
            raise UsageError("the module can be imported from here", f'"{name}"', near) from None
        raise


def _saved(path: Path, trusted: bool) -> Any:
    kind = path.suffix.lower()
    if kind in PICKLES:
        return _pickle(path, trusted)
    if kind == ".onnx":
        from etabli.estimators.networks.network import brought

        return brought(path)
    if kind in (".keras", ".h5", ".hdf5"):
        from etabli.estimators.networks.brought import kept
        from etabli.estimators.networks.network import Network

        found = kept(path, trusted)
        return Network(found.title, made=found.made, takes=found.takes)
    if kind == ".cbm":
        return _catboost(path)
    if kind in (".ubj", ".json", ".model"):
        if kind == ".json" and not _is_xgboost(path):
            return _catboost(path, "json")
        import xgboost

        try:
            return xgboost.Booster(model_file=str(path))
        except xgboost.core.XGBoostError as error:
            raise UsageError("a .ubj or .json file is a model that XGBoost saved", f"{path}: {str(error).splitlines()[0]:.160}") from None
    if kind == ".txt":
        import lightgbm

        try:
            return lightgbm.Booster(model_file=str(path))
        except lightgbm.basic.LightGBMError as error:
            raise UsageError("a .txt file is a model that LightGBM saved", f"{path}: {error}") from None
    if kind in SUFFIXES:
        from etabli.estimators.networks.network import brought

        return brought(opened(path, trusted))
    raise UsageError(
        "a saved model is .json or .ubj (XGBoost), .txt (LightGBM), .cbm (CatBoost), .onnx, .keras or .h5 (Keras), .pt (PyTorch)",
        str(path),
        "load it in a Python file and give file.py:object",
    )


def _own(found: Any) -> str:
    """What a module has that was made in it, as a hint: neither modules nor what begins with a mark."""
    names = [name for name, value in vars(found).items() if name[0] != "_" and not isinstance(value, type) and not inspect.ismodule(value)]
    return f"it has: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}" if names else "it has none that could be adopted"


def _is_xgboost(path: Path) -> bool:
    try:
        return "learner" in json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, AttributeError) as error:
        raise UsageError("a .json file is a model that XGBoost or CatBoost saved", f"{path}: {error}") from None


def _catboost(path: Path, form: str = "cbm") -> Any:
    try:
        import catboost
    except ImportError:
        raise UsageError("a CatBoost model is read by catboost", f"{path}: it is not installed", "pip install etabli[catboost]") from None
    try:
        model = catboost.CatBoost().load_model(str(path), format=form)
    except catboost.CatBoostError as error:
        raise UsageError("a .cbm file is a model that CatBoost saved", f"{path}: {str(error).splitlines()[0]:.160}") from None
    if not model.tree_count_:
        raise UsageError("a .cbm or .json file is a model that CatBoost or XGBoost saved", f"{path}: no trees in it")
    # the base class knows no classes: the objective tells what the model was
    loss = str(model.get_all_params().get("loss_function", ""))
    classes = getattr(model, "classes_", None)
    own = catboost.CatBoostClassifier if classes is not None and len(classes) else catboost.CatBoostRegressor
    return own().load_model(str(path), format=form) if not loss.startswith(("YetiRank", "Query", "Pair")) else model


def _pickle(path: Path, trusted: bool) -> Any:
    if not trusted:
        raise UsageError(
            "opening a pickle runs whatever code is in it",
            str(path),
            "if you trust where it comes from: --trust-pickle; or give file.py:object",
        )
    import joblib

    try:
        return joblib.load(path)
    except Exception as error:
        raise UsageError("the pickle opens with the libraries installed here", f"{path}: {type(error).__name__}: {error}") from None
