"""The state of a training, kept in the run folder so that a kill loses half a minute and not an hour.

A file of plain arrays, named by what is learned (rows, weights, settings, plan), so that only the very same training finds it; written aside and renamed. It goes on to the same bits, since
the whole state is there: weights, moments, the best so far, the number of the epoch, from which all chance is drawn.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar, final

import numpy as np

EVERY = 30.0  # seconds
Run = TypeVar("Run")


@final
class Kept:
    """One file of one training. folder: made where it is missing. what: (network, loss, plan, lessons), which give the name."""

    def __init__(self, folder: Path, what: Any) -> None:
        network, loss, plan, lessons = what
        seen = hashlib.sha256(repr((network, loss, plan)).encode())
        for lesson in lessons:
            for field in fields(lesson):
                value = getattr(lesson, field.name)
                parts = sorted(value.items()) if isinstance(value, dict) else [(field.name, value)]
                for name, part in parts:
                    seen.update(name.encode())
                    seen.update(np.ascontiguousarray(part).tobytes())
        self.path = folder / f"training-{seen.hexdigest()[:16]}.npz"
        self._last = time.monotonic()

    def found(self, run: Run) -> Run:
        """What was kept, or `run` as it is; a file that cannot be read is as none."""
        from etabli.nets.device import jax

        try:
            with np.load(self.path, allow_pickle=False) as file:
                kept = {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, KeyError):
            return run
        tree = jax().tree
        leaves, shape = tree.flatten((run.state, run.best))  # type: ignore[attr-defined]
        state, best = tree.unflatten(shape, [kept[f"leaf{i}"] for i in range(len(leaves))])
        lengths = kept["lengths"].tolist()
        ends = np.cumsum(lengths)
        curve = [[(float(a), float(b)) for a, b in kept["curve"][end - length : end]] for length, end in zip(lengths, ends, strict=True)]
        more = {name: kept[name] for name in ("score", "place", "waited")}
        return replace(run, state=state, best=best, curve=curve, epoch=int(kept["epoch"]), **more)  # type: ignore[type-var]

    def keep(self, run: Any) -> None:
        """Every EVERY seconds. A folder that takes nothing (full, read-only) is no reason to stop learning."""
        if time.monotonic() - self._last < EVERY:
            return
        from etabli.nets.device import jax

        self._last = time.monotonic()
        leaves: dict[str, Any] = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax().tree.leaves((run.state, run.best)))}
        curve = np.array([pair for one in run.curve for pair in one], float).reshape(-1, 2)
        lengths = np.array([len(one) for one in run.curve])
        more: dict[str, Any] = {"score": run.score, "place": run.place, "waited": run.waited, "epoch": np.array(run.epoch)}
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_name(f"{self.path.stem}.{os.getpid()}.part")
            with beside.open("wb") as file:
                np.savez(file, curve=curve, lengths=lengths, **leaves, **more)
            beside.replace(self.path)

    def forget(self) -> None:
        """It came to its end."""
        self.path.unlink(missing_ok=True)
