"""docs/result.md and the JSON objects of `fit --json` and of runs without a target say the same: every key, every type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etabli.cli import main
from etabli.study import public

PAGE = Path(__file__).resolve().parent.parent / "docs" / "result.md"
TYPES = {
    "text": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and bool(np.isfinite(v)),
    "whole number": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "flag": lambda v: isinstance(v, bool),
    "list": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "words": lambda v: isinstance(v, dict) and (not v or (set(v) == {"en", "fr"} and all(isinstance(t, str) for t in v.values()))),
    "null": lambda v: v is None,
}


def documented(*headings: str) -> dict[str, list[str]]:
    """Path -> the types it may have, of the sections with those headings ("": the head of the page, a fit)."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = dict(zip(["", *parts[1::2]], parts[0::2], strict=True))
    rows = [row for name in headings for row in re.findall(r"^\| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", sections[name], re.MULTILINE)]
    assert len(rows) == len({path for path, _ in rows}) > 50
    return {path: kind.strip().split(" or ") for path, kind in rows}


DOCUMENTED = documented("")
QUESTIONS = ("inside.tree", "tree.tree")  # nested as deep as they go
MAY_BE_EMPTY = ("explanation.importance.groups[].", "explanation.effects.", "explanation.slices.list[].", "learning.", "tree.", "network.")


def walk(value: Any, path: str = "", known: dict[str, list[str]] = DOCUMENTED) -> Iterator[tuple[str, Any]]:
    """Every (documented path, value) below a value; a key that no row names is its own path."""
    for key, found in value.items():
        here = f"{path}.{key}" if path else key
        if here not in known:
            here = next((name for name in known if re.fullmatch(re.escape(path) + r"\.<\w+>", name)), here)
        yield here, found
        if "words" in known.get(here, ()) or here in QUESTIONS:
            continue
        if isinstance(found, dict):
            yield from walk(found, here, known)
        elif isinstance(found, list):
            for entry in found:
                if isinstance(entry, dict):
                    yield from walk(entry, here + "[]", known)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By task: (what `fit --json` printed, result.json)."""
    import contextlib
    import io

    folder, made = tmp_path_factory.mktemp("result"), {}
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, 160))
    size = np.round(2 * x + rng.normal(size=160), 3)
    lines = [f"{a:.3f},{'abc'[int(b > 0)]},{c},{'yes' if c + rng.normal() > 0 else 'no'},same" for a, b, c in zip(x, z, size, strict=True)]
    (folder / "small.csv").write_text("\n".join(["x,letter,size,bought,constant", *lines]) + "\n", encoding="utf-8")
    for task, target in (("binary", "bought"), ("regression", "size")):
        out, run = io.StringIO(), folder / f"{task}.etabli"
        words = ["fit", str(folder / "small.csv"), "-t", target, "--families", "logistic,ridge,tree", "--effort", "glance", "-q", "--json"]
        with contextlib.redirect_stdout(out):
            assert main([*words, "--group", "none", "--by", "letter", "--by", "x", "-o", str(run)]) == 0
        made[task] = (json.loads(out.getvalue(), parse_constant=_never), json.loads((run / "result.json").read_text(encoding="utf-8")))
    return made


def _never(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_every_key_is_documented_and_has_its_type(printed: Any, task: str) -> None:
    for path, value in walk(printed[task][1]):
        assert path in DOCUMENTED, f"docs/result.md does not name {path} = {str(value)[:80]}"
        assert any(TYPES[kind](value) for kind in DOCUMENTED[path]), f"{path} is {value!r}, not {DOCUMENTED[path]}"


def test_a_family_that_does_not_learn_such_a_target_is_told_with_its_counterpart(printed: Any) -> None:
    for task, name, other in (("binary", "ridge", "logistic"), ("regression", "logistic", "ridge")):
        found = [one for one in printed[task][1]["warnings"] if one["code"] == "family"]
        assert [one["text"]["en"].split()[0] for one in found] == [name] and f"--families {other}" in found[0]["cure"]["fr"]


def test_every_documented_key_is_there(printed: Any) -> None:
    seen = {path for _, result in printed.values() for path, _ in walk(result)}
    optional = {
        path
        for path in DOCUMENTED
        if path.startswith(
            (
                "test.",
                "test_interval.",
                "set_aside[].",
                "cost.",
                "inside.",
                "guarantee.",
                "own_interval.",
                "doubtful.rows",
                "warnings[].picture.",
                "coverage[].windows[].",
                "leaderboard[].corrected.",
                "nested.",
                *MAY_BE_EMPTY,
            )
        )
    }
    assert set(DOCUMENTED) - seen <= optional
    for _, result in printed.values():  # the top level does not depend on the task
        assert {path for path in DOCUMENTED if re.fullmatch(r"\w+", path)} == set(result)


def test_what_is_printed_is_the_result_and_hangs_together(printed: Any) -> None:
    for task, (said, kept) in printed.items():
        assert said == public(kept) and said["task"] == task and said["schema"] == 1
        assert Path(said["model"]).exists() and Path(said["report"]).exists()
        assert said["winner"]["name"] in {"combination of 2", "combination of 3", *said["tied"]}
        assert sum(member["weight"] for member in said["winner"]["members"]) == pytest.approx(1)
        assert {row["name"] for row in said["leaderboard"] if row["tied"]} == set(said["tied"]) >= {said["simplest"]}
        assert said["honest"]["low"] <= said["honest"]["value"] <= said["honest"]["high"]
        assert said["proof"]["label_mismatches"] == 0 and not said["cut"] and said["test"] is None
        assert "--group none" in said["command"] and "group='none'" in said["python_call"]
        assert {column["name"] for column in said["columns"] if not column["used"]} == {"constant", said["target"]}


@pytest.mark.parametrize(("job", "heading", "asked"), [
    ("map", "A map", ({"methods": ("pca", "nmf"), "colour": "group"}, {"methods": ("kpca",), "components": 3})),
    ("cluster", "Groups", ({"methods": ("mixture",), "clusters": 2, "label": "group"},)),
    ("anomalies", "Odd rows", ({"methods": ("mahalanobis", "tails"), "label": "group", "odd": "odd"}, {"methods": ("tails",), "usual": "usual.csv"})),
])  # fmt: skip
def test_runs_without_a_target_are_documented_too(
    job: str, heading: str, asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import etabli

    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    odd = random.random(160) < 0.2
    x = random.normal(size=(160, 4)) @ random.normal(size=(4, 4)) + 8 * odd[:, None]
    lines = ["a,b,c,d,group", *(",".join(f"{v:.3f}" for v in row) + (",odd" if o else ",fine") for row, o in zip(x, odd, strict=True))]
    (tmp_path / "all.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "usual.csv").write_text("\n".join(line for line in lines if not line.endswith(",odd")) + "\n", encoding="utf-8")
    known, seen = documented("Runs without a target", heading), set()
    for place, options in enumerate(asked):
        getattr(etabli, job)("all.csv", effort="glance", out=f"run{place}", **options)
        for path, value in walk(json.loads((tmp_path / f"run{place}" / "result.json").read_text(encoding="utf-8")), known=known):
            assert path in known, f"docs/result.md does not name {path} = {str(value)[:80]}"
            assert any(TYPES[kind](value) for kind in known[path]), f"{path} is {value!r}, not {known[path]}"
            seen.add(path)
    assert set(known) - seen <= {path for path in known if path.startswith(("proof.worst.", "warnings[]."))}
