"""An entry of `by` as plain text: its sentence, and a small table of its levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from etabli.model.amount import amount

TITLES = {
    "rows": ("rows", "lignes"),
    "gap": ("observed - predicted", "observé - prédit"),
    "coverage": ("coverage", "couverture"),
}
WIDE = 32  # letters of a level's name


def by_table(entry: Mapping[str, Any], score: str, french: bool) -> list[str]:
    """Lines of text. score: the ranking metric's title. A star: chance does not explain the difference."""
    levels = entry["levels"]
    shown = [name for name in ("score", "gap", "coverage") if any(name in one["measures"] for one in levels)]
    titles = ["", TITLES["rows"][french], *(score if name == "score" else TITLES[name][french] for name in shown)]
    table = [titles]
    for one in levels:
        cells = [_cell(one, name, french) for name in shown]
        table.append([_name(one["level"]["fr" if french else "en"]), str(one["rows"]), *cells])
    wide = [max(len(line[k]) for line in table) for k in range(len(titles))]
    lines = ["", _name(entry["words"]["fr" if french else "en"], 1000)]
    for line in table:
        lines.append("  " + "  ".join(cell.ljust(wide[0]) if not k else cell.rjust(wide[k]) for k, cell in enumerate(line)).rstrip())
    if any(cell.startswith("*") for line in table[1:] for cell in line[2:]):
        lines.append("  * au-delà du hasard, tous les écarts réunis" if french else "  * beyond chance, all differences together")
    return lines


def _cell(one: Mapping[str, Any], name: str, french: bool) -> str:
    measure = one["measures"].get(name)
    if measure is None:
        return "-"
    to = "à" if french else "to"
    if name == "coverage":
        text = f"{100 * measure['value']:.1f} %"
        apart = one["band"] is not None and measure["value"] < one["band"][0]
    else:
        value, low, high = (amount(measure[part], french, 3) for part in ("value", "low", "high"))
        text = f"{value} ({low} {to} {high})"
        apart = bool(measure["apart"])
    return ("* " if apart else "") + (text.replace(".", ",") if french else text)


def _name(text: str, most: int = WIDE) -> str:
    """On one line, without control characters."""
    said = "".join(letter if letter.isprintable() or letter in "\u00a0\u202f" else "\ufffd" for letter in " ".join(str(text).split(" ")))
    return said if len(said) <= most else said[: most - 1] + "…"
