"""Imports go one way, and what starts fast stays light (docs/architecture.md, "Direction of imports").

The imports are read from the source with `ast`, those inside functions too; only TYPE_CHECKING blocks may look up.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "etabli"

# Each may import those before it, and its own folder. Two on one line do not know each other.
ORDER = (
    ("errors",),
    ("records", "examples"),
    ("job", "graph"),
    ("estimators",),
    ("nets",),
    ("data",),
    ("families",),
    ("judge",),
    ("model",),
    ("work",),
    ("adoption", "structure"),
    ("faces",),
    ("study", "arguments"),
    ("without",),
    ("commands",),
    ("cli", "sklearn"),
    ("__init__", "__main__"),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
HEAVY = {
    "onnx",
    "onnxruntime",
    "sklearn",
    "lightgbm",
    "xgboost",
    "catboost",
    "pyarrow",
    "scipy",
    "rich",
    "jinja2",
    "pandas",
    "polars",
    "matplotlib",
    "joblib",
    "jax",
    "torch",
}
STARTS = ("etabli", "etabli.cli", "etabli.model.load")  # where a person or a program comes in
ALONE = (
    "etabli.model.load",
    "etabli.model.alone",
    "etabli.data.cells",
    "etabli.data.dates",
    "etabli.data.dialect",
)  # run where only numpy and onnxruntime are installed


def module_of(path: Path, source: Path = SOURCE) -> str:
    """src/etabli/job/budget.py -> etabli.job.budget; a package's __init__.py has the package's name."""
    parts = path.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str:
    """The folder or file below etabli: "job" for etabli.job.budget, "__init__" for etabli itself."""
    return [*module.split("."), "__init__"][1]


def imports(path: Path, module: str, inside: bool) -> Iterator[tuple[str, int]]:
    """(dotted name, line) of every import; names taken from a module are given as module.name. inside: also those in functions."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for other in child.orelse:
                    yield from walk(other)
            elif isinstance(child, ast.Import):
                yield from ((alias.name, child.lineno) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, *([base] if base else [])])
                yield from ((f"{base}.{alias.name}", child.lineno) for alias in child.names)
            elif inside or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield from walk(child)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")))


def arrows_back(source: Path) -> list[str]:
    """Every import that goes up, or across to a neighbour."""
    wrong = []
    for path in sorted(source.rglob("*.py")):
        module = module_of(path, source)
        mine = layer_of(module)
        if mine not in RANK:
            wrong.append(f"{path.relative_to(source)}: {mine} has no place in the order")
            continue
        for name, line in imports(path, module, inside=True):
            if name.split(".")[0] != "etabli":
                continue
            other = layer_of(name)
            if other not in RANK:  # `from etabli import __version__`: a name, not a module
                other = "__init__"
            allowed = other == mine or RANK[other] < RANK[mine] or name == "etabli.__version__"
            if not allowed:
                wrong.append(f"{path.relative_to(source)}:{line}: {mine} imports {name}")
    return wrong


def loaded_at_import(start: str, source: Path) -> dict[str, Path]:
    """Our modules that are executed when `start` is imported: packages above it, and all they import outside functions."""
    files = {module_of(path, source): path for path in source.rglob("*.py")}
    found: dict[str, Path] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        while name and name not in files:  # module.name -> module
            name = name.rpartition(".")[0]
        for module in (".".join(name.split(".")[: n + 1]) for n in range(name.count(".") + 1)):
            if module in files and module not in found:
                found[module] = files[module]
                waiting += [other for other, _ in imports(files[module], module, inside=False)]
    return found


def test_imports_go_one_way() -> None:
    assert arrows_back(SOURCE) == []


@pytest.mark.parametrize("start", STARTS)
def test_what_starts_fast_loads_nothing_heavy(start: str) -> None:
    loaded = loaded_at_import(start, SOURCE)
    assert start in loaded, f"{start} is missing"
    heavy = [
        f"{module}:{line}: {name}"
        for module, path in loaded.items()
        for name, line in imports(path, module, inside=False)
        if name.split(".")[0] in HEAVY
    ]
    assert heavy == []


@pytest.mark.parametrize("start", ALONE)
def test_what_runs_alone_needs_numpy_only(start: str) -> None:
    """At import time; what a function needs beyond that (onnxruntime, pyarrow for Parquet) is its own affair."""
    allowed = {*sys.stdlib_module_names, "numpy", "etabli"}
    loaded = loaded_at_import(start, SOURCE)
    assert start in loaded, f"{start} is missing"
    foreign = [
        f"{module}:{line}: {name}"
        for module, path in loaded.items()
        for name, line in imports(path, module, inside=False)
        if name.split(".")[0] not in allowed
    ]
    assert foreign == []


def test_the_reading_sees_every_kind_of_arrow_back(tmp_path: Path) -> None:
    """Against the test itself: a house with one wrong arrow of each kind."""
    source = tmp_path / "etabli"
    files = {
        "__init__.py": "",
        "errors.py": "",
        "records.py": "from etabli import errors\n",
        "job/__init__.py": "",
        "job/a.py": "from etabli.job import b\nfrom etabli import records\nfrom etabli.graph import run\n",
        "job/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from etabli.work import tasks\n",
        "graph/__init__.py": "",
        "graph/run.py": "def f():\n    from ..data import cells\n    import etabli.cli\n",
        "data/cells.py": "from etabli import load\nimport onnx\n",
        "strange.py": "",
    }
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    assert arrows_back(source) == [
        "data/cells.py:1: data imports etabli.load",
        "graph/run.py:2: graph imports etabli.data.cells",
        "graph/run.py:3: graph imports etabli.cli",
        "job/a.py:3: job imports etabli.graph.run",
        "strange.py: strange has no place in the order",
    ]
    assert set(loaded_at_import("etabli.job.a", source)) == {
        "etabli",
        "etabli.job",
        "etabli.job.a",
        "etabli.job.b",
        "etabli.records",
        "etabli.errors",
        "etabli.graph",
        "etabli.graph.run",
    }
