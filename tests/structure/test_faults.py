"""Kills, Ctrl-C, full disks and read-only folders of runs without a target, with real processes and signals: the file is the same bit for bit, and no half
file is left."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etabli import examples

METHODS = {"anomalies": "mahalanobis,tails,iforest", "cluster": "kmeans", "map": "pca,ica"}


def start(place: Path, *words: str, small: bool = False) -> subprocess.Popen[str]:
    def before() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
        if small:
            resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))

    words = (sys.executable, "-P", "-m", "etabli", *words)
    return subprocess.Popen(words, cwd=place, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=before)


def end(process: subprocess.Popen[str], status: int) -> str:
    _, said = process.communicate(timeout=120)
    assert process.returncode == status, said
    assert "Traceback" not in said and "fault of ours" not in said
    return said


def done(place: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (place / "run" / "done").glob("*.json")}


def until_something_is_done(place: Path) -> None:
    limit = time.monotonic() + 60
    while not done(place):
        assert time.monotonic() < limit
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("job", METHODS)
def test_kills_interruptions_and_small_disks(job: str, tmp_path: Path) -> None:
    shutil.copy(examples.path("penguins.csv"), tmp_path)
    words = (
        job,
        "penguins.csv",
        "--methods",
        METHODS[job],
        "--effort",
        "glance",
        "--lang",
        "en",
        *(("--clusters", "3") if job == "cluster" else ()),
    )
    end(start(tmp_path, *words, "-o", "whole"), 0)
    whole = (tmp_path / "whole" / "model.onnx").read_bytes()

    said = end(start(tmp_path, *words, "-o", "run", small=True), 1)  # a disk that is full after six kilobytes
    assert "File too large" in said or "no room left" in said
    assert list((tmp_path / "run").rglob(".*")) == [] and not (tmp_path / "run" / "model.onnx").exists()

    process = start(tmp_path, *words, "-o", "run")
    until_something_is_done(tmp_path)
    process.kill()
    process.communicate()
    before = done(tmp_path)
    process = start(tmp_path, "resume", "run")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode in (0, 130)
    said = end(start(tmp_path, "resume", "run", "--lang", "en"), 0)
    assert before.items() <= done(tmp_path).items()
    assert (tmp_path / "run" / "model.onnx").read_bytes() == whole
    assert list((tmp_path / "run").rglob(".*")) == []
