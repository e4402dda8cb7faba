"""Figures for a paper: their size, their letters, the same bytes, nothing cut off or over one another, names drawn as they are."""

from __future__ import annotations

import json
import re
import struct
import zlib
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.text import Text

from etabli.cli import main
from etabli.errors import UsageError
from etabli.faces.paper import chosen, drawings, figure, write
from etabli.faces.paper.captions import escaped
from etabli.study import Study

HERE = Path(__file__).parent
EXAMPLES: dict[str, dict[str, Any]] = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
NASTY = ["$x^2$ & _y_", "a < b\nc > d", "%d \\alpha {z}", "a very long name " * 9, "prix_médian_de_l'habitation_€", "日本語", "‮evil‬"]


def whole(result: dict[str, Any]) -> dict[str, Any]:
    """A result with what newer runs have: how the target lies, and stretches of time."""
    classes = result["classes"]
    rows = 300
    counts = [rows // len(classes)] * len(classes) if classes else list(range(30))
    outcome = {"rows": sum(counts), "counts": counts, "edges": None if classes else [1000.0 * k for k in range(31)], "outside": 3}
    windows = [{"place": k, "rows": 100, "got": 0.86 + 0.02 * k, "low": 0.84, "high": 0.96} for k in range(1, 5)]
    half = [k / 10 for k in range(11)]
    curve = {key: half for key in ("fallout", "tpr", "tpr_low", "tpr_high", "recall", "precision", "precision_low", "precision_high")}
    area = {f"{key}{end}": 0.912 for key in ("auc", "ap") for end in ("", "_low", "_high")}
    curves = [{"class": name, "rows": 90, "share": 0.3, **curve, **area} for name in classes[-1:] * (len(classes) == 2) or classes] or None
    points = [{"rows": 100 * 2**k, "score": 0.5 - 0.1 * k, "low": 0.4 - 0.1 * k, "high": 0.6 - 0.1 * k} for k in range(3)]
    learning = {
        "candidate": "lightgbm num_leaves=31",
        "metric": result["metric"],
        "greater_is_better": result["greater_is_better"],
        "points": points,
        "curve": {"rows": [100, 800], "score": [0.5, 0.25]},
        "twice": {"rows": 800, "score": 0.25, "low": 0.2, "high": 0.3},
    }
    more: dict[str, Any] = {"curves": curves, "learning": learning}
    if not classes:
        along = [{"prediction": 5e4 * k, "low": -9e3, "middle": 10.0, "high": 8e3, "rows": 30} for k in range(1, 11)]
        spread = {"rows": 300, "counts": [10] * 30, "edges": [1e3 * k - 15e3 for k in range(31)], "outside": 0}
        more["residuals"] = result["residuals"] | {"along": along, "spread": spread}
    return result | more | {"outcome": outcome, "coverage": [one | {"windows": windows} for one in result["coverage"]]}


def renamed(result: dict[str, Any]) -> dict[str, Any]:
    """The same with names that would break a formula, a page or a layout."""
    columns = [one["column"] for one in result["explanation"]["importance"]["columns"]]
    text = json.dumps(result, ensure_ascii=False)
    for old, new in zip([*dict.fromkeys(columns), *result["classes"], result["target"]], NASTY * 5, strict=False):
        text = text.replace(json.dumps(old, ensure_ascii=False), json.dumps(new, ensure_ascii=False))
    made: dict[str, Any] = json.loads(text)
    return made


RESULTS = {name: whole(result) for name, result in EXAMPLES.items()}
RESULTS |= {f"nasty {name}": renamed(result) for name, result in RESULTS.items()} | {"hostile": whole(HOSTILE)}


def placed(task: str, bent: bool, colour: dict[str, Any]) -> dict[str, Any]:
    """A run without a target, with names that would break a layout."""
    n = 60
    columns = [{"feature": name, "column": name, "correlation": 0.9 - 0.3 * k} for k, name in enumerate(NASTY)]
    loadings = [{"feature": name, "column": name, "loading": 0.9 - 0.3 * k} for k, name in enumerate(NASTY)]
    axes = [{"coordinate": f"x{k}", "columns": columns, **({} if bent else {"loadings": loadings})} for k in (1, 2, 3)]
    points = {
        "x": [k % 7 for k in range(n)],
        "y": [k % 11 / 3 for k in range(n)],
        "colour": NASTY[3],
        "columns": [colour | {"name": NASTY[3]}],
    }
    entries = [
        {"name": "kmeans", "clusters": k, "stability": 1 - k / 20, "null": 0.5, "each": [0.9 - k / 20, 1 - k / 20]} for k in range(2, 13)
    ]
    return {
        "task": task,
        "rows": 90,
        "winner": {"family": "umap" if bent else "pca", "clusters": 3},
        "map": {"linear": not bent, "loadings": axes, "trust": {"picture": {"trustworthiness": 0.9, "continuity": 0.95}}}
        if task == "map"
        else {},
        "leaderboard": entries,
        "points": points,
    }


LEVELED = {
    "kind": "category",
    "told": 0.5,
    "levels": [f"{name} {k}" for k in range(2) for name in NASTY],
    "codes": [k % 15 - 1 for k in range(60)],
}
RESULTS["a map"] = placed("map", False, {"kind": "number", "told": 0.5, "values": [None, *(1e6 * k for k in range(59))]})
RESULTS["a bent map"] = placed("map", True, LEVELED)
RESULTS["some groups"] = placed("cluster", False, LEVELED | {"levels": ["a", "b"], "codes": [k % 2 for k in range(60)]})


def shown(drawn: Any) -> list[tuple[str, Any]]:
    """(text, box in pixels) of everything written in a figure."""
    drawn.canvas.draw()
    renderer = drawn.canvas.get_renderer()
    texts = [one for one in drawn.findobj(Text) if one.get_visible() and one.get_text().strip()]
    return [(one.get_text(), one.get_window_extent(renderer)) for one in texts if not (one.axes and _beyond(one))]


def _beyond(text: Any) -> bool:
    """Whether it is the label of a tick that lies outside of its axis (matplotlib keeps such and draws them not)."""
    for axis, ends, place in ((text.axes.xaxis, text.axes.get_xlim(), 0), (text.axes.yaxis, text.axes.get_ylim(), 1)):
        if any(text in (tick.label1, tick.label2) for tick in axis.get_major_ticks()):
            return not min(ends) - 1e-9 <= text.get_position()[place] <= max(ends) + 1e-9
    return False


@pytest.mark.parametrize(
    ("name", "width", "lang"),
    [(name, 85, "en") for name in RESULTS]
    + [(name, 60, "fr") for name in RESULTS if " " in name]
    + [(name, 170, "fr") for name in EXAMPLES],
)
def test_nothing_is_cut_off_and_no_text_lies_on_another(name: str, width: int, lang: str) -> None:
    for one in chosen(RESULTS[name]):
        drawn = figure(RESULTS[name], one.name, lang, width)
        assert round(drawn.get_size_inches()[0] * 25.4, 3) == width
        across, up = drawn.canvas.get_width_height()
        texts = shown(drawn)
        assert texts
        for text, box in texts:
            assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= across + 1 and box.y1 <= up + 1, (one.name, text, box, (across, up))
        for (text, box), (other, beside) in combinations(texts, 2):
            aside = box.x1 <= beside.x0 + 1 or beside.x1 <= box.x0 + 1 or box.y1 <= beside.y0 + 1.5 or beside.y1 <= box.y0 + 1.5
            assert aside, (one.name, text, other, box, beside)


def test_every_figure_is_tried_here() -> None:
    tried = {one.name for result in RESULTS.values() for one in chosen(result)}
    assert tried == set(drawings())


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
@pytest.mark.parametrize("name", ["binary", "nasty multiclass", "nasty regression"])
def test_the_same_bytes_whatever_the_user_has_set(name: str, kind: str, tmp_path: Path) -> None:
    first = write(RESULTS[name], kind, tmp_path / "a", only=["leaderboard", "coverage", "importance"])
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "svg.hashsalt": "other", "savefig.dpi": 20}):
        second = write(RESULTS[name], kind, tmp_path / "b", only=["leaderboard", "coverage", "importance"])
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert dict(matplotlib.rcParams) == before
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(path.name for path in first)  # nothing left aside


def letters(pdf: bytes) -> str:
    """The text of a PDF of ours: what is shown with Tj and TJ, letters of one byte or two."""
    text = ""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            page = zlib.decompress(stream)
        except zlib.error:
            continue
        for part in re.findall(rb"\(((?:[^()\\]|\\.)*)\)", page, re.S):
            text += re.sub(r"\\(.)", r"\1", part.decode("latin-1"))
    return text.replace("\0", "")


def test_a_pdf_has_the_size_and_letters_that_can_be_searched(tmp_path: Path) -> None:
    for width, points in (("85mm", 240.94), ("17cm", 481.89), (3.5 * 25.4, 252.0)):
        path = write(RESULTS["binary"], "pdf", tmp_path, width=width, only=["leaderboard"])[0]
        pdf = path.read_bytes()
        box = [float(v) for v in re.search(rb"/MediaBox \[([^]]*)\]", pdf)[1].split()]
        assert box[2] == pytest.approx(points, abs=0.02)
        assert b"/TrueType" in pdf or b"/CIDFontType2" in pdf
        assert b"/Type3" not in pdf and b"CreationDate" not in pdf and b"/ToUnicode" in pdf
        assert "Honestscore" in letters(pdf).replace(" ", "")


def test_a_png_has_300_dots_an_inch(tmp_path: Path) -> None:
    path = write(RESULTS["regression"], "png", tmp_path, width=170, only=["residuals"])[0]
    head = path.read_bytes()
    assert struct.unpack(">I", head[16:20])[0] == int(170 / 25.4 * 300)
    place = head.index(b"pHYs")
    assert struct.unpack(">I", head[place + 4 : place + 8])[0] == round(300 / 0.0254)


def test_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    write(RESULTS["nasty regression"], "svg", tmp_path, only=["importance"], width=170)
    svg = (tmp_path / "importance.svg").read_text(encoding="utf-8")
    assert "$x^2$ &amp; _y_" in svg and "a &lt; b c &gt; d" in svg and "日本語" in svg and "‮" not in svg


def test_captions_say_how_many_rows_and_how_intervals_were_made(tmp_path: Path) -> None:
    for lang, words in (("en", ("95 %", "Wilson", "Apley", "Hsu 1981")), ("fr", ("95\u00a0%", "Wilson", "Apley", "Hsu 1981"))):
        write(RESULTS["binary"], "pdf", tmp_path, lang)
        said, source = (tmp_path / "captions.md").read_text(), (tmp_path / "captions.tex").read_text()
        assert all(word in said for word in words)
        assert said.count("## Figure") == source.count(r"\begin{figure}") == len(chosen(RESULTS["binary"]))
        assert "n = " in said
    write(RESULTS["nasty multiclass"], "pdf", tmp_path)
    body = (tmp_path / "captions.tex").read_text()
    for caption in re.findall(r"\\caption\{(.*)\}", body):
        assert not re.search(r"(?<!\\)[$&%#_^~](?!\})", caption.replace("~", "")), caption


def test_tex_escapes_what_tex_reads() -> None:
    assert escaped("5 % of $x_1$ {a} & #2 ~ ^ \\ 1,1 × 10⁻¹⁶") == (
        r"5 \% of \$x\_1\$ \{a\} \& \#2 \textasciitilde{} \textasciicircum{} \textbackslash{} 1,1 \ensuremath{\times} 10\textsuperscript{-16}"
    )


def test_what_is_asked_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names of figures") as wrong:
        write(RESULTS["binary"], "pdf", tmp_path, only=["calibraton"])
    assert "calibration" in wrong.value.hint
    with pytest.raises(UsageError, match="its part of the result"):
        figure(RESULTS["binary"], "residuals")
    for width in ("huge", "5mm", "-85", "nan", "900mm"):
        with pytest.raises(UsageError, match="60 to 300 mm"):
            write(RESULTS["binary"], "pdf", tmp_path, width=width)
    with pytest.raises(UsageError, match="pdf, png or svg"):
        write(RESULTS["binary"], "eps", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_from_the_command_and_from_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run.etabli"
    run.mkdir()
    (run / "result.json").write_text(json.dumps(RESULTS["binary"]))
    assert main(["report", str(run), "--figures", "svg", "--only", "calibration", "--lang", "fr", "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [Path(line).name for line in printed] == ["calibration.svg", "captions.md", "captions.tex"]
    assert "Part observée" in Path(printed[0]).read_text(encoding="utf-8")
    assert main(["report", str(run), "--width", "170mm"]) == 2
    assert "--figures" in capsys.readouterr().err
    study = Study(run, RESULTS["binary"])
    assert study.figures("png", only=["coverage"])[0] == run / "figures" / "coverage.png"
    drawn = study.figure("calibration", lang="en")
    drawn.axes[0].set_title("ours")
    drawn.savefig(tmp_path / "ours.png")
    assert (tmp_path / "ours.png").stat().st_size > 1000
