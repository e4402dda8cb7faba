"""A worker: `python -m etabli.work.worker RUN PARENT`. It imports the heavy libraries once, then forks a process for each
order: a task, or a few small ones of one path.

One process a fit gives the memory back to the system, survives a crash of a library, and costs a fork (some 10 ms) instead
of an import (seconds). The driver writes a line of JSON on standard input for each task and reads one line for each event on
standard output. When the driver goes away (kill -9 included) standard input closes, and the worker and its tasks end too;
whatever was finished lies in the run folder.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

PRELOAD = (
    "numpy",
    "scipy.special",
    "sklearn.tree",
    "sklearn.ensemble",
    "lightgbm",
    "onnx",
    "onnxruntime",
    "etabli.data.feeds",
    "etabli.data.preparation",
    "etabli.data.store",
    "etabli.graph.run",
    "etabli.work.tasks",
    "etabli.families",
    "threadpoolctl",
)


def _die_with_parent(parent: int) -> None:
    """Linux ends this process when its parent ends; elsewhere the closed pipe does it a moment later."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)


def _stay_small(memory: float) -> None:
    """A task that takes all of the job's memory gets a MemoryError; if the system runs out first, it ends this process first."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (soft, hard, int(memory)) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _tell(event: str, **facts: Any) -> None:
    os.write(1, (json.dumps({"event": event, **facts}) + "\n").encode())


def _child(folder: Path, order: dict[str, Any], parent: int) -> None:
    """Runs the tasks of an order in this (forked) process and ends it: status 0 when their results are in the folder."""
    _die_with_parent(parent)
    status = 1
    try:
        from etabli.errors import StorageError
        from etabli.work.material import load_material
        from etabli.work.tasks import Task, run_tasks

        _stay_small(order["memory"])
        tasks = [Task.from_json(task) for task in order["tasks"]]
        run_tasks(folder, tasks, load_material(folder), order.get("threads", 1), order.get("deadline"))
        status = 0
    except StorageError as error:
        _tell("storage", rule=error.rule, got=error.got, hint=error.hint)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def serve(folder: Path, parent: int) -> None:
    """Reads orders {"do": "run" | "cancel", ...} until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    _die_with_parent(parent)
    import importlib
    import warnings

    warnings.simplefilter("ignore")  # a library's advice to programmers is not for the person who waits
    for name in PRELOAD:
        importlib.import_module(name)
    from etabli.data.preparation import steps
    from etabli.families import families
    from etabli.families.gaussian import controller

    families()  # or every child would import them all anew: 0.1 s each
    steps()
    controller()
    gc.freeze()  # what is there stays: a collection in a child would touch, and so copy, all of it
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, set[str]] = {}
    _tell("ready", pid=os.getpid())
    buffer, open_, patience = b"", True, None
    while open_:
        ready, _, _ = select.select([0, wake], [], [], patience)
        if not ready:  # it rested, and nobody came
            break
        if wake in ready:
            os.read(wake, 4096)
            _reap(running)
        if 0 in ready:
            data = os.read(0, 1 << 20)
            open_ = bool(data)
            *lines, buffer = (buffer + data).split(b"\n")
            for order in map(json.loads, lines):
                if order["do"] == "rest":  # between two runs of a process that fits often (spare.py)
                    _end(running)
                    patience = order["seconds"]
                    _tell("resting")
                elif order["do"] == "serve":
                    folder, patience = Path(order["folder"]), None
                    _log(folder)
                    _tell("serving")
                else:
                    _obey(folder, order, running)
    _end(running)


def _end(running: dict[int, set[str]]) -> None:
    """Ends what runs, and waits until it has."""
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in running:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    running.clear()


def _log(folder: Path) -> None:
    """Standard error goes to that run's log."""
    log = os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(log, 2)
    os.close(log)


def _obey(folder: Path, order: dict[str, Any], running: dict[int, set[str]]) -> None:
    if order["do"] == "cancel":
        for pid, tasks in running.items():
            cancelled = tasks & set(order["tasks"])
            tasks -= cancelled
            if cancelled and not tasks:  # a process goes on while one of its tasks is wanted
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return
    sys.stdout.flush()
    server = os.getpid()
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _child(folder, order, server)
    running[pid] = set(order["hashes"])


def _reap(running: dict[int, set[str]]) -> None:
    while running:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in running:
            _tell("ended", hashes=sorted(running.pop(pid)), status=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
