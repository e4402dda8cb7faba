"""In a notebook: static, small, in the host's colours, and nothing of the data is read as HTML."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import etabli
import etabli.examples
from etabli.faces.audit import Findings
from etabli.faces.live import html as live
from etabli.faces.notebook import Leaderboard, board, study, text
from etabli.faces.page import Report
from etabli.faces.report import write
from etabli.model.shown import html

HERE = Path(__file__).parent
EXAMPLES: dict[str, Any] = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))


def tags(text: str) -> set[str]:
    found: set[str] = set()

    class Seen(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.add(tag)
            assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)

    Seen().feed(text)
    return found


@pytest.mark.parametrize("name", [*EXAMPLES, "hostile"])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_it_is_small_static_and_harmless(name, lang):
    result = EXAMPLES.get(name, HOSTILE)
    for shown in (study(result, lang, "x.etabli/report.html"), board(result, lang), Leaderboard(result, lang)._repr_html_()):
        assert len(shown.encode("utf-8", "replace")) < 30_000
        assert tags(shown) <= {
            "div",
            "style",
            "p",
            "svg",
            "title",
            "line",
            "text",
            "tspan",
            "path",
            "circle",
            "ul",
            "li",
            "span",
            "code",
            "table",
            "tr",
            "th",
            "td",
            "b",
        }
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", shown)


def test_it_says_the_sentence_and_draws_the_plot():
    result = EXAMPLES["binary"]
    page = study(result, "en")
    assert "expect a log-loss of 0.280" in page and "--jp-content-font-color1" in page and "class shares" in page
    assert len(re.findall(r"<circle", page)) == 7 and "49 rows occur twice" in page
    assert "attendez" in study(result, "fr")
    assert len(Leaderboard(result, "en")) == len(result["leaderboard"]) and Leaderboard(result, "en")[0] == result["leaderboard"][0]
    for key in result:
        study({**result, key: None}, "en")
    study({}, "fr")
    board({}, "fr")


def test_a_model_shows_its_card():
    evil = "<script>alert(1)</script>"
    card = {
        "target": evil, "task": "binary", "classes": [evil, "b"], "metric": "log_loss", "honest": {"value": 0.3, "low": 0.28, "high": 0.32},
        "baseline": {"value": 0.5}, "sentence": {"en": evil}, "rows": 100, "inputs": [{"input": "x", "columns": ["x", evil], "type": "double"}],
        "columns": [{"name": "x", "kind": "number", "low": 0.0, "high": 9.0}, {"name": evil, "kind": "category", "levels": [evil]}],
    }  # fmt: skip
    page = html(card, ("prediction", "novelty"))
    assert "script" not in tags(page) and "log_loss 0.3 (0.28 to 0.32); knowing nothing scores 0.5" in page and "0 to 9" in page
    assert "inputs: 2" in page and html({}, ())


@pytest.fixture(scope="module")
def audit() -> Any:
    return etabli.explore(etabli.examples.path("penguins.csv"), target="species")


def test_an_audit_is_the_pair_and_shows_itself(audit):
    text, facts = audit
    assert repr(audit) == text.rstrip() and audit.rows == 344 == facts["rows"] and len(audit.columns) == 8
    page = audit._repr_html_()
    assert (
        len(page.encode()) < 30_000
        and "344 rows, 8 columns" in page
        and "32.1 to 59.6" in page
        and tags(page) <= {*"div style p ul li b span table tr th td".split()}
    )
    french = etabli.explore(etabli.examples.path("penguins.csv"), target="species", lang="fr")
    assert "344 lignes" in french._repr_html_() and "32,1 à 59,6" in french._repr_html_() and french[1] == facts
    assert [one["level"] for one in audit.findings] == sorted(
        (one["level"] for one in audit.findings), key=["refuse", "warn", "note"].index
    )
    assert repr(Findings([], "fr")) == "Rien à signaler." and "Rien" in Findings([], "fr")._repr_html_()


def test_nothing_of_the_data_is_read_as_html():
    evil = "<img src=x onerror=alert(1)>"
    frame = {evil: [1.5, 2.5, 4.0] * 20, "b": [evil, "y", "z"] * 20, "c": ["same"] * 60}
    shown = etabli.explore(frame)
    assert "img" not in tags(shown._repr_html_()) and "&lt;img" in shown._repr_html_()
    found = Findings([{"level": evil, "text": evil, "cure": {"en": evil}}], "en")
    assert tags(found._repr_html_()) <= {*"div style ul li b span".split()} and evil in repr(found)


def test_plain_words_without_a_notebook():
    result = EXAMPLES["binary"]
    said = text(result, "en", "x.etabli")
    assert said.splitlines()[0] == result["sentence"]["en"] and "49 rows occur twice" in said and said.endswith("Study('x.etabli')")
    assert repr(Leaderboard(result, "fr")).splitlines()[0] and len(repr(Leaderboard(result, "en")).splitlines()) <= 14
    assert repr(Leaderboard({}, "en"))


def test_a_model_speaks_french(monkeypatch):
    card = {
        "target": "y",
        "task": "regression",
        "inputs": [],
        "honest": {"value": 1.25, "low": 1, "high": 2},
        "sentence": {"en": "One.", "fr": "Un."},
    }
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert all(word in html(card, ("prediction",)) for word in ("un nombre", "score honnête", "1,25 (1 à 2)", "Un."))
    assert "a number" in html(card, ("prediction",), "en")


def test_a_report_is_a_path_and_a_frame(tmp_path):
    page = tmp_path / "report.html"
    assert "<iframe" not in Report(page)._repr_html_()
    page.write_text("<!doctype html><title>é & \"q\"</title><p>'x'")
    shown = Report(page)
    assert Path(shown) == page and str(shown) == str(page) and shown.read_text().startswith("<!doctype")
    frames: list[dict[str, str | None]] = []

    class Seen(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            frames.extend([dict(attrs)] if tag == "iframe" else [])

    Seen().feed(shown._repr_html_())
    (frame,) = frames
    assert frame["srcdoc"] == page.read_text() and frame["sandbox"] == "allow-scripts" and frame["title"]


JUPYTER = {
    "light": "--jp-content-font-color1:#000d;--jp-content-font-color2:#0000008a;--jp-border-color2:#e0e0e0;--jp-layout-color0:#fff",
    "dark": "--jp-content-font-color1:#fff;--jp-content-font-color2:#ffffffb3;--jp-border-color2:#616161;--jp-layout-color0:#111",
    "code": "--vscode-editor-foreground:#d4d4d4;--vscode-descriptionForeground:#d4d4d4b3;--vscode-panel-border:#80808059;--vscode-editor-background:#1e1e1e",
    "bare": "--none:0",
}


@pytest.mark.parametrize(("host", "paper"), [("light", "#fff"), ("dark", "#111"), ("code", "#1e1e1e"), ("bare", "#15181c")])
@pytest.mark.parametrize("width", [1100, 390])
def test_it_is_seen_in_every_host(host, paper, width, audit, tab, tmp_path):
    """In the host's colours, beside a host's own table style; read by axe; nothing scrolls the page sideways."""
    result, ink = EXAMPLES["multiclass"], "#111" if paper == "#fff" else "#eee"
    card = {
        "target": "y",
        "task": "regression",
        "inputs": [{"columns": ["x"]}],
        "columns": [{"name": "x", "kind": "number", "low": 0.0, "high": 9.0}],
    }
    parts = [
        study(result, "en", "x.etabli/report.html"),
        board(result, "en"),
        html(card, ("prediction",)),
        audit._repr_html_(),
        Findings(result["warnings"], "fr")._repr_html_(),
    ]
    parts.append(live(["comparing · 12 s · 40 s left", "7 of 40 models fitted", "best so far: log-loss 0.21 (lightgbm)"], 7 / 40))
    page = tmp_path / "host.html"
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Host</title><style>:root{{{JUPYTER[host]}}}body{{background:{paper};color:{ink}}}'
        f"td{{padding:30px;background:#123;color:#fff}}</style><main><h1>Host</h1>{''.join(parts)}<table><tr><td id=outside>1</td></tr></table></main></html>",
        encoding="utf-8",
    )  # fmt: skip
    seen = tab(width=width).open(page)
    seen.kept(f"notebook-{host}-{width}")
    seen.fine()
    seen.fits()
    seen.accessible()
    assert seen.page.evaluate("getComputedStyle(document.getElementById('outside')).paddingLeft") == "30px"


def test_the_report_is_seen_in_its_frame(tab, tmp_path):
    """Its scripts run in the sandbox, its style stays inside, and nothing is asked of the net."""
    written = tmp_path / "report.html"
    write(EXAMPLES["binary"], written, "en")
    page = tmp_path / "host.html"
    host = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Host</title><main><h1>Host</h1>{Report(written)._repr_html_()}</main></html>'
    page.write_text(host, encoding="utf-8")
    seen = tab(width=1100).open(page)
    frame = seen.page.frames[1]
    frame.wait_for_selector("h1")
    assert "expect a log-loss of 0.280" in frame.inner_text("body") and frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "32px"  # the host's own
    seen.kept("notebook-report")
    seen.fine()
