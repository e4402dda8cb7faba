"""Every clustering on the same halves and the same clouds: how often a grouping is found again, and how often chance is.

A candidate is a method with a setting. It cuts pairs of halves of the rows (`judge/stability.py`), and pairs of halves of clouds that look
like the rows and have no groups. Its gain is what it gives on the rows more than any method gives with as many clusters on the worse of the two
kinds of clouds: in how often it is found again (the mean of the adjusted Rand index, which sees large clusters and does not fall with their number by
chance, and of prediction strength, which sees the worst one), and in how far its clusters lie apart (the silhouette, or where they lie apart by density,
whatever their shape, half of that). Stability alone cannot tell two heaps on a line from one long heap, which is cut in two at the same place every
time; separation alone prefers a few outliers against the rest. Each candidate is one task of the run folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.judge.separation import between, density, dispersion, reachable, silhouette
from etabli.judge.stability import SHAPES, adjusted_rand, cloud, halves, strength
from etabli.records import Array
from etabli.structure.method import Clustering, Values
from etabli.structure.methods import chosen, clusterings
from etabli.structure.pace import Pace
from etabli.structure.placing import MOST, distinct
from etabli.structure.run import Run

EULER = 0.5772156649
PLAIN = 2  # shapes of clouds that a number of clusters is held against; whether there are any, against all
LOOSE = 0.6  # agreement of two halves below which the borders of the groups are those of this sample
SEEN = 500  # rows between which distances are looked at
STABILITY, SILHOUETTE, STRENGTH, DENSITY, LEFT = range(5)  # the measures of a pair of halves


@dataclass(frozen=True)
class Plan:
    """rows: looked at in the comparison. pairs: of halves of the rows. draws: clouds of each shape. each: pairs of halves of a cloud.
    fresh: pairs of halves that nothing was chosen by. rank: methods beyond it are tried when they are named."""

    rows: int
    pairs: int
    draws: int
    each: int
    fresh: int
    rank: int = 99


PLANS = {
    "glance": Plan(1_000, 3, 3, 1, 5, rank=2),
    "standard": Plan(2_000, 5, 5, 1, 10),
    "thorough": Plan(4_000, 10, 20, 1, 20),
}


class Cut(Exception):
    """The time is over: the task at work is given up."""


@dataclass(frozen=True)
class Candidate:
    """found: [pairs, 5] of the rows, chance: [3 shapes, draws, 5] of clouds: the adjusted Rand index of two halves, the silhouette, the prediction
    strength, the density between and within (`judge/separation.py`), and the share of rows left in no cluster. gap: of the dispersion (Tibshirani et al. 2001), with its standard error. bic: of a mixture. clusters: how many it makes of the rows. null: of `chance`, the
    largest mean over the plain shapes and over all candidates with as many clusters: a method that is unsteady on clouds gains nothing by it."""

    method: str
    values: Mapping[str, Any]
    clusters: int
    found: Array
    chance: Array
    gap: tuple[float, float]
    bic: float | None

    null: tuple[float, ...] = (0.0,) * 5

    @property
    def stability(self) -> float:
        """The mean adjusted Rand index of halves."""
        return float(self.found[:, 0].mean())

    @property
    def silhouette(self) -> float:
        """The mean silhouette."""
        return float(self.found[:, 1].mean())

    @property
    def strength(self) -> float:
        """The mean prediction strength: how well the worst cluster is found again."""
        return float(self.found[:, 2].mean())

    @property
    def gain(self) -> float:
        """What the rows give more than clouds do (`gained`)."""
        return float(gained(self.found.mean(axis=0), np.array(self.null)))

    @property
    def error(self) -> float:
        """The standard error of the gain, over the pairs of halves of the rows."""
        return float(gained(self.found, np.array(self.null)).std(ddof=1) / np.sqrt(len(self.found)))


def gained(found: Array, null: Array) -> Array:
    """[...] from measures [..., 5]: how much more often it is found again than by chance, and how much farther apart its clusters lie."""
    over = found - null
    return np.asarray((over[..., STABILITY] + over[..., STRENGTH]) / 2 + apart(found, null))


def claimed(found: Array, null: Array) -> Array:
    """As `gained`, by the worst cluster alone: in clouds with long tails large clusters are found again more often than in the clouds drawn like them."""
    return np.asarray((found - null)[..., STRENGTH] + apart(found, null))


def apart(found: Array, null: Array) -> Array:
    """[...] from measures [..., 5]: the silhouette beyond that of chance. Where the clusters lie apart by density, a half of that, less the share of rows left
    out, may speak instead: the silhouette of rings is low."""
    silhouettes = (found - null)[..., SILHOUETTE]
    dense = (found[..., DENSITY] - np.maximum(null[..., DENSITY], 0.0)) / 2 - found[..., LEFT]
    return np.asarray(np.where(found[..., DENSITY] > 0, np.maximum(silhouettes, dense), silhouettes))


@dataclass(frozen=True)
class Ground:
    """What the candidates are compared on. x: [rows, d]. clouds: [3 shapes][draws] of the same size."""

    x: Array
    plan: Plan
    seed: int
    clouds: tuple[tuple[Array, ...], ...]


def ground(x: Array, whole: Sequence[Array], plan: Plan, seed: int) -> Ground:
    """whole: coordinates of one category each (see `judge/stability.py`)."""
    made = [[cloud(x, shape, whole, np.random.default_rng([seed, t, d])) for d in range(plan.draws)] for t, shape in enumerate(SHAPES)]
    return Ground(x, plan, seed, tuple(map(tuple, made)))


def compared(run: Run, ground: Ground, whole: int | None = None) -> tuple[list[Candidate], bool]:
    """(every method and setting that the time allowed, the best first; whether it was cut). whole: rows that the winner will be fitted on."""
    kinds = max(2, distinct(ground.x, MOST))  # a method asked for more clusters than rows differ makes fewer than its name says
    offers = [
        (name, method, values)
        for name, method in chosen(clusterings(), run.question.methods).items()
        if method.rank <= ground.plan.rank or run.question.methods
        for values in method.settings(*ground.x.shape)
        if run.question.clusters in (None, values.get("clusters", run.question.clusters))
        if run.question.clusters is not None or values.get("clusters", 0) <= kinds
    ]
    made, plan, (rows, columns) = list[Candidate](), ground.plan, ground.x.shape
    work = [method.cost(values, rows // 2, columns).work for _, method, values in offers]
    each = 2 * (plan.pairs + len(ground.clouds) * plan.draws * plan.each)  # fits of a candidate
    pace = Pace(run.watch, [each * one for one in work], closing(plan, len(ground.x) if whole is None else whole, columns, offers))
    for name, method, values in offers:
        try:
            made.append(_candidate(run, ground, method, values, first=not made))
        except Cut:
            run.watch("cut")
            return ranked(made), True
        pace.next(name)
    return ranked(made), False


def closing(plan: Plan, rows: int, columns: int, offers: Sequence[tuple[str, Clustering, Values]]) -> float:
    """The work of the winner's last fit and of those on fresh halves, were it like the mean of the offers."""
    costs = [method.cost(values, rows, columns).work for _, method, values in offers]
    return (1 + plan.fresh) * float(np.mean(costs)) if costs else 0.0


def ranked(made: Sequence[Candidate]) -> list[Candidate]:
    """The best first: of those that may win (`tellable`) and whose gain is within its standard error of the largest, the one with fewest clusters, then of the simplest
    method (the one-standard-error rule, Breiman et al. 1984); the others by their gain."""
    if not made:
        raise UsageError("a method must fit the rows", "none can make so many clusters of them", "ask for fewer: --clusters")
    made = several(made)
    known, common = clusterings(), _common(made, np.array([one.chance[:PLAIN].mean(axis=1).max(axis=0) for one in made]))
    made = [replace(one, null=tuple(map(float, null))) for one, null in zip(made, common, strict=True)]
    open_to = tellable(made)
    top = max(open_to, key=lambda one: one.gain)
    tied = [one for one in open_to if top.gain - one.gain <= top.error]
    best = min(tied, key=lambda one: (one.clusters, known[one.method].rank, -one.gain))
    return [best, *sorted((one for one in made if one is not best), key=lambda one: -one.gain)]


def tellable(made: Sequence[Candidate]) -> list[Candidate]:
    """Those that may win: of the candidates that gain more than their standard error, the ones that two halves of the rows agree on by LOOSE or more;
    where there are none, the one that they agree on most. Without this many groups of a cloud with weak structure win, each a little steadier than
    chance, while no two halves make the same ones. All, where none gains."""
    gaining = [one for one in made if one.gain > one.error]
    steady = [one for one in gaining if one.stability >= LOOSE]
    return steady or ([max(gaining, key=lambda one: (one.stability, one.gain))] if gaining else list(made))


def chance(made: Sequence[Candidate]) -> float:
    """The p-value of the largest gain over clouds of every shape, those with long tails too: how often would the largest gain of all candidates be as large on a cloud? Each cloud is held against the
    others as the rows are against all; a Gumbel distribution, which largest values have, is fitted to what they give."""
    made = several(made)
    chances = np.array([one.chance for one in made])  # [candidates, shapes, draws, measures]
    shapes, draws = chances.shape[1:3]
    if draws < 2:
        return 1.0
    gains = []
    for t in range(shapes):
        for d in range(draws):
            means = chances.mean(axis=2)
            means[:, t] = np.delete(chances[:, t], d, axis=1).mean(axis=1)
            gains.append(float(claimed(chances[:, t, d], _common(made, means.max(axis=1))).max()))
    scale = max(float(np.std(gains, ddof=1)) * np.sqrt(6) / np.pi, 1e-3)
    place = float(np.mean(gains)) - EULER * scale
    common = _common(made, chances.mean(axis=2).max(axis=1))
    own = float(claimed(np.array([one.found.mean(axis=0) for one in made]), common).max())
    return float(-np.expm1(-np.exp(-(own - place) / scale)))


def several(made: Sequence[Candidate]) -> list[Candidate]:
    """Those that make clusters of the rows at all; a method that finds their number may find one, or none. All, where there is no other."""
    return [one for one in made if one.clusters > 1] or list(made)


def _common(made: Sequence[Candidate], own: Array) -> Array:
    """[candidates, measures]: for each the largest of those with as many clusters."""
    counts = np.array([one.clusters for one in made])
    return np.array([own[counts == one.clusters].max(axis=0) for one in made])


def _candidate(run: Run, ground: Ground, method: Clustering, values: Values, first: bool) -> Candidate:
    """first: made whatever the time, so that there is an answer."""

    def make() -> tuple[dict[str, Any], dict[str, Array]]:
        def tried(x: Array, pairs: Sequence[tuple[Array, Array]]) -> tuple[Array, list[float], int]:
            seen = np.arange(0, len(x), max(1, len(x) // SEEN))
            far, scores, inside, sizes = between(x[seen]), [], [], []
            reach = reachable(far)
            for pair in pairs:
                labels = placed(method, values, x, pair, ground.seed)
                sizes.append(min(len(np.unique(one[one >= 0])) for one in labels))
                scores.append(scored(labels, pair, (far, reach), seen) if sizes[-1] > 1 else (0.0,) * 5)
                inside.append(float(np.log(max(dispersion(x, labels[0]), 1e-300))))
                if run.over() and not first:
                    raise Cut
            return np.array(scores), inside, int(np.median(sizes))

        found, inside, clusters = tried(ground.x, halves(len(ground.x), ground.plan.pairs, [ground.seed, 0]))
        clouds = [
            [tried(x, halves(len(x), ground.plan.each, [ground.seed, 1, t, d])) for d, x in enumerate(row)]
            for t, row in enumerate(ground.clouds)
        ]
        even = np.array([np.mean(one[1]) for one in clouds[1]])
        gap = float(even.mean() - np.mean(inside)), float(even.std() * np.sqrt(1 + 1 / len(even)))
        bic = method.fit(values, ground.x, ground.seed, never).arrays.get("bic") if method.name == "mixture" else None
        facts = {"clusters": int(values.get("clusters", clusters)), "gap": gap, "bic": None if bic is None else float(bic)}
        return facts, {"found": found, "chance": np.array([[one[0].mean(axis=0) for one in row] for row in clouds])}

    task = {
        "step": "cluster",
        "measures": 5,
        "method": method.name,
        "values": dict(values),
        "plan": ground.plan.__dict__,
        "rows": len(ground.x),
    }
    facts, arrays = run.remembered(task, make)
    return Candidate(method.name, values, int(facts["clusters"]), arrays["found"], arrays["chance"], tuple(facts["gap"]), facts["bic"])


def placed(method: Clustering, values: Values, x: Array, pair: Sequence[Array], seed: int) -> list[Array]:
    """Each part learns, and places all rows: int [rows] a part; -1 is "none" where the method knows noise."""
    made = []
    for part in pair:
        answer = method.apply(method.fit(values, x[part], seed, never), x)
        label = answer.argmax(axis=1)
        made.append(np.where(label == answer.shape[1] - 1, -1, label) if method.noise else label)
    return made


def scored(labels: Sequence[Array], pair: Sequence[Array], far: tuple[Array, Array], seen: Array) -> tuple[float, ...]:
    """The measures of one pair of halves. far: distances between the rows `seen`, and `reachable` ones."""
    strengths = [strength(labels[i][pair[i]], labels[1 - i][pair[i]]) for i in (0, 1)]
    first = labels[0][seen]
    lie = silhouette(far[0], first), float(np.mean(strengths)), density(far[1], first)
    return adjusted_rand(*labels), *lie, float((labels[0] < 0).mean())


def never() -> bool:
    """A fit is not ended half-way: what it gives would not be given again."""
    return False
