"""Writes docs/families/: a page for each family from its own facts, with an example drawn by the very model that ships.

    .venv/bin/python scripts/family_pages.py            all pages and pictures
    .venv/bin/python scripts/family_pages.py svm gp     some

The text of a page is the class's facts, the module's docstring, the settings it offers and what its graph holds, so that a page cannot
say something else than the code; a test compares them. The picture shows an estimate learned from 150 points: a curve for numbers, a
probability over two columns for classes. It is computed by onnxruntime from the family's graph, as everything is.
"""

from __future__ import annotations

import sys
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from etabli.families import families
from etabli.families.conformance import sample
from etabli.families.family import Family
from etabli.records import Data, Facts, Feature, Setting, TaskKind

PAGES = Path(__file__).resolve().parent.parent / "docs" / "families"
SIZES = ((500, 10), (5_000, 20), (50_000, 30))
SHOWN = 12
WIDE, HIGH, EDGE, STEPS = 520, 300, 24, 44


def facts(family: Family, rows: int, columns: int) -> Facts:
    """A usual table: a quarter of its columns categories, a positive target for families that ask for one."""
    task = family.tasks[0]
    return Facts(task, {"binary": 2, "multiclass": 5}.get(task, 0), rows, columns, columns // 4, 12, range="positive", skewed=True)


def page(family: Family) -> str:
    """The page as Markdown."""
    known = facts(family, 5_000, 20)
    settings = list(family.settings(known))
    lines = [f"# {family.title} (`{family.name}`)", "", family.doc, ""]
    lines += [f"![What {family.title} makes of 150 points]({family.name}.svg)", ""]
    lines += ["| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in _facts(family, settings)]
    lines += ["", "## How it is computed", "", _docstring(family), "", "## What it costs", ""]
    lines += ["Estimated before the start, for the first setting and one fold, on one core of a laptop of the 2020s.", ""]
    lines += ["| rows | columns | seconds | memory, MB |", "|---:|---:|---:|---:|"]
    for rows, columns in SIZES:
        here = facts(family, rows, columns)
        offered = family.settings(here)
        if not offered:
            lines.append(f"| {rows:,} | {columns} | not offered at this size | |")
            continue
        cost = family.cost(offered[0], here)
        lines.append(f"| {rows:,} | {columns} | {cost.work:.2g} | {cost.memory / 1e6:.0f} |")
    lines += ["", "## Settings", "", f"What it offers on 5,000 rows and 20 columns, in the order of trying: {_count(settings)}.", ""]
    lines += ["| | values | prepared as | origin |", "|---:|---|---|---|"]
    for place, setting in enumerate(settings[:SHOWN], 1):
        lines.append(f"| {place} | {_values(setting)} | {setting.wants.words or 'as it is'} | {setting.origin or 'own'} |")
    if len(settings) > SHOWN:
        lines.append(f"| … | {len(settings) - SHOWN} more | | |")
    lines += ["", "## In the file", "", _operators(family), ""]
    return "\n".join(lines)


def _facts(family: Family, settings: list[Setting]) -> list[tuple[str, str]]:
    yes = {True: "yes", False: "no"}
    return [
        ("learns", ", ".join(family.tasks)),
        ("fitted by", ", ".join(family.needs) or "établi itself (numpy)"),
        ("source", family.citation),
        ("obeys `--increasing` and `--decreasing`", yes[family.monotone]),
        ("columns interact in it", "no" if family.additive else "yes, and it obeys `--together`" if family.together else "yes"),
        ("final model", "the mean of its fold members" if family.bagged else "fitted again on all rows"),
        ("simplicity among the tied (0 is simplest)", str(family.rank)),
    ]


def _docstring(family: Family) -> str:
    """The module's own words."""
    return (sys.modules[type(family).__module__].__doc__ or "").strip()


def _count(settings: list[Setting]) -> str:
    paths = len({(setting.path or setting.hash, setting.wants.hash) for setting in settings})
    many = f"{len(settings)} settings" if len(settings) > 1 else "one setting"
    return many + (f" in {paths} fits (a path of settings is fitted in one go)" if paths < len(settings) else "")


def _values(setting: Setting) -> str:
    shown = ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in setting.values.items())
    return (shown or "none").replace("|", "\\|")


def _operators(family: Family) -> str:
    """What a small example's graph is made of, and how exact it is."""
    from etabli.graph.graph import Graph

    task = family.tasks[0]
    setting = family.settings(Facts(task, {"binary": 2, "multiclass": 3}.get(task, 0), 160, 7, 2, 40, range="positive"))[0]
    fitted = family.fit(setting, sample(task, wants=setting.wants), lambda: False)
    graph = Graph()
    raw = family.write(fitted, graph, graph.input("X", "double", (None, 7)))
    counts = Counter(node.op_type for node in graph.model({"raw": (raw, "double", None)}).graph.node)
    counts.pop("Identity", None)
    listed = ", ".join(f"`{name}`" + (f" × {count}" if count > 1 else "") for name, count in sorted(counts.items()))
    exact = "equal bit for bit to the library's own" if fitted.exact else "within 1e-13 of the output's scale of the library's own"
    return f"{listed or 'A constant'}. Raw outputs are {exact}, compared on every fold of every fit."


# pictures -------------------------------------------------------------------------------------------------------------


def picture(family: Family) -> str:
    """The estimate as SVG text."""
    random = np.random.default_rng(3)
    return _curve(family, random) if "regression" in family.tasks else _plane(family, random)


def _answer(family: Family, data: Data, x: Any) -> Any:
    """Scores [n, outputs] of the first setting for rows x, by the graph."""
    from etabli.graph.graph import Graph
    from etabli.graph.links import link
    from etabli.graph.run import run

    known = Facts(data.task, data.classes, len(data.y), data.x.shape[1], categories=int(family.levels), range="positive")
    fitted = family.fit(family.settings(known)[0], data, lambda: False)
    graph = Graph()
    raw = family.write(fitted, graph, graph.input("X", "double", (None, x.shape[1])))
    return run(graph.model({"score": (link(graph, raw, fitted.link), "double", 0)}), {"X": x})["score"]


def _curve(family: Family, random: np.random.Generator) -> str:
    x = np.sort(random.uniform(-2, 2, 150))
    y = np.maximum(3.2 + 0.8 * x + np.sin(2.5 * x) + 1.2 * (x > 1) + 0.35 * random.normal(size=150), 0.05)
    grid = np.linspace(-2.3, 2.3, 231)
    data = Data(np.ascontiguousarray(x[:, None]), y, (Feature("x", ("x",)),), "regression")
    line = _answer(family, data, grid[:, None])[:, 0]
    low, high = -0.2, 7.2

    def place(across: float, up: float) -> tuple[float, float]:
        left = EDGE + (across + 2.3) / 4.6 * (WIDE - 2 * EDGE)
        return left, HIGH - EDGE - (min(max(up, low), high) - low) / (high - low) * (HIGH - 2 * EDGE)

    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6"/>' for a, b in (place(t, v) for t, v in zip(x, y, strict=True)))
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(t, v) for t, v in zip(grid, line, strict=True)))
    body = f'<g fill="#0072b2" fill-opacity=".45">{dots}</g><polyline points="{path}" fill="none" stroke="#d55e00" stroke-width="2.5"/>'
    return _svg(f"{family.title}: the curve learned from 150 points", body)


def _plane(family: Family, random: np.random.Generator) -> str:
    angle = random.uniform(0, np.pi, 150)
    y = (np.arange(150) % 2).astype(np.int64)
    x = np.column_stack([np.cos(angle) + y - 0.5, np.where(y == 1, 0.45 - np.sin(angle), np.sin(angle) - 0.05)])
    x += 0.22 * random.normal(size=x.shape)
    data = Data(np.ascontiguousarray(x), y, (Feature("a", ("a",)), Feature("b", ("b",))), "binary", 2)
    a, b = np.linspace(-2.2, 2.2, STEPS), np.linspace(-1.4, 1.5, STEPS)
    cells = np.ascontiguousarray(np.stack(np.meshgrid(a, b), -1).reshape(-1, 2))
    p = _answer(family, data, cells)[:, -1]
    wide, high = (WIDE - 2 * EDGE) / STEPS, (HIGH - 2 * EDGE) / STEPS
    made = []
    for number, share in enumerate(p):
        column, row = number % STEPS, number // STEPS
        colour = "#d55e00" if share > 0.5 else "#0072b2"
        made.append(
            f'<rect x="{EDGE + column * wide:.1f}" y="{HIGH - EDGE - (row + 1) * high:.1f}" width="{wide + 0.3:.1f}" '
            f'height="{high + 0.3:.1f}" fill="{colour}" fill-opacity="{abs(2 * share - 1) * 0.5:.2f}"/>'
        )
    for (one, two), label in zip(x, y, strict=True):
        left = EDGE + (one + 2.2) / 4.4 * (WIDE - 2 * EDGE)
        top = HIGH - EDGE - (two + 1.4) / 2.9 * (HIGH - 2 * EDGE)
        mark = "#d55e00" if label else "#0072b2"
        made.append(f'<circle cx="{left:.1f}" cy="{top:.1f}" r="3" fill="{mark}" stroke="#fff" stroke-width=".8"/>')
    return _svg(f"{family.title}: the probability learned from 150 points of two classes", "".join(made))


def _svg(title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img"><title>{escape(title)}</title>'
        f'<rect width="{WIDE}" height="{HIGH}" fill="#fff"/>{body}</svg>\n'
    )


def index() -> str:
    """The list of all families."""
    lines = ["# Families", "", "Every one is compared on equal terms; each page is made from the family's own facts.", ""]
    lines += ["| family | learns | in a word |", "|---|---|---|"]
    for family in families().values():
        tasks: list[TaskKind] = list(family.tasks)
        lines.append(f"| [{family.title}]({family.name}.md) | {', '.join(tasks)} | {family.doc.split('. ')[0].rstrip('.')}. |")
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> int:
    """Writes the pages of the families named, or of all."""
    for name, family in families().items():
        if type(family).__module__.startswith("etabli.") and (not names or name in names):
            (PAGES / f"{name}.md").write_text(page(family), encoding="utf-8")
            (PAGES / f"{name}.svg").write_text(picture(family), encoding="utf-8")
            print(PAGES / f"{name}.md")
    (PAGES / "README.md").write_text(index(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
