"""Words of a text, counted: CountVectorizer, TfidfVectorizer and TfidfTransformer, as far as a graph can.

No operator lower-cases, strips accents or cuts by a regular expression. What can be exact is cutting at white space:
analyzer="word", lowercase=False and token_pattern=r"\\S+" (or tokenizer=str.split), which is what Python means by `isspace`: 29
characters, so 29 splits, after each of which the empty pieces are moved behind the words, so that pairs of words stay neighbours. Anything
else is refused by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import etabli.estimators as estimators
from etabli.estimators.blocks import asked, block, in_double, number, row
from etabli.estimators.scaling import over_length
from etabli.estimators.writing import Frame, Refused, writes
from etabli.graph.graph import Graph

HINT = r'lowercase=False, token_pattern=r"\S+" (words cut at white space), with the text made lower-case in the data'
SPACES = tuple(letter for letter in map(chr, range(0x3001)) if letter.isspace())
WHOLE = (r"\S+", r"(?u)\S+", r"[^\s]+")


def _checked(estimator: Any, frame: Frame) -> None:
    if frame.width != 1 or frame.parts[0].kind != "string":
        raise Refused(estimator, "it is due one column of texts")
    reasons = [
        (estimator.analyzer != "word", f"analyzer={estimator.analyzer!r}: no operator cuts a text into characters"),
        (estimator.preprocessor is not None, "its preprocessor is a Python function"),
        (estimator.strip_accents is not None, "no operator strips accents"),
        (bool(estimator.lowercase), "no operator lower-cases a text"),
        (
            estimator.tokenizer is not None and estimator.tokenizer is not str.split,
            "its tokenizer is a Python function",
        ),
        (
            estimator.tokenizer is None and estimator.token_pattern not in WHOLE,
            f"token_pattern={estimator.token_pattern!r}: no operator cuts by a regular expression",
        ),
        (estimator.input != "content", f"input={estimator.input!r}: it opens files"),
    ]
    for wrong, reason in reasons:
        if wrong:
            raise Refused(estimator, reason, HINT)


def _words(graph: Graph, text: str, stop: set[str]) -> str:
    """[rows, t] strings: the words of [rows, 1] texts without stop words, "" behind them."""
    from onnx import numpy_helper

    flat = graph.const([0, -1], np.int64)
    for space in SPACES:
        text = graph.op("StringConcat", text, graph.const([space]))  # an empty text has no pieces at all: now it has two
        text = graph.op("Reshape", graph.ops("StringSplit", text, count=2, delimiter=space)[0], flat)
        text = _packed(graph, text, graph.op("Equal", text, graph.const("")))
    if not stop:
        return text
    words = sorted(stop)
    stopped = graph.op(
        "LabelEncoder",
        text,
        keys_tensor=numpy_helper.from_array(np.array(["", *words], object), "keys"),
        values_tensor=numpy_helper.from_array(np.ones(1 + len(words)), "values"),
        default_tensor=numpy_helper.from_array(np.zeros(1), "default"),
    )
    gone = graph.op("Greater", stopped, number(graph, 0.5))
    return _packed(graph, graph.op("Where", gone, graph.const(""), text), gone)


def _packed(graph: Graph, text: str, gone: str) -> str:
    """The kept pieces of each row first, in their order, in as many columns as the fullest row needs.

    After every cut, for 29 cuts would multiply their widths.
    """
    kept = graph.op("Cast", graph.op("Not", gone), to=7)
    most = graph.op(
        "ReduceMax", graph.op("ReduceSum", kept, graph.const([1], np.int64), keepdims=1), graph.const([0], np.int64), keepdims=0
    )
    width = graph.op("Max", most, graph.const([1], np.int64))
    # TopK gives equal numbers in the order of their places (the standard says so)
    order = graph.ops("TopK", graph.op("Cast", gone, to=11), width, count=2, axis=1, largest=0, sorted=1)[1]
    return graph.op("GatherElements", text, order, axis=1)


@writes("sklearn.feature_extraction.text.CountVectorizer")
def counts(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """[rows, vocabulary] counts of words and n-grams."""
    _checked(estimator, frame)
    in_double(estimator, estimator.dtype)
    return block(_counted(estimator, graph, frame), len(estimator.vocabulary_))


def _counted(estimator: Any, graph: Graph, frame: Frame) -> str:
    least, most = estimator.ngram_range
    terms: dict[int, list[tuple[tuple[str, ...], int]]] = {length: [] for length in range(1, most + 1)}
    for term, place in estimator.vocabulary_.items():
        words = tuple(term.split())
        if least <= len(words) <= most and " ".join(words) == term:  # any other is never found
            terms[len(words)].append((words, int(place)))
    starts: list[int] = []
    pool: list[str] = []
    places: list[int] = []
    for length in range(1, most + 1):
        starts.append(len(pool))
        for words, place in terms[length]:
            pool.extend(words)
            places.append(place)
    width = len(estimator.vocabulary_)
    if sorted(places) != list(range(width)):
        raise Refused(estimator, "its vocabulary holds terms that its own cutting cannot give, or numbers them with gaps")
    stop = estimator.get_stop_words() or frozenset()
    counted = graph.op(
        "TfIdfVectorizer",
        _words(graph, frame.parts[0].tensor, set(stop)),
        mode="TF",
        min_gram_length=least,
        max_gram_length=most,
        max_skip_count=0,
        ngram_counts=starts,
        ngram_indexes=places,
        pool_strings=pool,
    )
    made = graph.op("Cast", counted, to=11)
    return graph.op("Min", made, number(graph, 1.0)) if estimator.binary else made


@writes("sklearn.feature_extraction.text.TfidfVectorizer")
def tf_idf(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Counts, then TfidfTransformer."""
    _checked(estimator, frame)
    in_double(estimator, estimator.dtype)
    return estimators.transformed(estimator._tfidf, graph, block(_counted(estimator, graph, frame), len(estimator.vocabulary_)))


@writes("sklearn.feature_extraction.text.TfidfTransformer")
def weighted(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Counts (or 1 + log of counts), times idf, over the row's length."""
    asked(estimator, frame.width)
    x = frame.matrix(graph, estimator)
    if estimator.sublinear_tf:
        there = graph.op("Greater", x, number(graph, 0.0))
        grown = graph.op("Add", graph.op("Log", graph.op("Where", there, x, number(graph, 1.0))), number(graph, 1.0))
        x = graph.op("Where", there, grown, x)
    if estimator.use_idf:
        x = graph.op("Mul", x, row(graph, estimator.idf_))
    if estimator.norm is not None:
        x = over_length(estimator, graph, x, estimator.norm, 5e-324)
    return block(x, frame.width)


@writes("sklearn.feature_extraction.text.HashingVectorizer", "sklearn.feature_extraction._hash.FeatureHasher")
def hashing(estimator: Any, graph: Graph, frame: Frame) -> Frame:
    """Refused."""
    raise Refused(estimator, "no operator hashes a text", f"TfidfVectorizer({HINT})")
