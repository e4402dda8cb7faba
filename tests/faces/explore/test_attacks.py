"""Files that break pages: names that are code, numbers and dates at the ends of their range, a file that goes while it is served."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etabli.errors import DataError

PAGES = ("/", "/rows", "/warnings", "/time", "/relations", "/map", "/sql", "/rows.csv")
NAMES = ("a/b?c#d%2F", '"><script>alert(1)</script>', "'; DROP VIEW data; --", "../../etc/passwd", "x" * 3000)


def written(folder: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), folder / "made.parquet")
    return folder / "made.parquet"


def test_names_that_are_code_have_pages_of_their_own(tmp_path, look, ask):
    client = ask(look(written(tmp_path, **{name: range(60) for name in NAMES}, text=["<img src=x onerror=alert(1)>"] * 59 + ["ok"])))
    for name in NAMES:
        asked = quote(name, safe="")
        for address in (f"/column/{asked}", f"/rows?_facet={asked}", f"/?_target={asked}", f"/pair?x={asked}&y=text"):
            answer = client.get(address)
            assert answer.status_code in (200, 400), (address, answer.text[:200])
            assert "<script>alert" not in answer.text and "<img src=x" not in answer.text
    assert client.get(f"/column/{quote(NAMES[0], safe='')}").status_code == 200


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_numbers_at_the_ends_of_their_range(tmp_path, look, ask):
    ends = [float("inf"), float("-inf"), float("nan"), 1.0] * 15
    client = ask(look(written(tmp_path, x=ends, y=[float("inf")] * 60, z=[1.7e308, -1.7e308, 5e-324] * 20)))
    for address in (*PAGES, "/?_kind=x%3Atext", "/column/y?_kind=y%3Acategory", "/column/z", "/rows?_facet=z", "/?_target=z"):
        assert client.get(address).status_code in ((200, 400) if address == "/map" else (200,)), address  # too few columns for a map


def test_dates_at_the_ends_of_the_calendar(tmp_path, look, ask):
    file = tmp_path / "d.csv"
    file.write_text("d,x\n" + "".join(f"{year:04}-12-0{1 + i % 9},{i}\n" for i, year in enumerate([1, 9999, 1600, 2024] * 20)))
    client = ask(look(file))
    for address in (*PAGES, "/rows?_facet=d", "/column/d"):
        assert client.get(address).status_code in ((200, 400) if address == "/map" else (200,)), address  # too few columns for a map
    far = written(tmp_path, t=pa.array([2**60, 0] * 30, pa.timestamp("us")), x=range(60))
    with pytest.raises(DataError, match="1 and 9999"):
        look(far)
    assert ask(look(far, kinds={"t": "text"})).get("/").status_code == 200


def test_a_file_that_goes_while_it_is_served_is_told(tmp_path, look, ask):
    file = written(tmp_path, x=range(60), y=["a", "b"] * 30)
    opened = look(file)
    client = ask(opened)
    assert opened.path == file and client.get("/rows").status_code == 200
    for harm in (lambda: file.write_text("x"), file.unlink):
        harm()
        for address in ("/", "/rows", "/rows?_sort=x", "/sql?q=SELECT+*+FROM+data", "/column/x"):
            answer = client.get(address)
            assert answer.status_code < 500 and ("start `etabli explore` again" in answer.text or "changed" in answer.text), address
        assert client.get("/rows.json").status_code in (400, 409)
