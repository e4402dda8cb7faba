"""Models asked about rows whose cells were changed: those of the folds about rows they did not see, the final one about any.

The same graphs that ship, run part by part on coded columns (no texts are made), their sessions kept from one question to the next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from etabli.judge import combine
from etabli.model.compose import Member
from etabli.records import PREPARED, Array
from etabli.work.compare import Ground
from etabli.work.fitted import part
from etabli.work.material import Material
from etabli.work.race import Standing
from etabli.work.verdict import Verdict

# Seconds of one core, fitted to 90 models of two tables: a row costs about as the root of a graph's size (trees are walked, not read).
PER_ROW, PER_PART, PER_LOAD = 2e-8, 3e-7, 3e-8


@dataclass(frozen=True)
class Model:
    """What answers: members with their calibrators, and the calibrator of the whole."""

    material: Material
    members: tuple[Member, ...]
    calibrator: Any
    sessions: dict[bytes, Any] = field(default_factory=dict)

    def scores(self, values: Mapping[str, Array]) -> Array:
        """Scores [n, outputs] of rows with these cells. values: [n] by column in use, as in a table."""
        from etabli.data.feeds import feeds

        table = self.material.table
        rows = len(next(iter(values.values())))
        fed = feeds(replace(table, rows=rows, values=values), self.material.used, coded=True)
        prepared: dict[bytes, Array] = {}
        own = []
        for member in self.members:
            answers = []
            for one in member.parts:
                if one.prepared_coded not in prepared:
                    prepared[one.prepared_coded] = self._run(one.prepared_coded, fed)[PREPARED]
                answers.append(self._run(one.graph, {"X": prepared[one.prepared_coded]})["score"])
            own.append(member.calibrator.apply(np.sum(answers, axis=0) / len(answers)))
        counts = np.array([member.count for member in self.members])
        return np.asarray(self.calibrator.apply(own[0] if len(own) == 1 else combine.blend(np.stack(own, 1), counts)))

    @property
    def seconds(self) -> float:
        """Of one core, for one row, roughly; a function of the graphs' size alone, so that the same is asked on every machine."""
        return sum(PER_ROW * math.sqrt(len(graph)) + PER_PART for graph in self.graphs)

    @property
    def loading(self) -> float:
        """Seconds until it can answer at all."""
        return PER_LOAD * sum(map(len, self.graphs))

    @property
    def graphs(self) -> set[bytes]:
        """All graphs that are run."""
        parts = [one for member in self.members for one in member.parts]
        return {one.graph for one in parts} | {one.prepared_coded for one in parts}

    def _run(self, graph: bytes, fed: Mapping[str, Array]) -> dict[str, Array]:
        from etabli.graph.run import run, session

        if graph not in self.sessions:
            self.sessions[graph] = session(graph)
        return run(self.sessions[graph], fed)


def of_folds(ground: Ground, verdict: Verdict, standing: Standing) -> dict[int, Model]:
    """The winner as each fold had it, by the fold whose rows it did not see."""
    folds = sorted({k for chosen in verdict.members for k, share in standing.places[chosen.setting.hash] if share == 1.0})
    made = {}
    for k in folds:
        members = tuple(
            Member(
                chosen.setting.name,
                chosen.setting.family,
                chosen.count,
                (part(ground, chosen.setting, standing.places[chosen.setting.hash][k, 1.0]),),
                chosen.calibration.calibrator,
            )
            for chosen in verdict.members
        )
        made[k] = Model(ground.material, members, verdict.calibration.calibrator)
    return made


def cells_of(material: Material, rows: Array) -> dict[str, Array]:
    """The cells of those rows, by column in use."""
    return {name: np.asarray(material.table.values[name])[rows] for name in material.used}


@dataclass(frozen=True)
class Asked:
    """Rows and the models that answer for them: each row's own fold, or one for all. fold: int [n], the key of each row's model."""

    models: Mapping[int, Model]
    fold: Array
    values: Mapping[str, Array]

    def answers(self, changed: Mapping[str, Array], rows: Array) -> Array:
        """Scores [m, outputs] of `rows` [m] (numbers into this selection), with other cells [m] in the columns of `changed`."""
        made: Array | None = None
        for k in np.unique(self.fold[rows]):
            here = np.flatnonzero(self.fold[rows] == k)
            cells = {name: changed[name][here] if name in changed else column[rows[here]] for name, column in self.values.items()}
            scores = self.models[int(k)].scores(cells)
            if made is None:
                made = np.empty((len(rows), scores.shape[1]))
            made[here] = scores
        assert made is not None
        return made

    @property
    def seconds(self) -> float:
        """Of one core, for one row."""
        return max(model.seconds for model in self.models.values())

    @property
    def loading(self) -> float:
        """Seconds until all can answer."""
        return sum(model.loading for model in self.models.values())
