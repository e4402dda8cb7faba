"""The measuring is itself measured: the split rule, the scores, the cost of a process, the page."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import data, deviation, parts, process, run


@given(st.lists(st.sampled_from("abc"), min_size=4, max_size=200))
def test_the_split_holds_out_a_quarter_of_each_class(labels: list[str]) -> None:
    held = data.split(labels, by_class=True)
    for label in set(labels):
        of = [out for out, mine in zip(held, labels, strict=True) if mine == label]
        assert sum(of) == -(-len(of) // 4)
    assert np.array_equal(held, data.split(labels, by_class=True))


def test_the_split_is_the_published_one() -> None:
    state = np.random.RandomState(0)
    first, second = state.permutation([0, 2, 4, 5]), state.permutation([1, 3])
    assert set(np.flatnonzero(data.split(list("xyxyxx"), by_class=True))) == {first[0], second[0]}
    assert set(np.flatnonzero(data.split([3.0] * 8, by_class=False))) == set(np.random.RandomState(0).permutation(8)[:2])


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60))
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[bool, int]]) -> None:
    truth, score = np.array([one for one, _ in pairs]), np.array([float(two) for _, two in pairs])
    if truth.all() or not truth.any():
        return
    wins = np.sign(score[truth][:, None] - score[~truth][None, :])
    assert data.auc(truth, score) == pytest.approx(float(np.mean((wins + 1) / 2)))


def test_parts_keep_the_cells_and_lose_no_row(tmp_path: Path) -> None:
    source = tmp_path / "adult_income.csv"
    rows = [[f"{n:03d}", "?" if n % 7 == 0 else ' a, "b" ', ">50K" if n % 3 == 0 else "<=50K"] for n in range(90)]
    data.write(source, ["id", "text", "income"], rows)
    train, test, answers = data.parts(data.QUESTIONS[0], tmp_path, tmp_path)
    assert data.read(test)[0] == ["id", "text"]
    back = [[*cells, *answer] for cells, answer in zip(data.read(test)[1], data.read(answers)[1], strict=True)]
    assert sorted(data.read(train)[1] + back) == rows
    assert len(back) == -(-30 // 4) + 60 // 4


def test_peers_read_numbers_as_numbers_and_text_as_codes() -> None:
    code = data.coding({"a": ["1", "", "2.5"], "b": ["x", "y", ""]})
    assert code.categories == [1]
    np.testing.assert_array_equal(code.matrix({"a": ["3"], "b": ["new"]}), [[3, np.nan]])
    np.testing.assert_array_equal(code.matrix({"a": ["", "1"], "b": ["y", ""]}), [[np.nan, 1], [1, np.nan]])


def test_generated_rows_have_twelve_columns(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    data.generate(tmp_path / "g.parquet", 1000, block=400)
    table = pq.read_table(tmp_path / "g.parquet")
    assert table.shape == (1000, 12)
    assert table["x0"].to_pandas is not None
    assert np.isnan(table["x0"].to_numpy()).mean() == pytest.approx(0.02, abs=0.015)
    assert len(set(table["c2"].to_pylist())) > 150


def test_the_cost_of_a_process_counts_its_children(tmp_path: Path) -> None:
    child = "x = bytearray(120_000_000); x[::4096] = b'1' * len(x[::4096]); import time; time.sleep(0.4)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('out'); sys.exit(3)"
    cost = process.measured([sys.executable, "-c", code], tmp_path, every=0.02)
    assert (cost.status, cost.out) == (3, "out\n")
    assert 120e6 < cost.largest <= cost.peak < 400e6
    assert cost.wall > 0.4
    assert 0 < cost.cpu < cost.wall + 1


def test_what_this_process_holds_is_not_counted(tmp_path: Path) -> None:
    held = np.ones(60_000_000)  # 480 MB
    cost = process.measured([sys.executable, "-c", "import time; time.sleep(0.3)"], tmp_path, every=0.02)
    assert 0 < cost.peak < held.nbytes / 4


def test_the_page_says_what_could_not_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--only", "latency", "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    page = (tmp_path / "results.md").read_text()
    assert "Not measured: the data are not here" in page
    assert "Python 3." in page
    with pytest.raises(SystemExit):
        run.main(["--only", "speed"])
    assert "no such part: speed" in capsys.readouterr().err


def test_quality_is_judged_on_the_held_out_quarter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a command in the place of etabli that knows the rule behind the data, as the documented output is."""
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 2))
    cells = [[f"{a:.4f}", f"{b:.4f}"] for a, b in x]
    data.write(tmp_path / "adult_income.csv", ["a", "b", "income"], [[*two, ">50K" if float(two[0]) > 0 else "<=50K"] for two in cells])
    data.write(
        tmp_path / "california_housing.csv", ["a", "b", "median_house_value"], [[*two, f"{1e4 * float(two[1]):.1f}"] for two in cells]
    )
    stub = tmp_path / "etabli"
    stub.write_text(
        f"#!{sys.executable}\n"
        "import csv, json, os, sys\n"
        "if sys.argv[1] == 'fit':\n"
        "    os.mkdir('run.etabli'); open('run.etabli/model.onnx', 'w').write('x')\n"
        "    print(json.dumps({'model': 'run.etabli/model.onnx', 'metric': 'log_loss', 'honest': {'value': 0.1, 'low': 0.0, 'high': 0.2}, 'winner': {'name': 'stub'}}))\n"
        "else:\n"
        "    header, *rows = csv.reader(open(sys.argv[3]))\n"
        "    new = ['prediction', 'probability_<=50K', 'probability_>50K']\n"
        "    csv.writer(open('out.csv', 'w')).writerows([header + new] + [r + [1e4 * float(r[1]), 0, float(r[0])] for r in rows])\n"
    )
    stub.chmod(0o755)
    monkeypatch.setattr(parts, "ETABLI", str(stub))
    (tmp_path / "w").mkdir()
    part = parts.quality(tmp_path / "w", tmp_path)
    assert [row[:4] for row in part.rows if "établi" in row[1]] == [
        ["adult_income", "établi --time 60s", "AUC", "1.0000"],
        ["california_housing", "établi --time 60s", "rmse", "0"],
    ]
    assert float(part.rows[1][3]) > 0.9  # LightGBM learned the same rule
    stub.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such option')\n")
    with pytest.raises(parts.Failed, match="status 1: no such option"):
        parts.fitted([str(stub), "fit"], tmp_path)


def test_moderated_margins_give_the_mean_probability() -> None:
    drawn = np.random.default_rng(0).normal(size=200_000)
    for margin, spread in ((1.0, 0.5), (-2.0, 4.0), (3.0, 9.0)):
        mean = (1 / (1 + np.exp(-(margin + np.sqrt(spread) * drawn)))).mean()
        assert 1 / (1 + np.exp(-deviation.moderated(np.array(margin), np.array(spread)))) == pytest.approx(mean, abs=0.02)
