"""What became of a run, read from its folder alone: from any machine that sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etabli.work.journal import Journal
from etabli.work.ledger import rounds, told


@dataclass(frozen=True)
class Status:
    """facts: JSON-able. text: for people."""

    facts: dict[str, Any]
    text: str


def status(run: str | Path) -> Status:
    """Tasks done and set aside; whether one works there now; whether there is a model. UsageError when the folder is no run."""
    folder = Path(run)
    busy = Journal(folder).busy()
    if busy and not (folder / "plan.json").exists():
        return Status({"run": str(folder), "running": True, "finished": False}, f"{folder}: reading the data")
    plan = Journal(folder).plan()
    done: list[dict[str, Any]] = []
    aside: list[dict[str, Any]] = []
    for path in sorted((folder / "done").glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # counts as missing
        (aside if result.get("error") else done).append(result)
    known, ended = told(rounds(folder)), folder / "result.json"
    result = json.loads(ended.read_text(encoding="utf-8")) if ended.exists() else None
    cut = bool(result and result["cut"])
    current = result is not None and len(result.get("rounds", known)) == len(known)  # not that of an earlier round
    facts: dict[str, Any] = {
        "run": str(folder),
        "asked": plan["asked"],
        "rounds": known,
        "tasks_done": len(done),
        "models_done": sum(len(result["settings"]) for result in done),
        "set_aside": [{"family": result["task"]["settings"][0]["family"], "reason": result["error"]} for result in aside],
        "running": busy,
        "seconds": sum(result.get("seconds", 0.0) for result in done),
        "finished": current and not cut,
        "cut": cut,
        "model": str(folder / "model.onnx") if (folder / "model.onnx").exists() else None,
    }
    onward = f"; go on with: etabli resume {folder}"
    state = "running" if busy else "finished" if facts["finished"] else ("cut short" if cut and current else "not finished") + onward
    lines = [
        f"{folder}: {state}",
        f"  asked     {plan['asked']['file']} -> {plan['asked']['target']}, effort {plan['asked']['effort']}, seed {plan['asked']['seed']}",
        *([_line(one) for one in known] if len(known) > 1 else []),
        f"  done      {facts['tasks_done']} tasks, {facts['models_done']} models, {facts['seconds']:.0f} s of work",
        *(f"  set aside {one['family']}: {one['reason']}" for one in facts["set_aside"]),
        *([f"  model     {facts['model']}"] if facts["model"] else []),
    ]
    return Status(facts, "\n".join(lines))


def _line(one: Mapping[str, Any]) -> str:
    """A round: what was asked, how many it tried, who led after it."""
    asked = f"{', '.join(one['families']) or 'all families'}, effort {one['effort']}"
    led = f"; best after it: {one['best']['name']} ({one['best']['score']:.4g})" if one["best"] else "; not ended"
    return f"  round {one['round']:<3} {asked}: {one['tried']} tried{led}"
