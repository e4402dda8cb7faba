"""What a network leans on for one row, by its gradients: quick where there are hundreds of columns (pixels, sensors, genes) and sampling would ask a million questions.

Expected gradients (Erion et al. 2021): integrated gradients (Sundararajan, Taly & Yan 2017) along the straight way from a background row to the row, averaged over the
background. They are Shapley values of another game (Aumann & Shapley 1974): columns come in all at once, a little at a time; base, sum and answer are the same as those of `shapley.py`.

The gradient is that of the whole file (`model/tensors`), so preparation and calibration are inside. A number moves along the way; what texts come to moves along it too, and goes to the
columns whose text makes it change. Along a way that the answer climbs in steps (trees) gradients see nothing: the sum is then not the difference, and that is refused, not scaled away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from etabli.errors import DataError, EtabliError, UsageError
from etabli.model.explain.explained import Explained
from etabli.model.explain.game import Feeds, Game, game

if TYPE_CHECKING:
    from etabli.model.load import Model
    from etabli.model.tensors.translated import Translation

Array = np.ndarray[Any, np.dtype[Any]]
Gradient = Callable[[dict[str, Array], int], dict[str, Array]]
STEPS, MOST = 16, 256  # points of the way (Gauss and Legendre's), and the most of them
MISSED, REFUSED = 0.01, 0.05  # of the answer's move: a sum farther off gets more points, one still farther off at the end is no explanation
BATCH = 4096  # rows in one call


def explained(model: Model, made: Explained, x: Feeds, z: Feeds, which: Array) -> Explained:
    """`made` with values, base, output and error (what the sum missed, shared out). x: the rows as the file takes them; z: the background; which [rows]: the column of
    the output. The values of a row with a missing number are NaN; DataError where it is the only row. EtabliError where the way has steps."""
    playing, (translated, gradient) = game(model), _library(model)
    name = _answer(model)
    numeric = [name for name in translated.plan.numeric if x[name].dtype.kind == "f"]
    z = _whole(z, numeric, model)
    count, rows = len(next(iter(z.values()))), len(which)
    values, error = np.zeros((rows, len(playing.players))), np.zeros((rows, len(playing.players)))
    base, output, asked = np.zeros(rows), np.zeros(rows), np.zeros(rows, np.int64)
    for row in range(rows):
        one, column = {name: part[row : row + 1] for name, part in x.items()}, int(which[row])
        (fx,), fz = (playing.tensors(feeds, (name,))[name][:, column] for feeds in (one, z))
        base[row], output[row] = fz.mean(), fx
        if gone := _missing(one, numeric, playing):
            if rows == 1:
                raise DataError("a missing number has no gradient", f"{gone!r} is missing", "leave --method out: Shapley values need none")
            values[row] = error[row] = np.nan  # among others it is counted, and does not end the table
            continue
        here, there = _numbers(translated, one), _numbers(translated, z)
        steps = STEPS
        gap, scale = float(fx - fz.mean()), max(float(np.abs(fx - fz).mean()), 1e-300)
        while True:
            parts = _way(gradient, here, there, column, steps)
            got = sum(float(part.sum()) for part in parts.values())
            asked[row] += steps * count
            if abs(got - gap) <= MISSED * scale or steps >= MOST:
                break
            steps *= 4
        if not abs(got - gap) <= REFUSED * scale:
            raise EtabliError(
                "gradients explain an answer that changes smoothly along the way from the background to the row",
                f"row {row + 1}: they add up to {got:.4g} where the answer moved by {gap:.4g} (trees, or other steps, are flat)",
                "leave --method out: Shapley values need no gradient",
            )
        values[row] = _shared(playing, translated, parts, one, z)
        rest, size = gap - values[row].sum(), np.abs(values[row])
        error[row] = abs(rest) * size / max(size.sum(), 1e-300)
        values[row] += rest * size / max(size.sum(), 1e-300)
    exact = np.zeros(rows, bool)
    return replace(
        made, values=values, error=error, base=base, output=output, exact=exact, asked=asked, background=count, method="gradients"
    )


def _library(model: Model) -> tuple[Translation, Gradient]:
    """The file in PyTorch, or in JAX: (its numbers, inputs and column -> gradients)."""
    if find_spec("torch"):  # it compiles nothing: the first row comes at once
        return _torch(model)
    if find_spec("jax"):
        return _jax(model)
    raise UsageError("gradients are made by JAX or PyTorch", "neither is installed", "pip install 'etabli[nets]' or 'etabli[torch]'")


def _jax(model: Model) -> tuple[Translation, Gradient]:
    import jax

    function, name = model.to_jax(), _answer(model)

    def summed(moving: dict[str, Any], still: dict[str, Any], column: int) -> Any:
        return function.apply(function.params, {**moving, **still})[name][:, column].sum()

    compiled = jax.jit(jax.grad(summed), static_argnums=2)

    def gradient(inputs: dict[str, Array], column: int) -> dict[str, Array]:
        with jax.enable_x64(True):
            return {key: np.asarray(value) for key, value in compiled(*_moving(inputs), column).items()}

    return function._made, gradient


def _torch(model: Model) -> tuple[Translation, Gradient]:
    import torch

    from etabli.model.tensors.translated import translation

    module, answer = model.to_torch(), _answer(model)

    def gradient(inputs: dict[str, Array], column: int) -> dict[str, Array]:
        moving, still = ({key: torch.as_tensor(value) for key, value in part.items()} for part in _moving(inputs))
        for value in moving.values():
            value.requires_grad_(True)
        found = module({**moving, **still})[answer][:, column]
        if not found.requires_grad:  # trees and nothing else
            return {name: np.zeros(value.shape) for name, value in moving.items()}
        slopes = torch.autograd.grad(found.sum(), list(moving.values()), allow_unused=True)
        return {
            name: np.zeros(here.shape) if one is None else one.numpy() for (name, here), one in zip(moving.items(), slopes, strict=True)
        }

    return translation(model, "double"), gradient


def _answer(model: Model) -> str:
    return "probability" if model.classes else "prediction"


def _moving(inputs: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    """(numbers with a gradient, whole numbers)."""
    moving = {name: value.astype(np.float64) for name, value in inputs.items() if value.dtype.kind == "f"}
    return moving, {name: value for name, value in inputs.items() if name not in moving}


def _numbers(translated: Translation, feeds: Feeds) -> dict[str, Array]:
    made = {name: np.asarray(feeds[name]) for name in translated.plan.numeric}
    if translated.session is not None:
        wanted = {value.name for value in translated.session.get_inputs()}
        found = translated.session.run(list(translated.plan.entering), {name: feeds[name] for name in wanted})
        made |= dict(zip(translated.plan.entering, found, strict=True))
    return made


def _whole(z: Feeds, numeric: list[str], model: Model) -> dict[str, Array]:
    """Background rows without a missing number."""
    good = np.logical_and.reduce([np.isfinite(z[name]).all(axis=1) for name in numeric] or [np.ones(len(next(iter(z.values()))), bool)])
    if not good.any():
        raise DataError("gradients need background rows without missing numbers", f"{model.path}: none of {len(good)}", "--background FILE")
    return {name: part[good] for name, part in z.items()}


def _missing(one: Feeds, numeric: list[str], playing: Game) -> str:
    """The first column without a number, "" for none."""
    gone = (name for name, source, place in playing.players if source in numeric and not np.isfinite(one[source][0, place]))
    return next(gone, "")


def _way(
    gradient: Gradient,
    here: dict[str, Array],
    there: dict[str, Array],
    column: int,
    steps: int,
) -> dict[str, Array]:
    """Of each input that moves, [inputs] what it adds: the mean over the background of the integrals along the ways."""
    count = len(next(iter(there.values())))
    for name, value in here.items():
        if value.dtype.kind != "f" and not (there[name] == value).all():
            raise EtabliError(
                "gradients go through numbers that can move", f"{name!r} is a whole number inside the file", "leave --method out"
            )
    points, weights = np.polynomial.legendre.leggauss(steps)
    points, weights = (points + 1) / 2, weights / 2
    summed: dict[str, Array] = {}
    for start in range(0, steps, max(1, BATCH // count)):
        some = points[start : start + max(1, BATCH // count)]
        share = weights[start : start + len(some)]
        at: dict[str, Array] = {}
        for name, value in there.items():
            tail = (1,) * (value.ndim - 1)
            if value.dtype.kind == "f":
                way = value[None] + some.reshape(-1, 1, *tail) * (here[name] - value)[None]
                at[name] = way.reshape(len(some) * count, *value.shape[1:])
            else:
                at[name] = np.tile(value, (len(some), *tail))
        for name, slope in gradient(at, column).items():
            mean = (slope.reshape(len(some), count, *slope.shape[1:]) * share.reshape(-1, 1, *(1,) * (slope.ndim - 1))).sum(axis=0)
            summed[name] = summed.get(name, np.zeros(mean.shape)) + mean
    return {name: ((here[name] - there[name]) * slope).mean(axis=0) for name, slope in summed.items()}


def _shared(playing: Game, translated: Translation, parts: dict[str, Array], one: Feeds, z: Feeds) -> Array:
    """[players]: numbers to their columns; what the texts come to, to those whose text makes it change."""
    values = np.zeros(len(playing.players))
    for player, (_, source, place) in enumerate(playing.players):
        if source in parts and source in translated.plan.numeric:
            values[player] = parts[source][place]
    entering = [name for name in translated.plan.entering if name in parts]
    if not entering:
        return values
    before = _numbers(translated, z)
    texts = [player for player, (_, source, _) in enumerate(playing.players) if source not in translated.plan.numeric]
    moved = {name: np.zeros((len(texts), *parts[name].shape)) for name in entering}
    for at, player in enumerate(texts):
        _, source, place = playing.players[player]
        mixed = {name: part.copy() for name, part in z.items()}
        mixed[source][:, place] = one[source][0, place]
        after = _numbers(translated, mixed)
        for name in entering:
            moved[name][at] = np.abs(after[name] - before[name]).mean(axis=0)
    for name in entering:
        whole = moved[name].sum(axis=0)
        alike = np.where(whole > 0, moved[name] / np.where(whole > 0, whole, 1.0), 1.0 / max(len(texts), 1))
        values[texts] += (alike * parts[name]).reshape(len(texts), -1).sum(axis=1)
    return values
