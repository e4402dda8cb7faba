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
    kins = {offer.house: place for place, offer in reversed(list(enumerate(order)))}
    network = kins.pop("kin of tabm")
    assert max(kins.values()) < 2 * len(kins)  # every kind of family comes early
    assert max(kins.values()) < network < len(order) / 2  # a network costs more than the dearest of them and starves none


def _offer(family: str, depth: int, cost: float) -> Offer:
    return Offer((Setting(family, {"depth": depth}, Wants()),), depth, cost)


def test_cousins_wait_for_the_result_of_the_cheapest() -> None:
    def offer(family: str, kin: str, cost: float) -> Offer:
        return Offer((Setting(family, {}, Wants()),), 0, cost, kin)

    offers = [offer("ridge", "linear", 1.0), offer("lasso", "linear", 1.1), offer("lightgbm", "boosting", 5.0), offer("knn", "", 6.0)]
    assert [one.family for one in following(offers, {})] == ["ridge", "lightgbm", "knn", "lasso"]
    known = {"ridge": 2.0, "kin of linear": 2.0, "lightgbm": 1.0, "kin of boosting": 1.0}
    assert [one.family for one in following(offers[1:2] + offers[3:], known)] == ["knn", "lasso"]  # its kin is far behind
    known = {"ridge": 1.0, "kin of linear": 1.0, "lightgbm": 1.0, "kin of boosting": 1.0}
    assert [one.family for one in following(offers[1:2] + offers[3:], known)] == ["lasso", "knn"]


def test_a_family_that_is_behind_goes_deeper_last() -> None:
    offers = [_offer("weak", depth, 1.0) for depth in range(1, 4)] + [_offer("strong", depth, 3.0) for depth in range(1, 4)]
    assert next(offer.family for offer in following(offers, {})) == "weak"
    order = following(offers, {"weak": 2.0, "strong": 1.0})
    assert [offer.family for offer in order] == ["strong"] * 3 + ["weak"] * 3
    assert sorted(order, key=id) == sorted(offers, key=id)
