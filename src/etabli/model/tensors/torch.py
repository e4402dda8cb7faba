"""A model file as a PyTorch module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from etabli.model.tensors.arrays import Torch
from etabli.model.tensors.operators import run
from etabli.model.tensors.translated import translation

if TYPE_CHECKING:
    from etabli.model.load import Model


def module(model: Model, precision: Literal["double", "single"] = "double") -> Any:
    """See `Model.to_torch`. The class is made here, since it derives from torch's own and torch is only imported when it is asked for."""
    try:
        import torch
    except ModuleNotFoundError:
        raise ImportError("to_torch needs PyTorch, which is not installed: pip install 'etabli[torch]'") from None

    real = torch.float64 if precision == "double" else torch.float32
    made, arrays = translation(model, precision), Torch(torch, real)

    class File(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        """The file: `forward(inputs)` gives its outputs by name, of those that are numbers; `inputs(data)` makes what it takes. What was learned and is no
        whole number is a parameter (without gradients until `requires_grad_()` asks for them); the rest are buffers."""

        def __init__(self) -> None:
            super().__init__()
            self._names: dict[str, str] = {}
            for name, value in made.constants.items():
                tensor = arrays.constant(np.asarray(value))
                if name in made.learned:
                    self._names[name] = f"p{len(self._names)}"
                    self.register_parameter(self._names[name], torch.nn.Parameter(tensor, requires_grad=False))
            self._trees: dict[str, dict[str, str]] = {}
            for number, (name, trees) in enumerate(made.forests.items()):
                self._trees[name] = {}
                for field in fields(trees):
                    if field.name == "depth":
                        continue
                    kept = f"t{number}_{field.name}"
                    tensor = arrays.constant(np.asarray(getattr(trees, field.name)))
                    if field.name == "weight":
                        self.register_parameter(kept, torch.nn.Parameter(tensor, requires_grad=False))
                    else:
                        self.register_buffer(kept, tensor, persistent=False)
                    self._trees[name][field.name] = kept
            self.register_buffer("where", torch.zeros(0, dtype=real), persistent=False)

        def inputs(self, data: Any) -> dict[str, Any]:
            """Tensors on the module's device, from what `Model.predict` takes: the numbers of the table, and what the texts come to."""
            return {name: self._here(value) for name, value in made.inputs(model, data).items()}

        def _here(self, value: Any) -> Any:
            return arrays.constant(np.asarray(value)).to(self.where.device)

        def extra_repr(self) -> str:
            return made.told(precision)

        def forward(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
            """Outputs by name."""
            here, given = self.where.device, made.held(inputs)
            values: dict[str, Any] = {name: value for name, value in made.constants.items() if name not in self._names}
            values |= {name: getattr(self, kept) for name, kept in self._names.items()}
            values |= {name: self._here(value) for name, value in made.defaults.items()}
            values |= {name: value if torch.is_tensor(value) else self._here(value) for name, value in given.items()}
            forests = {
                name: replace(made.forests[name], **{field: getattr(self, kept) for field, kept in names.items()})
                for name, names in self._trees.items()
            }
            with torch.device(here):
                found = run(arrays, made.plan.nodes, values, forests)
            return {name: found[tensor] for name, tensor in made.plan.outputs.items()}

    return File()
