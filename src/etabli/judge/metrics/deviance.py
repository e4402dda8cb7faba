"""Deviances for targets that are not below zero: Poisson (counts, amounts with zeros), gamma (amounts above zero), and Tweedie's between.

The unit deviance of power p (Jørgensen 1987) is least at the conditional mean for every p; the power says how fast the variance grows with
the mean: not at all (0, squared error), as fast (1, Poisson), between (total claims), as its square (2, gamma), so that errors count
relative to the mean. Exponents are written as logarithms, log(y / m) and not log y - log m, so that equal values cost exactly 0.

A prediction at or below zero has no deviance (scikit-learn raises). Models that can fall below zero are compared here with those that
cannot, so a prediction counts as no less than a millionth of the mean target: it costs much, not infinitely. Above that the values are scikit-learn's.
"""

from __future__ import annotations

import numpy as np

from etabli.judge.metrics.metric import NUMBERS, Check, Given, Kind, Loss, Metric, Objection
from etabli.records import Array

FLOOR = 1e-6  # share of the mean target below which no prediction counts


def _loss(power: float) -> Loss:
    def loss(given: Given) -> Array:
        y = given.y
        if _barred(power, y) is not None:
            return np.full(len(y), np.nan)
        m = np.maximum(given.S[:, 0], FLOOR * np.mean(given.w * y))
        logarithm = np.log(np.where(y > 0, y, m) / m)
        if power == 1:
            return np.asarray(2 * (y * logarithm - (y - m)))
        if power == 2:
            return np.asarray(2 * ((y - m) / m - logarithm))
        a, b = 1 - power, 2 - power
        return np.asarray(2 * (y**b / (a * b) - y * m**a / a + m**b / b))

    return loss


def _barred(power: float, y: Array) -> Objection | None:
    hint = "take rmse or mae"
    if power >= 2 and (y <= 0).any():
        hint = "poisson_deviance takes zeros" if (y >= 0).all() else hint
        return Objection(
            "the gamma deviance needs targets above 0",
            f"{int((y <= 0).sum())} of {len(y)} targets are 0 or below, the least {y.min():g}",
            hint,
        )
    if (y < 0).any():
        return Objection(
            "a Poisson or Tweedie deviance needs targets of 0 or above",
            f"{int((y < 0).sum())} of {len(y)} are below, the least {y.min():g}",
            hint,
        )
    if not (y > 0).any():
        return Objection("a Poisson or Tweedie deviance needs a target above 0", f"all {len(y)} targets are 0", hint)
    return None


def _check(power: float) -> Check:
    return lambda y, fold: _barred(power, y)


def tweedie(power: float) -> Metric:
    """The mean unit deviance of that power, 1 to 2."""
    names = {
        1.0: ("poisson_deviance", "Poisson deviance", "déviance de Poisson"),
        2.0: ("gamma_deviance", "gamma deviance", "déviance gamma"),
    }
    name, english, french = names.get(
        power,
        (
            f"tweedie_deviance@{power:g}",
            f"Tweedie deviance of power {power:g}",
            f"déviance de Tweedie de puissance {power:g}".replace(".", ","),
        ),
    )
    meaning = {
        1.0: ("where the variance grows as the mean does: counts", "quand la variance croît comme la moyenne : des comptes"),
        2.0: (
            "where errors count relative to the mean: amounts above 0",
            "quand les erreurs comptent relativement : des montants positifs",
        ),
    }
    en, fr = meaning.get(power, ("between Poisson and gamma: totals that are often 0", "entre Poisson et gamma : des totaux souvent nuls"))
    short = name.partition("_")[0]
    return Metric(
        name,
        {"en": english, "fr": french},
        NUMBERS,
        proper=True,
        loss=_loss(power),
        check=_check(power),
        doc={
            "en": f"How far the target is from its predicted mean, {en}; the mean is the best answer.",
            "fr": f"La distance de la cible à sa moyenne prédite, {fr} ; la moyenne est la meilleure réponse.",
        },
        aliases=(short, f"mean_{name}", f"neg_mean_{name}") if power in names else (),
    )


METRICS = (tweedie(1.0), tweedie(2.0))
KINDS = (
    Kind(
        "tweedie_deviance",
        tweedie,
        1.0,
        2.0,
        1.5,
        "the power of the mean that the variance grows with",
        ("tweedie", "mean_tweedie_deviance", "neg_mean_tweedie_deviance"),
    ),
)
