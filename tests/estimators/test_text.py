from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

from etabli.estimators import Refused
from etabli.estimators.text import SPACES
from tests.estimators.frames import dense, same, written

WORDS = "the quick brown fox jumps over lazy dog re-run 3.5kg été naïve Straße a I".split()
PLAIN = {"lowercase": False, "token_pattern": r"\S+"}


def texts(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        words = random.choice(WORDS, random.integers(0, 9))
        made.append("".join(word + str(random.choice(SPACES)) * random.integers(1, 3) for word in words.tolist()))
    return pd.DataFrame({"t": [*made, "", "  ", "unseen words only", " quick  brown\t\nfox "]})


TABLE = texts()


@pytest.mark.parametrize("grams", [(1, 1), (1, 2), (2, 2), (2, 3), (1, 3)])
@pytest.mark.parametrize("options", [{}, {"binary": True}, {"stop_words": ["the", "a"]}, {"max_features": 9}])
def test_counts(grams, options):
    vectorizer = CountVectorizer(ngram_range=grams, **PLAIN, **options).fit(TABLE["t"])
    same(vectorizer, texts(80, 3))


@pytest.mark.parametrize(
    "options",
    [{}, {"sublinear_tf": True, "ngram_range": (1, 2)}, {"norm": "l1"}, {"norm": None, "smooth_idf": False}, {"use_idf": False}],
)
def test_tf_idf(options):
    same(TfidfVectorizer(**PLAIN, **options).fit(TABLE["t"]), texts(80, 3), 1e-15)


def test_split_as_tokenizer():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library says that token_pattern is not used
        same(CountVectorizer(tokenizer=str.split, lowercase=False, ngram_range=(1, 2)).fit(TABLE["t"]), texts(80, 3))


VECTORIZER = CountVectorizer(ngram_range=(1, 2), **PLAIN).fit(["a b a c", "b b c"])


@settings(max_examples=40)
@given(st.lists(st.text(alphabet="ab c\t\n\x1c\u2003é", max_size=12), min_size=1, max_size=6))
def test_any_text_is_cut_as_python_cuts_it(rows):
    found = written(VECTORIZER, pd.DataFrame({"t": np.array(rows, object)}))[1]["part0"]
    assert np.array_equal(found, dense(VECTORIZER.transform(rows)))


@pytest.mark.parametrize(
    "vectorizer, reason",
    [
        (TfidfVectorizer(), "lower-cases"),
        (CountVectorizer(lowercase=False), "regular expression"),
        (TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)), "characters"),
        (TfidfVectorizer(strip_accents="unicode", **PLAIN), "accents"),
        (CountVectorizer(preprocessor=str.upper, **PLAIN), "preprocessor"),
        (TfidfVectorizer(dtype=np.float32, **PLAIN), "float32"),
        (HashingVectorizer(), "hashes"),
    ],
)
def test_what_no_operator_can_do_is_refused_by_name(vectorizer, reason):
    with pytest.raises(Refused, match=reason):
        written(vectorizer.fit(TABLE["t"]), TABLE)
