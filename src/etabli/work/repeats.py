"""Repeats: on small tables the best candidates are fitted on further partitions of the same rows.

One partition of few rows into folds has luck of its own: another seed, another winner. Below 1 000 rows the best are therefore
fitted on two more partitions of the same kind, and what the verdict compares is the loss of a row averaged over the three. Measured
(benchmarks/uncertain): the interval of the honest score is 11 to 15 % narrower, and depends less on the seed.

What must not see a row twice (calibrators, weights of a combination) is learned within each partition.

Who is repeated: the best, the members of the combination, and the others in the order of their loss, until ten paths or two fifths of the
race's estimated work are reached. It is a beginning of that order, never a choice of the cheap ones. The estimates are the
families', not the clock's: the same seed repeats the same candidates on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etabli.records import Setting, Split, Words
from etabli.work.compare import Estimates, Ground
from etabli.work.further import affordable, run_all
from etabli.work.portfolio import paths
from etabli.work.race import Standing
from etabli.work.table import OutOfFold, Scores
from etabli.work.tasks import Task

ROWS = 1_000  # development rows below which there are repeats
TIMES = 3  # partitions in all, the race's own among them
PATHS, SETTINGS = 10, 30  # most paths, and most candidates on them, that are repeated
SHARE = 0.4  # of the race's estimated work; estimates of small fits are high, so it is about a third of what is spent
FREE = 4.0  # seconds of estimated work that are never dear
OTHER = 1_000_003  # between the seeds of two partitions

WHY: dict[str, Words] = {
    "": {
        "en": "the best candidates were fitted on {times} partitions, and their losses averaged row by row",
        "fr": "les meilleurs candidats ont été ajustés sur {times} partitions, et leurs pertes moyennées ligne par ligne",
    },
    "glance": {"en": "one partition is enough for a glance", "fr": "une partition suffit pour un coup d'œil"},
    "rows": {"en": "with 1,000 rows or more one partition is enough", "fr": "à partir de 1\u202f000 lignes, une partition suffit"},
    "forward": {
        "en": "time has one order, so there is no other partition",
        "fr": "le temps n'a qu'un ordre : il n'y a pas d'autre partition",
    },
    "few": {"en": "there was no choice to make", "fr": "il n'y avait pas de choix à faire"},
    "dear": {
        "en": "fitting the best again would take more than a third of the comparison",
        "fr": "ajuster de nouveau les meilleurs prendrait plus d'un tiers de la comparaison",
    },
    "time": {
        "en": "there was no time left to fit the best again",
        "fr": "il ne restait pas de temps pour ajuster de nouveau les meilleurs",
    },
}


@dataclass(frozen=True)
class Repeats:
    """What further partitions gave. settings: who was fitted on all of them, best first; () when nobody was. parts: (scores, standing) of each
    further partition. code: why not more, a key of WHY."""

    code: str = ""
    settings: tuple[Setting, ...] = ()
    parts: tuple[tuple[Scores, Standing], ...] = ()

    @property
    def times(self) -> int:
        """Partitions in all."""
        return 1 + len(self.parts)

    @property
    def reason(self) -> Words:
        """Why so many, in words."""
        return {language: text.format(times=self.times) for language, text in WHY[self.code].items()}

    def tables(self, kept: Sequence[Setting]) -> list[OutOfFold]:
        """The out-of-fold tables of the further partitions, of those candidates."""
        return [scores.table(standing, kept) for scores, standing in self.parts]


def needed(split: Split, effort: str) -> str:
    """The code why there are no repeats of such a comparison, "" when there are."""
    if effort == "glance":
        return "glance"
    if split.forward:
        return "forward"
    return "rows" if len(split.development) >= ROWS else ""


def survivors(order: Sequence[Setting], work: dict[str, float], limit: float) -> list[Setting]:
    """The beginning of `order` that is repeated. work: estimated for the whole path of each setting, by hash. limit: of all of it."""
    kept, begun, spent = list[Setting](), set[object](), 0.0
    for setting in order:
        path = (setting.family, setting.wants.hash, setting.path) if setting.path else setting.hash
        if path not in begun:
            if len(begun) == PATHS or spent + work[setting.hash] > limit:
                break
            spent += work[setting.hash]
            begun.add(path)
        kept.append(setting)
        if len(kept) == SETTINGS:
            break
    return kept


def repeated(ground: Ground, standing: Standing, order: Sequence[Setting], splits: Sequence[tuple[str, Split]]) -> Repeats:
    """Fits the best on further partitions. order: of the candidates that learn something, the first to be repeated first. splits: with the
    names under which they are kept."""
    if len(order) < 2:
        return Repeats("few")
    estimates = Estimates(ground)
    folds = range(ground.scores.split.folds)
    tasks = {hash_ for places in standing.places.values() for hash_, _ in places.values()}
    known = [Task.from_json(result["task"]) for name in sorted(tasks) if (result := ground.journal.result(name))]
    spent = sum(estimates.cost(task).work for task in known)
    work = {s.hash: sum(estimates.cost(Task(ground.split, k, (s,), ground.seed)).work for k in folds) * len(splits) for s in order}
    kept = survivors(order, work, max(FREE, SHARE * spent))
    if len(kept) < 2:
        return Repeats("dear")
    kept += [setting for setting in standing.finished if ground.families[setting.family].rank == 0]
    grounds = [
        replace(ground, scores=Scores(ground.journal, ground.material, split, ground.scores.calibrator), split=name)
        for name, split in splits
    ]
    wanted = [Task(one.split, fold, path, ground.seed) for one in grounds for path in paths(kept) for fold in range(one.scores.split.folds)]
    if not affordable(ground, wanted) or not run_all(ground, wanted):
        return Repeats("time")
    return gathered(grounds, standing, wanted, kept)


def gathered(grounds: Sequence[Ground], standing: Standing, tasks: Sequence[Task], kept: Sequence[Setting]) -> Repeats:
    """What the tasks gave. Who failed on a partition is set aside, with the reason."""
    parts = []
    for ground in grounds:
        found = Standing()
        for task in (task for task in tasks if task.split == ground.split):
            result = ground.journal.result(task.hash)
            assert result is not None
            have = {name: index for index, name in enumerate(result["settings"])}
            for setting in task.settings:
                if setting.hash in have:
                    found.places.setdefault(setting.hash, {})[task.fold, 1.0] = (task.hash, have[setting.hash])
                else:
                    standing.aside[setting.hash] = result.get("error") or "it was not complete on every partition"
        parts.append((ground.scores, found))
    standing.finished = [setting for setting in standing.finished if setting.hash not in standing.aside]
    whole = tuple(setting for setting in kept if setting.hash not in standing.aside)
    return Repeats("", whole, tuple(parts))
