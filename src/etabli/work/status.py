"""What became of a run, read from its folder alone: from any machine that sees it. The words are in `faces/standing.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from etabli.nets.live import running as trainings
from etabli.work.journal import Journal
from etabli.work.ledger import rounds, told
from etabli.work.tasks import ASIDE


def status(run: str | Path) -> dict[str, Any]:
    """Tasks done and set aside; whether one works there now; whether there is a model. UsageError when the folder is no run."""
    folder = Path(run)
    busy = Journal(folder).busy()
    if busy and not (folder / "plan.json").exists():
        return {"run": str(folder), "running": True, "finished": False}
    plan = Journal(folder).plan()
    done: list[dict[str, Any]] = []
    aside: list[dict[str, Any]] = []
    for path in sorted((folder / "done").glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # counts as missing
        (aside if isinstance(result, dict) and result.get("error") else done).append(result)
    known, ended = told(rounds(folder)), folder / "result.json"
    result = json.loads(ended.read_text(encoding="utf-8")) if ended.exists() else None
    cut = bool(result and result.get("cut"))
    current = result is not None and len(result.get("rounds", known)) == len(known)  # not that of an earlier round
    return {
        "run": str(folder),
        "asked": plan["asked"],
        "rounds": known,
        "tasks_done": len(done),
        "models_done": sum(len(result["settings"]) if "settings" in result else 1 for result in done),
        "set_aside": [{"family": result["task"]["settings"][0]["family"], "reason": result["error"]} for result in aside],
        "running": busy,
        "training": trainings(folder / ASIDE) if busy else [],
        "seconds": sum(result.get("seconds") or 0.0 for result in done),
        "finished": current and not cut,
        "cut": cut,
        "model": str(folder / "model.onnx") if (folder / "model.onnx").exists() else None,
    }
