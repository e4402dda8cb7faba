"""The promises come in two sizes: a small one with every run of the tests, the whole one at night (`bash scripts/promises`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
WHOLE = os.environ.get("ETABLI_PROMISES") == "whole"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out what is marked slow in this folder, unless the whole suite was asked for."""
    for item in items:
        if not WHOLE and HERE in item.path.parents and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="minutes long: bash scripts/promises"))
