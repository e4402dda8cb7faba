"""A page as a person sees it: Debian's Chromium, driven by Playwright, that notes whatever a reader must never meet.

`Seen` opens an address and remembers console errors, blocked policies, failed and outside requests; `fine()` asserts that there were
none, `fits()` that nothing scrolls sideways, `accessible()` that axe-core finds nothing serious, `kept(name)` keeps a screenshot in
build/screens for the eye.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCREENS = ROOT / "build" / "screens"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOME = {"127.0.0.1", "localhost", ""}  # an empty host: file, data and blob addresses


class Seen:
    """One tab. page: Playwright's page. wrong: what a reader must never meet, in the order it came."""

    def __init__(self, page: Any) -> None:
        self.page, self.wrong = page, []  # type: ignore[var-annotated]
        page.on("console", lambda message: self.wrong.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url} {request.failure}"))
        page.on("request", lambda request: self.wrong.append(f"outside: {request.url}") if _outside(request.url) else None)

    def open(self, address: str | Path) -> Seen:
        """Loads a file or an address and waits until nothing more is fetched."""
        self.page.goto(address.resolve().as_uri() if isinstance(address, Path) else address, wait_until="load")
        return self

    def fine(self) -> None:
        """Nothing went wrong so far."""
        assert self.wrong == []

    def fits(self) -> None:
        """The page does not scroll sideways at its present width."""
        wide, room = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        widest = """() => [...document.querySelectorAll('body *')].map(e => [e.getBoundingClientRect().right, e.tagName, e.className])
            .sort((a, b) => b[0] - a[0]).slice(0, 3).map(e => e.join(' '))"""
        assert wide <= room, f"{wide} pixels wide where {room} fit: {self.page.evaluate(widest)}"

    def accessible(self, *spared: str) -> None:
        """axe-core finds nothing serious or critical. spared: rules left out, each with its reason beside the call."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        serious = [f for f in found if f["impact"] in ("serious", "critical") and f["id"] not in spared]
        assert [(f["id"], f["nodes"][0]["html"][:200], f["nodes"][0].get("failureSummary", "")[:300]) for f in serious] == []

    def kept(self, name: str, whole: bool = True) -> Path:
        """Keeps a picture of the page for the eye."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        self.page.screenshot(path=str(path), full_page=whole)
        return path


def _outside(address: str) -> bool:
    return (urlsplit(address).hostname or "") not in HOME


def chromium() -> str:
    """The path of the browser. Skips where there is none; on a machine of continuous integration that is a failure."""
    found = next(
        (p for p in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome") if p and shutil.which(p)), ""
    )
    if not found:
        said = "no Chromium (bash scripts/browser installs it)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)
    return str(shutil.which(found))


@contextmanager
def launched() -> Iterator[Any]:
    """A headless browser that asks nothing of the net."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@contextmanager
def served(*words: str) -> Iterator[str]:
    """An `etabli` command that serves a page, as a user starts it: yields the address it prints on standard output."""
    import sys

    with subprocess.Popen([sys.executable, "-m", "etabli", *words], stdout=subprocess.PIPE, text=True) as command:
        try:
            yield command.stdout.readline().strip()  # type: ignore[union-attr]
        finally:
            command.terminate()
            command.wait(20)
