"""From the result to its pictures: what is drawn, with which words. The drawing itself is in `figures.py`.

Each function takes (result, lang, width) and returns SVG text, or "" where the result has nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etabli.faces import figures
from etabli.faces.figures import Dot, Plot
from etabli.faces.words import known, pick, plain, say
from etabli.faces.words.candidates import titled
from etabli.faces.words.numbers import count, decimals, number, real, share, signed
from etabli.faces.words.reasons import reason

SHOWN, FEWEST = 30, 8  # candidates drawn at the most, and at the least where there are so many
CLASSES = 14  # classes drawn in a confusion matrix

Result = Mapping[str, Any]


def part(result: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A nested mapping of the result, empty where it is absent, null or something else."""
    value = result.get(key)
    return value if isinstance(value, Mapping) else {}


def items(result: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """A nested list of mappings, empty where it is absent or null."""
    value = result.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) and not isinstance(value, str) else []


def places(result: Result) -> int:
    """Digits after the point that the honest score's interval supports."""
    honest = part(result, "honest")
    return decimals(honest.get("low"), honest.get("high"), honest.get("value"))


def title_of(entry: Mapping[str, Any], lang: str) -> tuple[str, str]:
    """A candidate's name in two parts: what it is, and its setting ("lightgbm", "num_leaves=31")."""
    return titled(entry.get("name") or entry.get("family") or "?", lang)


def look_of(entry: Mapping[str, Any], result: Result) -> str:
    """How a candidate is marked: tied, apart, dropped or base."""
    if is_baseline(entry, result):
        return "base"
    if entry.get("tied") or is_winner(entry, result):
        return "tied"
    return "dropped" if entry.get("dropped") else "apart"


def winner_of(result: Result) -> Any:
    """The winner's name as the leaderboard has it (there a "combination of 5" is the "combination")."""
    name = part(result, "winner").get("name")
    names = [entry.get("name") for entry in items(result, "leaderboard")]
    short = str(name).partition(" of ")[0]
    return short if name not in names and short in names else name


def is_winner(entry: Mapping[str, Any], result: Result) -> bool:
    """Whether this line is the winner's: the first of its name (settings of one name may differ in their preparation)."""
    name = winner_of(result)
    return entry is next((e for e in items(result, "leaderboard") if e.get("name") == name), None)


def others(result: Result) -> int:
    """How many cannot be told from the winner, without itself."""
    tied = list(result.get("tied") or ())
    return len(tied) - (winner_of(result) in tied)


def is_baseline(entry: Mapping[str, Any], result: Result) -> bool:
    """Whether this line of the leaderboard is the baseline."""
    return entry.get("name") is not None and entry.get("name") == part(result, "baseline").get("name")


def shown(result: Result) -> list[Mapping[str, Any]]:
    """The candidates that are drawn: the best of each family, more where there are few families, and always the baseline."""
    board, first = items(result, "leaderboard"), dict[Any, Mapping[str, Any]]()
    for entry in board:
        first.setdefault(entry.get("family") or entry.get("name"), entry)
    best = [id(entry) for entry in first.values()]
    best += [id(entry) for entry in board if id(entry) not in best][: max(0, FEWEST - len(best))]
    base = [id(entry) for entry in board if is_baseline(entry, result)][:1]
    kept = [*[key for key in best if key not in base][: SHOWN - len(base)], *base]
    return [entry for entry in board if id(entry) in kept]


def best_of(result: Result) -> float | None:
    """The winner's score on the leaderboard."""
    board, name = items(result, "leaderboard"), winner_of(result)
    return next((real(e.get("score")) for e in board if e.get("name") == name), real(board[0].get("score")) if board else None)


def honest_dot(result: Result, lang: str) -> list[Dot]:
    """The diamond, or nothing without an honest score."""
    honest = part(result, "honest")
    if real(honest.get("value")) is None:
        return []
    text = number(honest["value"], lang, places(result))
    reach = " – ".join(number(honest.get(k), lang, places(result)) for k in ("low", "high"))
    tip = f"{say('honest', lang)}: {text} ({reach})"
    return [Dot(say("honest", lang), honest["value"], honest.get("low"), honest.get("high"), "honest", text=text, tip=tip)]


def dot(entry: Mapping[str, Any], result: Result, lang: str) -> Dot:
    """A candidate at its score, with the paired interval of its difference to the winner around the winner's score."""
    digits, best, gap = places(result) + 1, best_of(result), part(entry, "difference")
    label, detail = title_of(entry, lang)
    text = number(entry.get("score"), lang, digits)
    tip = f"{label} {detail}".strip() + f": {text}"
    value, low, high = real(entry.get("score")), None, None
    if best is not None and real(gap.get("low")) is not None and real(gap.get("high")) is not None and not is_winner(entry, result):
        low, high = best + float(gap["low"]), best + float(gap["high"])
        if real(gap.get("value")) is not None:
            value = best + float(gap["value"])
        tip += f" ({say('difference', lang)} {signed(gap.get('value'), lang, digits)}, {signed(gap['low'], lang, digits)} – {signed(gap['high'], lang, digits)})"
    return Dot(label, value, low, high, look_of(entry, result), detail, text, tip)


def tick(result: Result, lang: str) -> figures.Show:
    """How numbers on the axis of the one plot are written."""
    digits = places(result) + 1
    return lambda v: number(v, lang, min(digits, max(max(0, digits - 1), needed(v))))


def leaderboard(result: Result, lang: str, width: float) -> str:
    """The one plot: a dot a candidate at its score; its bar is the paired interval of its difference to the winner, put at the
    winner's score; the diamond is the honest score; the dashed line is the baseline."""
    board = items(result, "leaderboard")
    honest, base = part(result, "honest"), part(result, "baseline")
    if not board and not honest:
        return ""
    digits, best = places(result) + 1, best_of(result)
    dots = honest_dot(result, lang) + [dot(entry, result, lang) for entry in shown(result)]
    metric = known("metric", result.get("metric", ""), lang)
    note = say("axis.greater" if result.get("greater_is_better") else "axis.less", lang, metric=metric)
    title = say(
        "plot.leaderboard",
        lang,
        metric=metric,
        n=len(board),
        tied=others(result),
        value=number(honest.get("value"), lang, places(result)),
        low=number(honest.get("low"), lang, places(result)),
        high=number(honest.get("high"), lang, places(result)),
        base=number(base.get("value"), lang, digits),
    )
    return figures.intervals(dots, title, width, tick(result, lang), best, real(base.get("value")), note)


def needed(value: float) -> int:
    """Digits a tick needs to be told from its neighbours (ticks are rounded to 12 digits already)."""
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])


def calibration(result: Result, lang: str, width: float) -> str:
    """Predicted against observed, for classes."""
    facts = part(result, "calibration")
    bins = items(facts, "bins")
    if not bins:
        return ""
    worst = max((abs((real(b.get("observed")) or 0) - (real(b.get("predicted")) or 0)) for b in bins), default=0)
    title = say("plot.calibration", lang, n=len(bins), worst=number(100 * worst, lang, 1))
    labels = (say("axis.predicted", lang), say("axis.observed", lang), say("axis.rows", lang))
    return figures.calibration(bins, title, width, lambda v: share(v, lang, 0), labels)


def residuals(result: Result, lang: str, width: float) -> str:
    """Residual against prediction, with the residuals' quantiles."""
    facts = part(result, "residuals")
    points = facts.get("points")
    if not isinstance(points, Sequence) or not points:
        return ""
    levels = [(value, percent(level, lang)) for level, v in part(facts, "quantiles").items() if (value := real(v)) is not None]
    digits = max(0, decimals(None, None, max((abs(real(p[1]) or 0) for p in points if len(p) == 2), default=1)))
    title = say("plot.residuals", lang, n=len(points), levels="; ".join(f"{label}: {number(v, lang, digits)}" for v, label in levels))
    labels = (say("axis.prediction", lang), say("axis.residual", lang))
    band = [[real(one.get(key)) for key in ("prediction", "low", "middle", "high")] for one in items(facts, "along")]
    return figures.cloud(points, title, width, lambda v: number(v, lang, needed(v)), labels, levels, [b for b in band if None not in b])


def percent(level: Any, lang: str) -> str:
    """The name of a quantile ("0.95") as people say it (95 %)."""
    try:
        return share(float(level), lang, 0)
    except (TypeError, ValueError):
        return plain(level, 10)


def coverage(result: Result, lang: str, width: float) -> str:
    """Asked against got, one line a level, on the band that chance allows; the worst group is the hollow dot."""
    entries = [e for e in items(result, "coverage") if real(e.get("level")) is not None and real(e.get("got")) is not None]
    if not entries:
        return ""
    values: list[Any] = [1.0]
    for e in entries:
        values += [e["level"], e["got"], e.get("low"), e.get("high"), *_band(e), part(e, "worst").get("got")]
    low = min(v for v in map(real, values) if v is not None)
    narrow = width < 500
    step = 52
    said = [f"{share(e['level'], lang, 0)} → {share(e['got'], lang)}" for e in entries]
    plot = Plot(
        say("plot.coverage", lang, levels="; ".join(said)),
        (width, step * len(entries) + 50),
        (max(0.0, low - 0.02), 1.005),
        edge=(10, 54, 40, 54 if narrow else 110),
    )
    for value in figures.ticks(*plot.ranges[0], about=4 if narrow else 8):
        plot.line(plot.x(value), plot.top, plot.x(value), plot.bottom, "grid")
        plot.text(plot.x(value), plot.bottom + 16, share(value, lang, 0), "soft small mid")
    plot.line(plot.left, plot.bottom, plot.right, plot.bottom, "axis")
    plot.text((plot.left + plot.right) / 2, plot.bottom + 34, say("axis.coverage", lang), "soft mid")
    for k, e in enumerate(entries):
        y = plot.top + step * (k + 0.5)
        band, got, level = _band(e), float(e["got"]), float(e["level"])
        tip = f"{share(level, lang, 0)} → {share(got, lang)}"
        asked = share(level, lang, 0)
        plot.text(0, y + 4, asked if narrow else say("asked", lang, level=asked), "bold")
        if len(band) == 2:
            left, right = plot.x(max(0.0, band[0])), plot.x(min(1.0, band[1]))
            plot.add("rect", "pale", say("band", lang), x=left, y=y - 15, width=max(1.0, right - left), height=30, rx=3)
        plot.line(plot.x(level), y - 18, plot.x(level), y + 18, "axis")
        lower, upper = real(e.get("low")), real(e.get("high"))
        if lower is not None and upper is not None and [lower, upper] != band:  # the band given twice is no interval of what was got
            plot.line(plot.x(lower), y, plot.x(min(1.0, upper)), y, "data bar", tip)
        plot.add("circle", "data", tip, cx=plot.x(got), cy=y, r=5)
        worst = part(e, "worst")
        if (poor := real(worst.get("got"))) is not None:
            group = reason(plain(worst.get("group"), 40), lang)
            plot.add("circle", "honest hollow", f"{group}: {share(poor, lang)}", cx=plot.x(poor), cy=y, r=4)
        plot.text(width - 2, y + 4, share(got, lang), "end bold")
    return plot.svg()


def _band(entry: Mapping[str, Any]) -> list[float]:
    band = entry.get("band")
    values = [real(v) for v in band] if isinstance(band, Sequence) and not isinstance(band, str) else []
    return [v for v in values if v is not None] if len(values) == 2 else []


def confusion(result: Result, lang: str, width: float) -> str:
    """True class down, predicted class across, as shares of the true class; at most CLASSES classes."""
    facts = part(result, "confusion")
    names, counts = facts.get("classes"), facts.get("counts")
    if not names or not counts or len(names) > CLASSES or len(counts) != len(names):
        return ""
    totals = [sum(real(v) or 0 for v in row) for row in counts]
    shares = [[(real(v) or 0) / total if total else 0.0 for v in row] for row, total in zip(counts, totals, strict=True)]
    texts = [[count(v, lang) for v in row] for row in counts]
    right = sum(real(counts[i][i]) or 0 for i in range(len(names)))
    title = say("plot.confusion", lang, right=count(right, lang), total=count(sum(totals), lang))
    return figures.heat(shares, texts, [pick(n, lang) for n in names], title, width, (say("axis.true", lang), say("axis.guess", lang)))
