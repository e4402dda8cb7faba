"""What a training tells while it runs: a small file in the run folder, at most one a second, that whoever watches may read.

A file and not a message, so that it is the same on a laptop and where the worker is on another machine; what is written half is not seen (written aside, renamed). A folder
that takes nothing is no reason to stop learning.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

EVERY, POINTS, FRESH = (
    1.0,
    40,
    30.0,
)  # seconds between two files; points of the curve; seconds after which a file is of a training that was killed
ENDS = ".live.json"


@final
class Live:
    """One training. folder: of the run's `aside`, None where nobody watches. epochs: at most so many."""

    def __init__(self, folder: Path | None, epochs: int) -> None:
        self.path = None if folder is None else folder / f"{os.getpid()}-{id(self)}{ENDS}"
        self.epochs, self._last = epochs, time.monotonic()

    def tell(self, held: Sequence[float]) -> None:
        """held: the score of each epoch so far."""
        if self.path is None or time.monotonic() - self._last < EVERY:
            return
        self._last = time.monotonic()
        places = np.unique(np.linspace(0, len(held) - 1, min(len(held), POINTS)).round().astype(int))
        said = {"epoch": len(held), "epochs": self.epochs, "held": [float(held[place]) for place in places]}
        with contextlib.suppress(OSError, ValueError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_suffix(".part")
            beside.write_text(json.dumps(said, allow_nan=False), encoding="utf-8")
            beside.replace(self.path)

    def end(self) -> None:
        """It is over."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


def running(folder: Path) -> list[dict[str, Any]]:
    """{"epoch", "epochs", "held"} of each training that told something lately in that folder."""
    made = []
    for path in sorted(folder.glob(f"*{ENDS}")):
        with contextlib.suppress(OSError, ValueError):
            if time.time() - path.stat().st_mtime < FRESH:
                made.append(json.loads(path.read_text(encoding="utf-8")))
    return made
