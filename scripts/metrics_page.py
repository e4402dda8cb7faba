"""Writes docs/metrics.md from what the metrics say of themselves; a test compares the page with them.

python scripts/metrics_page.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from etabli.judge import metrics
from etabli.judge.metrics import ALIASES, DEFAULTS, KINDS, METRICS, NOT_OURS
from etabli.judge.metrics.metric import CLASSES, NUMBERS, Metric

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
HEAD = """# Metrics

`--metric NAME` ranks the candidates by it and gives the honest score in it. Without it classes are ranked by log-loss and numbers by
rmse, which are proper: their best score is the truth. The early drops of the race go by these two whatever is asked, because they are steadier.

Under every metric lies a loss of each row. For a mean it is the definition. For the others (AUC, F-beta, R², a median) it is the row's influence
value, so that the same bootstrap gives every metric its honest score, its interval and its ties. Each agrees with scikit-learn,
weights, ties and several classes included, and the spread of its rows with a true bootstrap within 15 %: `tests/judge/test_metrics.py`.

Answers (labels) are the most probable ones, and those of least expected cost where `--cost` states what mistakes cost.
"""


def page() -> str:
    """The page as Markdown."""
    lines = [HEAD]
    for heading, tasks in (("Classes", CLASSES), ("Numbers", NUMBERS)):
        fit = [one for one in METRICS.values() if set(one.tasks) & set(tasks)]
        for words, proper in (("proper", True), ("others, said to be so when they rank", False)):
            lines += [f"## {heading}: {words}", "", "| name | what it is | in French | better | beware |", "|---|---|---|---|---|"]
            lines += [_line(one) for one in fit if one.proper is proper]
            lines += [""]
    lines += ["## With a number in the name", "", "| name | the number | from | to | also |", "|---|---|---:|---:|---|"]
    lines += [
        f"| `{kind.shown}` | {kind.words} | {kind.low:g} | {kind.high:g} | {', '.join(f'`{alias}`' for alias in kind.aliases)} |"
        for kind in KINDS.values()
    ]
    lines += ["", "## Asked for, and not to be had", "", "| name | why it cannot rank | take |", "|---|---|---|"]
    lines += [f"| `{name}` | {why} | {take} |" for name, (why, take) in NOT_OURS.items()]
    lines += ["", "## Other names that are understood", "", "| name | also |", "|---|---|"]
    for name in METRICS:
        also = [f"`{alias}`" for alias, meant in ALIASES.items() if meant == name]
        lines += [f"| `{name}` | {', '.join(also)} |"] if also else []
    lines += ["", "## How each is computed", ""]
    for module in _modules():
        lines += [(sys.modules[module].__doc__ or "").strip(), ""]
    return "\n".join(lines)


def _line(one: Metric) -> str:
    default = " (the default)" if one.name in DEFAULTS.values() else ""
    tasks = "" if len(one.tasks) > 1 or one.tasks == NUMBERS else f" For {one.tasks[0]} targets."
    better = "told, not ranked by" if not one.ranks else "higher" if one.greater_is_better else "lower"
    return f"| `{one.name}`{default} | {one.title['en']}. {one.doc['en']}{tasks} | {one.title['fr']} | {better} | {one.caution.get('en', '')} |"


def _modules() -> list[str]:
    """The metrics' modules, what a metric is first."""
    found = sorted(name for name in sys.modules if name.startswith(metrics.__name__ + "."))
    return sorted(found, key=lambda name: not name.endswith(".metric"))


def main() -> int:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
