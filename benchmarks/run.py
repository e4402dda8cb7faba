"""Measures établi and its peers and writes benchmarks/results.md. See README.md beside this file.

The figures of each part are kept in results.json, so that a part can be measured again alone; the page is made from all of them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before OpenMP starts: threads that spin would measure the neighbours

from benchmarks import parts

HERE = Path(__file__).resolve().parent
LIBRARIES = ("etabli", "lightgbm", "scikit-learn", "onnxruntime", "numpy")


def data_folder(named: str | None) -> Path:
    return Path(named or os.environ.get("ETABLI_BENCHMARK_DATA") or HERE.parent.parent / "shared" / "data")


def conditions() -> dict[str, Any]:
    """What a figure depends on beside the code."""
    from etabli.job.hardware import hardware

    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": hardware().description,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "load_before": round(os.getloadavg()[0], 1),
    }


def measure(name: str, source: Path) -> dict[str, Any]:
    found = conditions()
    if name in parts.NEEDS_DATA and not (source / "adult_income.csv").exists():
        return found | {"failed": "the data are not here; benchmarks/README.md says where they come from"}
    with tempfile.TemporaryDirectory() as work:
        try:
            found |= asdict(parts.PARTS[name](Path(work), source))
        except parts.Failed as reason:
            found |= {"failed": str(reason)}
    return found | {"load_after": round(os.getloadavg()[0], 1)}


def page(results: dict[str, dict[str, Any]]) -> str:
    """results.md."""
    lines = ["# Results", "", "Made by `python benchmarks/run.py`; what is measured and how: README.md beside this file.", ""]
    for name in parts.PARTS:
        if name not in results:
            continue
        one = results[name]
        lines += [f"## {one.get('title', name)}", ""]
        if "failed" in one:
            lines += [f"Not measured: {one['failed']}", ""]
        else:
            lines += [_row(one["header"]), _row(["---"] * len(one["header"])), *map(_row, one["rows"]), ""]
            lines += [*(f"- {note}" for note in one["notes"]), ""] if one["notes"] else []
        versions = ", ".join(f"{library} {number}" for library, number in one["versions"].items())
        load = f"load {one['load_before']} before, {one.get('load_after', '?')} after"
        lines += [f"*`--only {name}`, {one['date']}; {one['machine']}; {load}; Python {one['python']}, {versions}.*", ""]
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: list[str] | None = None) -> int:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--only", metavar="A,B", default=",".join(parts.PARTS), help=f"some of {', '.join(parts.PARTS)}")
    reader.add_argument("--data", metavar="FOLDER", help="where the data sets lie")
    reader.add_argument("--out", metavar="FOLDER", default=str(HERE), help="where results.json and results.md go")
    options = reader.parse_args(arguments)
    names = options.only.split(",")
    if unknown := [name for name in names if name not in parts.PARTS]:
        reader.error(f"no such part: {', '.join(unknown)}; there are {', '.join(parts.PARTS)}")
    store = Path(options.out) / "results.json"
    results = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        results[name] = measure(name, data_folder(options.data))
        print(f"  {results[name].get('failed', 'done')}", file=sys.stderr, flush=True)
        store.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        store.with_suffix(".md").write_text(page(results), encoding="utf-8")
    print(store.with_suffix(".md"))
    return 1 if any("failed" in results[name] for name in names) else 0


if __name__ == "__main__":
    sys.exit(main())
