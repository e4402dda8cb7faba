"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST = ("test_faults", "test_conformance", "test_docs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where two processes share the files, the longest come first: at the end neither waits long for the other."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets beside the checkout; tests that need it are skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data sets are not beside this checkout")
    return folder


@pytest.fixture(scope="session", autouse=True)
def kept_workers() -> Iterator[None]:
    """A worker of the runs of this process waits for the next one (work/spare.py): its start costs more than most runs of the tests.
    Runs that start afresh, as users' do, are those of programs (test_faults.py, test_docs.py)."""
    from etabli.work import spare
    from etabli.work.executors.local import Local

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Local, "keep", 600)
        yield
    spare.end_all()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless Chromium for all tests (tests/browser.py)."""
    from tests.browser import launched

    with launched() as made:
        yield made


@pytest.fixture
def tab(browser: Any) -> Iterator[Callable[..., Any]]:
    """Makes tabs: tab(width=390, dark=True, height=800, lang="fr") is a fresh `Seen`, closed at the end of the test."""
    from tests.browser import Seen

    opened = []

    def make(width: int = 1100, height: int = 900, dark: bool = False, lang: str = "en", **more: Any) -> Seen:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale=lang, bypass_csp=False, **more
        )
        opened.append(context)
        return Seen(context.new_page())

    yield make
    for context in opened:
        context.close()
