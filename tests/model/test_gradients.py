"""Explanations by gradients: those of Shapley where the answer is a sum, adding up where it is none, and refused where the way has steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import etabli
from etabli.cli import main
from etabli.errors import DataError, EtabliError, UsageError
from etabli.model.explain import gradients

torch = pytest.importorskip("torch")
pytest.importorskip("jax")


def rows(count: int) -> dict[str, Any]:
    random = np.random.default_rng(0)
    x = np.round(random.normal(size=(count, 2)), 3)
    kind = random.choice(["a", "b", "c"], count)
    return {"one": x[:, 0], "two": x[:, 1], "kind": kind, "y": 3 * x[:, 0] - x[:, 1] + 2.0 * (kind == "a")}


def write(path: Path, table: dict[str, Any]) -> Path:
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    table = pandas.DataFrame(rows(200))
    kinds = ColumnTransformer([("kind", OneHotEncoder(), ["kind"])], remainder="passthrough")
    model = make_pipeline(kinds, Ridge()).fit(table[:100].drop(columns="y"), table["y"][:100])
    return etabli.adopt(model, table[100:], "y", out=tmp_path_factory.mktemp("straight") / "run").model


@pytest.fixture(scope="module")
def bent(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A network and a forest of scikit-learn on the same numbers, as files."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.neural_network import MLPRegressor

    place, random = tmp_path_factory.mktemp("bent"), np.random.default_rng(1)
    x = random.normal(size=(400, 6))
    y = np.tanh(x[:, 0] * x[:, 1]) + x[:, 2]
    table = {f"p{j}": x[200:, j] for j in range(6)} | {"y": y[200:]}
    data = write(place / "held.csv", table)
    made = []
    for model in (
        MLPRegressor(hidden_layer_sizes=(16,), activation="tanh", solver="lbfgs", max_iter=2000, random_state=0),
        RandomForestRegressor(5, random_state=0),
    ):
        model.fit(x[:200], y[:200])
        made.append(etabli.adopt(model, data, "y", out=place / type(model).__name__).model)
    return [*made, data]


def test_of_a_sum_they_are_the_shapley_values_texts_too(straight: Any) -> None:
    asked = {name: column[:20] for name, column in rows(60).items() if name != "y"}
    exact, found = straight.explain(asked), straight.explain(asked, method="gradients")
    assert exact.exact.all() and found.method == "gradients"
    assert np.allclose(found.values, exact.values, atol=1e-9) and np.allclose(found.base, exact.base) and found.error.max() < 1e-9


@pytest.mark.parametrize("library", [gradients._torch, gradients._jax])
def test_they_add_up_to_the_answer_in_either_library(bent: Any, library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network, _, data = bent
    monkeypatch.setattr(gradients, "_library", library)
    asked = {name: np.asarray(column)[:3] for name, column in _read(data).items()}
    found = network.explain(asked, method="gradients")
    assert np.allclose(found.base + found.values.sum(axis=1), found.output, atol=1e-12)
    assert np.array_equal(found.output, network.predict(asked)["prediction"][:, 0])
    assert 0 < np.abs(found.error).max() < 0.01 * np.abs(found.output - found.base).max()
    near = network.explain(asked)  # another game, and much the same said of a smooth answer
    assert np.corrcoef(near.values.ravel(), found.values.ravel())[0, 1] > 0.95


def test_steps_missing_numbers_and_wrong_words_are_refused(bent: Any) -> None:
    network, forest, data = bent
    asked = {name: np.asarray(column)[:2] for name, column in _read(data).items()}
    with pytest.raises(EtabliError, match="changes smoothly"):
        forest.explain(asked, method="gradients")
    with pytest.raises(DataError, match="no gradient"):
        network.explain({name: column[:1] for name, column in asked.items()} | {"p1": [np.nan]}, method="gradients")
    blank, whole = network.explain(asked | {"p1": [np.nan, asked["p1"][1]]}, method="gradients"), network.explain(asked, method="gradients")
    assert np.isnan(blank.values[0]).all() and np.array_equal(blank.values[1], whole.values[1])
    assert np.array_equal(blank.output, network.predict(asked | {"p1": [np.nan, asked["p1"][1]]})["prediction"][:, 0], equal_nan=True)
    with pytest.raises(UsageError, match="shapley or gradients"):
        network.explain(asked, method="gradient")
    with pytest.raises(UsageError, match="gradients are of the output"):
        network.explain(asked, method="gradients", scale="margin")


def test_one_row_is_drawn_as_an_image_of_its_columns(bent: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network, _, data = bent
    words = ["explain", str(network.path), str(data), "--row", "2", "--method", "gradients"]
    assert main([*words, "--grid", "2x3", "-o", str(tmp_path / "why.svg")]) == 0
    drawn = (tmp_path / "why.svg").read_text(encoding="utf-8")
    values = network.explain({name: column[1:2] for name, column in _read(data).items()}, method="gradients").values[0]
    shown = np.abs(values) > np.abs(values).max() / 24  # less is white
    assert (
        drawn.startswith("<svg")
        and "y:" in drawn
        and "prefers-color-scheme:dark" in drawn
        and ("#0072b2" in drawn, "#d55e00" in drawn) == tuple(bool((shown & (sign * values > 0)).any()) for sign in (1, -1))
    )
    for wrong in (
        ["-o", str(tmp_path / "no.svg")],
        ["--grid", "2x4", "-o", str(tmp_path / "no.svg")],
        ["--grid", "6"],
        ["--grid", "2x3", "-o", str(tmp_path / "no.png")],
    ):
        assert main([*words, *wrong]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["why.svg"]
    assert main(words) == 0 and "Expected gradients" in capsys.readouterr().out


def test_a_pixel_that_the_file_does_not_read_keeps_its_place(bent: Any) -> None:
    network, _, data = bent
    row = {name: column[1:2] for name, column in _read(data).items()}
    why = network.explain(row, method="gradients")
    names = list(row)
    given = {names[0]: row[names[0]][0], "black": 7.5, **{name: row[name][0] for name in names[1:]}, "dead": "", "y": 3.0}
    drawn = why.picture((2, 4), given=given)
    strongest = int(np.abs(why.values[0]).argmax())
    at = list(given).index(names[strongest])
    step = 240 / 4
    cell = f"M{20 + 4 * step + at % 4 * step:.1f} {10 + at // 4 * step:.1f}h"
    assert any(cell in path and 'fill-opacity="1.00"' in path for path in drawn.split("<path")[1:])
    grey = f"M{10 + step:.1f} 10.0h"
    assert any(grey in path and 'class="t"' in path for path in drawn.split("<path")[1:])  # the one not read is drawn by its value
    with pytest.raises(UsageError, match="cell a column"):
        why.picture((2, 4), given=row)


def _read(path: Path) -> dict[str, Any]:
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    columns = zip(*(map(float, line.split(",")) for line in lines), strict=True)
    return {name: column for name, column in zip(head.split(","), columns, strict=True) if name != "y"}
