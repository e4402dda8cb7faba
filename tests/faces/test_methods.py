"""The methods paragraph and the model card: every citation resolves, nothing is said that the run did not do, unknown is said unknown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from etabli.faces.report import methods as house
from etabli.faces.report.methods import methods
from etabli.faces.report.methods.bibliography import key_of, read, references, unbraced
from etabli.faces.report.methods.card import card, escaped, markdown
from etabli.faces.words import vocabulary
from etabli.families import families
from etabli.judge.calibrators import members

HERE = Path(__file__).parent
EXAMPLES: dict[str, Any] = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
ALL = {**EXAMPLES, "hostile": HOSTILE}
FIELDS = {
    "article": {"journal"},
    "inproceedings": {"booktitle"},
    "incollection": {"booktitle", "publisher"},
    "book": {"publisher"},
    "techreport": {"institution"},
}


def test_every_citation_of_a_family_and_of_a_calibrator_has_its_entry() -> None:
    said = [*(one.citation for one in families().values() if one.rank > 0), *(one.citation for one in members() if one.citation)]
    wanted = {citation: key_of(citation) for text in said for citation in text.split(";")}
    assert len(wanted) > 45 and {citation: key for citation, key in wanted.items() if key not in references()} == {}


def test_every_key_that_the_paragraph_names_has_its_entry() -> None:
    named = re.findall(r'"([a-z]+\d{4})"', Path(house.__file__).read_text(encoding="utf-8"))
    assert len(named) > 15 and set(named) <= set(references())


def test_the_bibliography_is_whole() -> None:
    for key, one in references().items():
        assert one.key == key and {"author", "title", "year"} | FIELDS[one.kind] <= set(one.fields), key
        surname = unbraced(one.fields["author"].split(" and ")[0].split(",")[0])
        assert key_of(f"{surname} {one.fields['year']}") == key
        assert one.text.count("{") == one.text.count("}") and not re.search(r"[{}\\]", one.short + one.full), key


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", ALL)
def test_the_paragraph_and_its_references_agree(name: str, lang: str) -> None:
    found = methods(ALL[name], lang)
    assert found.sentences and "[@" not in found.shown and (name == "hostile" or "{" not in found.shown) and "  " not in found.shown
    assert set(read(found.bibtex)) == set(found.keys) and len(found.references) == len(found.keys) >= 4
    for key in found.keys:
        assert f"@{key}" in found.marked and references()[key].short in found.shown


def test_only_what_was_done_is_said() -> None:
    plain = EXAMPLES["binary"]
    assert "caruana2004" not in methods({**plain, "leaderboard": [{"name": "ridge", "family": "ridge"}]}, "en").keys
    assert "westfall1993" not in methods({**plain, "explanation": None}, "en").keys
    assert "nested" not in methods({**plain, "nested": None}, "en").shown
    nested = {"value": 0.3, "low": 0.2, "high": 0.4}
    assert "varma2006" in methods({**plain, "nested": nested}, "en").keys
    assert methods({}, "en").sentences == () and methods({}, "fr").bibtex == ""


def test_a_column_that_looks_like_a_citation_is_a_name() -> None:
    found = methods({**EXAMPLES["binary"], "target": "x [@nobody1900]"}, "en")
    assert "[@nobody1900]" in found.shown and "nobody1900" not in found.keys


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", ALL)
def test_the_card_says_what_is_known_and_what_is_not(name: str, lang: str) -> None:
    fields = card(ALL[name], lang)
    unknown = [field.title for field in fields if field.unknown]
    assert vocabulary(lang)["card.licence"] in unknown and len(unknown) == 4
    head, _, body = markdown(ALL[name], lang).removeprefix("---\n").partition("\n---\n")
    facts = {line.partition(": ")[0]: json.loads(line.partition(": ")[2]) for line in head.splitlines()}
    assert facts["license"] == "unknown" and facts["pipeline_tag"].startswith("tabular-")
    assert not re.search(r"(?<!\\)[<>`|]", body) and body.count("\n## ") == len(fields)


def test_markdown_shows_names_as_they_are() -> None:
    assert escaped("<script>[x](y)_a_`b`") == r"\<script\>\[x\](y)\_a\_\`b\`"
