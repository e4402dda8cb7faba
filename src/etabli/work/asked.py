"""What was asked, as one record: the options of `fit`, resolved and checked before anything is read.

The part that decides the answer (`identity`) goes into plan.json; the rest (cap, place, language) may differ when a run is resumed.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from etabli.data.sources import called, located
from etabli.errors import UsageError, did_you_mean
from etabli.records import KINDS

FREE = ("time", "where", "lang", "out")  # may differ on resuming
TASKS = ("binary", "multiclass", "regression")
EXTRAS = {"jax": "nets", "numpyro": "bayes", "catboost": "catboost"}  # what brings them
INTERVALS = ("auto", "constant", "mondrian", "normalised", "cqr")
SETS = ("auto", "marginal", "class")
PLACES = 50  # coordinates or centres learned beside the columns, at most
BALANCED = "balanced"  # of class weights: every class weighs the same in all


@dataclass(frozen=True)
class Asked:
    """The options of `fit`. file, test: paths. kinds: column -> kind. missing: column -> texts that mean missing.
    together: "a,b,c", columns that may interact. cost: "truth>answer" -> cost. class_weight: class -> weight ("balanced" -> 1 for all)."""

    file: str
    target: str
    task: str | None = None
    positive: str | None = None
    effort: str = "standard"
    time: float | None = None
    group: str | None = None
    time_column: str | None = None
    gap: str | None = None
    weights: str | None = None
    ignore: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    metric: str | None = None
    families: tuple[str, ...] = ()
    seed: int = 0
    test: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    increasing: tuple[str, ...] = ()
    decreasing: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)
    class_weight: Mapping[str, float] = field(default_factory=dict)
    exposure: str | None = None
    with_map: int = 0
    with_clusters: int = 0
    with_autoencoder: int = 0
    distribution: bool = False
    calibration: str | None = None
    guarantee: str | None = None
    interval: str = "auto"
    sets: str = "auto"
    audit: str | None = None
    where: str = "local"
    lang: str | None = None
    out: str | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the answer, JSON-able."""
        return {key: value for key, value in asdict(self).items() if key not in FREE}

    @property
    def folder(self) -> Path:
        """The run folder: -o, or the file's name with .etabli in the working folder."""
        if self.out:
            return Path(self.out)
        return Path(called(self.file).split(".")[0] + ".etabli")

    @property
    def command(self) -> str:
        """The command line that asks the same."""
        import shlex

        words = ["etabli", "fit", self.file, "--target", self.target]
        for option, value in (
            ("--task", self.task),
            ("--positive", self.positive),
            ("--group", self.group),
            ("--time-column", self.time_column),
            ("--gap", self.gap),
            ("--weights", self.weights),
            ("--exposure", self.exposure),
            ("--calibration", self.calibration),
            ("--guarantee", self.guarantee),
            ("--audit", self.audit),
        ):
            words += [option, value] if value else []
        words += [word for column in self.ignore for word in ("--ignore", column)]
        words += [word for column in self.by for word in ("--by", column)]
        words += [word for column, kind in self.kinds.items() for word in ("--kind", f"{column}={kind}")]
        words += [word for column, texts in self.missing.items() for text in texts for word in ("--missing", f"{column}={text}")]
        for option, listed in (("--increasing", self.increasing), ("--decreasing", self.decreasing), ("--together", self.together)):
            words += [word for entry in listed for word in (option, entry)]
        for option, paired in (("--cost", self.cost), ("--class-weight", self.class_weight)):
            words += [word for name, value in paired.items() for word in (option, name if name == BALANCED else f"{name}={value:g}")]
        words += ["--with-map", str(self.with_map)] if self.with_map else []
        words += ["--with-clusters", str(self.with_clusters)] if self.with_clusters else []
        words += ["--with-autoencoder", str(self.with_autoencoder)] if self.with_autoencoder else []
        words += ["--distribution"] if self.distribution else []
        words += ["--interval", self.interval] if self.interval != "auto" else []
        words += ["--sets", self.sets] if self.sets != "auto" else []
        words += ["--metric", self.metric] if self.metric else []
        words += ["--families", ",".join(self.families)] if self.families else []
        words += ["--test", self.test] if self.test else []
        words += ["--effort", self.effort, "--seed", str(self.seed)]
        return shlex.join(words)

    @property
    def call(self) -> str:
        """The same in Python: options that are not the default."""
        usual = Asked(self.file, self.target)
        given = {key: value for key, value in self.identity.items() if key not in ("file", "target") and value != getattr(usual, key)}
        said = "".join(f", {key}={value!r}" for key, value in given.items())
        return f"etabli.fit({self.file!r}, target={self.target!r}{said})"


def completed(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan.json keeps as asked, options that are younger than it at their defaults: a run of an earlier release goes on."""
    if "job" in kept:  # of a run without a target
        return dict(kept)
    usual = Asked("", "").identity
    return {key: list(value) if isinstance(value, tuple) else value for key, value in usual.items()} | dict(kept)


def asked(file: str | Path, target: str, *, there: bool = True, **options: Any) -> Asked:
    """The record of a call, checked: files exist, words are known. UsageError names the nearest right one. there: whether the data
    file must be there still (a run keeps its own copy)."""
    from etabli.families import family
    from etabli.job.budget import budget
    from etabli.judge import calibration

    if options.get("gap") is not None:
        options["gap"] = _gap(options["gap"], options.get("time_column"))
    checked = Asked(str(file), str(target), **{key: value for key, value in options.items() if value is not None})
    for path in filter(None, (checked.file if there else None, checked.test)):
        located(path)
    budget(checked.effort, checked.time)
    if checked.task is not None and checked.task not in TASKS:
        raise UsageError("--task is binary, multiclass or regression", f'"{checked.task}"', did_you_mean(checked.task, TASKS))
    for column, kind in checked.kinds.items():
        if kind not in KINDS:
            raise UsageError("--kind takes COLUMN=KIND with one of " + ", ".join(KINDS), f'"{column}={kind}"', did_you_mean(kind, KINDS))
    for name in checked.families:
        _installed(name, family(name).needs)
    for option, given, known in (("--interval", checked.interval, INTERVALS), ("--sets", checked.sets, SETS)):
        if given not in known:
            raise UsageError(f"{option} is {', '.join(known[:-1])} or {known[-1]}", f'"{given}"', did_you_mean(given, known))
    for option, count in (
        ("--with-map", checked.with_map),
        ("--with-clusters", checked.with_clusters),
        ("--with-autoencoder", checked.with_autoencoder),
    ):
        if not 0 <= count <= PLACES:
            raise UsageError(f"{option} takes a whole number up to {PLACES}", str(count), f"{option} 3")
    if checked.with_autoencoder and find_spec("jax") is None:
        raise UsageError("--with-autoencoder trains a network by JAX", "it is not installed", "pip install 'etabli[nets]'")
    if checked.audit not in (None, "nested"):
        raise UsageError("--audit takes nested", f'"{checked.audit}"', "a nested cross-validation beside the honest score, for a paper")
    if checked.guarantee not in (None, "split"):
        raise UsageError(
            "--guarantee takes split", f'"{checked.guarantee}"', "rows held back set the quantiles, and nothing else sees them"
        )
    if checked.calibration is not None:
        calibration.known(checked.calibration)
    return checked


def _installed(name: str, needs: Sequence[str]) -> None:
    """A family that was asked for by name and cannot learn here is an error; without names it is left out. What comes with établi is not asked for."""
    for need in needs:
        if need in EXTRAS and find_spec(need) is None:
            raise UsageError(f"{name} needs {need}", "it is not installed", f"pip install 'etabli[{EXTRAS[need]}]', or leave {name} out")


def _gap(given: str | float, time_column: str | None) -> str:
    """The gap as text, checked as far as it can be before the column is known. A number is text too."""
    from etabli.data.gap import gap

    if time_column is None or time_column == "none":
        raise UsageError(
            "--gap lies between the past that is learned from and what comes later",
            f"--gap {given} without --time-column",
            "name the column that dates the rows: --time-column COL",
        )
    return gap(given if isinstance(given, str) else f"{given:g}").text


def versions() -> dict[str, str]:
    """The versions that shape a result."""
    found = {"python": platform.python_version()}
    for name in ("etabli", "numpy", "scipy", "scikit-learn", "lightgbm", "onnx", "onnxruntime", "pyarrow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "-"
    return found


def sha256(path: str | Path) -> str:
    """The fingerprint of a file, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
