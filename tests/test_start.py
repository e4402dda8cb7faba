"""What a user waits for: `etabli --help` and `import etabli` load nothing heavy. Names are checked, not times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# By the name of the import. narwhals, numpy and the standard library are light enough.
HEAVY = {"onnx", "onnxruntime", "sklearn", "lightgbm", "pyarrow", "scipy", "rich", "jinja2", "pandas", "polars", "matplotlib", "joblib"}
COMMAND = Path(sys.executable).parent / "etabli"


def loaded(*arguments: str) -> tuple[set[str], str]:
    """The top-level names of all modules that a Python process imports, and what it prints."""
    process = subprocess.run([sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, timeout=60)
    assert process.returncode == 0, process.stderr[-2000:]
    lines = [line for line in process.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().split(".")[0] for line in lines}, process.stdout


@pytest.mark.parametrize("code", ["import etabli", "import etabli.model.load", "import etabli.cli"])
def test_imports_are_light(code: str) -> None:
    names, _ = loaded("-c", code)
    assert "etabli" in names
    assert names & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"]])
def test_the_command_answers_without_loading_anything_heavy(arguments: list[str]) -> None:
    names, out = loaded(str(COMMAND), *arguments)
    assert "etabli" in names
    assert names & HEAVY == set()
    assert out.strip()


def test_the_measure_sees_a_heavy_import() -> None:
    names, _ = loaded("-c", "import jinja2")
    assert names & HEAVY == {"jinja2"}


def test_loading_a_model_needs_nothing_else() -> None:
    """With every other library forbidden, `etabli.model.load` still imports."""
    code = (
        "import sys, importlib.abc\n"
        "class Wall(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'onnx', 'sklearn', 'lightgbm', 'pyarrow', 'scipy', 'rich', 'jinja2', 'narwhals', 'joblib'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Wall())\n"
        "import etabli, etabli.model.load\n"
        "print('here')"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert process.stdout.strip() == "here", process.stderr[-2000:]
