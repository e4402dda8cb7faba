"""A pipeline of spaCy, which is refused, with what stands in the way and what can be done instead.

Two parts of a text classifier of spaCy have no operator, and neither can be measured away. Its tokeniser cuts by regular expressions and exceptions. And its components look words up by
the MurmurHash of their texts, whether they saw them or not: a word that came in no row of the proof still has weights (those of the place it falls on), so that a table of the words
seen would equal the pipeline on the rows given and not on the next ones. Such a file would pass its proof and be wrong; it is not written.
"""

from __future__ import annotations

from typing import Any

from etabli.estimators.writing import Refused

HASHED = ("hashembed", "sparse_linear")  # layers of thinc that take the hash of a word: of TextCatCNN and ensembles, of TextCatBOW


def refusal(pipeline: Any) -> Refused:
    """What to raise: the tokeniser, the components, of a text classifier its labels, and the next step."""
    names = list(getattr(pipeline, "pipe_names", ()))
    labels: dict[str, tuple[str, ...]] = {}
    hashed: set[str] = set()
    for name in names:
        part = pipeline.get_pipe(name)
        if any("textcat" in kind.__module__ for kind in type(part).__mro__):
            labels[name] = tuple(map(str, part.labels))
        if callable(walk := getattr(getattr(part, "model", None), "walk", None)):  # also of a tok2vec that others listen to
            hashed |= {layer for node in walk() for layer in HASHED if node.name.startswith(layer)}
    told = ", ".join(f"{name} (classes {', '.join(labels[name][:8])})" if labels.get(name) else name for name in names) or "none"
    why = (
        f"its tokeniser ({type(pipeline.tokenizer).__name__}) cuts texts by rules and exceptions that no operator has"
        + (f", and words are looked up by a hash of their texts, also those it never saw ({', '.join(sorted(hashed))})" if hashed else "")
        + f"; its components: {told}"
    )
    hint = "fit the texts here instead, words are weighed inside the file: etabli fit texts.csv --target label"
    if labels:
        hint += "; to stay near this pipeline, let it write the labels (max(nlp(text).cats, key=nlp(text).cats.get)) and keep labelled rows for etabli check"
    return Refused("spaCy's pipeline", why, f"{hint}; or adopt a classifier on the numbers that spaCy makes of texts (doc.vector)")
