"""The report: one HTML file that opens anywhere, asks nothing of the network and runs no script but the
model's own form.

`report(result)` turns the result (the very object that `fit --json` prints) into text; `write` puts it in a file. The page is
made of a template (a file of `parts/` for each section, in the order of `contents.py`), a style sheet and pictures drawn as SVG; everything that comes from the data is escaped by Jinja2 and the
page forbids itself all other scripts and requests by its content security policy (the style and the form's script are allowed by their hashes;
`trying.py`). A key of
the result that is null or absent makes a plain sentence ("not measured"), never a failure.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etabli.faces import figures
from etabli.faces.report import curves, explained, found, groups, inside, learning, network, pictures, rows
from etabli.faces.report.contents import contents
from etabli.faces.report.methods import methods as paragraph
from etabli.faces.report.methods.card import markdown
from etabli.faces.report.methods.found import methods as told
from etabli.faces.report.trying import style, trying
from etabli.faces.words import cell, known, pick, plain, say
from etabli.work.journal import write as write_file

if TYPE_CHECKING:
    from jinja2 import Template

WIDE, NARROW = 812, 348  # pixels a picture is drawn for; the style sheet shows one of the two


def report(result: Mapping[str, Any], lang: str = "en", model: bytes | None = None, live: bool | None = None) -> str:
    """The page as HTML text. result: see the module `etabli.faces.report.rows`; lang: "en" or "fr"; model: the model file, for the form that
    answers in the page; live: whether the page holds it (None: when it is small)."""
    sheet = _style()
    view, picture = _found(result, lang) if found.without_target(result) else _established(result, lang)
    view = view | {"trying": trying(result, lang, model, live)}
    page = _template().render(
        lang=lang,
        style=_safe(sheet),
        scripts=_safe(
            " ".join(one["hash"] for one in (vars(view["trying"]) if view["trying"] else {}, view.get("tints") or {}) if one.get("hash"))
        ),
        style_hash=base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode(),
        t=lambda key, **values: say(key, lang, **values),
        known=lambda prefix, value: known(prefix, value, lang),
        plain=plain,
        cell=cell,
        key=key,
        pick=lambda value: pick(value, lang),
        view=view,
        picture=picture,
        contents=contents({"view": view, "picture": picture}, lang),
    )
    return page.lstrip() + "\n"


def _established(result: Mapping[str, Any], lang: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """View and pictures of a model with a target."""
    draw = partial(_both, result, lang)
    picture = {
        "leaderboard": draw(pictures.leaderboard),
        "calibration": draw(pictures.calibration),
        "residuals": draw(pictures.residuals),
        "coverage": draw(pictures.coverage),
        "confusion": draw(pictures.confusion),
        "tree": draw(inside.tree),
        "by": [
            [draw(partial(groups.panel, place=place, measure=name)) for name in names] for place, names in enumerate(groups.panels(result))
        ],
        "effects": [draw(partial(inside.effect, place=place)) for place in range(inside.count(result))],
        "importance": draw(explained.importance),
        "how": [draw(partial(explained.effect, place=place)) for place in range(explained.effects(result))],
        "pairs": [draw(partial(explained.pair, place=place)) for place in range(explained.pairs(result))],
        "slices": draw(explained.slices),
        "roc": [draw(partial(curves.roc, place=place)) for place in range(curves.drawn(result))],
        "precision": [draw(partial(curves.precision, place=place)) for place in range(curves.drawn(result))],
        "spread": draw(curves.spreading),
        "learning": draw(learning.picture),
        "network": _network(draw),
    }
    return rows.view(result, lang), picture


def _found(result: Mapping[str, Any], lang: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """View and pictures of what was found without one."""
    from etabli.faces.report import loaded, odd, rebuilt, seen, tinted

    draw = partial(_both, result, lang)
    picture = {
        "rowmap": draw(seen.rowmap),
        "scores": draw(odd.scores),
        "odd": draw(odd.columns),
        "compared": draw(seen.compared),
        "again": draw(seen.again),
        "stretched": draw(seen.stretched),
        "kept": draw(seen.kept),
        "loadings": draw(loaded.picture),
        "rebuilt": draw(rebuilt.picture),
        "network": _network(draw),
    }
    return found.view(result, lang) | {"caption": seen.caption(result, lang), "tints": tinted.view(result, lang)}, picture


def _network(draw: Callable[..., str]) -> dict[str, str]:
    return {"curves": draw(network.curves), "blocks": draw(network.blocks), "first": draw(network.first)}


def write(result: Mapping[str, Any], path: str | Path, lang: str = "en", live: bool | None = None) -> Path:
    """Writes the page, and beside it the references of its methods paragraph and the model card (`methods.bib`, `card.md`), each aside and then
    renamed, so that a reader never sees half of one; returns the page's path. The model file beside it goes into its form: see `report`.
    StorageError as the system says."""
    target, said = Path(path), (told if found.without_target(result) else paragraph)(result, lang)
    model = target.with_name("model.onnx")
    page = report(result, lang, model.read_bytes() if model.is_file() else None, live)
    beside = {"methods.bib": said.bibtex} if said.sentences else {}
    beside |= {"card.md": markdown(result, lang)} if said.sentences and not found.without_target(result) else {}
    for name, text in {**beside, target.name: page}.items():
        data = text.encode("utf-8", "replace")
        write_file(target.with_name(name), lambda file, data=data: file.write(data))  # type: ignore[misc]
    return target


def _both(result: Mapping[str, Any], lang: str, draw: Callable[[Mapping[str, Any], str, float], str]) -> str:
    """The picture for a wide and for a narrow page."""
    wide, narrow = draw(result, lang, WIDE), draw(result, lang, NARROW)
    return _safe(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>') if wide else ""


def key(look: int) -> str:
    """The mark of a group in a picture's key: its shape in its colour."""
    from etabli.faces.explore.scatter import look as colour
    from etabli.faces.explore.scatter import shape

    return _safe(
        f'<svg class="mark {colour(look, False)}" viewBox="-5 -5 10 10" aria-hidden="true"><path d="M0 0{shape(look, False)}"/></svg>'
    )


def _safe(text: str) -> str:
    """Text that is HTML already (our own style, and SVG whose texts are escaped where they are made)."""
    from markupsafe import Markup

    return Markup(text)


@cache
def _style() -> str:
    from etabli.faces.report.seen import TINTS
    from etabli.faces.report.tinted import STYLE

    return (
        figures.STYLE
        + "\n"
        + TINTS
        + "\n"
        + STYLE
        + "\n"
        + resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8")
        + style()
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    here = resources.files(__package__)
    loader = FunctionLoader(lambda name: here.joinpath(*name.split("/")).read_text(encoding="utf-8"))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader)
    return environment.get_template("template.html")
