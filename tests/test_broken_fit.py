"""The broken files through the command line, as a user meets them: what sensible tools do with each is in broken.json.

A file is refused (status 3, the reason in three lines, nothing left behind) or fitted, told what was wrong with it, and predicted
again by the model file. `pytest --durations=10` shows what took long.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etabli.cli import main
from etabli.data import dialect
from etabli.model.load import load

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "broken"
CASES = json.loads((FOLDER / "broken.json").read_text("utf-8")) if FOLDER.is_dir() else []
# file -> what the refusal must name
REFUSED = {
    "ragged.csv": ["ragged.csv", "line 11 has 5", "line 78 has 1"],
    "empty.csv": ["empty.csv", "empty"],
    "header_only.csv": ["no rows", "age"],
    "one_class_target.csv": ['"bought"', '"yes"', "120"],
    "constant_target_regression.csv": ['"amount"', '"12.5"', "120"],
    "one_row.csv": ['"bought"', "1 row"],
    "target_all_empty.csv": ['"bought"', "120", "empty"],
    "no_target_column.csv": ['"bought"', '"age"', 'did you mean "Bought_"'],
    "nul_bytes.csv": ["lines 13, 31, 51"],
    "no_header.csv": ["first line", "looks like data"],
    "html_page.csv": ["HTML"],
    "truncated.parquet": ["truncated.parquet", "damaged or incomplete"],
}
# file -> the warning it deserves: its code, and what it must name
WARNED = {
    "latin1.csv": ("encoding-guessed", ["Windows-1252"]),
    "duplicate_names.csv": ("duplicate-names", ["income.2"]),
    "class_with_one_row.csv": ("single-row-class", ['"maybe"']),
    "all_missing_column.csv": ("empty", ["phone", "spare"]),
    "infinite_values.csv": ("infinite-values", ["income", '"1e400"', '"-inf"']),
    "mixed_types.csv": ("words-as-missing", ['"forty"', '"12k"', '"unknown"']),
    "target_partly_missing.csv": ("target-missing", ["24 of 120"]),
    "preamble.csv": ("preamble-skipped", ["line 4"]),
    "currency_percent.csv": ("mixed-currencies", ["€", "$"]),
    "target_in_disguise.csv": ("near_perfect", ["answer"]),
    "repeated_rows.csv": ("duplicates", ["150 of 180"]),
    "very_wide.csv.gz": ("wide", ["3,000 columns", "50 rows"]),
}


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process, where libraries are imported once; a Python warning or a traceback fails the test."""

    def run(*words: object) -> Done:
        capfd.readouterr()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            status = main([str(word) for word in words])
        out, err = capfd.readouterr()
        ours = [str(one.message) for one in caught if issubclass(one.category, UserWarning | RuntimeWarning)]
        assert not ours and "Traceback" not in err and "fault of ours" not in err, (ours, err)
        return Done(status, out, err)

    return run


def _fit(command: Any, file: Path, target: str, run: Path, families: str = "logistic") -> Done:
    done: Done = command("fit", file, "--target", target, "--effort", "glance", "--families", families, "-o", run, "--lang", "en")
    return done


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    found = dialect.sniff(path)
    return list(found.headers), list(dialect.rows(path, found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_as_sensible_tools_do(case: dict[str, str], tmp_path: Path, command: Any, fitted: Path) -> None:
    name, file = case["file"], FOLDER / case["file"]
    run = fitted if name == "tabs_named.csv" else tmp_path / "run.etabli"
    looked = command("explore", file, "--target", case["target"], "--text", "--lang", "en")
    done = _fit(command, file, case["target"], run, "tree" if name.startswith("very_wide") else "logistic")
    if name in REFUSED:
        expected = 2 if name == "no_target_column.csv" else 3
        assert (done.status, looked.status, done.out, looked.out) == (expected, expected, "", "")
        for err in (done.err, looked.err):
            assert all(word in err for word in REFUSED[name]), err
            assert len(err[err.index("error: ") :].strip().splitlines()) <= 3
        assert list(tmp_path.iterdir()) == []
        return
    assert case["expect"] != "refuse"
    assert (done.status, looked.status) == (0, 0), done.err
    result = json.loads((run / "result.json").read_text("utf-8"))
    loud = {warning["code"]: warning["text"]["en"] for warning in result["warnings"] if warning["level"] == "warn"}
    code, words = WARNED.get(name, ("", []))
    assert set(loud) == ({code} if code else set()), loud
    assert case["expect"] == "ok" or loud
    assert all(word in loud[code] and word in looked.out and word in done.err for word in words), done.err
    assert result["proof"]["label_mismatches"] == 0 and result["honest"]["low"] < result["honest"]["high"]
    if name == "very_wide.csv.gz":  # honest: one tree that sees 50 rows of 3 000 columns cannot promise much
        assert result["honest"]["value"] > 0.1 and result["honest"]["high"] - result["honest"]["low"] > 0.1
    else:
        assert result["evidence"] and result["sentence"]["en"].startswith("Expect ")
    page = re.sub(r'id="try-model">[^<]*', "", (run / "report.html").read_text("utf-8"))  # but for the model itself
    assert len(page.encode()) < 300_000
    _predicted_again(command, file, run, tmp_path)
    if name in OWN:
        OWN[name](command, file, run, tmp_path)


def _predicted_again(command: Any, file: Path, run: Path, place: Path) -> None:
    """The model file takes the training file as it is, and one row of it; the cells come back as they were."""
    headers, rows = _table(file)
    assert command("predict", run / "model.onnx", file, "-o", place / "out.csv").status == 0
    with (place / "out.csv").open(encoding="utf-8", newline="") as text:
        got = list(csv.reader(text))
    new = got[0].index("prediction")
    assert got[0][:new] == headers and [row[:new] for row in got[1:]] == rows
    with (place / "one.csv").open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([headers, rows[0]])
    one = command("predict", run / "model.onnx", place / "one.csv", "-o", "-")
    assert one.status == 0 and "1 row predicted" in one.err
    alone = list(csv.reader(one.out.splitlines(keepends=True)))[1]
    assert alone[new] == got[1][new] and float(alone[new + 1]) == pytest.approx(float(got[1][new + 1]), rel=1e-12)


# each file's own matter ------------------------------------------------------------------------------------------------


def _infinite_is_missing(command: Any, file: Path, run: Path, place: Path) -> None:
    """The model file reads what is infinite as the training did."""
    model = load(run / "model.onnx")
    row = {"age": 40, "city": "Lyon"}
    missing = model.predict({**row, "income": None})
    for value in (np.inf, -np.inf, np.nan, "1e400", "Infinity", "-inf"):
        assert np.array_equal(model.predict({**row, "income": value})["probability"], missing["probability"]), value
    far = model.predict({**row, "income": -1e39})["probability"]  # beyond 32-bit floats, and yet a number
    assert np.isfinite(far).all() and not np.array_equal(far, missing["probability"])


def _empty_columns_may_be_left_out(command: Any, file: Path, run: Path, place: Path) -> None:
    headers, rows = _table(file)
    with (place / "without.csv").open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([headers[:3], *(row[:3] for row in rows)])
    done = command("predict", run, place / "without.csv", "-o", place / "out.csv")
    assert (done.status, done.err) == (0, "120 rows predicted\n")


def _names_run_nowhere_and_come_back(command: Any, file: Path, run: Path, place: Path) -> None:
    page = (run / "report.html").read_text("utf-8")
    assert "alert(1)" in page and not any(bad in page for bad in ("<script>alert", "<img src=x", "age <b>"))
    card = json.loads((run / "card.json").read_text("utf-8"))
    headers = [header for header in _table(file)[0] if header != "<script>alert(1)</script>"]
    assert [column["header"] for column in card["columns"]] == headers
    assert "120 labelled rows" in command("check", run / "model.onnx", file).out
    assert json.loads(command("explore", file, "--json").out)["columns"][2]["name"] == "column_3"


def _left_out_class(command: Any, file: Path, run: Path, place: Path) -> None:
    assert json.loads((run / "result.json").read_text("utf-8"))["classes"] == ["no", "yes"]


def _identifier_as_written(command: Any, file: Path, run: Path, place: Path) -> None:
    columns = {column["name"]: column for column in json.loads((run / "result.json").read_text("utf-8"))["columns"]}
    assert columns["account"]["kind"] == "identifier" and not columns["account"]["used"]
    assert (place / "out.csv").read_text("utf-8").splitlines()[1].startswith("9007199254740993,05158,")


OWN: dict[str, Any] = {
    "infinite_values.csv": _infinite_is_missing,
    "all_missing_column.csv": _empty_columns_may_be_left_out,
    "hostile_names.csv": _names_run_nowhere_and_come_back,
    "class_with_one_row.csv": _left_out_class,
    "target_partly_missing.csv": _left_out_class,
    "big_ids.csv": _identifier_as_written,
}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of tabs_named.csv by the installed program, whose standard error must be clean."""
    if not FOLDER.is_dir():
        pytest.skip("the shared data sets are not beside this checkout")
    run = tmp_path_factory.mktemp("fitted") / "run.etabli"
    words = ["fit", FOLDER / "tabs_named.csv", "-t", "bought", "--effort", "glance", "--families", "logistic", "-q", "-o", run]
    done = subprocess.run([sys.executable, "-m", "etabli", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{run / 'report.html'}\n")
    return run


def test_columns_named_like_the_file_s_own(tmp_path: Path, command: Any) -> None:
    """Outputs, parameters and inner names of the model file, names that differ in case alone; as CSV and as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    names = ["confidence", "X", "x", "probability", "set", "raw", "numbers", "Prediction", "novelty", "lower", "Age", "age", "AGE"]
    table: dict[str, Any] = {name: rng.normal(size=120).round(3) for name in names}
    table["set"] = np.array(["a", "b", "c"])[rng.integers(0, 3, 120)]
    table["AGE"] = np.array(["u", "v"])[rng.integers(0, 2, 120)]
    table["prediction"] = np.where(table["confidence"] + table["Age"] - table["age"] + rng.normal(size=120) / 2 > 0, "yes", "no")
    pq.write_table(pa.table(table), tmp_path / "names.parquet")
    with (tmp_path / "names.csv").open("w", newline="") as text:
        csv.writer(text).writerows([list(table), *zip(*(column.tolist() for column in table.values()), strict=True)])
    run = tmp_path / "run.etabli"
    done = _fit(command, tmp_path / "names.parquet", "prediction", run)
    assert done.status == 0 and "repeats a name" not in done.err
    answers = []
    for file in ("names.csv", "names.parquet"):
        assert "120 labelled rows" in command("check", run, tmp_path / file).out
        seen = command("predict", run, tmp_path / file, "-o", tmp_path / "out.csv")
        assert (seen.status, seen.err) == (0, "120 rows predicted\n")
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as text:
            answers.append(list(csv.DictReader(text)))
    new = ["prediction", "prediction_2", "probability_yes", "set_2", "novelty_2"]  # beside the source's own "prediction", "set", ...
    assert [[row[name] for name in new] for row in answers[0]] == [[row[name] for name in new] for row in answers[1]]
    assert [row["prediction"] for row in answers[0]] == table["prediction"].tolist()
    right = np.mean([row["prediction_2"] == row["prediction"] for row in answers[0]])
    assert right > 0.8


# wrong calls -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--group", "city"], ["--group=city"]])
def test_an_option_of_another_command_is_told_as_such(words: list[str], command: Any) -> None:
    done = command("cluster", FOLDER / "tabs_named.csv", *words)
    assert done.status == 2 and "--group is an option of fit, not of this command" in done.err and "did you mean" not in done.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], ["--target", "etabli explore"]),
        (["-t", "Bougt"], ['did you mean "bought"']),
        (["-t", "bought", "--group", "Citty"], ["--group", 'did you mean "city"']),
        (["-t", "bought", "--group", "bought"], ["--group cannot take the target"]),
        (["-t", "bought", "--ignore", "incom"], ["--ignore", 'did you mean "income"']),
        (["-t", "bought", "--kind", "age=numbr"], ['did you mean "number"']),
        (["-t", "bought", "--kind", "agee=number"], ['did you mean "age"']),
        (["-t", "bought", "--kind", "age"], ["COLUMN="]),
        (["-t", "bought", "--missing", "nope=1"], ["--missing", '"nope"']),
        (["-t", "bought", "--weights", "nope"], ["--weights", '"nope"']),
        (["-t", "bought", "--metric", "rmse"], ["binary", "log_loss"]),
        (["-t", "bought", "--metric", "acuracy"], ['did you mean "accuracy"']),
        (["-t", "bought", "--families", "logistc"], ['did you mean "logistic"']),
        (["-t", "bought", "--families", "ridge"], ["binary", "ridge", "logistic"]),
        (["-t", "bought", "--effort", "glanc"], ['did you mean "glance"']),
        (["-t", "bought", "--efort", "glance"], ['did you mean "--effort"']),
        (["-t", "bought", "--time", "5x"], ['"5x"', "s, m, h"]),
        (["-t", "bought", "--time", "-5m"], ["--time"]),
        (["-t", "bought", "--seed", "abc"], ["--seed", "'abc'"]),
        (["-t", "bought", "--task", "regression"], ["Regression needs a target of numbers"]),
        (["-t", "bought", "--positive", "maybe"], ['"maybe"', '"yes"']),
        (["-t", "bought", "--test", "nothere.csv"], ["nothere.csv"]),
        (["-t", "bought", "--where", "moon"], ['"moon"', "local"]),
        (["-t", "bought", "-o", "plain"], ["plain is a file"]),
        (["-t", "bought", "-o", "foreign"], ["foreign holds notes.txt"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0][:1] == "-" else "",
)
def test_a_wrong_fit_names_the_right_word(
    words: list[str], named: list[str], shared: Path, tmp_path: Path, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("here before")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "notes.txt").write_text("here before")
    done = command("fit", FOLDER / "tabs_named.csv", *words)
    assert done.status == 2 and done.out == "" and all(word in done.err for word in named), done.err
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["foreign", "foreign/notes.txt", "plain"]


def test_a_kind_that_reads_no_cell_is_named(shared: Path, tmp_path: Path, command: Any) -> None:
    done = command("fit", FOLDER / "tabs_named.csv", "-t", "bought", "--kind", "bought=number", "-o", tmp_path / "run")
    assert done.status == 3 and "can be read as number" in done.err and list(tmp_path.iterdir()) == []


def test_no_file_a_folder_a_file_nobody_may_read(shared: Path, tmp_path: Path, command: Any) -> None:
    for verb in (["fit", "-t", "bought", "-o", tmp_path / "run"], ["explore"]):
        gone = command(verb[0], FOLDER / "tabs_namd.csv", *verb[1:])
        assert gone.status == 2 and 'did you mean "tabs_named.csv"' in gone.err
        folder = command(verb[0], FOLDER, *verb[1:])
        assert folder.status == 2 and "folder" in folder.err
    assert list(tmp_path.iterdir()) == []
    locked = tmp_path / "locked.csv"
    locked.write_text("a,b\n1,2\n")
    locked.chmod(0)
    if os.access(locked, os.R_OK):  # root reads everything
        return
    assert command("explore", locked).status == 3


def test_the_same_again_is_quick_and_another_is_refused(fitted: Path, command: Any) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (fitted / "done").iterdir()}
    assert _fit(command, FOLDER / "tabs_named.csv", "bought", fitted).status == 0
    assert {path.name: path.stat().st_mtime_ns for path in (fitted / "done").iterdir()} == before
    other = _fit(command, FOLDER / "cr_only.csv", "bought", fitted)
    assert other.status == 2 and "holds another run" in other.err


def test_wrong_calls_of_predict_and_check(fitted: Path, tmp_path: Path, command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    row, model = FOLDER / "one_row.csv", fitted / "model.onnx"
    misnamed = tmp_path / "misnamed.csv"
    misnamed.write_text("ages,income,city\n44,20000,Lyon\n")
    for words, status, named in (
        ([fitted / "mode.onnx", row], 2, ['did you mean "model.onnx"']),
        ([row, row], 3, ["etabli predict MODEL FILE"]),
        ([model, FOLDER / "tabs_namd.csv"], 2, ['did you mean "tabs_named.csv"']),
        ([model, misnamed], 2, ['"age"', 'did you mean "ages"']),
        ([model, row, "-o", "nofolder/r.csv"], 2, ["mkdir -p nofolder"]),
        ([model, row, "-o", "r.xlsx"], 2, [".parquet", "r.csv"]),
        ([model, row, "--confidence", "90"], 2, ["say 0.9"]),
        *(
            ([model, FOLDER / name, "-o", "r.csv"], 3, REFUSED[name])
            for name in ("ragged.csv", "empty.csv", "html_page.csv", "nul_bytes.csv")
        ),
        ([model, FOLDER / "truncated.parquet", "-o", "r.csv"], 3, ["truncated.parquet"]),
    ):
        done = command("predict", *words)
        assert (done.status, done.out) == (status, "") and all(word in done.err for word in named), done.err
    assert list(tmp_path.iterdir()) == [misnamed]
    assert command("predict", model, FOLDER / "header_only.csv").err == "0 rows predicted\n"
    extra = command("predict", model, FOLDER / "utf16_bom.csv", "-o", tmp_path / "r.csv")
    assert extra.status == 0 and '1 column: "note"' in extra.err and '"Saint-Étienne"' in extra.err
    assert "the very rows the model learned from" in command("check", model, FOLDER / "tabs_named.csv").out
    assert command("check", model, row).out.startswith("Too few labelled rows")
    unlabelled = command("check", model, misnamed)
    assert unlabelled.status == 2 and '"ages"' in unlabelled.err  # rows without labels may be checked, but not without a column
