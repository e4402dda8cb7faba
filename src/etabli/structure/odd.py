"""What is told of odd rows: the result, and by which columns each flagged row is odd.

A column makes a row odd as far as the score falls at most when its value gives way to another: the typical one (the median of a number, the most frequent
level, the text that lies most densely among others), or that of one of the ten rows most like it in all other columns. The typical value alone would name the wrong column where two
hang together: twenty years of school beside "7th-8th" are mended by four, not by the median ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.judge.odds import adjusted
from etabli.judge.tails import HIGH
from etabli.records import Array, Table, Words
from etabli.structure.begins import begins
from etabli.structure.methods import detectors
from etabli.structure.space import Space
from etabli.structure.topics import Topics
from etabli.structure.worded import moving, quoted

if TYPE_CHECKING:
    from etabli.structure.anomalies import Candidate, Oddness
    from etabli.structure.run import Run

SHOWN, LISTED, NAMED, LOOKED_AT, POINTS, BARS = 100, 20, 3, 60, 2_000, 60  # LISTED: rows listed even when fewer are flagged
# a further column is named when it bears so much of the oddness: below that it is mostly chance, unless its value is odd by itself, as both of
# two exchanged numbers may be, where one bears nearly all
BEARS, BESIDE = 0.02, 0.1
DENSE, NEAR = 500, 20  # texts among which the one with the nearest NEAR-th neighbour is looked for
# rows whose values are tried, among so many (fewer in wide tables: so many cells); a column counts as so far apart at most
DONORS, POOL, CELLS, FAR = 10, 2_000, 4_000_000, 3.0
COMBINED = {
    "en": "usual by itself, odd beside the row's other values",
    "fr": "habituelle en elle-même, étrange à côté des autres valeurs de la ligne",
}


def told(
    one: Run,
    table: Table,
    space: Space,
    candidates: Sequence[Candidate],
    best: Candidate,
    head: Oddness,
    learned: tuple[Array, Array],
    answers: tuple[Array, Array, Array],
    findings: Sequence[Any],
    base: Table,
    by_labels: bool,
) -> dict[str, Any]:
    """The result of the run (docs/anomalies.md says what each key is). learned: (plain coordinates, row numbers). answers: (score, p, flagged). base: the
    table that says what is usual, with --usual another one. by_labels: whether known rows chose the detector."""
    question, (plain, rows), (scores, p, odd) = one.question, learned, answers
    count = int(odd.sum())
    tried = [c for c in candidates if not c.members]
    titles = {c.method: joined(len(c.members), len(tried)) if c.members else _alone(c.method) for c in candidates}
    shown, q = np.lexsort((-scores, p))[: min(max(count, LISTED), SHOWN)], adjusted(p)
    made = begins(question, table, (column.name for column in space.columns), len(rows), findings)
    promise = _promise(base is not table, head.odds.extended)
    if base is table and not head.odds.extended:
        made["warnings"].append(_short())
    sentence, choice = (
        _sentence(count, table.rows, question.rate, titles[best.method]),
        {"en": "", "fr": ""} if by_labels else _choice(tried, best),
    )
    sentence = {lang: " ".join(filter(None, (sentence[lang], promise[lang] if count else "", choice[lang]))) for lang in sentence}
    return {
        **made,
        "winner": {
            "family": best.method,
            "title": titles[best.method]["en"],
            "values": {} if best.members else dict(head.members[0].found.values),
        },
        "leaderboard": [
            {
                "name": c.method,
                "title": titles[c.method]["en"],
                "score": c.score,
                "planted": {kind: dict(found) for kind, found in c.planted.items()},
                "stability": c.stability,
                "joined": c.method in best.members,
            }
            for c in sorted(candidates, key=lambda c: c is not best)
        ],
        "choice": choice,
        "sentence": sentence,
        "citations": sorted({member.method.citation for member in head.members}),
        "anomalies": {
            "rate": question.rate,
            "flagged": count,
            "threshold": head.bound,
            "extended": head.odds.extended,
            "scores": spread(scores, odd),
            "promise": promise,
            "rows": [
                {**row, "q": float(q[row["row"]]), "odd": bool(odd[row["row"]])}
                for row in reasons(table, space, head, plain, shown, scores, p, base)
            ],
        },
        "points": _points(table, space, plain, odd, rows),
    }


def spread(scores: Array, odd: Array) -> dict[str, Any]:
    """How the scores of all rows lie: `edges` of BARS equal steps, the rows in each (`counts`) and the lowest flagged score (`bound`, None: none)."""
    counts, edges = np.histogram(scores, BARS)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "bound": float(scores[odd].min()) if odd.any() else None}


def reasons(
    table: Table, space: Space, head: Oddness, plain: Array, shown: Array, scores: Array, p: Array, base: Table
) -> list[dict[str, Any]]:
    """Each shown row with the columns that make it odd, the strongest first."""
    if not len(shown):
        return []
    blocks = [np.flatnonzero(space.owner == i) for i in range(len(space.columns))]
    texts = {one.name: one for one in space.texts}
    typical = np.concatenate([_typical(plain[:, block], space.columns[i].name in texts) for i, block in enumerate(blocks) if len(block)])
    order = np.concatenate([block for block in blocks if len(block)])
    middle = np.empty(plain.shape[1])
    middle[order] = typical
    deviation = plain.std(axis=0) + 1e-9
    pool = plain[np.sort(np.random.default_rng(0).permutation(len(plain))[: max(DONORS, min(POOL, CELLS // plain.shape[1]))])]
    usual: dict[str, Mapping[str, Any]] = {}
    made = []
    for row, x in zip(shown, space.plain(table, shown), strict=True):
        apart = np.array([np.abs((x[block] - middle[block]) / deviation[block]).max(initial=0.0) for block in blocks])
        asked = [int(i) for i in np.argsort(-apart, kind="stable")[:LOOKED_AT] if apart[i] > 0]
        gap = np.minimum(np.abs(pool - x), FAR) ** 2
        whole, tried = gap.sum(axis=1), [x[None]]
        for i in asked:
            near = np.argsort(whole - gap[:, blocks[i]].sum(axis=1), kind="stable")[:DONORS]
            changed = np.tile(x, (1 + len(near), 1))
            changed[0, blocks[i]], changed[1:, blocks[i]] = middle[blocks[i]], pool[near][:, blocks[i]]
            tried.append(changed)
        after = head.score(space.turn(np.concatenate(tried)))[:, 0]
        falls = after[0] - after[1:].reshape(len(asked), -1).min(axis=1) if asked else np.empty(0)
        named = list[dict[str, Any]]()
        for k in np.argsort(-falls, kind="stable")[:NAMED]:
            if falls[k] <= 0:
                break
            name = space.columns[asked[k]].name
            if name in texts:
                told = _worded(texts[name], table, int(row), space, x, blocks[asked[k]])
            else:
                usual[name] = usual.get(name) or _usual(base, name)
                told = _said(table, name, int(row), usual[name])
            share = float(falls[k] / falls[falls > 0].sum())
            if not named or share >= (BESIDE if COMBINED["en"] in told["text"]["en"] else BEARS):
                named.append({"column": name, "share": share, **told})
        made.append({"row": int(row), "p": float(p[row]), "score": float(scores[row]), "columns": named})
    return made


def _typical(block: Array, text: bool) -> Array:
    if text:  # the middle is a place where no text lies
        some = block[np.linspace(0, len(block) - 1, min(len(block), DENSE)).astype(int)]
        apart = (some**2).sum(axis=1)[:, None] - 2 * some @ some.T + (some**2).sum(axis=1)
        return np.asarray(some[np.sort(apart, axis=1)[:, min(NEAR, len(some) - 1)].argmin()])
    if block.shape[1] == 1:
        return np.median(block, axis=0)
    levels, counts = np.unique(block, axis=0, return_counts=True)
    return np.asarray(levels[counts.argmax()])


def _usual(table: Table, name: str) -> Mapping[str, Any]:
    """What is usual of a column: the 5 % and 95 % points of a number, the share of each level."""
    values = table.values[name]
    if table.column(name).is_double:
        known = values[~np.isnan(values)]
        low, high = np.quantile(known, (0.05, 0.95)) if len(known) else (0.0, 0.0)
        return {"low": float(low), "high": float(high)}
    counts = np.bincount(np.asarray(values) + 1, minlength=len(table.levels[name]) + 1)
    most = int(counts[1:].argmax()) if len(counts) > 1 else 0
    return {"shares": counts / len(values), "most": table.levels[name][most] if len(table.levels[name]) else ""}


def _said(table: Table, name: str, row: int, usual: Mapping[str, Any]) -> dict[str, Any]:
    """The value, what is usual, and both in a sentence."""
    column = table.column(name)
    if column.is_double:
        value = float(table.values[name][row])
        date = column.kind == "date"
        if np.isnan(value):
            return {"value": None, "usual": None, "text": {"en": f"{name} is missing", "fr": f"{name} manque"}}
        low, high = (_shown(one, date, 4) for one in (usual["low"], usual["high"]))  # four digits: they are estimates
        here = _shown(value, date)
        if usual["low"] <= value <= usual["high"]:
            text = {"en": f"{name} {here}: {COMBINED['en']}", "fr": f"{name} {_comma(here, date)} : {COMBINED['fr']}"}
        elif low == high:
            text = {
                "en": f"{name} {here} (nine rows in ten: {low})",
                "fr": f"{name} {_comma(here, date)} (neuf lignes sur dix : {_comma(low, date)})",
            }
        else:
            text = {
                "en": f"{name} {here} (nine rows in ten: {low} to {high})",
                "fr": "{} {} (neuf lignes sur dix : {} à {})".format(name, *(_comma(one, date) for one in (here, low, high))),
            }
        return {"value": value, "usual": [usual["low"], usual["high"]], "text": text}
    code = int(table.values[name][row])
    share = float(usual["shares"][code + 1])
    level = table.levels[name][code] if code >= 0 else None
    en, fr = (f"{name} {level}", f"{name} {level}") if level is not None else (f"{name} is missing", f"{name} manque")
    if share >= 0.05:
        text = {"en": f"{en}: {COMBINED['en']}", "fr": f"{fr} : {COMBINED['fr']}"}
    elif not share:  # with --usual only: elsewhere the row itself has it
        text = {
            "en": f"{en} (in no usual row; mostly {usual['most']})",
            "fr": f"{fr} (dans aucune ligne habituelle ; surtout {usual['most']})",
        }
    else:
        text = {
            "en": f"{en} ({share:.2%} of rows; mostly {usual['most']})",
            "fr": f"{fr} ({_comma(f'{100 * share:.2f}')} % des lignes ; surtout {usual['most']})",
        }
    return {"value": level, "usual": usual["most"], "text": text}


def _worded(said: Topics, table: Table, row: int, space: Space, x: Array, block: Array) -> dict[str, Any]:
    """The words that carry a text away from the middle; never the text itself."""
    if int(table.values[said.name][row]) < 0:
        return {"value": None, "usual": None, "text": {"en": f"{said.name} is missing", "fr": f"{said.name} manque"}}
    axis = space.kept[block] - next(i for i, feature in enumerate(space.features) if feature.source[0] == said.name)
    shift = np.zeros(said.axes.shape[1])
    shift[axis] = x[block]
    words = moving(said, said.weighed(table, np.array([row])), shift)
    if not words:
        text = {"en": f"{said.name}: an unusual text", "fr": f"{said.name} : un texte inhabituel"}
    else:
        text = {"en": f"{said.name} with {quoted(words, 'en')}", "fr": f"{said.name} avec {quoted(words, 'fr')}"}
    return {"value": ", ".join(words), "usual": None, "text": text}


def _shown(value: float, date: bool, digits: int = 6) -> str:
    """A number with so many digits (whole ones in full); a date with its hour only where it has one."""
    if date:
        return str(np.datetime64(int(value), "s")).removesuffix("T00:00:00")
    return f"{value:.0f}" if 10 ** (digits - 1) <= abs(value) < 1e9 else f"{value:.{digits}g}"


def _points(table: Table, space: Space, plain: Array, odd: Array, rows: Array) -> dict[str, Any]:
    """At most two thousand rows on the two leading components of those learned from, the flagged ones first."""
    middle = plain.mean(axis=0)
    _, _, axes = np.linalg.svd(plain[:: max(1, len(plain) // POINTS)] - middle, full_matrices=False)
    usual = rows[~odd[rows]]
    shown = np.concatenate([np.flatnonzero(odd), usual[:: max(1, len(usual) // POINTS)]])[:POINTS]
    z = np.zeros((len(shown), 2))
    z[:, : len(axes[:2])] = (space.plain(table, shown) - middle) @ axes[:2].T
    labels = ["odd" if odd[row] else "usual" for row in shown]
    return {"row": shown.tolist(), "x": z[:, 0].round(4).tolist(), "y": z[:, 1].round(4).tolist(), "label": labels}


def joined(members: int, tried: int) -> Words:
    """What several detectors are called: "all 8 detectors joined", "7 of 8 detectors joined"."""
    if members == tried:
        return {"en": f"all {tried} detectors joined", "fr": f"les {tried} détecteurs réunis"}
    return {"en": f"{members} of {tried} detectors joined", "fr": f"{members} détecteurs sur {tried} réunis"}


def _alone(name: str) -> Words:
    return {"en": detectors()[name].title, "fr": f"détecteur {name}"}


def _choice(tried: Sequence[Candidate], best: Candidate) -> Words:
    """Why these detectors, where planted rows decided; "" where labels did, or one was named."""
    top = max(tried, key=lambda c: c.score)
    if len(tried) == 1 or not top.score:
        return {"en": "", "fr": ""}
    if not best.members:
        return {
            "en": f"{top.method} decides alone: no other detector finds rows planted into this table even a quarter as well.",
            "fr": f"{top.method} décide seul : aucun autre détecteur ne retrouve les lignes plantées dans cette table, fût-ce un quart aussi bien.",
        }
    names = ", ".join(best.members)
    return {
        "en": f"Joined are the detectors that find rows planted into this table at least a quarter as well as the best, {top.method}: {names}; --methods takes one alone.",
        "fr": f"Sont réunis les détecteurs qui retrouvent les lignes plantées dans cette table au moins un quart aussi bien que le meilleur, {top.method} : {names} ; --methods en prend un seul.",
    }


def _sentence(count: int, rows: int, rate: float, title: Words) -> Words:
    if not count:
        return {
            "en": f"No row of {rows} is odd beyond what usual rows do by chance ({title['en']}; at most {rate:.0%} of flagged rows usual on average). The oddest are listed all the same: read down as far as q, the share of usual rows to expect down to there, is worth your time; --rate SHARE flags that far.",
            "fr": f"Aucune ligne sur {rows} n'est étrange au-delà du hasard ({title['fr']} ; au plus {100 * rate:.0f} % de fausses alertes en moyenne). Les plus étranges sont listées quand même : lire jusqu'où q, la part de lignes ordinaires à attendre jusque-là, vaut la peine ; --rate PART signale jusque-là.",
        }
    return {
        "en": f"{count} of {rows} rows are odd ({title['en']}); on average at most {rate:.0%} of them are usual rows.",
        "fr": f"{count} lignes sur {rows} sont étranges ({title['fr']}) ; en moyenne au plus {100 * rate:.0f} % d'entre elles sont ordinaires.",
    }


def _comma(shown: str, date: bool = False) -> str:
    """A number as French writes it; a date as it is."""
    return shown if date else shown.replace(".", ",")


def _promise(reference: bool, extended: bool) -> Words:
    """What the share rests on."""
    if reference:
        return {
            "en": "That share is a theorem, if usual rows of this file come about as those of --usual do.",
            "fr": "Cette part est un théorème, si les lignes ordinaires de ce fichier viennent comme celles de --usual.",
        }
    if not extended:
        return {"en": "", "fr": ""}
    return {
        "en": f"That share is an assumption: beyond the {HIGH:.0%} point scores of usual rows go on as they do before it, and no more than {1 - HIGH:.0%} of rows are odd (with usual rows in a file of their own, --usual, it is a theorem).",
        "fr": f"Cette part est une hypothèse : au-delà du point à {100 * HIGH:.0f} %, les scores des lignes ordinaires continuent comme avant lui, et pas plus de {100 * (1 - HIGH):.0f} % des lignes sont étranges (avec des lignes ordinaires dans un fichier à part, --usual, c'est un théorème).",
    }


def _short() -> dict[str, Any]:
    return {
        "code": "no_tail",
        "level": "warn",
        "columns": [],
        "text": {
            "en": "Too few different scores to learn how far usual rows reach: p-values end at one over the rows, so no row can be flagged.",
            "fr": "Trop peu de scores différents pour apprendre jusqu'où vont les lignes ordinaires : les valeurs p s'arrêtent à un sur le nombre de lignes, aucune ligne ne peut être signalée.",
        },
        "cure": {"en": "read the rows with the largest scores", "fr": "lire les lignes aux plus grands scores"},
    }
