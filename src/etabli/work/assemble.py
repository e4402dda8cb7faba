"""From the verdict to one composition: the winner's parts, and the heads that say how sure it is.

Unstable learners (boosting) keep their fold members: their mean is better than one refit, costs no further fit, and the
out-of-fold residuals that make the intervals come from these very models. Stable ones are fitted again on all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from etabli.judge.coverage import Coverage
from etabli.model.compose import Composition, Member
from etabli.records import Array, Finding
from etabli.work.compare import Ground
from etabli.work.ends import ends, without
from etabli.work.fitted import part
from etabli.work.further import run_all
from etabli.work.heads import Asking, Crps, heads
from etabli.work.held import Guarantee, guaranteed
from etabli.work.inside import inside, prepared_features
from etabli.work.own import Own, own
from etabli.work.race import Place, Standing
from etabli.work.tasks import ALL, Task
from etabli.work.verdict import Verdict


@dataclass(frozen=True)
class Assembled:
    """The composition, how it was made ("refit", "fold members", "both"), and the coverage measured across folds. inside: what can
    be read in a simple winner (`inside.py`). crps: of the predictive distribution of a number.
    gap: how far p0 and p1 of two classes are apart on average. guarantee: of `--guarantee split`.
    own: of the model's own deviation.
    ends: out-of-fold ends of `--interval cqr` [n, 2]. notes: what could not be done as asked."""

    composition: Composition
    final: str
    coverage: tuple[Coverage, ...]
    novelty_flagged: float
    inside: dict[str, Any] | None = None
    crps: Crps | None = None
    gap: float | None = None
    guarantee: Guarantee | None = None
    own: Own | None = None
    ends: Array | None = None
    notes: tuple[Finding, ...] = ()


def assemble(ground: Ground, verdict: Verdict, standing: Standing, whole: str, refit: bool, asking: Asking) -> Assembled:
    """whole: the name of the split of all rows (refits learn from all its development rows). refit: fit everything again. asking: what
    the user wants the file to tell beside the answer."""
    journal = ground.journal
    single = len({k for member in verdict.members for k, share in standing.places[member.setting.hash] if share == 1.0}) == 1
    again = [m.setting for m in verdict.members if refit or single or not ground.families[m.setting.family].bagged]
    tasks = {setting.hash: Task(whole, ALL, (setting,), ground.seed) for setting in again}
    if not run_all(ground, list(tasks.values()), ground.clock.left, share=0.8):
        standing.ended = "interrupted" if ground.interrupted() else "cap"
    members, kinds = [], set()
    for chosen in verdict.members:
        setting = chosen.setting
        task = tasks.get(setting.hash)
        done = journal.result(task.hash) if task else None
        if task and done and not done.get("error") and not done.get("cut") and setting.hash in done["settings"]:
            places: list[Place] = [(task.hash, 0)]
            kinds.add("refit")
        else:  # fold members, also when the time did not allow a refit
            places = [place for (_, share), place in sorted(standing.places[setting.hash].items()) if share == 1.0]
            kinds.add("fold members")
        parts = tuple(part(ground, setting, place) for place in places)
        members.append(Member(setting.name, setting.family, chosen.count, parts, chosen.calibration.calibrator))
    made = _with_heads(ground, verdict, tuple(members), "both" if len(kinds) > 1 else kinds.pop(), asking, whole, standing)
    return replace(made, inside=inside(ground, verdict, members[0].parts, prepared_features(ground, places[0][0])))


def _with_heads(
    ground: Ground, verdict: Verdict, members: tuple[Member, ...], final: str, asking: Asking, whole: str, standing: Standing
) -> Assembled:
    material = ground.material
    made = ends(ground, verdict, standing, whole) if asking.interval == "cqr" else None
    late = asking.interval == "cqr" and made is None
    asking = replace(asking, interval=None) if late else asking
    sure = heads(material, verdict.table, verdict.scores, ground.seed, asking, None if made is None else made.scores)
    composition = Composition(
        columns=tuple(material.table.column(name) for name in (*material.used, *([material.exposure] if material.exposure else []))),
        levels=material.table.levels,
        target=material.target,
        members=members,
        calibrator=verdict.calibration.calibrator,
        interval=sure.interval,
        novelty=sure.novelty,
        novelty_raw=sure.novelty_raw,
        novelty_coded=sure.novelty_coded,
        cost=material.cost,
        exposure=material.exposure,
        distribution=sure.distribution,
        known=sure.known,
        ends=() if made is None else made.parts,
        tracked=asking.tracked and material.target.task == "regression",
    )
    covered, told = sure.coverage, None
    if asking.guarantee:
        composition, covered, told = guaranteed(composition, material, ground.journal.load_split(whole), ground.seed)
    return Assembled(
        composition,
        final,
        covered,
        sure.flagged,
        crps=sure.crps,
        gap=sure.gap,
        guarantee=told,
        own=own(ground, verdict, standing),
        ends=None if made is None else made.scores,
        notes=(without(material.target.name),) if late else (),
    )
