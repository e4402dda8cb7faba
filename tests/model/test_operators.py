"""docs/operators.md lists exactly the closed set, and a file's operators are read without onnx."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from made import Made

from etabli.errors import DataError
from etabli.graph.operators import ML, ML_OPERATORS, PLAIN
from etabli.model.wire import inside

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def test_the_page_lists_exactly_the_closed_set() -> None:
    text = (DOCS / "operators.md").read_text(encoding="utf-8")
    plain, ml = text.split("## ai.onnx.ml", 1)
    listed = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
    assert sorted(listed.findall(plain)) == sorted(PLAIN)
    assert sorted(listed.findall(ml)) == sorted(ML_OPERATORS)


def test_the_file_is_read_as_onnx_reads_it(penguins: Made) -> None:
    import onnx

    graph = onnx.load_from_string(penguins.model).graph
    found = inside(penguins.model)
    counted: dict[tuple[str, str], int] = {}
    for node in graph.node:
        counted[node.domain, node.op_type] = counted.get((node.domain, node.op_type), 0) + 1
    assert found.operators == counted
    assert {domain for domain, _ in counted} == {"", ML}
    assert found.levels["Island"] == {*penguins.table.levels["Island"], ""}
    assert set(found.levels) == {"Island", "Sex"}


@given(st.binary(max_size=300))
def test_noise_is_refused_or_empty(noise: bytes) -> None:
    try:
        inside(noise)
    except DataError as problem:
        assert "ONNX" in problem.rule
