"""A real Datasette for tests, started as its users start it, on a free port of this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def datasette(*words: str | Path) -> Iterator[str]:
    """`datasette serve WORDS`: yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "-m", "datasette", "serve", *map(str, words), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            for _ in range(600):
                assert server.poll() is None, "datasette did not start"
                try:
                    urllib.request.urlopen(f"{home}/-/versions.json", timeout=5).close()
                    break
                except (OSError, urllib.error.URLError):
                    time.sleep(0.1)
            yield home
        finally:
            server.terminate()
            server.wait(20)
