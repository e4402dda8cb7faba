"""A model file is used where only numpy and onnxruntime are installed: no onnx, no scikit-learn, no pyarrow, no scipy."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from made import Made

from etabli.model.load import load

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = ("numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf")


@pytest.fixture(scope="module")
def bare() -> Path:
    """The python of a virtual environment with these five alone, kept under build/ for the next time."""
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if re.split("==", line)[0] in NEEDED]
    assert len(pins) == len(NEEDED)
    mark = hashlib.sha256(repr((pins, sys.version)).encode()).hexdigest()[:10]
    folder = ROOT / "build" / f"bare-{mark}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=False, clear=True)
        asked = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            *pins,
        ]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=500)
        if done.returncode:
            pytest.skip("no package index can be reached: " + done.stderr.strip().splitlines()[-1][:200])
        (folder / "ready").touch()
    return python


def run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONWARNINGS": "error",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run([str(python), *arguments], capture_output=True, text=True, env=environment, timeout=120)


@pytest.mark.slow
def test_it_predicts_with_numpy_and_onnxruntime_alone(bare: Path, files: Path, shared: Path, penguins: Made) -> None:
    absent = (
        "import importlib.util as u; print([n for n in ('onnx', 'sklearn', 'pyarrow', 'scipy', 'pandas', 'narwhals') if u.find_spec(n)])"
    )
    assert run(bare, "-c", absent).stdout.strip() == "[]"
    tested = run(bare, "-m", "etabli.model.load", str(files / "penguins.onnx"))
    assert tested.returncode == 0, tested.stderr
    assert json.loads(tested.stdout)["labels"] == 0
    done = run(
        bare, "-m", "etabli.model.load", str(files / "penguins.onnx"), str(shared / "penguins_raw.csv"), "-o", str(files / "out.csv")
    )
    assert done.returncode == 0, done.stderr
    assert "344 rows predicted" in done.stderr
    with (files / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    here = load(penguins.model).predict(shared / "penguins_raw.csv")
    assert [row["prediction"] for row in rows] == here["prediction"][:, 0].tolist()
    assert [float(row["novelty"]) for row in rows] == here["novelty"][:, 0].tolist()


@pytest.mark.slow
def test_it_teaches_there_too(bare: Path, files: Path, shared: Path) -> None:
    wrong = run(bare, "-m", "etabli.model.load", str(files / "penguin.onnx"), "x.csv")
    assert wrong.returncode == 2
    assert "penguins.onnx" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    parquet = run(bare, "-m", "etabli.model.load", str(files / "penguins.onnx"), str(shared / "diamonds.parquet"))
    assert parquet.returncode == 2
    assert "pyarrow" in parquet.stderr


@pytest.mark.slow
def test_it_explains_there_too(bare: Path, files: Path, shared: Path) -> None:
    command = "import sys; from etabli.cli import main; sys.exit(main(sys.argv[1:]))"
    data = str(shared / "penguins_raw.csv")
    one = run(bare, "-c", command, "explain", str(files / "penguins.onnx"), data, "--row", "7", "--lang", "en")
    assert one.returncode == 0, one.stderr
    assert "What would change the answer:" in one.stdout
    many = run(bare, "-c", command, "explain", str(files / "penguins.onnx"), data, "--scale", "margin", "-o", str(files / "why.csv"))
    assert many.returncode == 0, many.stderr
    assert "exact" in many.stderr
