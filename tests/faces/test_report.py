"""The page: parses, asks nothing of the network, runs nothing, survives hostile names and missing keys, stays small."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etabli.faces.report import report, write
from etabli.faces.report.rows import has_signal
from etabli.faces.report.snippets import snippets
from etabli.graph.graph import Graph
from etabli.records import Column

HERE = Path(__file__).parent
EXAMPLES: dict[str, Any] = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
HOSTILE: dict[str, Any] = json.loads((HERE / "hostile.json").read_text(encoding="utf-8"))
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that tags nest, and collects tags, attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append(data)


ALL = [*((name, result) for name, result in EXAMPLES.items()), ("hostile", HOSTILE), ("empty", {})]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("result", [r for _, r in ALL], ids=[n for n, _ in ALL])
def test_the_page_is_whole_and_alone(result, lang):
    text = report(result, lang)
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert text.startswith("<!doctype html>") and not names & {"script", "iframe", "object", "embed", "form", "base", "img"}
    for tag, attributes in page.tags:
        assert not [a for a in attributes if a.startswith("on") or a in ("style", "src", "srcset", "xlink:href")], (tag, attributes)
        if "href" in attributes:
            assert attributes["href"].startswith("#") or attributes["href"] == "data:,"
    style = re.search(r"<style>(.*?)</style>", text, re.S)[1]
    assert "url(" not in style and "@import" not in style
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for t, a in page.tags if t == "a"} <= set(ids)
    for tag, attributes in page.tags:
        assert tag != "svg" or attributes["role"] == "img"
    assert len(text.encode()) < 260_000 and len(page.tags) < 5000
    assert next(a["lang"] for t, a in page.tags if t == "html") == lang


def test_hostile_texts_are_shown_and_do_nothing():
    text = report(HOSTILE)
    assert "<script" not in text.casefold() and "\x1b" not in text and "\x00" not in text and "\u202e" not in text
    assert text.count("</style>") == 1
    said = "".join(Page(text).texts)
    assert '<script>alert("x")</script>' in said and "{{ 7*7 }}" in said and "[bold red]markup[/bold red]" in said
    for row in re.findall(r"<t[dh][^>]*>(?:<bdi>)?(.)", text):
        assert row not in "=@"


def test_the_numbers_of_the_result_are_on_the_page():
    said = " ".join(Page(report(EXAMPLES["binary"])).texts)
    for expected in (
        "0.280",
        "0.274 to 0.287",
        "0.551",
        "89.8\u00a0%",
        "0 labels differ",
        "1.1 × 10⁻¹⁶",
        "48,842",
        "LightGBM",
        "native-country = Mexico",
    ):
        assert expected in said, expected
    assert EXAMPLES["binary"]["sentence"]["en"] in said
    french = " ".join(Page(report(EXAMPLES["binary"], "fr")).texts)
    assert "0,274 à 0,287" in french and "48\u202f842" in french and "Folds" not in french


def test_order_is_sentence_comparison_warnings_and_the_record():
    text = report(EXAMPLES["binary"])
    places = [
        text.index(f'id="{name}"')
        for name in ("board", "findings", "calibration", "confusion", "coverage", "proof", "predict", "reproduce", "columns", "limits")
    ]
    assert places == sorted(places) and text.index('class="sentence"') < places[0]


def test_the_table_of_contents_names_the_sections_of_the_page():
    for result in (*EXAMPLES.values(), HOSTILE, {}):
        page = Page(report(result))
        sections = [a["id"] for tag, a in page.tags if tag == "section"]
        links = [a["href"][1:] for tag, a in page.tags if tag == "a" and a["href"] not in ("#main", "#findings")]
        assert [name for name in sections if name != "findings"] == links and "findings" in sections


def test_the_best_of_each_family_and_the_baseline_are_drawn():
    result = EXAMPLES["binary"]
    text = report(result)
    wide = text[text.index('class="wide"') : text.index('class="narrow"')]
    drawn = len(re.findall(r"<text[^>]*>(?:<title>)", wide))
    families = len({entry.get("family") for entry in result["leaderboard"]})
    assert drawn == 1 + min(30, max(8, families)) < 1 + len(result["leaderboard"])
    assert f"and {len(result['leaderboard']) - drawn + 1} more, in the table" in text
    many = [{**entry, "family": f"family {place}"} for place, entry in enumerate(result["leaderboard"])]
    text = report({**result, "leaderboard": many})
    wide = text[text.index('class="wide"') : text.index('class="narrow"')]
    assert len(re.findall(r"<text[^>]*>(?:<title>)", wide)) == 31  # thirty and the honest score


def test_noise_is_called_noise():
    assert has_signal(EXAMPLES["binary"]) is True and has_signal(HOSTILE) is False and has_signal({}) is None
    assert "No evidence" in report(HOSTILE) and "No evidence" not in report(EXAMPLES["binary"])
    greater = {"greater_is_better": True, "honest": {"value": 0.7, "low": 0.6, "high": 0.8}, "baseline": {"value": 0.5}}
    assert has_signal(greater) is True
    wide = {**EXAMPLES["binary"], "honest": {"value": 0.4, "low": 0.1, "high": 9.0}}  # the page and its sentence say the same
    assert has_signal({**wide, "evidence": True}) is True and "No evidence" not in report({**wide, "evidence": True})
    assert has_signal({**wide, "evidence": False}) is False


def test_an_interruption_is_not_called_a_lack_of_time():
    cut = {**EXAMPLES["binary"], "budget": {"effort": "standard", "cut": True}}
    for ended, said, other in (
        ("interrupted", "search was interrupted", "time allowed ended"),
        ("cap", "time allowed ended", "search was interrupted"),
    ):
        page = report({**cut, "ended": ended})
        assert said in page and other not in page


@pytest.mark.parametrize("key", sorted(EXAMPLES["binary"]))
def test_every_key_may_be_null_or_absent(key):
    for name in EXAMPLES:
        for result in ({**EXAMPLES[name], key: None}, {k: v for k, v in EXAMPLES[name].items() if k != key}):
            Page(report(result))


def test_three_thousand_columns_stay_small():
    columns = [
        {"name": f"gene_{i}", "kind": "number", "reason": "numbers", "sure": 1.0, "missing": i, "distinct": 9, "used": True}
        for i in range(3000)
    ]
    warning = {"code": "wide", "columns": [c["name"] for c in columns], "text": {"en": "x", "fr": "x"}, "cure": {}, "level": "warn"}
    text = report({**EXAMPLES["binary"], "columns": columns, "warnings": [warning] * 500})
    assert len(text.encode()) < 300_000
    assert "and 2,800 more" in text and "and 2,994 more" in text and "gene_199<" in text and "gene_200<" not in text


def test_many_classes_stay_small():
    names = [f"class {i}" for i in range(60)]
    counts = (np.eye(60, dtype=int) * 10 + 1).tolist()
    text = report({**EXAMPLES["multiclass"], "classes": names, "confusion": {"classes": names, "counts": counts}})
    assert len(text.encode()) < 200_000 and "class 59" in text


def test_a_combination_is_the_winner_under_its_short_name():
    result = json.loads(json.dumps(EXAMPLES["binary"]).replace('"name": "ensemble of 4"', '"name": "combination"'))
    result["winner"]["name"], result["simplest"] = "combination of 4", "combination"
    result["tied"] = ["combination", *result["tied"]]
    said = " ".join(Page(report(result)).texts)
    assert report(result).count("<td>winner</td>") == 1 and "5 cannot be told" in said and "None of them is simpler" in said


def test_a_band_given_twice_is_not_drawn_as_an_interval():
    entry = {"level": 0.9, "got": 0.91, "low": 0.88, "high": 0.92, "band": [0.88, 0.92], "worst": {"group": "a", "got": 0.8}}
    once, twice = (report({"coverage": [{**entry, "low": low}]}) for low in (0.89, 0.88))
    assert once.count("data bar") == 2 and twice.count("data bar") == 0 and "a: 80.0" in twice


def test_calibration_is_judged_against_chance():
    fine, poor = (report({"calibration": {"method": "raw+beta", "bins": [], "ece": e, "ece_null": 0.01}}) for e in (0.012, 0.03))
    assert "at their word" in fine and "somewhat off" in poor and "beta calibration" in fine and "none needed" not in fine


def test_write_leaves_the_page_its_references_and_the_card(tmp_path):
    path = write({**EXAMPLES["regression"], "target": "a\ud800b"}, tmp_path / "run" / "report.html", "fr")
    assert sorted(p.name for p in path.parent.iterdir()) == ["card.md", "methods.bib", "report.html"]
    assert path.read_text(encoding="utf-8") == report({**EXAMPLES["regression"], "target": "a\ud800b"}, "fr")


@pytest.mark.parametrize("wide", [2, 250])
def test_the_onnxruntime_lines_run(wide, tmp_path, monkeypatch, capsys):
    """The lines on the page are executed as they stand, with a name that needs quoting, for single inputs and for a wide block."""
    numbers = [Column(f"it's {i}", "number") for i in range(wide)]
    job = Column("job", "category")
    graph = Graph([*numbers, job], {"job": ["a", "b"]})
    first = graph.numbers([numbers[0].name])
    known = graph.op("Where", graph.op("IsNaN", first), graph.const(0.0, np.float64), first)
    total = graph.op("Add", known, graph.lookup("job", [10.0, 20.0], missing=5.0, unseen=7.0))
    (tmp_path / "m'x.onnx").write_bytes(graph.model({"prediction": (total, "double", 1)}).SerializeToString())
    columns = [{"name": c.name, "kind": c.kind, "used": True} for c in (numbers[0], job)]
    monkeypatch.chdir(tmp_path)
    code = snippets({"model": "somewhere/m'x.onnx", "columns": columns})["onnxruntime"]
    exec(compile(code, "page", "exec"), {})
    value = {2: 1.5 + 7.0, 250: 0.0 + 7.0}[wide]  # the wide block is one input, left missing here; "..." is an unseen job
    assert f"[[{value:g}" in capsys.readouterr().out


def test_what_the_errors_say_has_a_heading_of_its_own():
    line = {"kind": "line", "x": [0, 1, 2], "y": [-1.0, 0.5, 2.0], "of": "residual", "label": ""}
    late = {
        "code": "time-alarm",
        "columns": ["day"],
        "level": "warn",
        "text": {"en": "they err together", "fr": "ensemble"},
        "picture": line,
    }
    result = {**EXAMPLES["binary"], "warnings": [late, *EXAMPLES["binary"]["warnings"]]}
    for lang, before, after, of in (
        ("en", "before training", "What the models' errors say", "Mean residual"),
        ("fr", "Ce que disent les données", "Ce que disent les erreurs des modèles", "Résidu moyen"),
    ):
        said = "\n".join(Page(report(result, lang)).texts)
        first = said.index(EXAMPLES["binary"]["warnings"][0]["code"])
        assert said.index(before) < first < said.index(after) < said.index("time-alarm") < said.index(of)
    assert 'id="errors"' not in report(EXAMPLES["binary"])
    alone = report({**EXAMPLES["binary"], "warnings": [late]})
    assert alone.index("Nothing to report") < alone.index('id="errors"')


def _network(folds: int) -> dict[str, Any]:
    layers = [{"block": "columns", "shape": [12], "weights": 40}, {"block": "dense", "shape": [8, 16], "weights": 208}]
    layers += [{"block": "relu", "shape": [8, 16], "weights": 0}, {"block": "heads", "shape": [8, 1], "weights": 136}]
    sees = {"features": ["<b>x</b>", "y = a"], "units": [[0.1, 0.9], [0.4, 0.0]], "of": [30, 16]}
    curve = {"epochs": [1, 2, 3, 4], "learning": [1.0, 0.5, 0.2, 0.1], "held": [0.9, 0.4, None, 0.3]}
    made = [{"fold": k, "share": 1.0, "best": 4 if k else 2, **curve} for k in range(folds)]
    return {
        "candidate": "tabm members=8",
        "family": "tabm",
        "winner": True,
        "layers": layers,
        "sees": sees if folds else None,
        "folds": made,
        "device": "NVIDIA H200",
        "products": "tensorfloat32" if folds > 1 else "float32",
    }


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_network_is_drawn_with_its_training(lang):
    result = EXAMPLES["regression"] | {"network": _network(2)}
    page = report(result, lang)
    part = page[page.index('<section id="network">') :].split("</section>")[0]
    Page(part + "</section>")
    assert part.count('<svg class="figure"') == 6  # three pictures, wide and narrow
    assert "<b>x" not in part and "384" in part  # escaped; the sum of the weights
    assert part.count("<circle") == 4  # a best epoch a fold, in each of the two drawings
    assert ("It learned on NVIDIA H200 (TF32 products)." if lang == "en" else "sur NVIDIA H200 (produits en TF32).") in part
    assert ("In 1 of 2 the best epoch is about the last" if lang == "en" else "Dans 1 sur 2") in part


def test_an_adopted_network_is_drawn_without_a_training():
    page = report(EXAMPLES["regression"] | {"network": _network(0)})
    part = page[page.index('<section id="network">') :].split("</section>")[0]
    assert part.count('<svg class="figure"') == 2 and "adopted as it is" in part


def test_a_very_deep_network_stays_small():
    deep = _network(0) | {"layers": [{"block": "dense", "shape": [8], "weights": 72}] * 900}
    page = report(EXAMPLES["regression"] | {"network": deep})
    assert "… 865 more" in page and len(page) < 450_000
