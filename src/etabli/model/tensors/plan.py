"""The file cut in two: what is done to texts, and what is done to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from etabli.errors import DataError
from etabli.model.explain.nodes import Node, Unread, read, showing

Array = np.ndarray[Any, np.dtype[Any]]
# What turns a code into indicators, or into the number that stands for a level: it happens to texts still, so that what enters are numbers that can move along a way (`explain/gradients.py`).
# Arithmetic does not: of a table of texts alone the weights would stay outside.
CODING = frozenset(
    "LabelEncoder Equal Cast Gather GatherElements Concat Reshape Unsqueeze Squeeze Expand Not And Or Where IsNaN Less Greater Slice Split Identity".split()
)
SINGLE, INTEGER, TEXT, BOOLEAN = 1, 7, 8, 9


@dataclass(frozen=True)
class Plan:
    """nodes: those of numbers, in order. constants: numbers by name. numeric: inputs that are numbers. entering: tensors that the texts give.
    outputs: name -> its tensor, of the outputs that are numbers. texts: a model that gives `entering` from the inputs, b"" when nothing does.
    defaults: inputs that may be left out (confidence, quantiles ...)."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    numeric: tuple[str, ...]
    entering: tuple[str, ...]
    outputs: Mapping[str, str]
    texts: bytes
    defaults: Mapping[str, Array]


def plan(source: bytes, inputs: Mapping[str, str], optional: frozenset[str], outputs: tuple[str, ...]) -> Plan:
    """inputs: name -> "double" or "string". outputs: in order; those that are texts (labels) are left out. DataError for a file with nodes that établi never writes."""
    try:
        known = read(source)
    except Unread as problem:
        raise DataError("the file holds what établi writes", str(problem), "") from problem
    texts = {name for name, kind in inputs.items() if kind == "string"}
    textual = texts | {name for name, value in known.constants.items() if value.dtype == object}  # tensors that are texts
    early: set[str] = set(
        texts
    )  # tensors that the texts come to: texts, the numbers that stand for them (codes, indicators, counts), and sizes of these
    sizes: set[str] = set()
    nodes: list[Node] = []
    entering: dict[str, None] = {}
    for node in known.nodes:
        fed = [name for name in node.inputs if name and name not in known.constants]
        if any(name in textual for name in node.inputs):
            out = _text(node)
            if all(name in early for name in fed) and fed:
                early |= set(node.outputs)
                if out:
                    textual |= set(node.outputs)
                elif node.op == "Shape":
                    sizes |= set(node.outputs)
                continue
            if out or all(name in known.constants for name in fed):  # a label: chosen from texts by number
                textual |= set(node.outputs)
                continue
            raise DataError("texts come before numbers in a file of établi", f"{node.op} takes both", "")
        if fed and (sizes.issuperset(fed) or (node.op in CODING and early.issuperset(fed))):
            early |= set(node.outputs)
            sizes |= set(node.outputs) if sizes.issuperset(fed) else set()
            continue
        entering |= dict.fromkeys(name for name in fed if name in early)
        nodes.append(node)
    asked = {name: name for name in outputs if name not in textual}
    entering |= dict.fromkeys(name for name in asked if name in early)
    kept = _needed(nodes, set(asked))
    wanted = {name for node in kept for name in node.inputs} | set(asked)
    come = tuple(name for name in entering if name in wanted)
    defaults = {name: known.constants[name] for name in optional if name in wanted and name in known.constants}
    constants = {
        name: value for name, value in known.constants.items() if name in wanted and name not in defaults and value.dtype != object
    }
    numeric = tuple(name for name, kind in inputs.items() if kind != "string" and name in wanted)
    return Plan(kept, constants, numeric, come, asked, showing(source, come) if come else b"", defaults)


def _text(node: Node) -> bool:
    """Whether a node that takes texts gives texts."""
    if node.op == "LabelEncoder":
        values = node.tensor("values_tensor")
        return values is not None and values.dtype == object
    if node.op == "Cast":
        return node.integer("to", 0) == TEXT
    return node.op not in ("Equal", "TfIdfVectorizer", "IsNaN", "Shape")


def _needed(nodes: list[Node], wanted: set[str]) -> tuple[Node, ...]:
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            kept.append(node)
            wanted |= set(node.inputs)
    return tuple(kept[::-1])
