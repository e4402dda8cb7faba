"""Weights that share their variances: the matrix of a hierarchical linear model, and Laplace's approximation to its posterior.

Every weight has a normal prior whose variance it shares with its block: all plain columns are one block, the levels of a category column are another
(their intercepts), its levels times a number a third (their slopes). Blocks whose levels hardly differ get a small variance, and their levels are drawn
towards the population: partial pooling (Gelman & Hill 2007). With a block of plain columns alone this is Bayesian linear or logistic regression.

The variances are the most likely ones, found by MacKay's fixed point (1992); the weights given them are normal: exactly for numbers, by Laplace's
approximation at the mode for classes. One pseudo-level of half a deviation keeps a variance from vanishing where there are few levels (compare Chung et
al. 2013). What that leaves out is the doubt about the variances themselves; where rows are few, `nuts.py` puts it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.families.family import Stop
from etabli.records import Array, Data

MOST, CHUNK, ROUNDS = 1_000, 8_192, 60
WIDE, PSEUDO, HALF = 10.0, 1.0, 0.25  # the intercept's deviation; pseudo-levels and their variance
LEAST = 1e-6  # of a variance
NONE = -1


@dataclass(frozen=True)
class Posterior:
    """mean [columns, outputs]: the weights, the intercepts last. root [columns * outputs] squared: root @ root.T is their covariance (column by column,
    outputs within). tau [blocks]: deviations shared. pooled [blocks]: the share of each block that the rows determine, 0 to 1. noise: variance of errors."""

    mean: Array
    root: Array
    tau: Array
    pooled: Array
    noise: float


def layout(data: Data, slopes: int = 0) -> dict[str, Array]:
    """Which columns the model has. plain [c]: features taken as they are; gaps [g]: those with an indicator of what is missing; groups [k]: features that
    are codes; known: their codes with training rows, one group after the other, counts [k] of them; blocks [b, 2]: (group, feature it multiplies or -1).
    slopes: so many numbers, those nearest to the target, have a slope a level."""
    plain = [j for j, feature in enumerate(data.features) if not feature.levels and not np.isnan(data.x[:, j]).all()]
    groups = [j for j, feature in enumerate(data.features) if feature.levels]
    gaps = [j for j in plain if np.isnan(data.x[:, j]).any()]
    known, counts, left = [], [], MOST
    for j in groups:
        codes, rows = np.unique(data.x[~np.isnan(data.x[:, j]), j], return_counts=True)
        kept = np.sort(codes[np.argsort(-rows, kind="stable")[:left]])
        known.append(kept)
        counts.append(len(kept))
        left -= len(kept)
    groups = [j for j, count in zip(groups, counts, strict=True) if count]  # a column without levels says nothing
    known, counts = [codes for codes in known if len(codes)], [count for count in counts if count]
    blocks = [(place, NONE) for place in range(len(groups))]
    if slopes:
        near = sorted(plain, key=lambda j: -_near(data.x[:, j], data.y))[:slopes]
        for place, count in enumerate(counts):
            if count * len(near) <= left:
                blocks += [(place, j) for j in near]
                left -= count * len(near)
    return {
        "plain": np.array(plain, np.int64),
        "gaps": np.array(gaps, np.int64),
        "groups": np.array(groups, np.int64),
        "known": np.concatenate(known) if known else np.zeros(0),
        "counts": np.array(counts, np.int64),
        "blocks": np.array(blocks, np.int64).reshape(-1, 2),
    }


def _near(x: Array, y: Array) -> float:
    """How close a number is to the target (of classes: to the class furthest away): the absolute correlation."""
    x = np.nan_to_num(x)
    targets = [y] if y.dtype.kind == "f" else [y == k for k in np.unique(y)]
    if not x.std():
        return 0.0
    return max((abs(float(np.corrcoef(x, t)[0, 1])) for t in targets if np.std(t)), default=0.0)


def spots(x: Array, kept: Mapping[str, Array]) -> Array:
    """int64 [rows, groups]: the number of each level among those known of its group; their count where it is none of them."""
    made = np.empty((len(x), len(kept["groups"])), np.int64)
    ends = np.cumsum(kept["counts"])
    for place, (j, end, count) in enumerate(zip(kept["groups"], ends, kept["counts"], strict=True)):
        known = kept["known"][end - count : end]
        at = np.searchsorted(known, x[:, j])
        found = known[np.minimum(at, count - 1)] == x[:, j]
        made[:, place] = np.where(found, at, count)
    return made


def matrix(x: Array, kept: Mapping[str, Array]) -> Array:
    """float64 [rows, columns]: the plain columns, their indicators, a 0/1 column a level of each block (times a number where it is a slope), 1."""
    level = spots(x, kept)
    parts = [np.nan_to_num(x[:, kept["plain"]]), np.isnan(x[:, kept["gaps"]]).astype(np.float64)]
    for group, factor in kept["blocks"]:
        made = (level[:, [group]] == np.arange(kept["counts"][group])).astype(np.float64)
        parts.append(made if factor == NONE else made * np.nan_to_num(x[:, [factor]]))
    return np.hstack([*parts, np.ones((len(x), 1))])


def shared(kept: Mapping[str, Array]) -> Array:
    """int64 [columns]: the block of each column, 0 the plain ones; -1 the intercept, which shares nothing."""
    sizes = [len(kept["plain"]) + len(kept["gaps"]), *(kept["counts"][group] for group, _ in kept["blocks"])]
    return np.append(np.repeat(np.arange(len(sizes)), sizes), NONE)


def _chunks(data: Data, kept: Mapping[str, Array]) -> Iterator[tuple[slice, Array]]:
    for start in range(0, len(data.y), CHUNK):
        part = slice(start, start + CHUNK)
        yield part, matrix(data.x[part], kept)


def _precision(block: Array, tau: Array) -> Array:
    return np.where(block == NONE, WIDE**-2.0, tau[block] ** -2.0)


def _variances(mean: Array, variance: Array, block: Array, tau: Array) -> tuple[Array, Array]:
    """(the next deviations, the share that the rows determine) of each block. mean, variance: [columns, outputs]."""
    new, share = tau.copy(), np.zeros(len(tau))
    for k in range(len(tau)):
        mine = block == k
        if not mine.any():
            continue
        share[k] = float(np.clip(1 - variance[mine].mean() / tau[k] ** 2, 0.0, 1.0))
        new[k] = np.sqrt(max((float((mean[mine] ** 2).sum()) + PSEUDO * HALF) / (share[k] * mean[mine].size + PSEUDO), LEAST))
    return new, share


def normal(gram: Array, pull: Array, total: float, rows: float, block: Array) -> Posterior:
    """Of numbers with normal errors, at the most likely variances. gram: X'WX, pull: X'Wy, total: y'Wy, rows: the sum of the weights; y of variance 1."""
    tau, noise = np.full(int(block.max(initial=0)) + 1, 0.5), 0.5
    for _ in range(ROUNDS):
        mean, covariance = given(gram, pull, _precision(block, tau), noise)
        new, share = _variances(mean[:, None], covariance.diagonal()[:, None], block, tau)
        used = float((gram * covariance).sum()) / noise
        rest = max(total - 2 * float(mean @ pull) + float(mean @ gram @ mean), 0.0)
        before, noise = noise, max((rest + 0.01) / max(rows - used + 1.0, 0.5), LEAST)
        moved = max(np.abs(np.log(new / tau)).max(), abs(np.log(noise / before)))
        tau = new
        if moved < 1e-4:
            break
    mean, covariance = given(gram, pull, _precision(block, tau), noise)
    return Posterior(mean[:, None], _root(covariance), tau, share, noise)


def given(gram: Array, pull: Array, precision: Array, noise: float) -> tuple[Array, Array]:
    """(mean, covariance) of the weights when all variances are known: the conjugate posterior (Lindley & Smith 1972). precision: [columns]."""
    covariance = np.linalg.inv(gram / noise + np.diag(precision))
    return covariance @ pull / noise, covariance


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def posterior(data: Data, kept: Mapping[str, Array], y: Array, weight: Array, outputs: int, stop: Stop) -> Posterior:
    """Of any task. y: float64 [rows] standardised, or class numbers. weight: [rows] of mean 1. outputs: 1, or the classes."""
    block = shared(kept)
    if data.task != "regression":
        return _classes(data, kept, y, weight, outputs, block, stop)
    gram, pull = np.zeros((len(block), len(block))), np.zeros(len(block))
    for part, x in _chunks(data, kept):
        weighed = x.T * weight[part]
        gram += weighed @ x
        pull += weighed @ y[part]
    return normal(gram, pull, float(weight @ y**2), float(weight.sum()), block)


def _classes(data: Data, kept: Mapping[str, Array], y: Array, weight: Array, outputs: int, block: Array, stop: Stop) -> Posterior:
    """Newton's steps to the mode, with the variances moved along."""
    size = len(block) * outputs
    truth = y[:, None].astype(np.float64) if outputs == 1 else np.eye(outputs)[y]
    tau, mean, worth = np.full(int(block.max(initial=0)) + 1, 0.5), np.zeros((len(block), outputs)), np.inf
    share, step = np.zeros(len(tau)), np.zeros_like(mean)
    for turn in range(ROUNDS):
        precision = np.repeat(_precision(block, tau), outputs)
        for _ in range(20):  # a step that climbs
            trial = mean + step
            value, slope, curve = _passed(data, kept, truth, weight, trial, outputs)
            value += 0.5 * float(precision @ trial.reshape(-1) ** 2)
            if value <= worth + 1e-9 * abs(worth) or not np.abs(step).max() > 1e-8:
                break
            step /= 2
        mean = trial
        covariance = np.linalg.inv(curve + np.diag(precision))
        new, share = _variances(mean, covariance.diagonal().reshape(mean.shape), block, tau)
        step = -(covariance @ (slope + precision * mean.reshape(-1))).reshape(mean.shape)
        moved = np.abs(np.log(new / tau)).max() if turn > 2 else np.inf
        if (moved < 1e-3 and np.abs(step).max() < 1e-4) or (stop() and turn > 1):
            break
        if turn > 1:  # the mode first, roughly
            tau = new
        worth = (
            value
            - 0.5 * float(precision @ mean.reshape(-1) ** 2)
            + 0.5 * float(np.repeat(_precision(block, tau), outputs) @ mean.reshape(-1) ** 2)
        )
    assert covariance.shape == (size, size)
    return Posterior(mean, _root(covariance), tau, share, 0.0)


def _passed(data: Data, kept: Mapping[str, Array], truth: Array, weight: Array, mean: Array, outputs: int) -> tuple[float, Array, Array]:
    """(loss, its gradient [columns * outputs], its Hessian) of the rows."""
    value, slope = 0.0, np.zeros(mean.shape)
    curve = np.zeros((len(mean), outputs, len(mean), outputs))
    for part, x in _chunks(data, kept):
        eta, w = x @ mean, weight[part]
        if outputs == 1:
            p = 1 / (1 + np.exp(-eta))
            value += float(w @ (np.logaddexp(0, eta) - truth[part] * eta)[:, 0])
        else:
            top = eta.max(axis=1, keepdims=True)
            level = top + np.log(np.exp(eta - top).sum(axis=1, keepdims=True))
            p = np.exp(eta - level)
            value += float(w @ (level[:, 0] - (truth[part] * eta).sum(axis=1)))
        slope += x.T @ (w[:, None] * (p - truth[part]))
        for k in range(outputs):
            for m in range(k, outputs):
                bent = p[:, k] * (1 - p[:, k]) if outputs == 1 or m == k else -p[:, k] * p[:, m]
                made = (x.T * (w * bent)) @ x
                curve[:, k, :, m] += made
                if m != k:
                    curve[:, m, :, k] += made
    size = mean.size
    return value, slope.reshape(-1), curve.reshape(size, size)


def standardised(data: Data) -> tuple[Array, Array, float, float]:
    """(targets, weights of mean 1, centre, spread): numbers to mean 0 and variance 1, classes as they are."""
    weight = np.ones(len(data.y)) if data.weight is None else data.weight * (len(data.y) / data.weight.sum())
    if data.task != "regression":
        return data.y, weight, 0.0, 1.0
    centre = float(np.average(data.y, weights=weight))
    spread = float(np.sqrt(np.average((data.y - centre) ** 2, weights=weight))) or 1.0
    return (data.y - centre) / spread, weight, centre, spread


def draws(found: Posterior, count: int, seed: int) -> tuple[Array, Array]:
    """(weights [columns, outputs, count], deviations [blocks, count]) of the normal approximation, in opposite pairs: their mean is exact."""
    random = np.random.default_rng(seed)
    half = random.normal(size=(found.root.shape[1], count // 2))
    away = found.root @ np.hstack([half, -half])
    return found.mean[..., None] + away.reshape(*found.mean.shape, count), np.repeat(found.tau[:, None], count, axis=1)


def unseen(tau: Array, outputs: int, seed: int) -> Array:
    """[blocks, outputs, draws]: effects of a level without training rows: 0 on average, with the block's own variance."""
    from scipy.special import ndtri

    blocks, count = tau.shape
    random = np.random.default_rng([seed, 1])
    even = ndtri((np.arange(count) + 0.5) / count)
    even = even / np.sqrt((even**2).mean())
    shuffled: Any = random.permuted(np.broadcast_to(even, (blocks, outputs, count)), axis=2)
    return np.asarray(shuffled * tau[:, None])
