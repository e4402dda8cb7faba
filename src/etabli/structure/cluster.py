"""The story of `etabli cluster`: which rows belong together, how many groups there are, and whether there are any.

read -> audited -> the space -> every method on every number of clusters, against clouds without groups -> are there groups at all? -> the
best -> how surely a row stays -> one file -> proven. Where no groups are found the file says "1" for every row, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.judge.clusters import kmeans
from etabli.judge.stability import adjusted_rand, halves
from etabli.judge.valley import smoothed, valley
from etabli.records import Array, Finding, Table, Watch
from etabli.structure import aside, file, run
from etabli.structure.asked import Question
from etabli.structure.belonging import One, membership, tempered
from etabli.structure.clustertold import told
from etabli.structure.compare import PLANS, Candidate, Plan, chance, compared, ground, never
from etabli.structure.methods import clusterings
from etabli.structure.pace import Pace
from etabli.structure.space import Space, learned, turned

LEARNED = 20_000  # rows that the space and the final clusters are learned from, at most
CATEGORY = 0.5  # the inertia of a category, as a share of a number's: the middle of what Huang (1997) advises for k-prototypes
WIDE = 50  # columns beyond which the space is rotated to its leading components; or a fifth of the rows
HALVINGS = 7
LEVEL = 0.05


@dataclass(frozen=True)
class Structure:
    """Are there groups at all? valley: the p-value of "one heap". gain: that of the largest gain over clouds. p: of both, doubled for having
    looked twice. found: whether p is at most LEVEL."""

    valley: float
    gain: float

    @property
    def p(self) -> float:
        """The smaller of both, twice."""
        return min(1.0, 2 * min(self.valley, self.gain))

    @property
    def found(self) -> bool:
        """Whether "no groups" is refused."""
        return self.p <= LEVEL


def cluster(question: Question, watch: Watch, interrupted: Callable[[], bool], began: float) -> dict[str, Any]:
    """The whole story; gives the result."""
    with run.opened(question, watch, interrupted, began) as one:
        table, findings = run.looked_at(one)
        space, rows, findings = placed(question, table, findings)
        plain = space.plain(table, rows)
        x = space.turn(plain)
        plan = PLANS[one.planned.effort]
        watch("step", name={"en": "comparing", "fr": "comparaison"})
        seen = x[drawn(len(x), plan.rows, question.seed)]
        candidates, cut = compared(one, ground(seen, categories(space), plan, question.seed), len(x))
        watch("step", name={"en": "are there groups at all?", "fr": "y a-t-il des groupes ?"})
        structure = tested(space, plain, candidates, question.seed)
        watch("step", name={"en": "how surely a row stays", "fr": "avec quelle sûreté une ligne reste"})
        head, sure = final(question, plan, candidates[0], structure, x, watch)
        watch("step", name={"en": "composing one file", "fr": "composition d'un seul fichier"})
        made = file.whole(table, space, head, rows, question.seed)
        result = told(question, table, made, candidates, structure, sure, findings, rows, cut)
        watch("step", name={"en": "proving it", "fr": "preuve"})
        return file.written(one, table, made, result, rows)


def placed(question: Question, table: Table, findings: list[Finding]) -> tuple[Space, Array, list[Finding]]:
    """(the space, the rows it and the clusters are learned from, the findings with what was left out)."""
    rows = drawn(table.rows, LEARNED, question.seed)
    names, texts, out = aside.columns(question, table, rows)
    weights = {name: CATEGORY for name in names if table.column(name).kind in ("category", "flag")}
    space = learned(table, names, rows, question.seed, weights, texts)
    if len(space.columns) > min(WIDE, len(rows) / 5) and len(rows) > 3:
        space = turned(space, space.plain(table, rows), question.seed)
    told = {name for finding in out for name in finding.columns}
    return space, rows, [*out, *(f for f in findings if not (f.code in ("identifier", "constant") and set(f.columns) <= told))]


def drawn(rows: int, most: int, seed: int) -> Array:
    """Row numbers, rising: all of them, or so many by chance."""
    return np.arange(rows) if rows <= most else np.sort(np.random.default_rng([seed, 7]).choice(rows, most, replace=False))


def categories(space: Space) -> list[Array]:
    """The coordinates of each category and flag; none once the space is rotated, where no coordinate is theirs alone."""
    if space.turned is not None:
        return []
    every = [np.flatnonzero(space.owner == i) for i, column in enumerate(space.columns) if column.kind in ("category", "flag")]
    return [one for one in every if len(one)]


def tested(space: Space, plain: Array, candidates: list[Candidate], seed: int) -> Structure:
    """Whether there are groups. Heaps are looked for among the numbers: the levels of a category are heaps by themselves."""
    numbers = np.array([space.columns[i].kind not in ("category", "flag") for i in space.owner])
    p = 1.0
    if numbers.any():
        some = plain[drawn(len(plain), 4_000, seed)] * numbers
        x = some @ space.turned if space.turned is not None else some[:, numbers]
        p = valley(smoothed(x, np.random.default_rng([seed, 3])), lambda part, k: kmeans(part, k)[0], HALVINGS, seed)
    return Structure(p, chance(candidates))


def final(question: Question, plan: Plan, best: Candidate, structure: Structure, x: Array, watch: Watch) -> tuple[Any, Any]:
    """(the head of the file, what fresh halves said). One group where none were found, unless a number of them was asked for."""
    grouped = structure.found or question.clusters is not None
    method, values = (clusterings()[best.method], dict(best.values)) if grouped else (One(), {})
    pairs = halves(len(x), plan.fresh if grouped else 0, [question.seed, 2])
    pace = Pace(watch, [1.0] * (1 + len(pairs)), quick=0.0)  # the whole, then two halves a time: as long
    head = membership(method, method.fit(values, x, question.seed, never), x)
    pace.next(method.name)
    return tempered(head, values, x, pairs, question.seed, lambda: pace.next(method.name))


__all__ = ["Structure", "adjusted_rand", "cluster"]
