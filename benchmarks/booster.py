"""`etabli fit` with one candidate: LightGBM of a given number of trees. The arguments after it are those of `fit`.

The command line chooses the number of trees itself, as it should; to compare the file's speed with a peer's at equal trees, the
family's list of settings is replaced by this one, and nothing else is touched.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

SETTING = {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20}  # for the peer too


def main(arguments: Sequence[str]) -> int:
    from etabli.cli import main as command
    from etabli.families import families
    from etabli.records import Setting, Wants

    count = int(arguments[0])

    def settings(self: Any, facts: Any) -> list[Setting]:
        return [Setting("lightgbm", {**SETTING, "n_estimators": count}, Wants(), origin="benchmarks/booster.py")]

    type(families()["lightgbm"]).settings = settings  # type: ignore[method-assign]
    return command(["fit", *arguments[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
