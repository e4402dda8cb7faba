"""This machine: one worker that forks a process for each call of `submit`, as many side by side as the job owns cores."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

from etabli.errors import EtabliError, StorageError, UsageError
from etabli.job.hardware import hardware
from etabli.work import spare
from etabli.work.executors.executor import Executor, Resources, State
from etabli.work.tasks import Task

RESTARTS = 3  # of a worker that dies by itself
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Local(Executor):
    """`local` or `local?workers=4`. Threads of each task = cores the job owns / tasks side by side. `local?keep=60`: the worker waits so
    many seconds for the next run of this process (`work/spare.py`)."""

    scheme: ClassVar[str] = "local"
    keep: ClassVar[int] = 0  # seconds, where the place does not say

    def open(self, folder: Path, place: str) -> None:
        """Starts the worker; it imports while the driver reads the data."""
        options = {key: values[-1] for key, values in parse_qs(place.partition("?")[2], keep_blank_values=True).items()}
        if set(options) - {"workers", "keep"} or not all(map(str.isdigit, options.values())) or options.get("workers") == "0":
            raise UsageError("--where local takes workers=N and keep=SECONDS", f"local{place}", "for instance: --where 'local?workers=2'")
        if not hasattr(os, "fork"):
            raise UsageError("--where local needs a system that forks processes", sys.platform, "Linux, macOS, or WSL on Windows")
        owned = hardware()
        slots = int(options.get("workers", owned.cores))
        self._resources = Resources(slots, max(1, owned.cores // slots), owned.memory)
        self._folder, self._running, self._buffer, self._restarts, self._asked = folder, dict[str, Task](), b"", 0, False
        self._keep = int(options.get("keep", self.keep))
        self._paths = os.pathsep.join(path or os.getcwd() for path in sys.path)  # it imports what we do
        (folder / "data").mkdir(parents=True, exist_ok=True)
        resting = spare.take(self._key(), folder) if self._keep else None
        if resting is None:
            self._start()
        else:
            self._process = resting

    def _key(self) -> spare.Key:
        """What makes one worker as good as another."""
        return self._resources.threads, self._paths

    def _start(self) -> None:
        environment = dict(os.environ) | dict.fromkeys(THREAD_VARIABLES, str(self._resources.threads)) | {"OMP_WAIT_POLICY": "passive"}
        environment["PYTHONPATH"] = self._paths  # and -P:
        with open(self._folder / "worker.log", "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "etabli.work.worker", str(self._folder), str(os.getpid())],  # no file of this folder
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def _say(self, order: dict[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write((json.dumps(order) + "\n").encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # poll() sees the end of the worker and says what is lost

    def submit(self, tasks: Sequence[Task], deadline: float | None = None, alone: bool = False) -> None:
        """Starts one process for these tasks, now: the caller keeps to `resources().slots`."""
        threads = self._resources.threads * (self._resources.slots if alone else 1)
        self._asked = self._asked or bool(tasks)
        if tasks:
            self._running |= {task.hash: task for task in tasks}
            facts = {"threads": threads, "memory": 0.9 * self._resources.memory, "deadline": deadline}
            self._say({"do": "run", "hashes": [task.hash for task in tasks], "tasks": [task.to_json() for task in tasks], **facts})

    def poll(self, timeout: float) -> dict[str, State]:
        """Waits for the next event of the worker. A worker that died loses its tasks and is started again."""
        assert self._process.stdout is not None
        output = self._process.stdout
        ready, _, _ = select.select([output], [], [], timeout)
        news: dict[str, State] = {}
        if ready:
            data = os.read(output.fileno(), 1 << 16)
            if not data:
                news |= dict.fromkeys(self._running, "lost")
                self._running.clear()
                spare.end(self._process)
                self._restarts += 1
                if self._restarts > RESTARTS:
                    log = self._folder / "worker.log"
                    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
                    raise EtabliError("the worker must stay alive", f"it ended {self._restarts} times: {last[:300]}", f"see {log}")
                self._start()
                self._buffer = b""
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            for line in lines:
                event = json.loads(line)
                if event["event"] == "storage":
                    raise StorageError(event["rule"], event["got"], event["hint"])
                if event["event"] == "ended":
                    news |= {name: "ended" for name in event["hashes"] if self._running.pop(name, None)}
        return news | dict.fromkeys(self._running, "running")

    def cancel(self, tasks: Sequence[str]) -> None:
        """Kills the processes that have no other task."""
        if tasks:
            self._say({"do": "cancel", "tasks": list(tasks)})
            for task in tasks:
                self._running.pop(task, None)

    def resources(self) -> Resources:
        """The job's own cores and memory."""
        return self._resources

    def close(self) -> None:
        """Ends the worker, or lets it wait for the next run. One that was given nothing may still be importing."""
        if self._keep and spare.leave(self._key(), self._process, self._keep):
            return
        if not self._asked:
            self._process.kill()
        spare.end(self._process)
