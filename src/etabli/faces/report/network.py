"""The best network of the run: how it was trained, what it is made of, what its first layer sees; see `work/network.py` for the facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from etabli.faces.figures import LETTER, Plot, spread, ticks
from etabli.faces.report.pictures import items, needed, part
from etabli.faces.words import known, plain, say
from etabli.faces.words.candidates import bracketed
from etabli.faces.words.numbers import count, number, real

Result = Mapping[str, Any]
View = dict[str, Any]

BOX, TALL, GAP = 112.0, 56.0, 26.0  # pixels of a block, and between two
NAME, BOXES = 14, 36  # letters that a box holds, and boxes at the most
CELL, LEVELS = 17.0, 5  # pixels of a feature's line; shades of its cells
SHORT = {"tensorfloat32": "TF32"}  # what people call it
STEEP = 3.0  # largest loss over the smallest, from which the axis is logarithmic
LAST = 0.95  # of the epochs: a best epoch beyond was still getting better
INTO = frozenset(
    "relu leakyrelu prelu elu selu celu gelu silu mish tanh sigmoid hardsigmoid hardswish softplus softsign softmax logsoftmax".split()
)  # drawn in the box of the block before them


def view(result: Result, lang: str) -> View | None:
    """Everything the template shows of it; None where there was no network."""
    facts = part(result, "network")
    layers = items(facts, "layers")
    if not layers:
        return None
    folds = items(facts, "folds")
    sees = part(facts, "sees")
    return {
        "name": bracketed(facts.get("candidate"), lang, 160),
        "part": say("network.adopted" if not folds else "network.part" if facts.get("winner") else "network.beside", lang),
        "trained": _trained(folds, lang) + _where(facts, lang),
        "made": say("network.made", lang, weights=count(sum(int(one["weights"]) for one in layers), lang)),
        "sees": say("network.sees", lang, features=count(len(sees["features"]), lang), of=count(sees["of"][0], lang)) if sees else "",
        "table": [
            (known("block", one["block"], lang), _shape(one["shape"], lang), count(one["weights"], lang) if one["weights"] else "")
            for one in layers
        ],
    }


def _trained(folds: Sequence[Mapping[str, Any]], lang: str) -> str:
    """One sentence on how far the training came; "" where nothing was trained (an adopted network)."""
    if not folds:
        return ""
    best, last = [int(fold["best"]) for fold in folds], [int(fold["epochs"][-1]) for fold in folds]
    text = say("network.trained", lang, n=len(folds), best=_range(best, lang), last=_range(last, lang))
    rising = sum(b >= LAST * end for b, end in zip(best, last, strict=True))
    return text + (" " + say("network.rising", lang, n=rising, folds=len(folds)) if rising else "")


def _where(facts: Mapping[str, Any], lang: str) -> str:
    """On what it learned, as one more sentence; "" where that is not known (files of before, adopted networks)."""
    device, products = plain(facts.get("device") or "", 60), str(facts.get("products") or "float32")
    if not device:
        return ""
    rounded = products != "float32"
    return " " + (
        say("network.where.rounded", lang, device=device, products=SHORT.get(products, products))
        if rounded
        else say("network.where", lang, device=device)
    )


def _range(values: Sequence[int], lang: str) -> str:
    low, high = min(values), max(values)
    return count(low, lang) if low == high else say("to", lang, low=count(low, lang), high=count(high, lang))


def _shape(shape: Sequence[int], lang: str) -> str:
    return " × ".join(count(size, lang) for size in shape)


def curves(result: Result, lang: str, width: float) -> str:
    """Loss on the rows held for early stopping over the epochs, one line a fold, its best epoch marked; dashed: on the rows learned from."""
    folds = items(part(result, "network"), "folds")
    known_ = [v for fold in folds for key in ("learning", "held") for v in map(real, fold[key]) if v is not None]
    if not known_:
        return ""
    last = max(fold["epochs"][-1] for fold in folds)
    logs = min(known_) > 0 and max(known_) > STEEP * min(known_)  # most is gained at once: what comes later would be flat
    level: Callable[[float], float] = math.log if logs else float
    title = say("plot.network", lang, text=_trained(folds, lang))
    plot = Plot(title, (width, 290), (1, max(2, last)), spread([level(v) for v in known_]), (26, 16, 44, 58))
    for value in _powers(min(known_), max(known_)) if logs else ticks(*plot.ranges[1]):
        plot.line(plot.left, plot.y(level(value)), plot.right, plot.y(level(value)), "grid")
        plot.text(plot.left - 6, plot.y(level(value)) + 4, number(value, lang, needed(value)), "soft small end")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    plot.text(0, plot.top - 14, say("network.loss.log" if logs else "network.loss", lang), "soft")
    for value in sorted({1.0, *(v for v in ticks(1, last, 4 if width < 500 else 8) if v == round(v) and v > 1)}):
        plot.line(plot.x(value), plot.bottom, plot.x(value), plot.bottom + 4, "axis")
        plot.text(plot.x(value), plot.bottom + 17, count(value, lang), "soft small mid")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 36, say("network.epochs", lang), "soft mid")
    for key, css in (("learning", "dash"), ("held", "trace thin")):
        for fold in folds:
            points = [(plot.x(x), plot.y(level(v))) for x, y in zip(fold["epochs"], fold[key], strict=True) if (v := real(y)) is not None]
            if len(points) > 1:
                plot.add("path", css, d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points))
    for fold in folds:
        if fold["best"] in fold["epochs"]:
            loss = real(fold["held"][fold["epochs"].index(fold["best"])])
            tip = say("network.tip", lang, fold=int(fold["fold"]) + 1, best=count(fold["best"], lang), loss=number(loss, lang, 3))
            if loss is not None:
                plot.add("circle", "data", tip, cx=plot.x(fold["best"]), cy=plot.y(level(loss)), r=4.5)
    return plot.svg()


def _powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between the ends; fewer where there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for steps in ((1, 2, 5), (1,)):
        found = [k * 10.0**power for power in range(first, last + 1) for k in steps if low <= k * 10.0**power <= high]
        if len(found) <= 8:
            return found
    return found[:: 1 + len(found) // 8]


def blocks(result: Result, lang: str, width: float) -> str:
    """The blocks as boxes in reading order: what each does, the shape of a row behind it, how many numbers it learns."""
    drawn = _boxes(items(part(result, "network"), "layers"), lang)
    if not drawn:
        return ""
    across = max(1, int((width + GAP) // (BOX + GAP)))
    lines = -(-len(drawn) // across)
    title = say("plot.blocks", lang, n=len(drawn), text=", ".join(one["name"] for one in drawn))
    plot = Plot(title, (width, lines * (TALL + GAP) - GAP + 4))
    for place, one in enumerate(drawn):
        x, y = (place % across) * (BOX + GAP) + 1, (place // across) * (TALL + GAP) + 2
        tip = f"{one['name']}: {_shape(one['shape'], lang)}"
        plot.add("rect", "pale", tip, x=x, y=y, width=BOX, height=TALL, rx=5)
        plot.text(x + BOX / 2, y + 19, plain(one["name"], NAME), "bold mid", tip)
        plot.text(x + BOX / 2, y + 34, _shape(one["shape"], lang), "mid small", tip)
        if one["weights"]:
            plot.text(
                x + BOX / 2,
                y + 48,
                say("network.weights", lang, n=one["weights"], count=count(one["weights"], lang)),
                "soft small mid",
                tip,
            )
        if place + 1 < len(drawn):
            _arrow(plot, x, y, last=(place + 1) % across == 0)
    return plot.svg()


def _boxes(layers: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """What is drawn: a function of no weights in the box of the block before it, where there is room; of very many, those in the middle as one."""
    made: list[dict[str, Any]] = []
    for one in layers:
        name = known("block", one["block"], lang)
        both = f"{made[-1]['name']} + {name}" if made else ""
        if made and one["block"] in INTO and not one["weights"] and len(both) <= NAME:
            made[-1]["name"] = both
        else:
            made.append({"name": name, "shape": one["shape"], "weights": one["weights"]})
    if len(made) <= BOXES:
        return made
    middle = made[BOXES // 2 : 1 - BOXES // 2]
    weights = sum(one["weights"] for one in middle)
    more = {"name": say("network.more", lang, n=len(middle)), "shape": middle[-1]["shape"], "weights": weights}
    return [*made[: BOXES // 2], more, *made[1 - BOXES // 2 :]]


def _arrow(plot: Plot, x: float, y: float, last: bool) -> None:
    """To the next box: at its right, or, at the end of a line, to the first of the line below."""
    if not last:
        middle = y + TALL / 2
        plot.line(x + BOX + 3, middle, x + BOX + GAP - 8, middle, "axis")
        plot.add("path", "base", d=f"M{x + BOX + GAP - 3:.1f} {middle:.1f}l-6 -3.5v7z")
        return
    turn, left = y + TALL + GAP / 2, BOX / 2 + 1
    plot.add("path", "axis thin", d=f"M{x + BOX / 2:.1f} {y + TALL + 1:.1f}V{turn:.1f}H{left:.1f}V{y + TALL + GAP - 7:.1f}")
    plot.add("path", "base", d=f"M{left:.1f} {y + TALL + GAP - 2:.1f}l-3.5 -6h7z")


def first(result: Result, lang: str, width: float) -> str:
    """How far each prepared column moves each unit of the first layer: a line a column, a cell a unit, the darker the farther."""
    sees = part(part(result, "network"), "sees")
    if not sees or not sees["units"] or not (most := max(max(row) for row in sees["units"])):
        return ""
    names, units = [plain(name) for name in sees["features"]], sees["units"]
    room = min(max(len(name) for name in names) * LETTER + 10, 0.42 * width)
    title = say("plot.first", lang, n=len(units[0]), names=", ".join(names[:5]))
    plot = Plot(title, (width, len(names) * CELL + 24), (0, len(units[0])), (0, 1), (2, 2, 20, room))
    shades: dict[int, list[str]] = {}
    side = (plot.right - plot.left) / len(units[0])
    for line, (name, row) in enumerate(zip(names, units, strict=True)):
        y = plot.top + line * CELL
        plot.text(room - 6, y + 12, plain(name, int((room - 8) / LETTER)), "small end", name)
        for place, value in enumerate(row):
            if level := min(
                LEVELS, int(LEVELS * math.sqrt(value / most) + 0.5)
            ):  # roots, so that a column of 0 and 1 is seen beside an embedded one
                shades.setdefault(level, []).append(
                    f"M{plot.left + place * side:.1f} {y:.1f}h{side - 1:.1f}v{CELL - 2:.1f}h{1 - side:.1f}z"
                )
    for level, paths in sorted(shades.items()):
        plot.add("path", "fill", d="".join(paths), opacity=level / LEVELS)
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 16, say("network.units", lang), "soft small mid")
    return plot.svg()
