"""What became of a run, read from its folder alone: from any machine that sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etabli.work.journal import Journal


@dataclass(frozen=True)
class Status:
    """facts: JSON-able. text: for people."""

    facts: dict[str, Any]
    text: str


def status(run: str | Path) -> Status:
    """Tasks done, set aside and begun without a result; whether there is a model. UsageError when the folder is no run."""
    folder = Path(run)
    plan = Journal(folder).plan()
    done: list[dict[str, Any]] = []
    aside: list[dict[str, Any]] = []
    for path in sorted((folder / "done").glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # counts as missing
        (aside if result.get("error") else done).append(result)
    finished = {path.stem for path in (folder / "done").glob("*.json")}
    begun = {path.name.split(".")[0] for path in (folder / "attempts").glob("*")} - finished
    facts: dict[str, Any] = {
        "run": str(folder),
        "asked": plan["asked"],
        "tasks_done": len(done),
        "models_done": sum(len(result["settings"]) for result in done),
        "set_aside": [{"family": result["task"]["settings"][0]["family"], "reason": result["error"]} for result in aside],
        "begun": len(begun),
        "seconds": sum(result.get("seconds", 0.0) for result in done),
        "finished": (folder / "result.json").exists(),
        "model": str(folder / "model.onnx") if (folder / "model.onnx").exists() else None,
    }
    state = "finished" if facts["finished"] else f"not finished; go on with: etabli resume {folder}"
    lines = [
        f"{folder}: {state}",
        f"  asked     {plan['asked']['file']} -> {plan['asked']['target']}, effort {plan['asked']['effort']}, seed {plan['asked']['seed']}",
        f"  done      {facts['tasks_done']} tasks, {facts['models_done']} models, {facts['seconds']:.0f} s of work",
        f"  begun     {facts['begun']} without a result yet",
        *(f"  set aside {one['family']}: {one['reason']}" for one in facts["set_aside"]),
        *([f"  model     {facts['model']}"] if facts["model"] else []),
    ]
    return Status(facts, "\n".join(lines))
