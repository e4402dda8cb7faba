"""The map by UMAP (McInnes, Healy and Melville 2018), made when asked for: minutes for many rows, so in a process of its own that tells how far it is.

A process, because UMAP's compiled loops hold Python's lock and would stop the pages; it is given the principal axes of the rows and returns
two coordinates. A thread of the server listens to it. With a fixed seed the same rows give the same map on one machine.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from etabli.faces.explore.opened import Opened
from etabli.faces.explore.relate import Key
from etabli.faces.explore.rowmap import rowmap
from etabli.records import Array

NEIGHBOURS = 15
LONGEST = 1_800.0  # seconds


@dataclass
class Job:
    """A map in the making. done: share, 0 to 1. where: float64 [rows, 2] at the end. wrong: what went wrong, in the child's words."""

    started: float = field(default_factory=time.monotonic)
    done: float = 0.0
    where: Array | None = None
    wrong: str = ""

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started


_jobs: dict[Key, Job] = {}
_lock = threading.Lock()


def installed() -> bool:
    """Whether umap-learn is there (the extra `etabli[umap]`), without importing it."""
    return importlib.util.find_spec("umap") is not None


def job(opened: Opened, start: bool = False) -> Job | None:
    """The map of a file, in the making, made or failed; None when nobody asked. start: ask."""
    key = Key(opened)
    with _lock:
        found = _jobs.get(key)
        if start and found is None:
            found = _jobs[key] = Job()
            threading.Thread(target=_make, args=(opened, found), daemon=True).start()
        return found


def _make(opened: Opened, found: Job) -> None:
    try:
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder, "axes.npy"), Path(folder, "where.npy")
            np.save(given, rowmap(opened).placed.scores.astype(np.float32))
            words = [sys.executable, "-m", __name__, str(given), str(made)]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.PIPE) as child:
                guard = threading.Timer(LONGEST, child.kill)
                guard.start()
                said = _listen(child, found)
                child.wait()
                guard.cancel()
            if child.returncode == 0:
                found.where = np.load(made).astype(np.float64)
            else:
                found.wrong = said or f"exit status {child.returncode}"
    except Exception as error:  # told on the page; the server goes on
        found.wrong = f"{type(error).__name__}: {error}"


def _listen(child: subprocess.Popen[bytes], found: Job) -> str:
    """Follows what the child writes: percents are progress. Returns its last line."""
    assert child.stdout is not None
    text = b""
    while piece := child.stdout.read1():  # type: ignore[attr-defined]
        text = (text + piece)[-2_000:]
        shares = re.findall(rb"(\d+)%", text)
        if shares:
            found.done = max(found.done, int(shares[-1]) / 100)
    lines = [line for line in re.split(r"[\r\n]+", text.decode("utf-8", "replace")) if line.strip()]
    return lines[-1].strip()[:300] if lines else ""


def _child(given: str, made: str) -> None:
    """What the process does. It ends when the server that holds its standard input does."""
    import os
    import warnings

    threading.Thread(target=lambda: (os.read(0, 1), os._exit(3)), daemon=True).start()
    warnings.simplefilter("ignore")
    from umap import UMAP

    axes = np.load(given)
    model = UMAP(n_neighbors=min(NEIGHBOURS, len(axes) - 1), random_state=0, n_jobs=1, verbose=True, tqdm_kwds={"mininterval": 0.3})
    np.save(made, model.fit_transform(axes))
    os._exit(0)  # the thread that listens would be in the way of an orderly end


if __name__ == "__main__":
    _child(*sys.argv[1:])
