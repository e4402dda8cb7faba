"""What a notebook shows of a model: what it predicts, from what, and what it promises. Static HTML from the card, everything escaped.

Here too are the style and the colours of all that établi shows in a notebook, since a model is shown where nothing else of it is installed. The colours
are the host's: variables of Jupyter and of VS Code, else the text's own colour, which is right on light and dark alike. Class names begin with
one scope, so that nothing of it reaches the rest of the page.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from html import escape
from typing import Any

COLUMNS = 40  # inputs listed
HOST = (
    "--ink:var(--jp-content-font-color1,var(--vscode-editor-foreground,currentColor));"
    "--soft:var(--jp-content-font-color2,var(--vscode-descriptionForeground,color-mix(in srgb,currentColor 76%,transparent)));"
    "--line:var(--jp-border-color2,var(--vscode-panel-border,color-mix(in srgb,currentColor 22%,transparent)));"
    "--paper:var(--jp-layout-color0,var(--vscode-editor-background,transparent));"
    "--blue:#2f86c1;--red:#d9661f;--red-text:var(--ink);--grey:#868d95"
)
STYLE = """
.etabli{color:var(--ink);max-width:780px;padding:4px 0 8px;font:14px/1.5 system-ui,-apple-system,"Segoe UI","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
.etabli p{margin:0 0 10px}.etabli .soft{color:var(--soft);font-size:13px}.etabli code{font-size:12px;background:none;color:inherit;padding:0}
.etabli .said{font:400 18px/1.45 "Iowan Old Style","Palatino Linotype",Palatino,Georgia,"Liberation Serif",serif;text-wrap:pretty;margin-bottom:14px}
.etabli table{border-collapse:collapse;font-size:13px;line-height:1.4;margin:0 0 10px;border:0;border-top:1px solid var(--ink)}
.etabli tr,.etabli td,.etabli th{background:none!important}.etabli td,.etabli th{padding:4px 18px 4px 0;text-align:right;vertical-align:top;border:0;border-bottom:1px solid var(--line);white-space:nowrap;font-weight:400;max-width:none}
.etabli td:first-child,.etabli th:first-child,.etabli .words td,.etabli .words th{text-align:left}.etabli .words td{white-space:normal}.etabli .words td.n{text-align:right;white-space:nowrap}
.etabli th{color:var(--soft)}.etabli td:first-child{white-space:normal}.etabli td b{font-weight:400}.etabli .tied b{font-weight:600}
.etabli .scroll{overflow-x:auto}.etabli .scroll svg{min-width:620px}
.etabli ul{list-style:none;margin:0 0 12px;padding:0}.etabli li{margin:0 0 5px;padding-left:12px;border-left:3px solid var(--line)}.etabli .warn{border-color:var(--red)}.etabli .refuse{border-left-width:6px;border-color:var(--red)}
.etabli summary{cursor:pointer;font-size:13px;color:var(--soft);margin-bottom:6px}.etabli iframe{width:100%;height:720px;border:1px solid var(--line);background:#fff}
.etabli .bar{height:4px;background:var(--line);margin:0 0 6px}.etabli .bar span{display:block;height:4px;background:var(--blue)}
""".strip()
WORDS = {
    "en": {
        "predicts": "predicts", "classes": "classes", "honest": "honest score", "reach": "{metric} {value} ({low} to {high})",
        "base": "; knowing nothing scores {value}", "answers": "answers", "learned": "learned from", "rows": "{count} rows",
        "inputs": "inputs: {count}", "more": "{count} more", "to": "{low} to {high}",
        "binary": "one of two classes", "multiclass": "one of several classes", "regression": "a number",
        "cluster": "the group of a row", "map": "coordinates of a row", "anomalies": "how odd a row is",
        "number": "number", "category": "category", "flag": "yes/no", "date": "date", "text": "text",
    },
    "fr": {
        "predicts": "prédit", "classes": "classes", "honest": "score honnête", "reach": "{metric} {value} ({low} à {high})",
        "base": " ; ne rien savoir donne {value}", "answers": "répond", "learned": "appris de", "rows": "{count} lignes",
        "inputs": "entrées : {count}", "more": "{count} de plus", "to": "{low} à {high}",
        "binary": "une classe sur deux", "multiclass": "une classe parmi plusieurs", "regression": "un nombre",
        "cluster": "le groupe d'une ligne", "map": "les coordonnées d'une ligne", "anomalies": "à quel point une ligne est insolite",
        "number": "nombre", "category": "catégorie", "flag": "oui/non", "date": "date", "text": "texte",
    },
}  # fmt: skip


def spoken(environ: Mapping[str, str]) -> str:
    """'fr' where LC_ALL, LC_MESSAGES or LANG (the first that is set) says French, else 'en'."""
    named = next(filter(None, map(environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "fr" if named.casefold().startswith("fr") else "en"


def wrapped(inside: str, style: str = "") -> str:
    """HTML in our scope. style: more of it."""
    return f'<div class="etabli" style="{HOST}"><style>{STYLE}{style}</style>{inside}</div>'


def scrolled(inside: str) -> str:
    """What may be wider than a narrow cell scrolls by itself, by keyboard too."""
    return f'<div class="scroll" tabindex="0">{inside}</div>'


def html(card: Mapping[str, Any], outputs: tuple[str, ...], lang: str | None = None) -> str:
    """card: of the file. outputs: what it answers. lang: "en", "fr" or that of the environment."""
    lang = lang or spoken(os.environ)
    words, short = WORDS[lang], _french if lang == "fr" else _short
    kinds = {str(entry["name"]): entry for entry in card.get("columns") or ()}
    names = [str(name) for entry in card.get("inputs") or () for name in entry["columns"]]
    said = card.get("sentence") or {}
    honest, base, metric = card.get("honest") or {}, card.get("baseline") or {}, card.get("metric") or ""
    metric = str(metric["name"] if isinstance(metric, Mapping) else metric)
    task = str(card.get("task", "?"))
    facts = [("predicts", f"{card['target']} ({words.get(task, task)})" if "target" in card else words.get(task, task))]
    if card.get("classes"):
        facts.append(("classes", ", ".join(map(str, list(card["classes"])[:20]))))
    if honest:
        ends = {key: short(honest.get(key), 3) for key in ("value", "low", "high")}
        text = words["reach"].format(metric=metric, **ends)
        facts.append(("honest", text + (words["base"].format(value=short(base.get("value"), 3)) if base else "")))
    facts += [("answers", ", ".join(outputs)), ("learned", words["rows"].format(count=card.get("rows", "?")))]
    lines = "".join(f"<tr><th>{_safe(words[name])}</th><td>{_safe(text)}</td></tr>" for name, text in facts)
    inputs = "".join(f"<tr><td>{_safe(name)}</td><td>{_input(kinds.get(name, {}), words, short)}</td></tr>" for name in names[:COLUMNS])
    more = f'<p class="soft">{words["more"].format(count=len(names) - COLUMNS)}</p>' if len(names) > COLUMNS else ""
    head = words["inputs"].format(count=len(names))
    return wrapped(
        f'<p class="said">{_safe(said.get(lang) or said.get("en") or "")}</p>{scrolled(f"""<table class="words">{lines}</table>""")}'
        f'<details><summary>{head}</summary>{scrolled(f"""<table class="words">{inputs}</table>""")}{more}</details>'
    )


def _input(entry: Mapping[str, Any], words: Mapping[str, str], short: Any) -> str:
    low, high, kind = entry.get("low"), entry.get("high"), str(entry.get("kind", ""))
    seen = words["to"].format(low=short(low), high=short(high)) if low is not None and high is not None and kind != "date" else ""
    levels = ", ".join(map(str, list(entry.get("levels") or ())[:5]))
    return _safe("; ".join(text for text in (words.get(kind, kind), seen or levels) if text))


def _short(value: Any, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if isinstance(value, (int, float)) else str(value)


def _french(value: Any, digits: int = 4) -> str:
    return _short(value, digits).replace(".", ",")


def _safe(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(text.split()))
    return escape(shown if len(shown) <= 600 else shown[:600] + "…")
