"""In a notebook: static, small, in the host's colours, and nothing of the data is read as HTML."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from etabli.faces.notebook import Leaderboard, board, study
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
    for text in (study(result, lang, "x.etabli/report.html"), board(result, lang), Leaderboard(result, lang)._repr_html_()):
        assert len(text.encode("utf-8", "replace")) < 30_000
        assert tags(text) <= {
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
        }
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_it_says_the_sentence_and_draws_the_plot():
    result = EXAMPLES["binary"]
    text = study(result, "en")
    assert "expect a log-loss of 0.280" in text and "--jp-content-font-color1" in text and "class shares" in text
    assert len(re.findall(r"<circle", text)) == 11 and "49 rows occur twice" in text
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
    text = html(card, ("prediction", "novelty"))
    assert "script" not in tags(text) and "log_loss 0.3 (0.28 to 0.32); knowing nothing scores 0.5" in text and "0 to 9" in text
    assert "2 inputs" in text and html({}, ())
