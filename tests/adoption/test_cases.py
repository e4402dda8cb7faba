"""The 146 models of the benchmark, on fewer rows: each is written and right, or refused by name; none is silently wrong."""

from __future__ import annotations

import pytest

from benchmarks.adoption import by_etabli, fitted
from benchmarks.cases import cases

CASES = {case.name: case for case in cases(held=1_000)}
REFUSED = {
    "DBSCAN": "cannot place new ones",
    "NMF": "by iteration",
    "pp_KNNImputer": "equally far",
    "df_Tfidf": "lower-cases",
    "df_Tfidf_char": "characters",
    "df_Tfidf_accents": "accents",
    "df_Count": "lower-cases",
    "df_Hashing": "hashes",
    "CatB_uncertainty": "RMSEWithUncertainty",
}


def test_the_scope_is_whole() -> None:
    assert len(CASES) == 146 and set(REFUSED) <= set(CASES)
    assert len(CASES) - len(REFUSED) >= 135


@pytest.mark.filterwarnings("ignore")  # what libraries say of tiny fits is not our affair
@pytest.mark.parametrize("name", CASES)
def test_a_case_is_right_or_refused_by_name(name: str) -> None:
    case = CASES[name]
    outcome = by_etabli(case, fitted(case))
    if name in REFUSED:
        assert outcome.verdict == "refused" and REFUSED[name] in outcome.why
        assert "stopped by the proof" not in outcome.why
    else:
        assert (outcome.verdict, outcome.why) == ("right", "")
        assert outcome.bits or not case.trees, "a sum of trees is equal bit for bit"
