"""Who may learn from whom: plain, stratified, grouped, forward in time, both; and the outer test.

One idea carries every random split: rows that must stay together form a *unit* (a group, the exact copies of a row, or a
single row), and units are dealt to parts so that each part gets its share of every class (of every tenth of a numeric
target), by `dealing.py`. The outer test is one more part with its own share.

Splits forward in time are `forward.py`'s.

`Split.reason` is English made of the clauses below, and nothing else; `split_words` reads them back to say them in French,
so that a split restored from a run folder still speaks both languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from etabli.data.dealing import deal, row_hashes
from etabli.data.forward import forward
from etabli.data.gap import read
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.records import NO_TARGET, TEST, Array, Split, Table, Target, Words

OUTER_TEST_ROWS, OUTER_TEST_SHARE = 10_000, 0.1
BOOTSTRAP_SHARE = 0.01  # copies below this share of the rows cannot move a bootstrap: it then draws rows, not units

CLAUSES: dict[str, tuple[str, str]] = {
    "classes": ("{n} folds at random, alike in their share of every class", "{n} plis tirés au hasard, avec la même part de chaque classe"),
    "values": (
        "{n} folds at random, alike in their spread of the target",
        "{n} plis tirés au hasard, avec la même répartition de la cible",
    ),
    "plain": ("{n} folds at random", "{n} plis tirés au hasard"),
    "forward": (
        "{n} folds forward in time by {name}: each is predicted from earlier rows only",
        "{n} plis dans l'ordre du temps selon {name} : chacun est prédit à partir des lignes antérieures seulement",
    ),
    "grouped": ("rows with the same {name} always stay together", "les lignes de même {name} restent toujours ensemble"),
    "copies": ("{n} exact copies share the fold of their first row", "{n} copies exactes partagent le pli de leur première ligne"),
    "coarse": (
        "{n} equal rows are not kept together, because so many rows are equal that they are no copies",
        "{n} lignes égales ne sont pas gardées ensemble : il y en a trop pour que ce soient des copies",
    ),
    "chained": (
        "{n} equal rows of different groups are not kept together, because they would tie most groups into one",
        "{n} lignes égales de groupes différents ne sont pas gardées ensemble : elles lieraient la plupart des groupes",
    ),
    "few rows": (
        "fewer folds than asked, because only {n} rows can be told apart",
        "moins de plis que demandé : {n} lignes distinctes seulement",
    ),
    "few groups": ("fewer folds than asked, because there are only {n} groups", "moins de plis que demandé : {n} groupes seulement"),
    "few of a class": (
        "fewer folds than asked, because the rarest class has only {n} separate rows",
        "moins de plis que demandé : la classe la plus rare n'a que {n} lignes indépendantes",
    ),
    "few times": (
        "fewer folds than asked, because there are only {n} separate times",
        "moins de plis que demandé : {n} dates distinctes seulement",
    ),
    "overlap": (
        "fewer folds than asked, because groups that last long leave too few earlier rows",
        "moins de plis que demandé : des groupes qui durent laissent trop peu de lignes antérieures",
    ),
    "short": (
        "fewer folds than asked, because the gap leaves the first ones too little to learn from",
        "moins de plis que demandé : l'écart laisse trop peu à apprendre aux premiers",
    ),
    "gap": (
        "a gap of {gap} before each of them is not learned from",
        "un écart de {gap} avant chacun d'eux n'est pas appris",
    ),
    "gap before test": (
        "{n} rows are left out because they lie in the gap before the test",
        "{n} lignes sont écartées parce qu'elles sont dans l'écart avant le test",
    ),
    "no test left": (
        "no outer test, because the gap before it would leave too little",
        "pas de test extérieur : l'écart qui le précède laisserait trop peu",
    ),
    "no group": ("{n} rows without a group stand for themselves", "{n} lignes sans groupe comptent chacune pour elle-même"),
    "no time": ("{n} rows without a time are left out", "{n} lignes sans date sont écartées"),
    "test": ("{n} rows are set aside as a test that is opened once", "{n} lignes sont mises de côté pour un test ouvert une seule fois"),
    "last": (
        "the last {n} rows are set aside as a test that is opened once",
        "les {n} dernières lignes sont mises de côté pour un test ouvert une seule fois",
    ),
    "no test": ("no outer test, because no group is small enough", "pas de test extérieur : aucun groupe n'est assez petit"),
    "both sides": (
        "{n} earlier rows are left out because their group is also in the test",
        "{n} lignes antérieures sont écartées parce que leur groupe est aussi dans le test",
    ),
    "held": (
        "{n} rows are held back from everything but the quantiles of intervals and sets",
        "{n} lignes ne servent qu'aux quantiles des intervalles et des ensembles",
    ),
    "held newest": (
        "the {n} newest rows are held back from everything but the quantiles of intervals and sets",
        "les {n} lignes les plus récentes ne servent qu'aux quantiles des intervalles et des ensembles",
    ),
    "held last": (
        "the {n} newest rows before these are held back from everything but the quantiles of intervals and sets",
        "les {n} lignes les plus récentes avant celles-ci ne servent qu'aux quantiles des intervalles et des ensembles",
    ),
    "no target": ("{n} rows without a target are left out", "{n} lignes sans cible sont écartées"),
}
_SLOTS = {"n": r"(?P<n>[\d,]+)", "gap": r"(?P<gap>[\w.]+)", "name": r"(?P<name>\"(?:[^\"\\]|\\.)*\")"}


def split(
    table: Table,
    target: Target,
    seed: int,
    group: str | None = None,
    time_column: str | None = None,
    folds: int = 5,
    test: float | None = None,
    ignore: Sequence[str] = (),
    aside: Array | None = None,
    gap: str | None = None,
) -> Split:
    """Deals the rows to folds and, from 10 000 rows with a target on, to an outer test of a tenth.

    group: rows with its same value never straddle. time_column: every fold is predicted from earlier rows only; the test
    is the last stretch. test: the share of the outer test, 0 for none. ignore: columns that are not features. aside: bool
    [rows], rows that have been given another part already. gap: of time (or rows) before each fold and the test that is not
    learned from, as `gap.py` reads it.
    The same seed gives the same split, whatever the order of the columns.

    Errors: UsageError for an unknown column or a share outside 0 to 0.9; DataError when two folds cannot be made.
    """
    if folds < 2:
        raise UsageError("a comparison needs at least 2 folds", f"folds={folds}", "leave it at 5")
    if test is not None and not 0 <= test <= 0.9:
        raise UsageError("the share of the outer test lies between 0 (none) and 0.9", f"test={test:g}", "leave it out for the default")
    for flag, name in (("--group", group), ("--time-column", time_column)):
        if name is not None and name not in table.values:
            raise UsageError(f"{flag} takes a column of the file", f'"{name}"', did_you_mean(name, table.values))
        if name is not None and name == target.name:
            raise UsageError(f"{flag} cannot be the target", f'"{name}"', "name another column")
    has_target = ~np.isnan(target.y) if target.task == "regression" else target.y >= 0
    rows = np.flatnonzero(has_target if aside is None else has_target & ~aside)
    if rows.size < 2:
        raise DataError("a comparison needs at least 2 rows with a target", f"{rows.size} of {table.rows} rows have one")
    share = test if test is not None else (OUTER_TEST_SHARE if rows.size >= OUTER_TEST_ROWS else 0.0)
    said: list[tuple[str, dict[str, int | str]]] = []
    ids = _groups(table, group, rows, said) if group is not None else None
    if time_column is not None:
        result = forward(table, rows, ids, time_column, folds, share, said, read(gap, table.column(time_column)))
    else:
        result = _random(table, target, rows, ids, seed, folds, share, {target.name, *ignore, *([group] if group else [])}, said)
    if group is not None:
        said.insert(1, ("grouped", {"name": group}))
    if not has_target.all():
        said.append(("no target", {"n": int((~has_target).sum())}))
    reason = "; ".join(_clause(code, 0, facts) for code, facts in said)
    return replace(result, reason=reason)


def clause(code: str, n: int) -> str:
    """A clause of the reason about n rows, as `split_words` reads it back."""
    return _clause(code, 0, {"n": n})


def split_words(split: Split) -> Words:
    """One plain sentence on how the rows were split and why, in English and French."""
    found, place = [], 0
    patterns = {
        code: re.compile(re.sub(r"\\\{(\w+)\\\}", lambda slot: _SLOTS[slot[1]], re.escape(en))) for code, (en, _) in CLAUSES.items()
    }
    while place < len(split.reason):
        hits = [(code, hit) for code, pattern in patterns.items() if (hit := pattern.match(split.reason, place))]
        if not hits:  # not ours: said as it is
            found.append((split.reason[place:], split.reason[place:]))
            break
        code, hit = max(hits, key=lambda pair: pair[1].end())  # "… at random" is the beginning of "… at random, alike in …"
        facts = {
            key: json.loads(value) if key == "name" else value if key == "gap" else int(value.replace(",", ""))
            for key, value in hit.groupdict().items()
        }
        found.append((_clause(code, 0, facts), _clause(code, 1, facts)))
        place = hit.end() + 2
    english = "; ".join(pair[0] for pair in found) or "no folds"
    french = " ; ".join(pair[1] for pair in found) or "pas de plis"
    return {"en": english[0].upper() + english[1:] + ".", "fr": french[0].upper() + french[1:] + "."}


def _clause(code: str, language: int, facts: dict[str, int | str]) -> str:
    """One clause of the reason; numbers and names in the language's own writing."""
    written = {}
    for key, value in facts.items():
        if isinstance(value, int):
            written[key] = f"{value:,}" if language == 0 else f"{value:,}".replace(",", "\u202f")
        elif key == "gap":
            written[key] = value if language == 0 else value.replace("rows", "\u202flignes").replace("d", "j")
        else:
            written[key] = json.dumps(value, ensure_ascii=False) if language == 0 else f"«\u00a0{value}\u00a0»"
    return CLAUSES[code][language].format(**written)


def _groups(table: Table, name: str, rows: Array, said: list[tuple[str, dict[str, int | str]]]) -> Array:
    """int64 [len(rows)]: 0, 1, … a group; rows without one stand for themselves. Refuses a single group."""
    values = np.asarray(table.values[name])[rows]
    missing = np.isnan(values) if values.dtype.kind == "f" else values < 0
    ids = np.unique(values, return_inverse=True)[1].astype(np.int64)
    if missing.any():
        ids[missing] = rows.size + np.arange(missing.sum())
        ids = np.unique(ids, return_inverse=True)[1].astype(np.int64)
        said.append(("no group", {"n": int(missing.sum())}))
    if ids.max() < 1:
        raise DataError("--group needs at least two groups", f'"{name}" has one value only', "name another column, or leave --group out")
    return ids


# --- at random ------------------------------------------------------------------------------------------------------------------


def _random(
    table: Table,
    target: Target,
    rows: Array,
    ids: Array | None,
    seed: int,
    folds: int,
    share: float,
    left_out: set[str],
    said: list[tuple[str, dict[str, int | str]]],
) -> Split:
    """Plain, stratified or grouped folds over the usable rows."""
    y = np.asarray(target.y)[rows]
    names = [c.name for c in table.columns if c.name not in left_out and c.kind not in ("identifier", "constant")]
    copies = np.unique(row_hashes(table, names)[rows], return_inverse=True)[1] if names else np.arange(rows.size)
    notes: list[tuple[str, dict[str, int | str]]] = []
    units = _units(copies, y, folds, notes) if ids is None else _tied(ids, copies, folds, notes)
    count = int(units.max()) + 1
    if count < folds:
        notes.append(("few rows" if ids is None else "few groups", {"n": count}))
        folds = count
    if target.task == "regression":
        bins = int(min(10, rows.size // (2 * folds)))
        cuts = np.unique(np.quantile(y, np.arange(1, bins) / bins)) if bins > 1 else np.empty(0)
        labels, kinds = np.searchsorted(cuts, y, side="right"), cuts.size + 1
        main = "values" if kinds > 1 else "plain"
    else:
        labels, kinds, main = y.astype(np.int64), len(target.classes), "classes"
        pairs = np.unique(units * kinds + labels) % kinds
        holders = np.bincount(pairs, minlength=kinds)
        floor = 2 if target.task == "binary" else 3  # a class of one or two rows among many shall not cost all others their folds
        rarest = int(holders[holders > 0].min())
        if max(floor, rarest) < folds:
            folds = max(floor, rarest)
            notes.append(("few of a class", {"n": rarest}))
    shares = np.array([(1 - share) / folds] * folds + [share] * (share > 0))
    part = deal(units, labels, kinds, shares, np.random.default_rng([seed, 5]))[units]
    tested = int((part == folds).sum())
    filled = np.flatnonzero(np.bincount(part[part < folds], minlength=folds))
    if filled.size < 2:
        raise DataError("a comparison needs at least 2 folds", f"{count} groups of rows that must stay together", "choose a finer --group")
    number = np.full(folds + 1, TEST)
    number[filled] = np.arange(filled.size)
    fold = np.full(table.rows, NO_TARGET, np.int32)
    fold[rows] = number[part]
    if tested:
        notes.append(("test", {"n": tested}))
    elif share > 0:
        notes.append(("no test", {}))
    together = None
    if ids is not None or rows.size - count > BOOTSTRAP_SHARE * rows.size:
        together = np.full(table.rows, -1, np.int64)
        together[rows] = units
    said[:] = [(main, {"n": int(filled.size)}), *said, *notes]
    kind = "grouped" if ids is not None else "plain" if main == "plain" else "stratified"
    return Split(kind, fold, int(filled.size), groups=together)  # type: ignore[arg-type]


def _units(copies: Array, y: Array, folds: int, notes: list[tuple[str, dict[str, int | str]]]) -> Array:
    """Exact copies stay together, but for equal rows that are plainly no copies: more of them than a fold holds, or a table
    so coarse (fewer different rows than the root of all) that equal rows even differ in their target."""
    n, sizes = copies.size, np.bincount(copies)
    if sizes.size == n:
        return np.asarray(copies)
    low, high = np.full(sizes.size, np.inf), np.full(sizes.size, -np.inf)
    np.minimum.at(low, copies, y)
    np.maximum.at(high, copies, y)
    spread = sizes * min(folds, max(2, sizes.size)) > n
    if sizes.size < np.sqrt(n) and (low < high).any():
        spread |= sizes > 1
    loose = spread[copies]
    if loose.any():
        copies = np.where(loose, sizes.size + np.cumsum(loose), copies)
        notes.append(("coarse", {"n": int(loose.sum())}))
    kept = int((sizes - 1)[~spread].sum())
    if kept:
        notes.append(("copies", {"n": kept}))
    return np.asarray(np.unique(copies, return_inverse=True)[1])


def _tied(ids: Array, copies: Array, folds: int, notes: list[tuple[str, dict[str, int | str]]]) -> Array:
    """Groups, those that share an exact copy of a row tied into one; not if that would tie them into a lump larger than a fold."""
    sizes = np.bincount(copies)
    twice = np.flatnonzero(sizes[copies] > 1)
    if not twice.size:
        return ids
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    groups = int(ids.max()) + 1
    edges = (np.ones(twice.size, np.int8), (ids[twice], groups + copies[twice]))
    labels = connected_components(coo_array(edges, shape=(groups + sizes.size, groups + sizes.size)), directed=False)[1][:groups]
    units = np.unique(labels[ids], return_inverse=True)[1].astype(np.int64)
    if units.max() + 1 == groups:
        return ids
    if np.bincount(units).max() > max(int(np.bincount(ids).max()), ids.size // folds) or units.max() + 1 < min(folds, groups):
        pairs = np.unique(np.column_stack([copies[twice], ids[twice]]), axis=0)[:, 0]
        across = np.bincount(pairs, minlength=sizes.size) > 1
        notes.append(("chained", {"n": int(across[copies].sum())}))
        return ids
    notes.append(("copies", {"n": int((sizes - 1).sum())}))
    return units
