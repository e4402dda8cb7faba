"""Labels that may be wrong are spoken of where they were planted, and hardly ever where none were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.measured import chance
from tests.promises.slips import OVERLAP, REAL, figures, real

CASES = [(shape, overlap, n) for shape in ("linear", "bent") for overlap in OVERLAP for n in (1_000, 3_000)]


def test_a_clean_table_is_quiet_and_slips_are_heard() -> None:
    assert figures("linear", "clear", 2_000, 0.0, range(2)).found == 0
    found = figures("linear", "clear", 2_000, 0.05, range(2))
    assert found.found == 1 and 0.02 < found.share < 0.08 and found.right > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "overlap", "n"), CASES)
def test_clean_tables_are_quiet(shape: str, overlap: str, n: int) -> None:
    found = figures(shape, overlap, n, 0.0, range(100 if n == 3_000 and overlap == "clear" else 20))
    assert found.found * found.tables <= chance(0.05, found.tables)


@pytest.mark.slow
@pytest.mark.parametrize("one", REAL, ids=lambda one: one.name)
def test_real_sets_as_they_come_are_quiet(one, shared: Path) -> None:
    """Their labels may hold slips, but none that a reader of the sets knows of."""
    assert real(one, shared, 0.0, range(3)).found == 0


@pytest.mark.slow
def test_five_percent_planted_where_classes_are_clear_are_heard() -> None:
    found = figures("linear", "clear", 3_000, 0.05, range(20))
    assert found.found >= 0.9 and found.right > 0.6
