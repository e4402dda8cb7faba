"""The report as a reader meets it: in Chromium, wide and on a phone, light and dark, printed, by keyboard, in both languages, with hostile names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import etabli
import etabli.examples
from etabli.faces.report import write

HERE = Path(__file__).parent
Tab = Callable[..., Any]


@pytest.fixture(scope="session")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run, once."""
    folder = tmp_path_factory.mktemp("seen") / "penguins.etabli"
    etabli.fit(etabli.examples.path("penguins.csv"), "species", effort="glance", families=("logistic", "tree"), out=folder, lang="en")
    return folder


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_it_is_fine_fits_and_is_accessible(tab: Tab, penguins: Path, width: int, dark: bool) -> None:
    seen = tab(width=width, dark=dark).open(penguins / "report.html")
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    seen.fits()
    seen.accessible()
    seen.fine()
    assert seen.page.evaluate("document.querySelectorAll('*').length") < 5_000
    seen.kept(f"report-{width}{'-dark' if dark else ''}")


def test_the_table_of_contents_is_at_hand(tab: Tab, penguins: Path) -> None:
    wide = tab(width=1100).open(penguins / "report.html")
    wide.page.locator("nav a[href='#limits']").click()
    wide.page.wait_for_timeout(900)  # it scrolls smoothly; the page's policy forbids to wait by script
    assert wide.page.evaluate("scrollY") > 2_000
    assert wide.page.locator("nav a[href='#board']").is_visible()
    box = wide.page.locator("nav").bounding_box()
    assert box["x"] < 100 and 0 <= box["y"] < 10 and box["width"] < 200
    phone = tab(width=390).open(penguins / "report.html")
    phone.page.evaluate("window.scrollTo(0, 4000)")
    assert phone.page.locator("nav").bounding_box()["height"] < 60


def test_the_keyboard_goes_to_the_report_then_through_it_in_order(tab: Tab, penguins: Path) -> None:
    seen = tab(width=1100).open(penguins / "report.html")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.className") == "skip"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.id") == "main"
    tops = []
    for _ in range(12):
        seen.page.keyboard.press("Tab")
        tops.append(seen.page.evaluate("document.activeElement.getBoundingClientRect().top + scrollY"))
        outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
    assert tops[-1] > tops[0]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_both_languages_have_every_section(tab: Tab, penguins: Path, tmp_path: Path, lang: str) -> None:
    result = json.loads((penguins / "result.json").read_text(encoding="utf-8"))
    seen = tab(width=390).open(write(result, tmp_path / "report.html", lang))
    seen.fits()
    seen.fine()
    heads = seen.page.locator("section h2").all_inner_texts()
    assert len(heads) == len(set(heads)) >= 14
    assert ("Would more rows help?" in heads) == (lang == "en") and seen.page.evaluate("document.documentElement.lang") == lang


def test_what_is_printed_has_all_sections_and_no_controls(tab: Tab, penguins: Path, tmp_path: Path) -> None:
    seen = tab(width=1100, dark=True).open(penguins / "report.html")
    seen.page.emulate_media(media="print", color_scheme="dark")
    for name in seen.page.evaluate("[...document.querySelectorAll('section')].map(one => one.id)"):
        assert seen.page.locator(f"section#{name} h2").first.is_visible() or name == "try", name
    assert not seen.page.locator("nav").is_visible() and not seen.page.locator("summary").first.is_visible()
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    wide = (
        "[...document.querySelectorAll('section svg.figure')].map(one => one.getBoundingClientRect().right).filter(end => end > innerWidth)"
    )
    assert seen.page.evaluate(wide) == []
    path = tmp_path / "report.pdf"
    seen.page.pdf(path=str(path), prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
    assert 6 <= pages <= 40
    assert path.stat().st_size > 50_000


def test_hostile_names_run_nothing(tab: Tab, tmp_path: Path) -> None:
    hostile = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
    for lang in ("en", "fr"):
        seen = tab(width=390).open(write(hostile, tmp_path / lang / "report.html", lang))
        seen.fine()
        seen.fits()
        seen.accessible()
        assert seen.page.locator("main script, main img, main iframe").count() == 0
