"""The form of the report answers in the page, from a file, what the model file answers: read as a person reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.faces.report import report, write
from etabli.faces.report.trying import LARGEST, order, shipped, trying
from etabli.study import Study, fit

KEPT = Path(__file__).parents[1] / "model" / "kept"
PENGUINS = Path(etabli.__file__).parent / "examples" / "penguins.csv"
WAIT = "() => document.querySelector('#try-form')?.getAttribute('aria-busy') === 'false'"


@pytest.fixture(scope="module")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Study:
    out = tmp_path_factory.mktemp("try") / "penguins.etabli"
    return fit(PENGUINS, "species", effort="glance", families=("logistic",), out=str(out), lang="en")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A page around a model file written by an earlier release."""

    def page(name: str, lang: str = "en") -> Path:
        folder = tmp_path_factory.mktemp(name)
        model = (KEPT / f"{name}.onnx").read_bytes()
        (folder / "model.onnx").write_bytes(model)
        card = etabli.load(folder / "model.onnx").card
        return write(card | {"model": "model.onnx"}, folder / "report.html", lang)

    return page


def opened(tab: Callable[..., Any], path: Path, **how: Any) -> Any:
    seen = tab(**how).open(path)
    seen.page.wait_for_function(WAIT)
    return seen


def row_of(seen: Any) -> dict[str, Any]:
    return dict(json.loads(seen.page.locator("#try-json").text_content()))


def settled(seen: Any) -> None:
    """Waits until the answer and all that hangs on it were drawn."""
    seen.page.wait_for_function(WAIT)


def test_three_classes_are_answered_as_the_file_does(penguins: Study, tab: Callable[..., Any]) -> None:
    seen = opened(tab, Path(penguins.report.path))
    page = seen.page
    assert (
        "equal onnxruntime's" in page.locator("#try-state").text_content().replace("’", "'")
        or "bit for bit" in page.locator("#try-state").text_content()
    )
    labels = page.locator(".field label").all_text_contents()
    assert set(labels) == {c["name"] for c in penguins.model.card["columns"] if c["used"]}
    for fill in (
        {"bill_length_mm": "52", "island": "Dream", "sex": "female"},
        {"bill_length_mm": "", "body_mass_g": "9000", "island": "\u2063other"},
    ):
        for name, value in fill.items():
            control = page.get_by_label(name, exact=True).last
            control.select_option(value) if name in ("island", "sex") else control.fill(value)
        settled(seen)
        right = penguins.model.predict(row_of(seen))
        assert page.locator("#try-value").text_content() == right["prediction"][0, 0]
        said = dict(
            zip(right.classes if hasattr(right, "classes") else penguins.model.card["classes"], right["probability"][0], strict=True)
        )
        for name, p in said.items():
            line = page.locator("#try-classes li", has_text=name).text_content()
            read = float(re.search(r"([\d.]+)\s%", line)[1])  # type: ignore[index]
            assert abs(read - 100 * p) <= 0.11, (name, line, p)
            assert line.startswith("●" if right["set"][0, penguins.model.card["classes"].index(name)] else "○")
    notes = page.locator(".note").all_text_contents()
    assert any("never seen above 6300" in note for note in notes) and any("unknown level" in note for note in notes)
    page.get_by_role("button", name="A real row").click()
    settled(seen)
    assert "of the 32 stored ones" in page.locator("#try-which").text_content()
    page.get_by_role("button", name="A typical row").click()
    settled(seen)
    for name in labels:
        page.locator("#try-column").select_option(name)
        assert page.locator("#try-curve svg circle").count() >= 1
    seen.fine()
    seen.fits()
    seen.accessible()
    seen.kept("try-penguins")


def test_the_parts_add_up_and_the_link_holds_the_row(penguins: Study, tab: Callable[..., Any]) -> None:
    seen = opened(tab, Path(penguins.report.path))
    page = seen.page
    page.get_by_label("bill_length_mm", exact=True).last.fill("50.5")
    settled(seen)
    parts = [float(text.replace("−", "-")) for text in page.locator("#try-effects .n").all_text_contents()]
    mean, answer = (float(text) for text in re.findall(r"([\d.]+)\s%", page.locator("#try-sum").text_content()))
    assert abs(mean + sum(parts) - answer) < 0.1 * len(parts)
    link, row = page.url, row_of(seen)
    assert "#try=" in link and row["bill_length_mm"] == 50.5
    other = opened(tab, Path(penguins.report.path))
    other.page.goto(link)
    settled(other)
    assert row_of(other) == row and other.page.locator("#try-which").text_content() == "row from the link"
    other.page.goto(link.split("#")[0] + "#try=%5Bnonsense")
    other.page.wait_for_timeout(200)
    other.fine()


@pytest.mark.parametrize("name", ["binary-0.1.0", "regression-0.1.0"])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_file_of_an_earlier_release_is_tried_on_a_phone_in_the_dark(
    name: str, lang: str, kept: Callable[..., Path], tab: Callable[..., Any]
) -> None:
    path = kept(name, lang)
    seen = opened(tab, path, width=390, dark=True)
    right = etabli.load(path.with_name("model.onnx")).predict(row_of(seen))
    said = seen.page.locator("#try-value").text_content()
    if name.startswith("binary"):
        assert said == right["prediction"][0, 0]
    else:
        value = float(re.sub(r"[\s\u202f,](?=\d{3})", "", said).replace(",", ".").replace("−", "-"))
        assert abs(value - right["prediction"][0, 0]) <= 0.5
        assert seen.page.locator("#try-strip svg").count() == 1
    for level in (0.6, 0.95):
        seen.page.locator("#try-level").fill(str(level))
        settled(seen)
        assert f"{level:.0%}"[:-1] in seen.page.locator("#try-said").text_content()
    seen.fine()
    seen.fits()
    seen.accessible()
    seen.kept(f"try-{name}-{lang}")


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A run on made rows of every kind: a number with gaps, a flag, dates with hours, texts, a category of 40 levels."""
    folder = tmp_path_factory.mktemp("visits")
    random = np.random.default_rng(0)
    words = "sharp pain left right knee after running mild fever cough since days no travel family history of asthma".split()
    lines = ["weight,smoker,seen,note,town,cost"]
    for i in range(240):
        weight, smoker, day = random.normal(70, 12), random.random() < 0.3, int(random.integers(0, 700))
        note = " ".join(random.choice(words, int(random.integers(4, 12))))
        cost = 50 + weight + 40 * smoker + 80 * ("pain" in note) + day / 20 + random.normal(0, 3)
        seen = np.datetime64("2023-01-01T00:00") + np.timedelta64(day * 24 * 60 + int(random.integers(0, 1440)), "m")
        lines.append(
            f"{'' if i % 9 == 0 else round(weight, 1)},{'yes' if smoker else 'no'},{str(seen).replace('T', ' ')},{note},town {i % 40},{cost:.2f}"
        )
    (folder / "visits.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    kinds = {"note": "text", "town": "category", "smoker": "flag", "seen": "date"}
    how: dict[str, Any] = {"effort": "glance", "families": ("ridge",), "distribution": True, "lang": "en", "kinds": kinds}
    return fit(folder / "visits.csv", "cost", out=str(folder / "visits.etabli"), **how)


def test_every_kind_of_column_is_filled_in_and_answered(visits: Study, tab: Callable[..., Any]) -> None:
    seen = opened(tab, Path(visits.report.path))
    page = seen.page

    def field(name: str) -> Any:
        return page.get_by_label(name, exact=True).last

    field("weight").fill("81.5")
    field("smoker").select_option(label="yes")
    field("seen").fill("2024-05-17T13:45")
    field("note").fill("pain  in the\tknee ☃ since yesterday")
    field("town").fill("town 7")
    page.get_by_label("Probability of at most").fill("230")
    settled(seen)
    row = row_of(seen)
    assert row == {
        "weight": 81.5,
        "smoker": "yes",
        "seen": "2024-05-17T13:45",
        "note": "pain  in the\tknee ☃ since yesterday",
        "town": "town 7",
    }
    right = visits.model.predict(row, at=230)
    said = [float(text.replace("−", "-").replace(",", "")) for text in page.locator("#try-quantiles .n").all_text_contents()]
    assert abs(float(page.locator("#try-value").text_content()) - right["prediction"][0, 0]) <= 0.5
    assert np.allclose(said, right["quantile"][0], atol=0.5)
    shares = re.findall(r"At most 230.*?: ([\d.]+)", page.locator("#try-said").text_content())
    assert abs(float(shares[0]) - 100 * right["cdf"][0, 0]) <= 0.06
    without = visits.model.predict(row | {"note": row["note"].replace("pain", "")})["prediction"][0, 0]
    words = re.findall(r"(\w+|☃) ([+−][\d.]+)", page.locator("#try-cut").text_content())
    assert words[0][0] == "pain" and abs(float(words[0][1]) - (right["prediction"][0, 0] - without)) <= 0.6
    page.locator("#try-column").select_option("weight")
    page.locator("#try-curve").scroll_into_view_if_needed()
    spot = page.locator("#try-curve svg").bounding_box()
    page.mouse.move(spot["x"] + spot["width"] * 0.5, spot["y"] + 90)
    page.mouse.down()
    page.mouse.move(spot["x"] + spot["width"] * 0.9, spot["y"] + 90, steps=4)
    page.mouse.up()
    settled(seen)
    assert row_of(seen)["weight"] > 85
    for name in ("seen", "smoker", "town"):
        page.locator("#try-column").select_option(name)
        assert page.locator("#try-curve svg .dot").count() >= 1
    field("weight").fill("")
    field("note").fill("")
    settled(seen)
    assert row_of(seen)["weight"] is None and row_of(seen)["note"] is None
    right = visits.model.predict(row_of(seen))
    assert abs(float(page.locator("#try-value").text_content()) - right["prediction"][0, 0]) <= 0.5
    seen.fine()
    seen.fits()
    seen.accessible()
    seen.kept("try-visits")


def test_a_page_whose_model_answers_otherwise_says_so_and_shows_no_form(penguins: Study, tmp_path: Path, tab: Callable[..., Any]) -> None:
    model = (penguins.folder / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(model.replace(b'"prediction":[["Adelie"]', b'"prediction":[["Gentoo"]', 1))
    seen = tab().open(write(penguins.result, tmp_path / "report.html"))
    seen.page.wait_for_selector("#try-state.bad")
    assert "differ from onnxruntime" in seen.page.locator("#try-state").text_content() and seen.page.locator("#try-form").is_hidden()
    seen.fine()


def test_without_scripts_the_page_is_whole(penguins: Study, tab: Callable[..., Any]) -> None:
    seen = tab(java_script_enabled=False).open(Path(penguins.report.path))
    assert "where the reader allows scripts" in seen.page.locator("#try-state").text_content()
    assert seen.page.locator("#try-form").is_hidden() and seen.page.locator("#limits").count() == 1
    seen.fine()


def test_print_shows_the_typical_answer_only(penguins: Study, tab: Callable[..., Any]) -> None:
    seen = opened(tab, Path(penguins.report.path))
    seen.page.emulate_media(media="print")
    assert seen.page.locator("#try-value").is_visible() and seen.page.locator("#try-printed").is_visible()
    assert not any(seen.page.locator(name).is_visible() for name in ("#try-first", "#try-if", "#try-effects", ".try-code"))


def test_texts_of_the_file_are_texts_in_the_form(penguins: Study, tab: Callable[..., Any], tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><b>"
    rows = PENGUINS.read_text(encoding="utf-8").replace("Dream", hostile).replace("sex", "<i>sex", 1)
    (tmp_path / "x.csv").write_text(rows, encoding="utf-8")
    made = fit(tmp_path / "x.csv", "species", effort="glance", families=("logistic",), out=str(tmp_path / "x.etabli"), lang="en")
    seen = opened(tab, Path(made.report.path))
    seen.page.get_by_label("island", exact=True).last.select_option(hostile)
    settled(seen)
    assert row_of(seen)["island"] == hostile and "<i>sex" in seen.page.locator(".field label").all_text_contents()
    seen.fine()


def test_a_large_model_stays_outside_unless_asked() -> None:
    noise = np.random.default_rng(0).bytes(LARGEST + 10)
    big = trying({"run": "x.etabli"}, "en", noise, None)
    assert big is not None and not big.model and big.command == "etabli report x.etabli --try"
    text = report({"run": "x.etabli"}, "en", noise)
    assert "<script" not in text and "script-src" not in text and big.command in text
    assert trying({}, "en", noise, False) is None and trying({}, "en", None, True) is None
    taken = trying({}, "en", noise, True)
    assert taken is not None and taken.model


def test_the_command_puts_the_form_in_and_takes_it_out(penguins: Study, capsys: pytest.CaptureFixture[str]) -> None:
    from etabli.cli import main

    path = Path(penguins.report.path)
    whole = path.read_text(encoding="utf-8")
    assert len(whole.encode()) < 300_000 and 'id="try-model"' in whole
    assert main(["report", str(penguins.folder), "--no-try", "--lang", "en"]) == 0
    assert "<script" not in path.read_text(encoding="utf-8") and 'id="try"' not in path.read_text(encoding="utf-8")
    assert main(["report", str(penguins.folder), "--try", "--lang", "en"]) == 0
    assert path.read_text(encoding="utf-8") == whole
    assert str(path) in capsys.readouterr().out


def test_the_columns_that_matter_come_first(penguins: Study, tmp_path: Path, tab: Callable[..., Any]) -> None:
    (tmp_path / "model.onnx").write_bytes((penguins.folder / "model.onnx").read_bytes())
    found = {"columns": [{"column": "sex", "value": 0.1}], "groups": [{"columns": ["year", "island"], "value": 0.2}]}
    result = {**penguins.result, "explanation": {"importance": found}}
    assert order(result) == ["year", "island", "sex"] and order({}) == []
    seen = opened(tab, write(result, tmp_path / "report.html"))
    assert seen.page.locator(".field label").all_text_contents()[:3] == ["year", "island", "sex"]


def test_the_form_stays_small() -> None:
    assert len(shipped("try.js").encode()) <= 27_000
