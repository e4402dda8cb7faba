"""Does the file still keep its word: its own self-test, and its promises against new rows.

Without rows: the file answers its own rows, and holds nothing outside the closed operator set. With rows: every column against training,
all columns together (`shift.py`), and what the old score is worth on them. With labels besides: the score against the
promised interval, coverage against the level asked, calibration against what chance allows. A difference is called one only when chance does not explain it, so that ten checks on honest rows do not raise ten alarms.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from etabli.data.dialect import fingerprint
from etabli.errors import DataError, UsageError, did_you_mean
from etabli.graph.operators import ML, ML_OPERATORS, PLAIN
from etabli.judge.draws import means
from etabli.judge.metrics import DEFAULTS, metric, named
from etabli.judge.worth import Worth
from etabli.model import tables
from etabli.model.apart import Parts, parts
from etabli.model.batch import UNLIKE
from etabli.model.card import plain
from etabli.model.drift import Drift, drift
from etabli.model.frames import Frame, frame
from etabli.model.grouped import by as grouped
from etabli.model.grouped import places
from etabli.model.load import Model, SelfTest, load
from etabli.model.raw import Raw, numbers, texts
from etabli.model.rows import match
from etabli.model.shift import Novel, Shift, novel, shift
from etabli.model.training import training as training_rows
from etabli.model.weighing import Weighing, weighing
from etabli.model.wire import Inside, inside
from etabli.records import Array, TaskKind

BINS, DRAWS = 15, 400
FEW = 10  # labelled rows below which no score can be called better or worse
MORE: Mapping[str, tuple[str, ...]] = {
    "regression": ("rmse", "mae", "r2"),
    "binary": ("log_loss", "brier", "accuracy", "balanced_accuracy", "roc_auc"),
    "multiclass": ("log_loss", "brier", "accuracy", "balanced_accuracy"),
}


@dataclass(frozen=True)
class Share:
    """A share that was measured, and the band where 95 % of honest measurements fall. level: what it should be."""

    level: float
    got: float
    low: float
    high: float

    @property
    def kept(self) -> bool:
        """Whether chance explains the difference."""
        return self.low <= self.got <= self.high


@dataclass(frozen=True)
class Value:
    """A metric on the new rows with its 95 % interval. promised: the card's {"value", "low", "high"} where it has one."""

    metric: str
    title: Mapping[str, str]
    value: float
    low: float
    high: float
    promised: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Checked:
    """What a check found. verdict: "sound" (self-test alone), "few" (too few rows to tell), "as promised", "worse", "better",
    "changed" (scores hold, but coverage, calibration or columns do not), "alike" and "unlike" (rows without labels: nothing is
    known against them, or so little of the training rows is like them that the old score is void) or "broken". words: the same in a few plain sentences, {"en", "fr"}.

    operators: name -> nodes. foreign: operators outside the closed set. rows: labelled rows used, left_out: rows without a
    usable label. learned: the rows are the training file itself. calibration: the expected calibration error and what chance allows (level 0), None for a number.
    unlike: the share of rows with a novelty below 0.01. drift: column by column, against training. new_rows: rows of the file. shift: all columns
    together, against the training rows; None without these. worth: the old score on rows like these. foretold: whether the score of the labelled
    rows agrees with `worth`. novelty: p-values against what rows alike give. by: an entry a column asked for, as a result's (`grouped.py`).
    terms: where the scores count rows by weight or exposure, as promised. groups: of a file without a target, how the rows fall among its groups.
    target: whether the file has a target."""

    verdict: str
    words: Mapping[str, str]
    self_test: SelfTest | None
    operators: Mapping[str, int]
    foreign: tuple[str, ...]
    rows: int = 0
    left_out: int = 0
    scores: tuple[Value, ...] = ()
    coverage: tuple[Share, ...] = ()
    calibration: Share | None = None
    unlike: Share | None = None
    drift: tuple[Drift, ...] = ()
    notes: tuple[Mapping[str, str], ...] = ()
    learned: bool = False
    new_rows: int = 0
    shift: Shift | None = None
    worth: Worth | None = None
    foretold: bool | None = None
    novelty: Novel | None = None
    by: tuple[Mapping[str, Any], ...] = ()
    terms: tuple[Mapping[str, str], ...] = ()
    groups: Parts | None = None
    target: bool = True

    @property
    def fine(self) -> bool:
        """Whether the file kept its word: sound, no worse than promised, sets or intervals that cover; rows without labels not so unlike
        that the promise is void. Columns that changed are said, no more."""
        return self.verdict == "few" or (
            self.verdict not in ("broken", "worse", "unlike") and all(one.got >= one.low for one in self.coverage)
        )

    def text(self, language: str | None = None) -> str:
        """`words` in a language ("en" where it is not known)."""
        return self.words.get(language or "en", self.words["en"])

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values: "scores" by metric, {metric: value}, and in full under "intervals"."""
        made = asdict(self)
        scores = {value.metric: value.value for value in self.scores}
        return dict(plain({**made, "fine": self.fine, "scores": scores, "intervals": made["scores"]}))


def check(
    model_path: str | os.PathLike[str],
    data: Any = None,
    target: str | None = None,
    seed: int = 0,
    training: Any = None,
    by: Sequence[str] = (),
) -> Checked:
    """Checks a model file, alone or on new rows.

    data: a CSV or Parquet file or a frame; with the target's column (`target`: its name here, where it differs from the card's) its
    score is told too. training: the rows the model learned from, a file or a frame; by default those of the run folder around the
    model file. by: columns of the rows by whose levels the model's figures are told too (rows with labels). Errors: as `load` and `Model.predict`; UsageError where the target's column seems to be misspelt, DataError when no label is known to the model.
    """
    model = load(model_path)
    found = inside(Path(model.path).read_bytes())
    alone = _alone(model, found)
    if alone.verdict == "broken":
        return _told(alone)
    if data is None:
        if by:
            raise UsageError("--by compares new rows", "no rows", "etabli check MODEL labelled.csv --by COL")
        return _told(alone)
    table = tables.whole(Path(data)) if isinstance(data, (str, os.PathLike)) else frame(data)
    read = model.rows(table)
    if not read.rows:
        raise UsageError(
            "the rows to check with must be there", "a table without rows", "add rows, or leave the file out for the self-test alone"
        )
    by = (by,) if isinstance(by, str) else by
    labelled, where = _labelled(model, table, target, by)
    every = model.run(read.feeds, read.rows)
    told = every["prediction"][:, 0] if "target" not in model.card and model.classes else None
    old, trained = training_rows(model, training), int(model.card.get("rows") or 0)
    shifted = None if old is None else shift(model, old, read.feeds, seed)
    seen = replace(
        alone,
        new_rows=read.rows,
        left_out=read.rows if labelled is None else int((~labelled[1]).sum()),
        drift=drift(model, read.feeds, found.levels, old),
        shift=shifted and shifted[0],
        worth=shifted and shifted[1],
        novelty=novel(every["novelty"][:, 0], trained) if "novelty" in every else None,
        groups=None if told is None else parts(model.card, told, seed),
        learned=isinstance(data, (str, os.PathLike)) and fingerprint(Path(data)) == model.card.get("fingerprint"),
        notes=tuple(note.text for note in read.notes if note.column != target),
    )
    if labelled is None:
        seen = replace(seen, unlike=share(every["novelty"][:, 0] < UNLIKE, UNLIKE, trained, seed) if "novelty" in every else None)
        return _told(replace(seen, verdict=_unlabelled(seen)))
    y, usable = labelled
    outputs = {name: values[usable] for name, values in every.items()}
    y = y[usable]
    task: TaskKind = model.card["task"]
    S = _scored(outputs, task)
    weighed = weighing(model, table, read.feeds, usable)
    measured = replace(
        seen,
        rows=len(y),
        scores=_scores(model.card, task, y, S, seed, weighed),
        coverage=_coverage(model, read.feeds, read.rows, usable, y, trained, seed, weighed.weight),
        calibration=None if task == "regression" else calibration(y, outputs["probability"], seed, weighed.weight),
        terms=weighed.notes,
        unlike=share(outputs["novelty"][:, 0] < UNLIKE, UNLIKE, trained, seed) if "novelty" in outputs else None,
        by=grouped(model, table, where, usable, y, S, read.feeds, training, seed, weighed) if where else (),
    )
    return _told(replace(measured, verdict=_verdict(measured, task), foretold=_foretold(measured)))


def _alone(model: Model, found: Inside) -> Checked:
    """The file by itself: whether it answers as when it was proven, and with the closed operators only."""
    foreign = tuple(sorted(op for domain, op in found.operators if op not in {"": PLAIN, ML: ML_OPERATORS}.get(domain, ())))
    tested = model.self_test()
    verdict = "broken" if foreign or not tested.passed else "sound"
    counts = {op: count for (_, op), count in sorted(found.operators.items())}
    return Checked(verdict, {}, tested, counts, foreign, target="target" in model.card)


def _scored(outputs: Mapping[str, Array], task: TaskKind) -> Array:
    """The scores S [rows, ...] that the metrics take (docs/architecture.md, values)."""
    if task == "regression":
        return outputs["prediction"].astype(np.float64)
    return outputs["probability"][:, -1:] if task == "binary" else outputs["probability"]


def _labelled(model: Model, table: Frame, target: str | None, by: Sequence[str]) -> tuple[tuple[Array, Array] | None, dict[str, int]]:
    """(the labels as `labels` gives them, where the columns of `by` lie). UsageError where `by` is asked for without outcomes."""
    if "target" not in model.card:
        if by:
            rule = "how a model fares by a column is told of models with a target"
            raise UsageError(rule, f"a file of {model.card['task']}: it has no outcome to be wrong about", "leave --by out")
        return None, {}
    where = places(model, table, by, target) if by else {}
    found = labels(model, table, target)
    if by and found is None:
        rule = "how the model fares by a column is told of rows whose outcome is known"
        raise UsageError(rule, f'rows without the target "{model.card["target"]}"', "add that column, or leave --by out")
    return found, where


def labels(model: Model, table: Frame, target: str | None = None) -> tuple[Array, Array] | None:
    """The target's values (float64, or int64 class numbers) and which rows have a usable one, both [rows]; None when there are none."""
    name = str(target or model.card["target"])
    listed = (column for column in model.card["columns"] if column["name"] == model.card["target"])
    entry: Mapping[str, Any] = next(listed, model.card.get("target_reading") or {})
    header = target or str(entry.get("header", name))
    reading = entry.get("reading") or ({"parse": "text"} if model.classes else {"parse": "number"})
    raw = Raw(
        name, header, 0, str(entry.get("kind", "")), not model.classes, reading, tuple(entry.get("missing") or ()), known=model.classes
    )
    place = match(table.headers, [raw])[0]
    read = {str(entry.get(key)) for entry in model.card["columns"] for key in ("name", "header")}  # none of these is a misspelt target
    near = "" if place is not None else did_you_mean(name, [header for header in table.headers if header not in read])
    if place is None:
        if target is None and not near:
            return None
        rule = f'the rows to check with must have the target\'s column "{header}"'
        have = ", ".join(f'"{header}"' for header in table.headers[:12])
        raise UsageError(rule, f"{len(table.headers)} columns: {have}", near or "add that column, with the outcomes")
    if not model.classes:
        values, _ = numbers(table.columns[place], raw)
        usable = np.isfinite(values)
    else:
        numbered = {label: number for number, label in enumerate(model.classes)}
        folded = {label.casefold(): number for label, number in numbered.items()}
        # a flag's or a number's class may be written in another way here: by its text first, then by its value
        cells = texts(table.columns[place], replace(raw, reading={"parse": "text", "keep": list(model.classes)}))
        values = np.array([numbered.get(cell, folded.get(cell.casefold(), -1)) for cell in cells], np.int64)
        if (values < 0).all() and reading.get("parse") in ("flag", "number"):
            made, _ = numbers(table.columns[place], raw)
            known, _ = numbers(list(model.classes), raw)
            values = np.array([int(np.flatnonzero(known == value)[0]) if (known == value).any() else -1 for value in made], np.int64)
        usable = values >= 0
    if not usable.any():
        if all(not cell for cell in texts(table.columns[place], replace(raw, reading={"parse": "text"})).tolist()):
            return None  # a column without a label is no column of labels
        some = ", ".join(dict.fromkeys(repr(str(cell)) for cell in table.columns[place][:5]))
        hint = "the model knows " + ", ".join(f'"{label}"' for label in model.classes[:8]) if model.classes else "the target is a number"
        raise DataError(f'the column "{header}" must hold labels that the model knows', some or "no rows", hint)
    return values, usable


def calibration(y: Array, probability: Array, seed: int = 0, weight: Array | None = None) -> Share:
    """Expected calibration error of the label shown (of the positive class for two classes), in bins of equal size, and the most that
    chance allows (level 0, low 0): labels are drawn from the probabilities themselves (Bröcker & Smith 2007; Vaicenavicius et al. 2019)."""
    rows = np.arange(len(y))
    pick = np.ones(len(y), int) if probability.shape[1] == 2 else probability.argmax(1)
    p, hit = probability[rows, pick], (y == pick).astype(np.float64)
    order = np.argsort(p, kind="stable")
    bins = np.empty(len(p), int)
    bins[order] = rows * min(BINS, max(1, len(p) // 10)) // len(p)
    count = int(bins.max()) + 1
    w = np.ones(len(p)) if weight is None else weight * (len(p) / weight.sum())

    def error(hits: Array) -> float:
        return float(np.abs(np.bincount(bins, w * (hits - p), count)).sum() / len(p))

    random = np.random.default_rng(seed)
    null = [error((random.random(len(p)) < p).astype(np.float64)) for _ in range(DRAWS)]
    return Share(0.0, error(hit), 0.0, float(np.quantile(null, 0.95)))


def share(hit: Array, level: float, trained: int, seed: int = 0, weight: Array | None = None) -> Share:
    """A share that should be `level`, and its band: the new rows' chance and that of the `trained` rows that set the threshold
    (beta-binomial, exact for conformal sets on exchangeable rows: Vovk 2012). Weighed rows are as many as they are worth (Kish 1965)."""
    random = np.random.default_rng(seed)
    rows = len(hit) if weight is None else max(1, round(float(weight.sum() ** 2 / (weight**2).sum())))
    trained = round(trained * rows / len(hit))
    got = float(hit.mean() if weight is None else (hit * weight).sum() / weight.sum())
    inner = random.beta(level * (trained + 1), (1 - level) * (trained + 1), 20_000) if trained else np.full(20_000, level)
    low, high = np.quantile(random.binomial(rows, inner) / rows, [0.025, 0.975])
    return Share(level, got, float(low), float(high))


def _scores(card: Mapping[str, Any], task: TaskKind, y: Array, S: Array, seed: int, weighed: Weighing) -> tuple[Value, ...]:
    first = card.get("metric") or DEFAULTS[task]
    first = str(first["name"] if isinstance(first, Mapping) else first)
    stated = (card.get("cost") or {}).get("matrix")  # the file's answers are of least expected cost
    cost = None if stated is None else np.asarray(stated, np.float64)
    main = metric(first, task, cost)
    known = {one.name: one for one in (main, *(metric(name, task, cost) for name in MORE[task]))}
    if weighed.exposure is not None:
        y, S = y / weighed.exposure, S / weighed.exposure[:, None]
    chosen = [one for one in known.values() if one.objection(y) is None]
    losses = np.column_stack([one.rows(y, S, weighed.weight) for one in chosen])
    draws = means(losses, seed=seed, draws=DRAWS)[0] if len(y) > 1 else losses  # the same draws for all
    low, high = np.nanquantile(draws, [0.025, 0.975], axis=0)
    made = []
    for place, one in enumerate(chosen):
        ends = sorted((one.report(float(low[place])), one.report(float(high[place]))))
        promised = (card.get("honest") or None) if one.name == main.name else None
        made.append(Value(one.name, one.title, one.report(float(losses[:, place].mean())), ends[0], ends[1], promised))
    return tuple(made)


def _coverage(
    model: Model, feeds: Mapping[str, Array], rows: int, usable: Array, y: Array, trained: int, seed: int, weight: Array | None
) -> tuple[Share, ...]:
    if not {"set", "upper"} & set(model.outputs):
        return ()
    made: list[Share] = []
    weight = None if model.card.get("guarantee") else weight  # its theorem counts rows
    levels = sorted({float(entry["level"]) for entry in model.card.get("coverage") or ()} or {0.9}) if model.confidence else [0.9]
    promised = model.card.get("guarantee") or {}  # rows held back set its quantiles, and they carry no level above `most`
    trained = int(promised.get("rows", trained))
    for level in (one for one in levels if one <= promised.get("most", 1.0)):
        outputs = model.run(feeds, rows, level if model.confidence else None)
        if "set" in outputs:
            hit = outputs["set"][usable][np.arange(len(y)), y]
        else:
            hit = (outputs["lower"][usable, 0] <= y) & (y <= outputs["upper"][usable, 0])
        made.append(share(hit, level, trained, seed, weight))
    return tuple(made)


def _verdict(seen: Checked, task: TaskKind) -> str:
    if seen.rows < FEW:
        return "few"
    main = seen.scores[0]
    chosen = named(main.metric, task)
    if main.promised:
        value, low, high = (float(main.promised[key]) for key in ("value", "low", "high"))
        gap = main.value - value
        # both are uncertain: half-widths add as variances do
        if abs(gap) > np.hypot((main.high - main.low) / 2, (high - low) / 2):
            return "better" if (gap > 0) == chosen.greater_is_better else "worse"
    kept = all(one.got >= one.low for one in seen.coverage) and (seen.calibration is None or seen.calibration.kept)
    if not kept or (seen.unlike and seen.unlike.got > seen.unlike.high) or any(one.changed for one in seen.drift):
        return "changed"
    if seen.shift is not None and seen.shift.warns:
        return "changed"
    return "as promised" if main.promised else "sound"


def _unlabelled(seen: Checked) -> str:
    """Nothing is known of the answers: the rows alone speak."""
    if seen.shift is not None and seen.shift.differs and seen.shift.word != "expected":
        return "unlike"
    many = seen.unlike is not None and seen.unlike.got > seen.unlike.high
    many = many or (seen.groups is not None and seen.groups.changed)
    return "changed" if many or (seen.shift is not None and seen.shift.warns) or any(one.changed for one in seen.drift) else "alike"


def _foretold(seen: Checked) -> bool | None:
    """Whether the score came out as the weighed old one said; both are uncertain."""
    if seen.worth is None or seen.rows < FEW:
        return None
    main, worth = seen.scores[0], seen.worth
    return bool(abs(main.value - worth.value) <= np.hypot((main.high - main.low) / 2, (worth.high - worth.low) / 2))


def _told(seen: Checked) -> Checked:
    from etabli.model.told import told

    return replace(seen, words={language: told(seen, language) for language in ("en", "fr")})
