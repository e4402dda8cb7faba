"""What was asked without a target, as one record: the options of `cluster`, `map` and `anomalies`, checked before anything is read."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from etabli.errors import UsageError, did_you_mean
from etabli.records import KINDS
from etabli.structure.methods import chosen, clusterings, detectors, projections

Job = Literal["cluster", "map", "anomalies"]
FREE = ("time", "lang", "out")  # may differ on resuming
KNOWN: dict[Job, Callable[[], dict[str, Any]]] = {"cluster": clusterings, "map": projections, "anomalies": detectors}


@dataclass(frozen=True)
class Question:
    """file: path. ignore: columns left out. kinds: column -> kind. methods: names, () for all. clusters, components: a given number of
    clusters or coordinates (default: chosen). label: a column that is known for some rows and is only compared with (never learned
    from). odd: its value that says a row is odd (anomalies). usual: the path of a file of rows known to be usual (anomalies). rate: the share of flagged rows that may be usual on average (anomalies).
    colour: the column that a picture of the rows is coloured by first; "none": no cells are kept for a picture."""

    job: Job
    file: str
    ignore: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    clusters: int | None = None
    components: int | None = None
    label: str | None = None
    odd: str | None = None
    usual: str | None = None
    rate: float = 0.1
    colour: str | None = None
    effort: str = "standard"
    time: float | None = None
    seed: int = 0
    lang: str | None = None
    out: str | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the answer, JSON-able."""
        return {key: value for key, value in asdict(self).items() if key not in FREE}

    @property
    def folder(self) -> Path:
        """The run folder: -o, or the file's name with the job and .etabli in the working folder."""
        return Path(self.out) if self.out else Path(f"{Path(self.file).name.split('.')[0]}.{self.job}.etabli")

    @property
    def command(self) -> str:
        """The command line that asks the same."""
        words = ["etabli", self.job, self.file]
        words += [word for column in self.ignore for word in ("--ignore", column)]
        words += [word for column, kind in self.kinds.items() for word in ("--kind", f"{column}={kind}")]
        words += ["--methods", ",".join(self.methods)] if self.methods else []
        for option, value in (
            ("--clusters", self.clusters),
            ("--components", self.components),
            ("--label", self.label),
            ("--colour", self.colour),
            ("--odd", self.odd),
            ("--usual", self.usual),
        ):
            words += [option, str(value)] if value is not None else []
        words += ["--rate", f"{self.rate:g}"] if self.job == "anomalies" else []
        return shlex.join([*words, "--effort", self.effort, "--seed", str(self.seed)])


def asked(job: Job, file: str | Path, **options: Any) -> Question:
    """The record of a call, checked. UsageError names the nearest right word."""
    from etabli.job.budget import budget

    options = options | ({"usual": str(options["usual"])} if options.get("usual") is not None else {})
    made = Question(job, str(file), **{key: value for key, value in options.items() if value is not None})
    for path, rule in ((made.file, "the data file must exist"), (made.usual, "the file of --usual must exist")):
        if path is not None and not Path(path).exists():
            folder = Path(path).parent
            near = did_you_mean(Path(path).name, [entry.name for entry in folder.iterdir()]) if folder.is_dir() else ""
            raise UsageError(rule, f'"{path}"', near)
    budget(made.effort, made.time)
    for column, kind in made.kinds.items():
        if kind not in KINDS:
            raise UsageError("--kind takes COLUMN=KIND with one of " + ", ".join(KINDS), f'"{column}={kind}"', did_you_mean(kind, KINDS))
    for option, number, least in (("--clusters", made.clusters, 2), ("--components", made.components, 1)):
        if number is not None and number < least:
            raise UsageError(f"{option} is at least {least}", str(number))
    if not 0 < made.rate < 1:
        raise UsageError("--rate is a share between 0 and 1", f"{made.rate:g}", "0.1: of ten flagged rows, nine are odd")
    chosen(KNOWN[job](), made.methods)
    return made
