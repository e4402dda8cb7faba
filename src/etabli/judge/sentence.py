"""The one sentence: what to expect on new rows, why the leaderboard says more, who else is as good, and what nothing scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

from etabli.judge.metrics import Metric
from etabli.records import Words

TINY, RAISED = 1e-5, str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")  # smaller numbers are written with a power of ten


@dataclass(frozen=True)
class Verdict:
    """value, low, high: the honest score. leaderboard: the winner's own. tried: candidates compared. tied: others that cannot be told
    from the winner. simplest: the simplest of the tied, by language or one name for all ("" when it is the winner). baseline: what
    knowing nothing scores."""

    metric: Metric
    value: float
    low: float
    high: float
    leaderboard: float
    tried: int
    tied: int
    baseline: float
    simplest: str | Words = ""
    beaten: bool = False  # the constant, by the winner, in the paired and simultaneous comparison of judge/ties.py
    alone: bool = False  # the constant, since no time was left for anything else: that says nothing of the columns

    @property
    def evidence(self) -> bool:
        """Whether the winner is better than the baseline row by row, or its interval stays clear of it on the better side. The
        interval alone would deny what is plain: it is that of a third of the rows, and one row can make it wide."""
        clear = self.low > self.baseline if self.metric.greater_is_better else self.high < self.baseline
        return self.beaten or clear


def places(low: float, high: float) -> int:
    """Decimals worth writing: the last is about a third of the interval's width; negative: whole tens, hundreds, ..."""
    width = abs(high - low)
    if not math.isfinite(width) or width == 0:
        return 3
    return int(min(12, max(-300, -math.floor(math.log10(width / 3)))))


def number(value: float, decimals: int, language: str) -> str:
    """A rounded number as people of that language write it."""
    if not math.isfinite(value):
        return {"en": "unknown", "fr": "inconnu"}[language]
    if abs(value) < TINY and round(value, decimals):
        text = f"{value:.{max(0, decimals + math.floor(math.log10(abs(value))))}e}"
        mantissa, power = text.split("e")
        text = f"{mantissa} × 10{str(int(power)).translate(RAISED)}"
        return text if language == "en" else text.replace(".", ",")
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text if language == "en" else text.replace(",", "\u202f").replace(".", ",")


def sentence(verdict: Verdict) -> dict[str, str]:
    """The sentence in English and in French."""
    decimals = places(verdict.low, verdict.high)
    return {language: _said(verdict, decimals, language) for language in ("en", "fr")}


def _said(verdict: Verdict, decimals: int, language: str) -> str:
    title = verdict.metric.title[language]
    value, low, high, leaderboard, baseline = (
        number(x, decimals, language) for x in (verdict.value, verdict.low, verdict.high, verdict.leaderboard, verdict.baseline)
    )
    better = verdict.leaderboard > verdict.value if verdict.metric.greater_is_better else verdict.leaderboard < verdict.value
    simplest = verdict.simplest if isinstance(verdict.simplest, str) else verdict.simplest[language]
    french = language == "fr"
    expect = f"{title} {value} ({low} {'à' if french else 'to'} {high})"
    if verdict.alone:
        return (
            f"Rien d'autre que la constante n'a été comparé, faute de temps : sur de nouvelles lignes, {expect}."
            if french
            else f"Nothing but the constant was compared, for want of time: on new rows, {expect}."
        )
    parts = []
    if verdict.evidence:
        parts.append(f"{'Sur de nouvelles lignes, attendez' if french else 'Expect'} {expect}{'' if french else ' on new rows'}")
    else:
        parts.append(
            f"Rien ne montre que ces colonnes prédisent la cible : sur de nouvelles lignes, {expect}"
            if french
            else f"There is no evidence that these columns predict the target: on new rows, {expect}"
        )
    if verdict.tried > 1 and better and leaderboard != value:
        parts.append(
            f"le {leaderboard} du classement est flatté, car {verdict.tried} candidats ont été essayés"
            if french
            else f"the leaderboard's {leaderboard} is flattered because {verdict.tried} candidates were tried"
        )
    if verdict.tried > 1:
        parts.append(_others(verdict.tied, simplest, french))
    parts.append(f"ne rien savoir donne {baseline}" if french else f"knowing nothing scores {baseline}")
    return (" ; " if french else "; ").join(parts) + "."


def _others(tied: int, simplest: str, french: bool) -> str:
    if tied == 0:
        return "aucun autre ne l'égale" if french else "no other is as good"
    if french:
        text = "un autre ne se distingue pas" if tied == 1 else f"{tied} autres ne se distinguent pas"
        return text + " du vainqueur" + (f", le plus simple est {simplest}" if simplest else ", qui est le plus simple")
    text = f"{tied} {'other' if tied == 1 else 'others'} cannot be told from the winner"
    return text + (f", the simplest is {simplest}" if simplest else ", which is the simplest")
