"""What the model uses, how, and where it fails, as words and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from etabli.faces.report import explained, report

HERE = Path(__file__).parent
EXAMPLES: dict[str, Any] = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"


def _pictures(result: dict[str, Any], lang: str, width: float) -> list[str]:
    return [
        explained.importance(result, lang, width),
        explained.slices(result, lang, width),
        *(explained.effect(result, lang, width, place) for place in range(explained.effects(result))),
        *(explained.pair(result, lang, width, place) for place in range(explained.pairs(result))),
    ]


@pytest.mark.parametrize("width", [812, 348])
@pytest.mark.parametrize("result", [*EXAMPLES.values(), HOSTILE], ids=[*EXAMPLES, "hostile"])
def test_pictures_are_well_formed_titled_and_within_their_frame(result: dict[str, Any], width: float) -> None:
    for svg in filter(None, _pictures(result, "fr", width)):
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img" and root[0].tag == SVG + "title" and root[0].text
        assert "nan" not in svg and "inf" not in svg.replace("<title>", "")
        wide = float(root.get("width") or 0)
        for node in root.iter(SVG + "text"):
            assert -1 <= float(node.get("x") or 0) <= wide
        for node in root.iter(SVG + "rect"):
            assert float(node.get("width") or 0) >= 0 and float(node.get("height") or 0) >= 0


def test_dots_stand_in_the_order_of_their_importance() -> None:
    result = EXAMPLES["binary"]
    used = result["explanation"]["importance"]
    root = ElementTree.fromstring(explained.importance(result, "en", 812))
    circles = [float(node.get("cx") or 0) for node in root.iter(SVG + "circle")]
    assert circles == sorted(circles, reverse=True) and len(circles) == len(used["columns"])
    hollow = [node for node in root.iter(SVG + "circle") if "hollow" in (node.get("class") or "")]
    assert len(hollow) == sum(one["low"] <= 0 for one in used["columns"])
    assert len([node for node in root.iter(SVG + "rect") if node.get("class") == "data"]) == len(used["groups"]) == 1


def test_the_words_say_the_numbers() -> None:
    result = EXAMPLES["binary"]
    assert explained.uses(result, "en") == "leans most on capital_gain (+0.13), age (+0.06) and marital_status (+0.049)"
    assert explained.fails(result, "fr").startswith(
        "Là où marital_status = Married-civ-spouse\u00a0: perte logarithmique 0,46 (0,43 à 0,49)"
    )
    page = report(EXAMPLES["multiclass"])
    assert "3 more columns were not asked about" in page and 'id="how"' not in page


def test_where_nothing_stands_out_that_is_said() -> None:
    facts = {"metric": "log_loss", "greater_is_better": False, "rows": 100, "looked": 1234, "list": []}
    page = report({"explanation": {"columns_left_out": 0, "importance": None, "effects": None, "slices": facts}})
    assert "of 1,234 groups of rows" in page and "left out" in page and 'id="uses"' not in page
    assert explained.fails({"explanation": {"slices": facts}}, "en") == "" == explained.uses({}, "en")
