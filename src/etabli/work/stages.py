"""The stages of `study.py`, each a short function from records to records, over what a run holds: its folder, its executor,
its clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any

import numpy as np

from etabli.data import splits
from etabli.data.holding import hold
from etabli.errors import EtabliError, Interrupted, UsageError
from etabli.job.budget import Budget, budget
from etabli.judge.metrics import metric
from etabli.records import NO_FOLD, Array, Finding, Split
from etabli.work import alarms as alarm_tests
from etabli.work import repeats
from etabli.work.assemble import Assembled, assemble
from etabli.work.chains import agreeing
from etabli.work.compare import Ground, compare
from etabli.work.directions import obedient
from etabli.work.explain import explanation
from etabli.work.heads import Asking
from etabli.work.inside import beside
from etabli.work.learning import learning
from etabli.work.ledger import best_of, end, remarks, settled, table_of
from etabli.work.material import Material, facts_of, save_material
from etabli.work.nested import audited, demanded
from etabli.work.network import network
from etabli.work.placed import helped, twins
from etabli.work.portfolio import Offer, following, portfolio
from etabli.work.race import LARGE, Rules, Standing, stages
from etabli.work.repeats import Repeats
from etabli.work.result import finite
from etabli.work.run import Run, Splits
from etabli.work.sample import sampled, split_name
from etabli.work.table import Scores
from etabli.work.verdict import Verdict, promising, verdict

BATCH = 3  # paths that start together
ENDING, ENDED = 4.0, 0.3  # seconds kept for the end of any table (a small one takes half), and the most of a cap they may be
EXPLAINING, EXPLAINED = 4.0, 0.05  # seconds kept for the explanation, and the share of the cap that they may be
WRITING = 2.0  # seconds that writing the files and the report takes
MEMBERS = {"glance": 3, "standard": 5, "thorough": 8}  # most members of a combination


# split and comparison --------------------------------------------------------------------------------------------------


def _ground(run: Run, material: Material, split: Split, name: str) -> Ground:
    return Ground(
        run.journal,
        material,
        Scores(run.journal, material, split, run.question.calibration),
        name,
        run.families,
        run.executor,
        run.clock,
        run.question.seed,
        run.watch,
        run.interrupted,
        _reserve(run, material),
    )


def _keep(run: Run, split: Split, group: str | None, moment: str | None) -> Splits:
    """Keeps the split of all rows by those columns, and the one the race runs on (a sample when the effort says so)."""
    run.whole = split_name(split)
    limit = run.budget.rules.rows
    raced = sampled(split, limit, run.question.seed) if limit is not None else split
    return _kept(run, Splits(split, raced, split_name(raced), group, moment))


def _kept(run: Run, made: Splits) -> Splits:
    run.journal.save_split(run.whole, made.whole)
    run.journal.save_split(made.name, made.raced)
    return made


def _deal(run: Run, material: Material, group: str | None, moment: str | None, seed: int, aside: Array | None = None) -> Split:
    """A split by those columns. aside: rows [n] of another split that are no development rows: the others are dealt anew."""
    ignore = tuple(name for name in material.table.values if name not in material.used and name != material.target.name)
    folds, share = run.budget.rules.folds, 0.0 if run.question.test else None
    if aside is not None:
        return splits.split(material.table, material.target, seed, group, moment, folds, 0.0, ignore, aside)
    dealt = splits.split if run.question.guarantee is None else hold
    return dealt(material.table, material.target, seed, group, moment, folds, share, ignore, gap=run.question.gap)


def split(run: Run, material: Material) -> tuple[Material, Splits, list[Finding]]:
    """The splits, and what the residuals of the simplest models said of them. An alarm of a group or of time switches the split,
    and says so; a group's own column is then nothing to learn from. A later round finds the first round's split again, or is refused."""
    material, made, found = _switched(run, material)
    table = run.table = table_of(run.whole, made.name, material.used, sha256(material.target.y.tobytes()).hexdigest())
    for one in run.rounds[:-1]:
        if one.table and one.table != table:
            raise UsageError(
                "a new round keeps the rows, columns and folds of the table it is added to",
                f"round {one.number} had others: this version of etabli, or its first families, deal them otherwise",
                "install what the first round had, or begin anew with another -o",
            )
    if run.round.versions != run.rounds[0].versions:
        run.whole = run.named(run.whole, run.round)
        made = _kept(run, replace(made, name=run.named(made.name, run.round)))
    notes = remarks(run.rounds, bool(len(made.whole.test) or run.question.test))
    for note in notes:
        run.watch("finding", finding=note)
    return material, made, [*found, *notes]


def _switched(run: Run, material: Material) -> tuple[Material, Splits, list[Finding]]:
    question = run.question
    group = None if question.group == "none" else question.group
    moment = None if question.time_column == "none" else question.time_column
    made = _keep(run, _deal(run, material, group, moment, question.seed), group, moment)
    if question.group is not None and question.time_column is not None:
        return material, made, []
    ground = _ground(run, material, made.raced, made.name)
    run.clock.reserve = run.clock.expected(_reserve(run, material))
    standing = compare(ground, _simple(run, material, made.raced), Rules(stages(made.raced), batch=BATCH, patience=10**9))
    found, by, when = alarm_tests.tested(ground, standing, question.group, question.time_column, question.ignore)
    for finding in found:
        run.watch("finding", finding=finding)
    if (by, when) == (None, None):
        return material, made, found
    if by is not None:
        material = replace(material, used=tuple(column for column in material.used if column != by))
        save_material(run.folder, material)
    group, moment = by or group, when or moment
    return material, _keep(run, _deal(run, material, group, moment, question.seed), group, moment), found


def _offers(run: Run, material: Material, split: Split, among: Sequence[str]) -> list[Offer]:
    """Everything that these families would try."""
    facts, offers = facts_of(material, len(split.development)), list[Offer]()
    chosen, _ = obedient(
        {name: run.families[name] for name in among if name in run.families}, material.target.task, material.directions, material.together
    )
    for name, member in chosen.items():
        try:
            offers += portfolio({name: member}, facts, run.budget.rules.candidates)
        except Exception as error:  # an outsider's fault must not end the run
            run.broken[name] = f"{type(error).__name__}: {error}"
    offers = [offer for offer in offers if not (material.bound and offer.path[0].wants.crosses)]
    return twins(offers, run.families, run.question, material)


def _simple(run: Run, material: Material, split: Split) -> list[Offer]:
    """The cheapest first offer of each degree of simplicity (the constant, a linear model, a tree): enough for the residual tests,
    and the race begins with them anyway. Of the first round: later ones must find the same split."""
    simplest: dict[int, Offer] = {}
    for offer in following([offer for offer in _offers(run, material, split, run.rounds[0].among) if offer.depth == 0], {}):
        simplest.setdefault(run.families[offer.family].rank, offer)
    return [simplest[rank] for rank in sorted(simplest)[:BATCH]]


def _reserve(run: Run, material: Material) -> float:
    """Seconds that judging, composing, proving, explaining and writing take on a free core; the clock knows what that means here."""
    cap = run.clock.cap or 0.0
    explaining = min(EXPLAINING, EXPLAINED * cap)
    ending = min(ENDING, ENDED * cap)
    return ending + explaining + 1.2e-4 * min(material.table.rows, 50_000) + 2e-3 * len(material.used)


def compared(run: Run, material: Material, split: Splits) -> tuple[Standing, Scores]:
    """The race over every family's settings."""
    raced = split.raced
    ground = _ground(run, material, raced, split.name)
    validated = np.flatnonzero(raced.fold >= 0)
    chosen = metric(run.question.metric, material.target.task, material.cost)
    if run.question.audit is not None:
        demanded(raced)
    chosen.demand(material.target.y[validated], raced.fold[validated])  # now, and not when the race is run
    _close(run, material, split)
    run.before = settled(run.rounds[:-1], run.journal)
    standing = compare(ground, _offers(run, material, raced, run.chosen), _rules(run.budget, raced), run.before)
    standing.aside |= run.broken
    if not any(run.families[setting.family].rank == 0 for setting in standing.finished):  # every score is told beside the baseline's
        if run.interrupted():
            raise Interrupted("interrupted before any model was complete", "", f"go on with: etabli resume {run.folder}")
        reasons = "; ".join(sorted(set(standing.aside.values()))) or (
            f"{run.clock.spent():.1f} s were used, and judging and writing need {run.clock.reserve:.1f} s of {run.clock.cap or 0:.0f} s"
        )
        raise EtabliError(
            "at least one model must be complete before the time is over",
            reasons,
            f"give more time (--time), or go on: etabli resume {run.folder}",
        )
    return standing, ground.scores


def _rules(budget: Budget, raced: Split) -> Rules:
    rows = len(raced.development)
    return Rules(stages(raced), batch=2 * BATCH if rows > LARGE else BATCH, patience=budget.rules.without_gain(rows))


def _close(run: Run, material: Material, split: Splits) -> None:
    """A round that was killed and not gone on with, before this one was asked, ends with what it has: it was tried."""
    for place, one in enumerate(run.rounds[:-1]):
        if one.ended is None:
            before = settled(run.rounds[:place], run.journal)
            name = run.named(split_name(split.raced), one)
            ground = replace(_ground(run, material, split.raced, name), interrupted=lambda: True)
            rules = _rules(replace(run.budget, effort=budget(one.effort).effort), split.raced)
            standing = compare(ground, _offers(run, material, split.raced, one.among), rules, before)
            ended = end(run.folder, one, run.table, before, standing, None)
            run.rounds = (*run.rounds[:place], ended, *run.rounds[place + 1 :])


def repeated(run: Run, material: Material, split: Splits, standing: Standing) -> Repeats:
    """The best candidates on further partitions of a small table."""
    efforts = [one.effort for one in run.rounds if one.effort != "glance"]  # what an earlier round repeated is not taken back
    code = repeats.needed(split.raced, efforts[-1] if efforts else "glance")
    if code:
        return Repeats(code)
    if standing.ended in ("cap", "interrupted"):
        return Repeats("time")
    further = []
    for number in range(1, repeats.TIMES):
        dealt = _deal(run, material, split.group, split.moment, run.question.seed + number * repeats.OTHER, split.raced.fold < NO_FOLD)
        name = split_name(dealt)
        if run.round.versions != run.rounds[0].versions:
            name = run.named(name, run.round)
        run.journal.save_split(name, dealt)
        further.append((name, dealt))
    chosen = metric(run.question.metric, material.target.task, material.cost)
    ground = _ground(run, material, split.raced, split.name)
    order = promising(ground.scores, standing, chosen, run.families, run.question.seed, MEMBERS[run.budget.effort])
    return repeats.repeated(ground, standing, order, further)


def judged(run: Run, scores: Scores, standing: Standing, repeats: Repeats) -> Verdict:
    """The winner, its honest score, who is tied. Each round's best stays in the table. The ledger then knows how the round ended."""
    chosen = metric(run.question.metric, scores.material.target.task, scores.material.cost)
    best = best_of(run.rounds, standing, {setting.hash: scores.loss(setting, standing) for setting in standing.finished})
    found = verdict(scores, standing, chosen, run.families, run.question.seed, MEMBERS[run.budget.effort], best, repeats)
    said = {"name": found.winner, "score": found.honest.leaderboard, "honest": found.honest.value}
    run.rounds = (*run.rounds[:-1], end(run.folder, run.round, run.table, run.before, standing, finite(said)))
    return replace(found, notes=(*found.notes, *helped(scores, standing)))


def late(run: Run, material: Material, split: Splits, verdict: Verdict) -> list[Finding]:
    """Whether the winner is worse on the latest rows, where the split does not ask that already."""
    if split.whole.forward or run.question.time_column is not None:
        return []
    found = alarm_tests.harder(material, verdict, run.question.seed, run.question.ignore)
    for finding in found:
        run.watch("finding", finding=finding)
    return found


def confirmed(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> Verdict:
    """The verdict with the nested audit, where it was asked for; with its score in place of the honest one, where they disagree."""
    if run.question.audit is None:
        return verdict
    run.watch("step", name={"en": "the nested audit", "fr": "l'audit imbriqué"})
    ground = _ground(run, material, split.raced, split.name)
    found = audited(ground, standing, verdict, verdict.metric, MEMBERS[run.budget.effort])
    if isinstance(found, Finding):
        run.watch("finding", finding=found)
        return replace(verdict, notes=(*verdict.notes, found))
    before = verdict.honest
    told = asdict(found) | {"bootstrap": {"value": before.value, "low": before.low, "high": before.high}}
    honest = before if found.agrees else replace(before, value=found.value, low=found.low, high=found.high)
    return replace(verdict, nested=told, honest=honest)


def assembled(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> Assembled:
    """One composition: refits or fold members, calibration, interval or set, novelty."""
    ground = _ground(run, material, split.raced, split.name)
    question = run.question
    interval: Any = None if question.interval == "auto" else question.interval
    sets = None if question.sets == "auto" else question.sets
    asking = Asking(question.distribution, question.guarantee is not None, interval, sets, split.whole.forward)
    return assemble(ground, verdict, standing, run.whole, run.budget.rules.final == "refit", asking)


def explained(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing, made: Assembled) -> dict[str, Any] | None:
    """What the winner uses, how, and where it fails; None when it is the constant, or when the run was interrupted."""
    if run.interrupted() or all(run.families[one.setting.family].rank == 0 for one in verdict.members):
        return None

    def fits(work: float) -> bool:
        return run.clock.MARGIN * run.clock.expected(work) + WRITING <= run.clock.left()

    return explanation(_ground(run, material, split.raced, split.name), verdict, standing, made, fits)


def learned(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> dict[str, Any] | None:
    """The learning curve of the winner, or why there is none; None when the run was interrupted."""
    if run.interrupted():
        return None
    ground = _ground(run, material, split.raced, split.name)
    return learning(ground, verdict, standing, run.budget.effort, lambda: run.clock.left() - WRITING)


def readable(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> dict[str, Any] | None:
    """The best tree that can be read, beside a winner that cannot."""
    return beside(_ground(run, material, split.raced, split.name), verdict, standing)


def settled_chains(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> list[Finding]:
    """Whether the chains of a sampled winner agree."""
    return agreeing(_ground(run, material, split.raced, split.name), verdict, standing)


def networked(run: Run, material: Material, split: Splits, verdict: Verdict, standing: Standing) -> dict[str, Any] | None:
    """How the best network was trained; None where there is none."""
    return network(_ground(run, material, split.raced, split.name), verdict, standing)
