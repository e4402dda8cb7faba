"""Small, freely licensed data sets that come with the package: README.md beside this file names their sources."""

from __future__ import annotations

from pathlib import Path

from etabli.errors import UsageError, did_you_mean


def path(name: str) -> Path:
    """The path of an example, such as "penguins.csv". UsageError names those there are."""
    folder = Path(__file__).parent
    known = sorted(file.name for file in folder.iterdir() if file.suffix == ".csv")
    if name not in known:
        raise UsageError("There is no such example.", f'"{name}"', did_you_mean(name, known) or f"there is {', '.join(known)}")
    return folder / name
