"""Cards, a column's own page, the kinds and the warnings: what is shown is what the file holds, and hostile cells run nothing."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import etabli.examples
from etabli.faces.explore.aim import Aim
from etabli.faces.explore.cards import hidden
from etabli.faces.explore.look import chosen, command, kinds, look
from etabli.faces.explore.page import State
from etabli.faces.explore.strength import strength
from etabli.faces.explore.warned import ready
from etabli.records import Finding

PENGUINS = etabli.examples.path("penguins.csv")
HOSTILE = '"><img src=x onerror=alert(1)>'


def seen(opened: Any, *pairs: tuple[str, str]) -> Any:
    return look(opened, State("/", pairs))


def test_a_card_per_column_with_its_warnings(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS, "species"))
    page = client.get("/").text
    assert page.count('<article class="card"') == 8 and page.count('<svg class="figure"') >= 8
    assert "rate of species = Adelie" in unescape(page)
    again = client.get("/?_class=Gentoo").text
    assert "rate of species = Gentoo" in unescape(again) and "_class=Gentoo" in again  # and every link takes it along
    sheet = client.get("/?_format=json&_sheet=columns").json()
    assert [row[0] for row in sheet["rows"]][:2] == ["species", "island"]


def test_question_marks_are_counted_apart_in_three_columns(shared: Path) -> None:
    from etabli.faces.explore.opening import opened

    file = opened(shared / "adult_income.csv", "income")
    found = {c.name: hidden(c, file.findings, file.rows) for c in file.columns}
    assert {name: [(one.text, one.rows, one.counted) for one in ones] for name, ones in found.items() if ones} == {
        "workclass": [("?", 2799, True)],
        "occupation": [("?", 2809, True)],
        "native_country": [("?", 857, True)],
    }


def test_stand_ins_of_numbers_are_hidden_missing_too(tmp_path: Path, look: Any, ask: Any) -> None:
    path = tmp_path / "sent.csv"
    path.write_text("depth,y\n" + "".join(f"{-999 if i % 9 == 0 else 10 + i % 37},{i % 2}\n" for i in range(400)))
    opened = look(path, "y")
    client = ask(opened)
    assert "perhaps missing: “-999” × 45" in unescape(client.get("/").text)
    page = unescape(client.get("/warnings").text)
    assert "etabli fit sent.csv --target y --missing depth=-999" in page and "/rows?depth__eq=-999" in page
    assert len(client.get("/rows.json?depth__eq=-999&_size=100").json()["rows"]) == 45


def test_the_kind_of_an_address_is_the_kind_of_the_fit(look: Any, ask: Any) -> None:
    opened = look(PENGUINS, "species")
    state = State("/", (("_kind", "year:category"),))
    assert kinds(state) == {"year": "category"} and kinds(State("/", (("_kind", "a:b:date:mdy"), ("_kind", "x:")))) == {"a:b": "date:mdy"}
    assert chosen(opened, state).by_name["year"].kind == "category" and opened.by_name["year"].kind == "number"
    assert command(opened, state) == "etabli fit penguins.csv --target species --kind year=category"
    client = ask(opened)
    page = client.get("/?_kind=year:category").text
    assert "--kind year=category" in page and "/column/island?_kind=year%3Acategory" in page
    rows = client.get("/rows?_kind=year:category&year__eq=2007")
    assert rows.status_code == 200
    wrong = client.get("/?_kind=nothing:category")
    assert wrong.status_code == 400 and "nothing" in wrong.text


def test_only_the_latest_readings_are_kept(look: Any) -> None:
    opened = look(PENGUINS, "species")
    for column in opened.columns:
        chosen(opened, State("/", (("_target", column.name),)))
    assert 1 <= sum(key[0] == "again" for key in opened.memory) <= 6


def test_a_target_that_is_none_says_why(tmp_path: Path, look: Any, ask: Any) -> None:
    path = tmp_path / "one.csv"
    path.write_text("code,size\n" + "".join(f"id{i:05d},{i % 7}\n" for i in range(60)))
    page = ask(look(path)).get("/?_target=code")
    assert page.status_code == 200 and "This cannot be a target" in page.text and "nearly" in page.text
    assert ask(look(path, "size")).get("/?_target=-").status_code == 200


def test_bars_lead_to_their_rows(shared: Path, look: Any, ask: Any) -> None:
    """Each link of a column's page holds as many rows as its bar says."""
    client = ask(look(shared / "adult_income.csv", "income"))
    for name in ("age", "capital_gain", "workclass"):
        sheet = client.get(f"/column/{name}?_format=json").json()
        rows = {line[0]: line[sheet["columns"].index("rows")] for line in sheet["rows"]}
        assert sum(rows.values()) == 48842
        page = client.get(f"/column/{name}").text
        links = re.findall(r'<th scope="row"><a href="(/rows[^"]+)"><bdi>([^<]*)</bdi></a></th><td class="n">([\d,]+)</td>', page)
        assert len(links) >= 8
        for link, _, count in links[:10:3]:
            found = client.get(unescape(link)).text
            assert f"{count} of 48,842 rows" in found, link


def test_strengths_are_not_flattered(tmp_path: Path, look: Any) -> None:
    """A column of noise with as many levels as rows halves tells nothing; a copy of the target tells nearly all."""
    import numpy as np

    rng = np.random.default_rng(4)
    y, path = rng.integers(0, 2, 900), tmp_path / "noise.csv"
    lines = [f"w{rng.integers(0, 400)},{rng.normal():.4f},{v},{v}" for v in y]
    path.write_text("words,noise,copy,y\n" + "\n".join(lines) + "\n")
    opened = look(path, "y")
    aim = seen(opened).aim
    assert isinstance(aim, Aim)
    words = {c.name: strength(opened.table, c, aim, 3).word for c in opened.columns}
    assert (words["words"], words["noise"], words["copy"]) == ("none", "none", "nearly")


def test_thousands_of_columns_come_in_pages(shared: Path, look: Any, ask: Any) -> None:
    client = ask(look(shared / "tissue_genes.parquet", "y"))
    page = client.get("/").text
    assert page.count('<article class="card"') == 36 and len(page) < 1_200_000 and "1 to 36 of" in page
    strongest = client.get("/?_order=strength").text
    assert (strongest.count('<article class="card"') == 36 and "tells nearly all" in strongest) or "tells much" in strongest


def test_every_page_in_french(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS, "species", lang="fr"))
    for address, said in (("/", "par exemple"), ("/warnings", "Avertissements"), ("/column/body_mass_g", "Plus bas et plus hauts")):
        assert said in client.get(address).text


@pytest.mark.parametrize(
    ("cure", "flags"),
    [
        ("leave it out: --ignore id, or keep its rows together: --group id", "--ignore id"),
        ("if it says how much a row counts: --weights w; or --ignore w", "--weights w"),
        ("if not: --ignore 'Lot Area' --ignore 'it'\"'\"'s' --ignore b", "--ignore 'Lot Area' --ignore 'it'\"'\"'s' --ignore b"),
        ("If they are not: --task regression.", "--task regression"),
        ("Correct these cells, or keep the column as words: --kind NAME=category.", ""),
        ("Leave the cell empty instead.", ""),
    ],
)
def test_a_cure_that_is_a_flag_becomes_a_command(cure: str, flags: str, look: Any) -> None:
    opened = look(PENGUINS, "species")
    made = ready(Finding("x", ("id",), {"en": "x"}, {"en": cure}), opened, State("/warnings"))
    assert made == (f"etabli fit penguins.csv --target species {flags}" if flags else "")


def test_nothing_to_report_is_an_answer(tmp_path: Path, look: Any, ask: Any) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    path = tmp_path / "clean.csv"
    path.write_text("size,heft\n" + "".join(f"{rng.normal():.5f},{rng.normal():.5f}\n" for _ in range(300)))
    assert "Nothing to report." in ask(look(path)).get("/warnings").text


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Names and cells that would be tags, SQL, paths and formulas."""
    import csv

    path = tmp_path / "hostile.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow([HOSTILE, "a/b?c#d", "'; DROP VIEW data; --", "A", "a", "", "=1+1"])
        for i in range(80):
            out.writerow(
                [
                    f"<script>alert({i % 3})</script>",
                    f"x/{i % 4}",
                    f"' OR {i % 2}=1 --",
                    i,
                    i * 2 % 7,
                    ["\u202ecafé", "\x07", "a\nb"][i % 3],
                    i % 2,
                ]
            )
    return path


def test_hostile_names_and_cells_run_nothing(hostile: Path, look: Any, ask: Any) -> None:
    from urllib.parse import quote

    opened = look(hostile, "=1+1")
    client = ask(opened)
    for column in opened.columns:
        for address in (
            f"/column/{quote(column.name, safe='')}",
            f"/?_target={quote(column.name, safe='')}",
            f"/?_find={quote(column.name, safe='')}",
        ):
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.text[-400:])
            assert "<img" not in answer.text and "<script>alert" not in answer.text
    assert client.get("/warnings").status_code == 200


def test_the_pages_look_right(tab: Any, hostile: Path, shared: Path) -> None:
    """In a real browser: nothing goes wrong, nothing runs sideways, axe finds nothing serious; a bar is a link."""
    from tests.browser import served

    with served("explore", str(PENGUINS), "--target", "species", "--no-open") as address:
        for width, dark in ((1100, False), (390, True)):
            page = tab(width=width, dark=dark)
            for path, name in (("", "front"), ("column/body_mass_g", "column"), ("column/species", "levels"), ("warnings", "warnings")):
                page.open(address.rstrip("/") + "/" + path)
                page.fine()
                page.fits()
                page.accessible()
                page.kept(f"columns-{name}-{width}")
        wide = tab().open(address.rstrip("/") + "/column/body_mass_g")
        wide.page.locator("figure.wide svg a").first.click()
        wide.page.wait_for_url("**/rows?body_mass_g*")
        wide.open(address)
        wide.page.select_option("#aim-target", "body_mass_g")
        wide.page.wait_for_url("**_target=body_mass_g*")
        assert "mean of body_mass_g" in wide.page.inner_text("main")
        wide.page.select_option("#kind-1", "species:text")
        wide.page.wait_for_url("**_kind=species%3Atext*")
        assert "--kind species=text" in wide.page.inner_text("main")
        wide.fine()
    with served("explore", str(hostile), "--target", "=1+1", "--no-open") as address:
        page = tab(width=390).open(address)
        page.fine()
        page.fits()
        page.kept("columns-hostile-390")
