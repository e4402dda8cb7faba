"""Fifty candidates on nothing: the honest interval must not see something. Small here; hundreds of seeds with `bash scripts/promises`."""

from __future__ import annotations

from functools import cache

import pytest

from tests.promises.measured import Figures, Question, chance, figures

QUESTIONS = [Question(metric, n) for metric in ("roc_auc", "log_loss", "rmse") for n in (100, 200, 1_000)]
WEIGHTED = [Question(metric, 200, weighted=True) for metric in ("roc_auc", "log_loss", "rmse")]
DEPENDENT = [Question(metric, 200, groups=groups) for groups in (12, 40) for metric in ("roc_auc", "log_loss", "rmse")]
DEPENDENT += [Question(metric, 200, in_time=True) for metric in ("roc_auc", "log_loss", "rmse")]
SMALL = [Question(metric, n, draws=200) for metric, n in (("roc_auc", 100), ("roc_auc", 200), ("log_loss", 200), ("rmse", 200))]
SMALL += [Question("roc_auc", 100, draws=100, groups=12), Question("rmse", 100, draws=100, in_time=True)]
SMALL += [Question(metric, 100, weighted=True, draws=200) for metric in ("roc_auc", "rmse")]
BIAS = 0.005  # AUC, promised


@cache
def few(question: Question) -> Figures:
    """Ten seeds."""
    return figures(question, range(10))


def quiet(found: Figures) -> None:
    """Hardly ever anything is seen, and the leaderboard is flattered far more than the honest score."""
    assert found.excludes * found.seeds <= chance(0.05, found.seeds)
    assert found.claims * found.seeds <= chance(0.05, found.seeds)


@pytest.mark.parametrize("question", SMALL, ids=str)
def test_noise_is_seen_as_noise(question: Question) -> None:
    found = few(question)
    quiet(found)
    if question.metric == "roc_auc" and not question.groups:
        assert found.naive > 0.04
        assert abs(found.bias) < found.naive / 3


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS + WEIGHTED, ids=str)
def test_noise_is_seen_as_noise_over_two_hundred_seeds(question: Question) -> None:
    found = figures(question, range(200), processes=2)
    quiet(found)
    if question.metric == "roc_auc":
        assert abs(found.bias) < found.naive / 8
        if not question.weighted:
            assert abs(found.bias) < BIAS + found.error


@pytest.mark.slow
@pytest.mark.parametrize("question", DEPENDENT, ids=str)
def test_noise_of_groups_and_in_time_is_seen_as_noise(question: Question) -> None:
    """Few groups, groups that are drawn whole, blocks of time."""
    quiet(figures(question, range(200), processes=2))


def test_a_judge_that_believed_its_leaderboard_would_fail() -> None:
    """The naive score's bias is many standard errors away: the simulation can tell."""
    found = few(SMALL[0])
    assert found.naive > 5 * found.error
