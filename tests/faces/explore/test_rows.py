"""/rows: what an address asks for is what is shown."""

from __future__ import annotations

from typing import Any

import etabli.examples

PENGUINS = etabli.examples.path("penguins.csv")


def test_filters_sort_and_pages(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    found = client.get("/rows.json?body_mass_g__gt=4000&_sort=body_mass_g&_size=3").json()
    place = found["columns"].index("body_mass_g")
    masses = [row[place] for row in found["rows"]]
    assert len(masses) == 3 and masses == sorted(masses) and min(masses) > 4000
    page = client.get("/rows?body_mass_g__gt=4000&_facet=species&_facet=island")
    assert page.status_code == 200 and "Gentoo" in page.text


def test_what_is_not_there_teaches(look: Any, ask: Any) -> None:
    client = ask(look(PENGUINS))
    for address, said in (
        ("/rows?specis__eq=x", "species"),
        ("/rows?species__eqq=x", "eq"),
        ("/rows?_sort=specie", "species"),
        ("/rows?_size=x", "whole"),
    ):
        answer = client.get(address)
        assert answer.status_code == 400 and said in answer.text and "Traceback" not in answer.text
    assert client.get("/rowz").status_code == 404
