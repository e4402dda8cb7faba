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


def correction(full: bool, seeds: int | None = None) -> Rows:
    """The honest score beside BBC-CV as published: what the correction of shared luck gains on noise and costs on weak signals."""
    from tests.promises.measured import Question

    count = seeds or (200 if full else 20)
    asked = [(metric, n, signal) for signal in (False, True) for n in (100, 200) for metric in ("roc_auc", "log_loss", "rmse")]
    return _all(_asked, [(Question(*one, published=True), count) for one in asked])


def _nested(job: tuple[str, int, bool, int]) -> dict[str, Any]:
    from tests.promises.twice import figures

    metric, n, signal, seeds = job
    start = time.process_time()
    found = asdict(figures(metric, n, range(seeds), signal))
    return {"metric": metric, "n": n, "signal": signal, "cpu": time.process_time() - start} | found


def nested(full: bool, seeds: int | None = None) -> Rows:
    asked = [("roc_auc", 100, False), ("roc_auc", 200, False), ("roc_auc", 200, True), ("log_loss", 200, False), ("rmse", 200, False)]
    return _all(_nested, [(*one, seeds or (200 if full else 20)) for one in asked])


def _fault(job: tuple[str, int, int]) -> dict[str, Any]:
    from tests.promises.test_audit import found

    return {"kind": "fault", "name": job[0], "tables": job[1], "first": job[2], "share": found(*job)}


def _clean(job: tuple[int, int, int]) -> dict[str, Any]:
    from tests.promises.test_audit import CLEAN, loud

    make, count, first = CLEAN[job[0]], *job[1:]
    quiet = sum(not loud(make, seed) for seed in range(first, first + count))
    return {"kind": "clean", "name": make.__name__, "tables": count, "first": first, "share": quiet / count}


def audit(full: bool, seeds: int | None = None) -> Rows:
    """Planted faults and clean tables, those at which the limits were set and fresh ones; the columns that the shared sets' list warns of."""
    from tests.promises.known import unnamed
    from tests.promises.test_audit import CLEAN, FAULTS, FRESH

    count, rows = seeds or (20 if full else 3), []
    for first in (0, FRESH):
        rows += _all(_fault, [(name, count, first) for name in FAULTS]) + _all(_clean, [(n, count, first) for n in range(len(CLEAN))])
    sets = unnamed(data_folder()).items()
    return rows + [{"kind": "known", "name": name, "columns": some, "silent": silent} for name, (some, silent) in sets]


def _doubted(job: tuple[str, str, int, float, int, str]) -> dict[str, Any]:
    from tests.promises.slips import KINDS, REAL, figures, real

    name, overlap, n, share, seeds, alone = job
    warnings.simplefilter("ignore")
    start = time.process_time()
    if overlap:
        found = figures(name, overlap, n, share, range(seeds))
    else:
        found = real(next(one for one in REAL if one.name == name), data_folder(), share, range(seeds), (alone,) if alone else KINDS)
    row = {"table": name + (f", {alone} alone" if alone else ""), "overlap": overlap, "n": n, "planted": share} | asdict(found)
    return row | {"share": found.share, "cpu": time.process_time() - start}


def doubt(full: bool, seeds: int | None = None) -> Rows:
    """Labels planted wrong, and none: made tables, then real sets as they come."""
    from tests.promises.slips import OVERLAP, REAL

    count = seeds or (20 if full else 3)
    jobs = [
        (shape, overlap, n, share, count * (1 if share or n < 3_000 or overlap != "clear" else 5), "")  # where false alarms could be
        for n, shares in ((1_000, (0.0, 0.05)), (3_000, (0.0, 0.02, 0.05)))
        for overlap in OVERLAP
        for shape in ("linear", "bent")
        for share in shares
    ]
    jobs += [(one.name, "", 0, share, 1, "") for one in REAL for share in (0.0, 0.05)]
    return _all(_doubted, jobs + [(one.name, "", 0, 0.0, 1, alone) for one in REAL for alone in ("linear", "bayes")])


def files(full: bool, seeds: int | None = None) -> Rows:
    """The greatest difference between a head's file and numpy, relative to one and a value's own size."""
    from tests.promises.written import differences

    count = seeds or (20 if full else 3)
    return [{"head": name, "tables": count, "apart": value} for name, value in differences(range(count)).items()]


def _row(place: int, kind: str, weighted: bool, head: str, level: float, found: Any) -> dict[str, Any]:
    from tests.promises.real import SETS

    figures = {"coverage": found.mean, "band": found.band, "within": found.within, "worst": found.worst, "grouped": found.grouped}
    size = sum(found.size) / len(found.size)
    row = {"set": SETS[place].name, "model": kind, "weighted": weighted, "head": head, "level": level, "size": size}
    return row | figures | {"splits": len(found.got)}


def _otherwise(job: tuple[int, str, int, bool, str]) -> Rows:
    from tests.promises.kept import cqr, held
    from tests.promises.real import SETS

    place, kind, splits, weighted, head = job
    warnings.simplefilter("ignore")
    if head == "CQR":
        found = cqr(SETS[place], data_folder(), kind, range(splits), weighted)
    else:
        found = held(SETS[place], data_folder(), kind, range(splits))
        head += " interval" if SETS[place].task == "regression" else " sets"
    return [_row(place, kind, weighted, head, level, one) for level, one in found.items()]


def otherwise(full: bool, seeds: int | None = None) -> Rows:
    """Coverage of what is asked for by name: two quantile models, rows held back."""
    from tests.promises.real import SETS

    splits, numbers = 20 if full else 3, [place for place, one in enumerate(SETS) if one.task == "regression"]
    jobs = [(place, ("linear", "boosted")[place // 2 % 2], splits, False, "held back") for place in range(10)]
    jobs += [(place, ("linear", "boosted")[place // 2 % 2], splits, weighted, "CQR") for weighted in (False, True) for place in numbers]
    return [row for rows in _all(_otherwise, jobs) for row in rows]


def _covered(job: tuple[int, str, int, bool]) -> Rows:
    from tests.promises.kept import coverage
    from tests.promises.real import SETS

    place, kind, splits, weighted = job
    warnings.simplefilter("ignore")
    found = coverage(SETS[place], data_folder(), kind, range(splits), weighted)
    return [_row(place, kind, weighted, head, level, one) for (head, level), one in found.items()]


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
    from tests.promises.kept import ends
    from tests.promises.real import SETS, cut

    place, kind, splits = job
    warnings.simplefilter("ignore")
    got: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(splits):
        data = cut(SETS[place], data_folder(), kind, seed)
        answers = {"établi": conformal.choose(data.y, data.S, data.fold).apply(data.T, 0.9)}
        out, test = ends(data)
        answers["établi, CQR"] = conformal.learn("cqr", data.y, np.hstack([data.S, out])).apply(np.hstack([data.T, test]), 0.9)
        for name, peer in (("MAPIE split", mapie), ("crepes normalised", crepes)):
            found = peer(data, kind, 0.9)
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
    "correction": correction,
    "nested": nested,
    "whole": whole,
    "coverage": coverage,
    "otherwise": otherwise,
    "beside": beside,
    "audit": audit,
    "doubt": doubt,
    "calibration": calibration,
    "files": files,
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
