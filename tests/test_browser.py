"""The eye itself: it sees what a reader must never meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_a_plain_page_is_fine(tab: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    page.write_text('<!doctype html><html lang="en"><title>A</title><main><h1>A</h1><p>Fine.</p></main>')
    seen = tab(width=390).open(page)
    seen.fine()
    seen.fits()
    seen.accessible()


def test_errors_outside_requests_wide_tables_and_pale_words_are_seen(tab: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "b.html"
    page.write_text(
        '<!doctype html><html lang="en"><title>B</title><main><h1>B</h1><p style="color:#ddd;width:900px">Pale and wide.</p></main>'
        '<img alt="" src="http://192.0.2.1/x.png"><script>alert("ran"); throw new Error("broken")</script>'
    )
    seen = tab(width=390)
    seen.page.goto(page.as_uri(), wait_until="domcontentloaded")
    kinds = {line.split(":")[0] for line in seen.wrong}
    assert {"outside", "error", "dialog"} <= kinds
    for look in (seen.fine, seen.fits, seen.accessible):
        try:
            look()
        except AssertionError:
            continue
        raise AssertionError(f"{look.__name__} saw nothing")
