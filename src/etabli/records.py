"""The frozen records that travel between the steps.

Plain data, no behaviour beyond looking things up: each step takes records and returns records, so that a step can be
called from a notebook, a worker or a test alike. Arrays are numpy arrays and are never written to after they are made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Words = Mapping[str, str]  # the same sentence by language: {"en": ..., "fr": ...}
Kind = Literal["number", "category", "flag", "date", "text", "identifier", "constant"]
TaskKind = Literal["binary", "multiclass", "regression"]
Link = Literal["identity", "exp", "sigmoid", "softmax", "probability"]
Range = Literal["real", "nonnegative", "positive"]  # of a target of numbers
KINDS: tuple[Kind, ...] = ("number", "category", "flag", "date", "text", "identifier", "constant")


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing about the data, in plain words, with a cure.

    code: stable short name ("identifier"). level: "note" (said), "warn" (may go wrong), "refuse" (training is meaningless).
    """

    code: str
    columns: tuple[str, ...]
    text: Words
    cure: Words = field(default_factory=dict)
    level: Literal["note", "warn", "refuse"] = "warn"
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A column of the file: its name, what it is, and how its cells are read.

    name: unique and stable, the name of the model file's input. header: as the file has it (may be repeated or empty).
    reading: JSON-able facts by which `data/cells.py` turns a cell's text into a value, at fitting and at prediction alike.
    missing: cell texts of this column that mean "missing", beside the blank. low, high: the range seen (numbers, dates).
    reason: why this kind. sure: 0 to 1.
    """

    name: str
    kind: Kind
    header: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    missing_count: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    reason: str = ""
    sure: float = 1.0

    @property
    def is_double(self) -> bool:
        """Numbers, flags (0, 1) and dates (seconds since 1970 UTC) are doubles with NaN for missing; the rest are strings."""
        return str(self.reading.get("as", "double" if self.kind in ("number", "flag", "date") else "string")) == "double"


@dataclass(frozen=True)
class Table:
    """The data, once: columns side by side, memory-mappable.

    values[name]: float64 [rows] for doubles (NaN missing); int32 [rows] codes into levels[name] for strings (-1 missing).
    fingerprint: sha256 of the source's bytes. notes: what the reader had to say or do.
    """

    columns: tuple[Column, ...]
    rows: int
    values: Mapping[str, Array]
    levels: Mapping[str, Sequence[str]]
    fingerprint: str = ""
    source: str = ""
    notes: tuple[Finding, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Column]:  # thousands of columns are asked for thousands of times
        return {column.name: column for column in reversed(self.columns)}


@dataclass(frozen=True)
class Target:
    """What is to be predicted. y: float64 [rows] (NaN: no target) or int64 class numbers [rows] (-1: no target).

    classes: labels in the order of the file's `probability` columns; for binary, classes[1] is the positive one.
    """

    name: str
    task: TaskKind
    y: Array
    classes: tuple[str, ...] = ()

    @cached_property
    def range(self) -> Range:
        """What values a target of numbers takes: all above zero, none below, or any."""
        low = float(np.nanmin(self.y, initial=np.inf)) if self.task == "regression" else -1.0
        return "positive" if low > 0 else "nonnegative" if low == 0 else "real"

    @cached_property
    def skewed(self) -> bool:
        """Whether a few large values dwarf the rest: none is below zero and the mean is far above the median."""
        if self.range == "real":
            return False
        known = self.y[~np.isnan(self.y)]
        return bool(len(known) and known.mean() > 1.25 * np.median(known))

    @property
    def outputs(self) -> int:
        """Width of a score: 1 for regression (the value) and binary (probability of classes[1]), else one a class."""
        return len(self.classes) if self.task == "multiclass" else 1


NO_FOLD, TEST, NO_TARGET, HELD = -1, -2, -3, -5


@dataclass(frozen=True)
class Split:
    """Who may learn from whom.

    fold: int [rows], the fold whose validation part holds the row; NO_FOLD: trained on, never validated (the first stretch
    in time); TEST: the outer test, opened once; NO_TARGET: left out; HELD: only sets the quantiles of intervals and sets.
    forward: fold k learns only from earlier folds. groups: int [rows] or None, rows that must stay together (also in every bootstrap).
    gap: what lies between learning and scoring, as asked ("7d"; "" for none): fold k then learns from rows up to the time until[k] only;
    when: float64 [rows], the times.
    """

    kind: Literal["plain", "stratified", "grouped", "forward", "grouped forward"]
    fold: Array
    folds: int
    forward: bool = False
    groups: Array | None = None
    reason: str = ""
    gap: str = ""
    until: tuple[float, ...] = ()
    when: Array | None = None

    def valid(self, k: int) -> Array:
        """Row numbers of fold k's validation part."""
        return np.flatnonzero(self.fold == k)

    def train(self, k: int) -> Array:
        """Row numbers fold k learns from."""
        seen = (self.fold >= NO_FOLD) & ((self.fold < k) if self.forward else (self.fold != k))
        if self.groups is not None and self.forward:
            seen &= ~np.isin(self.groups, self.groups[self.fold == k])
        if self.when is not None:
            seen &= self.when <= self.until[k]
        return np.flatnonzero(seen)

    @property
    def development(self) -> Array:
        """Rows that may be learned from: all but the outer test and those without a target."""
        return np.flatnonzero(self.fold >= NO_FOLD)

    @property
    def test(self) -> Array:
        """Rows of the outer test (may be empty)."""
        return np.flatnonzero(self.fold == TEST)

    @property
    def held(self) -> Array:
        """Rows held back for the quantiles of intervals and sets alone (may be empty)."""
        return np.flatnonzero(self.fold == HELD)


@dataclass(frozen=True)
class Wants:
    """What a setting wants the preparation to deliver; equal wants share one prepared matrix per fold.

    numbers: "raw" (as they are, NaN stays), "scaled" (mean 0, variance 1), "rank" (to normal scores through quantiles).
    filled: no NaN left, missing indicators added. categories: "codes" (a number per level, native handling), "one-hot" (rare
    levels together), "target" (out-of-fold target statistics), "frequency" (minus log share; unseen is rarest).
    dates: "calendar" parts or "seconds". text: "ngrams" (tf-idf of words and characters) or "none".
    crosses: pairs of the strongest columns added (products and ratios of numbers, joined categories): 0 for none.
    map, clusters, codes: so many principal coordinates, distances to so many centres, and coordinates of an autoencoder, of all numbers together: 0 for none.
    """

    numbers: Literal["raw", "scaled", "rank"] = "raw"
    filled: bool = False
    categories: Literal["codes", "one-hot", "target", "frequency"] = "codes"
    dates: Literal["calendar", "seconds"] = "calendar"
    text: Literal["ngrams", "none"] = "ngrams"
    crosses: int = 0
    map: int = 0
    clusters: int = 0
    codes: int = 0

    @property
    def recipe(self) -> dict[str, Any]:
        """What names it: fields that came later count only where they are set, so that runs of earlier releases go on."""
        return {key: value for key, value in self.__dict__.items() if value or key not in ("map", "clusters", "codes")}

    @property
    def hash(self) -> str:
        """Ten characters that name this recipe in the run folder."""
        return digest(self.recipe)

    @property
    def words(self) -> str:
        """What is special about it: "scaled, one-hot, 8 crosses"; "" for columns as they are."""
        said = [text for text, plain in ((self.numbers, "raw"), (self.categories, "codes")) if text != plain]
        more = (
            (self.crosses, f"{self.crosses} crosses"),
            (self.map, f"map {self.map}"),
            (self.clusters, f"{self.clusters} clusters"),
            (self.codes, f"autoencoder {self.codes}"),
        )
        return ", ".join(said + [text for count, text in more if count])


@dataclass(frozen=True)
class Feature:
    """One column of a prepared matrix. source: the raw columns it is made of. levels: > 0 when the values are category codes.
    direction: +1 (-1) when the answer must never fall (rise) as the feature rises: the user said so of its column."""

    name: str
    source: tuple[str, ...]
    levels: int = 0
    direction: int = 0


@dataclass(frozen=True)
class Setting:
    """One candidate: a family with its hyperparameters. `path` settings share every value but the ones along the path
    (number of trees, penalty) and are fitted by one call."""

    family: str
    values: Mapping[str, Any]
    wants: Wants
    path: str = ""  # settings with equal (family, wants, path) are fitted together; "" alone
    origin: str = ""  # where the values were published
    title: str = ""  # what people call it; made of the values when the family gives none

    @property
    def hash(self) -> str:
        """Ten characters that name this candidate, the same on every machine."""
        return digest([self.family, self.values, self.wants.recipe])

    @property
    def name(self) -> str:
        """ "ridge penalty=0.01 (scaled, one-hot)", for people; no two candidates of a run share one."""
        values = " ".join(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in self.values.items())
        words = f" ({self.wants.words})" if self.wants.words else ""
        return (self.title or f"{self.family} {values}".rstrip()) + words


@dataclass(frozen=True)
class Facts:
    """What a family may know before it proposes settings or estimates a cost. words: columns that count words of texts.
    range: what values a target of numbers takes. skewed: whether its few large values dwarf the rest. monotone: columns with a
    declared direction."""

    task: TaskKind
    classes: int
    rows: int
    columns: int
    categories: int = 0
    largest_category: int = 0
    text: int = 0
    words: int = 0
    range: Range = "real"
    skewed: bool = False
    monotone: int = 0

    @property
    def width(self) -> float:
        """The columns as most families feel them: those of words are nearly empty and are bundled or skipped (a sixteenth)."""
        return self.columns - self.words * 15 / 16


@dataclass(frozen=True)
class Data:
    """What a family learns from. x: float64 [rows, features], C order. y: float64 [rows] or int64 class numbers [rows].
    weight: float64 [rows] or None. threads: cores this fit may use. together: numbers of the features that may interact, a tuple a
    group; () when any may. aside: a folder for the state of a long fit, "" for none. units: int64 [rows] or None: rows of one number stay together where
    a family deals rows itself (copies, rows of one group)."""

    x: Array
    y: Array
    features: tuple[Feature, ...]
    task: TaskKind
    classes: int = 0
    weight: Array | None = None
    seed: int = 0
    threads: int = 1
    together: tuple[tuple[int, ...], ...] = ()
    aside: str = ""
    units: Array | None = None


@dataclass(frozen=True)
class Fitted:
    """A trained model, as plain arrays. native(x) is the fitting library's own raw prediction, float64 [rows, outputs]: it
    lives in the worker only, for the proof, and is never stored. link turns the raw output into a score: "identity" (value),
    "exp" (the logarithm of the value), "sigmoid" (margin of classes[1]), "softmax" (margins), "probability" (already; [rows, 1] of classes[1], or one a class).
    exact: raw outputs must be equal bit for bit (trees); otherwise within 1e-13 of the output's scale."""

    setting: Setting
    arrays: Mapping[str, Any]
    link: Link
    native: Callable[[Array], Array]
    exact: bool = False


@dataclass(frozen=True)
class Cost:
    """An estimate before the start. work: single-core seconds on a 2020s laptop core. memory: bytes at the peak."""

    work: float
    memory: float


PREPARED = "etabli.prepared"  # no column is called so; "X" may well be one


@dataclass(frozen=True)
class Prepared:
    """What a preparation learned, as its graph. raw, coded: serialized models with one output PREPARED [rows, features] double;
    raw takes the file's inputs, coded takes level numbers for string columns. train: the training rows' own matrix where it
    must differ from the graph's answer (target statistics are out-of-fold for the rows they were learned on), else None."""

    features: tuple[Feature, ...]
    raw: bytes
    coded: bytes
    train: Array | None = None


Watch = Callable[..., None]  # watch("task", done=3, total=40, ...): steps tell what they do, a face shows it


def quiet(event: str, **facts: Any) -> None:
    """The watch that shows nothing."""


def digest(value: Any) -> str:
    """Ten hex characters of the sha256 of a JSON-able value, keys sorted."""
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
