"""The order of trying: every family early, strong families deeper, nothing lost or doubled."""

from __future__ import annotations

from etabli.families import families
from etabli.records import Facts, Setting, Wants
from etabli.work.portfolio import Offer, following, portfolio

FACTS = Facts("binary", 2, 5_000, 12, 4, 30)


def test_every_fitting_family_offers_and_names_are_unique() -> None:
    offers = portfolio(families(), FACTS, 100)
    assert {offer.family for offer in offers} == {name for name, member in families().items() if "binary" in member.tasks}
    settings = [setting for offer in offers for setting in offer.path]
    assert len({setting.hash for setting in settings}) == len(settings)
    assert len({setting.name for setting in settings}) == len(settings)
    assert all(offer.depth < 2 for offer in portfolio(families(), FACTS, 2))


def test_the_constant_is_first_and_every_family_comes_early() -> None:
    order = following(portfolio(families(), FACTS, 100), {})
    assert order[0].family == "baseline"
    firsts = [place for place, offer in enumerate(order) if offer.depth == 0]
    assert max(firsts) < 12


def _offer(family: str, depth: int, cost: float) -> Offer:
    return Offer((Setting(family, {"depth": depth}, Wants()),), depth, cost)


def test_a_family_that_is_behind_goes_deeper_last() -> None:
    offers = [_offer("weak", depth, 1.0) for depth in range(1, 4)] + [_offer("strong", depth, 3.0) for depth in range(1, 4)]
    assert next(offer.family for offer in following(offers, {})) == "weak"
    order = following(offers, {"weak": 2.0, "strong": 1.0})
    assert [offer.family for offer in order] == ["strong"] * 3 + ["weak"] * 3
    assert sorted(order, key=id) == sorted(offers, key=id)
