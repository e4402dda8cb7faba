"""What the tests of the pages share: a file opened, and a client that asks for its pages without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from etabli.faces.explore.app import application
from etabli.faces.explore.opened import Held, Opened
from etabli.faces.explore.opening import opened


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def look() -> Callable[..., Opened]:
    """Opens a file as the command does."""
    return opened


class Client:
    """Asks an application as a browser on this machine would. get(address, method, **headers): httpx's response."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def get(self, address: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://testserver") as client:
                return await client.request(method, address, headers={name.replace("_", "-"): value for name, value in headers.items()})

        with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one once a browser was used
            return thread.submit(asyncio.run, asked()).result()


@pytest.fixture
def ask() -> Callable[[Opened], Client]:
    """Makes a client of the pages of an opened file: ask(opened).get("/rows?age__gt=40")."""
    return lambda file: Client(application(Held(file), ["testserver"]))
