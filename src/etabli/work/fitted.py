"""A fitted model as a part of the composition: its graphs, read from the run folder."""

from __future__ import annotations

from etabli.model.compose import Part
from etabli.records import Setting
from etabli.work.compare import Ground
from etabli.work.race import Place
from etabli.work.tasks import Task


def part(ground: Ground, setting: Setting, place: Place) -> Part:
    """A fitted model with its preparation, from the run folder."""
    task_hash, index = place
    result = ground.journal.result(task_hash)
    assert result is not None
    base = ground.journal.folder / "data" / "prepared" / Task.from_json(result["task"]).recipe
    raw, coded = (base.with_name(f"{base.name}.{kind}.onnx").read_bytes() for kind in ("raw", "coded"))
    return Part(raw, coded, ground.journal.graph(task_hash, setting.hash), result["links"][index], result["features"])
