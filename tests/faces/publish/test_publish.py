"""`etabli publish`: what it writes is opened by a real Datasette, and read back by etabli itself."""

from __future__ import annotations

import html
import json
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli.examples
from etabli.data import sources
from etabli.errors import DataError, StorageError, UsageError
from etabli.faces.publish import database, publish
from tests.data.datasettes import datasette

PENGUINS = etabli.examples.path("penguins.csv")
HOSTILE = '<img src=x onerror=alert(1)>"; DROP TABLE penguins; --'


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the penguins."""
    folder = tmp_path_factory.mktemp("run") / "penguins.etabli"
    etabli.fit(PENGUINS, "species", effort="glance", families=("ridge", "naivebayes", "logistic"), out=str(folder))
    return folder


def test_a_file_in_datasette(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    kinds = ["north", "south", "east"]
    words = ["pain in the chest", "a broken left arm", "fever and cough since monday", "nothing in particular"]
    path.write_text(
        f"day,ward,ok,weight,note,Ward,{json.dumps(HOSTILE).replace(chr(92) + chr(34), chr(34) * 2)}\n"
        + "".join(
            f'2024-0{1 + i % 9}-11,{kinds[i % 3]},{"yes" if i % 4 else "no"},{"" if i % 50 == 7 else 50 + i / 7:.4},"{words[i % 4]} {i}",w{i % 5},{i % 2}\n'
            if i % 50 != 7
            else f'2024-01-11,{kinds[i % 3]},yes,,"{words[i % 4]} {i}",w{i % 5},{i % 2}\n'
            for i in range(600)
        )
    )
    done = publish(path, tmp_path / "out.db", title="Visits <b>", licence="CC BY 4.0")
    assert done.tables["visits"] == 600 and "datasette" in done.command
    with datasette(done.database, "--metadata", done.metadata) as home:
        rows = json.loads(fetch(f"{home}/out/visits.json?_shape=objects&_size=1000&ward=north"))
        assert rows["filtered_table_rows_count"] == 200
        first = rows["rows"][0]
        assert first["_row"] == 0 and first["day"] == "2024-01-11" and first["ok"] == "no" and first["Ward_2"] == "w0"
        assert [facet["name"] for facet in json.loads(fetch(f"{home}/out/visits.json?_facet=ward"))["facet_results"].values()]
        page = fetch(f"{home}/out/visits")
        assert "Visits &lt;b&gt;" in page and "CC BY 4.0" in page and "<img src=x" not in page
        assert "category, 3 different" in html.unescape(page)
        found = json.loads(fetch(f"{home}/out/visits.json?_search=cough&_size=1"))
        assert found["filtered_table_rows_count"] == 150
    again = sources.read(f"{done.database}::visits")
    before = sources.read(path)
    for column in before.columns:
        name = {"Ward": "Ward_2"}.get(column.name, column.name)
        if column.is_double and column.kind != "flag":
            np.testing.assert_array_equal(again.values[name], before.values[column.name])
    with closing(sqlite3.connect(done.database)) as connection:
        indices = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")]
        assert {"visits_ward", "visits_day", "visits_ok"} <= set(indices)
        types = {row[1]: row[2] for row in connection.execute("PRAGMA table_info(visits)")}
        assert (types["weight"], types["day"], types["ok"], types["_row"]) == ("REAL", "TEXT", "TEXT", "INTEGER")


def test_a_run_in_datasette(run: Path, tmp_path: Path) -> None:
    done = publish(run, tmp_path / "penguins.db")
    assert set(done.tables) == {"penguins", "leaderboard", "predictions", "findings", "card"}
    result = json.loads((run / "result.json").read_text())
    with datasette(done.database, "--metadata", done.metadata) as home:
        board = json.loads(fetch(f"{home}/penguins/leaderboard.json?_shape=array"))
        assert [row["name"] for row in board] == [one["name"] for one in result["leaderboard"]]
        assert board[0]["log_loss"] == pytest.approx(result["leaderboard"][0]["score"])
        answers = json.loads(fetch(f"{home}/penguins/predictions.json?_shape=array&_size=1000"))
        assert len(answers) == 344 and sum(row["right"] for row in answers) > 330
        assert all(row["p_Adelie"] + row["p_Chinstrap"] + row["p_Gentoo"] == pytest.approx(1) for row in answers)
        truth = {row["_row"]: row["species"] for row in json.loads(fetch(f"{home}/penguins/penguins.json?_shape=array&_size=1000"))}
        assert all(truth[row["_row"]] == row["truth"] for row in answers)
        front = html.unescape(fetch(f"{home}/penguins"))
        assert result["sentence"]["en"][:40] in front
        assert result["sentence"]["en"] in {row["value"] for row in json.loads(fetch(f"{home}/penguins/card.json?_shape=array"))}
        page = fetch(f"{home}/penguins/predictions?_row=3")
        assert "/penguins/penguins/3" in page  # a prediction leads to its row


def test_a_run_on_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "mass.etabli"
    etabli.fit(PENGUINS, "body_mass_g", effort="glance", families=("ridge",), out=str(folder))
    done = publish(folder, tmp_path / "mass.db", lang="fr")
    with closing(sqlite3.connect(done.database)) as connection:
        truth, answer, residual = connection.execute("SELECT truth, prediction, residual FROM predictions WHERE _row = 0").fetchone()
        assert truth == 3750 and residual == pytest.approx(truth - answer)
        assert connection.execute("SELECT count(*) FROM predictions").fetchone() == (342,)  # two rows have no target
    assert "lignes" in done.metadata.read_text(encoding="utf-8")


def test_what_is_there_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    publish(PENGUINS, one)
    publish(PENGUINS, two, ignore=["sex"])
    publish(PENGUINS, two, ignore=["sex"])  # one of ours is replaced
    assert set(json.loads((tmp_path / "metadata.json").read_text())["databases"]) == {"one", "two"}
    assert "sex" not in json.loads((tmp_path / "metadata.json").read_text())["databases"]["two"]["tables"]["penguins"]["columns"]
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.commit()
    for place, said in ((foreign, "not replaced"), (tmp_path, "folder"), (tmp_path / "no" / "x.db", "exists")):
        with pytest.raises(UsageError, match=said):
            publish(PENGUINS, place)
    with pytest.raises(UsageError, match='did you mean "sex"'):
        publish(PENGUINS, one, ignore=["sexe"])
    before = one.read_bytes()

    def full(*words: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(database, "_fill", full)
    with pytest.raises(StorageError, match="full"):
        publish(PENGUINS, one)
    assert one.read_bytes() == before and not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]
    (tmp_path / "metadata.json").write_text("title: yaml")
    with pytest.raises(UsageError, match=r"metadata\.json"):
        publish(PENGUINS, one)


def test_a_run_that_is_not_finished(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(DataError, match="finished"):
        publish(tmp_path, tmp_path / "x.db")


def test_by_the_command(tmp_path: Path) -> None:
    def etabli(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "etabli", *words], capture_output=True, text=True, cwd=tmp_path, check=False)

    done = etabli("publish", str(PENGUINS), "-o", "a.db", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["tables"]["penguins"] == 344, done.stderr
    done = etabli("explore", str(PENGUINS), "--datasette", "b.db")
    assert done.returncode == 0 and done.stdout == "b.db\n" and "datasette b.db" in done.stderr
    told = etabli("publish", "nothing.csv", "-o", "c.db")
    assert told.returncode == 2 and "Traceback" not in told.stderr and not (tmp_path / "c.db").exists()
