"""Names of metrics: scikit-learn's are understood, numbers in them too, and what cannot rank says why."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from etabli.errors import UsageError
from etabli.judge.metrics import ALIASES, DEFAULTS, KINDS, METRICS, NOT_OURS, fitting, metric, named, title
from scripts import metrics_page


def test_names_teach():
    assert metric(None, "regression").name == "rmse"
    assert metric("AUC", "binary").name == "roc_auc"
    assert metric("neg_log_loss", "multiclass").name == "log_loss"
    with pytest.raises(UsageError) as caught:
        metric("acuracy", "binary")
    assert "accuracy" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        metric("rmse", "binary")
    assert "log_loss" in caught.value.hint and "rmse" not in caught.value.hint.split(", ")


@pytest.mark.parametrize(
    ("asked", "task", "name"),
    [
        ("pinball@0.75", "regression", "pinball@0.75"),
        ("quantile 0.5", "regression", "pinball@0.5"),
        ("top_k_accuracy@5", "multiclass", "top5"),
        ("top2", "multiclass", "top2"),
        ("F2", "binary", "fbeta@2"),
        ("fbeta@0.5", "binary", "fbeta@0.5"),
        ("fbeta@1", "binary", "f1"),
        ("Tweedie@1", "regression", "poisson_deviance"),
        ("tweedie_deviance@1.9", "regression", "tweedie_deviance@1.9"),
        ("neg-mean-poisson-deviance", "regression", "poisson_deviance"),
        ("r2", "regression", "r2"),
    ],
)
def test_numbers_in_names(asked, task, name):
    assert metric(asked, task).name == name == metric(name, task).name


@pytest.mark.parametrize(
    "asked", ["pinball", "pinball@1.5", "pinball@0", "pinball@", "top@2.5", "top1", "tweedie@3", "fbeta@0", "rmse@2", "@3", ""]
)
def test_numbers_that_make_no_sense(asked):
    with pytest.raises(UsageError) as caught:
        metric(asked, "multiclass" if "top" in asked else "regression")
    assert caught.value.hint


def test_what_cannot_rank_says_why():
    for name in (*NOT_OURS, "ece", "recall_score"):
        task = "regression" if name in ("max_error", "crps") else "binary"
        with pytest.raises(UsageError) as caught:
            metric(name, task)
        assert caught.value.hint, name
    with pytest.raises(UsageError) as caught:
        metric("cost", "binary")
    assert "--cost" in caught.value.hint
    assert metric("cost", "binary", np.eye(2)).name == "cost"
    assert "ece" not in fitting("binary") and "top3" not in fitting("binary")
    for task, name in DEFAULTS.items():
        assert fitting(task)[0] == name


def test_scikit_learns_scorers_are_understood():
    """Every scorer that it has for these tasks, but those that need something else, is known or refused with a reason."""
    elsewhere = {
        "homogeneity",
        "completeness",
        "rand",
        "mutual_info",
        "v_measure",
        "fowlkes",
        "jaccard",
        "likelihood",
        "ovo",
        "d2_",
        "samples",
    }
    for scorer in sk.get_scorer_names():
        if any(word in scorer for word in elsewhere):
            continue
        try:
            named(scorer, "regression")
        except UsageError as error:
            assert error.rule in {why for why, _ in NOT_OURS.values()} or error.rule.startswith('the metric "top"'), scorer


@pytest.mark.parametrize("name", METRICS)
def test_says_what_it_is(name):
    found = METRICS[name]
    for language in ("en", "fr"):
        assert found.title[language] and found.doc[language].endswith(".") and len(found.doc[language]) < 170
        assert title(name, language) == found.title[language]
        assert found.proper or not found.ranks or found.caution[language].endswith(".")
    assert not set(ALIASES) & set(METRICS) and not set(ALIASES) & set(KINDS)
    assert title("pinball@0.75", "fr") == "perte pinball à 0,75" and title("nonsense", "en") is None


def test_the_page_is_what_the_metrics_say_of_themselves():
    """Made again by `python scripts/metrics_page.py`."""
    assert metrics_page.PAGE.read_text(encoding="utf-8") == metrics_page.page()
