"""Runs a command and says what it cost: wall and CPU seconds, and the peak memory of all its processes together.

A sum of resident sizes would count shared pages once a process; the proportional size (Pss) counts them once in all. The kernel's
`ru_maxrss` is of no use here: it includes what our own process held when it started the command.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """status: of exit. wall, cpu: seconds (cpu of all processes waited for). peak: bytes, sampled over the whole tree.
    largest: bytes, the high-water mark (VmHWM) of the largest single process."""

    status: int
    wall: float
    cpu: float
    peak: int
    largest: int
    out: str
    err: str


def measured(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None, every: float = 0.05) -> Cost:
    """The cost of a command run in a folder. environment: added to ours."""
    with (folder / ".out").open("w+") as out, (folder / ".err").open("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=os.environ | (environment or {}))
        peak, marks, over = [0], [0], threading.Event()

        def watch() -> None:
            while not over.wait(every):
                peak[0] = max(peak[0], tree_memory(process.pid, marks))

        thread = threading.Thread(target=watch)
        thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        over.set()
        thread.join()
        out.seek(0)
        err.seek(0)
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(process.returncode, wall, cpu, max(peak + marks), max(marks), out.read(), err.read())


def tree_memory(pid: int, marks: list[int]) -> int:
    """Bytes in use by a process and all below it (Linux); the high-water mark of each is appended to `marks` if it is the highest."""
    try:
        children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
        marks.append(_field(pid, "status", "VmHWM:"))
        own = _field(pid, "smaps_rollup", "Pss:")
    except (OSError, ProcessLookupError):  # it ended while we looked
        return 0
    marks[:] = [max(marks)]
    return own + sum(tree_memory(int(child), marks) for child in children.split())


def _field(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def size(folder: Path) -> int:
    """Bytes on disk of all files below a folder; hard links once, links not followed."""
    seen: dict[tuple[int, int], int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            facts = os.lstat(Path(root) / name)
            seen[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    return sum(seen.values())
