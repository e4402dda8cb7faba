"""What people hold of PyTorch beside a trained module: wrappers round one, weights without their code, a class, an exported program.

A wrapper is opened, the others are refused with the next step. A module whose `forward` takes numbers of its rows out of PyTorch (to branch, to count) is refused as well: a trace
would hold the branch of the example for ever, and could pass its proof on rows that all take it.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etabli.errors import UsageError

WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module", "AveragedModel": "module"}
LIBRARIES = ("torch", "keras", "tf_keras", "flax", "equinox")
LOADED = (
    "in train.py: net = Net(); net.load_state_dict(torch.load(FILE)); net.eval() - then: etabli adopt train.py:net; or export it to .onnx"
)
OUT = frozenset(("__bool__", "item", "__int__", "__float__", "__index__", "tolist", "numpy", "__array__", "__contains__"))


def unwrapped(module: Any) -> Any:
    """The module that torch.compile, DataParallel and their like hold."""
    while (place := WRAPPERS.get(type(module).__name__)) and type(module).__module__.startswith("torch."):
        module = getattr(module, place)
    return module


def refuse(given: Any) -> None:
    """UsageError for what is of PyTorch and holds no module with its weights."""
    if isinstance(given, type) and any(
        kind.__qualname__ in ("Module", "Model") and kind.__module__.partition(".")[0] in LIBRARIES for kind in given.__mro__
    ):
        raise UsageError(
            "a network is adopted with its weights",
            f"{given.__name__} is a class",
            "make one of it in the file, load its weights, and give that",
        )
    if type(given).__name__ == "ExportedProgram" and type(given).__module__.startswith("torch."):
        raise UsageError("of PyTorch's programs adopt reads those in ONNX", "an ExportedProgram", exported("PROGRAM"))
    if weights(given):
        raise UsageError("the weights of a network come with the code of its module", f"{len(given)} named weights and no module", LOADED)


def weights(given: Any) -> bool:
    """Whether it is a mapping of names to tensors, as `state_dict` gives it."""
    return (
        isinstance(given, dict)
        and bool(given)
        and all(type(one).__module__.startswith("torch") and hasattr(one, "shape") for one in given.values())
    )


def exported(program: str) -> str:
    """What makes an ONNX file of a program that torch.export made."""
    return f"adopt the module it was made of: etabli adopt train.py:net; or torch.onnx.export({program}, dynamo=True).save('net.onnx')"


def precise(title: str, module: Any) -> None:
    """UsageError for weights of half precision, or counted down to bytes."""
    import torch

    kinds = {one.dtype for one in [*module.parameters(), *module.buffers()]}
    if half := sorted(str(kind).removeprefix("torch.") for kind in kinds & {torch.float16, torch.bfloat16}):
        raise UsageError(
            "a network counts in single or double precision",
            f"{title}: weights in {', '.join(half)}",
            "net.float() has the same weights, and its answers more digits: adopt that",
        )


def decides(module: Any, examples: Sequence[Any]) -> str:
    """The line of the user's own code, if any, where a module takes numbers out of what it makes of its rows: "net.py, line 12: if x.sum() > 0:"."""
    import torch

    found: list[str] = []

    class Row(torch.Tensor):  # type: ignore[misc, name-defined, unused-ignore]
        """Whatever is computed of rows is one too."""

        @classmethod
        def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(function, "__name__", "") in OUT and (where := _where()):
                found.append(where)
            return super().__torch_function__(function, types, args, kwargs or {})

    try:
        with torch.no_grad():
            module(*(one.as_subclass(Row) for one in examples))
    except Exception:  # a module that takes plain tensors alone: the proof still holds it
        pass
    return found[0] if found else ""


def _where() -> str:
    """The caller, where it is not in a library."""
    import torch

    inside = (str(Path(torch.__file__).parent), __file__)
    for frame in reversed(traceback.extract_stack()):
        if frame.filename == __file__ or Path(frame.filename).name == "_tensor.py":
            continue
        return (
            ""
            if frame.filename.startswith(inside)
            else f"{Path(frame.filename).name}, line {frame.lineno}: {(frame.line or '').strip():.120}"
        )
    return ""
