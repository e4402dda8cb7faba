"""A PyTorch module, by the exporter that comes with PyTorch and the reader of ONNX.

A copy of the module in double precision and in evaluation mode is exported, so that no weight is rounded on the way (the exporter folds batch norms into
convolutions in the precision it is given), and the same copy answers for the proof: file and module then agree to some 1e-13, and a wrong epsilon or a wrong
form of GELU cannot hide under the rounding of float32. The exporter without dynamo is tried first: 10 to 300 times faster, and it needs no further package.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import itertools
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np

from etabli.errors import UsageError
from etabli.estimators.networks.maths import Maths
from etabli.estimators.networks.onnx_reader import read, unread
from etabli.estimators.networks.source import Feeds, Input, Source, asked, blocks, distribution, single_output
from etabli.estimators.networks.torch_given import decides, precise
from etabli.estimators.networks.values import ROWS, Unreadable, Value
from etabli.records import Array

OPSET = 17
TELLS = "torch.onnx.export(model, ...) tells more"


class TorchSource(Source):
    """module: torch.nn.Module or a TorchScript module. shapes: of one row of each input, by name."""

    library = "torch"

    def __init__(self, module: Any, shapes: Mapping[str, tuple[int, ...]], title: str = "") -> None:
        self.title = title or f"PyTorch's {getattr(module, 'original_name', type(module).__name__)}"
        precise(self.title, module)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a copy of TorchScript looks at gradients that it has none of
            self.module = copy.deepcopy(module).cpu().eval()
        self.shapes = dict(shapes)
        self.floats = next((p.dtype for p in self.module.parameters() if p.dtype.is_floating_point), None)

    def inputs(self) -> list[Input]:
        """Floats or whole numbers: the first kinds that the module takes."""
        whole = self._whole
        return [Input(name, shape, name in whole, self._single) for name, shape in self.shapes.items()]

    @property
    def _single(self) -> bool:
        import torch

        return bool(self.floats != torch.float64)

    @cached_property
    def _whole(self) -> frozenset[str]:
        first: UsageError | None = None
        for kinds in itertools.product((np.float32, np.int64), repeat=len(self.shapes)):
            feeds: dict[str, Array] = {
                name: np.zeros((2, *shape), kind) for kind, (name, shape) in zip(kinds, self.shapes.items(), strict=True)
            }
            try:
                asked(self.title, partial(self.ask, feeds), {name: array.shape[1:] for name, array in feeds.items()})
            except UsageError as error:
                first = first or error
                continue
            return frozenset(name for name, array in feeds.items() if array.dtype.kind == "i")
        assert first is not None
        raise first

    def ask(self, feeds: Feeds) -> Array:
        """In the module's own precision."""
        return self._asked(self.module, feeds, None if self._single else np.float64)

    @cached_property
    def _double(self) -> Any:
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = copy.deepcopy(self.module).double()
        for one in made.modules():
            if type(one).__name__ == "RMSNorm" and getattr(one, "eps", 0.0) is None:  # it is that of the numbers, which were single
                one.eps = torch.finfo(self.floats or torch.float32).eps
        return made

    def exact(self, feeds: Feeds) -> Array | None:
        """The copy in double precision; None where its forward insists on float32."""
        import torch

        try:
            made = self._asked(self._double, feeds, np.float64)
        except (RuntimeError, TypeError, torch.jit.Error):
            return None
        return made if made.dtype == np.float64 else None

    def _asked(self, module: Any, feeds: Feeds, kind: Any) -> Array:
        import torch

        def some(part: Feeds) -> Array:
            given = [torch.from_numpy(np.array(a if kind is None or a.dtype.kind == "i" else a.astype(kind))) for a in part.values()]
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return np.asarray(self._one(module(*given)).numpy())

        return blocks(some, feeds)

    def _one(self, made: Any) -> Any:
        """Its one output; of a distribution the mean and the standard deviation, side by side."""
        import torch

        if (pair := distribution(self.title, made)) is None:
            return single_output(self.title, made)
        self.spread = True
        return torch.cat([one.reshape(one.shape[0], -1) for one in pair], 1)

    def read(self, maths: Maths, values: Mapping[str, Value]) -> Value:
        """By an export with ROWS rows, so that a size written out by the tracer is the one that stands for the rows."""
        import onnx
        import torch

        there = list(self.shapes)
        zeros = {name: np.zeros((2, *shape), np.int64 if name in self._whole else np.float64) for name, shape in self.shapes.items()}
        exact = self.exact(zeros) is not None
        module, kind = (self._double, torch.float64) if exact else (self.module, torch.float32)
        examples = tuple(
            torch.zeros((ROWS, *shape), dtype=torch.int64 if name in self._whole else kind) for name, shape in self.shapes.items()
        )
        scripted = isinstance(module, torch.jit.ScriptModule)
        if not scripted and (where := decides(module, [one[:2] for one in examples])):
            raise Unreadable(
                f"{self.title}: {where}: what it does depends on the numbers of the rows",
                "torch.where takes both ways; a check of what comes in goes out of forward",
            )
        made = onnx.load_from_string(exported(self.title, module if scripted else self._alone(module), examples, there))
        return next(iter(read(maths, made, values).values()))

    def _alone(self, module: Any) -> Any:
        """The module with nothing but what must be given, since the exporter makes inputs of numbers that stand as defaults; of a distribution, its two numbers."""
        import torch

        given = inspect.signature(module.forward).parameters.values()
        if not self.spread and not any(one.default not in (one.empty, None) for one in given):
            return module
        answer = self._one

        class Alone(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
            def __init__(self) -> None:
                super().__init__()
                self.module = module

            def forward(self, *rows: Any) -> Any:
                return answer(self.module(*rows))

        return Alone().eval()  # the exporter gives a module its mode back, and so the modules in it


def exported(title: str, module: Any, examples: tuple[Any, ...], names: Sequence[str]) -> bytes:
    """The module as the bytes of an ONNX file; Unreadable, in the exporter's words, when it cannot."""
    import torch

    file = io.BytesIO()
    with torch.no_grad(), _quiet():
        try:
            with _rms_norms():
                torch.onnx.export(module, examples, file, dynamo=False, opset_version=OPSET, input_names=list(names))
            return file.getvalue()
        except Exception as error:  # the exporter raises what it likes
            said = f"{type(error).__name__}: {' '.join(str(error).split()):.300}"
        try:
            program = torch.onnx.export(module, examples, dynamo=True, input_names=list(names), verbose=False)
            return bytes(program.model_proto.SerializeToString())
        except Exception:  # onnxscript is not there, or the same reason in more words
            raise Unreadable(
                f"{title}: PyTorch's own exporter refuses it ({said})", unread("Quantized" if "quantized::" in said else "") or TELLS
            ) from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings and the exporter's prints of its graph (standard output is the caller's), and without the fused attention layers that the exporter does not know."""
    import torch

    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), _silent():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


@contextlib.contextmanager
def _rms_norms() -> Iterator[None]:
    """With a word for RMS norms, which the exporter has none for below opset 23: the one that the reader knows."""
    import torch
    from torch.onnx import symbolic_helper as helper

    def written(g: Any, x: Any, shape: Any, weight: Any, eps: Any) -> Any:
        sizes = list(helper._maybe_get_const(shape, "is"))
        kind = torch.float64 if x.type().scalarType() == "Double" else torch.float32
        little = torch.finfo(kind).eps if helper._is_none(eps) else float(helper._maybe_get_const(eps, "f"))
        scale = g.op("Constant", value_t=torch.ones(sizes, dtype=kind)) if helper._is_none(weight) else weight
        return g.op("com.microsoft::SimplifiedLayerNormalization", x, scale, axis_i=-len(sizes), epsilon_f=little).setType(x.type())

    torch.onnx.register_custom_op_symbolic("aten::rms_norm", written, OPSET)
    try:
        yield
    finally:
        torch.onnx.unregister_custom_op_symbolic("aten::rms_norm", OPSET)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Nothing on standard output, where compiled code writes past Python's own."""
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


def parameters(module: Any) -> list[str]:
    """The names of what `forward` must be given."""
    if hasattr(module, "schema") or type(module).__module__.startswith("torch.jit"):
        return [
            argument.name for argument in module.forward.schema.arguments if argument.name != "self" and not argument.has_default_value()
        ]
    given = inspect.signature(module.forward).parameters.values()
    return [one.name for one in given if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
