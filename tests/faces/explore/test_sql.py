"""/sql as a reader meets it: by its address, without a script, in a browser."""

from __future__ import annotations

import concurrent.futures
import io
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow.parquet as pq
import pytest

import etabli.examples
from etabli.faces.explore.app import application
from etabli.faces.explore.examples import examples
from etabli.faces.explore.opened import Held
from etabli.faces.explore.pages import sql as page
from etabli.faces.explore.query import ask as answer
from tests.browser import served

PENGUINS = etabli.examples.path("penguins.csv")
COUNT = "SELECT species, count(*) AS n, avg(body_mass_g) AS mass FROM data GROUP BY ALL ORDER BY n DESC"


def at(path: str, text: str, **more: str) -> str:
    return f"{path}?{urlencode({'q': text, **more})}"


def test_the_address_is_the_question(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    found = client.get(at("/sql.json", COUNT)).json()
    assert found["columns"] == ["species", "n", "mass"] and [row[:2] for row in found["rows"]] == [
        ["Adelie", 152],
        ["Gentoo", 124],
        ["Chinstrap", 68],
    ]
    shown = client.get(at("/sql", COUNT))
    assert shown.status_code == 200 and "Gentoo" in shown.text and 'class="bars"' in shown.text and COUNT in shown.text
    assert client.get(at("/sql.csv", COUNT)).text.splitlines()[0] == "species,n,mass"
    twice = client.get(at("/sql.parquet", "SELECT 1 AS a, 'x' AS a, DATE '2020-01-01' AS d")).content
    assert pq.read_table(io.BytesIO(twice)).column_names == ["a", "a_2", "d"]


def test_files_hold_more_than_the_page(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    long = "SELECT i FROM range(150000) r(i)"
    assert "the first 1,000 rows" in client.get(at("/sql", long)).text
    assert len(client.get(at("/sql.json", long)).json()["rows"]) == page.EXPORT


def test_without_a_question_there_are_questions_to_start_from_and_each_has_an_answer(look: Any, ask: Any, shared: Path) -> None:
    for file in (PENGUINS, shared / "beijing_pm25.parquet", shared / "horse_colic.csv"):
        opened = look(file)
        shown = ask(opened).get("/sql").text
        starts = list(examples(opened))
        assert len(starts) >= 4
        for word, sql in starts:
            assert word in ("sql.example.filled",) or answer(opened, sql, {}).rows, sql
            assert urlencode({"q": sql}).replace("&", "&amp;") in shown


def test_a_wrong_question_stays_in_the_editor_with_what_duckdb_says(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    shown = client.get(at("/sql", "SELECT specie FROM data"))
    assert shown.status_code == 400 and "did you mean species" in shown.text and "SELECT specie FROM data</textarea>" in shown.text
    assert "^^^^" in shown.text
    told = client.get(at("/sql.json", "DROP VIEW data"))
    assert told.status_code == 400 and "Only one SELECT" in told.json()["rule"] and told.json()["got"] == "DROP"
    assert "<h1>" in client.get(at("/sql.csv", "DROP VIEW data")).text
    assert client.get(at("/sql", "SELECT '<script>alert(1)</script>' AS \"<b>\"")).text.count("<script") == 1


def test_fields_to_fill_in(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    sql = "SELECT count(*) AS n FROM data WHERE body_mass_g > :least AND species = :kind"
    asked = client.get(at("/sql", sql)).text
    assert 'name="p.least"' in asked and 'name="p.kind"' in asked and 'id="answer"' not in asked
    assert client.get(at("/sql.json", sql, **{"p.least": "5000", "p.kind": "Gentoo"})).json()["rows"] == [[61]]


def test_other_pages_answer_while_a_bomb_burns(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real server: questions without end take their time, rows come meanwhile, and the server is whole afterwards."""
    import httpx
    import uvicorn

    monkeypatch.setattr(page, "WALL", 3.0)
    settings = uvicorn.Config(application(Held(look(PENGUINS))), port=0, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    home = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        bomb = at("/sql", "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))")
        burning = [pool.submit(httpx.get, home + bomb, timeout=60) for _ in range(2)]
        time.sleep(1.0)
        assert httpx.get(home + "/rows?species__eq=Gentoo", timeout=60).status_code == 200
        assert not any(one.done() for one in burning)
        for one in burning:
            assert one.result().status_code == 400 and "Stopped after 3 seconds" in one.result().text
    assert httpx.get(home + at("/sql", "SELECT 1"), timeout=60).status_code == 200
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(("width", "dark", "lang"), [(1100, False, "en"), (390, True, "fr")])
def test_seen(tab: Callable[..., Any], width: int, dark: bool, lang: str) -> None:
    with served("explore", str(PENGUINS), "--no-open", "--lang", lang) as address:
        seen = tab(width=width, dark=dark).open(address + "sql")
        view = f"{width}{'-dark' if dark else ''}"
        seen.kept(f"sql-start-{view}")
        seen.fits()
        seen.accessible()
        box = seen.page.locator("textarea")
        box.fill("SELECT  FROM data")
        box.evaluate("box => box.setSelectionRange(7, 7)")
        seen.page.get_by_role("button", name="island", exact=True).click()
        assert box.input_value() == "SELECT island FROM data"
        box.fill(COUNT)
        box.press("Control+Enter")
        seen.page.wait_for_selector("#answer")
        seen.kept(f"sql-answer-{view}")
        seen.fits()
        seen.accessible()
        seen.page.go_back()
        seen.page.wait_for_selector("#answer", state="detached")
        seen.open(
            address.rstrip("/")
            + at("/sql", "SELECT year, make_date(year::INT, 1, 1) AS d, specie FROM data WHERE year > :since", **{"p.since": "2007"})
        )
        seen.kept(f"sql-wrong-{view}")
        seen.fits()
        seen.accessible()
        dates = "SELECT make_date(year::INT, 1, 1) AS year, avg(body_mass_g) AS mass FROM data GROUP BY ALL ORDER BY 1"
        seen.open(address.rstrip("/") + at("/sql", dates))
        assert seen.page.locator("#answer svg.figure:visible").count() == 1
        seen.kept(f"sql-dates-{view}")
        seen.fits()
        assert [line for line in seen.wrong if "400" not in line] == []  # the browser notes the status of a wrong question


def test_without_a_script_it_answers_all_the_same(tab: Callable[..., Any]) -> None:
    with served("explore", str(PENGUINS), "--no-open") as address:
        seen = tab(java_script_enabled=False).open(address + "sql")
        seen.page.locator("textarea").fill(COUNT)
        seen.page.get_by_role("button", name="Ask").click()
        assert "Chinstrap" in seen.page.locator("#answer").inner_text()
        seen.fine()
