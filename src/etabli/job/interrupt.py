"""Ctrl-C, once for the best so far and twice for the end; SIGTERM says the same."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any


class Interrupt:
    """The first Ctrl-C (or SIGTERM) asks for the best so far; the second ends at once. While it is entered; what was there comes back."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # no other may handle signals
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *reason: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)  # None: not set from Python

    def _note(self, number: int, frame: object) -> None:
        if self.asked:
            if os.isatty(2):
                os.write(2, b"\x1b[?25h")  # the progress display hides the cursor
            os._exit(130)
        self.asked = True
        os.write(2, b"\nfinishing with the best so far; Ctrl-C again ends at once (etabli resume goes on)\n")

    def __call__(self) -> bool:
        """Whether it was asked for."""
        return self.asked
