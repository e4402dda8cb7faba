"""Missing values written as numbers (-999, 999, 0 where nothing is near 0): models take them for measurements.

A stand-in is a spike at the very edge, far outside the rest: a number of nines well beyond the rest, a negative among
none, or a zero below a gap wider than the middle half of the rest. A cap (99 999 where values reach 41 310) is not one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etabli.data.audit.view import View
from etabli.data.audit.words import flag, words
from etabli.records import Array, Finding

NINES = {float(sign * (10**k - 1)) for k in range(1, 8) for sign in (1, -1)}
FILLS = {
    -32768.0,
    32767.0,
    -2147483648.0,
    2147483647.0,
    1e20,
    -1e20,
    1e30,
    -1e30,
    9.969209968386869e36,
    3.4028234663852886e38,
    -3.4028234663852886e38,
}
TEXTS = {
    "?",
    "-",
    "--",
    ".",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "unknown",
    "unk",
    "missing",
    "not available",
    "not known",
    "inconnu",
    "inconnue",
    "manquant",
    "non renseigné",
    "nr",
    "nd",
}
TIMES = 5.0  # a positive run of nines this many times beyond the rest is no measurement
SPOKEN = 0.001  # share of the rows from which a level such as "unknown" is worth a word
COMMON_ZERO = 0.3  # zeros in more rows than this mean "none", not "unknown"


def find(view: View) -> Iterable[Finding]:
    """One finding per number column with stand-ins; one note for levels such as "unknown"."""
    for column in view.features:
        if column.kind != "number" or not view.is_number(column):
            continue
        values = view.values(column)
        values = values[~np.isnan(values)]
        for value, count, low, high in _stand_ins(values):
            yield Finding(
                "hidden_missing",
                (column.name,),
                words(
                    "{c} is {v} in {n} rows ({p} %) while all other values lie between {a} and {b}: does {v} stand for “missing”?",
                    "{c} vaut {v} dans {n} lignes ({p} %) alors que les autres valeurs vont de {a} à {b} : {v} veut-il dire « manquant » ?",
                    c=[column.name],
                    v=value,
                    n=count,
                    p=round(100 * count / max(view.rows.size, 1), 2),
                    a=low,
                    b=high,
                ),
                words("if so: {f}", "si oui : {f}", f=flag("--missing", [column.name], f"={value:.17g}")),
                "warn",
                {"value": value, "rows": count, "low": low, "high": high},
            )
    spoken: dict[str, str] = {}
    shares: dict[str, float] = {}
    for column in view.features:
        if column.kind == "category" and column.name in view.table.levels:
            levels = view.table.levels[column.name]
            codes = np.asarray(view.table.values[column.name])[view.sample]
            for code, level in enumerate(levels if len(levels) <= 1_000 else ()):
                if level.strip().casefold() in TEXTS and (codes == code).mean() >= SPOKEN:
                    spoken.setdefault(column.name, level)
                    shares.setdefault(column.name, float((codes == code).mean()))
    if spoken:
        name, level = next(iter(spoken.items()))
        yield Finding(
            "missing_level",
            tuple(spoken),
            words(
                "{c} may write “missing” as a level of its own (“{v}”); it is kept as a level, which is often right",
                "{c} : le niveau « {v} » peut vouloir dire « manquant » ; il est gardé comme niveau, ce qui convient souvent",
                c=list(spoken),
                v=level,
            ),
            words("to read it as missing: {f}", "pour le lire comme manquant : {f}", f=flag("--missing", [name], f"={level}")),
            "note",
            {"levels": spoken, "shares": shares},
        )


def _stand_ins(values: Array) -> Iterable[tuple[float, int, float, float]]:
    """(value, rows, lowest and highest of the rest), from the outside in, at most three."""
    for _ in range(3):
        if values.size < 20:
            return
        low, high = float(values.min()), float(values.max())
        for edge in (low, high, 0.0):
            at = values == edge
            count, rest = int(at.sum()), values[~at]
            if count >= 2 and rest.size >= 5 and _far(edge, count, rest):
                yield edge, count, float(rest.min()), float(rest.max())
                values = rest
                break
        else:
            return


def _far(edge: float, count: int, rest: Array) -> bool:
    """Whether this spike at the edge is no measurement, judged by the other values."""
    low, high = float(rest.min()), float(rest.max())
    seen = np.unique(rest[:200_000])
    if seen.size < 3:
        return False
    if edge in FILLS:
        return max(abs(low), abs(high)) * TIMES < abs(edge)
    if edge in NINES and edge > high:
        return edge > TIMES * max(abs(low), abs(high))
    if edge in NINES and edge < low:  # below none other negative, or far below
        return edge < -TIMES * max(abs(low), abs(high)) or (low >= 0 and edge <= -9 and edge < low - (high - low) / 4)
    if edge == -1 and low >= 0:  # not a code 0, 1, 2 with -1 for a fourth
        return seen.size >= 10 and count >= 0.01 * (rest.size + count)
    if edge == 0 and low > 0 and count < COMMON_ZERO * (rest.size + count):
        lower, upper = np.quantile(rest, [0.25, 0.75])
        return bool(seen.size >= 10 and low > upper - lower and low > 3 * float(np.median(np.diff(seen))))
    return False
