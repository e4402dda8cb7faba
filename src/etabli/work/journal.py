"""The run folder: the only truth about what was asked and what is done.

    census.etabli/
      plan.json                 immutable: what was asked, seeds, versions, the data's fingerprint
      ledger.jsonl              grows: a line for each round of ideas, and one for how it ended (ledger.py)
      data/                     the table, once, as memory-mappable columns; prepared/ matrices; split-<hash>.npz
      done/<hash>.json .npz     one finished task: what it took; its out-of-fold scores and the graphs of its models
      lock                      held by the one driver that works here; the system frees it when the driver dies
      model.onnx card.json result.json report.html

Every file is written aside in the same folder, flushed to the disk and renamed, so that a kill or a full disk never leaves
half a file; what a killed process left aside is swept away by the next. A result that cannot be read counts as missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from etabli.errors import DataError, StorageError, UsageError
from etabli.records import Array, Split
from etabli.work.asked import completed

GRAPH = "graph of "  # before a setting's hash: the name of its graph in a result's arrays
PATIENCE = 2.0  # seconds that a new driver waits for a dying one to let go
SPACE = "free some space or choose another folder with -o, then run the same command again"


def write(path: Path, fill: Callable[[IO[bytes]], object]) -> None:
    """Writes a file aside, flushes it to the disk and renames it into place; on any failure nothing is left."""
    aside = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


def unwritable(path: Path, error: OSError) -> StorageError:
    """The error that says what the system said. numpy's own for a short write names no cause: there it is a lack of room."""
    return StorageError(f"writing {path} failed", error.strerror or f"no room left on the disk, or within its limits ({error})", SPACE)


def write_json(path: Path, value: Any) -> None:
    """JSON, keys in their order, in one piece."""
    text = json.dumps(value, ensure_ascii=False, indent=1, default=_plain)
    write(path, lambda file: file.write(text.encode()))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def write_arrays(path: Path, **arrays: Array) -> None:
    """An uncompressed .npz, in one piece."""
    write(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]


class Journal:
    """Reads and writes one run folder. Holds no state but the folder's path and what it has already read (results never change)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results: dict[str, dict[str, Any]] = {}
        self._sizes: dict[tuple[str, str], int] = {}

    # one driver at a time --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Makes the folder and holds it for one driver. What killed processes left aside is swept away. A folder without a plan at
        the end (an error before anything was read) is emptied again."""
        folder, made = self.folder, not self.folder.exists()
        ours = any((folder / name).exists() for name in ("lock", "plan.json"))
        if not made and not folder.is_dir():
            raise UsageError("a run folder is a folder", f"{folder} is a file", "choose another with -o")
        try:
            if not made and not ours and (others := sorted(path.name for path in folder.iterdir())):
                raise UsageError(
                    "a run folder is new, empty, or a run already", f"{folder} holds {', '.join(others[:5])}", "choose another with -o"
                )
            folder.mkdir(parents=True, exist_ok=True)
            lock = open(folder / "lock", "ab")  # noqa: SIM115
        except OSError as error:
            raise StorageError("the run folder must be writable", f"{folder}: {error.strerror}", "choose another with -o") from error
        with lock:
            if not _hold(lock, PATIENCE):
                raise UsageError(
                    "one command at a time works in a run folder", f"another works in {folder}", f"watch it with: etabli status {folder}"
                )
            self._sweep()
            try:
                yield
            finally:
                self._sweep()
                if not (folder / "plan.json").exists():
                    for path in folder.iterdir():
                        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
                    if made:
                        folder.rmdir()

    def busy(self) -> bool:
        """Whether a driver works in this folder."""
        try:
            with open(self.folder / "lock", "ab") as lock:
                return not _hold(lock, 0)
        except OSError:
            return False

    def _sweep(self) -> None:
        for place in (self.folder, *(self.folder / name for name in ("data", "data/prepared", "done"))):
            for path in (*place.glob(".*.part"), *place.glob(".staging-*")):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    # the plan --------------------------------------------------------------------------------------------------------

    def begin(self, plan: Mapping[str, Any], ideas: Collection[str] = ()) -> bool:
        """Writes the plan, or checks that the folder holds the same one (then it goes on: True). ideas: options that may differ, since
        they do not decide the table (`ledger.py`)."""
        path = self.folder / "plan.json"
        if not path.exists():
            write_json(path, plan)
            return False
        old, asked = self.plan(), json.loads(json.dumps(plan["asked"], default=_plain))
        changed = ["the data"] * (old["fingerprint"] != plan["fingerprint"])
        changed += [key for key, value in asked.items() if key not in ideas and old["asked"].get(key) != value]
        if not changed:
            return True
        only = "; its table takes new ideas (" + ", ".join(f"--{name}" for name in ideas) + ") and nothing else" if ideas else ""
        raise UsageError(
            f"{self.folder} holds another run and is not written over{only}",
            "different: " + ", ".join(changed),
            f"choose another folder with -o, delete {self.folder}, or go on with: etabli resume {self.folder}",
        )

    def plan(self) -> dict[str, Any]:
        """What was asked. UsageError when the folder is not a run."""
        path = self.folder / "plan.json"
        try:
            plan = dict(json.loads(path.read_text(encoding="utf-8")))
            return plan | {"asked": completed(plan["asked"])} if "asked" in plan else plan
        except FileNotFoundError:
            adopted = (self.folder / "result.json").exists()
            hint = "it holds an adopted model, which is finished: etabli report, etabli check" if adopted else "see: etabli fit --help"
            raise UsageError("a run is a folder that `etabli fit` made, with a plan.json in it", str(self.folder), hint) from None
        except (OSError, ValueError) as error:
            raise DataError("plan.json of a run must be readable", f"{path}: {error}") from error

    # splits ----------------------------------------------------------------------------------------------------------

    def save_split(self, name: str, split: Split) -> None:
        """Keeps a split for the workers."""
        groups = split.groups if split.groups is not None else np.empty(0, np.int64)
        when = split.when if split.when is not None else np.empty(0)
        said = {"kind": split.kind, "folds": split.folds, "forward": split.forward, "reason": split.reason}
        facts = np.array(json.dumps({**said, "gap": split.gap, "until": split.until}))
        write_arrays(self.folder / "data" / f"split-{name}.npz", fold=split.fold, groups=groups, when=when, facts=facts)

    def load_split(self, name: str) -> Split:
        """A split kept by `save_split`."""
        with np.load(self.folder / "data" / f"split-{name}.npz") as stored:
            facts = json.loads(str(stored["facts"]))
            groups, when = stored["groups"], stored["when"]
            until = tuple(facts.pop("until"))
            return Split(
                fold=stored["fold"], groups=groups if len(groups) else None, when=when if len(when) else None, until=until, **facts
            )

    # results ---------------------------------------------------------------------------------------------------------

    def result(self, task: str) -> dict[str, Any] | None:
        """What a finished task wrote, or None."""
        if task not in self._results:
            path = self.folder / "done" / f"{task}.json"
            try:
                self._results[task] = json.loads(path.read_text(encoding="utf-8"))
            except (FileNotFoundError, ValueError):
                return None
        return self._results[task]

    def lengthen(self, kept: Collection[str] = ()) -> None:
        """Takes away results that a cap cut short, so that they are done whole. kept: tasks that stay as they are."""
        for path in (self.folder / "done").glob("*.json"):
            if path.stem not in kept and (self.result(path.stem) or {}).get("cut"):
                path.unlink()
                del self._results[path.stem]

    def finish(self, task: str, result: Mapping[str, Any], scores: Array | None, graphs: Mapping[str, bytes]) -> None:
        """Writes a result: scores and graphs first (one file, flushed once), the JSON that says "done" last."""
        done = self.folder / "done"
        arrays = {GRAPH + setting: np.frombuffer(data, np.uint8) for setting, data in graphs.items()}
        if scores is not None:
            arrays["scores"] = scores
        if arrays:
            write_arrays(done / f"{task}.npz", **arrays)
        write_json(done / f"{task}.json", result)

    def scores(self, task: str) -> Array:
        """Out-of-fold scores of a finished task: [rows of the part, settings, outputs]."""
        with np.load(self.folder / "done" / f"{task}.npz") as stored:
            return np.asarray(stored["scores"])

    def graph(self, task: str, setting: str) -> bytes:
        """The graph of one setting of a finished task."""
        with np.load(self.folder / "done" / f"{task}.npz") as stored:
            return bytes(stored[GRAPH + setting].tobytes())

    def size(self, task: str, setting: str) -> int:
        """The bytes of that graph."""
        if (task, setting) not in self._sizes:
            self._sizes[task, setting] = len(self.graph(task, setting))
        return self._sizes[task, setting]


def _hold(file: IO[bytes], patience: float) -> bool:
    """Locks an open file for this process; False when another holds it. Where files cannot be locked nothing is held."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return True
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        except OSError:
            return True
        else:
            return True
