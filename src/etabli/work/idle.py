"""An accelerator that networks could use and do not: said before anything is trained, since nothing else would tell.

JAX comes with the processor alone; what drives an accelerator is a plugin of its own, which announces itself in the namespace `jax_plugins`
(docs.jax.dev, "Installation"). Without it JAX trains on the processor without a word, many times slower where networks are large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from etabli.families.family import Family
from etabli.records import Finding, TaskKind


def idle(
    chosen: Mapping[str, Family], task: TaskKind, accelerators: Sequence[str], found: Callable[[str], Any] = find_spec
) -> list[Finding]:
    """A note where families of this task train by JAX, the job owns accelerators and JAX has no plugin for them. found: a module by its name, or None."""
    training = [name for name, family in chosen.items() if task in family.tasks and "jax" in family.needs]
    if not accelerators or not training or found("jax") is None or found("jax_plugins") is not None:
        return []
    names = ", ".join(dict.fromkeys(accelerators))
    text = {
        "en": f"This job has an accelerator ({names}) and JAX is installed without its plugin: networks are trained on the processor",
        "fr": f"Cette tâche dispose d'un accélérateur ({names}) mais JAX est installé sans son module : les réseaux sont entraînés par le processeur",
    }
    cure = {
        "en": "pip install 'etabli[cuda]' (NVIDIA, CUDA 12); for others see docs.jax.dev",
        "fr": "pip install 'etabli[cuda]' (NVIDIA, CUDA 12) ; pour les autres voir docs.jax.dev",
    }
    return [Finding("accelerator", (), text, cure, "note", {"accelerators": list(accelerators), "families": training})]
