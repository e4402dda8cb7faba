"""What `etabli cluster`, `map` and `anomalies` cost on a long and on a wide table.

    python benchmarks/sizes.py [--only long,wide] [--commands cluster,map,anomalies] [--effort glance] [--data FOLDER]

`long`: 1,000,000 rows of 17 numbers in five heaps and 3 categories that lean on the heap, as CSV. `wide`: 64 rows of 6,830 columns, each a blend of 3 columns of the
first 64 rows of `tissue_genes` (FOLDER) with noise of a tenth of its deviation. Each command is a process of its own, whose threads the libraries choose by
themselves unless OMP_NUM_THREADS says how many; CPU seconds and memory are those of all its processes (`process.py`). One line of JSON a run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from process import measured

ROWS, NUMBERS, CATEGORIES = 1_000_000, 17, 3
FEW, COLUMNS, BLENDED, NOISE = 64, 6_830, 3, 0.1


def long(path: Path, data: Path) -> None:
    """Five heaps that overlap, the largest five times the smallest."""
    import pyarrow as pa
    from pyarrow import csv

    random = np.random.default_rng(0)
    heap = random.choice(5, ROWS, p=[0.35, 0.25, 0.2, 0.13, 0.07])
    x = 1.5 * random.normal(size=(5, NUMBERS))[heap] + random.normal(size=(ROWS, NUMBERS))
    table = {f"x{j}": x[:, j].round(4) for j in range(NUMBERS)}
    for j in range(CATEGORIES):
        own = random.random(ROWS) < 0.5
        table[f"c{j}"] = np.char.add("level ", np.where(own, heap, random.integers(0, 4 + j, ROWS)).astype(str))
    csv.write_csv(pa.table(table), path, csv.WriteOptions(quoting_style="none"))


def wide(path: Path, data: Path) -> None:
    """Far more columns than rows, related as those of real ones are."""
    import pandas as pd

    random = np.random.default_rng(0)
    genes = pd.read_parquet(data / "tissue_genes.parquet").select_dtypes("number").to_numpy()[:FEW]
    genes = genes - genes.mean(axis=0)
    x = np.column_stack(
        [genes[:, random.choice(genes.shape[1], BLENDED, False)] @ random.dirichlet(np.ones(BLENDED)) for _ in range(COLUMNS)]
    )
    x += NOISE * x.std(axis=0) * random.normal(size=x.shape)
    pd.DataFrame(x.round(4), columns=[f"g{j}" for j in range(COLUMNS)]).to_csv(path, index=False)


TABLES = {"long": long, "wide": wide}


def main() -> None:
    """See the module."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(TABLES))
    parser.add_argument("--commands", default="cluster,map,anomalies")
    parser.add_argument("--effort", default="glance")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ETABLI_BENCHMARK_DATA", beside)))
    options = parser.parse_args()
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            file = folder / f"{name}.csv"
            TABLES[name](file, options.data)
            for command in options.commands.split(","):
                asked = [sys.executable, "-m", "etabli", command, str(file), "--effort", options.effort, "-o", f"{command}.etabli"]
                cost = measured(asked, folder)
                if cost.status:
                    sys.exit(f"{command} {name}: {cost.err}")
                result = json.loads((folder / f"{command}.etabli" / "result.json").read_text(encoding="utf-8"))
                told = {"table": name, "megabytes": round(file.stat().st_size / 1e6), "command": command, "effort": options.effort}
                told |= {"cpu_s": round(cost.cpu, 1), "wall_s": round(cost.wall, 1), "peak_mb": round(cost.peak / 1e6)}
                print(json.dumps(told | {"says": result["sentence"]["en"]}), flush=True)


if __name__ == "__main__":
    main()
