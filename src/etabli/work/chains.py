"""Whether the chains that sampled a winner's posterior agree: said in a finding, since draws that have not settled are no posterior.

Split R-hat (Gelman et al. 2013), the largest of all weights and folds: 1 where both halves of all chains are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from etabli.records import Finding

if TYPE_CHECKING:
    from etabli.work.compare import Ground
    from etabli.work.race import Standing
    from etabli.work.verdict import Verdict

AGREE = 1.05  # from here on they do not


def agreeing(ground: Ground, verdict: Verdict, standing: Standing) -> list[Finding]:
    """One finding, of the member whose chains agree least; none where nothing was sampled."""
    worst, name = 0.0, ""
    for one in verdict.members:
        for task, index in standing.places[one.setting.hash].values():
            known = (ground.journal.result(task) or {}).get("rhat")
            if known and known[index] is not None and known[index] > worst:
                worst, name = float(known[index]), one.setting.name
    if not name:
        return []
    english = f"The posterior of {name} was sampled by two chains, which "
    french = f"L'a posteriori de {name} a été échantillonné par deux chaînes, qui "
    told = f"{worst:.3f}"
    if worst < AGREE:
        text = {"en": english + f"agree (R-hat at most {told}).", "fr": french + f"s'accordent (R-hat d'au plus {told.replace('.', ',')})."}
        return [Finding("chains", (), text, {}, "note")]
    text = {
        "en": english + f"do not agree (R-hat up to {told}): its deviations and intervals of its own are not to be trusted.",
        "fr": french
        + f"ne s'accordent pas (R-hat jusqu'à {told.replace('.', ',')}) : ses écarts et ses propres intervalles ne sont pas fiables.",
    }
    cure = {
        "en": "give it more time: --effort thorough, or no --time",
        "fr": "lui donner plus de temps : --effort thorough, ou sans --time",
    }
    return [Finding("chains", (), text, cure, "warn")]
