"""The one file: raw columns in; preparation, members, mean, calibration, interval or set, novelty; nothing outside.

The parts are graphs already (each preparation and each fitted model wrote itself); here they are joined, equal nodes merging
as they are added. `Composition.answer` computes the same thing part by part with numpy between the graphs: the reference the
finished file is proven against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.judge import combine, costs
from etabli.judge.calibrators.raw import Raw
from etabli.judge.calibrators.venn_abers import VennAbers
from etabli.judge.distribution import QUANTILES
from etabli.records import PREPARED, Array, Column, Link, Table, Target


@dataclass(frozen=True)
class Part:
    """One fitted model: its preparation (raw and coded) and its own graph X -> raw, score, serialized. Without a preparation (an
    adopted model) the graph takes the raw columns itself."""

    prepared_raw: bytes
    prepared_coded: bytes
    graph: bytes
    link: Link
    features: int


@dataclass(frozen=True)
class Member:
    """A candidate in the final model: one part (refit) or its fold members, averaged; then its calibrator; count: how often
    the combination takes it (1 when it is alone)."""

    name: str
    family: str
    count: int
    parts: tuple[Part, ...]
    calibrator: Any


@dataclass(frozen=True)
class Composition:
    """Everything that goes into the file. heads: interval (numbers) or sets (classes), with `write` and `apply`; None where
    nothing honest could be learned (an adopted model, on the rows it was fitted on)."""

    columns: tuple[Column, ...]
    levels: Mapping[str, Sequence[str]]
    target: Target
    members: tuple[Member, ...]
    calibrator: Any
    interval: Any
    novelty: Any
    novelty_raw: bytes
    novelty_coded: bytes
    confidence: float = 0.9
    cost: Array | None = None  # [classes, classes] of the answer (column) where the truth is the row
    partial: bool = False  # rows without an answer (NaN) get the label ""
    own_label: bool = False  # the label is the one that the (adopted, uncalibrated) model itself gives: its output "label"
    exposure: str = ""  # a column the answers for a number are multiplied with
    distribution: Any = None  # quantiles and the probability of staying below a value, of a number
    ends: tuple[Part, ...] = ()  # the models of a low and a high quantile, where the interval is made of them
    tracked: bool = False  # the half-widths of intervals are multiplied with the input `half_width`
    known: Any = None  # of two classes: the Venn-Abers table of the final probability (none is needed where it made the probability)

    # the file --------------------------------------------------------------------------------------------------------

    def model(self, metadata: Mapping[str, str] | None = None) -> Any:
        """The ONNX model."""
        from etabli.graph.graph import Graph

        graph = Graph(self.columns, self.levels)
        raws = [self._raw(graph, member) for member in self.members]
        scores = [member.calibrator.write(graph, raw) for member, raw in zip(self.members, raws, strict=True)]
        blend = combine.write(graph, scores, [member.count for member in self.members], self.target.outputs)
        score = self.calibrator.write(graph, blend)
        between = self._bounds(raws[0], blend, score)
        confidence = graph.parameter("confidence", self.confidence)
        outputs: dict[str, tuple[str, str, int | None]] = {}
        classes = self.target.classes
        if self.target.task == "regression":
            values = {"prediction": score}
            if self.interval is not None:
                half = graph.parameter("half_width", 1.0) if self.tracked else ""
                ends = tuple(_inline(graph, one.graph, _prepared(graph, one))["score"] for one in self.ends)
                values["lower"], values["upper"] = self.interval.write(graph, score, confidence, half, ends)
            values |= self._deviation(graph)
            at, exposed = graph.parameter("at", np.nan, None) if self.distribution is not None else "", ""
            if self.exposure:
                exposed = graph.input(self.exposure)  # none, none at all, or an endless one: there is no answer
                known = graph.op("And", graph.op("Greater", exposed, graph.const(0.0)), graph.op("Not", graph.op("IsInf", exposed)))
                exposed = graph.op("Where", known, exposed, graph.const(np.nan))
            if self.distribution is not None:
                levels = graph.parameter("quantiles", QUANTILES, (None,))
                values["quantile"], cdf = self.distribution.write(graph, score, levels, graph.op("Div", at, exposed) if exposed else at)
            if exposed:
                values = {name: graph.op("Mul", value, exposed) for name, value in values.items()}
            if self.distribution is not None:
                values["cdf"] = cdf
            outputs |= {name: (value, "double", 0 if name == "quantile" else 1) for name, value in values.items()}
        else:
            if self.target.task == "binary":
                score = graph.op("Concat", graph.op("Sub", graph.const(1.0, np.float64), score), score, axis=1)
            place = _inline(graph, self.members[0].parts[0].graph)["label"] if self.own_label else costs.write(graph, score, self.cost)
            label = graph.op("Gather", graph.const(list(classes)), place, axis=0)
            if self.partial:
                total = graph.op("ReduceSum", score, graph.const([1], np.int64), keepdims=1)
                label = graph.op("Where", graph.op("IsNaN", total), graph.const("", str), label)
            outputs |= {"prediction": (label, "string", 1), "probability": (score, "double", len(classes))}
            for name, value in zip(("p0", "p1"), between[0].write_both(graph, between[1]) if between else (), strict=False):
                outputs[name] = (value, "double", 1)
            if self.interval is not None:
                outputs["set"] = (self.interval.write(graph, score, confidence), "bool", len(classes))
        z = _inline(graph, self.novelty_raw)[PREPARED]
        outputs["novelty"] = (self.novelty.write(graph, z), "double", 1)
        return graph.model(outputs, metadata)

    def _deviation(self, graph: Any) -> dict[str, str]:
        """Where all parts have a standard deviation of their own, that of their mixture (deep ensembles: Lakshminarayanan et al. 2017); of one part, its own."""
        made = [_inline(graph, part.graph, _prepared(graph, part)) for member in self.members for part in member.parts]
        if any("deviation" not in one for one in made):
            return {}
        if len(made) == 1:
            return {"deviation": made[0]["deviation"]}
        axis, share = graph.const([1], np.int64), graph.const(self._shares()[None])
        scores, own = (graph.op("Concat", *[one[name] for one in made], axis=1) for name in ("score", "deviation"))
        apart = graph.op("Sub", scores, graph.op("ReduceSum", graph.op("Mul", scores, share), axis, keepdims=1))
        each = graph.op("Add", graph.op("Mul", apart, apart), graph.op("Mul", own, own))
        return {"deviation": graph.op("Sqrt", graph.op("ReduceSum", graph.op("Mul", each, share), axis, keepdims=1))}

    def _shares(self) -> Array:
        """[parts]: what each weighs in the answer."""
        total = sum(member.count for member in self.members)
        return np.array([member.count / total / len(member.parts) for member in self.members for _ in member.parts])

    def _bounds(self, raw: Any, blend: Any, score: Any) -> tuple[VennAbers, Any] | None:
        """The Venn-Abers table whose p0 and p1 the file gives, and what it reads: the one that made the probability, else `known`."""
        if isinstance(self.calibrator, VennAbers):
            return self.calibrator, blend
        own = self.members[0].calibrator
        if len(self.members) == 1 and isinstance(own, VennAbers) and isinstance(self.calibrator, Raw):
            return own, raw
        return None if self.known is None else (self.known, score)

    def _raw(self, graph: Any, member: Member) -> str:
        from etabli.graph.links import link

        parts = [_inline(graph, part.graph, _prepared(graph, part)) for part in member.parts]
        links = {part.link for part in member.parts}
        if len(parts) == 1:
            score = parts[0]["score"]
        elif links <= {"sigmoid", "identity", "exp"} and len(links) == 1:  # one link for all fold members: fewer nodes a row
            raws = graph.op("Concat", *[part["raw"] for part in parts], axis=1)
            total = graph.op("ReduceSum", link(graph, raws, next(iter(links))), graph.const([1], np.int64), keepdims=1)
            score = graph.op("Div", total, graph.const(float(len(parts)), np.float64))
        else:
            total = parts[0]["score"]
            for part in parts[1:]:
                total = graph.op("Add", total, part["score"])
            score = graph.op("Div", total, graph.const(float(len(parts)), np.float64))
        return str(score)

    # the reference ---------------------------------------------------------------------------------------------------

    def answer(
        self,
        table: Table,
        rows: Array,
        confidence: float | None = None,
        quantiles: Sequence[float] = QUANTILES,
        at: Array | float = np.nan,
        half_width: float = 1.0,
    ) -> dict[str, Array]:
        """The same outputs, part by part: prepared by the coded graphs, each model's own graph, numpy in between. quantiles: levels of
        the output `quantile`; at: a number or [rows, 1], where `cdf` is asked for; half_width: a factor on the intervals' halves."""
        from etabli.data.feeds import feeds
        from etabli.graph.run import run

        fed = feeds(table, self.columns, rows, coded=True)
        prepared: dict[bytes, Array] = {}

        def x_of(coded: bytes) -> Array:
            if coded not in prepared:
                prepared[coded] = run(coded, fed)[PREPARED]
            return prepared[coded]

        raws, made = [], []
        for member in self.members:
            parts = [
                run(part.graph, {"X": x_of(part.prepared_coded)} if part.prepared_coded else feeds(table, self.columns, rows))
                for part in member.parts
            ]
            raws.append(np.sum([found["score"] for found in parts], axis=0) / len(parts))
            made += parts
        own = [member.calibrator.apply(raw) for member, raw in zip(self.members, raws, strict=True)]
        counts = np.array([member.count for member in self.members])
        blended = own[0] if len(own) == 1 else combine.blend(np.stack(own, 1), counts)
        score = self.calibrator.apply(blended)
        known = self._bounds(raws[0], blended, score)
        level = self.confidence if confidence is None else confidence
        novelty = self.novelty.apply(x_of(self.novelty_coded))
        if self.target.task == "regression":
            values = {"prediction": score}
            if self.interval is not None:
                ends = [run(one.graph, {"X": x_of(one.prepared_coded)})["score"] for one in self.ends]
                values["lower"], values["upper"] = self.interval.apply(np.hstack([score, *ends]), level, half_width)
            if all("deviation" in found for found in made):
                means, spreads = (np.hstack([found[name] for found in made]) for name in ("score", "deviation"))
                apart = means - (means * self._shares()).sum(axis=1, keepdims=True)
                mixture = np.sqrt(((apart**2 + spreads**2) * self._shares()).sum(axis=1, keepdims=True))
                values["deviation"] = spreads if len(made) == 1 else mixture
            exposed = fed[self.exposure] if self.exposure else np.ones(1)
            exposed = np.where((exposed > 0) & ~np.isinf(exposed), exposed, np.nan)
            cdf = {}
            if self.distribution is not None:
                values["quantile"] = self.distribution.quantile(score, quantiles)
                cdf["cdf"] = self.distribution.cdf(score, at / exposed if self.exposure else at)
            return {name: value * exposed for name, value in values.items()} | cdf | {"novelty": novelty}
        if self.target.task == "binary":
            score = np.hstack([1.0 - score, score])
        place = run(self.members[0].parts[0].graph, feeds(table, self.columns, rows))["label"][:, 0] if self.own_label else None
        labels = np.array(self.target.classes, object)[costs.decide(score, self.cost) if place is None else place][:, None]
        if self.partial:
            labels[np.isnan(score).any(axis=1)] = ""
        more = {} if self.interval is None else {"set": self.interval.apply(score, level)}
        more |= dict(zip(("p0", "p1"), known[0].both(known[1]) if known else (), strict=False))
        return {"prediction": labels, "probability": score, **more, "novelty": novelty}


def _prepared(graph: Any, part: Part) -> dict[str, str]:
    return {"X": _inline(graph, part.prepared_raw)[PREPARED]} if part.prepared_raw else {}


def _inline(graph: Any, data: bytes, feeds: Mapping[str, str] | None = None) -> dict[str, str]:
    import onnx

    return dict(graph.inline(onnx.load_from_string(data), feeds))
