"""What coordinates and distances as further columns bring: `fit` with and without them, row by row on the same folds.

    python benchmarks/features.py [NAME ...] [--with autoencoder=5] [--family linear] [--rows 4000] [--time SECONDS] [--data FOLDER]

NAME: of `TABLES` (default all). --with: the options of `fit`, as map=5,clusters=10. --family: linear is ridge of a number and logistic of a class. Rows: so many of each table drawn by chance,
without those that lack a target. One line of JSON a table: the cross-validated score of the best candidate without and with them (null where the time was up
before it), what the result says of the difference, and CPU seconds of the command in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from process import measured

# target, columns left out
TABLES = {
    "california_housing": ("median_house_value", ()),
    "diamonds": ("price", ()),
    "ames_housing": ("price", ("Order", "PID")),
    "adult_income": ("income", ()),
    "telco_churn": ("Churn", ("customerID",)),
    "shoppers_intention": ("Revenue", ()),
    "bank_marketing": ("y", ()),
    "horse_colic": ("outcome", ()),
}
NUMBERS = {"california_housing", "diamonds", "ames_housing"}


def table(path: Path, target: str, rows: int) -> Any:
    """So many rows drawn by chance."""
    import pandas as pd

    whole = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep=None, engine="python")
    whole = whole[whole[target].notna()]
    return whole.sample(rows, random_state=0) if rows < len(whole) else whole


def best(result: dict[str, Any], words: list[str], has: bool) -> float | None:
    """The score of the best candidate that has the columns in its name, or that has not."""
    alone = (one for one in result["leaderboard"] if one["family"] not in ("combination", "constant"))
    return next((one["score"] for one in alone if any(word in one["name"] for word in words) == has), None)


def main() -> None:
    """See the module."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*TABLES, []], default=[])
    parser.add_argument("--with", dest="extra", default="autoencoder=5")
    parser.add_argument("--family", default="linear")
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--time", type=int)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ETABLI_BENCHMARK_DATA", beside)))
    options = parser.parse_args()
    extra = [pair.split("=") for pair in options.extra.split(",")]
    for name in options.names or TABLES:
        target, out = TABLES[name]
        family = ("ridge" if name in NUMBERS else "logistic") if options.family == "linear" else options.family
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            rows = table(next(options.data.glob(f"{name}.*")), target, options.rows)
            rows.to_parquet(folder / "t.parquet", index=False)
            asked = [sys.executable, "-m", "etabli", "fit", "t.parquet", "--target", target, "--effort", "glance", "--families", family]
            asked += ["-o", "run", *(["--time", f"{options.time}s"] if options.time else [])]
            asked += [word for column in out for word in ("--ignore", column)]
            asked += [word for key, count in extra for word in (f"--with-{key}", count)]
            cost = measured(asked, folder)
            if cost.status:
                sys.exit(f"{name}: {cost.err}")
            result = json.loads((folder / "run" / "result.json").read_text(encoding="utf-8"))
        words = [key for key, _ in extra]
        said = [one["text"]["en"] for one in result["warnings"] if one["code"] == "placed"]
        told = {"table": name, "rows": len(rows), "family": family, "with": options.extra, "cpu_s": round(cost.cpu, 1)}
        told |= {"without": best(result, words, False), "with them": best(result, words, True), "says": said}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
