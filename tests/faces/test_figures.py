"""Pictures: well-formed SVG with a title that says the numbers, and marks where the numbers are."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.faces import figures
from etabli.faces.figures import Dot, Line

SVG = "{http://www.w3.org/2000/svg}"


def show(value: float) -> str:
    return f"{value:g}"


def parsed(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root[0].tag == SVG + "title" and root[0].text
    assert "nan" not in svg and "inf" not in svg.replace("<title>", "")
    return root


DOTS = [
    Dot("honest", 0.30, 0.28, 0.32, "honest"),
    Dot("a", 0.29, None, None, "tied", text="0.29"),
    Dot("b", 0.295, 0.285, 0.305, "tied"),
    Dot("c", 0.34, 0.33, 0.35, "apart"),
    Dot("lost", 9.0, 8.0, 10.0, "dropped"),
    Dot("base", 0.9, look="base"),
]


@pytest.mark.parametrize("width", [812, 348])
def test_intervals_keeps_order_and_breaks_the_axis(width):
    root = parsed(figures.intervals(DOTS, "t", width, show, 0.29, 0.9))
    circles = [float(c.get("cx")) for c in root.iter(SVG + "circle")]
    assert circles == sorted(circles) and len(circles) == 3
    dashed = [node for node in root.iter(SVG + "line") if node.get("class") == "dash"]
    assert len(dashed) == 1 and float(dashed[0].get("x1")) > max(circles)
    assert any(t.text == "0.9" for t in root.iter(SVG + "text"))
    assert all(0 <= float(t.get("x")) <= width for t in root.iter(SVG + "text"))


def test_a_near_baseline_needs_no_break():
    near = [dot for dot in DOTS if dot.label in ("honest", "a", "b")] + [Dot("base", 0.33, look="base")]
    broken, whole = (figures.intervals(near, "t", 812, show, 0.29, at).count('class="axis"') for at in (0.9, 0.33))
    assert broken - whole == 3  # two strokes and the piece beyond the break


def test_bars_are_as_long_as_their_intervals():
    root = parsed(figures.intervals(DOTS[:4], "t", 812, show))
    bars = [float(b.get("x2")) - float(b.get("x1")) for b in root.iter(SVG + "line") if "bar" in (b.get("class") or "")]
    assert bars[0] == pytest.approx(2 * bars[1], abs=0.3) and bars[1] == pytest.approx(bars[2], abs=0.3)


@given(
    st.lists(st.tuples(*[st.none() | st.floats()] * 3), max_size=8), st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32)
)
def test_intervals_never_fails(rows, dash):
    looks = ["honest", "tied", "apart", "dropped", "base"]
    figures.intervals([Dot("x", *row, looks[i % 5]) for i, row in enumerate(rows)], "t", 348, show, None, dash)


def test_hostile_names_are_escaped():
    evil = '<script>alert("x")</script>&\x1b\x00'
    root = parsed(figures.intervals([Dot(evil, 1.0, 0.5, 2.0, "tied", evil, evil, evil)], evil, 812, show, note=evil))
    assert not list(root.iter(SVG + "script"))
    parsed(figures.heat([[1.0, 0.0], [0.5, 0.5]], [["1", "0"], ["1", "1"]], [evil, "=1+1"], evil, 348, (evil, evil)))


def test_calibration_puts_dots_on_the_diagonal():
    bins = [{"predicted": p, "observed": p, "low": p - 0.05, "high": p + 0.05, "rows": 10} for p in (0.0, 0.5, 1.0)]
    root = parsed(figures.calibration([*bins, {"predicted": None, "observed": 0.5}], "t", 440, show, ("p", "o", "n")))
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(SVG + "circle")]
    assert len(dots) == 3
    (x0, y0), (x1, y1), (x2, y2) = dots
    assert (x1, y1) == pytest.approx(((x0 + x2) / 2, (y0 + y2) / 2), abs=0.2) and y0 > y2


def test_cloud_is_one_path():
    root = parsed(figures.cloud([[i, (-1) ** i] for i in range(500)] + [[None, 1], [2]], "t", 812, show, ("x", "y"), [(0.9, "95 %")]))
    clouds = [p for p in root.iter(SVG + "path") if p.get("class") == "cloud"]
    assert len(clouds) == 1 and clouds[0].get("d").count("M") == 500


def test_histogram_counts_every_value():
    root = parsed(figures.histogram([*range(100), None, float("nan")], "t", 812, show, ("x", "n"), bins=10))
    assert [r.find(SVG + "title").text for r in root.iter(SVG + "rect")] == ["10"] * 10
    parsed(figures.histogram([], "t", 348, show, ("x", "n")))


def test_lines_with_bands():
    line = Line([0, 1, 2], [1, 2, 3], [0, 1, 2], [2, 3, 4], "rate")
    root = parsed(figures.lines([line, Line([0, 2], [1, 1], dashed=True)], "t", 812, show, show, ("x", "y")))
    assert {p.get("class") for p in root.iter(SVG + "path")} == {"pale", "trace", "dash"}


def test_heat_says_where_white_letters_are_needed():
    svg = figures.heat([[0.98, 0.02], [0.3, 0.7]], [["98", "2"], ["3", "7"]], ["a", "b"], "t", 812, ("true", "guess"))
    assert re.findall(r'class="mid ?([a-z ]*)"[^>]*>(\d+)<', svg) == [("deep bold", "98"), ("", "2"), ("", "3"), ("middle", "7")]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_inside_and_round(low, width):
    found = figures.ticks(low, low + width)
    assert len(found) <= 12
    assert all(low - 1e-6 * width <= t <= low + width * (1 + 1e-6) for t in found)


def test_standalone_carries_its_style():
    assert "<style>" in figures.standalone(figures.heat([[1.0]], [["1"]], ["a"], "t", 348, ("a", "b")))
