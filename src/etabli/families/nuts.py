"""The posterior of `pooled.py` sampled, variances and all: NUTS (Hoffman & Gelman 2014) by NumPyro (Phan, Pradhan & Jankowiak 2019).

The sampler moves in the coordinates in which Laplace's approximation is a standard normal, so it starts where the posterior is and takes long steps.
A block whose rows say little is sampled partly away from its deviation, in the share that they do not determine (Papaspiliopoulos, Roberts & Skold
2007); so neither a vanishing variance nor a sharp one makes a funnel. Priors: half-normal of deviation 1 for shared deviations and for the errors, with targets
standardised; the intercept is normal of deviation 10.

Two chains, in blocks of draws: after each the clock is looked at, and the split R-hat (Gelman et al. 2013) says whether a further one is needed.
Rows and columns are padded to a short ladder, and what changes no shape is an argument: the folds of a run share one compiled program. It runs in double
precision on a CPU, where a posterior of this size is at home, also where there is an accelerator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from etabli.families.family import Stop
from etabli.families.pooled import NONE, WIDE, Posterior
from etabli.nets.device import jax
from etabli.nets.train import ladder
from etabli.records import Array

BLOCK, WARM, FEWEST, MOST, CHAINS = 100, 2, 2, 8, 2  # draws a block; blocks to warm up, at least, at most, a chain
MIXED = 1.02  # R-hat from which no further block is asked
DEPTH = 8  # of a tree: 255 steps
SMALL = 256  # rows to which fewer are padded: one program for all small tables
Arguments = dict[str, Any]


def sample(
    x: Array, y: Array, weight: Array, found: Posterior, block: Array, task: str, errors: str, count: int, seed: int, stop: Stop
) -> dict[str, Array] | None:
    """count draws: weights [columns, outputs, count], tau [blocks, count], noise [count] (the errors' variance), and rhat, the largest of all.

    x [rows, columns], y [rows], weight [rows] of mean 1, found: Laplace's approximation; block: `pooled.shared`; errors: "normal" or "student" (numbers).
    None when the clock leaves no time for FEWEST blocks.
    """
    import jax.numpy as xp

    columns, outputs = found.mean.shape
    with jax().enable_x64(True), jax().default_device(jax().devices("cpu")[0]):
        arguments = {name: xp.asarray(value) for name, value in _padded(x, y, weight, found, block).items()}
        first, further = _programs(task, errors, arguments)
        chains = []
        for chain in range(CHAINS):
            state = first(arguments, jax().random.key(2 * seed + chain))
            for _ in range(WARM):
                if stop():
                    return None
                state, _ = further(state, arguments)
            chains.append((state, list[Any]()))
        rhat = np.inf
        for turn in range(MOST):
            if turn and stop():
                break
            for place, (state, drawn) in enumerate(chains):
                state, made = further(state, arguments)
                drawn.append({name: np.asarray(value) for name, value in made.items()})
                chains[place] = (state, drawn)
            all_draws = {
                name: np.stack([np.concatenate([part[name] for part in drawn]) for _, drawn in chains]) for name in chains[0][1][0]
            }
            rhat = max(split_rhat(_real(all_draws[name], name, columns, outputs, len(found.tau))) for name in all_draws)
            if turn + 1 >= FEWEST and rhat < MIXED:
                break
    each = all_draws["coefficients"].shape[1]
    kept = np.linspace(0, each - 1, count // CHAINS).round().astype(int)
    flat = {name: value[:, kept].reshape(-1, *value.shape[2:]) for name, value in all_draws.items()}
    return {
        "weights": np.moveaxis(flat["coefficients"][:, :columns], 0, -1),
        "tau": flat["tau"][:, : len(found.tau)].T,
        "noise": flat["noise"],
        "rhat": np.array(rhat),
    }


def split_rhat(draws: Array) -> float:
    """The largest split R-hat of draws [chains, draws, ...] (Gelman et al. 2013): 1 where both halves of all chains are alike."""
    half = draws.shape[1] // 2
    parts = np.concatenate([draws[:, :half], draws[:, half : 2 * half]]).reshape(2 * len(draws), half, -1)
    within = parts.var(axis=1, ddof=1).mean(axis=0)
    between = parts.mean(axis=1).var(axis=0, ddof=1)
    moving = within > 1e-300
    return float(np.sqrt((half - 1) / half + between[moving] / within[moving]).max(initial=1.0))


def _real(draws: Array, name: str, columns: int, outputs: int, blocks: int) -> Array:
    return draws[:, :, :columns, :outputs] if name == "coefficients" else draws[:, :, :blocks] if name == "tau" else draws


def _padded(x: Array, y: Array, weight: Array, found: Posterior, block: Array) -> Arguments:
    """Padding: rows of weight 0, columns of zeros with a standard normal of their own, blocks without columns."""
    rows, columns, blocks = ladder(max(len(y), SMALL)), ladder(x.shape[1]), -(-len(found.tau) // 4) * 4
    outputs = found.mean.shape[1]
    wide = np.zeros((rows, columns))
    wide[: len(x), : x.shape[1]] = x
    root = np.eye(columns * outputs)
    size = x.shape[1] * outputs
    root[:size, :size] = found.root
    mean = np.zeros((columns, outputs))
    mean[: len(block)] = found.mean
    tau, centred = np.ones(blocks), np.ones(blocks)
    tau[: len(found.tau)], centred[: len(found.tau)] = found.tau, found.pooled
    own, fixed = np.full(columns, NONE), np.ones(columns)
    own[: len(block)] = block
    fixed[: len(block)] = WIDE
    padding = np.zeros(rows - len(y))
    noise = np.sqrt(found.noise or 1.0)
    return {
        "x": wide, "y": np.append(y, padding.astype(y.dtype)), "weight": np.append(weight, padding), "root": root, "mean": mean, "tau": tau,
        "centred": centred, "block": np.maximum(own, 0), "free": own != NONE, "fixed": fixed, "noise": np.array(noise),
    }  # fmt: skip


def _model(task: str, errors: str) -> Callable[..., None]:
    """The NumPyro model of one kind of target."""
    import jax.numpy as xp
    import numpyro
    from numpyro import distributions as dist

    def model(a: Arguments) -> None:
        tau = numpyro.sample("tau", dist.HalfNormal(xp.ones_like(a["tau"])))
        place = numpyro.sample("place", dist.ImproperUniform(dist.constraints.real_vector, (), (a["root"].shape[0],)))
        lift = xp.where(a["free"], ((1 - a["centred"]) * xp.log(tau / a["tau"]))[a["block"]], 0.0)
        coefficients = xp.exp(lift)[:, None] * (a["mean"] + (a["root"] @ place).reshape(a["mean"].shape))
        deviation = xp.where(a["free"], tau[a["block"]], a["fixed"])[:, None]
        numpyro.factor("prior", dist.Normal(0.0, deviation).log_prob(coefficients).sum() + a["mean"].shape[1] * lift.sum())
        eta = a["x"] @ coefficients
        noise: Any = xp.zeros(())
        if task == "regression":
            sigma = numpyro.sample("sigma", dist.HalfNormal(1.0))
            noise = sigma**2
            if errors == "student":
                tails = numpyro.sample("tails", dist.Gamma(2.0, 0.1))  # degrees of freedom above 2, so that there is a variance
                freedom = 2.0 + tails
                likely = dist.StudentT(freedom, eta[:, 0], sigma).log_prob(a["y"])
                noise = noise * freedom / tails
            else:
                likely = dist.Normal(eta[:, 0], sigma).log_prob(a["y"])
        elif task == "binary":
            likely = dist.Bernoulli(logits=eta[:, 0]).log_prob(a["y"])
        else:
            likely = dist.Categorical(logits=eta).log_prob(a["y"])
        numpyro.factor("rows", (a["weight"] * likely).sum())
        numpyro.deterministic("coefficients", coefficients)
        numpyro.deterministic("noise", noise)

    return model


_known: dict[Any, Any] = {}
_lock = threading.Lock()


def _programs(task: str, errors: str, arguments: Arguments) -> tuple[Any, Any]:
    """(arguments, key -> first state; state, arguments -> next state, BLOCK draws): compiled once in a process for arguments of these shapes, and found
    again in the cache folder by others."""
    key = (task, errors, *((name, value.shape) for name, value in arguments.items()))
    with _lock:
        if key not in _known:
            _known[key] = _compiled(task, errors, arguments)
        made: tuple[Any, Any] = _known[key]
        return made


def _compiled(task: str, errors: str, arguments: Arguments) -> tuple[Any, Any]:
    import jax.numpy as xp
    from jax import lax
    from numpyro.infer.hmc import hmc
    from numpyro.infer.util import constrain_fn, potential_energy

    model = _model(task, errors)
    begin, step = hmc(potential_fn_gen=lambda a: lambda z: potential_energy(model, (a,), {}, z), algo="NUTS")

    def first(a: Arguments, key: Any) -> Any:
        z = {"tau": xp.log(a["tau"]), "place": xp.zeros(a["root"].shape[0])}
        if task == "regression":
            z |= {"sigma": xp.log(a["noise"])} | ({"tails": xp.log(10.0)} if errors == "student" else {})
        return begin(z, WARM * BLOCK, step_size=0.5, max_tree_depth=DEPTH, model_args=(a,), rng_key=key)

    def further(state: Any, a: Arguments) -> Any:
        def one(state: Any, _: None) -> Any:
            state = step(state, model_args=(a,))
            made = constrain_fn(model, (a,), {}, state.z, return_deterministic=True)
            return state, {name: made[name] for name in ("coefficients", "tau", "noise")}

        return lax.scan(one, state, None, BLOCK)

    started = jax().jit(first).lower(arguments, jax().random.key(0)).compile()
    state = started(arguments, jax().random.key(0))
    return started, jax().jit(further).lower(state, arguments).compile()
