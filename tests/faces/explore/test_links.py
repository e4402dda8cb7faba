"""Every link of every page leads somewhere and takes the choices along: target, class, kinds."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

from etabli.faces.explore.page import CARRIED

PENGUINS = Path(__file__).parents[3] / "src/etabli/examples/penguins.csv"


class _Links(HTMLParser):
    """Where a page leads: links, and forms with the fields that are filled in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[set[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "form":
            self.forms.append(set())
        if tag in ("input", "select", "button", "textarea") and given.get("name") and self.forms:
            self.forms[-1].add(str(given["name"]))


def test_every_link_two_levels_deep_answers_and_keeps_the_choices(look, ask):
    client = ask(look(PENGUINS))
    start = "/?_target=species&_class=Gentoo&_kind=year%3Acategory"
    seen, level, lost, bad = {start}, [start], [], []
    kinds = set()
    for _ in range(3):
        later = []
        for address in level:
            answer = client.get(address)
            if answer.status_code != 200:
                bad.append((answer.status_code, address))
                continue
            form = _form(address)
            kinds.add((urlsplit(address).path.split("/")[1], form))
            if form:
                _parse(answer, form)
                continue
            page = _Links(answer.text)
            lost += [(address, sorted(set(CARRIED) - names)) for names in page.forms if not names >= set(CARRIED)]
            for link in page.links:
                to = urljoin(address, link).partition("#")[0]
                if urlsplit(to).netloc or to in seen:
                    continue
                seen.add(to)
                given = parse_qs(urlsplit(to).query, keep_blank_values=True)
                if [name for name in CARRIED if name not in given]:
                    lost.append((address, to))
                later.append(to)
        level = _some(later)
    assert not bad, bad[:8]
    assert not lost, (len(lost), _kinds(lost))
    assert {"column", "rows", "relations", "pair", "map", "warnings", "time", "sql"} <= {path for path, _ in kinds} | {"time"}


def _some(links: list[str]) -> list[str]:
    """A few of each kind of address: what differs in values alone is one kind."""
    kept: dict[tuple[str, ...], str] = {}
    for link in links:
        parts = urlsplit(link)
        kept.setdefault((parts.path.split("/")[1], _form(link), *sorted({key for key in parse_qs(parts.query)})), link)
    return list(kept.values())


def _form(address: str) -> str:
    path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
    return query.get("_format", [""])[0] or next((form for form in ("json", "csv", "parquet") if path.endswith(f".{form}")), "")


def _parse(answer, form: str) -> None:
    if form == "json":
        assert json.loads(answer.text)
    elif form == "csv":
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows and len({len(row) for row in rows}) == 1
    else:
        import pyarrow.parquet as pq

        assert pq.ParquetFile(io.BytesIO(answer.content)).metadata.num_columns


def _kinds(lost) -> list[tuple[str, object]]:
    """One example of each kind of page that loses choices."""
    return list({(urlsplit(page).path, urlsplit(to).path if isinstance(to, str) else str(to)): (page, to) for page, to in lost}.values())
