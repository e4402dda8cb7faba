"""/relations: the strongest pairs in words first, chance said and greyed, wide files answered, the table as data."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from etabli.faces.explore.page import State

PENGUINS = Path(str(resources.files("etabli").joinpath("examples/penguins.csv")))


@pytest.fixture
def penguins(look: Callable[..., Any], ask: Callable[..., Any]) -> Any:
    return ask(look(PENGUINS))


def said(page: str) -> list[str]:
    return re.findall(r'<li><a href="/[^"]+">([^<]+)</a></li>', page)


def test_the_strongest_pairs_are_said_first(penguins):
    answer = penguins.get("/relations")
    lines = said(answer.text)
    assert answer.status_code == 200 and len(lines) == 8
    assert "flipper_length_mm and body_mass_g rise together (0.84)" in lines
    assert lines[0] == "flipper_length_mm differs between the levels of species (0.85)"
    assert "noise alone would reach 0.17" in answer.text


def test_the_picture_has_a_square_for_each_pair_and_greys_chance(penguins):
    page = penguins.get("/relations").text
    wide, narrow = re.findall(r"<svg.*?</svg>", page, re.S)
    for svg in (wide, narrow):
        root = ElementTree.fromstring(svg)
        kinds = [node.get("class") for node in root.iter("{http://www.w3.org/2000/svg}rect")]
        assert kinds.count("cell") == 8 * 7 // 2
        dots = len(list(root.iter("{http://www.w3.org/2000/svg}circle")))
        assert dots == 28 - sum(kinds.count(look) for look in ("rise", "fall", "tie")) >= 5
        assert root[0].text.startswith("Relations between 8 columns. flipper")


def test_the_table_is_data(penguins):
    sheet = json.loads(penguins.get("/relations.json").text)
    rows = [dict(zip(sheet["columns"], row, strict=True)) for row in sheet["rows"]]
    assert len(rows) == 28 and rows == sorted(rows, key=lambda row: -row["strength"])
    pair = next(row for row in rows if {row["a"], row["b"]} == {"bill_length_mm", "flipper_length_mm"})
    assert pair["strength"] == pytest.approx(0.6728, abs=1e-3) and pair["direction"] == 1 and pair["above_chance"] and pair["rows"] == 342
    assert penguins.get("/relations.csv").text.splitlines()[0] == ",".join(sheet["columns"])


def test_one_column_and_empty_cells(penguins):
    assert all("sex" in line for line in said(penguins.get("/relations?near=sex").text))
    page = penguins.get("/relations?of=missing").text
    assert "flipper_length_mm and bill_length_mm are empty in the same rows (1.00)" in said(page)
    assert "/rows?flipper_length_mm__missing=1&amp;bill_length_mm__missing=1" in page


@pytest.mark.parametrize("address", ["/relations?near=sexx", "/relations?of=gaps"])
def test_a_wrong_address_teaches(penguins, address):
    answer = penguins.get(address)
    assert answer.status_code == 400
    assert ("did you mean" in answer.text) == ("sexx" in address) and ("of=values" in answer.text) == ("gaps" in address)


def test_french(look, ask):
    page = ask(look(PENGUINS, lang="fr")).get("/relations").text
    assert "flipper_length_mm et body_mass_g croissent ensemble (0,84)" in said(page)


def test_noise_says_that_it_is_noise(look, ask, tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "noise.csv", rng.normal(size=(400, 5)), delimiter=",", header="a,b,c,d,e", comments="")
    page = ask(look(tmp_path / "noise.csv")).get("/relations").text
    assert said(page) == [] and "No two columns are related more strongly than chance allows" in page


def test_hostile_names_are_words(look, ask, tmp_path):
    file = tmp_path / "bad.csv"
    rows = "\n".join(f"{i % 9 / 4},{i % 9 + i % 2 / 2},{'xy'[i % 2]}" for i in range(90))
    file.write_text('<img src=x onerror=alert(1)>,"a""b&c",{{7*7}}\n' + rows)
    page = ask(look(file)).get("/relations").text
    assert "<img" not in page
    assert "&lt;img src=x" in page and "{{7*7}}" in page


def test_thousands_of_columns_answer(look, ask, shared):
    from etabli.faces.explore.pages.relations import answer

    file = look(shared / "tissue_genes.parquet")
    start = time.process_time()
    shown = answer(file, State("/relations"))
    assert time.process_time() - start < 4
    assert "Shown: the 40 most related" in shown.body and len(shown.sheets["relations"].rows) == 780
    near = answer(file, State("/relations", (("near", "y"),)))
    assert all("levels of y" in line for line in said(near.body))


def test_adult_says_what_everybody_knows(look, ask, shared):
    page = ask(look(shared / "adult_income.csv")).get("/relations").text
    assert "education_num differs between the levels of education (1.00)" in said(page)[0]


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_in_a_browser(tab, tmp_path, monkeypatch, width, dark):
    from tests.browser import served

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with served("explore", str(PENGUINS), "--no-open", "--lang", "en") as address:
        seen = tab(width=width, dark=dark).open(address.rstrip("/") + "/relations")
        seen.fits()
        seen.accessible()
        seen.page.select_option("select[name=near]", "sex")
        seen.page.locator("main form.ask button").click()
        assert "near=sex" in seen.page.url
        seen.fine()
