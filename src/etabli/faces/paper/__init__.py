"""Figures for a paper: `etabli report RUN --figures pdf`, `study.figures("pdf")`, `study.figure("calibration")`.

The pages have pictures of their own (`faces/figures.py`: fourteen times smaller and without an import); matplotlib is for files that a
journal takes. A figure is one file of this folder, found and not listed. Beside the figures lie their captions, in Markdown and TeX. The
same result gives the same bytes: no date, no chance.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from etabli.errors import StorageError, UsageError, did_you_mean
from etabli.faces.paper.drawing import Drawing, Result
from etabli.faces.paper.style import Sheet, styled

KINDS = ("pdf", "png", "svg")
SINGLE, NARROWEST, WIDEST = 85.0, 60.0, 300.0  # millimetres


@cache
def drawings() -> Mapping[str, Drawing]:
    """Every figure by name, in their order."""
    modules = [importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)]
    found = [
        member()
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Drawing) and not inspect.isabstract(member) and member.__module__ == module.__name__
    ]
    return {one.name: one for one in sorted(found, key=lambda one: one.order)}


def millimetres(text: str | float) -> float:
    """A width such as "85mm", "8.5cm", "3.35in" or 85. UsageError for anything else, or outside 60 to 300 mm."""
    shown = str(text).strip().casefold()
    unit = next((unit for unit in ("mm", "cm", "in") if shown.endswith(unit)), "")
    try:
        size = float(shown.removesuffix(unit)) * {"": 1.0, "mm": 1.0, "cm": 10.0, "in": 25.4}[unit]
    except ValueError:
        size = 0.0
    if not NARROWEST <= size <= WIDEST:
        raise UsageError("a figure is 60 to 300 mm wide", f'"{text}"', "--width 85mm for one column, --width 170mm for two")
    return size


def chosen(result: Result, only: Sequence[str] = ()) -> list[Drawing]:
    """The figures that the result has, or those asked for. UsageError for a name that is none, or that has nothing to show here."""
    here = [one for one in drawings().values() if one.there(result)]
    for name in only:
        if name not in drawings():
            raise UsageError(
                "--only takes names of figures", f'"{name}"', did_you_mean(name, drawings()) or "known: " + ", ".join(drawings())
            )
        if name not in [one.name for one in here]:
            raise UsageError(
                "a figure needs its part of the result",
                f'"{name}": nothing of it in this run',
                "there are: " + ", ".join(one.name for one in here),
            )
    return [one for one in here if not only or one.name in only]


def figure(result: Result, name: str, lang: str = "en", width: str | float = SINGLE) -> Any:
    """One figure as a matplotlib Figure, to be restyled or put elsewhere. UsageError as for `chosen`."""
    return _drawn(chosen(result, [name])[0], result, lang, millimetres(width))


def write(
    result: Result, kind: str, folder: str | Path, lang: str = "en", width: str | float = SINGLE, only: Sequence[str] = ()
) -> list[Path]:
    """Writes the figures and captions.md, captions.tex into a folder, and returns all paths. kind: "pdf", "png" (300 dpi) or "svg".
    Errors: UsageError, StorageError. A file is written aside and renamed."""
    from etabli.faces.paper.captions import markdown, tex

    if kind not in KINDS:
        raise UsageError("figures are pdf, png or svg", f'"{kind}"', did_you_mean(kind, KINDS))
    if not chosen(result, only):
        raise UsageError(
            "a figure needs its part of the result", f"nothing to draw in this run ({result.get('task')})", "the report says what there is"
        )
    size, picked, place = millimetres(width), chosen(result, only), Path(folder)
    made = []
    try:
        place.mkdir(parents=True, exist_ok=True)
        for one in picked:
            made.append(place / f"{one.name}.{kind}")
            _save(_drawn(one, result, lang, size), made[-1], kind, one.caption(result, lang))
        captions = [(f"{one.name}.{kind}", one.name, one.caption(result, lang)) for one in picked]
        for name, text in (("captions.md", markdown(captions, lang)), ("captions.tex", tex(captions, size))):
            made.append(place / name)
            aside = place / f".{name}.part"
            aside.write_text(text, encoding="utf-8")
            aside.replace(made[-1])
    except OSError as error:
        raise StorageError(
            "the folder of the figures must be writable", f"{place}: {error.strerror}", "choose another with -o DIR"
        ) from None
    return made


def _drawn(one: Drawing, result: Result, lang: str, width: float) -> Any:
    sheet = Sheet(width, lang)
    with styled():
        one.draw(sheet, result)
        sheet.figure.canvas.draw()  # ticks that are made when they are first drawn take the style now, not the user's later
    return sheet.figure


def _save(drawn: Any, path: Path, kind: str, caption: str) -> None:
    title = path.stem
    told: dict[str, dict[str, Any]] = {
        "pdf": {"Title": title, "Subject": caption, "Creator": "etabli", "CreationDate": None},
        "png": {"Title": title, "Description": caption, "Software": "etabli"},
        "svg": {"Title": title, "Description": caption, "Creator": "etabli", "Date": None},
    }
    aside = path.with_name(f".{path.name}.part")
    try:
        with styled():
            drawn.savefig(aside, format=kind, metadata=told[kind])
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


__all__ = ["KINDS", "SINGLE", "Drawing", "chosen", "drawings", "figure", "millimetres", "write"]
