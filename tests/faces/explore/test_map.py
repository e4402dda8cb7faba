"""/map: rows placed by what they are, clusters that are there or said not to be, and a lasso that leads to just its rows."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.errors import UsageError
from etabli.faces.explore import rowmap, umapped
from etabli.faces.explore.page import State
from etabli.faces.explore.pages.map import answer
from etabli.faces.explore.scatter import frame, scatter

PENGUINS = Path(str(resources.files("etabli").joinpath("examples/penguins.csv")))


def found(page: str) -> int:
    """How many rows /rows says it found."""
    return int(re.search(r"([\d,]+) of [\d,]+ rows", page).group(1).replace(",", ""))


def points(client: Any, query: str = "") -> dict[str, np.ndarray]:
    sheet = json.loads(client.get(f"/map.json?_sheet=points{query}").text)
    return dict(zip(sheet["columns"], np.array(sheet["rows"], float).T, strict=True))


def test_the_species_are_the_clusters(look, ask):
    """Placed without their species (it is the target), the three of them are still told apart by the two axes."""
    client = ask(look(PENGUINS, target="species"))
    page = client.get("/map").text
    assert "The target species takes no part in the placing" in page and "placed by 7 columns" in page
    assert re.search(r"more flipper_length_mm \(\d+", page)
    seen = points(client)
    assert seen["row"].tolist() == list(range(344)) and set(seen["group"]) == {0, 1, 2}
    gentoo, rest = (np.c_[seen["x"], seen["y"]][seen["group"] == k] for k in (1, 0))  # the second commonest species
    assert abs(gentoo[:, 0].mean() - rest[:, 0].mean()) > 2 * max(gentoo[:, 0].std(), rest[:, 0].std())


def test_a_cluster_is_named_and_leads_to_its_rows(look, ask):
    client = ask(look(PENGUINS))
    page = client.get("/map").text
    rows = re.findall(r'<th scope="row"><a href="([^"]+)">(Cluster \d)</a></th><td class="n">(\d+)', page)
    assert len(rows) == 4 and sum(int(n) for *_, n in rows) == 344
    assert "species is Gentoo in 100 %, elsewhere in 2 %" in page.replace("\u00a0", " ")
    for link, _, n in rows:
        chosen = client.get(unescape(link)).text
        assert f"{n} rows chosen" in chosen
        go = unescape(re.search(r'<a class="go" href="(/rows[^"]+)">Look at these', chosen).group(1))
        assert found(client.get(go).text) == int(n)


def test_an_outline_chooses_what_lies_inside(look, ask):
    client = ask(look(PENGUINS))
    seen = points(client)
    inside = (seen["x"] > 1.5) & (seen["x"] < 9) & (seen["y"] > -9) & (seen["y"] < 9)
    page = client.get("/map?chosen=1.5+-9,9+-9,9+9,1.5+9").text
    assert f"{inside.sum()} rows chosen" in page and "flipper_length_mm is higher" in page
    sheet = json.loads(client.get("/rows.json?_map=pca:1.5+-9,9+-9,9+9,1.5+9&_size=1000").text)
    assert len(sheet["rows"]) == inside.sum()
    assert "Nothing sets them apart" in client.get("/map?chosen=-99+-99,99+-99,99+99,-99+99").text  # all of them
    assert "No row chosen" in client.get("/map?chosen=50+50,60+50,60+60").text


@pytest.mark.parametrize("what", ["1 2,3 4", "1 2,3 4,x y", "cluster 9", "cluster x", "nan nan,1 1,2 2", "1,2,3", "", "1e300 1,2 2,3 3"])
def test_what_is_no_choice_teaches(look, ask, what):
    client = ask(look(PENGUINS))
    reply = client.get(f"/rows?_map=pca:{what}".replace(" ", "+"))
    assert reply.status_code == 400 and "fault of ours" not in reply.text
    assert client.get("/rows?_map=tsne:0+0,1+1,1+0").status_code == 400


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=12), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_inside_is_what_a_polygon_says(corners, seed):
    from matplotlib.path import Path as Outline

    where = np.random.default_rng(seed).uniform(-6, 6, (200, 2))
    shape = np.array(corners)
    closed = Outline(np.vstack([shape, shape[:1]]), closed=True)
    edge = np.array([closed.contains_point(p, radius=1e-9) != closed.contains_point(p, radius=-1e-9) for p in where])
    turning = np.array([_winding(shape, p) for p in where])
    assert (rowmap.inside(shape, where) == (turning % 2 == 1))[~edge].all()


def _winding(shape: np.ndarray, point: np.ndarray) -> int:
    """How often the outline goes round a point, by angles."""
    apart = shape - point
    angle = np.arctan2(apart[:, 1], apart[:, 0])
    turn = (np.diff(angle, append=angle[:1]) + np.pi) % (2 * np.pi) - np.pi
    return abs(round(float(turn.sum() / (2 * np.pi))))


def test_noise_has_no_clusters(look, ask, tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "noise.csv", rng.normal(size=(500, 5)), delimiter=",", header="a,b,c,d,e", comments="")
    page = ask(look(tmp_path / "noise.csv")).get("/map").text
    assert "No clear clusters" in page and "Cluster 1" not in page


def test_the_same_file_gives_the_same_map(look, shared):
    file = look(shared / "adult_income.csv", target="income")
    first = rowmap.rowmap(file)
    rowmap._rowmap.cache_clear()
    again = rowmap.rowmap(file)
    assert (
        (first.where == again.where).all() and (first.rows == again.rows).all() and (first.clusters.cluster == again.clusters.cluster).all()
    )
    assert 19_500 < len(first.rows) <= 20_000 and (np.diff(first.rows) > 0).all()


def test_ten_columns_are_placed_in_half_a_second(look, shared):
    file = look(shared / "diamonds.parquet")
    rowmap.rowmap(look(PENGUINS))  # imports are not the map
    start = time.process_time()
    made = rowmap.rowmap(file)
    assert time.process_time() - start < 0.8 and len(made.used) == 10  # 0.3 to 0.4 measured


def test_thousands_of_columns_are_placed(look, shared):
    made = rowmap.rowmap(look(shared / "tissue_genes.parquet", target="y"))
    tissue = next(c for c in made.cells if c.name == "y").values
    assert made.clusters.count in (7, 8)  # of seven tissues
    pure = sum(np.bincount(tissue[made.clusters.cluster == k]).max() for k in range(made.clusters.count)) / len(tissue)
    assert pure > 0.85  # k-means that never saw them finds the tissues


def test_too_little_to_place_teaches(look, ask, tmp_path):
    (tmp_path / "one.csv").write_text("a\n" + "\n".join(map(str, range(40))))
    reply = ask(look(tmp_path / "one.csv")).get("/map")
    assert reply.status_code == 400 and "at least two columns" in reply.text
    assert ask(look(PENGUINS)).get("/map?colour=specis").status_code == 400


def test_the_drawing_is_small_and_whole():
    rng = np.random.default_rng(0)
    where, group = rng.normal(size=(20_000, 2)), rng.integers(-1, 8, 20_000)
    svg = scatter(where, group, False, "t", 812, 520, group == 3)
    assert svg.count("M") <= 2_000 + 20 and len(svg) < 150_000 and "nan" not in svg
    (left, right), (low, high) = frame(where, 812 / 520)
    assert left < where[:, 0].min() and right > where[:, 0].max() and low < where[:, 1].min() and high > where[:, 1].max()
    assert (right - left) / (high - low) == pytest.approx(812 / 520)


def test_without_umap_the_page_says_what_it_needs(look, ask, monkeypatch):
    monkeypatch.setattr(umapped, "installed", lambda: False)
    for address in ("/map", "/map?way=umap"):
        assert "etabli[umap]" in ask(look(PENGUINS)).get(address).text
    with pytest.raises(UsageError):
        rowmap.chosen(look(PENGUINS), "umap:0 0,1 1,1 0")


def test_hostile_names_are_words(look, tmp_path):
    rng = np.random.default_rng(1)
    lines = "\n".join(
        f"{a},{'<b>x</b>' if b else 'y'},{c}"
        for a, b, c in zip(rng.normal(size=90), rng.random(90) < 0.5, rng.normal(size=90), strict=True)
    )
    (tmp_path / "bad.csv").write_text('<script>alert(1)</script>,"""onload=",{{7*7}}\n' + lines)
    body = answer(look(tmp_path / "bad.csv"), State("/map", (("colour", '"onload='),))).body
    assert "<script>alert" not in body and "<b>x" not in body and "&lt;b&gt;x&lt;/b&gt;" in body


@pytest.fixture
def served_penguins(tmp_path, monkeypatch):
    from tests.browser import served

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with served("explore", str(PENGUINS), "--no-open", "--lang", "en") as address:
        yield address.rstrip("/")


def lasso(page: Any, corners: list[tuple[float, float]], share: bool = True) -> None:
    """Draws around with the mouse. corners: shares of the canvas."""
    box = page.locator("#map canvas").bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*at[0])
    page.mouse.down()
    for corner in [*at[1:], at[0]]:
        page.mouse.move(*corner, steps=6)
    page.mouse.up()


def ready(seen: Any, address: str) -> Any:
    seen.open(address)
    seen.page.wait_for_selector("#map[data-ready]")
    return seen.page


def test_a_lasso_leads_to_its_rows(tab: Callable[..., Any], served_penguins: str) -> None:
    seen = tab(width=1100)
    page = ready(seen, f"{served_penguins}/map")
    seen.fits()
    seen.accessible()
    page.locator("#map canvas").scroll_into_view_if_needed()
    lasso(page, [(0.55, 0.3), (0.97, 0.3), (0.97, 0.95), (0.55, 0.95)])
    page.wait_for_selector("#chosen h2")
    count = int(page.locator("#chosen h2").inner_text().split()[0])
    assert 100 < count < 140 and "Gentoo" in page.locator("#chosen").inner_text()
    assert "chosen=" in page.url
    seen.kept("map-lasso")
    page.reload()
    page.wait_for_selector("#map[data-ready]")
    assert page.locator("#chosen h2").inner_text() == f"{count} rows chosen"
    page.locator("#chosen a.go").click()
    assert "/rows?_map=pca" in page.url and found(page.content()) == count
    seen.fine()


def test_the_keys_do_what_the_mouse_does(tab: Callable[..., Any], served_penguins: str) -> None:
    seen = tab(width=1100, dark=True)
    page = ready(seen, f"{served_penguins}/map")
    page.locator("#map canvas").focus()
    for key in ["ArrowRight"] * 3 + [" "] + ["Shift+ArrowRight"] * 5 + ["Shift+ArrowDown"] * 4:
        page.keyboard.press(key)
    page.locator("#map-said", has_text="species").wait_for(state="attached")
    page.keyboard.press(" ")
    page.wait_for_selector("#chosen a.go")
    count = int(page.locator("#chosen h2").inner_text().split()[0])
    assert count > 20
    page.keyboard.press("+")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rows?_map=*")
    assert found(page.content()) == count
    page.go_back()
    page.wait_for_selector("#map[data-ready]")
    page.locator("#map canvas").focus()
    page.keyboard.press("Escape")
    page.wait_for_selector("#chosen h2", state="detached")
    assert "chosen" not in page.url
    seen.fine()


def test_a_phone_scrolls_past_the_map_and_draws_on_it(tab: Callable[..., Any], served_penguins: str) -> None:
    seen = tab(width=390, dark=True, has_touch=True, is_mobile=True)
    page = ready(seen, f"{served_penguins}/map?colour=body_mass_g")
    seen.fits()
    seen.accessible()
    assert page.locator("#map canvas").evaluate("e => getComputedStyle(e).touchAction") == "auto"
    page.get_by_role("button", name="Lasso").tap()
    assert page.locator("#map canvas").evaluate("e => getComputedStyle(e).touchAction") == "none"
    page.locator("#map canvas").scroll_into_view_if_needed()
    lasso(page, [(0.5, 0.3), (0.99, 0.3), (0.99, 0.95), (0.5, 0.95)])
    page.wait_for_selector("#chosen h2")
    seen.kept("map-phone-lasso")
    seen.fine()


def test_without_a_script_the_drawing_stands(tab: Callable[..., Any], served_penguins: str) -> None:
    seen = tab(width=1100, java_script_enabled=False)
    seen.open(f"{served_penguins}/map")
    assert seen.page.locator("#map .wide svg").is_visible() and not seen.page.locator("#map canvas").is_visible()
    assert not seen.page.locator("#map .tools").is_visible()


@pytest.mark.slow
def test_umap_is_made_when_asked_for(look, ask):
    pytest.importorskip("umap")
    file = look(PENGUINS)
    client = ask(file)
    assert "UMAP is being made" in client.get("/map?way=umap").text
    limit = time.monotonic() + 240
    while not (progress := json.loads(client.get("/map.json?way=umap&_sheet=progress").text)["rows"][0])[2]:
        assert not progress[3] and time.monotonic() < limit, progress
        time.sleep(0.5)
    page = client.get("/map?way=umap").text
    assert "UMAP keeps neighbours together" in page
    seen = points(client, "&way=umap")
    x, y = (np.median(seen["x"]), np.median(seen["y"]))
    rows = json.loads(client.get(f"/rows.json?_map=umap:{x}+-99,99+-99,99+99,{x}+99&_size=1000").text)["rows"]
    assert len(rows) == (seen["x"] > x).sum() and y == y
