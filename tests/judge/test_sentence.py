from __future__ import annotations

import pytest

from etabli.judge.metrics import METRICS
from etabli.judge.sentence import Verdict, number, places, sentence


def test_the_sentence_of_the_design():
    said = sentence(
        Verdict(
            METRICS["log_loss"],
            0.3301,
            0.312,
            0.351,
            0.3188,
            50,
            6,
            0.5513,
            {"en": "logistic regression", "fr": "la régression logistique"},
        )
    )
    assert said["en"] == (
        "Expect log-loss 0.33 (0.31 to 0.35) on new rows; the leaderboard's 0.32 is flattered because 50 candidates were tried; "
        "6 others cannot be told from the winner, the simplest is logistic regression; knowing nothing scores 0.55."
    )
    assert said["fr"] == (
        "Sur de nouvelles lignes, attendez perte logarithmique 0,33 (0,31 à 0,35) ; le 0,32 du classement est flatté, car 50 candidats ont "
        "été essayés ; 6 autres ne se distinguent pas du vainqueur, le plus simple est la régression logistique ; ne rien savoir donne 0,55."
    )


def test_no_evidence_when_the_interval_touches_the_baseline():
    said = sentence(Verdict(METRICS["roc_auc"], 0.53, 0.48, 0.58, 0.56, 20, 12, 0.5, "ridge"))
    assert said["en"].startswith("There is no evidence that these columns predict the target")
    assert said["fr"].startswith("Rien ne montre que ces colonnes prédisent la cible")
    assert Verdict(METRICS["roc_auc"], 0.6, 0.55, 0.65, 0.6, 1, 0, 0.5).evidence
    assert Verdict(METRICS["rmse"], 2, 1, 3, 2, 1, 0, 4).evidence
    assert not Verdict(METRICS["rmse"], 2, 1, 4, 2, 1, 0, 4).evidence
    assert Verdict(METRICS["rmse"], 2, 1, 4, 2, 1, 0, 4, beaten=True).evidence  # row by row it is plain
    assert Verdict(METRICS["roc_auc"], 0.6, 0.45, 0.65, 0.6, 1, 0, 0.5, beaten=True).evidence


def test_a_constant_alone_says_nothing_of_the_columns():
    said = sentence(Verdict(METRICS["rmse"], 118_000, 112_000, 125_000, 118_000, 3, 0, 118_000, alone=True))
    assert (
        said["en"]
        == "Nothing but the constant was compared, for want of time: on new rows, root mean squared error 118,000 (112,000 to 125,000)."
    )
    assert "faute de temps" in said["fr"] and "prédisent" not in said["fr"]


def test_nothing_is_said_that_does_not_apply():
    alone = sentence(Verdict(METRICS["rmse"], 48_213, 47_000, 49_500, 48_213, 1, 0, 80_000))
    assert alone["en"] == "Expect root mean squared error 48,200 (47,000 to 49,500) on new rows; knowing nothing scores 80,000."
    assert "48\u202f200" in alone["fr"]
    assert "flattered" not in sentence(Verdict(METRICS["rmse"], 1.0, 0.9, 1.1, 1.05, 9, 0, 3))["en"]
    assert "1 other cannot" in sentence(Verdict(METRICS["rmse"], 1.0, 0.9, 1.1, 0.9, 9, 1, 3))["en"]


@pytest.mark.parametrize(
    ("low", "high", "want"), [(0.31, 0.35, 2), (47_000, 49_500, -2), (0.5, 0.5, 3), (0, float("inf"), 3), (0.001, 0.0014, 4)]
)
def test_places(low, high, want):
    assert places(low, high) == want


def test_numbers_as_people_write_them():
    tiny = sentence(Verdict(METRICS["rmse"], 5.5e-10, 5.0e-10, 6.0e-10, 5.5e-10, 1, 0, 1.18e-9))
    assert "5.5 × 10⁻¹⁰ (5.0 × 10⁻¹⁰ to 6.0 × 10⁻¹⁰)" in tiny["en"] and "5,5 × 10⁻¹⁰" in tiny["fr"] and "1.18 × 10⁻⁹" in tiny["en"]
    assert number(3e-7, 3, "en") == "0.000"
    assert number(-0.001, 2, "en") == "0.00" and number(1234.5, 1, "fr") == "1\u202f234,5" and number(float("nan"), 2, "fr") == "inconnu"
