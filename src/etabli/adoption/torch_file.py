"""A file of PyTorch (.pt, .pth, .pt2, .safetensors): a TorchScript program, a pickled module, weights alone, or a program of torch.export.

What it is, is read off the names in the archive and off the classes that its pickle names, so that nothing of it runs before the user says that it may.
"""

from __future__ import annotations

import pickletools
import zipfile
from pathlib import Path
from typing import Any

from etabli.errors import UsageError
from etabli.estimators.networks.torch_given import LOADED, exported, weights

SUFFIXES = (".pt", ".pth", ".pt2", ".safetensors")
PLAIN = (
    "torch",
    "collections",
    "numpy",
    "builtins",
    "_codecs",
    "copyreg",
    "__builtin__",
)  # where the classes in a file of weights are from


def opened(path: Path, trusted: bool) -> Any:
    """The module in the file. trusted: the code in it may run. UsageError for a file without one."""
    kind = _kind(path)
    if kind == "program":
        raise UsageError("of PyTorch's programs adopt reads those in ONNX", str(path), exported(f"torch.export.load({path.name!r})"))
    if kind == "weights":
        raise UsageError(
            "the weights of a network come with the code of its module",
            f"{path}: it holds the weights, and its code stands elsewhere",
            LOADED,
        )
    if not trusted:
        raise UsageError(
            "a file of PyTorch that holds more than weights is code, which runs when it is opened",
            f"{path}: {'a TorchScript program' if kind == 'script' else 'a pickled module'}",
            "if you trust where it comes from: --trust-pickle; or give file.py:object",
        )
    try:
        import torch
    except ImportError:
        raise UsageError("a file of PyTorch is read by PyTorch", f"{path}: it is not installed", "pip install 'etabli[torch]'") from None
    try:
        made = torch.jit.load(path, map_location="cpu") if kind == "script" else torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # whatever the code in it raises
        raise UsageError("PyTorch opens the file", f"{path}: {type(error).__name__}: {' '.join(str(error).split()):.300}", LOADED) from None
    if isinstance(made, dict) and not weights(made):
        held = next((name for name, one in made.items() if isinstance(one, torch.nn.Module)), None)
        if held is None:
            raise UsageError(
                "the weights of a network come with the code of its module", f"{path}: {', '.join(map(str, made))[:200]}", LOADED
            )
        made = made[held]
    return made


def _kind(path: Path) -> str:
    """ "script", "program", "module" or "weights"."""
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
            if any("/code/" in name for name in names):
                return "script"
            if path.suffix.lower() == ".pt2" or any(
                name.endswith(("serialized_exported_program.json", "archive_format")) for name in names
            ):
                return "program"
            inside = next((name for name in names if name.endswith("data.pkl")), None)
            return "module" if inside and _classes(file.read(inside)) else "weights"
    except (OSError, zipfile.BadZipFile):
        return "weights"


def _classes(pickled: bytes) -> bool:
    """Whether a pickle names classes that are not those of tensors and plain collections."""
    texts: list[str] = []
    for operation, argument, _ in pickletools.genops(pickled):
        if operation.name == "GLOBAL":
            where = str(argument).split(" ")[0]
        elif operation.name == "STACK_GLOBAL" and len(texts) > 1:
            where = texts[-2]
        else:
            if isinstance(argument, str):
                texts.append(argument)
            continue
        if where.partition(".")[0] not in PLAIN or where.startswith(("torch.nn.modules", "torch.fx", "torch.ao")):
            return True
    return False
