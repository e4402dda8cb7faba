"""The report of what was found without a target, as a reader meets it: groups, a map, and the form that answers in the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

import etabli
import etabli.examples
from etabli.faces.report import report, write
from etabli.study import Study

Tab = Callable[..., Any]
DETAILS = {  # what a story may add to its result, in the shape that the page reads
    "label": {"column": "species", "adjusted_rand": 0.9, "rows": 340},
    "membership": {"says": [0.5, 0.8, 0.99], "kept": [0.55, 0.8, 1.0]},
    "structure": {"found": False, "stability": 0.41, "null": 0.40, "p": 0.4},
    "clusters": [
        {"label": "1", "rows": 200, "share": 0.58, "stays": 0.9, "differs": [{"column": "<b>", "text": {"en": "longer <b>", "fr": "plus long <b>"}}]},
        {"label": "2", "rows": 144, "share": 0.42, "sure": None, "differs": [{"column": "island"}]},
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A real run, once."""
    folder = tmp_path_factory.mktemp("found") / "penguins.cluster.etabli"
    return etabli.cluster(etabli.examples.path("penguins.csv"), methods=("kmeans", "ward"), effort="glance", out=folder, lang="en")


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A real run, once."""
    folder = tmp_path_factory.mktemp("found") / "penguins.map.etabli"
    return etabli.map(etabli.examples.path("penguins.csv"), methods=("pca",), effort="glance", out=folder, lang="en")


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_groups_fit_are_accessible_and_answer_a_row(tab: Tab, grouped: Study, tmp_path: Path, width: int, dark: bool) -> None:
    path = write({**grouped.result, **DETAILS}, tmp_path / "report.html")
    path.write_text(report({**grouped.result, **DETAILS}, model=(grouped.folder / "model.onnx").read_bytes()))
    seen = tab(width=width, dark=dark).open(path)
    seen.page.wait_for_selector("#try-form[aria-busy=false]")
    assert seen.page.locator("#try-value").text_content() in {one for one in grouped.model.card["classes"]}
    shares = seen.page.locator("#try-classes .n").all_text_contents()
    assert len(shares) == len(grouped.model.card["classes"])
    assert "longer <b>" in seen.page.locator("#clusters").text_content()
    assert "There is no sign of groups" in seen.page.locator("#clusters").text_content()
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    seen.page.wait_for_selector("#try-form[aria-busy=false]")
    seen.fits()
    seen.accessible()
    seen.fine()
    seen.kept(f"found-cluster-{width}{'-dark' if dark else ''}")


def test_a_map_is_shown_and_places_a_row(tab: Tab, mapped: Study) -> None:
    seen = tab(width=390).open(mapped.folder / "report.html")
    seen.page.wait_for_selector("#try-form[aria-busy=false]")
    seen.page.locator("#try-random").click()
    seen.page.wait_for_selector("#try-form[aria-busy=false]")
    assert seen.page.locator("#try-strip circle.mark").count() == 1
    assert len(seen.page.locator("#try-value").text_content().split()) == 2
    seen.fits()
    seen.accessible()
    seen.fine()


def test_the_picture_of_the_rows_is_coloured_by_the_column_that_is_chosen(tab: Tab, mapped: Study) -> None:
    seen = tab(width=1100).open(mapped.folder / "report.html")
    seen.page.wait_for_selector("#tint-choose:not([hidden])")
    looks = "() => [...document.querySelectorAll('#rowmap .wide .point')].map(e => getComputedStyle(e).fill)"
    before = seen.page.evaluate(looks)
    assert len(before) == len(mapped.result["points"]["x"])
    seen.page.select_option("#tint", label="body_mass_g")
    after = seen.page.evaluate(looks)
    seen.kept("found-map-tinted")
    assert before != after and len(set(after)) > 10
    mass = next(one["values"] for one in mapped.result["points"]["columns"] if one["name"] == "body_mass_g")
    ends = [mass.index(choose(v for v in mass if v)) for choose in (min, max)]
    steps = [seen.page.locator(f"#rowmap .wide [data-row='{k}']").get_attribute("class") for k in (*ends, mass.index(None))]
    assert steps == ["point q0", "point q15", "point g-none"]
    assert seen.page.locator("#rowmap [data-way]:visible").count() == 1
    assert seen.page.locator("#rowmap [data-way]:visible b").text_content() == "body_mass_g"
    seen.page.locator("#rowmap .wide svg").focus()
    seen.page.keyboard.press("ArrowLeft")
    assert "row " in seen.page.locator("#tint-row").text_content() and "body_mass_g: " in seen.page.locator("#tint-row").text_content()
    seen.accessible()
    seen.fine()
    page = report(mapped.result).partition("<script")[0]
    assert re.search('class="point [gq][0-9]', page)  # without a script: the first way, a path a colour


def test_every_row_of_the_picture_has_its_place_and_group(grouped: Study) -> None:
    rows = pyarrow.csv.read_csv(etabli.examples.path("penguins.csv"), convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True))
    points, answer = grouped.result["points"], grouped.model.predict(rows)["prediction"]
    assert len(points["x"]) == len(points["y"]) == grouped.result["rows"]
    assert points["label"] == answer[:, 0].tolist()


def test_in_french_and_with_nothing_measured(grouped: Study, mapped: Study) -> None:
    for result in (grouped.result, mapped.result):
        french = report(result, "fr")
        assert 'lang="fr"' in french and "Ce qui a été trouvé" in french
        bare = {key: result[key] for key in ("task", "file", "rows", "winner", "sentence")}
        assert not re.search(r"{[a-z]+}", report(bare).split("</style>")[1])


def test_a_report_is_coloured_anew_by_a_column_that_was_kept_and_by_no_other(mapped: Study, tmp_path: Path, capsys: Any) -> None:
    import shutil

    from etabli.cli import main

    run = shutil.copytree(mapped.folder, tmp_path / "run")
    assert main(["report", str(run), "--colour", "island"]) == 0
    assert '<div data-way="0">\n<div class="key"><b><bdi>island</bdi>' in (run / "report.html").read_text(encoding="utf-8")
    assert main(["report", str(run), "--colour", "islnd"]) == 2
    assert "island" in capsys.readouterr().err
