"""How the best network of a run was trained: what the report draws of it (key `network` of the result).

Shown is a member of the winner if one is a network, else the network that came farthest: also one that lost, since whether it had learned enough is what one asks then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from etabli.records import Setting

if TYPE_CHECKING:
    from etabli.work.compare import Ground
    from etabli.work.race import Standing
    from etabli.work.verdict import Verdict


def network(ground: Ground, verdict: Verdict, standing: Standing) -> dict[str, Any] | None:
    """{"candidate", "family", "winner" (whether it is a part of it), "layers", "sees", "folds": [{"fold", "share", "epochs", "learning", "held", "best"}], "device", "products"}; None where no
    network was fitted. layers, sees, device and products are those of the first fold."""
    inside = {one.setting.hash for one in verdict.members}
    best: tuple[tuple[Any, ...], Setting, list[dict[str, Any]]] | None = None
    for name, places in standing.places.items():
        setting = standing.settings[name]
        if not (folds := _folds(ground, places)):
            continue
        known = ground.scores.folds_of(name, standing)
        loss = ground.scores.loss(setting, standing) if known else float("inf")
        rank = (name not in inside, setting not in standing.finished, -len(folds), loss)
        if best is None or rank < best[0]:
            best = rank, setting, folds
    if best is None:
        return None
    _, setting, folds = best
    first = folds[0]
    curves = [{key: fold[key] for key in ("fold", "share", "epochs", "learning", "held", "best")} for fold in folds]
    made = {"candidate": setting.name, "family": setting.family, "winner": setting.hash in inside}
    return made | {
        "layers": first["layers"],
        "sees": first.get("sees"),
        "folds": curves,
        "device": first.get("device"),
        "products": first.get("products"),
    }


def _folds(ground: Ground, places: dict[tuple[int, float], tuple[str, int]]) -> list[dict[str, Any]]:
    """What each fold kept, those on the largest share of the rows."""
    if not places:
        return []
    most = max(share for _, share in places)
    made = []
    for (fold, share), (task, index) in sorted(places.items()):
        told = (ground.journal.result(task) or {}).get("trained")
        if share == most and told and told[index]:
            made.append(told[index] | {"fold": fold, "share": share})
    return made
