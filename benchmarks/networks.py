"""The family `tabm` on rows that were kept away, as the published figures of its peers were taken.

    python benchmarks/networks.py FOLDER adult_income 10000 [--seeds 3] [--setting 0]

A quarter of the rows (10 000 at most) is kept for the test, so many of the others are learned from (a fifth of them decides when to stop), after a shuffle of seed 0. One line of JSON a seed:
area under the curve and log-loss, or R2, and CPU seconds of preparation, compilation, training and answering, on one core. FOLDER holds the data and datasets.json.
Leaks, columns of numbers of rows and the column of groups are left out of the table; where there are groups, all rows of one are on one side.
--setting is the place in `settings`: 0 is the first, 1 the one with waves.
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
from etabli.families import families
from etabli.graph.links import apply
from etabli.records import Data, Facts


def shuffled(folder: Path, name: str, rows: int, into: Path) -> tuple[Path, str, int]:
    """(a CSV file of test rows, then of rows to learn from; the target's name; the number of test rows)."""
    import pandas as pd

    about = next(one for one in json.loads((folder / "datasets.json").read_text()) if one["name"] == name)
    file = folder / about["file"]
    frame = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    group = about.get("group_column")
    leak = [about["leak"]] if isinstance(about.get("leak"), str) else []
    frame = frame.dropna(subset=[about["target"]]).sample(frac=1, random_state=0)
    test = min(10_000, len(frame) // 4)
    if group:
        groups = frame[group].drop_duplicates()
        away = frame[group].isin(groups[: len(groups) // 4])
        test = int(away.sum())
        frame = pd.concat([frame[away], frame[~away]])
    frame = frame.drop(columns=[*leak, *about.get("id_columns", []), *([group] if group else [])])
    frame.iloc[: test + rows].to_csv(into / "table.csv", index=False)
    return into / "table.csv", about["target"], test


def measured(path: Path, name: str, test: int, seed: int, which: int = 0) -> dict[str, Any]:
    """One network. which: the place of its setting."""
    from sklearn.metrics import log_loss, r2_score, roc_auc_score

    table = read(path)
    wanted, _ = target(table, name)
    tried, learned = np.arange(test), np.arange(test, table.rows)
    family = families()["tabm"]
    setting = family.settings(Facts(wanted.task, len(wanted.classes), len(learned), len(table.columns)))[which]
    began = time.process_time()
    prepared = prepare(table, wanted, setting.wants, learned, seed)
    x = matrix(prepared, table, learned) if prepared.train is None else prepared.train
    data = Data(x, wanted.y[learned], prepared.features, wanted.task, len(wanted.classes), None, seed, 1)
    fitted = family.fit(setting, data, lambda: False)
    score, y = apply(fitted.native(matrix(prepared, table, tried)), fitted.link), wanted.y[tried]
    told: dict[str, Any] = {"seed": seed, "rows": len(learned), "cpu": round(time.process_time() - began, 1)}
    if wanted.task == "regression":
        return told | {"r2": round(float(r2_score(y, score[:, 0])), 4)}
    if wanted.task == "binary":
        return told | {"auc": round(float(roc_auc_score(y, score[:, 0])), 4), "log-loss": round(float(log_loss(y, score[:, 0])), 4)}
    right = round(float(np.mean(score.argmax(1) == y)), 4)
    return told | {"log-loss": round(float(log_loss(y, score, labels=range(len(wanted.classes)))), 4), "right": right}


def asked(text: str | None) -> argparse.ArgumentParser:
    """What is asked of one table, seeds and a setting. text: the module's own."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("rows", type=int)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--setting", type=int, default=0)
    return parser


def printed(options: argparse.Namespace, beside: dict[str, Any]) -> None:
    """A line of JSON a seed. beside: what stands in each."""
    with tempfile.TemporaryDirectory() as into:
        path, name, test = shuffled(options.folder, options.name, options.rows, Path(into))
        for seed in range(options.seeds):
            print(json.dumps({"data": options.name, **beside, **measured(path, name, test, seed, options.setting)}), flush=True)


def main() -> None:
    """See the module."""
    options = asked(__doc__).parse_args()
    printed(options, {"setting": options.setting})


if __name__ == "__main__":
    main()
