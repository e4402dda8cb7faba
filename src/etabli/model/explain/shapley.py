"""Why this answer: the Shapley value of every raw column, adding up to the file's own answer.

Exact where the file is a sum (`additive.py`), exact where few cells differ from the background (`sampling.py` enumerates), sampled with a
standard error elsewhere. What is exact is checked against the file before it is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from etabli.errors import DataError, UsageError, did_you_mean
from etabli.model.explain.additive import WORK, Additive, additive
from etabli.model.explain.explained import Explained
from etabli.model.explain.game import Feeds, Game, game
from etabli.model.explain.inner import inner
from etabli.model.explain.sampling import shapley
from etabli.model.explain.structure import Structure
from etabli.model.load import Model

Array = np.ndarray[Any, np.dtype[Any]]
Seeds = Sequence[tuple[int, int]]
BUDGET, TOLERANCE = 20_000, 0.01
METHODS = ("shapley", "gradients")
BACKGROUND = 100  # rows of a background file that are used


def explain(
    model: Model,
    data: Any,
    label: str | None = None,
    background: Any = None,
    scale: str = "output",
    budget: int = BUDGET,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    first: int = 0,
    method: str = "shapley",
) -> Explained:
    """See `Model.explain`. first: the number of the first row, so that a row is sampled alike whatever rows come with it."""
    if scale not in ("output", "margin"):
        raise UsageError("the scale is output or margin", f'"{scale}"', did_you_mean(scale, ("output", "margin")))
    if method not in METHODS:
        near = "attention weights: model.attention(row)" if method == "attention" else did_you_mean(method, METHODS)
        raise UsageError("the method is shapley or gradients", f'"{method}"', near)
    if method == "gradients" and scale != "output":
        raise UsageError("gradients are of the output", f'scale "{scale}"', "leave one of the two out")
    if budget < 1:
        raise UsageError("the budget is a number of answers a row, 1 or more", str(budget))
    if "prediction" not in model.outputs:
        raise UsageError(
            "what is explained is one answer: a label with its probability, or a number",
            f"a file of {model.card.get('task', '?')}, which answers {', '.join(model.outputs)}",
            "its report says what each coordinate stands for, or what makes a row odd: etabli report RUN",
        )
    playing = game(model)
    read = model.read(data)
    z, kept = background_of(model, background, seed)
    structure = playing.structure(z)
    answers = model.run(read.feeds, read.rows) if read.rows else {}
    which = _columns(model, answers, read.rows, label)
    parts = {column: np.flatnonzero(which == column) for column in np.unique(which)}
    made = _blank(playing, read.rows, which, scale, kept)
    if method == "gradients":
        from etabli.model.explain.gradients import explained

        made, parts = explained(model, made, read.feeds, z, which), {}
    for column, rows in parts.items():
        x = {name: values[rows] for name, values in read.feeds.items()}
        found = _explained(playing, structure, x, z, int(column), scale, budget, tolerance, [(seed, first + int(row)) for row in rows])
        for name, values in found.items():
            getattr(made, name)[rows] = values
    cells = {name: np.array(playing.cells(read.feeds, player)) for player, name in enumerate(playing.names)}
    return replace(made, cells=cells, notes=read.notes, answers=answers)


def background_of(model: Model, background: Any, seed: int) -> tuple[dict[str, Array], int]:
    """(rows as the file takes them, how many): those given, or those the file carries to test itself."""
    if background is not None:
        read = model.read(background)
        if not read.rows:
            raise DataError("the background has rows", "none", "leave it out to use the rows that the file carries")
        rows = np.arange(read.rows)
        if read.rows > BACKGROUND:
            rows = np.sort(np.random.default_rng(seed).choice(read.rows, BACKGROUND, replace=False))
        return {name: values[rows] for name, values in read.feeds.items()}, len(rows)
    carried = model.carried()
    if carried is None:
        raise DataError(
            "an explanation compares with background rows",
            f"{model.path} carries none",
            "give some: --background FILE, or background=... in Python",
        )
    return carried, len(next(iter(carried.values())))


def _columns(model: Model, answers: Mapping[str, Array], rows: int, label: str | None) -> Array:
    """[rows]: which column of the output is explained."""
    if ("probability" if model.classes else "prediction") not in model.outputs:
        raise UsageError(
            "an answer that is explained is a number or a probability",
            f"{model.path} gives {', '.join(model.outputs)}",
            "nothing to explain",
        )
    if not model.classes:
        if label is not None:
            raise UsageError("this model answers a number, so there is no class to choose", f'"{label}"', "leave --class out")
        return np.zeros(rows, np.int64)
    if label is not None:
        if label not in model.classes:
            known = ", ".join(f'"{one}"' for one in model.classes[:12])
            raise UsageError("the class must be one that the model knows", f'"{label}"', did_you_mean(label, model.classes) or known)
        return np.full(rows, model.classes.index(label))
    if len(model.classes) == 2:
        return np.ones(rows, np.int64)
    return np.asarray(answers["probability"].argmax(axis=1)) if rows else np.zeros(0, np.int64)


def _blank(playing: Game, rows: int, which: Array, scale: str, kept: int) -> Explained:
    shape = (rows, len(playing.players))
    return Explained(
        columns=playing.names,
        values=np.zeros(shape),
        error=np.zeros(shape),
        base=np.zeros(rows),
        output=np.zeros(rows),
        exact=np.zeros(rows, bool),
        asked=np.zeros(rows, np.int64),
        labels=tuple(playing.model.classes[at] for at in which) if playing.model.classes else (),
        target=str(playing.model.card.get("target", "")),
        task=str(playing.model.card.get("task", "")),
        scale=scale,
        background=kept,
        raws=playing.model.columns,
    )


def _explained(
    playing: Game, structure: Structure | None, x: Feeds, z: Feeds, column: int, scale: str, budget: int, tolerance: float, seeds: Seeds
) -> dict[str, Array]:
    """values, error, base, output, exact, asked of rows whose same output is explained."""
    name = "probability" if playing.model.classes else "prediction"
    outputs = len(playing.model.classes) if len(playing.model.classes) > 2 else 1
    sign = 1.0
    if structure is not None:
        summed = additive(structure, name, column)
        if scale == "margin":
            deep = None if summed is not None else inner(structure, name, column, outputs)
            if deep is None:
                raise UsageError(
                    "the margin can be explained where the answer is a function of one sum (one model below a link)",
                    "this file has none" if summed is None else "this file's answer is a sum itself",
                    "leave --scale out: the answer itself is explained",
                )
            sign = _sign(playing, z, (name, column), deep) if outputs == 1 else 1.0
            name, column = deep
            summed = additive(structure, name, column)
    elif scale == "margin":
        raise UsageError("the margin needs a file whose nodes can be read", playing.model.path, "leave --scale out")
    else:
        summed = None
    fx, fz = (playing.tensors(rows, (name,))[name][:, column].astype(np.float64) for rows in (x, z))
    base = np.full(len(fx), fz.mean())
    if summed is not None and summed.work(len(fx), len(fz)) < WORK:
        values = _exact(playing, summed, x, z, fx - base)
        if values is not None:
            made = {"values": sign * values, "base": sign * base, "output": sign * fx}
            return made | {"error": np.zeros_like(values), "exact": np.ones(len(fx), bool)}
    made = _asked(playing, structure, x, z, (name, column), (fx, fz), budget, tolerance, seeds)
    return made | {key: sign * made[key] for key in ("values", "base", "output")}


def _sign(playing: Game, z: Feeds, answer: tuple[str, int], margin: tuple[str, int]) -> float:
    """-1 where the answer falls as that sum rises (a link often begins with a minus), so that the margin rises with the answer."""
    made = playing.tensors(z, (answer[0], margin[0]))
    order = np.argsort(made[margin[0]][:, margin[1]], kind="stable")
    return -1.0 if np.diff(made[answer[0]][order, answer[1]]).sum() < 0 else 1.0


def _exact(playing: Game, summed: Additive, x: Feeds, z: Feeds, gap: Array) -> Array | None:
    """Values that add up to `gap`, or None where the sum read here is not the file's."""
    values = summed.shapley(playing.tensors(x, summed.tensors), playing.tensors(z, summed.tensors))
    if values is None:
        return None
    good = np.isfinite(gap)  # where there is no answer there is nothing to explain
    values[~good] = np.nan
    rest = gap - values.sum(axis=1)
    scale = np.abs(values).sum(axis=1) + np.abs(gap) + 1e-300
    single = any(wood.forest.single for wood in summed.woods)
    if not (np.abs(rest) <= (1e-5 if single else 1e-9) * np.maximum(scale, 0.0 if single else 1.0))[good].all():
        return None
    if single:  # such trees are added up in float32: what that rounds away is shared out by the size of the values
        size = np.abs(values)
        values = values + rest[:, None] * size / np.maximum(size.sum(axis=1), 1e-300)[:, None]
    return values


def _asked(
    playing: Game,
    structure: Structure | None,
    x: Feeds,
    z: Feeds,
    what: tuple[str, int],
    ends: tuple[Array, Array],
    budget: int,
    tolerance: float,
    seeds: Seeds,
) -> dict[str, Array]:
    """The same by asking. ends: the answers of the rows and of the background. seeds: of each row."""
    (fx, fz), (name, column) = ends, what
    rows, players = len(fx), len(playing.players)
    matters = np.ones(players, bool) if structure is None else structure.depends(name).any(axis=0)
    values, error = np.full((rows, players), np.nan), np.full((rows, players), np.nan)
    exact, asked = np.zeros(rows, bool), np.zeros(rows, np.int64)
    good = np.isfinite(fx) & np.isfinite(fz).all()  # where there is no answer there is nothing to explain
    limit = tolerance * float(fz.std())
    for row in np.flatnonzero(good):

        def ask(which: Array, take: Array, row: int = int(row)) -> Array:
            made = playing.tensors(playing.mixed(x, row, z, which, take), (name,))
            return np.asarray(made[name][:, column], np.float64)

        differ = playing.differ(x, int(row), z) & matters
        made = shapley(ask, differ, (fz, float(fx[row])), budget, limit, np.random.default_rng(seeds[int(row)]))
        values[row], error[row], exact[row], asked[row] = made.values, made.error, made.exact, made.asked
    return {"values": values, "error": error, "base": np.full(rows, fz.mean()), "output": fx, "exact": exact, "asked": asked}
