"""How sure a network is of a row: by its members' spread, by Laplace's approximation on its last layer, by both.

    nice -n 10 python benchmarks/deviation.py FOLDER california_housing diamonds [--rows 8000] [--seeds 3] [--settings 0,1,3,4] [--lines]

FOLDER holds the data and datasets.json. Rows are shuffled (seed 0); a quarter (4 000 at most) is new, so many of the others are learned from (a fifth of them decides when to stop). The new rows
stand there twice more: with one cell of each taken from another of them ("one"), and with every column shuffled by itself ("all"): rows that look right cell by cell, and are not.

A line a setting of `tabm` and source of doubt, the mean over seeds; one line of JSON a network with --lines. Of a number, with "doubt" what the source says of the variance:
noise alone; noise + doubt, noise being what the held rows' errors leave over (`plain`, as in the files of before); noise + factor * doubt (`nets/doubt.py`, which keeps the first member's posterior
alone: `first`).

rank         rank correlation of the deviation with the absolute error, or with the log-loss
likelihood   of a number: mean log-density of a normal law around the answer, over that of noise alone. Of classes: of the answer moderated by Laplace's variances over that of the plain one
tempered     of classes: the same, both at the temperature that is best on the held rows, as the calibration of a run would do
least        likelihood of the worst seed
one, all     share of pairs (new row, spoilt row) in which the spoilt one has the larger deviation
holds, width of the 90 % interval that the deviation makes, in deviations of the target; most: what it holds in the fifth of new rows with the largest deviation
cpu          seconds of the fit (Laplace's part among them), and of Laplace's part with all members
kB           what the source adds to the file, of one network

Of classes the doubt is the variance of the probabilities, summed over classes; `answer` is the entropy of the answer. `novelty` is what every file says (`judge/novelty.py`), learned from the same rows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.preparation import matrix, prepare
from etabli.data.sources import read
from etabli.data.target import target
from etabli.families import families, tabm
from etabli.judge import novelty
from etabli.nets import doubt, laplace
from etabli.nets.block import inner
from etabli.nets.train import split
from etabli.records import Data, Facts
from etabli.work.heads import UNLIKE

Array = np.ndarray[Any, np.dtype[Any]]
NEW = 4000
Part = tuple[
    Array, Array, Array
]  # outputs of all members, their variances, truth: of the held rows, the new ones and the two kinds of spoilt ones
SHOWN = ("kB", "cpu", "laplace", "rank", "likelihood", "least", "tempered", "one", "all", "holds", "most", "width")


def tables(folder: Path, name: str, rows: int, into: Path) -> tuple[Path, str, int]:
    """(a CSV file of new rows, those with one cell changed, those with all columns shuffled, rows to learn from; the target; the number of new rows)."""
    import pandas as pd

    about = next(one for one in json.loads((folder / "datasets.json").read_text()) if one["name"] == name)
    file = folder / about["file"]
    frame = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    out = [about[key] for key in ("leak", "split_column") if isinstance(about.get(key), str)] + list(about.get("id_columns", []))
    frame = frame.drop(columns=out).dropna(subset=[about["target"]]).sample(frac=1, random_state=0).reset_index(drop=True)
    new = min(NEW, len(frame) // 4)
    random = np.random.default_rng(0)
    fresh, columns = frame.iloc[:new], [column for column in frame if column != about["target"]]
    one, all_ = fresh.copy(), fresh.copy()
    chosen = random.integers(len(columns), size=new)
    for place, column in enumerate(columns):
        other = fresh[column].to_numpy()[random.permutation(new)]
        all_[column] = other
        one[column] = fresh[column].where(chosen != place, other)
    pd.concat([fresh, one, all_, frame.iloc[new : new + rows]]).to_csv(into / "table.csv", index=False)
    return into / "table.csv", about["target"], new


def measured(path: Path, name: str, new: int, seed: int, place: int) -> list[dict[str, Any]]:
    """One network of one setting."""
    table = read(path)
    wanted, _ = target(table, name)
    learned = np.arange(3 * new, table.rows)
    family = families()["tabm"]
    setting = family.settings(Facts(wanted.task, len(wanted.classes), len(learned), len(table.columns)))[place]
    prepared = prepare(table, wanted, setting.wants, learned, seed)
    x = matrix(prepared, table, learned) if prepared.train is None else prepared.train
    data = Data(x, wanted.y[learned], prepared.features, wanted.task, len(wanted.classes), None, seed, 1)
    began = time.process_time()
    fitted = family.fit(setting, data, lambda: False)
    spent = time.process_time() - began
    held = split(len(data.y), seed, None if data.task == "regression" else data.y)
    chain, weights = tabm.rebuilt(fitted.setting.values, fitted.arrays), inner(fitted.arrays, "net.")
    ones, members, noise = np.ones(len(data.y)), int(setting.values["members"]), 1.0
    if data.task == "regression":
        centred = (data.y - float(fitted.arrays["centre"])) / float(fitted.arrays["spread"])
        noise = float(((centred[held] - doubt.parts(chain, weights, data.x[held])[0][..., 0].mean(axis=1)) ** 2).mean())
    began = time.process_time()
    kept = doubt.posterior(chain, weights, data.x[~held], ones[~held], data.task, noise, members)
    extra = time.process_time() - began
    parts = [(data.x[held], data.y[held])] + [
        (matrix(prepared, table, np.arange(k * new, (k + 1) * new)), wanted.y[k * new : (k + 1) * new]) for k in range(3)
    ]
    asked = [(*doubt.parts(chain, weights, x), y) for x, y in parts]
    raws = [(raw, laplace.variance(kept, features), y) for raw, features, y in asked]
    strange = [-odd for odd in unlike(table, wanted, learned, new, seed)]
    room = sum(value.nbytes for value in kept.values()) / 1000
    told = {
        "data": path.parent.name,
        "setting": setting.origin.split(":")[0].split(" (")[0],
        "seed": seed,
        "cpu": round(spent, 1),
        "laplace": round(extra, 2),
    }
    found = numbers(raws, fitted.arrays, strange) if data.task == "regression" else classes(raws, strange)
    sizes = {"laplace": room, "both": room, "first": room / members}
    return [
        told | {"source": source, "kB": round(sizes.get(source.split(",")[0], 0.0)), **{key: round(float(v), 4) for key, v in one.items()}}
        for source, one in found.items()
    ]


def unlike(table: Any, wanted: Any, learned: Array, new: int, seed: int) -> list[Array]:
    """Novelty of the new rows and of the two kinds of spoilt ones (a small p-value for the strange), after learning from the same rows."""
    used = [column.name for column in table.columns if column.name != wanted.name and column.kind != "text"]
    made = prepare(table, wanted, UNLIKE, learned, seed, columns=used)
    shape = novelty.fit(matrix(made, table, learned), np.arange(len(learned)) % 5, seed)
    return [shape.apply(matrix(made, table, np.arange(k * new, (k + 1) * new)))[:, 0] for k in range(3)]


def numbers(raws: list[Part], arrays: Any, strange: list[Array]) -> dict[str, dict[str, float]]:
    """In units of the target's deviation."""
    ys = [(y - float(arrays["centre"])) / float(arrays["spread"]) for _, _, y in raws]
    errors = [y - raw[..., 0].mean(axis=1) for (raw, _, _), y in zip(raws, ys, strict=True)]
    apart = [raw[..., 0].var(axis=1) for raw, _, _ in raws]
    posterior = [spread[..., 0].mean(axis=1) for _, spread, _ in raws]
    sources = {"noise": [0 * one for one in apart], "laplace": posterior}
    if raws[0][0].shape[1] > 1:
        sources |= {"spread": apart, "both": [a + b for a, b in zip(apart, posterior, strict=True)]}
        sources |= {"first": [a + spread[:, 0, 0] for a, (_, spread, _) in zip(apart, raws, strict=True)]}
    square = errors[0] ** 2
    error = float(square.mean())
    found: dict[str, dict[str, float]] = {}
    for source, says in sources.items():
        plain = max(error - float(says[0].mean()), error / 4), 1.0
        fitted = doubt.fitted(square, says[0], np.ones(len(square)))
        for name, (noise, factor) in {"noise": {"noise": plain}}.get(source, {f"{source}, plain": plain, source: fitted}).items():
            total = [noise + factor * one for one in says]
            density = float((-0.5 * np.log(2 * np.pi * total[1]) - errors[1] ** 2 / (2 * total[1])).mean())
            inside = np.abs(errors[1]) <= 1.645 * np.sqrt(total[1])
            found[name] = judged(np.abs(errors[1]), total[1:]) | {
                "likelihood": density - found["noise"]["density"] if found else 0.0,
                "density": density,
                "holds": inside.mean(),
                "most": inside[np.argsort(total[1], kind="stable")[-(len(inside) // 5) :]].mean(),
                "width": 3.29 * np.sqrt(total[1]).mean(),
                "factor": factor,
            }
    return found | {"novelty": judged(np.abs(errors[1]), strange)}


def classes(raws: list[Part], strange: list[Array]) -> dict[str, dict[str, float]]:
    """The doubt of a row: the variance of the probabilities, summed over classes."""
    plain, moderate = [shares(raw, None) for raw, _, _ in raws], [shares(raw, spread) for raw, spread, _ in raws]
    ys = [y.astype(int) for _, _, y in raws]
    apart = [p.var(axis=1).sum(axis=1) for p in plain]
    posterior = [slopes(p, spread).mean(axis=1) for p, (_, spread, _) in zip(plain, raws, strict=True)]
    answers = [p.mean(axis=1) for p in plain]
    sources = {"answer": [-(np.log(np.maximum(p, 1e-12)) * p).sum(axis=1) for p in answers], "laplace": posterior}
    if raws[0][0].shape[1] > 1:
        sources |= {"spread": apart, "both": [a + b for a, b in zip(apart, posterior, strict=True)]}
    loss = lost(answers[1], ys[1])
    before, after = (
        [lost(p[1], ys[1]).mean(), lost(heated(p[1], best(p[0], ys[0])), ys[1]).mean()]
        for p in (answers, [p.mean(axis=1) for p in moderate])
    )
    gain = {"likelihood": before[0] - after[0], "tempered": before[1] - after[1]}
    found = {source: judged(loss, says[1:]) | ({} if source == "answer" else gain) for source, says in sources.items()}
    return found | {"novelty": judged(loss, strange)}


def judged(error: Array, doubt: list[Array]) -> dict[str, float]:
    """rank, one, all. doubt: of the new rows and of the two kinds of spoilt ones."""
    from scipy.stats import spearmanr

    usual, *odd = doubt
    rank = float(spearmanr(error, usual)[0]) if np.ptp(usual) > 0 else 0.0
    return {"rank": rank} | {name: above(usual, one) for name, one in zip(("one", "all"), odd, strict=True)}


def above(usual: Array, odd: Array) -> float:
    """The share of pairs in which the odd one is larger; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([usual, odd]))
    return float((ranks[len(usual) :].sum() - len(odd) * (len(odd) + 1) / 2) / (len(usual) * len(odd)))


def moderated(margins: Array, spread: Array) -> Array:
    """Margins under their variances, so that the link of the result is about the mean probability: MacKay 1992's probit approximation, of several classes each margin by its own
    variance (Gibbs 1997). Both [..., outputs]."""
    return np.asarray(margins / np.sqrt(1 + np.pi / 8 * spread))


def shares(raw: Array, spread: Array | None) -> Array:
    """[rows, members, classes] probabilities of margins, moderated by their variances."""
    margins = raw if spread is None else moderated(raw, spread)
    if raw.shape[2] == 1:
        p = 1 / (1 + np.exp(-np.clip(margins, -500, 500)))
        return np.concatenate([1 - p, p], axis=2)
    powers = np.exp(margins - margins.max(axis=2, keepdims=True))
    return np.asarray(powers / powers.sum(axis=2, keepdims=True))


def slopes(p: Array, spread: Array) -> Array:
    """[rows, members]: the variance of the probabilities by that of the margins (delta method), summed over classes."""
    if spread.shape[2] == 1:
        return np.asarray(2 * (p[..., 0] * p[..., 1]) ** 2 * spread[..., 0])
    jacobian = np.einsum("rmi,ij->rmij", p, np.eye(p.shape[2])) - p[..., None] * p[..., None, :]
    return np.asarray((jacobian**2 * spread[..., None, :]).sum(axis=(2, 3)))


def lost(p: Array, y: Array) -> Array:
    return np.asarray(-np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)))


def heated(p: Array, warm: float) -> Array:
    powers = np.maximum(p, 1e-12) ** (1 / warm)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def best(p: Array, y: Array) -> float:
    """The temperature of least log-loss, of a fine grid."""
    return float(min(np.exp(np.linspace(-1, 1.5, 251)), key=lambda warm: lost(heated(p, warm), y).mean()))


def told(data: str, lines: list[dict[str, Any]]) -> str:
    """One line of several seeds."""
    means = {name: float(np.mean([line[name] for line in lines])) for name in SHOWN if name in lines[0]}
    if "likelihood" in means:
        means["least"] = min(line["likelihood"] for line in lines)
    shown = " ".join(f"{name} {means[name]:.3g}" for name in SHOWN if name in means)
    return f"{data} | {lines[0]['setting']} | {lines[0]['source']} | {shown}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--settings", default="0,1,3,4")
    parser.add_argument("--lines", action="store_true")
    options = parser.parse_args()
    for data in options.names:
        with tempfile.TemporaryDirectory() as into:
            (Path(into) / data).mkdir()
            path, name, new = tables(options.folder, data, options.rows, Path(into) / data)
            for place in map(int, options.settings.split(",")):
                lines = []
                for seed in range(options.seeds):
                    lines += (made := measured(path, name, new, seed, place))
                    for line in made if options.lines else []:
                        print(json.dumps(line), flush=True)
                for source in {line["source"]: 0 for line in lines} if not options.lines else []:
                    print(told(data, [line for line in lines if line["source"] == source]), flush=True)


if __name__ == "__main__":
    main()
