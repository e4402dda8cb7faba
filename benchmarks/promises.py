"""Measures what the comparison, the intervals and the calibrators promise, and writes promises.md beside itself.

    .venv/bin/python benchmarks/promises.py                  few seeds, some minutes
    .venv/bin/python benchmarks/promises.py --full           the figures of the issue: 200 seeds, ten sets, twenty splits
    .venv/bin/python benchmarks/promises.py --only noise     a part; the others keep their last figures

ETABLI_PROCESSES says how many processes work, two by default.

The simulations are those of tests/promises. MAPIE and crepes are measured beside établi on the same splits where they are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

HERE = Path(__file__).resolve().parent
PROCESSES = int(os.environ.get("ETABLI_PROCESSES") or 2)
Rows = list[dict[str, Any]]


def data_folder() -> Path:
    return Path(os.environ.get("ETABLI_BENCHMARK_DATA") or HERE.parent.parent / "shared" / "data")


def _asked(job: tuple[Any, int]) -> dict[str, Any]:
    from tests.promises.measured import figures

    question, seeds = job
    start = time.process_time()
    found = asdict(figures(question, range(seeds)))
    return asdict(question) | found | {"cpu": time.process_time() - start}


def _all(work: Callable[[Any], Any], jobs: list[Any]) -> list[Any]:
    """Some processes; what a job gives does not depend on them."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("forkserver")) as pool:
        return list(pool.map(work, jobs))


def _simulated(signal: bool, full: bool, seeds: int | None) -> Rows:
    """Every metric on three sizes, and weighed on one; the dearest first."""
    from tests.promises.measured import Question

    count = seeds or (200 if full else 20)
    asked = [(n, False) for n in ((1_000, 200, 100) if full else (200, 100))] + [(200, True)]
    return _all(
        _asked, [(Question(metric, n, signal, weighted), count) for n, weighted in asked for metric in ("roc_auc", "log_loss", "rmse")]
    )


def noise(full: bool, seeds: int | None = None) -> Rows:
    return _simulated(False, full, seeds)


def dependent(full: bool, seeds: int | None = None) -> Rows:
    """Noise of few groups, of groups that are drawn whole, in time."""
    from tests.promises.measured import Question

    kinds: list[dict[str, Any]] = [{"groups": 12}, {"groups": 40}, {"in_time": True}]
    metrics = ("roc_auc", "log_loss", "rmse")
    return _all(_asked, [(Question(metric, 200, **kind), seeds or (200 if full else 20)) for kind in kinds for metric in metrics])


def signal(full: bool, seeds: int | None = None) -> Rows:
    return _simulated(True, full, seeds)


def _covered(job: tuple[int, str, int, bool]) -> Rows:
    from tests.promises.kept import coverage
    from tests.promises.real import SETS

    place, kind, splits, weighted = job
    warnings.simplefilter("ignore")
    answer = []
    for (head, level), found in coverage(SETS[place], data_folder(), kind, range(splits), weighted).items():
        figures = {"coverage": found.mean, "band": found.band, "within": found.within, "worst": found.worst, "grouped": found.grouped}
        size = sum(found.size) / len(found.size)
        answer.append({"set": SETS[place].name, "model": kind, "weighted": weighted, "head": head, "level": level, "size": size} | figures)
    return answer


def coverage(full: bool, seeds: int | None = None) -> Rows:
    jobs = [
        (place, ("linear", "boosted")[place // 2 % 2], 20 if full else 3, weighted) for weighted in (False, True) for place in range(10)
    ]
    return [row for rows in _all(_covered, jobs) for row in rows]


def _gained(job: tuple[int, str, int, bool]) -> dict[str, Any]:
    from tests.promises.kept import gain
    from tests.promises.real import SETS

    place, kind, splits, weighted = job
    warnings.simplefilter("ignore")
    found = gain(SETS[place], data_folder(), kind, range(splits), weighted)
    return {"set": SETS[place].name, "model": kind, "weighted": weighted, "kept": found.kept} | asdict(found)


def calibration(full: bool, seeds: int | None = None) -> Rows:
    from tests.promises.real import SETS

    places = [place for place, one in enumerate(SETS) if one.task != "regression"]
    kinds = ("linear", "boosted", "forest", "bayes")
    return _all(_gained, [(place, kind, 5 if full else 2, weighted) for weighted in (False, True) for place in places for kind in kinds])


def _beside(job: tuple[int, str, int]) -> Rows:
    """Mean coverage, mean width and interval score at 90 % of établi's interval, MAPIE's split and crepes' normalised one."""
    import numpy as np

    from benchmarks.peers_of_intervals import crepes, mapie
    from etabli.judge import conformal
    from tests.promises.real import SETS, cut

    place, kind, splits = job
    warnings.simplefilter("ignore")
    got: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(splits):
        data = cut(SETS[place], data_folder(), kind, seed)
        start = time.process_time()
        answers = {"établi": conformal.choose(data.y, data.S, data.fold).apply(data.T, 0.9)}
        seconds = {"établi": time.process_time() - start}
        for name, peer in (("MAPIE split", mapie), ("crepes normalised", crepes)):
            start = time.process_time()
            found = peer(data, kind, 0.9)
            seconds[name] = time.process_time() - start
            if found is not None:
                answers[name] = found
        spread = data.truth.std()
        for name, (low, high) in answers.items():
            inside = (data.truth >= low[:, 0]) & (data.truth <= high[:, 0])
            lost = conformal.score(data.truth, low, high, 0.9).mean() / spread
            got.setdefault(name, []).append((float(inside.mean()), float((high - low).mean() / spread), float(lost)))
    return [
        {"set": SETS[place].name, "model": kind, "method": name}
        | {"coverage": float(np.mean(one, axis=0)[0]), "sd": float(np.std(one, axis=0)[0])}
        | {"width": float(np.mean(one, axis=0)[1]), "score": float(np.mean(one, axis=0)[2])}
        for name, one in got.items()
    ]


def beside(full: bool, seeds: int | None = None) -> Rows:
    from tests.promises.real import SETS

    places = [place for place, one in enumerate(SETS) if one.task == "regression"]
    return [
        row
        for rows in _all(_beside, [(place, ("linear", "boosted")[place // 2 % 2], 20 if full else 3) for place in places])
        for row in rows
    ]


def whole(full: bool, seeds: int | None = None) -> Rows:
    """The whole command on noise and on a signal; figures over the seeds."""
    import numpy as np

    from benchmarks.whole import one

    count, answer = seeds or (10 if full else 2), []
    for metric in ("roc_auc", "log_loss", "rmse"):
        for signal in (False, True):
            start = time.process_time()
            seen = [one((metric, 200, signal, seed)) for seed in range(count)]
            value, truth, naive = (np.array([row[name] for row in seen]) for name in ("value", "truth", "leaderboard"))
            answer.append(
                {"metric": metric, "n": 200, "signal": signal, "seeds": count, "bias": float((value - truth).mean())}
                | {"error": float((value - truth).std(ddof=1) / count**0.5), "naive": float((naive - truth).mean())}
                | {"holds": float(np.mean([row["holds"] for row in seen])), "claims": float(np.mean([row["evidence"] for row in seen]))}
                | {"truth": float(truth.mean()), "cpu": time.process_time() - start}
            )
            print(answer[-1], flush=True)
    return answer


PARTS: dict[str, Callable[[bool, int | None], Rows]] = {
    "noise": noise,
    "dependent": dependent,
    "signal": signal,
    "whole": whole,
    "coverage": coverage,
    "calibration": calibration,
    "beside": beside,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="all seeds and splits")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--seeds", type=int, help="of a simulation, in place of 200 or 20")
    given = parser.parse_args()
    kept, known = HERE / "promises.json", {}
    for name in given.only.split(","):
        rows = PARTS[name](given.full, given.seeds)
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        known[name] = {"full": given.full and given.seeds is None, "rows": rows}
        kept.write_text(json.dumps(known, indent=1, allow_nan=True) + "\n", encoding="utf-8")
        print(f"{name}: {len(rows)} rows", flush=True)
    from benchmarks.promises_page import page

    (HERE / "promises.md").write_text(page(known), encoding="utf-8")


if __name__ == "__main__":
    main()
