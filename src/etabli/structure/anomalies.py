"""The story of `etabli anomalies`: which rows are odd, how surely, and by which columns.

read -> audited -> the space -> every detector on halves of the rows, asked to find planted rows -> those that do so at least a quarter as well as the
best, joined (by labels: the best; the simplest of the tied) -> scores of rows that were held out (or the file's own where they are larger) -> p-values -> Benjamini-Hochberg -> one file -> proven.
With --usual all is learned from that file's rows, and the asked file's are only answered.

Why joined: what is planted is not what is sought. The one that finds planted rows best was by far not the best on labelled tables
(`docs/anomalies.md`, Measured), and the best in hindsight is another in each; several together are never far from it. Those that hardly find anything planted
add false alarms alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np

from etabli.graph.graph import Graph
from etabli.judge.novelty import FAR
from etabli.judge.odds import Odds, fit, flagged
from etabli.judge.stability import halves
from etabli.records import Array, Table, Watch
from etabli.structure import aside, file, labelled, reference, run
from etabli.structure.asked import Question
from etabli.structure.harmonic import joined, write_joined
from etabli.structure.method import Detector, Found
from etabli.structure.methods import chosen, detectors
from etabli.structure.odd import told
from etabli.structure.planting import KINDS, planted
from etabli.structure.space import Space, learned

LEARNED = 20_000  # rows learned from at most
COMPARED = 2_000  # rows of a half at most
TIMES = {"glance": 1, "standard": 2, "thorough": 4}  # pairs of halves
FOLDS, PLANTED, ONE_IN = 5, 200, 100
TOGETHER, PART = "together", 0.25  # joined are the detectors with at least that part of the best mean precision


@dataclass(frozen=True)
class Candidate:
    """One detector, or several joined (`members`, their names). score: the mean over kinds of the average precision; each: that of every half. planted: kind ->
    {"auc", "precision"}. stability: rank correlation of the scores that two halves give to the same rows."""

    method: str
    score: float
    each: tuple[float, ...]
    planted: Mapping[str, Mapping[str, float]]
    stability: float
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Member:
    """A detector that has learned, and the odds of its scores."""

    method: Detector
    found: Found
    odds: Odds


@final
@dataclass(frozen=True)
class Oddness(file.Head):
    """score [rows, 1]: of one detector its own, of several minus the log of the harmonic mean of their p; p_value [rows, 1]; prediction: "odd" at or below `bound`."""

    members: tuple[Member, ...]
    odds: Odds
    bound: float
    classes: tuple[str, ...] = ()

    def score(self, x: Array) -> Array:
        """[rows, 1]."""
        x = np.clip(x, -FAR, FAR)
        if len(self.members) == 1:
            return self.members[0].method.apply(self.members[0].found, x)
        return joined(np.hstack([-np.log(one.odds.apply(one.method.apply(one.found, x))) for one in self.members]))

    def apply(self, x: Array) -> dict[str, Array]:
        """All outputs in numpy."""
        score = self.score(x)
        p = self.odds.apply(score)
        return {"prediction": np.where(p <= self.bound, "odd", "usual").astype(object), "score": score, "p_value": p}

    def write(self, graph: Graph, x: str) -> file.Outputs:
        """The same as nodes."""
        x = graph.op("Clip", x, graph.const(-FAR, np.float64), graph.const(FAR, np.float64))
        scores = [one.method.write(one.found, graph, x) for one in self.members]
        score = scores[0]
        if len(scores) > 1:
            logs = [graph.op("Log", one.odds.write(graph, made)) for one, made in zip(self.members, scores, strict=True)]
            score = write_joined(graph, graph.op("Neg", graph.op("Concat", *logs, axis=1)), len(logs))
        p = self.odds.write(graph, score)
        odd = graph.op("Cast", graph.op("LessOrEqual", p, graph.const(self.bound, np.float64)), to=7)
        label = graph.op("Gather", graph.const(["usual", "odd"]), odd, axis=0)
        return {"prediction": (label, "string", 1), "score": (score, "double", 1), "p_value": (p, "double", 1)}


def anomalies(question: Question, watch: Watch, interrupted: Callable[[], bool], began: float) -> dict[str, Any]:
    """The whole story; gives the result."""
    with run.opened(question, watch, interrupted, began) as one:
        watch("step", name={"en": "reading the data", "fr": "lecture des données"})
        clean, table = reference.read(one)
        base = table if clean is None else clean
        watch("step", name={"en": "looking for what may go wrong", "fr": "recherche de ce qui peut mal tourner"})
        findings = run.audited(one, table)
        random = np.random.default_rng(question.seed)
        labels = labelled.labels(question, table)
        every = np.arange(table.rows)
        rows, kept = every, every[:0]
        if clean is not None:
            rows, kept = reference.parts(clean.rows, question.seed)
        elif labels is not None:
            rows = np.flatnonzero(labels.truth != labelled.ODD)  # known odd rows teach nothing
        rows = rows if len(rows) <= LEARNED else np.sort(random.choice(rows, LEARNED, replace=False))
        names, texts, out = aside.columns(question, base, rows)
        findings = [*findings, *out]
        space = learned(base, names, rows, question.seed, texts=texts)
        plain = space.plain(base, rows)
        watch("step", name={"en": "comparing on planted rows", "fr": "comparaison sur des lignes plantées"})
        candidates, seen = compared(one, space, plain, *labelled.rows(labels, table, space, rows, question.seed))
        best = winner(candidates, seen)
        watch("step", name={"en": "scoring held-out rows", "fr": "notation de lignes écartées"})
        head, held = oddness(one, best.members or [best.method], space, plain, labelled.calibrating(labels, rows))
        if clean is None:
            score = scored(head, space, table, rows, held)
        else:
            head = Oddness(head.members, fit(scores(head, space, clean, kept), reference=True), 0.0)
            score = scores(head, space, table, every)
        p = head.odds.apply(score)
        odd, bound = flagged(p, question.rate)
        head = Oddness(head.members, head.odds, bound)
        watch("step", name={"en": "composing one file", "fr": "composition d'un seul fichier"})
        made = file.whole(base, space, head, rows, question.seed)
        watch("step", name={"en": "proving it", "fr": "preuve"})
        known = (plain, rows) if clean is None else (plain, every)
        result = told(one, table, space, candidates, best, head, known, (score, p, odd), findings, base, seen is not None)
        if clean is not None:
            result = reference.added(result, question, clean, len(rows), len(kept))
        result = labelled.added(result, labels, seen, best.method, odd)
        return file.written(one, table, made, result, every)


def compared(
    one: run.Run, space: Space, plain: Array, known: labelled.Labels | None, odd: Array, usual: Array
) -> tuple[list[Candidate], labelled.Compared | None]:
    """Every detector, and several joined (all where labels choose, else those of `joining`); the best at finding planted rows first. And how they do
    on labels (None without enough). odd: the plain coordinates of known odd rows; usual: bool, which of `plain` are known to be usual."""
    seed, methods = one.question.seed, chosen(detectors(), one.question.methods)
    some = np.random.default_rng(seed).permutation(len(plain))[: 2 * COMPARED]
    some = np.sort(some)
    seen = plain[some]
    pairs = [order for pair in halves(len(seen), TIMES[one.question.effort], seed) for order in (pair, pair[::-1])]
    foreign = [{kind: planted(space, seen[other], kind, PLANTED, seed + i) for kind in KINDS} for i, (_, other) in enumerate(pairs)]
    foreign = [one | {"label": odd} for one in foreign] if known else foreign
    answers: dict[str, list[dict[str, Array]]] = {}
    for name, method in methods.items():
        if answers and one.over():
            one.watch("dropped", name=name)
            continue
        task = {"job": "anomalies", "method": name, "seed": seed, "effort": one.question.effort, "ignore": one.question.ignore}
        _, kept = one.remembered(task, partial(_answered, one, method, space, seen, pairs, foreign))
        answers[name] = [{key.split("|")[1]: kept[key] for key in kept if key.startswith(f"{i}|")} for i in range(len(pairs))]
        one.watch("task", done=len(answers), total=len(methods), running=[])
    made = [_judged(name, parts, pairs) for name, parts in answers.items()]
    by_labels = known is not None and known.enough
    names = tuple(answers) if by_labels else joining(made)
    if len(names) > 1:
        answers[TOGETHER] = [_joined([answers[name][i] for name in names], pair) for i, pair in enumerate(pairs)]
        made.append(replace(_judged(TOGETHER, answers[TOGETHER], pairs), members=names))
    made.sort(key=lambda candidate: -candidate.score)
    if known is None or not by_labels:
        return made, None
    return made, labelled.compared(known, answers, [other for _, other in pairs], usual[some], seed)


def _answered(
    one: run.Run, method: Detector, space: Space, seen: Array, pairs: Sequence[Any], foreign: Sequence[Mapping[str, Array]]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The scores of all compared rows and of the planted ones, by a detector that knew one half."""
    values, kept = method.settings(len(seen) // 2, seen.shape[1])[0], {}
    for i, (half, _) in enumerate(pairs):
        found = method.fit_columns(values, space.turn(seen[half]), owners(space), one.question.seed, one.over)
        kept[f"{i}|rows"] = method.apply(found, space.turn(seen))[:, 0]
        for kind, rows in foreign[i].items():
            kept[f"{i}|{kind}"] = method.apply(found, space.turn(rows))[:, 0] if len(rows) else np.empty(0)
    return {}, kept


def _joined(parts: Sequence[Mapping[str, Array]], pair: tuple[Array, Array]) -> dict[str, Array]:
    """As the file joins them, the p-values learned from the rows not learned from."""
    odds = [fit(one["rows"][pair[1]]) for one in parts]
    return {
        key: joined(np.column_stack([-np.log(p.apply(one[key])) for p, one in zip(odds, parts, strict=True)]))[:, 0] for key in parts[0]
    }


def _judged(name: str, parts: Sequence[Mapping[str, Array]], pairs: Sequence[tuple[Array, Array]]) -> Candidate:
    from scipy.stats import spearmanr
    from sklearn.metrics import average_precision_score, roc_auc_score

    found: dict[str, list[tuple[float, float]]] = {}
    each = []
    for one, (_, other) in zip(parts, pairs, strict=True):
        usual, here = one["rows"][other], []
        for kind in KINDS:
            odd = one[kind]
            if not len(odd):
                continue
            truth, score = np.repeat([0, 1], [len(usual), len(odd)]), np.concatenate([usual, odd])
            weight = np.where(truth == 1, len(usual) / (ONE_IN - 1) / len(odd), 1.0)
            here.append(float(average_precision_score(truth, score, sample_weight=weight)))
            found.setdefault(kind, []).append((float(roc_auc_score(truth, score)), here[-1]))
        each.append(float(np.mean(here)) if here else 0.0)
    same = [
        float(spearmanr(a["rows"], b["rows"])[0]) if np.ptp(a["rows"]) and np.ptp(b["rows"]) else 0.0
        for a, b in zip(parts[::2], parts[1::2], strict=True)
    ]
    kinds = {kind: {"auc": float(np.mean([a for a, _ in v])), "precision": float(np.mean([b for _, b in v]))} for kind, v in found.items()}
    return Candidate(name, float(np.mean(each)), tuple(each), kinds, float(np.mean(same)))


def joining(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The detectors that find planted rows at least a quarter as well as the best, the simplest first; none where nothing could be planted."""
    least = PART * max(one.score for one in candidates)
    return tuple(one.method for one in candidates if one.score >= least > 0)


def winner(candidates: Sequence[Candidate], seen: labelled.Compared | None = None) -> Candidate:
    """Without labels several joined, or where there is one alone the best (the simplest where nothing could be planted). With labels the simplest of those
    within one standard error (over draws of labelled rows; or 0.01) of the best."""

    def rank(one: Candidate) -> int:
        return 99 if one.members else detectors()[one.method].rank

    if seen is not None:
        good = seen.as_good()
        return min((one for one in candidates if one.method in good), key=lambda one: (rank(one), -one.score))
    return next((one for one in candidates if one.members), min(candidates, key=lambda one: (-one.score, rank(one))))


def oddness(one: run.Run, names: Sequence[str], space: Space, plain: Array, sure: Array) -> tuple[Oddness, Array]:
    """(the head, its bound not yet set; the scores [rows] of plain, each by detectors that did not know the row). sure: bool, the rows whose scores p-values rest on."""
    x, owner = np.clip(space.turn(plain), -FAR, FAR), owners(space)
    fold = np.random.default_rng(one.question.seed).permutation(np.arange(len(x)) % FOLDS)
    members, logs, made, held = [], [], [], np.empty(len(x))
    for name in names:
        method = detectors()[name]
        values = method.settings(len(x), x.shape[1])[0]
        held = np.empty(len(x))
        for k in np.unique(fold):
            rest = x[fold != k] if len(x) > 1 else x
            held[fold == k] = method.apply(method.fit_columns(values, rest, owner, one.question.seed, one.over), x[fold == k])[:, 0]
        found = method.fit_columns(values, x, owner, one.question.seed, one.over)
        mine = method.apply(found, x)[:, 0]
        members.append(Member(method, found, fit(np.maximum(held, mine)[sure])))
        made.append(-np.log(members[-1].odds.apply(mine)))
        logs.append(-np.log(members[-1].odds.apply(held)))
    score = held if len(members) == 1 else joined(np.column_stack(logs))[:, 0]
    file = mine if len(members) == 1 else joined(np.column_stack(made))[:, 0]
    return Oddness(tuple(members), fit(np.maximum(score, file)[sure]), 0.0), score


def owners(space: Space) -> Array:
    """int [d]: which coordinates came from one raw column; of a rotated space each stands for itself."""
    return space.owner if space.turned is None else np.arange(space.turned.shape[1])


def scores(head: Oddness, space: Space, table: Table, rows: Array) -> Array:
    """[rows]: by the file's own detectors."""
    parts = [head.score(space.apply(table, rows[start : start + LEARNED]))[:, 0] for start in range(0, len(rows), LEARNED)]
    return np.concatenate(parts) if parts else np.empty(0)


def scored(head: Oddness, space: Space, table: Table, rows: Array, held: Array) -> Array:
    """The score of every row of the table: of those learned from the held-out ones, of the others the file's."""
    made, new = np.empty(table.rows), np.setdiff1d(np.arange(table.rows), rows)
    made[rows], made[new] = held, scores(head, space, table, new)
    return made
