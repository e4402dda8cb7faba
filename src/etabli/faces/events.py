"""The progress of a fit as JSON lines, for programs: one object an event, on standard error (`etabli fit --jsonl`)."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO, final

from etabli.records import Finding


@final
class Events:
    """A `records.Watch`: {"event": "task", "seconds": 12.3, "done": 3, "total": 40, ...}. Facts are those of the event, words in both
    languages; calls may come from several threads. A stream that is closed is borne in silence. clock: for tests."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = sys.stderr if stream is None else stream, clock
        self.start = clock()
        self._lock = threading.Lock()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing is held open."""

    def __call__(self, event: str, **facts: Any) -> None:
        """Writes one line."""
        line = {"event": event, "seconds": round(self.clock() - self.start, 3), **{name: _plain(fact) for name, fact in facts.items()}}
        with self._lock, suppress(OSError, ValueError):
            self.stream.write(json.dumps(line) + "\n")
            self.stream.flush()


def _plain(fact: Any) -> Any:
    """What JSON has for it; numbers that are not finite become null."""
    if isinstance(fact, Finding):
        return {"code": fact.code, "level": fact.level, "columns": list(fact.columns), "text": dict(fact.text), "cure": dict(fact.cure)}
    if isinstance(fact, Mapping):
        return {str(name): _plain(value) for name, value in fact.items()}
    if isinstance(fact, list | tuple | set | frozenset):
        return [_plain(value) for value in fact]
    if isinstance(fact, bool | str | int) or fact is None:
        return fact
    try:
        number = float(fact)
    except (TypeError, ValueError):
        return str(fact)
    return number if number - number == 0 else None
