"""A worker that waits for the next fit of the same process, instead of being started again.

Starting one costs an import of every fitting library: more than fitting a hundred rows. Who fits many times (a cross-validation, a grid search)
asks for `local?keep=60`: at the end of a run the worker ends what still runs, says that it rests, and the next run with as many threads takes
it. After so many seconds without one, when its process ends or is killed, it ends by itself. A forked process never takes its parent's.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

ANSWER = 10.0  # seconds that a resting worker has to answer
Key = tuple[Any, ...]
_RESTING: dict[Key, subprocess.Popen[bytes]] = {}


def leave(key: Key, worker: subprocess.Popen[bytes], seconds: float) -> bool:
    """Lets a worker rest; False when it cannot (it has died, or does not answer), and then it is the caller's to end."""
    key = (os.getpid(), *key)
    if key in _RESTING or not _said(worker, {"do": "rest", "seconds": seconds}, "resting"):
        return False
    if not _RESTING:
        atexit.register(end_all)
    _RESTING[key] = worker
    return True


def take(key: Key, folder: Path) -> subprocess.Popen[bytes] | None:
    """A worker that rests, now at work in that run folder; None when there is none."""
    worker = _RESTING.pop((os.getpid(), *key), None)
    if worker is None:
        return None
    if _said(worker, {"do": "serve", "folder": str(folder.resolve())}, "serving"):
        return worker
    end(worker)
    return None


def end(worker: subprocess.Popen[bytes]) -> None:
    """Closes a worker's input, upon which it ends its tasks and itself."""
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    try:
        worker.wait(5)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def end_all() -> None:
    """Ends every worker of this process that rests."""
    for key in list(_RESTING):
        worker = _RESTING.pop(key)
        if key[0] == os.getpid():
            worker.kill()
            end(worker)


def _said(worker: subprocess.Popen[bytes], order: dict[str, Any], event: str) -> bool:
    """Whether it answers an order with that event; what it said before, of a run that is over, is read and forgotten."""
    assert worker.stdin is not None and worker.stdout is not None
    try:
        worker.stdin.write((json.dumps(order) + "\n").encode())
        worker.stdin.flush()
    except (BrokenPipeError, OSError):
        return False
    buffer, until = b"", time.monotonic() + ANSWER
    while (left := until - time.monotonic()) > 0:
        if not select.select([worker.stdout], [], [], left)[0]:
            break
        data = os.read(worker.stdout.fileno(), 1 << 16)
        if not data:
            break
        *lines, buffer = (buffer + data).split(b"\n")
        if any(json.loads(line)["event"] == event for line in lines):
            return True
    return False
