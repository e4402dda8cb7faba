"""Text: tf-idf of words and pairs of words, counted in the graph.

The operator set has no lower-casing and no regular expressions, and Python's idea of a word would not be another runtime's. So
texts are cut at plain characters (a space; line ends and tabs where the training texts have them), and everything finer is
learned as a *finite table*: each piece seen in the training rows ("Flight", "flight!", "FLIGHT,") belongs to a term
("flight", case-folded and stripped of punctuation), and TfIdfVectorizer counts all pieces of a term in one place. A piece never
seen is ignored, like an unseen word. Fitting cuts by the same nodes (`View.run`). The space is given explicitly: left out, the
standard says "any white space" and onnxruntime cuts at spaces alone. Character n-grams cannot be had with these operators: no
operator cuts a string into characters.

tf-idf as scikit-learn's TfidfVectorizer has it: idf = log((1 + n) / (1 + documents with the term)) + 1, rows of length 1.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from etabli.data.preparation.step import Learned, Step, View
from etabli.records import Array, Feature

if TYPE_CHECKING:
    from etabli.graph.graph import Graph

TERMS = 2_000  # at most, all text columns together
CELLS = 32_000_000  # and so many that the text part of the training matrix stays below 256 MB
SAMPLE = 50_000  # training rows whose words are counted
WORD_FORMS, PAIR_FORMS = 50, 20  # spellings kept of a term
CUTS = ("\n", "\t")  # cut here too when one text in a hundred has it
LONGEST = 60  # characters of a piece
STRIP = string.punctuation + "“”„‘’«»…–—¿¡"


@dataclass(frozen=True)
class Words:
    """What was learned of one text column. pool: pieces, then pairs of pieces joined by a space (no piece has one).
    place: int64, the term of each. idf: float64 [terms]."""

    name: str
    cuts: tuple[str, ...]
    singles: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    place: Array
    idf: Array


def term_of(piece: str) -> str:
    """The term a piece belongs to: case-folded, without punctuation around it (":-)" stays itself)."""
    folded = piece.casefold()
    return folded.strip(STRIP) or folded


def pieces(graph: Graph, name: str, cuts: Sequence[str]) -> str:
    """[rows, t] strings: the text cut at spaces and `cuts`; "" pads.

    How much is padded depends on the other rows. So that pairs of words do not, there is always a pad between two lines: a
    space is added to each.
    """
    text = graph.strings(name)
    for cut in cuts:
        text = graph.ops("StringSplit", text, count=2, delimiter=cut)[0]
    if cuts:
        text = graph.op("StringConcat", text, graph.const([" "]))
    text = graph.ops("StringSplit", text, count=2, delimiter=" ")[0]
    return graph.op("Reshape", text, graph.const([0, -1], np.int64))


@final
class Text(Step):
    """Words and pairs of words of every text column, the most frequent terms by documents."""

    order: ClassVar[int] = 40

    def fit(self, view: View) -> Learned | None:
        """The terms, their spellings and their document frequencies."""
        names = [column.name for column in view.columns if column.kind == "text" and not column.is_double]
        if not names or view.wants.text == "none":
            return None
        budget = min(TERMS, max(50, CELLS // max(len(view.rows), 1))) // len(names)
        learned = [words for name in names if (words := learn(view, name, max(budget, 10))) is not None]
        if not learned:
            return None
        features = [Feature(f'{words.name}: "{term}"', (words.name,)) for words, terms in learned for term in terms]
        return Learned(tuple(features), [words for words, _ in learned])

    def write(self, learned: Learned, graph: Graph) -> Sequence[str]:
        """Counts, times idf, over the row's length."""
        return [_write(graph, words) for words in learned.facts]


def _write(graph: Graph, words: Words) -> str:
    weighted = graph.op("Mul", graph.op("Cast", counted(graph, words), to=11), graph.const(words.idf[None, :]))
    squares = graph.op("ReduceSum", graph.op("Mul", weighted, weighted), graph.const([1], np.int64), keepdims=1)
    length = graph.op("Max", graph.op("Sqrt", squares), graph.const([[1e-300]], np.float64))  # a text without terms stays 0
    return graph.op("Div", weighted, length)


def counted(graph: Graph, words: Words) -> str:
    """[rows, terms] float: how often each term is in the text."""
    return graph.op(
        "TfIdfVectorizer",
        pieces(graph, words.name, words.cuts),
        mode="TF",
        min_gram_length=1,
        max_gram_length=2 if words.pairs else 1,
        max_skip_count=0,
        ngram_counts=[0, len(words.singles)] if words.pairs else [0],
        ngram_indexes=[int(place) for place in words.place],
        pool_strings=[*words.singles, *(piece for pair in words.pairs for piece in pair)],
    )


def learn(view: View, name: str, budget: int, paired: bool = True) -> tuple[Words, list[str]] | None:
    """(what was learned of a text column, its terms); None where no term is kept. budget: terms at most. paired: pairs of words are terms too."""
    rows = view.sample(SAMPLE)
    levels = view.table.levels[name]
    seen = np.unique(view.codes(name)[rows])
    texts = [levels[code] for code in seen.tolist() if code >= 0]
    if not texts:
        return None
    cuts = tuple(cut for cut in CUTS if sum(cut in text for text in texts) * 100 >= len(texts))
    documents = list(_documents(view, name, cuts, rows))
    terms: dict[str, str] = {}
    for document in documents:
        for piece in document:
            if piece not in terms and piece:
                terms[piece] = term_of(piece) if len(piece) <= LONGEST else ""
    terms[""] = ""
    least = 1 if len(documents) < 20 else 2
    single: Counter[str] = Counter()
    for document in documents:
        single.update({terms[piece] for piece in document} - {""})
    kept = {term for term, count in single.most_common(budget) if count >= least}
    pair: Counter[tuple[str, str]] = Counter()
    for document in documents if paired else ():
        named = [terms[piece] for piece in document]
        pair.update({(a, b) for a, b in pairwise(named) if a in kept and b in kept})
    ranked = [(count, term) for term, count in single.items() if term in kept]
    ranked += [(count, f"{a} {b}") for (a, b), count in pair.items() if count >= least]
    chosen = sorted(ranked, key=lambda item: (-item[0], item[1]))[:budget]
    if not chosen:
        return None
    place = {term: i for i, (_, term) in enumerate(chosen)}
    forms: list[Counter[tuple[str, ...]]] = [Counter() for _ in chosen]
    for document in documents:
        for at, piece in enumerate(document):
            term = terms[piece]
            if term in kept:
                if term in place:
                    forms[place[term]][(piece,)] += 1
                joined = f"{term} {terms[document[at + 1]]}" if at + 1 < len(document) else ""
                if joined in place:
                    forms[place[joined]][(piece, document[at + 1])] += 1
    singles: list[tuple[str, int]] = []
    pairs: list[tuple[tuple[str, str], int]] = []
    for i, found in enumerate(forms):
        for form, _ in found.most_common(PAIR_FORMS if " " in chosen[i][1] else WORD_FORMS):
            if len(form) == 1:
                singles.append((form[0], i))
            else:
                pairs.append(((form[0], form[1]), i))
    idf = np.log((1 + len(documents)) / (1 + np.array([count for count, _ in chosen], np.float64))) + 1
    words = Words(
        name,
        cuts,
        tuple(form for form, _ in singles),
        tuple(form for form, _ in pairs),
        np.array([i for _, i in (*singles, *pairs)], np.int64),
        idf,
    )
    return words, [term for _, term in chosen]


def _documents(view: View, name: str, cuts: Sequence[str], rows: Array) -> Iterator[list[str]]:
    """The pieces of each training row, cut by the graph; missing texts have none."""
    codes = view.codes(name)[rows]
    at = 0
    for flat in view.run(
        lambda graph: graph.op("Reshape", pieces(graph, name, cuts), graph.const([-1], np.int64)), None, "string", rows, 500
    ):
        part = codes[at : at + 500]
        for code, row in zip(part.tolist(), flat.reshape(len(part), -1).tolist(), strict=True):
            yield row if code >= 0 else []
        at += 500
